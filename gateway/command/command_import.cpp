// gateway/command/command_import.cpp: `tidegate import`: a maker's register list → a template or a config, which `check` accepts.
// Not here: what the list's words mean (register_list.hpp).
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "config/read.hpp"
#include "gateway/bus/adapter_host.hpp"
#include "gateway/command/import_options.hpp"
#include "gateway/command/output_file.hpp"
#include "gateway/commission/register_output.hpp"
#include "gateway/text_file.hpp"

namespace gateway {
namespace {

std::optional<list_wishes> wishes_of(const import_options& how, std::string& why) {
    list_wishes out;
    out.divide = how.divide;
    if (how.base == "0") out.notation = notation::from_0;
    if (how.base == "1") out.notation = notation::from_1;
    if (how.base == "modicon") out.notation = notation::modicon;
    if (!how.order.empty()) {
        out.order = order_in(how.order);
        if (out.order.empty()) why = "--order: '" + how.order + "' is none of ABCD, CDAB, BADC, DCBA";
    }
    if (!how.table.empty()) {
        const auto table = table_in(how.table);
        if (table) out.table = table->table;
        if (!table) why = "--table: '" + how.table + "' is none of holding, input, coil, discrete";
    }
    for (const auto& each : how.columns) {
        const auto equals = each.find('=');
        if (equals == std::string::npos) why = "--column: '" + each + "' isn't WHAT=HEAD, such as address='Reg. Nr.'";
        out.columns.emplace_back(each.substr(0, equals), equals == std::string::npos ? "" : each.substr(equals + 1));
    }
    return why.empty() ? std::optional(out) : std::nullopt;
}

/// What the config reader and the adapter say of the points, by the line of the text.
std::map<std::size_t, std::string> faults_of(const std::string& text, const adapter_host& adapters, std::string& other) {
    auto read = config::read(text, adapters.vocabularies());
    if (read.config) {
        const auto& bus = read.config->buses.front();
        const auto* adapter = adapters.find(bus.adapter);
        if (adapter != nullptr) std::ignore = adapter->open(bus, read.diagnostics);  // only what it complains of counts
    }
    std::map<std::size_t, std::string> out;
    for (const auto& one : read.diagnostics)
        if (one.severity == config::severity::error) out.emplace(one.where.line, one.message);
    if (const auto* adapter = adapters.find("modbus"); adapter == nullptr) other = "the adapter modbus isn't installed";
    return out;
}

/// Leaves out what wouldn't pass `check`, line by line with its reason.
bool keep_what_passes(register_list& list, const import_words& words, std::string& why) {
    const adapter_host adapters(foreign_adapters::this_process);
    while (!list.points.empty()) {
        const auto written = config_of(list, words);
        auto faults = faults_of(written.text, adapters, why);
        if (!why.empty()) return false;
        if (faults.empty()) break;
        std::vector<register_point> good;
        for (std::size_t i = 0; i < list.points.size(); ++i) {
            const auto fault = faults.find(written.first_line + i);
            if (fault == faults.end()) {
                good.push_back(std::move(list.points[i]));
                continue;
            }
            list.refused.push_back({list.points[i].line, fault->second});
            faults.erase(fault);
        }
        if (good.size() == list.points.size()) {
            why = "what came out isn't a valid config: " + faults.begin()->second;
            return false;
        }
        list.points = std::move(good);
    }
    std::sort(list.refused.begin(), list.refused.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    return true;
}

void report(const register_list& list, const std::string& path) {
    for (const auto& one : list.refused) std::fprintf(stderr, "%s:%zu: not taken: %s\n", path.c_str(), one.line, one.why.c_str());
    for (const auto& note : list.notes) std::fprintf(stderr, "%s: %s\n", path.c_str(), note.c_str());
    for (const auto& head : list.unused)
        std::fprintf(stderr, "%s: the column '%s' isn't used (--column says what one holds)\n", path.c_str(), head.c_str());
    if (list.points.empty()) return;
    static constexpr const char* from[] = {"count from 0", "count from 1", "are Modicon's numbers"};
    std::fprintf(stderr, "%s: addresses %s%s: %s%s\n", path.c_str(), from[static_cast<std::size_t>(list.notation)],
                 list.sure ? "" : ", a guess", list.why_notation.c_str(), list.sure ? "" : " (else: --base 0, 1 or modicon)");
    std::fprintf(stderr, "%s: %zu point%s, %zu line%s not taken\n", path.c_str(), list.points.size(),
                 list.points.size() == 1 ? "" : "s", list.refused.size(), list.refused.size() == 1 ? "" : "s");
}

int fail(const std::string& path, const std::string& why) {
    std::fprintf(stderr, "error: %s: %s\n", path.c_str(), why.c_str());
    return 1;
}

}  // namespace

int import_command(const import_options& how) {
    std::string why;
    const auto wishes = wishes_of(how, why);
    if (!wishes) {
        std::fprintf(stderr, "error: %s\n", why.c_str());
        return 2;
    }
    const auto path = how.list_path == "-" ? std::string("/dev/stdin") : how.list_path;
    std::string text;
    if (!read_text(path, largest_csv, text, why)) {
        std::fprintf(stderr, "error: %s\n", why.c_str());
        return 1;
    }
    auto list = read_registers(read_csv(text), *wishes);
    if (!list.problem.empty()) return fail(how.list_path, list.problem);
    import_words words;
    words.source = how.list_path == "-" ? "standard input" : std::filesystem::path(how.list_path).filename().string();
    words.description = how.description.empty() ? "imported from " + words.source : how.description;
    words.bus_keys = "serial: { port: /dev/ttyUSB0, baud: 9600, parity: even }   # or tcp: { host: 10.0.0.5 }";
    if (!keep_what_passes(list, words, why)) return fail(how.list_path, why);
    report(list, how.list_path);
    if (list.points.empty()) return fail(how.list_path, "no line of it gave a point");
    const auto written = how.whole_config ? config_of(list, words) : template_of(list, words);
    if (!write_output(how.output_path, how.replace, written.text, why)) {
        std::fprintf(stderr, "error: %s\n", why.c_str());
        return 1;
    }
    return 0;
}

}  // namespace gateway

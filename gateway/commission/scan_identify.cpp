// gateway/commission/scan_identify.cpp: see scan_identify.hpp.
#include "gateway/commission/scan_identify.hpp"

#include <algorithm>
#include <map>

#include "config/read.hpp"
#include "gateway/commission/bus_address.hpp"
#include "gateway/template_folders.hpp"

namespace gateway {
namespace {

/// What a device may say of itself, in the order of identity_points.
enum : std::size_t {
    vendor,
    product_code,
    revision,
    product_name,
    model_name,
    server_id,
    common_maker,
    common_model,
    identity_count
};
const std::vector<std::string>& identity_points() {
    static const std::vector<std::string> all = {"identification: 0",  "identification: 1", "identification: 2",
                                                 "identification: 4",  "identification: 5", "server_id: true",
                                                 "sunspec: common.Mn", "sunspec: common.Md"};
    return all;
}

constexpr std::size_t silences_borne = 4;  // in a row: then it is asked no more
constexpr std::size_t longest_text = 60;

/// What of it can be read, shortened.
std::string readable(const std::string& text) {
    std::string out;
    for (const char c : text)
        if (static_cast<unsigned char>(c) >= ' ' && c != 0x7F) out += c;
    const auto first = out.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    out = out.substr(first, out.find_last_not_of(' ') + 1 - first);
    return out.substr(0, longest_text);
}

std::string text_of(const asked& answer) {
    const auto* text = answer.value ? std::get_if<std::string>(&*answer.value) : nullptr;
    return text == nullptr ? "" : readable(*text);
}

signature_answer answer_of(const asked& from) {
    signature_answer out;
    if (from.what == heard::exception) out.kind = signature_kind::refused;
    if (from.what == heard::silence || from.what == heard::disturbed) out.kind = signature_kind::silent;
    if (from.what != heard::answered) return out;
    out.kind = signature_kind::nothing;
    if (!from.value) return out;
    std::visit(
        [&](const auto& value) {
            using type = std::decay_t<decltype(value)>;
            if constexpr (std::is_arithmetic_v<type>) {
                out.kind = signature_kind::number;
                out.number = static_cast<double>(value);
            } else if constexpr (std::is_same_v<type, std::string>) {
                out.kind = value.empty() ? signature_kind::nothing : signature_kind::text;
            }
        },
        *from.value);
    return out;
}

class questions {
public:
    questions(scanned_line& line, scan_stop& stop) : line_(line), stop_(stop) {}

    asked ask(std::size_t point) {
        if (silences_ >= silences_borne) return {};
        const auto answer = line_.ask(0, point, true);
        silences_ = answer.what == heard::silence || answer.what == heard::disturbed ? silences_ + 1 : 0;
        return answer;
    }
    bool over() const { return stop_.stopped(); }
    void forgive() { silences_ = 0; }

private:
    scanned_line& line_;
    scan_stop& stop_;
    std::size_t silences_ = 0;
};

void ask_identity(questions& to, device_identity& who) {
    std::vector<std::string> texts(identity_count);
    const auto ask = [&](std::size_t which) {
        const auto answer = to.ask(which);
        texts[which] = text_of(answer);
        return answer.what == heard::answered;
    };
    // Who knows the function at all has the first three objects.
    if (ask(vendor))
        for (const std::size_t which : {product_code, revision, product_name, model_name}) ask(which);
    ask(server_id);
    who.sunspec = ask(common_maker) && ask(common_model);
    who.maker = who.sunspec ? texts[common_maker] : texts[vendor];
    std::vector<std::string> parts = {texts[product_name], texts[model_name], texts[product_code]};
    if (who.sunspec) parts = {texts[common_model]};
    for (const auto& part : parts)
        if (!part.empty() && who.product.find(part) == std::string::npos) who.product += (who.product.empty() ? "" : " ") + part;
    who.revision = texts[revision];
    who.server_id = texts[server_id];
    to.forgive();
}

}  // namespace

std::vector<template_facts> template_library_facts(const std::string& config_path, const std::vector<config::vocabulary>& words) {
    const template_folders folders(config_path);
    std::vector<template_facts> out;
    const auto modbus = std::find_if(words.begin(), words.end(), [](const auto& one) { return one.adapter == "modbus"; });
    if (modbus == words.end()) return out;
    for (const auto& name : folders.names()) {
        const auto read = config::read_template(name, words, folders);
        if (!read.config || read.config->buses.front().adapter != "modbus" || read.templates.empty()) continue;
        const auto& device = read.config->buses.front().devices.front();
        template_facts one;
        one.name = name;
        one.maker = read.templates.front().manufacturer;
        one.model = read.templates.front().model;
        std::vector<point_facts> points;
        for (const auto& point : device.points) {
            if (point.compute) continue;
            one.sunspec |= gateway::find(point.settings, "sunspec") != nullptr;
            points.push_back({point.name, point.unit, flow_text(point.settings, config::scope::point, *modbus)});
        }
        one.signature = signature_of(points);
        out.push_back(std::move(one));
    }
    return out;
}

bool identify(chosen_bus& bus, found_unit& one, const std::vector<template_facts>& templates, std::chrono::milliseconds timeout,
              scan_stop& stop) {
    gateway::set(bus.settings, "timeout", std::to_string(timeout.count()) + "ms");
    if (one.settings.baud > 0) {
        gateway::set(bus.settings, "serial.baud", std::to_string(one.settings.baud));
        gateway::set(bus.settings, "serial.parity", one.settings.parity);
    }
    wanted_device device;
    device.name = "u" + std::to_string(one.unit);
    device.keys = "unit: " + std::to_string(one.unit);
    device.points = identity_points();
    std::map<std::string, std::size_t> numbers;  // by keys: templates share registers
    for (const auto& of : templates)
        for (const auto& point : of.signature)
            if (numbers.emplace(point.keys, device.points.size()).second) device.points.push_back(point.keys);
    std::string why;
    const auto line = scanned_line::open(bus, {device}, stop, why);
    if (!line) return !stop.stopped();
    questions to(*line, stop);
    ask_identity(to, one.identity);
    const bool named =
        std::any_of(templates.begin(), templates.end(), [&](const auto& of) { return names_model(one.identity, of); });
    std::map<std::size_t, signature_answer> known;
    std::vector<std::vector<signature_answer>> answers;
    for (const auto& of : templates) {
        auto& mine = answers.emplace_back();
        // Who says what he is isn't asked about others; nor one without SunSpec's list for its models.
        if ((named && !names_model(one.identity, of) && !of.sunspec) || (of.sunspec && !one.identity.sunspec)) continue;
        for (const auto& point : of.signature) {
            if (to.over() || !worth_asking(of, mine)) break;
            const auto number = numbers.at(point.keys);
            if (!known.contains(number)) known[number] = answer_of(to.ask(number));
            mine.push_back(known[number]);
            if (one.readable.empty() && known[number].kind == signature_kind::number && !of.sunspec) one.readable = point.keys;
        }
    }
    one.suggestions = suggest(one.identity, templates, answers);
    return !to.over();
}

}  // namespace gateway

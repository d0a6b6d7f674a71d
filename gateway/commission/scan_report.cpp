// gateway/commission/scan_report.cpp: see scan_report.hpp.
#include "gateway/commission/scan_report.hpp"

#include <algorithm>
#include <map>

#include "gateway/command/message_text.hpp"
#include "gateway/commission/bus_address.hpp"
#include "gateway/delivery/payload.hpp"

namespace gateway {
namespace {

constexpr std::size_t most_silent_shown = 8;

bool is_sure(const found_unit& one) { return one.suggestions.size() == 1; }

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string out;
    for (const auto& one : words) out += (out.empty() ? "" : between) + one;
    return out;
}

std::string who(const found_unit& one) {
    if (!one.identity.empty()) return one.identity.text();
    return one.answer.empty() ? "says nothing of itself" : "says nothing of itself (it answers " + one.answer + ")";
}

std::string units(std::size_t count) { return std::to_string(count) + (count == 1 ? " unit" : " units"); }

std::string numbers(const std::vector<std::uint8_t>& all) {
    std::string out;
    for (const auto one : all) out += (out.empty() ? "" : ", ") + std::to_string(one);
    return out;
}

void add_suggestions(std::string& to, const found_unit& one) {
    if (one.suggestions.empty()) {
        to += "           no template fits; see 'tidegate guess' and 'tidegate import'\n";
        return;
    }
    if (!is_sure(one)) to += "           these templates fit as well as each other:\n";
    for (const auto& each : one.suggestions)
        to += "           template " + each.name + ": " + for_terminal(joined(each.reasons, ", ")) + '\n';
}

std::string unit_json(const scanned_bus& bus, const found_unit& one) {
    std::string out = "{\"bus\":" + json_text(bus.place) + ",\"unit\":" + std::to_string(one.unit);
    if (!one.line.empty())
        out += ",\"baud\":" + std::to_string(one.settings.baud) + ",\"parity\":" + json_text(one.settings.parity);
    if (one.any_unit) out += ",\"any_unit\":true";
    const auto add = [&](const char* name, const std::string& text) {
        if (!text.empty()) out += std::string(",\"") + name + "\":" + json_text(text);
    };
    add("answer", one.answer);
    add("maker", one.identity.maker);
    add("product", one.identity.product);
    add("revision", one.identity.revision);
    add("server_id", one.identity.server_id);
    out += std::string(",\"sunspec\":") + (one.identity.sunspec ? "true" : "false") +
           ",\"answered_in_ms\":" + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(one.took).count()) +
           ",\"templates\":[";
    for (const auto& each : one.suggestions) {
        out += (out.back() == '[' ? "{" : ",{") + std::string("\"name\":") + json_text(each.name) +
               ",\"score\":" + std::to_string(each.score) + ",\"reasons\":[";
        for (const auto& reason : each.reasons) out += (out.back() == '[' ? "" : ",") + json_text(reason);
        out += "]}";
    }
    return out + "]}\n";
}

/// Where most of its units are; a port has one speed.
const found_unit* usual_line(const scanned_bus& bus) {
    std::map<std::string, std::size_t> count;
    for (const auto& one : bus.units) ++count[one.line];
    const found_unit* best = nullptr;
    for (const auto& one : bus.units)
        if (best == nullptr || count[one.line] > count[best->line]) best = &one;
    return best;
}

std::string comment(const std::string& text) {
    std::string out;
    for (const char c : text) out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    return "# " + out;
}

void add_device(std::string& to, const found_unit& one, const std::string& prefix) {
    const std::string in = "        ";
    to += in + comment(who(one)) + '\n';
    const auto name = one.suggestions.empty() ? "unit" : one.suggestions.front().name;
    to += in + prefix + name + '-' + std::to_string(one.unit) + ":\n";
    to += in + "  unit: " + std::to_string(one.unit) + "\n" + in + "  every: 10s\n";
    if (is_sure(one)) {
        to += in + "  template: " + one.suggestions.front().name + "   # " +
              comment(joined(one.suggestions.front().reasons, ", ")).substr(2) + '\n';
        return;
    }
    if (!one.suggestions.empty()) to += in + "  # Each of these fits; choose one in place of the points below:\n";
    for (const auto& each : one.suggestions)
        to += in + "  # template: " + each.name + "   (" + comment(joined(each.reasons, ", ")).substr(2) + ")\n";
    if (one.suggestions.empty())
        to += in + "  # No template fits: 'tidegate guess' and 'tidegate import' help to write its points.\n";
    const auto readable = one.readable.empty() ? "holding: 0, type: uint16" : one.readable;
    to += in + "  points:\n" + in + "    register_0: { " + readable + " }\n";
}

void add_bus(std::string& to, const scanned_bus& bus, std::size_t number, bool several, const config::vocabulary& words) {
    const auto* usual = usual_line(bus);
    if (usual == nullptr) return;
    auto settings = bus.settings;
    if (usual->settings.baud > 0) {
        gateway::set(settings, "serial.baud", std::to_string(usual->settings.baud));
        gateway::set(settings, "serial.parity", usual->settings.parity);
    }
    const auto name = "bus" + std::to_string(number);
    to += "  " + name + ":   # " + comment(bus.place).substr(2) + "\n    adapter: modbus\n    ";
    // One key a line is easier to go on with than a map in braces; the keys of a bus are few.
    to += "# The settings as they were found.\n    " + flow_text(settings, config::scope::bus, words) + '\n';
    to += "    devices:\n";
    for (const auto& one : bus.units) {
        if (one.line == usual->line)
            add_device(to, one, several ? name + '-' : "");
        else
            to += "        " +
                  comment("unit " + std::to_string(one.unit) + " answered at " + one.line + "; one bus has one speed") + '\n';
    }
}

}  // namespace

std::string found_text(const found_unit& one) {
    return "unit " + std::to_string(one.unit) + (one.any_unit ? " (and every other)" : "") + " answers" +
           (one.line.empty() ? "" : " at " + one.line);
}

std::string report_text(const std::vector<scanned_bus>& all) {
    std::string out;
    std::vector<std::string> silent;
    for (const auto& bus : all) {
        if (all.size() > 1 && bus.complete && bus.units.empty() && bus.disturbed.empty()) {
            silent.push_back(bus.place);
            continue;
        }
        out += bus.place + ": " + units(bus.units.size()) +
               (bus.service.empty() ? "" : ", asked by the service of gateway '" + bus.service + "'") +
               (bus.complete ? "" : ", not searched to the end") + '\n';
        for (const auto& one : bus.units) {
            auto head = "  unit " + std::to_string(one.unit);
            head.resize(std::max<std::size_t>(head.size() + 2, 11), ' ');
            out += head + (one.line.empty() ? "" : one.line + ", ") + for_terminal(who(one)) +
                   (one.any_unit ? "; it answers to every unit" : "") + '\n';
            add_suggestions(out, one);
        }
        if (!bus.disturbed.empty())
            out += "  damaged answers when asking unit " + numbers(bus.disturbed) +
                   (bus.disturbed_line.empty() ? "" : " at " + bus.disturbed_line) +
                   ": another speed or parity, two devices of one address, a bad line, or a device slower than the time-out "
                   "(--timeout 2s)\n";
        if (!bus.problem.empty()) out += "  " + for_terminal(bus.problem) + '\n';
    }
    if (!silent.empty()) {
        const auto shown = std::min(silent.size(), most_silent_shown);
        const auto more = silent.size() - shown;
        silent.resize(shown);
        out += "no unit answered at " + joined(silent, ", ") + (more > 0 ? " and " + std::to_string(more) + " more" : "") + '\n';
    }
    return out;
}

std::string report_json(const std::vector<scanned_bus>& all) {
    std::string out;
    std::size_t count = 0;
    bool complete = true;
    std::string problem;
    for (const auto& bus : all) {
        for (const auto& one : bus.units) out += unit_json(bus, one);
        count += bus.units.size();
        complete = complete && bus.complete;
        if (problem.empty()) problem = bus.problem;
    }
    out += "{\"found\":" + std::to_string(count) + ",\"complete\":" + (complete ? "true" : "false");
    if (!problem.empty()) out += ",\"problem\":" + json_text(problem);
    return out + "}\n";
}

std::string stub_text(const std::vector<scanned_bus>& all, const config::vocabulary& words) {
    std::string out =
        "# Found by 'tidegate scan'. Name the gateway, the broker and the devices, then: tidegate check -c FILE\n"
        "gateway: { id: gateway1 }\n"
        "mqtt:\n"
        "  url: mqtt://127.0.0.1\n"
        "buses:\n";
    const auto found =
        static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& one) { return !one.units.empty(); }));
    std::size_t number = 0;
    for (const auto& bus : all)
        if (!bus.units.empty()) add_bus(out, bus, ++number, found > 1, words);
    return out;
}

}  // namespace gateway

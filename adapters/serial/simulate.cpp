// adapters/serial/simulate.cpp: see simulate.hpp.
// Not here: samples (definition.hpp).
#include "adapters/serial/simulate.hpp"

#include <algorithm>

namespace serial {
namespace {

constexpr std::size_t inbox_max = 4096;

}  // namespace

std::string why_not_simulated(const bus_definition& bus) {
    for (const device& one : bus.devices)
        for (const message& each : one.messages)
            if (each.sample.empty()) {
                const std::string name = each.name.empty() ? "its message (messages: needs a line)" : "message " + each.name;
                return "device " + one.name + " can't be simulated: " + name + " has no sample \"…\"";
            }
    return "";
}

std::string simulator::filled_by(const device& by, const byte_pattern& what, const progress& in) const {
    const auto named = [&](const std::string& name) {
        const auto found = in.kept.find(name);
        return found != in.kept.end() ? found->second : name == "address" ? by.address.value_or("") : std::string();
    };
    std::string bytes = filled(what, {named, &by.frames.check, step_});
    for (char& byte : bytes) byte = with_parity(byte, by.frames.eighth);
    return bytes;
}

std::string simulator::speak() {
    std::string out;
    for (const device& one : of_.devices) {
        if (one.mode != device_mode::listen) continue;
        for (const message& each : one.messages) out += filled_by(one, each.sample, {});
    }
    ++step_;
    return out;
}

/// Takes these bytes, and all before them, if they have come.
bool simulator::take(const device& by, const byte_pattern& what, const progress& in) {
    const std::string wanted = filled_by(by, what, in);
    const std::size_t found = inbox_.find(wanted);
    if (wanted.empty() || found == std::string::npos) return false;
    inbox_.erase(0, found + wanted.size());
    return true;
}

/// The device's part of the steps up to the next that sends something to it.
std::string simulator::go_on(const device& by, progress& in) {
    std::string out;
    for (; in.at < by.script.size() && by.script[in.at].is != step::kind::send; ++in.at) {
        const step& one = by.script[in.at];
        if (one.is == step::kind::expect_bytes) out += filled_by(by, one.bytes, in);
        if (one.is == step::kind::expect_frame) out += filled_by(by, by.messages[in.frames++ % by.messages.size()].sample, in);
        if (one.is != step::kind::expect_line) continue;
        std::string line = filled(one.sample, {{}, &by.frames.check, step_});
        out += filled_by(by, one.sample, in);
        if (line.empty()) out += '\n';
        in.kept[one.name] = line.substr(0, line.find_first_of("\r\n"));
    }
    if (in.at == by.script.size()) in = {};
    return out;
}

/// Nothing: none of what has come is for this device.
std::optional<std::string> simulator::answer_of(std::size_t index) {
    const device& one = of_.devices[index];
    progress& in = scripts_[index];
    if (one.mode == device_mode::poll) {
        for (const message& each : one.messages) {
            if (!take(one, each.send, {})) continue;
            ++step_;
            return filled_by(one, each.sample, {});
        }
        return std::nullopt;
    }
    const auto first = std::find_if(one.script.begin(), one.script.end(), [](const step& s) { return s.is == step::kind::send; });
    if (first == one.script.end()) return std::nullopt;
    const auto begin = static_cast<std::size_t>(first - one.script.begin());
    // The first thing that is said begins a dialogue anew, wherever the last one stuck.
    if (take(one, first->bytes, {})) {
        in = {};
        in.at = begin;
        ++step_;
    } else if (in.at <= begin || !take(one, one.script[in.at].bytes, in)) {
        return std::nullopt;
    }
    ++in.at;
    return go_on(one, in);
}

std::string simulator::answer(std::string_view bytes) {
    inbox_ += bytes;
    const bool echoes = std::any_of(of_.devices.begin(), of_.devices.end(), [](const device& one) { return one.echo; });
    std::string out(echoes ? bytes : std::string_view());
    for (std::size_t i = 0; i < of_.devices.size();) {
        const auto more = answer_of(i);
        if (more) out += *more;
        i = more ? 0 : i + 1;
    }
    if (inbox_.size() > inbox_max) inbox_.erase(0, inbox_.size() - inbox_max);
    return out;
}

}  // namespace serial

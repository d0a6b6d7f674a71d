// adapters/modbus/rehearsal_command.cpp: the lines by which a person makes simulated devices misbehave while they are served.
// Not here: what comes of it (rehearsal.cpp). The same words stand in docs/simulate.md.
#include <algorithm>
#include <charconv>
#include <limits>

#include "adapters/modbus/rehearsal.hpp"

namespace modbus {
namespace {

constexpr std::string_view forms =
    "fault DEVICE late 10% [by 2s] | fault DEVICE drop|noise|garble|truncate|foreign|echo|disconnect 10% | "
    "fault DEVICE exception 10% [code 6] | fault DEVICE silent [30s] | set DEVICE.POINT VALUE | clear [DEVICE]";

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t begin = line.find_first_not_of(" \t\r\n", at);
        if (begin == std::string_view::npos) break;
        const std::size_t end = std::min(line.find_first_of(" \t\r\n", begin), line.size());
        words.emplace_back(line.substr(begin, end - begin));
        at = end;
    }
    return words;
}

/// "30s", "250ms", "2m". Nothing: none of these.
std::optional<nanoseconds> parse_duration(std::string_view text) {
    constexpr std::int64_t most = 1'000'000;
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0 || count > most) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit == "ms") return nanoseconds(count * 1'000'000);
    if (unit == "s") return nanoseconds(count * 1'000'000'000);
    if (unit == "m") return nanoseconds(count * 60'000'000'000);
    return std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number > most) return std::nullopt;
    return number;
}

std::optional<value> parse_value(const point& of, const std::string& text) {
    const auto form = row_of(of.how.type).form;
    for (const auto& [raw, name] : of.how.names)
        if (name == text) return value(name);
    if (form == number_form::text) return value(text);
    if (form == number_form::boolean || of.how.bit) {
        if (text == "true" || text == "1" || text == "on") return value(true);
        if (text == "false" || text == "0" || text == "off") return value(false);
        return std::nullopt;
    }
    std::int64_t whole = 0;
    const char* const last = text.data() + text.size();
    if (const auto got = std::from_chars(text.data(), last, whole); got.ec == std::errc() && got.ptr == last) return value(whole);
    double number = 0;
    if (const auto got = std::from_chars(text.data(), last, number); got.ec == std::errc() && got.ptr == last)
        return value(number);
    return std::nullopt;
}

}  // namespace

rehearsed_devices::heed rehearsed_devices::command(std::string_view line, std::string& said) {
    const std::lock_guard lock(mutex_);
    const auto words = words_of(line);
    said.clear();
    if (words.empty()) return heed::not_mine;
    if (words[0] == "fault" && words.size() >= 3) return fault(words, said);
    if (words[0] == "set" && words.size() >= 3) return set(words, said);
    if (words[0] == "clear" && words.size() <= 2) return clear(words, said);
    if (words[0] == "seed" && words.size() == 2) {
        const auto number = parse_number(words[1], std::numeric_limits<std::uint64_t>::max());
        said = number ? "" : "a seed is a whole number";
        if (number) chance_ = *number;
        return number ? heed::done : heed::wrong;
    }
    said = "what can be said: " + std::string(forms);
    return heed::wrong;
}

/// "*": all of the bus.
std::vector<std::size_t> rehearsed_devices::devices_named(std::string_view name) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < definition_.devices.size(); ++i)
        if (name == "*" || definition_.devices[i].name == name) found.push_back(i);
    return found;
}

rehearsed_devices::heed rehearsed_devices::fault(const std::vector<std::string>& words, std::string& said) {
    const auto devices = devices_named(words[1]);
    if (devices.empty()) return heed::not_mine;
    for (const std::size_t device : devices) {
        said = change(states_[device], words);
        if (!said.empty()) return heed::wrong;
    }
    said = words[1] + ":";
    for (std::size_t i = 2; i < words.size(); ++i) said += ' ' + words[i];
    return heed::done;
}

/// Empty: done; else why not.
std::string rehearsed_devices::change(state& of, const std::vector<std::string>& words) {
    const std::string& what = words[2];
    if (what == "silent") {
        const auto time = words.size() > 3 ? parse_duration(words[3]) : nanoseconds::max() / 4;
        if (!time || words.size() > 4) return "silent for how long? fault DEVICE silent 30s (or 250ms, 2m; without: until clear)";
        of.silent_until = now_() + *time;
        return "";
    }
    const auto named = std::find(mishap_names.begin(), mishap_names.end(), what);
    if (named == mishap_names.end()) return "there is no fault \"" + what + "\"; what can be said: " + std::string(forms);
    const auto chance = words.size() > 3 ? parse_percentage(words[3]) : std::optional<odds>(always);
    if (!chance) return "how often, in percent of the answers? fault DEVICE " + what + " 10%";
    if (words.size() == 6 && what == "late" && words[4] == "by") {
        const auto time = parse_duration(words[5]);
        if (!time) return "late by how much? fault DEVICE late 10% by 2s (or 250ms)";
        of.how.late_by = *time;
    } else if (words.size() == 6 && what == "exception" && words[4] == "code") {
        const auto code = parse_number(words[5], 255);
        if (!code || *code == 0) return "an exception has a code from 1 to 255: fault DEVICE exception 10% code 6";
        of.how.exception_code = static_cast<std::uint8_t>(*code);
    } else if (words.size() > 4) {
        return "\"" + words[4] + "\" isn't understood; what can be said: " + std::string(forms);
    }
    of.how.chances[static_cast<std::size_t>(named - mishap_names.begin())] = *chance;
    return "";
}

/// What the registers hold from now on, whatever their point would show by itself.
rehearsed_devices::heed rehearsed_devices::set(const std::vector<std::string>& words, std::string& said) {
    std::string text = words[2];
    for (std::size_t i = 3; i < words.size(); ++i) text += ' ' + words[i];
    for (const point& which : definition_.points) {
        const device& owner = definition_.devices[which.device];
        if (owner.name + '.' + which.name != words[1]) continue;
        const auto wanted = parse_value(which, text);
        if (!wanted) {
            said = "\"" + text + "\" is no value of " + words[1];
            return heed::wrong;
        }
        const auto made = encode(which.how, *wanted);
        if (!made.failure.empty()) {
            said = words[1] + ": " + made.failure;
            return heed::wrong;
        }
        // Where points share a register, the other bits stay as they are.
        const auto owned = owned_bits(which.how);
        std::vector<std::uint16_t> held(which.count);
        if (values_.read({owner.unit, which.from, which.address, which.count}, held) != 0) held.assign(which.count, 0);
        for (std::size_t i = 0; i < made.registers.size(); ++i) {
            const place where{owner.unit, which.from, static_cast<std::uint16_t>(which.address + i)};
            const auto found = written_.find(where);
            const std::uint16_t before = found != written_.end() ? found->second : held[i];
            written_[where] = static_cast<std::uint16_t>((before & ~owned[i]) | (made.registers[i] & owned[i]));
        }
        said = words[1] + " is " + text;
        return heed::done;
    }
    return heed::not_mine;
}

/// As the config says, and all values by themselves again.
rehearsed_devices::heed rehearsed_devices::clear(const std::vector<std::string>& words, std::string& said) {
    const std::string name = words.size() > 1 ? words[1] : "*";
    const auto devices = devices_named(name);
    if (devices.empty()) return heed::not_mine;
    for (const std::size_t device : devices) {
        states_[device] = {definition_.devices[device].simulated, std::nullopt};
        std::erase_if(written_, [&](const auto& one) { return std::get<0>(one.first) == definition_.devices[device].unit; });
    }
    said = (name == "*" ? "all" : name) + std::string(": as the config says");
    return heed::done;
}

}  // namespace modbus

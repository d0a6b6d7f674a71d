// gateway/commission/scan_bus.cpp: see scan_bus.hpp.
#include "gateway/commission/scan_bus.hpp"

#include <algorithm>

#include "gateway/commission/bus_address.hpp"
#include "gateway/commission/commission_talk.hpp"

namespace gateway {
namespace {

using std::chrono::milliseconds;

std::string timeout_text(milliseconds time) { return std::to_string(time.count()) + "ms"; }

wanted_device asked_of(std::uint8_t unit, bool input) {
    wanted_device out;
    out.name = "u" + std::to_string(unit);
    out.keys = "unit: " + std::to_string(unit);
    out.points = {std::string(input ? "input" : "holding") + ": 0, type: uint16"};
    return out;
}

}  // namespace

milliseconds brief_timeout(const std::optional<line_try>& line, milliseconds full) {
    constexpr milliseconds usual{100};
    constexpr unsigned bits_of_answer = 2 * 8 * 11;  // question and answer on their way
    const auto on_the_way = line && line->baud > 0 ? milliseconds(bits_of_answer * 1000 / line->baud) : milliseconds(0);
    return std::min(full, usual + on_the_way);
}

bool bus_scan::is_serial() const { return gateway::find(bus_.settings, "serial.port") != nullptr; }

void bus_scan::set_line(const std::optional<line_try>& line) {
    if (!line) return;
    gateway::set(bus_.settings, "serial.baud", std::to_string(line->baud));
    gateway::set(bus_.settings, "serial.parity", line->parity);
}

/// Those asked so lately that what is heard now may be their answer.
void bus_scan::suspect(line_state& at, std::chrono::steady_clock::time_point now) {
    for (auto i = asked_.rbegin(); i != asked_.rend() && now - i->second <= wishes_.timeout; ++i) at.suspected[i->first] = true;
}

/// False: the scan ends.
bool bus_scan::take(line_state& at, std::uint8_t unit, const asked& answer, bool input, scanned_bus& to) {
    switch (answer.what) {
        case heard::interrupted:
            return false;
        case heard::bus_down:
            to.problem = answer.words;
            return false;
        case heard::absent:
            at.has_absent = true;
            at.units[unit] = state::silent;
            return true;
        case heard::silence:
            at.units[unit] = state::silent;  // what was heard before was somebody else's
            return true;
        case heard::disturbed:
            at.any = true;
            at.units[unit] = state::disturbed;
            return true;
        case heard::exception:
        case heard::answered:
            break;
    }
    at.any = true;
    at.units[unit] = state::found;
    at.suspected[unit] = false;
    found_unit one;
    one.unit = unit;
    if (at.line) one.line = at.line->text(), one.settings = *at.line;
    one.took = answer.took;
    one.answer = reason_in(answer.words);
    if (answer.what == heard::answered) one.readable = std::string(input ? "input" : "holding") + ": 0, type: uint16";
    to.units.push_back(one);
    watcher_.found(one);
    return true;
}

bool bus_scan::sweep(line_state& at, const std::vector<std::uint8_t>& units, milliseconds timeout, bool brief, bool input,
                     scanned_bus& to) {
    if (units.empty()) return true;
    set_line(at.line);
    gateway::set(bus_.settings, "timeout", timeout_text(timeout));
    std::vector<wanted_device> devices;
    for (const auto unit : units) devices.push_back(asked_of(unit, input));
    const auto line = scanned_line::open(bus_, devices, stop_, to.problem);
    if (!line) return false;
    to.service = line->service();
    if (!to.service.empty() && wishes_.lines_typed) {
        to.problem = "the service of gateway '" + to.service +
                     "' polls this bus, at its own speed: others can't be tried while it runs; leave out --baud and --parity, or "
                     "stop it";
        return false;
    }
    asked_.clear();
    for (std::size_t i = 0; i < units.size(); ++i) {
        if (stop_.stopped()) return false;
        const auto begun = std::chrono::steady_clock::now();
        const auto answer = line->ask(i, 0, brief);
        const bool goes_on = take(at, units[i], answer, input, to);
        if (answer.what == heard::disturbed) suspect(at, std::chrono::steady_clock::now());
        if (answer.what == heard::silence || answer.what == heard::disturbed) asked_.emplace_back(units[i], begun);
        if (answer.what == heard::disturbed) at.suspected[units[i]] = true;
        progress_.done(answer.took);
        watcher_.progress("unit " + std::to_string(units[i]) + (at.line ? " at " + at.line->text() : ""));
        if (!goes_on) return false;
    }
    return true;
}

std::vector<std::uint8_t> bus_scan::left_of(const line_state& at, bool (*wanted)(const line_state&, std::uint8_t)) const {
    std::vector<std::uint8_t> out;
    for (const auto unit : wishes_.units)
        if (wanted(at, unit)) out.push_back(unit);
    return out;
}

std::vector<std::uint8_t> bus_scan::second_pass(const line_state& at) const {
    auto out = left_of(at, [](const line_state& of, std::uint8_t unit) { return of.suspected[unit]; });
    const auto add = [&](std::uint8_t unit) {
        if (at.units[unit] != state::found && std::find(out.begin(), out.end(), unit) == out.end()) out.push_back(unit);
    };
    if (wishes_.thorough) {
        for (const auto unit : wishes_.units) add(unit);
    } else {
        const auto likely = std::min(likely_count(wishes_.units), wishes_.units.size());
        for (std::size_t i = 0; i < likely; ++i) add(wishes_.units[i]);
    }
    return out;
}

/// The likely units at each setting. A setting that the port can't do is passed over, as long as it can do another.
bool bus_scan::try_lines(std::vector<line_state>& all, const std::vector<std::uint8_t>& units, scanned_bus& to) {
    std::string refusal;
    for (auto& one : all) {
        const auto before = progress_.count();
        if (sweep(one, units, brief_timeout(one.line, wishes_.timeout), true, false, to)) continue;
        if (stop_.stopped() || !to.service.empty() || to.problem.empty()) return false;
        one.refused = true;
        refusal = std::exchange(to.problem, {});
        progress_.skip(units.size() - (progress_.count() - before));
    }
    if (std::any_of(all.begin(), all.end(), [](const line_state& one) { return !one.refused; })) return true;
    to.problem = refusal;
    return false;
}

/// Where a line answers at a second setting as at the first, the settings mean nothing to it (a pseudo-terminal, a converter with
/// settings of its own): the first counts, and the others need no search.
void bus_scan::pass_over_same(std::vector<line_state>& all, scanned_bus& to) {
    const auto has_found = [&](const line_state& at, std::uint8_t unit) { return at.units[unit] == state::found; };
    for (std::size_t later = 1; later < all.size(); ++later) {
        const auto is_same = [&](const line_state& earlier) {
            bool some = false;
            for (const auto unit : wishes_.units) {
                if (!has_found(all[later], unit)) continue;
                if (!has_found(earlier, unit)) return false;
                some = true;
            }
            return some && !earlier.refused;
        };
        if (!std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(later), is_same)) continue;
        all[later].refused = true;
        std::erase_if(to.units, [&](const found_unit& one) { return one.settings == *all[later].line; });
    }
}

void bus_scan::run_line(scanned_bus& to) {
    std::vector<line_state> all;
    const auto add = [&](std::optional<line_try> line) {
        all.push_back(
            {std::move(line), std::vector<state>(256, state::unasked), std::vector<bool>(256, false), false, false, false});
    };
    for (const auto& one : wishes_.lines) add(one);
    if (all.empty()) add(std::nullopt);
    const auto likely = std::min(likely_count(wishes_.units), wishes_.units.size());
    const std::vector<std::uint8_t> first(wishes_.units.begin(), wishes_.units.begin() + static_cast<std::ptrdiff_t>(likely));
    const std::vector<std::uint8_t> rest(wishes_.units.begin() + static_cast<std::ptrdiff_t>(likely), wishes_.units.end());
    progress_.add(all.size() * first.size() + rest.size() + first.size());
    if (all.size() > 1 && !try_lines(all, first, to)) return;
    pass_over_same(all, to);
    // As soon as a setting is known at which there is somebody, the silent ones need no search.
    const auto any = [&] { return std::any_of(all.begin(), all.end(), [](const line_state& one) { return one.any; }); };
    bool counted = false;  // the rest of one line is in the total already
    for (auto& one : all) {
        if (one.refused || (any() && !one.any && !wishes_.thorough)) continue;
        if (std::exchange(counted, true)) progress_.add(rest.size() + first.size());
        const auto& units = all.size() > 1 ? rest : wishes_.units;
        if (!sweep(one, units, brief_timeout(one.line, wishes_.timeout), true, false, to)) return;
        const auto again = second_pass(one);
        if (again.size() > first.size())
            progress_.add(again.size() - first.size());
        else
            progress_.skip(first.size() - again.size());
        // Some devices know input registers only, and say nothing to the others.
        if (!sweep(one, again, wishes_.timeout, false, true, to)) return;
        for (const auto unit : wishes_.units) {
            if (one.units[unit] != state::disturbed) continue;
            to.disturbed.push_back(unit);
            to.disturbed_line = one.line ? one.line->text() : "";
        }
    }
    to.complete = true;
}

/// A device that isn't a gateway answers to each unit, in most cases.
bool bus_scan::answers_to_any(line_state& at, scanned_bus& to) {
    const auto first = to.units.size();
    if (!sweep(at, {1, 247, 93}, wishes_.timeout, false, false, to)) return false;
    const auto answered = to.units.size() - first;
    if (answered < 3) return false;
    to.units.resize(first + 1);
    to.units.back().any_unit = true;
    return true;
}

void bus_scan::run_network(scanned_bus& to) {
    line_state at{std::nullopt, std::vector<state>(256, state::unasked), std::vector<bool>(256, false), false, false, false};
    progress_.add(first_questions);
    if (!wishes_.units_typed) {
        if (answers_to_any(at, to)) {
            progress_.skip(2);
            to.complete = true;
            return;
        }
        if (!to.problem.empty() || stop_.stopped()) return;
        if (!sweep(at, {255, 0}, wishes_.timeout, false, false, to)) return;
    }
    auto left = left_of(at, [](const line_state& of, std::uint8_t unit) { return of.units[unit] == state::unasked; });
    // Where a gateway says who isn't there, asking is cheap; where silence says it, each costs the whole time-out.
    if (!wishes_.units_typed && !wishes_.thorough && !at.has_absent) left.resize(std::min(left.size(), likely_count(left)));
    progress_.add(left.size());
    if (!sweep(at, left, wishes_.timeout, true, false, to)) return;
    to.complete = true;
}

void bus_scan::run(scanned_bus& to) {
    to.place = bus_.place();
    to.settings = bus_.settings;
    const bool on_a_line = is_serial() || gateway::find(bus_.settings, "tcp.host") == nullptr;
    on_a_line ? run_line(to) : run_network(to);
    // What is on the bus in the order of its numbers.
    std::stable_sort(to.units.begin(), to.units.end(), [](const auto& a, const auto& b) { return a.unit < b.unit; });
    if (stop_.stopped()) to.complete = false;
}

}  // namespace gateway

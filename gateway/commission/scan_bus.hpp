// gateway/commission/scan_bus.hpp: finds the units of one bus: which speeds and units to ask, for how long, and whom once more.
// Not here: what the found ones are (scan_identify.hpp), hosts (scan_hosts.hpp), how it is shown (scan_screen.hpp).
//
// On a line: first the likely units at each speed with a short time-out; then, where anything was heard, all of them, at most as
// long as four times the slowest answer so far; then those whose answer may have come too late (something was heard within the
// full time-out after they were asked), and the likely ones, with the full time-out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/commission/scan_ask.hpp"
#include "gateway/commission/scan_plan.hpp"
#include "gateway/commission/scan_suggest.hpp"

namespace gateway {

struct found_unit {
    std::uint8_t unit = 0;
    std::string line;  // "9600 8N1"; empty: no serial line of ours
    line_try settings;
    std::string answer;    // of the first question, if it was refused: "exception 2: …"
    std::string readable;  // a register that it gives, as keys; empty: none was asked that it has
    std::chrono::nanoseconds took{0};
    bool any_unit = false;  // a device behind its own address, which answers to every unit
    device_identity identity;
    std::vector<suggestion> suggestions;
};

struct scanned_bus {
    std::string place;
    std::vector<config::setting> settings;  // as they were typed
    std::vector<found_unit> units;
    std::vector<std::uint8_t> disturbed;  // asked, and what came was damaged each time
    std::string disturbed_line;
    std::string service;  // that asked in our place
    std::string problem;  // why it was broken off
    bool complete = false;
};

struct scan_wishes {
    std::vector<std::uint8_t> units;
    bool units_typed = false;
    std::vector<line_try> lines;  // empty: the bus's own setting
    bool lines_typed = false;
    std::chrono::milliseconds timeout{500};
    bool thorough = false;  // every silent unit gets the full time-out, at every speed
};

struct scan_watcher {
    std::function<void(const std::string& what)> progress;  // after every question
    std::function<void(const found_unit&)> found;
};

class bus_scan {
public:
    bus_scan(chosen_bus& bus, const scan_wishes& wishes, scan_stop& stop, scan_progress& progress, scan_watcher watcher)
        : bus_(bus), wishes_(wishes), stop_(stop), progress_(progress), watcher_(std::move(watcher)) {}

    /// As many a host is asked, whatever it answers.
    static constexpr std::size_t first_questions = 5;
    /// Fills `to` with what was found, also when it is broken off.
    void run(scanned_bus& to);

private:
    enum class state : std::uint8_t { unasked, silent, disturbed, found };
    struct line_state {
        std::optional<line_try> line;
        std::vector<state> units;     // by number
        std::vector<bool> suspected;  // may have answered too late
        bool any = false;             // something was heard
        bool refused = false;         // the port can't do this setting
        bool has_absent = false;      // a gateway said that there is nobody behind it
    };

    bool sweep(line_state& at, const std::vector<std::uint8_t>& units, std::chrono::milliseconds timeout, bool brief, bool input,
               scanned_bus& to);
    bool take(line_state& at, std::uint8_t unit, const asked& answer, bool input, scanned_bus& to);
    void suspect(line_state& at, std::chrono::steady_clock::time_point now);
    std::vector<std::uint8_t> left_of(const line_state& at, bool (*wanted)(const line_state&, std::uint8_t)) const;
    std::vector<std::uint8_t> second_pass(const line_state& at) const;
    bool try_lines(std::vector<line_state>& all, const std::vector<std::uint8_t>& units, scanned_bus& to);
    void pass_over_same(std::vector<line_state>& all, scanned_bus& to);
    void run_line(scanned_bus& to);
    void run_network(scanned_bus& to);
    bool answers_to_any(line_state& at, scanned_bus& to);
    bool is_serial() const;
    void set_line(const std::optional<line_try>& line);

    chosen_bus& bus_;
    const scan_wishes& wishes_;
    scan_stop& stop_;
    scan_progress& progress_;
    scan_watcher watcher_;
    std::vector<std::pair<std::uint8_t, std::chrono::steady_clock::time_point>> asked_;  // silent ones, the newest last
};

/// How long the first pass waits at this speed: four in five devices answer in less.
std::chrono::milliseconds brief_timeout(const std::optional<line_try>& line, std::chrono::milliseconds full);

}  // namespace gateway

// gateway/commission/watch_table.hpp: what `tidegate watch` shows: the points of some devices now, as a table that fits the
// window, as lines, as JSON. Pure. Not here: where the values come from (watch_source.hpp), the terminal (command_watch.cpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

struct watch_point {
    std::string name;
    std::string unit;
    std::string json;         // the value as JSON; empty: none yet
    std::string problem;      // why there is none now
    std::int64_t age_ms = 0;  // of the value
    std::uint64_t readings = 0;
};

struct watch_device {
    std::string name;
    std::string state;  // online, offline, unknown
    std::string problem;
    std::int64_t request_ms = -1;  // what a request takes; -1: not known
    std::uint64_t errors = 0;      // requests without an answer, or with a damaged one
    std::vector<watch_point> points;
};

/// What was shown last, so that what changed can be marked.
class watch_table {
public:
    /// Takes over what is there now. Devices and points keep their places.
    void update(std::vector<watch_device> now);

    /// A frame for a window: lines of at most `columns` characters, at most `rows` of them; the last says what is below. `first`:
    /// how many lines of the table are above the window.
    std::vector<std::string> frame(std::string_view title, std::size_t columns, std::size_t rows, std::size_t first = 0) const;
    /// A line for each point that has a new value, or a new problem, since the last update.
    std::vector<std::string> news(std::string_view clock) const;
    std::vector<std::string> json_news(std::string_view timestamp) const;

private:
    struct mark {
        bool is_new = false;  // a reading, or another problem
        bool changed = false;
        unsigned shown = 0;  // frames for which the change stays marked
    };
    std::vector<watch_device> devices_;
    std::vector<std::vector<mark>> marks_;
    std::vector<bool> trouble_;  // by device: what is wrong with it is news
};

/// Control characters, and those that would turn a line around, as \x1b and \u202e; what isn't UTF-8 as \xff.
std::string visible(std::string_view text);
/// "0.4 s", "12 s", "3 min", "2 h"
std::string age_text(std::int64_t milliseconds);

}  // namespace gateway

// gateway/commission/scan_plan.hpp: what `tidegate scan` tries and in which order: units, line settings, hosts; and how long it
// will take. Pure. Not here: the asking (scan_bus.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/command/option_error.hpp"

namespace gateway {

/// "1-247", "1,5,10-12"; each once, the likely ones first. On a line 0 is all at once and can't be asked.
option_result<std::vector<std::uint8_t>> units_of(std::string_view typed, bool on_a_line);
/// How many of the first are those that devices leave the factory with.
std::size_t likely_count(const std::vector<std::uint8_t>& units);

struct line_try {
    unsigned baud = 0;
    std::string parity;  // none, even, odd
    bool operator==(const line_try&) const = default;
    std::string text() const;  // "9600 8N1"
};
/// Each speed with each parity, the usual ones first. Both empty: the pairs that most devices have.
option_result<std::vector<line_try>> lines_of(std::string_view bauds, std::string_view parities);

/// tcp://10.0.0.0/28, tcp://10.0.0.5,10.0.0.7:1502, tcp://10.0.0.10-20 → tcp://10.0.0.5:502, …; at most 1024.
option_result<std::vector<std::string>> hosts_of(std::string_view typed);
constexpr std::size_t most_hosts = 1024;

/// How far the work is, and how long the rest will take, from what the last ones took.
class scan_progress {
public:
    explicit scan_progress(std::size_t total) : total_(total) {}
    void add(std::size_t more) { total_ += more; }
    void skip(std::size_t count) { total_ -= count < total_ ? count : total_; }
    void done(std::chrono::nanoseconds took);
    std::size_t count() const { return done_; }
    std::size_t total() const { return total_ > done_ ? total_ : done_; }
    std::chrono::nanoseconds left() const;

private:
    std::size_t total_;
    std::size_t done_ = 0;
    double mean_ = 0;  // ns; the newer the more it counts
};

/// "[=====>    ]  45 %  1:05 left"; `width`: of the bar alone.
std::string bar(const scan_progress& of, std::size_t width);
/// "0:07", "12:40", "1:02:00"
std::string clock_text(std::chrono::nanoseconds time);

}  // namespace gateway

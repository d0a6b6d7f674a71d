// tests/sim/record.hpp: what happens in a run: a hash of every event, by which two runs are compared, and on request the lines
// of a trace that reads like the protocol's diagram.
// Not here: what the events are (world.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sim {

class record {
public:
    explicit record(bool traced) : traced_(traced) {}

    void set_time(std::int64_t ms) { ms_ = ms; }
    /// An event; its numbers and bytes go into the hash, in this order.
    template <typename... Numbers>
    void event(char kind, Numbers... numbers) {
        ++events_;
        ++at_this_time_;
        if (ms_ != time_of_last_) at_this_time_ = 1;
        time_of_last_ = ms_;
        mix(static_cast<std::uint64_t>(kind));
        mix(static_cast<std::uint64_t>(ms_));
        (mix(static_cast<std::uint64_t>(numbers)), ...);
    }
    void bytes(std::string_view what) {
        for (const char c : what) mix_byte(static_cast<unsigned char>(c));
    }

    bool is_traced() const { return traced_; }
    /// `make`: the line's text; called only if somebody wants it.
    template <typename Make>
    void line(Make make) {
        if (traced_) lines_.push_back(time_in_words() + make());
    }
    const std::vector<std::string>& lines() const { return lines_; }

    std::uint64_t hash() const { return hash_; }
    std::uint64_t events() const { return events_; }
    /// How many have come since the clock last moved.
    std::uint64_t events_at_this_time() const { return at_this_time_; }

private:
    std::string time_in_words() const;
    void mix_byte(unsigned char c) { hash_ = (hash_ ^ c) * 0x100000001b3u; }
    void mix(std::uint64_t n) {
        for (int i = 0; i < 8; ++i) mix_byte(static_cast<unsigned char>(n >> (8 * i)));
    }

    bool traced_;
    std::int64_t ms_ = 0;
    std::int64_t time_of_last_ = -1;
    std::uint64_t hash_ = 0xcbf29ce484222325u;
    std::uint64_t events_ = 0;
    std::uint64_t at_this_time_ = 0;
    std::vector<std::string> lines_;
};

}  // namespace sim

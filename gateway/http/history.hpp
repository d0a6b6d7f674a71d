// gateway/http/history.hpp: depth of the queue, rates and the broker's presence over the last day, in memory: an hour in steps of
// ten seconds, a day in steps of five minutes. Pure: the time is an argument. Not here: the plot.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/queue.hpp"

namespace gateway {

/// Fixed in size: 648 steps of 24 bytes. A restart begins anew: it isn't worth an SD card's writes.
class history {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds step{10};
    static constexpr std::chrono::seconds long_step{300};

    explicit history(time_point start);

    /// What is known at `now`. Counts may go back (a salvaged queue): then nothing is told of that step.
    void note(const store::ledger& ledger, bool online, time_point now);
    /// When to note next.
    time_point next() const { return next_; }

    enum class span : std::uint8_t { hour, day };
    /// docs/api.md. `now_ms`: `now` as Unix time.
    std::string text(history::span which, time_point now, std::int64_t now_ms) const;

private:
    struct sample {
        std::uint64_t queued = 0;
        float accepted_per_s = 0, delivered_per_s = 0;
        bool known = false, online = false;
    };
    struct ring {
        std::vector<sample> steps;  // by number of the step, modulo its size
        std::int64_t newest = -1;   // the last step that is complete
        void put(std::int64_t number, const sample& what);
        const sample* at(std::int64_t number) const;
    };
    struct gathering {
        std::optional<store::ledger> first;  // at the end of the step before
        std::uint64_t queued = 0;            // the greatest
        bool online = true;                  // all the time
    };
    void close(ring& of, gathering& what, std::int64_t number, std::chrono::seconds length, const store::ledger& ledger);

    time_point start_, next_;
    ring hour_, day_;
    gathering hour_now_, day_now_;
    std::int64_t hour_step_ = 0, day_step_ = 0;  // the numbers of those that are under way
};

}  // namespace gateway

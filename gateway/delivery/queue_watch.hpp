// gateway/delivery/queue_watch.hpp: whether the queue is filling up, and in words how far it is, and what comes of it. Pure.
// Not here: the alarm's topic (alarms.hpp), and what is dropped (store/).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "config/model.hpp"
#include "store/queue.hpp"

namespace gateway {

class queue_watch {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit queue_watch(const config::buffer& how) : how_(how) {}

    enum class news : std::uint8_t { none, filling, eased };
    struct finding {
        queue_watch::news news = queue_watch::news::none;
        std::string reason = {};  // of filling
        bool operator==(const finding&) const = default;
    };
    /// After each commit. The queue is filling above 80 %, and again as news when it is full; it has eased below 70 %.
    finding on_committed(const store::commit_report& report, time_point now);

private:
    struct sample {
        time_point at;
        std::uint64_t bytes = 0;
    };
    void note(std::uint64_t bytes, time_point now);
    std::string words(std::uint64_t bytes, bool full, time_point now) const;
    std::optional<std::chrono::milliseconds> time_left(std::uint64_t bytes) const;

    config::buffer how_;
    enum class level : std::uint8_t { low, filling, full } level_ = level::low;
    std::deque<sample> samples_;  // one a minute, of the last ten
    std::optional<std::chrono::milliseconds> oldest_age_;
    time_point oldest_age_at_{};
    std::optional<time_point> small_and_full_at_;  // when messages were last dropped though the bound was far
};

}  // namespace gateway

// gateway/log_limits.hpp: keeps what repeats from filling the log: of each subject the first lines go at once, then one in a
// while that says how many there were; and the last word of a subject is never held back for ever. Pure: times are arguments. Not
// here: writing (log.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// A subject is what an event is about: its first word (device_online and device_offline are both of "device") with the bus,
/// device, topic, key or alarm that it names. A subject that was quiet for so long that it may say everything again is forgotten.
class log_limits {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// At most this many lines at once, and one more in each `refill`; bounded subjects: beyond them, the oldest is forgotten.
    static constexpr std::uint64_t burst = 10;
    static constexpr auto refill = std::chrono::minutes(10);
    static constexpr std::size_t most_subjects = 512;

    /// What to do with a line of this subject: write it, with so many held back before it; nothing: it is kept, in the place of
    /// one that was kept before.
    std::optional<std::uint64_t> take(const std::string& subject, const std::string& line, time_point now);

    struct held {
        std::string line;
        std::uint64_t others = 0;  // held back before it
        bool operator==(const held&) const = default;
    };
    /// Lines that were kept, and are the last word of their subject since a while.
    std::vector<held> due(time_point now);

    /// Of a line `level event key=value …`.
    static std::string subject_of(std::string_view event, const std::vector<std::string_view>& fields);

private:
    struct state {
        double tokens = static_cast<double>(burst);
        time_point at{};
        std::uint64_t held_back = 0;
        std::string last;
    };
    void refresh(state& of, time_point now);
    std::map<std::string, state> subjects_;
};

}  // namespace gateway

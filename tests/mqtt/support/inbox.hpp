// tests/mqtt/support/inbox.hpp: the owner's side of messages towards us: kept in the transaction of the save that follows them.
// Not here: the saves themselves (driver.hpp: disk).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "mqtt/session.hpp"

namespace mqtt_test {

struct inbox_message {
    std::int64_t number = 0;
    std::string topic;
    mqtt::qos qos = mqtt::qos::at_most_once;
    bool expected = true;  // false: dropped as unexpected_message
};

inline inbox_message in_box(const mqtt::received& what) {
    const std::int64_t number = std::strtoll(std::string(what.payload).c_str(), nullptr, 10);
    return {number, std::string(what.topic), what.qos, true};
}
/// It says no more than its topic, which then has to end with the number.
inline inbox_message in_box(const mqtt::unexpected_message& what) {
    const std::string tail = what.topic.substr(what.topic.rfind('/') + 1);
    return {std::strtoll(tail.c_str(), nullptr, 10), what.topic, mqtt::qos::exactly_once, false};
}

class inbox {
public:
    void take(inbox_message what) {
        auto& to = what.qos == mqtt::qos::at_most_once ? unkept_ : open_;
        to.push_back(std::move(what));
    }
    void on_save(mqtt::log_position at) {
        for (auto& each : open_) waiting_.emplace_back(at, std::move(each));
        open_.clear();
    }
    void on_kept(mqtt::log_position up_to) {
        const auto end = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& each) { return each.first > up_to; });
        for (auto each = waiting_.begin(); each != end; ++each) kept_.push_back(std::move(each->second));
        waiting_.erase(waiting_.begin(), end);
    }
    /// Of an earlier process.
    void keep(inbox_message what) { kept_.push_back(std::move(what)); }
    void crash() {
        open_.clear();
        waiting_.clear();
    }

    /// The call that told these is over. False: one was told without the save that has to follow it.
    bool close() {
        // The unexpected don't say their QoS: it was 0 then.
        std::copy_if(open_.begin(), open_.end(), std::back_inserter(unkept_), [](const auto& each) { return !each.expected; });
        std::erase_if(open_, [](const auto& each) { return !each.expected; });
        return std::exchange(open_, {}).empty();
    }
    const std::vector<inbox_message>& kept() const { return kept_; }
    /// QoS 0.
    const std::vector<inbox_message>& unkept() const { return unkept_; }
    int times_kept(std::int64_t number) const {
        return static_cast<int>(std::count_if(kept_.begin(), kept_.end(), [&](const auto& m) { return m.number == number; }));
    }

private:
    std::vector<inbox_message> open_;
    std::vector<std::pair<mqtt::log_position, inbox_message>> waiting_;
    std::vector<inbox_message> kept_;
    std::vector<inbox_message> unkept_;
};

}  // namespace mqtt_test

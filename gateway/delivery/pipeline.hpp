// gateway/delivery/pipeline.hpp: turns readings into messages: change filter, grouping by topic, topic and payload.
// Pure: the time of a reading comes with it; a message is a value that someone else keeps and sends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "gateway/bus/reading.hpp"
#include "gateway/delivery/payload.hpp"
#include "store/queue.hpp"

namespace gateway {

/// Form. A point whose topic pattern has {point}, or that has a topic to itself beside other points of its device, makes
/// `{"ts":"…","value":21.4}`. Points of a device that share a topic make one message a cycle,
/// `{"ts":"…","supply":21.4,"power":312.5}` in the order of the config; a device of one point keeps that form, so that a second
/// point doesn't change it. Format raw has no keys: each point makes its own message. Points of different periods never share a
/// message, only a topic.
///
/// While the clock isn't known to be right, `"ts_quality":"unsynchronised"` follows `"ts"`. Raw has no time, and no mark.
///
/// Change filter (mode on_change), by the steady time of the cycle. The first value is always published. After that a
/// message goes when a point of it differs from what was last published of it by more than its deadband, and min_interval
/// has passed since its last message; and in any case when max_interval has passed. Polls come in steps of the period, and
/// a little early or late: so a poll counts as max_interval's when the next one would come later than that, allowing a
/// quarter of a period for jitter; and a poll up to 5 % before min_interval (and up to a quarter of a period) isn't held
/// back, or every second one would be. A message of several points goes with all points of its cycle.
///
/// Idempotency key: `<gateway>-<epoch>-<number>`. It is made here, once, and kept with the message, so that it stays the same
/// whatever becomes of connections, sessions and processes; the number counts all messages with a key from 1. It is not
/// the message's number in the store, which is known only when the payload is durable.
class pipeline {
public:
    /// Requires: `file` has been checked; it must outlive the pipeline. `epoch`: different for each pipeline that is ever made
    /// for this gateway, ASCII.
    pipeline(const config::file& file, std::string_view epoch);

    /// In the place of `old`, that went by `was`, and now by `now`: the change filter of a point goes on where its topic and its
    /// period are the same, whatever its bus is called; and keys are counted on. Requires: nothing was processed yet.
    void take_state_of(const pipeline& old, const config::file& was, const config::file& now);

    /// The messages that this cycle makes, in the order of the config; none if nothing changed enough.
    std::vector<store::message> process(const cycle& done);

private:
    using time_point = std::chrono::steady_clock::time_point;
    struct point_entry {
        const config::publish_rules* rules = nullptr;
        std::size_t message = 0;  // in the bus's list
        std::string key;          // `,"supply":`
        bool published = false;
        value last;  // what was published last
    };
    struct message_entry {
        std::string topic;
        config::payload_format format = config::payload_format::json;
        std::uint8_t qos = 0;
        bool retain = false;
        std::optional<std::uint32_t> expiry;
        config::idempotency_key key = config::idempotency_key::none;
        std::chrono::nanoseconds period{0};
        bool sent = false;
        time_point last_sent{};
        std::vector<const reading*> present;  // scratch: the current cycle's readings of it, in the order of the config
    };
    struct bus_entry {
        std::vector<point_entry> points;
        std::vector<message_entry> messages;
    };

    void add_device(bus_entry& to, const config::file& file, const config::bus& bus, const config::device& device);
    void collect(bus_entry& bus, const cycle& done);
    bool is_due(const bus_entry& bus, const message_entry& message, time_point now) const;
    std::string next_key();
    void append_message(bus_entry& bus, message_entry& message, const cycle& done, std::vector<store::message>& to);

    std::string key_prefix_;
    std::uint64_t keys_ = 0;  // made so far
    std::vector<bus_entry> buses_;
    std::vector<std::size_t> touched_;      // scratch: the messages that the current cycle has readings for
    std::vector<const reading*> in_order_;  // scratch
};

}  // namespace gateway

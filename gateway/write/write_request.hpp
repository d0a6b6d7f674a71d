// gateway/write/write_request.hpp: a command as its message says it: topic and payload to points, values, and what was said
// beside them. Pure. Not here: whether it may be carried out (write_rules.hpp, write_engine.hpp).
//
//     tidegate/<gateway>/set/<device>/<point>   21.5
//                                               AUTO
//                                               {"value":21.5,"id":"a7","ts":"2026-11-22T20:15:10Z","ttl":"5s"}
//     tidegate/<gateway>/set/<device>           {"supply":21.5,"pump":true,"id":"a8"}      all or none of them
// Beside the value: `id` (a text or a whole number), `ts` (RFC 3339, or Unix time in milliseconds), `ttl` ("5s", or
// milliseconds), `force` and `confirm` (true). Any other key is refused: a misspelt `ttl` must not make a command live for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/bus/reading.hpp"

namespace gateway {

/// Why a command wasn't carried out, or what is in doubt.
enum class write_reason : std::uint8_t {
    none,
    // Decided before the bus.
    writes_off,
    unknown_device,
    unknown_point,
    not_writable,
    too_large,
    not_readable,
    wrong_type,
    not_a_number,
    below_min,
    above_max,
    off_step,
    not_allowed,
    change_too_large,
    current_unknown,
    too_soon,
    expired,
    ts_ahead,
    ts_missing,
    clock_unset,
    retained,
    duplicate,
    interlock,
    not_confirmed,
    queue_full,
    superseded,
    stopping,
    // Decided on the bus's thread, before anything is sent.
    does_not_fit,
    waited_too_long,
    offline,
    // Afterwards.
    device_refused,
    unanswered,
    not_verified,
    gateway_restarted,
    unchanged,  // nothing was sent: the device has this value already
};
std::string_view name_of(write_reason what);

struct refusal {
    write_reason reason = write_reason::none;
    std::string detail;  // a phrase with the remedy
    bool operator==(const refusal&) const = default;
};

struct write_request {
    std::string device;
    std::string point;  // empty: several
    std::vector<std::pair<std::string, value>> values;
    std::string id;
    std::optional<std::int64_t> made_at_ms;  // Unix time
    std::optional<std::chrono::milliseconds> ttl;
    bool force = false;
    bool confirm = false;
    bool operator==(const write_request&) const = default;
};

constexpr std::size_t largest_command = 4096;
constexpr std::size_t longest_command_id = 64;
constexpr std::size_t most_points_of_command = 50;

/// Device and point of the topic; the rest stays empty. Nothing: it is none of this gateway's command topics.
std::optional<write_request> target_of(std::string_view gateway_id, std::string_view topic);

/// Requires: `to` is from target_of(). The id is set as soon as it is known, so that a refusal can name it.
std::optional<refusal> read_payload(std::string_view payload, write_request& to);

/// RFC 3339, as "2026-11-22T20:15:10.123Z" or with an offset.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace gateway

// gateway/delivery/timestamps.hpp: a time in a JSON message, marked as long as the clock isn't known to be right; and putting it
// right when the message is sent, if that is known by then. Pure. Not here: how a time is written (payload.hpp), and what the
// right one is (store/age.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/queue.hpp"

namespace gateway {

/// `"ts":"2026-11-22T20:15:10.123Z"`, and `,"ts_quality":"unsynchronised"` behind it if the clock wasn't known to be right.
void append_timestamp(std::string& to, std::string_view key, const store::stamp& at);

/// Puts the time right with which a reading's JSON begins, and takes the mark away. A payload that doesn't begin just like
/// that, with the time at which it was `taken`, isn't ours and stays as it is. True: it has changed.
bool correct_timestamp(std::string& payload, const store::stamp& taken, std::optional<std::int64_t> boot_offset_ms);

}  // namespace gateway

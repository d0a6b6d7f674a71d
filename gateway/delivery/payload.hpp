// gateway/delivery/payload.hpp: values and times as the text of a message: `{"ts":"2026-11-22T20:15:10.123Z","value":21.4}` and
// its parts. Numbers are the shortest that read back the same. Not here: which values share a message (pipeline.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/bus/reading.hpp"

namespace gateway {

/// UTC with milliseconds. A time before 1970 or after 9999 is written as the nearest that has four digits for its year.
std::string format_timestamp(std::int64_t unix_ms);

/// No value, NaN and the infinities are `null`: JSON has no other word for them.
void append_json(std::string& to, const value& what);

/// A JSON string, quotes included. Bytes that aren't UTF-8 become U+FFFD.
void append_json_string(std::string& to, std::string_view text);
/// The same, by itself.
std::string json_text(std::string_view text);

/// Well-formed (RFC 3629), and without NUL.
bool is_text(std::string_view bytes);

/// The bare text; nothing for what has none.
void append_raw(std::string& to, const value& what);

/// No value, NaN and the infinities have none: nothing is published for them.
bool has_raw_text(const value& what);

}  // namespace gateway

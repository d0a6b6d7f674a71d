// adapters/modbus/codec_time.hpp: the clocks of devices as ISO 8601 text, and back. Part of codec.hpp.
// Not here: the order of registers and bytes; the gateway's own clock.
//
// unix32, unix64, unix64_ms: seconds or milliseconds since 1970. datetime3, datetime6: one register each for year, month, day,
// hour, minute, second; a year below 100 is one of this century. datetime4: the four words of IEC 60870-5-4 as Schneider's
// devices give them (year, month and day, hour and minute, milliseconds). cp56time2a: seven bytes of IEC 60870-5-4, the
// milliseconds first, in four registers, of which the last byte is free. bcd_date: YYYY MMDD. bcd_datetime: YYMM DDhh mmss.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/modbus/codec.hpp"

namespace modbus {

/// `words`: the registers from the most significant, bytes in their place.
decoded decode_time(const encoding& how, std::span<const std::uint16_t> words);

/// Takes what decode_time() gives, and no other zone: with a Z if the device keeps UTC, without if it keeps a time of its own.
encoded encode_time(const encoding& how, std::string_view text);

}  // namespace modbus

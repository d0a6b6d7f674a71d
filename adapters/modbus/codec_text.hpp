// adapters/modbus/codec_text.hpp: characters in registers, their character sets, and bytes as hexadecimal text. Part of
// codec.hpp. Not here: numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "adapters/modbus/codec.hpp"

namespace modbus {

/// Ends at the first NUL; trailing blanks go. What is not of the character set becomes U+FFFD.
std::string decode_text(const encoding& how, std::span<const std::uint16_t> registers);
/// Filled up with NULs.
encoded encode_text(const encoding& how, std::string_view text);

/// "0AFF", every byte of the registers.
std::string decode_bytes(const encoding& how, std::span<const std::uint16_t> registers);
/// Upper and lower case will do; there must be as many digits as the registers hold.
encoded encode_bytes(const encoding& how, std::string_view text);

}  // namespace modbus

// adapters/serial/bytes.hpp: bytes as they are written in a config: text with escapes, or hexadecimal; with places to be filled.
// Not here: the lines around them (script.hpp).
//
// Text:  \r \n \t \\ \" \{ \} \x02; everything else stands for itself and is ASCII.
// Hex:   42 4D 00 1C, blanks as you like.
// Places, in either: {address} a name's text; {ident.5} the fifth character of what was captured as ident; {check} the device's
// check value of what comes before; {500.0..560.0} in samples: a number that moves between the two, with as many digits. In hex
// the two are hexadecimal digits of one width: {0000..01FF}.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/serial/check.hpp"

namespace serial {

struct byte_piece {
    enum class kind : std::uint8_t { literal, name, check, moving };
    byte_piece::kind is = kind::literal;
    std::string text;                   // literal: the bytes; name: the name
    std::size_t character = 0;          // name: this character alone, from 1; 0: all
    bool hex = false;                   // moving: how it is written
    std::uint8_t digits = 0;            // moving: of the whole number, decimals included
    std::uint8_t decimals = 0;          // moving
    std::uint64_t least = 0, most = 0;  // moving: without the point
};
using byte_pattern = std::vector<byte_piece>;

constexpr std::size_t bytes_max = 4096;

/// Reads one. `fault` isn't empty if that failed, and says why and where.
byte_pattern parse_bytes(std::string_view text, bool hex, std::string& fault);
/// Reads the value of a key: "hex 42 4D", or text. Without places.
std::string parse_plain_bytes(std::string_view text, std::string& fault);

/// What to put in the places.
struct filling {
    std::function<std::string(const std::string& name)> named;
    const check_rule* check = nullptr;
    std::uint64_t step = 0;  // of moving numbers: the period is 60 steps
};
std::string filled(const byte_pattern& pattern, const filling& with);
bool is_literal(const byte_pattern& pattern);

}  // namespace serial

// adapters/serial/check.hpp: check values of frames: which bytes they cover, where they stand, how they are written.
// Not here: where a frame begins and ends (frame.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace serial {

enum class check_kind : std::uint8_t {
    none,
    xor8,
    sum8,
    sum8_negated,
    lrc,  // sum8_negated of the bytes that the covered hex digits spell, as in Modbus ASCII
    sum16,
    crc8,
    crc16_modbus,
    crc16_arc,
    crc16_ccitt,
    crc16_xmodem,
    crc16_x25,
    crc32
};

struct check_row {
    check_kind kind;
    std::string_view name;
    std::uint8_t bytes;
    std::uint32_t polynomial, initial, final_xor;  // CRCs; the polynomial as it is used: reversed if `reflected`
    bool reflected;
    bool little_by_default;  // in binary
};
std::span<const check_row> check_rows();
const check_row& row_of(check_kind kind);

/// The value covers the bytes from `from` on, up to `mark` if there is one, else up to the value itself.
struct check_rule {
    check_kind kind = check_kind::none;
    std::size_t from = 0;      // bytes at the frame's beginning that aren't covered
    std::string mark;          // stands right before the value: "*"
    bool covers_mark = false;  // whether the mark itself is covered
    std::size_t after = 0;     // bytes behind the value, not covered
    bool hex = false;          // written as hexadecimal digits, the most significant first
    bool little = false;       // binary: the least significant byte first
    bool if_present = false;   // a frame may lack it
    std::size_t width() const { return row_of(kind).bytes * (hex ? 2u : 1u); }
};

enum class verdict : std::uint8_t { good, absent, bad };
struct checked {
    serial::verdict verdict = verdict::bad;
    std::size_t body = 0;  // the frame's bytes before the mark and the value
};
checked verify(const check_rule& rule, std::string_view frame);

/// The value as it is written behind `so_far`: a frame's beginning up to and including the mark.
std::string check_value(const check_rule& rule, std::string_view so_far);

std::uint32_t compute(check_kind kind, std::string_view bytes);
/// The value of a hexadecimal digit; 16: it is none.
unsigned hex_digit(char c);

}  // namespace serial

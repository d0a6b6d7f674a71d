// adapters/modbus/codec.hpp: registers to values and back, by one table of types: what the bits of a point mean.
// Not here: which registers to read (plan.hpp), how a config says all this (points.hpp).
//
// Two switches express every order in use: the registers may come lowest first (words_swapped), and the bytes within each
// register too (bytes_swapped). The usual letters name the bytes from the most significant one, A, in the order in which
// they arrive: ABCD neither, CDAB words, BADC bytes, DCBA both; for eight bytes ABCDEFGH, GHEFCDAB, BADCFEHG, HGFEDCBA.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/modbus/codec_decimal.hpp"

namespace modbus {

/// The device itself says that it has no value now.
struct no_value {
    bool operator==(const no_value&) const = default;
};
using value = std::variant<no_value, bool, std::int64_t, std::uint64_t, float, double, std::string>;

enum class value_type : std::uint8_t {
    boolean,
    int8,
    uint8,
    int8_high,
    uint8_high,
    int16,
    uint16,
    int24,
    uint24,
    int32,
    uint32,
    int48,
    uint48,
    int64,
    uint64,
    float16,
    float32,
    float64,
    bcd16,
    bcd32,
    bcd64,
    string,
    string8,
    m10k32,
    m10k48,
    m10k64,
    m10k32_signed,
    m10k48_signed,
    m10k64_signed,
    sm16,
    sm32,
    bytes,
    unix32,
    unix64,
    unix64_ms,
    datetime3,
    datetime4,
    datetime6,
    cp56time2a,
    bcd_date,
    bcd_datetime
};
/// mod10000: each register is a digit of 0..9999, negative ones in the signed form. sign_magnitude: the top bit is the sign.
/// bytes: shown as hexadecimal text. time: shown as ISO 8601 text.
enum class number_form : std::uint8_t {
    boolean,
    natural,
    integer,
    floating,
    bcd,
    text,
    mod10000,
    mod10000_signed,
    sign_magnitude,
    bytes,
    time
};
/// Whether its raw values are whole numbers: it can be scaled, named and counted.
bool is_integer(number_form form);

/// One row of the table of types.
struct type_row {
    std::string_view name;
    value_type type;
    number_form form;
    std::uint8_t bits;       // the least significant ones of the registers, but for int8_high and uint8_high
    std::uint8_t registers;  // 0: as the user says
};
const type_row& row_of(value_type type);
std::span<const type_row> type_rows();
const type_row* find_type(std::string_view name);  // null: there is none
std::string register_type_names();                 // "int8, uint8, …": what may be written for a register
std::string with_article(const type_row& type);    // "an int16"

struct register_order {
    bool words_swapped = false;
    bool bytes_swapped = false;
    bool operator==(const register_order&) const = default;
};
/// Letters of the type's own width, or the four-letter names for any width; either case. Nothing: they don't fit the type.
std::optional<register_order> parse_order(std::string_view letters, const type_row& type);
std::string order_names(const type_row& type);  // "ABCD, CDAB, BADC, DCBA"; empty: a type of one byte has no order

enum class charset : std::uint8_t { utf8, latin1, ascii };

/// Some neighbouring bits of a number, which are a number of their own; of a signed type a signed one.
struct bit_field {
    std::uint8_t first = 0;  // the least significant, counted from that of the number
    std::uint8_t width = 1;
    bool operator==(const bit_field&) const = default;
};

/// How a value lies in its registers. A coil's or discrete input's is `boolean`, one register that holds 0 or 1.
struct encoding {
    value_type type = value_type::uint16;
    std::uint16_t registers = 1;
    register_order order;
    std::optional<std::uint8_t> bit;       // the value is this bit, counted from the least significant, of an unsigned type
    scaling scale;                         // numbers without names only
    std::vector<std::uint64_t> null_bits;  // raw patterns that mean "no value"; NaN and infinities always do
    std::vector<std::pair<std::int64_t, std::string>> names;  // integers and bools: what a number is called
    charset text = charset::utf8;
    std::optional<bit_field> field;                           // of an integer or natural type; not with bit
    std::vector<std::pair<std::uint8_t, std::string>> flags;  // of a natural type: the names of its bits; not with bit or field
    bool utc = false;                                         // a time: the device keeps UTC
};

struct decoded {
    modbus::value value;
    std::string failure;  // empty: `value` holds; else why these registers hold no value of the type
};
/// Integers stay exact (int64_t for signed types, else uint64_t). Scaled ones become double, float32 and float16 stay float.
/// A number that has a name becomes that text; one without stays a number. Text is always valid UTF-8. Flags become the names
/// of the bits that are set, "alarm,pump", in the order of `flags`; bits without a name aren't told. Bytes become "0AFF". Times
/// become "2026-11-22T20:15:10", dates "2026-11-22", with a Z after a time if the device keeps UTC.
/// Requires: registers.size() == how.registers.
decoded decode(const encoding& how, std::span<const std::uint16_t> registers);

struct encoded {
    std::vector<std::uint16_t> registers;
    std::string failure;  // empty: `registers` holds; else why the value doesn't fit
};
/// The inverse of decode(). Bits that the value doesn't own (owned_bits) are 0. A number must be one that decode() can
/// give: 21.37 at a scale of 0.1 is refused, not rounded.
encoded encode(const encoding& how, const value& what);

/// Which bits of its registers the value owns, register by register: all, but for a bit, a field, flags and the types of 8 bits.
std::vector<std::uint16_t> owned_bits(const encoding& how);

/// The least and the greatest raw number of a type that is_integer().
struct raw_range {
    wide_integer least = 0;
    wide_integer most = 0;
};
raw_range raw_range_of(const type_row& type);
raw_range raw_range_of(const encoding& how);  // of its field, if it has one
/// The raw number of a type that is_integer(), or why there is none.
struct raw_number {
    wide_integer number = 0;
    std::string failure;
};
raw_number raw_number_of(const encoding& how, std::span<const std::uint16_t> registers);
/// Whether these registers hold one of the patterns that mean "no value".
bool is_null_pattern(const encoding& how, std::span<const std::uint16_t> registers);
/// The value that decode() gives for this raw number of a type that is_integer(): scaled or named. Requires: in range.
value value_of_raw(const encoding& how, wide_integer raw);
/// The bit pattern of a number as a person writes it for `null`: 0x… is the pattern itself, a decimal the number. Nothing: it
/// doesn't fit the type.
std::optional<std::uint64_t> parse_null_bits(std::string_view written, const type_row& type);

}  // namespace modbus

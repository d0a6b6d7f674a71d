// adapters/serial/fields.hpp: where in a frame a point's value stands, and what it means.
// Not here: which frame it is (message_match.hpp), and the config's keys (definition.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/serial/frame.hpp"
#include "adapters/serial/pattern.hpp"
#include "adapters/serial/value.hpp"

namespace serial {

/// How a value is found: by number between separators, as a group of a pattern, behind a key (`key(value*unit)`), in columns of
/// the text, or at an offset in the bytes.
enum class place_kind : std::uint8_t { field, group, key, columns, offset };
enum class field_type : std::uint8_t {
    number,
    text,
    hex,
    coordinate,
    timestamp,
    int8,
    uint8,
    int16,
    uint16,
    int24,
    uint24,
    int32,
    uint32,
    int64,
    uint64,
    float32,
    float64,
    bcd
};

struct type_row {
    std::string_view name;
    field_type type;
    std::uint8_t bytes;  // at an offset; 0: as `length` says
    bool is_integer;     // of bytes
};
const type_row& row_of(field_type type);
const type_row* find_type(std::string_view name);

/// "2 = A|D": only then is there a value.
struct condition {
    std::size_t where = 0;  // a place of the point's own kind
    std::string key;        // … if that is `key`
    bool negated = false;
    std::vector<std::string> texts;
};

struct field {
    place_kind place = place_kind::field;
    std::size_t where = 0;  // field: its number from 0; group: its number; columns: the first, from 0; offset
    std::size_t last = 0;   // columns: the last, included
    std::string separator = ",";
    std::optional<serial::pattern> pattern;
    std::string key;
    int value_number = 0;  // of a key's parentheses, from 0; negative: from the last one, -1
    std::string unit;      // of a key's value, as sent; empty: whatever it is

    field_type type = field_type::number;
    std::size_t length = 0;  // bytes at an offset, of text and bcd
    bool little = false;
    std::optional<std::pair<std::uint8_t, std::uint8_t>> bits;  // first, last; one bit is a bool
    decimal scale{1, 0}, offset{0, 0};
    std::vector<std::string> null;  // as sent, or equal as numbers
    std::vector<std::pair<std::string, std::string>> names;
    std::optional<std::size_t> sign;  // where N, E, +, or S, W, - stands
    std::optional<std::size_t> join;  // where the rest of a timestamp stands
    std::optional<condition> valid_if;
    std::string format;               // of a timestamp
    std::optional<int> zone_minutes;  // east of Greenwich
};

struct decoded {
    serial::value value;
    std::string failure;  // empty: `value` holds
};
decoded decode(const field& how, const frame& from);

/// Why the format isn't one; empty: it is. It is made of YYYY YY MM DD hh mm ss, f (a decimal point and digits, or nothing), X
/// (S: summer time, W: winter time), and characters that stand for themselves.
std::string fault_of_format(std::string_view format, bool has_zone);
/// 1994-03-23T12:35:19Z; nothing: the text isn't of the format, or is no time.
std::optional<std::string> read_timestamp(std::string_view text, std::string_view format, std::optional<int> zone_minutes);
/// 4807.038 (degrees and minutes) to 48.1173; nothing: it is none.
std::optional<double> read_coordinate(std::string_view text);

/// The field of this number; a field in double quotes may contain separators, and loses the quotes. A separator of one blank
/// stands for any number of them.
std::optional<std::string_view> nth_field(std::string_view text, std::string_view separator, std::size_t number);
/// The values in parentheses behind the key; those of the next line go on if it begins with one. Nothing: no such key.
/// `ambiguous`: it comes twice, with different values.
std::optional<std::vector<std::string_view>> values_of(std::string_view text, std::string_view key, bool& ambiguous);

}  // namespace serial

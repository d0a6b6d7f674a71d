// adapters/modbus/points_encoding.cpp: a point's type, order, scale, names and null patterns, checked against each other.
// Not here: the point's place (points.cpp), what the encoding does (codec.cpp).
#include <algorithm>
#include <charconv>

#include "adapters/modbus/points.hpp"

namespace modbus {
namespace {

using tidegate::settings;

/// One point on its way through the checks.
struct reading_point {
    const settings& written;
    std::size_t index;
    point& to;
    tidegate::faults& faults;

    const tidegate_setting* find(std::string_view path) const { return written.find(path); }
    void fault(const std::string& path, const std::string& message) { faults.point(index, path, message); }
};

void refuse(reading_point& at, std::string_view path, const std::string& why) {
    if (at.find(path)) at.fault(std::string(path), std::string(path) + ' ' + why);
}

void read_names(reading_point& at) {
    for (const auto& setting : at.written.all()) {
        if (std::string_view(setting.path) != "enum") continue;
        at.to.how.names.emplace_back(setting.integer, setting.text);
    }
}

/// Coils and discrete inputs are bools and nothing else.
void read_bit_table(reading_point& at) {
    at.to.how.type = value_type::boolean;
    if (const auto* type = at.find("type"); type && std::string_view(type->text) != "bool")
        at.fault("type", "a " + std::string(table_name(at.to.from)) + " is one bit: type can only be bool, and may be left out");
    for (const std::string_view path :
         {"order", "scale", "offset", "bit", "bits", "flags", "length", "null", "charset", "utc", "continued_at", "wrap"})
        refuse(at, path, "is for registers: a " + std::string(table_name(at.to.from)) + " is one bit, true or false");
    for (const std::string map : {"scale_register", "ratio_register"})
        if (at.written.has_map(map))
            at.fault(map, map + " is for registers: a " + std::string(table_name(at.to.from)) + " is one bit, true or false");
    read_names(at);
}

/// Null: a fault was reported.
const type_row* read_type(reading_point& at) {
    const auto* type = at.find("type");
    const bool has_bit = at.find("bit") != nullptr;
    if (!type && (has_bit || at.find("bits") || at.find("flags"))) return &row_of(value_type::uint16);
    if (!type) {
        at.fault("", "a register needs its type, one of " + register_type_names() + "; or bit: 0..15 for a single bit of it");
        return nullptr;
    }
    const type_row* row = find_type(type->text);
    if (!row) {
        at.fault("type", '"' + std::string(type->text) + "\" is no type; there are " + register_type_names());
        return nullptr;
    }
    if (row->form != number_form::boolean) return row;
    if (has_bit) return &row_of(value_type::uint16);
    at.fault("type", "a bool in a register needs to know which bit: add bit: 0..15 (0 is the least significant)");
    return nullptr;
}

void read_length(reading_point& at, const type_row& type) {
    at.to.count = type.registers;
    if (type.form != number_form::text && type.form != number_form::bytes) {
        refuse(at, "length",
               "is for string, string8 and bytes only: " + with_article(type) + " has " + std::to_string(type.registers) +
                   (type.registers == 1 ? " register" : " registers"));
    } else if (const auto* length = at.find("length")) {
        if (length->integer >= 1 && length->integer <= 125)
            at.to.count = static_cast<std::uint16_t>(length->integer);
        else
            at.fault("length", "length is in registers, 1..125: " + std::string(length->text) + " doesn't fit one request");
    } else {
        at.fault("", with_article(type) + (type.form == number_form::bytes ? " need" : " needs") + " length, in registers (" +
                         (type.form == number_form::bytes   ? "2 bytes"
                          : type.type == value_type::string ? "2 characters"
                                                            : "1 character") +
                         " each)");
    }
    if (at.to.count == 0) at.to.count = 1;  // after a fault: goes on to find others
    at.to.how.registers = at.to.count;
}

void read_order(reading_point& at, const type_row& type) {
    const auto* order = at.find("order");
    if (!order) return;
    const std::string valid = order_names(type);
    if (valid.empty()) {
        at.fault("order", with_article(type) + " is one byte and has no order; " +
                              "int8 and uint8 are the low byte of the register, int8_high and uint8_high the high one");
    } else if (const auto parsed = parse_order(order->text, type)) {
        at.to.how.order = *parsed;
    } else {
        at.fault("order", "order " + std::string(order->text) + " doesn't fit " + with_article(type) + ": write one of " + valid +
                              " (the bytes as they arrive, A the most significant)");
    }
}

void read_bit(reading_point& at, const type_row& type) {
    const auto* bit = at.find("bit");
    if (!bit) return;
    if (type.form != number_form::natural) {
        at.fault("bit", "bit needs an unsigned type (uint16, the default, uint32 …), not " + std::string(type.name));
    } else if (bit->integer < 0 || bit->integer >= type.bits) {
        at.fault("bit", "bit " + std::string(bit->text) + " is not in " + with_article(type) + ": 0.." +
                            std::to_string(type.bits - 1) + ", 0 is the least significant");
    } else {
        at.to.how.bit = static_cast<std::uint8_t>(bit->integer);
    }
}

/// "4-7" or "4"; nothing: neither.
std::optional<bit_field> parse_field(std::string_view text) {
    unsigned first = 0;
    const char* const end = text.data() + text.size();
    auto read = std::from_chars(text.data(), end, first);
    if (read.ec != std::errc{}) return std::nullopt;
    unsigned last = first;
    if (read.ptr != end) {
        if (*read.ptr != '-') return std::nullopt;
        read = std::from_chars(read.ptr + 1, end, last);
        if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    }
    if (first > last || last > 63) return std::nullopt;
    return bit_field{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last - first + 1)};
}

void read_field(reading_point& at, const type_row& type) {
    const auto* bits = at.find("bits");
    if (!bits) return;
    const auto field = parse_field(bits->text);
    if (at.find("bit")) {
        at.fault("bits", "bit takes a single bit as true or false and bits several as a number: write one of them");
    } else if (type.form != number_form::natural && type.form != number_form::integer) {
        at.fault("bits", "bits needs a whole number (uint16, the default, int32 …), not " + std::string(type.name));
    } else if (!field) {
        at.fault("bits",
                 "bits " + std::string(bits->text) + " is no range of bits: write the lowest and the highest, such as 4-7");
    } else if (field->first + field->width > type.bits) {
        at.fault("bits", "bits " + std::string(bits->text) + " is not in " + with_article(type) + ": 0-" +
                             std::to_string(type.bits - 1) + ", 0 is the least significant");
    } else {
        at.to.how.field = field;
    }
}

/// A name that may be one of several in a text that commas separate.
bool is_flag_name(std::string_view name) {
    return !name.empty() && name.find(',') == std::string_view::npos && name.front() != ' ' && name.back() != ' ';
}

void read_flags(reading_point& at, const type_row& type) {
    auto& flags = at.to.how.flags;
    for (const auto& setting : at.written.all()) {
        if (std::string_view(setting.path) != "flags") continue;
        const std::string name = setting.text;
        if (type.form != number_form::natural)
            return at.fault("flags",
                            "flags needs an unsigned type (uint16, the default, uint32 …), not " + std::string(type.name));
        if (setting.integer < 0 || setting.integer >= type.bits)
            return at.fault("flags", "flags names bit " + std::to_string(setting.integer) + ", which is not in " +
                                         with_article(type) + ": 0.." + std::to_string(type.bits - 1) +
                                         ", 0 is the least significant");
        if (!is_flag_name(name))
            return at.fault("flags", "the name of bit " + std::to_string(setting.integer) +
                                         " may not be empty, contain a comma, or begin or end with a blank");
        if (std::any_of(flags.begin(), flags.end(), [&](const auto& flag) { return flag.second == name; }))
            return at.fault("flags", "two bits have the name " + name + ": each needs its own");
        flags.emplace_back(static_cast<std::uint8_t>(setting.integer), name);
    }
    if (flags.empty()) return;
    for (const std::string_view path : {"bit", "bits", "enum"})
        refuse(at, path, "and flags exclude each other: flags names all bits at once");
}

/// Nothing: a fault was reported.
std::optional<decimal> read_decimal(reading_point& at, const std::string& path, decimal otherwise) {
    const auto* setting = at.find(path);
    if (!setting) return otherwise;
    const auto number = parse_decimal(setting->text);
    if (!number)
        at.fault(path, path + " must be a decimal number of at most 18 digits, such as 0.1 or -40, not " + setting->text);
    return number;
}

void read_scaling(reading_point& at, const type_row& type) {
    const bool has_names = !at.to.how.names.empty();
    const bool is_number = is_integer(type.form) || type.form == number_form::floating;
    if (!is_number || at.to.how.bit || !at.to.how.flags.empty() || has_names) {
        const std::string why = has_names ? "and enum exclude each other: enum names the raw numbers" : "is for numbers";
        refuse(at, "scale", why);
        refuse(at, "offset", why);
        return;
    }
    const auto scale = read_decimal(at, "scale", decimal{1, 0});
    const auto offset = read_decimal(at, "offset", decimal{0, 0});
    if (!scale || !offset) return;
    if (scale->digits == 0) return at.fault("scale", "scale 0 would make every value the same; 1 is the default");
    if (const auto scaling = scaling::make(*scale, *offset))
        at.to.how.scale = *scaling;
    else
        at.fault("offset", "scale and offset lie too far apart: together they need more than 18 digits");
}

void check_names(reading_point& at, const type_row& type) {
    if (at.to.how.names.empty()) return;
    if (!is_integer(type.form) && type.form != number_form::boolean)
        return at.fault("enum", "enum is for integers and bits, not for " + with_article(type));
    const bool is_bit = at.to.how.bit || type.form == number_form::boolean;
    const auto range = is_bit ? raw_range{0, 1} : raw_range_of(at.to.how);
    for (const auto& [number, name] : at.to.how.names)
        if (number < range.least || number > range.most)
            at.fault("enum", "enum names " + std::to_string(number) + ", which " +
                                 (at.to.how.bit     ? "a bit"
                                  : at.to.how.field ? "these bits"
                                                    : with_article(type)) +
                                 (at.to.how.field ? " never hold" : " never holds"));
}

void read_nulls(reading_point& at, const type_row& type) {
    if (type.form == number_form::text) return refuse(at, "null", "is for numbers: an empty string is an empty text");
    if (type.form == number_form::bytes) return refuse(at, "null", "is for numbers and times, not for bytes");
    for (const auto& setting : at.written.all()) {
        if (std::string_view(setting.path) != "null") continue;
        if (const auto bits = parse_null_bits(setting.text, type))
            at.to.how.null_bits.push_back(*bits);
        else
            at.fault("null", "null " + std::string(setting.text) + " is nothing that " + with_article(type) +
                                 " can hold before scaling; write the raw number, or its bits as 0x…");
    }
}

void read_charset(reading_point& at, const type_row& type) {
    if (type.form != number_form::text) return refuse(at, "charset", "is for string and string8 only");
    const auto* written = at.find("charset");
    if (!written) return;
    const std::string_view text = written->text;
    at.to.how.text = text == "latin1" ? charset::latin1 : text == "ascii" ? charset::ascii : charset::utf8;
}

void read_utc(reading_point& at, const type_row& type) {
    const auto* written = at.find("utc");
    const bool has_time =
        type.form == number_form::time && type.type != value_type::datetime3 && type.type != value_type::bcd_date;
    if (!has_time) return refuse(at, "utc", "is for times, not for " + with_article(type));
    const bool counts_seconds =
        type.type == value_type::unix32 || type.type == value_type::unix64 || type.type == value_type::unix64_ms;
    at.to.how.utc = written ? written->integer != 0 : counts_seconds;
}

}  // namespace

void read_encoding(const tidegate::settings& written, std::size_t index, point& to, tidegate::faults& faults) {
    reading_point at{written, index, to, faults};
    if (is_bits(to.from)) {
        read_bit_table(at);
        if (!to.how.names.empty()) check_names(at, row_of(value_type::boolean));
        return;
    }
    const type_row* type = read_type(at);
    if (!type) return;
    to.how.type = type->type;
    read_length(at, *type);
    read_order(at, *type);
    read_bit(at, *type);
    read_field(at, *type);
    read_flags(at, *type);
    read_names(at);
    check_names(at, *type);
    read_scaling(at, *type);
    read_nulls(at, *type);
    read_charset(at, *type);
    read_utc(at, *type);
}

}  // namespace modbus

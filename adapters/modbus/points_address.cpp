// adapters/modbus/points_address.cpp: addresses in both notations, read and written.
// Not here: what lies at an address.
#include <algorithm>
#include <array>
#include <charconv>

#include "adapters/modbus/points.hpp"

namespace modbus {
namespace {

constexpr std::uint32_t most_of_five_digits = 9999;
constexpr std::uint32_t most_of_six_digits = 65536;

char leading_digit(table which) {
    switch (which) {
        case table::coil:
            return '0';
        case table::discrete:
            return '1';
        case table::input:
            return '3';
        case table::holding:
            break;
    }
    return '4';
}

std::optional<table> table_of_digit(char digit) {
    for (const auto which : {table::coil, table::discrete, table::input, table::holding})
        if (leading_digit(which) == digit) return which;
    return std::nullopt;
}

/// Number `number`, which counts from 1, with `digits` digits after the table's.
std::string modicon_number(table which, std::uint32_t number, std::size_t digits) {
    std::string text = std::to_string(number);
    if (text.size() < digits) text.insert(0, digits - text.size(), '0');
    return leading_digit(which) + text;
}

std::string both_notations(const std::string& register_example, const std::string& holding_example) {
    return "; in Modicon notation write register: " + register_example +
           " (coils 00001, discrete inputs 10001, input registers 30001, holding registers 40001 and up, or six digits, "
           "400001), or give the protocol address, which counts from 0, as holding: " +
           holding_example + " (or input, coil, discrete)";
}

/// What a number that is no Modicon notation may have been meant as.
std::string meant(std::uint32_t number) {
    if (number == 0 || number > most_of_six_digits) return both_notations("40108", "107");
    const std::size_t digits = number <= most_of_five_digits ? 4 : 5;
    return both_notations(modicon_number(table::holding, number, digits), std::to_string(std::min(number, 65535u)));
}

}  // namespace

namespace {

/// "4x108", with as many digits as there are.
std::optional<location> parse_with_x(std::string_view text, std::string& fault) {
    const std::string quoted = "register " + std::string(text);
    const auto from = table_of_digit(text[0]);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), number);
    const bool is_number = error == std::errc{} && end == text.data() + text.size() && text.size() <= 8;
    if (!from)
        fault = quoted + " begins with " + text[0] + ", which is no table" + both_notations("4x00108", "107");
    else if (!is_number)
        fault = quoted + " is no number behind the table" + both_notations("4x00108", "107");
    else if (number == 0 || number > most_of_six_digits)
        fault = quoted + " is out of range: Modicon notation counts from 1 to 65536" + both_notations("4x00108", "107");
    else
        return location{*from, static_cast<std::uint16_t>(number - 1)};
    return std::nullopt;
}

}  // namespace

std::optional<location> parse_modicon(std::string_view text, std::string& fault) {
    const std::string quoted = "register " + std::string(text);
    // 0x00017 would be hexadecimal for others: coils are written 00017.
    if (text.size() > 1 && text[0] != '0' && (text[1] == 'x' || text[1] == 'X')) return parse_with_x(text, fault);
    std::uint32_t whole = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error != std::errc{} || end != text.data() + text.size()) {
        fault = quoted + " is not a number of five or six digits" + both_notations("40108", "107");
        return std::nullopt;
    }
    if (text.size() != 5 && text.size() != 6) {
        fault = quoted + " has neither five nor six digits" + meant(whole);
        return std::nullopt;
    }
    const auto from = table_of_digit(text[0]);
    if (!from) {
        fault = quoted + " begins with " + text[0] + ", which is no table" + meant(whole);
        return std::nullopt;
    }
    std::uint32_t number = 0;
    std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (number == 0) {
        fault = quoted + " would be number 0, and Modicon notation counts from 1" +
                both_notations(modicon_number(*from, 1, text.size() - 1), std::to_string(whole));
        return std::nullopt;
    }
    if (number > most_of_six_digits) {
        fault =
            quoted + " is beyond the last one, " + modicon_number(*from, most_of_six_digits, 5) + both_notations("40108", "107");
        return std::nullopt;
    }
    return location{*from, static_cast<std::uint16_t>(number - 1)};
}

std::string_view table_name(table which) {
    switch (which) {
        case table::coil:
            return "coil";
        case table::discrete:
            return "discrete";
        case table::input:
            return "input";
        case table::holding:
            break;
    }
    return "holding";
}

std::string protocol_range(table which, std::uint32_t address, std::uint32_t count) {
    std::string text = std::string(table_name(which)) + ' ' + std::to_string(address);
    return count > 1 ? text + ".." + std::to_string(address + count - 1) : text;
}

std::string modicon_range(table which, std::uint32_t address, std::uint32_t count) {
    const std::size_t digits = address + count <= most_of_five_digits ? 4 : 5;
    const std::string first = modicon_number(which, address + 1, digits);
    return count > 1 ? first + ".." + modicon_number(which, address + count, digits) : first;
}

}  // namespace modbus

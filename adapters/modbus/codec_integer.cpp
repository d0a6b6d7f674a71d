// adapters/modbus/codec_integer.cpp: see the header.
// Not here: registers.
#include "adapters/modbus/codec_integer.hpp"

#include <cassert>

namespace modbus {
namespace {

using form = number_form;
constexpr wide_integer ten_thousand = 10000;

/// Two's complement of `width` bits.
std::int64_t sign_extended(std::uint64_t bits, unsigned width) {
    const unsigned unused = 64 - width;
    return static_cast<std::int64_t>(bits << unused) >> unused;
}

raw_number number_of_ten_thousands(std::uint64_t bits, unsigned width) {
    wide_integer number = 0;
    for (unsigned at = width; at > 0; at -= 16) {
        const std::uint64_t digit = bits >> (at - 16) & 0xFFFF;
        if (digit >= 10000) return {0, "a register holds " + std::to_string(digit) + ", and each goes to 9999"};
        number = number * ten_thousand + static_cast<wide_integer>(digit);
    }
    return {number, {}};
}

/// All registers of a negative number are negative, or 0.
raw_number number_of_signed_ten_thousands(std::uint64_t bits, unsigned width) {
    wide_integer number = 0;
    bool positive = false, negative = false;
    for (unsigned at = width; at > 0; at -= 16) {
        const std::int64_t digit = sign_extended(bits >> (at - 16) & 0xFFFF, 16);
        if (digit > 9999 || digit < -9999)
            return {0, "a register holds " + std::to_string(digit) + ", and each goes from -9999 to 9999"};
        positive = positive || digit > 0;
        negative = negative || digit < 0;
        number = number * ten_thousand + digit;
    }
    if (positive && negative) return {0, "some of its registers are negative and others positive"};
    return {number, {}};
}

std::uint64_t ten_thousands_of_number(wide_integer number) {
    std::uint64_t bits = 0;
    for (unsigned at = 0; number != 0; at += 16, number /= ten_thousand)
        bits |= (static_cast<std::uint64_t>(number % ten_thousand) & 0xFFFF) << at;
    return bits;
}

}  // namespace

raw_number number_of_bcd(std::uint64_t bits, unsigned width) {
    std::uint64_t number = 0;
    for (unsigned at = width; at > 0; at -= 4) {
        const std::uint64_t digit = bits >> (at - 4) & 0xF;
        if (digit > 9) return {0, hexadecimal(bits, width) + " is not a BCD number: a digit is beyond 9"};
        number = number * 10 + digit;
    }
    return {static_cast<wide_integer>(number), {}};
}

std::uint64_t bcd_of_number(std::uint64_t number) {
    std::uint64_t bits = 0;
    for (unsigned at = 0; number != 0; at += 4, number /= 10) bits |= number % 10 << at;
    return bits;
}

std::string hexadecimal(std::uint64_t bits, unsigned width) {
    std::string text = "0x";
    for (unsigned at = width; at > 0; at -= 4) text += "0123456789ABCDEF"[bits >> (at - 4) & 0xF];
    return text;
}

raw_number number_of_bits(const encoding& how, std::uint64_t bits) {
    const type_row& type = row_of(how.type);
    unsigned width = type.bits;
    if (how.field) {
        width = how.field->width;
        bits = bits >> how.field->first & mask_of(width);
    }
    switch (type.form) {
        case form::natural:
            return {static_cast<wide_integer>(bits), {}};
        case form::integer:
            return {sign_extended(bits, width), {}};
        case form::bcd:
            return number_of_bcd(bits, width);
        case form::mod10000:
            return number_of_ten_thousands(bits, width);
        case form::mod10000_signed:
            return number_of_signed_ten_thousands(bits, width);
        case form::sign_magnitude: {
            const auto magnitude = static_cast<wide_integer>(bits & mask_of(width - 1));
            return {(bits >> (width - 1) & 1) != 0 ? -magnitude : magnitude, {}};
        }
        case form::boolean:
        case form::floating:
        case form::text:
        case form::bytes:
        case form::time:
            break;
    }
    assert(false);
    return {};
}

std::uint64_t bits_of_number(const encoding& how, wide_integer number) {
    const type_row& type = row_of(how.type);
    switch (type.form) {
        case form::bcd:
            return bcd_of_number(static_cast<std::uint64_t>(number));
        case form::mod10000:
        case form::mod10000_signed:
            return ten_thousands_of_number(number);
        case form::sign_magnitude:
            return number < 0 ? static_cast<std::uint64_t>(-number) | std::uint64_t{1} << (type.bits - 1)
                              : static_cast<std::uint64_t>(number);
        default:
            break;
    }
    const auto bits = static_cast<std::uint64_t>(number);
    return how.field ? (bits & mask_of(how.field->width)) << how.field->first : bits;
}

}  // namespace modbus

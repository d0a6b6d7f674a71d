// adapters/modbus/codec_text.cpp: see the header.
// Not here: numbers.
#include "adapters/modbus/codec_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace modbus {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// The length of the valid UTF-8 sequence at the start of `text`; 0: there is none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
    const auto continues = [&](std::size_t at) { return (byte(at) & 0xC0u) == 0x80u; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned least = first == 0xE0 ? 0xA0u : 0x80u;
        const unsigned most = first == 0xED ? 0x9Fu : 0xBFu;  // no surrogates
        return byte(1) >= least && byte(1) <= most && continues(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned least = first == 0xF0 ? 0x90u : 0x80u;
        const unsigned most = first == 0xF4 ? 0x8Fu : 0xBFu;
        return byte(1) >= least && byte(1) <= most && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

std::string utf8_of_utf8(std::string_view bytes) {
    std::string text;
    while (!bytes.empty()) {
        const std::size_t length = sequence_length(bytes);
        text += length == 0 ? replacement : bytes.substr(0, length);
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    return text;
}

std::string utf8_of_bytes(std::string_view bytes, charset from) {
    if (from == charset::utf8) return utf8_of_utf8(bytes);
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else if (from == charset::ascii) {
            text += replacement;
        } else {
            text += static_cast<char>(0xC0u | byte >> 6);
            text += static_cast<char>(0x80u | (byte & 0x3Fu));
        }
    }
    return text;
}

/// Nothing: `text` isn't valid UTF-8, or has characters that `to` lacks.
std::optional<std::string> bytes_of_utf8(std::string_view text, charset to) {
    std::string bytes;
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        const auto first = static_cast<unsigned char>(text[0]);
        if (length == 0) return std::nullopt;
        if (length == 1 || to == charset::utf8) {
            bytes += text.substr(0, length);
        } else if (to == charset::latin1 && first <= 0xC3) {
            bytes += static_cast<char>((first & 0x03u) << 6 | (static_cast<unsigned char>(text[1]) & 0x3Fu));
        } else {
            return std::nullopt;
        }
        text.remove_prefix(length);
    }
    return bytes;
}

std::uint16_t swapped(std::uint16_t word) { return static_cast<std::uint16_t>(word << 8 | word >> 8); }

}  // namespace

std::string decode_text(const encoding& how, std::span<const std::uint16_t> registers) {
    std::string bytes;
    bytes.reserve(registers.size() * 2);
    for (const auto in_place : registers) {
        const std::uint16_t word = how.order.bytes_swapped ? swapped(in_place) : in_place;
        if (how.type == value_type::string) bytes += static_cast<char>(word >> 8);
        bytes += static_cast<char>(word & 0xFF);
    }
    bytes.resize(std::min(bytes.size(), bytes.find('\0')));
    bytes.resize(bytes.find_last_not_of(' ') + 1);  // npos + 1 is 0
    return utf8_of_bytes(bytes, how.text);
}

encoded encode_text(const encoding& how, std::string_view text) {
    const auto bytes = bytes_of_utf8(text, how.text);
    if (!bytes) return {{}, "the text has characters that the point's charset lacks"};
    const std::size_t characters = how.type == value_type::string ? 2 : 1;  // a register
    if (bytes->size() > how.registers * characters)
        return {{},
                "the text has " + std::to_string(bytes->size()) + " bytes, and there is room for " +
                    std::to_string(how.registers * characters)};
    encoded result;
    const auto byte = [&](std::size_t at) { return at < bytes->size() ? static_cast<unsigned char>((*bytes)[at]) : 0u; };
    for (std::size_t i = 0; i < how.registers; ++i) {
        const unsigned word = characters == 2 ? byte(2 * i) << 8 | byte(2 * i + 1) : byte(i);
        const auto in_order = static_cast<std::uint16_t>(word);
        result.registers.push_back(how.order.bytes_swapped ? swapped(in_order) : in_order);
    }
    return result;
}

std::string decode_bytes(const encoding& how, std::span<const std::uint16_t> registers) {
    std::string text;
    text.reserve(registers.size() * 4);
    for (const auto in_place : registers) {
        const std::uint16_t word = how.order.bytes_swapped ? swapped(in_place) : in_place;
        for (int at = 12; at >= 0; at -= 4) text += "0123456789ABCDEF"[word >> at & 0xF];
    }
    return text;
}

encoded encode_bytes(const encoding& how, std::string_view text) {
    if (text.size() != how.registers * 4u)
        return {{},
                "the text has " + std::to_string(text.size()) + " hexadecimal digits, and it takes " +
                    std::to_string(how.registers * 4) + ", two for each byte"};
    encoded result;
    for (std::size_t at = 0; at < text.size(); at += 4) {
        std::uint16_t word = 0;
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 4, word, 16);
        if (error != std::errc{} || end != text.data() + at + 4)
            return {{}, "\"" + std::string(text) + "\" has characters that are no hexadecimal digits"};
        result.registers.push_back(how.order.bytes_swapped ? swapped(word) : word);
    }
    return result;
}

}  // namespace modbus

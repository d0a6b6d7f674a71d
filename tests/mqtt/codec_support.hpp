// tests/mqtt/codec_support.hpp: bytes written as hex, and packets decoded from them, for the tests of codec and framer.
// Not here: anything that the code under test computes.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "mqtt/codec.hpp"

namespace mqtt::test {

inline unsigned digit(char c) {
    const auto at = std::string_view("0123456789abcdef").find(c);
    assert(at != std::string_view::npos);
    return static_cast<unsigned>(at);
}

/// "10 0c 'MQTT' ff" → bytes; what is between apostrophes stands for itself, blanks don't count.
inline std::string hex(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ') {
            ++at;
        } else if (text[at] == '\'') {
            const auto end = text.find('\'', at + 1);
            assert(end != std::string_view::npos);
            result.append(text.substr(at + 1, end - at - 1));
            at = end + 1;
        } else {
            result.push_back(static_cast<char>(digit(text.at(at)) << 4 | digit(text.at(at + 1))));
            at += 2;
        }
    }
    return result;
}

/// The inverse, for messages of failed checks.
inline std::string to_hex(std::string_view bytes) {
    std::string result;
    for (const char c : bytes) {
        const auto value = static_cast<unsigned char>(c);
        result += "0123456789abcdef"[value >> 4];
        result += "0123456789abcdef"[value & 15];
        result += ' ';
    }
    return result;
}

inline std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

inline decoded<packet> decode_hex(std::string_view text, version how, sender from) {
    return decode(as_bytes(hex(text)), how, from);
}

inline std::string encoded(const packet& what, version how) {
    std::string result;
    encode(what, how, result);
    return result;
}

}  // namespace mqtt::test

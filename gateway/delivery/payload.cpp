// gateway/delivery/payload.cpp: numbers by std::to_chars, times by calendar arithmetic, strings by RFC 8259: no locale anywhere.
// Not here: objects and their keys (pipeline.cpp).
#include "gateway/delivery/payload.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <chrono>
#include <cmath>
#include <type_traits>
#include <variant>

namespace gateway {
namespace {

constexpr std::int64_t last_ms = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

void write_digits(char* to, unsigned number, int digits) {
    for (int at = digits - 1; at >= 0; --at, number /= 10) to[at] = static_cast<char>('0' + number % 10);
}

/// The shortest form may have an exponent ("1e+20"), which is a number in JSON as well.
template <typename Number>
void append_number(std::string& to, Number number) {
    std::array<char, 32> text;
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
    assert(error == std::errc{});
    to.append(text.data(), end);
}

/// How many bytes at the front of `text` are one well-formed character (RFC 3629); 0: none are.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || text.size() < length) return 0;
    // The second byte keeps out overlong forms, surrogates, and what is beyond U+10FFFF.
    const unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(1) < least || byte(1) > most) return 0;
    for (std::size_t at = 2; at < length; ++at)
        if (byte(at) < 0x80 || byte(at) > 0xBF) return 0;
    return length;
}

void append_escaped(std::string& to, char control) {
    constexpr std::string_view hex = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(control);
    switch (control) {
        case '"':
            to += "\\\"";
            break;
        case '\\':
            to += "\\\\";
            break;
        case '\b':
            to += "\\b";
            break;
        case '\f':
            to += "\\f";
            break;
        case '\n':
            to += "\\n";
            break;
        case '\r':
            to += "\\r";
            break;
        case '\t':
            to += "\\t";
            break;
        default:
            to.append("\\u00").append(1, hex[code >> 4]).append(1, hex[code & 15]);
    }
}

bool is_finite(const value& what) {
    if (const auto* number = std::get_if<double>(&what)) return std::isfinite(*number);
    if (const auto* number = std::get_if<float>(&what)) return std::isfinite(*number);
    return true;
}

/// Text is the caller's: only its form differs between JSON and raw.
void append_plain(std::string& to, const value& what) {
    std::visit(
        [&](const auto& it) {
            using type = std::decay_t<decltype(it)>;
            if constexpr (std::is_same_v<type, bool>) {
                to += it ? "true" : "false";
            } else if constexpr (std::is_arithmetic_v<type>) {
                append_number(to, it);
            }
        },
        what);
}

}  // namespace

std::string format_timestamp(std::int64_t unix_ms) {
    using namespace std::chrono;
    const auto since = milliseconds(std::clamp<std::int64_t>(unix_ms, 0, last_ms));
    const auto days_since = floor<days>(since);
    const year_month_day date{sys_days(days_since)};
    const auto ms = static_cast<unsigned>((since - days_since).count());

    std::string text = "0000-00-00T00:00:00.000Z";
    write_digits(&text[0], static_cast<unsigned>(static_cast<int>(date.year())), 4);
    write_digits(&text[5], static_cast<unsigned>(date.month()), 2);
    write_digits(&text[8], static_cast<unsigned>(date.day()), 2);
    write_digits(&text[11], ms / 3'600'000, 2);
    write_digits(&text[14], ms / 60'000 % 60, 2);
    write_digits(&text[17], ms / 1000 % 60, 2);
    write_digits(&text[20], ms % 1000, 3);
    return text;
}

bool is_text(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t taken = bytes.front() == '\0' ? 0 : utf8_length(bytes);
        if (taken == 0) return false;
        bytes.remove_prefix(taken);
    }
    return true;
}

void append_json_string(std::string& to, std::string_view text) {
    to += '"';
    while (!text.empty()) {
        const char first = text.front();
        std::size_t taken = utf8_length(text);
        if (taken == 0) {
            to += "\xEF\xBF\xBD";
            taken = 1;
        } else if (first == '"' || first == '\\' || static_cast<unsigned char>(first) < 0x20) {
            append_escaped(to, first);
        } else {
            to += text.substr(0, taken);
        }
        text.remove_prefix(taken);
    }
    to += '"';
}

std::string json_text(std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    return quoted;
}

void append_json(std::string& to, const value& what) {
    if (const auto* text = std::get_if<std::string>(&what)) return append_json_string(to, *text);
    if (!has_raw_text(what)) {
        to += "null";
        return;
    }
    append_plain(to, what);
}

void append_raw(std::string& to, const value& what) {
    if (const auto* text = std::get_if<std::string>(&what)) {
        to += *text;
    } else if (has_raw_text(what)) {
        append_plain(to, what);
    }
}

bool has_raw_text(const value& what) { return !std::holds_alternative<no_value>(what) && is_finite(what); }

}  // namespace gateway

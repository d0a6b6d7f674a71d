// adapters/modbus/codec_time.cpp: see the header.
// Not here: zones. What a device takes for the time is told as it is; a time that doesn't exist is a failure.
#include "adapters/modbus/codec_time.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>

#include "adapters/modbus/codec_integer.hpp"

namespace modbus {
namespace {

struct moment {
    std::int64_t year = 0;
    unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0;
};

struct shape {
    bool has_time, has_milliseconds;
    std::int64_t first_year, last_year;
};
shape shape_of(value_type type) {
    switch (type) {
        case value_type::datetime3:
            return {false, false, 100, 9999};  // below 100 is short for this century
        case value_type::bcd_date:
            return {false, false, 1, 9999};
        case value_type::bcd_datetime:
            return {true, false, 2000, 2099};
        case value_type::datetime4:
            return {true, true, 2000, 2127};
        case value_type::cp56time2a:
            return {true, true, 2000, 2099};
        case value_type::unix64_ms:
            return {true, true, 1970, 9999};
        case value_type::unix32:
            return {true, false, 1970, 2106};
        case value_type::unix64:
            return {true, false, 1970, 9999};
        default:
            assert(type == value_type::datetime6);
            return {true, false, 100, 9999};
    }
}

bool exists(const moment& what, const shape& in) {
    using namespace std::chrono;
    if (what.year < in.first_year || what.year > in.last_year) return false;
    const year_month_day date{year(static_cast<int>(what.year)), month(what.month), day(what.day)};
    // std::chrono keeps months and days in a byte: 268 would be December.
    return what.month <= 12 && what.day <= 31 && date.ok() && what.hour < 24 && what.minute < 60 && what.second < 60 &&
           what.millisecond < 1000;
}

void append(std::string& to, std::int64_t number, std::size_t digits) {
    std::string text = std::to_string(number);
    if (text.size() < digits) text.insert(0, digits - text.size(), '0');
    to += text;
}

std::string written(const moment& what, const shape& as) {
    std::string text;
    append(text, what.year, 4);
    append(text += '-', what.month, 2);
    append(text += '-', what.day, 2);
    if (!as.has_time) return text;
    append(text += 'T', what.hour, 2);
    append(text += ':', what.minute, 2);
    append(text += ':', what.second, 2);
    if (as.has_milliseconds) append(text += '.', what.millisecond, 3);
    return text;
}

// ---- Seconds since 1970 ------------------------------------------------------------------------------------------------

std::optional<moment> moment_of_unix(std::uint64_t count, bool in_milliseconds) {
    using namespace std::chrono;
    constexpr std::uint64_t beyond = 253'402'300'800;  // 10000-01-01
    const std::uint64_t seconds_since = in_milliseconds ? count / 1000 : count;
    if (seconds_since >= beyond) return std::nullopt;
    const sys_seconds at{seconds(static_cast<std::int64_t>(seconds_since))};
    const auto date_at = floor<days>(at);
    const year_month_day date{date_at};
    const auto rest = static_cast<unsigned>((at - date_at).count());
    return moment{static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()),
                  rest / 3600,
                  rest / 60 % 60,
                  rest % 60,
                  in_milliseconds ? static_cast<unsigned>(count % 1000) : 0};
}

std::uint64_t unix_of_moment(const moment& what, bool in_milliseconds) {
    using namespace std::chrono;
    const sys_days date = year_month_day{year(static_cast<int>(what.year)), month(what.month), day(what.day)};
    const std::int64_t seconds_since =
        date.time_since_epoch().count() * std::int64_t{86'400} + what.hour * 3600 + what.minute * 60 + what.second;
    return static_cast<std::uint64_t>(in_milliseconds ? seconds_since * 1000 + what.millisecond : seconds_since);
}

// ---- Other forms -------------------------------------------------------------------------------------------------------

std::uint64_t combined(std::span<const std::uint16_t> words) {
    std::uint64_t bits = 0;
    for (const auto word : words) bits = bits << 16 | word;
    return bits;
}

std::vector<std::uint16_t> split(std::uint64_t bits, std::size_t count) {
    std::vector<std::uint16_t> words(count);
    for (std::size_t i = count; i-- > 0; bits >>= 16) words[i] = static_cast<std::uint16_t>(bits);
    return words;
}

std::uint64_t bytes_reversed(std::uint64_t bits) {
    std::uint64_t result = 0;
    for (int i = 0; i < 8; ++i, bits >>= 8) result = result << 8 | (bits & 0xFF);
    return result;
}

/// The binary time of IEC 60870-5-4, the year on top. Day of the week and the mark for summer time are passed over.
struct binary_time {
    moment what;
    bool invalid;
};
binary_time moment_of_binary(std::uint64_t bits) {
    const auto part = [&](unsigned first, unsigned width) { return static_cast<unsigned>(bits >> first & mask_of(width)); };
    const unsigned milliseconds = part(0, 16);
    return {{2000 + part(48, 7), part(40, 4), part(32, 5), part(24, 5), part(16, 6), milliseconds / 1000, milliseconds % 1000},
            part(23, 1) != 0};
}

std::uint64_t binary_of_moment(const moment& what) {
    return static_cast<std::uint64_t>(what.year - 2000) << 48 | std::uint64_t{what.month} << 40 | std::uint64_t{what.day} << 32 |
           std::uint64_t{what.hour} << 24 | std::uint64_t{what.minute} << 16 | (what.second * 1000u + what.millisecond);
}

std::int64_t full_year(std::int64_t year) { return year < 100 ? 2000 + year : year; }

moment moment_of_registers(std::span<const std::uint16_t> words) {
    moment result{full_year(words[0]), words[1], words[2]};
    if (words.size() < 6) return result;
    result.hour = words[3];
    result.minute = words[4];
    result.second = words[5];
    return result;
}

/// Two digits at a time, from the right.
unsigned take_two(std::uint64_t& digits) {
    const auto two = static_cast<unsigned>(digits % 100);
    digits /= 100;
    return two;
}

moment moment_of_digits(std::uint64_t digits, bool has_time) {
    moment result;
    if (has_time) {
        result.second = take_two(digits);
        result.minute = take_two(digits);
        result.hour = take_two(digits);
    }
    result.day = take_two(digits);
    result.month = take_two(digits);
    result.year = static_cast<std::int64_t>(has_time ? 2000 + digits : digits);
    return result;
}

std::uint64_t digits_of_moment(const moment& what, bool has_time) {
    if (!has_time) return (static_cast<std::uint64_t>(what.year) * 100 + what.month) * 100 + what.day;
    const std::uint64_t date = (static_cast<std::uint64_t>(what.year - 2000) * 100 + what.month) * 100 + what.day;
    return ((date * 100 + what.hour) * 100 + what.minute) * 100 + what.second;
}

// ---- Text --------------------------------------------------------------------------------------------------------------

/// Takes exactly `digits` digits off the front.
bool take(std::string_view& text, std::size_t digits, unsigned& to) {
    if (text.size() < digits) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, to);
    if (error != std::errc{} || end != text.data() + digits) return false;
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
}

/// What is behind the seconds, if anything, is left in `text`.
std::optional<moment> take_moment(std::string_view& text, bool has_time) {
    moment result;
    unsigned year = 0;
    if (!take(text, 4, year) || !take(text, '-') || !take(text, 2, result.month) || !take(text, '-') ||
        !take(text, 2, result.day))
        return std::nullopt;
    result.year = year;
    if (!has_time) return result;
    if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
    if (!take(text, 2, result.hour) || !take(text, ':') || !take(text, 2, result.minute) || !take(text, ':') ||
        !take(text, 2, result.second))
        return std::nullopt;
    if (!take(text, '.')) return result;
    for (unsigned worth = 100, digit = 0; worth > 0 && take(text, 1, digit); worth /= 10) result.millisecond += digit * worth;
    return result;
}

std::vector<std::uint16_t> words_of(const encoding& how, const moment& what) {
    switch (how.type) {
        case value_type::unix32:
        case value_type::unix64:
        case value_type::unix64_ms:
            return split(unix_of_moment(what, how.type == value_type::unix64_ms), how.registers);
        case value_type::datetime4:
            return split(binary_of_moment(what), 4);
        case value_type::cp56time2a:
            return split(bytes_reversed(binary_of_moment(what)), 4);
        case value_type::bcd_date:
        case value_type::bcd_datetime:
            return split(bcd_of_number(digits_of_moment(what, how.type == value_type::bcd_datetime)), how.registers);
        default:
            break;
    }
    std::vector<std::uint16_t> words;
    for (const auto part : {static_cast<unsigned>(what.year), what.month, what.day, what.hour, what.minute, what.second})
        words.push_back(static_cast<std::uint16_t>(part));
    words.resize(how.registers);
    return words;
}

}  // namespace

decoded decode_time(const encoding& how, std::span<const std::uint16_t> words) {
    const shape as = shape_of(how.type);
    const auto of = [&](const moment& what) -> decoded {
        const std::string text = written(what, as);
        if (!exists(what, as)) return {no_value{}, text + (as.has_time ? " is no time that exists" : " is no date that exists")};
        return {text + (how.utc && as.has_time ? "Z" : ""), {}};
    };
    switch (how.type) {
        case value_type::unix32:
        case value_type::unix64:
        case value_type::unix64_ms: {
            const auto what = moment_of_unix(combined(words), as.has_milliseconds);
            return what ? of(*what) : decoded{no_value{}, std::to_string(combined(words)) + " lies beyond the year 9999"};
        }
        case value_type::datetime4:
        case value_type::cp56time2a: {
            const auto bits = combined(words);
            const auto [what, invalid] = moment_of_binary(how.type == value_type::datetime4 ? bits : bytes_reversed(bits));
            return invalid ? decoded{no_value{}, "the device marks its time as invalid"} : of(what);
        }
        case value_type::bcd_date:
        case value_type::bcd_datetime: {
            const auto [digits, failure] = number_of_bcd(combined(words), 16u * how.registers);
            if (!failure.empty()) return {no_value{}, failure};
            return of(moment_of_digits(static_cast<std::uint64_t>(digits), as.has_time));
        }
        default:
            return of(moment_of_registers(words));
    }
}

encoded encode_time(const encoding& how, std::string_view text) {
    const shape as = shape_of(how.type);
    std::string_view rest = text;
    const auto what = take_moment(rest, as.has_time);
    const bool zulu = what && as.has_time && take(rest, 'Z');
    if (!what || !rest.empty())
        return {{},
                '"' + std::string(text) + "\" is not written as " +
                    (as.has_time ? (how.utc ? "2026-11-22T20:15:10Z" : "2026-11-22T20:15:10") : "2026-11-22")};
    if (as.has_time && zulu != how.utc)
        return {{},
                how.utc ? "the device keeps UTC: write the time with a Z at its end"
                        : "the device keeps a time of its own: write the time without Z"};
    if (!as.has_milliseconds && what->millisecond != 0) return {{}, "the device knows whole seconds only"};
    if (!exists(*what, as))
        return {{}, '"' + std::string(text) + "\" doesn't exist, or is out of the range of " + with_article(row_of(how.type))};
    if (how.type == value_type::unix32 && unix_of_moment(*what, false) > 0xFFFF'FFFF)
        return {{}, '"' + std::string(text) + "\" is out of the range of a unix32"};
    return {words_of(how, *what), {}};
}

}  // namespace modbus

// adapters/serial/fields_special.cpp: timestamps and coordinates.
// Not here: numbers (value.cpp).
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "adapters/serial/fields.hpp"

namespace serial {
namespace {

/// What a format's letters have found.
struct moment {
    int year = -1, month = -1, day = -1, hour = -1, minute = -1, second = -1;
    std::string fraction;
    bool summer = false;
};

struct element {
    std::string_view letters;
    int moment::*member;
};
constexpr std::array elements = {element{"YYYY", &moment::year}, element{"YY", &moment::year}, element{"MM", &moment::month},
                                 element{"DD", &moment::day},    element{"hh", &moment::hour}, element{"mm", &moment::minute},
                                 element{"ss", &moment::second}};

const element* element_at(std::string_view format) {
    const auto found =
        std::find_if(elements.begin(), elements.end(), [&](const element& e) { return format.starts_with(e.letters); });
    return found == elements.end() ? nullptr : found;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool take_number(std::string_view& text, std::size_t digits, int& to) {
    if (text.size() < digits) return false;
    to = 0;
    for (const char c : text.substr(0, digits)) {
        if (!is_digit(c)) return false;
        to = to * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return true;
}

void take_fraction(std::string_view& text, std::string& to) {
    if (text.size() < 2 || text[0] != '.' || !is_digit(text[1])) return;
    std::size_t end = 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    to = text.substr(0, std::min<std::size_t>(end, 10));
    text.remove_prefix(end);
}

int days_of(int month, int year) {
    constexpr std::array days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

bool is_time(const moment& m) {
    if (m.month != -1 && (m.month < 1 || m.month > 12)) return false;
    if (m.day != -1 && (m.day < 1 || m.day > days_of(m.month, m.year))) return false;
    return m.hour <= 23 && m.minute <= 59 && m.second <= 60;  // 60: a leap second
}

std::string in_digits(int number, int width) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%0*d", width, number);
    return text.data();
}

std::string zone_of(int minutes) {
    if (minutes == 0) return "Z";
    const int size = minutes < 0 ? -minutes : minutes;
    return (minutes < 0 ? "-" : "+") + in_digits(size / 60, 2) + ":" + in_digits(size % 60, 2);
}

std::string in_words(const moment& m, std::optional<int> zone_minutes) {
    std::string text;
    if (m.year != -1) text = in_digits(m.year, 4) + "-" + in_digits(m.month, 2) + "-" + in_digits(m.day, 2);
    if (m.hour == -1) return text;
    if (!text.empty()) text += 'T';
    text += in_digits(m.hour, 2) + ":" + in_digits(m.minute, 2) + ":" + in_digits(std::max(m.second, 0), 2) + m.fraction;
    if (zone_minutes) text += zone_of(*zone_minutes + (m.summer ? 60 : 0));
    return text;
}

}  // namespace

std::string fault_of_format(std::string_view format, bool has_zone) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, summer = 0;
    for (std::size_t at = 0; at < format.size();) {
        if (const element* found = element_at(format.substr(at))) {
            int& count = found->member == &moment::year     ? year
                         : found->member == &moment::month  ? month
                         : found->member == &moment::day    ? day
                         : found->member == &moment::hour   ? hour
                         : found->member == &moment::minute ? minute
                                                            : second;
            ++count;
            at += found->letters.size();
            continue;
        }
        summer += format[at] == 'X' ? 1 : 0;
        ++at;
    }
    const bool date = year == 1 && month == 1 && day == 1, no_date = year + month + day == 0;
    const bool time = hour == 1 && minute == 1 && second <= 1, no_time = hour + minute + second == 0;
    if ((!date && !no_date) || (!time && !no_time) || (no_date && no_time) || summer > 1)
        return "a format has a date (YY or YYYY, MM, DD), a time (hh, mm, perhaps ss), or both, each once: YYMMDDhhmmss";
    if (summer == 1 && !has_zone) return "X, the letter of summer time, needs the zone of winter time: zone: +01:00";
    return "";
}

std::optional<std::string> read_timestamp(std::string_view text, std::string_view format, std::optional<int> zone_minutes) {
    moment found;
    while (!format.empty()) {
        if (const element* letters = element_at(format)) {
            const std::size_t digits = letters->letters.size();
            if (!take_number(text, digits, found.*letters->member)) return std::nullopt;
            if (letters->letters == "YY") found.year += found.year < 80 ? 2000 : 1900;
            format.remove_prefix(digits);
            continue;
        }
        const char c = format.front();
        format.remove_prefix(1);
        if (c == 'f') {
            take_fraction(text, found.fraction);
            continue;
        }
        if (text.empty() || (c == 'X' ? text.front() != 'S' && text.front() != 'W' : text.front() != c)) return std::nullopt;
        if (c == 'X') found.summer = text.front() == 'S';
        text.remove_prefix(1);
    }
    if (!text.empty() || !is_time(found)) return std::nullopt;
    return in_words(found, zone_minutes);
}

std::optional<double> read_coordinate(std::string_view text) {
    const std::size_t point = std::min(text.find('.'), text.size());
    if (point < 3 || point > 5 || !is_digit(text[0])) return std::nullopt;
    const auto degrees = parse_decimal(text.substr(0, point - 2));
    const auto minutes = parse_decimal(text.substr(point - 2));
    if (!degrees || !minutes || !is_digit(text[point - 2]) || degrees->digits > 180 || to_double(*minutes) >= 60)
        return std::nullopt;
    if (text.find_first_not_of("0123456789.") != text.npos) return std::nullopt;
    // To a tenth of a millimetre, which hides what a division by 60 leaves in a double.
    return std::round((to_double(*degrees) + to_double(*minutes) / 60) * 1e9) / 1e9;
}

}  // namespace serial

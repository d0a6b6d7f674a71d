// config/units.cpp: numbers with and without units.
#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

#include "config/findings.hpp"

namespace config {
namespace {

struct unit {
    std::string_view name;
    std::int64_t factor;
    std::string_view mistaken;  // other spellings, lower case, each between blanks
};

// The first name of a factor is the one that is shown.
constexpr std::array<unit, 8> durations{{
    {"ns", 1, " nsec nanosecond nanoseconds "},
    {"us", 1'000, " \xC2\xB5s \xCE\xBCs usec microsecond microseconds "},
    {"ms", 1'000'000, " msec msecs milli millis millisecond milliseconds "},
    {"s", 1'000'000'000, " sec secs second seconds "},
    {"min", 60'000'000'000, " mins minute minutes "},
    {"m", 60'000'000'000, " "},
    {"h", 3'600'000'000'000, " hr hrs hour hours "},
    {"d", 86'400'000'000'000, " day days "},
}};
constexpr std::array<unit, 10> sizes{{
    {"B", 1, " byte bytes "},
    {"KiB", 1ll << 10, " k ki "},
    {"MiB", 1ll << 20, " m mi "},
    {"GiB", 1ll << 30, " g gi "},
    {"TiB", 1ll << 40, " t ti "},
    {"kB", 1'000, " "},
    {"KB", 1'000, " "},
    {"MB", 1'000'000, " "},
    {"GB", 1'000'000'000, " "},
    {"TB", 1'000'000'000'000, " "},
}};

constexpr auto largest = std::numeric_limits<std::int64_t>::max();

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return text;
}

const unit* find_unit(std::span<const unit> units, std::string_view name) {
    const auto found = std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == name; });
    return found == units.end() ? nullptr : &*found;
}

const unit* guess_unit(std::span<const unit> units, std::string_view name) {
    const auto wanted = lower(without_blanks(name));
    const auto fits = [&](const unit& u) {
        return lower(u.name) == wanted || u.mistaken.find(" " + wanted + " ") != std::string_view::npos;
    };
    const auto found = std::find_if(units.begin(), units.end(), fits);
    return found == units.end() ? nullptr : &*found;
}

struct amount {
    std::string_view digits;  // "1.5"
    std::string_view unit;
};

amount split(std::string_view text) {
    const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
    return {text.substr(0, end), text.substr(end)};
}

bool is_decimal(std::string_view digits) {
    return !digits.empty() && std::isdigit(static_cast<unsigned char>(digits.front())) != 0 && digits.back() != '.' &&
           std::count(digits.begin(), digits.end(), '.') <= 1;
}

/// `digits` x `factor`, to the nearest whole. The whole part is exact, and so is a fraction of fewer than 15 digits.
std::optional<std::int64_t> multiply(std::string_view digits, std::int64_t factor) {
    const auto point = std::min(digits.find('.'), digits.size());
    std::int64_t whole = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + point, whole);
    if (error != std::errc() || end != digits.data() + point || whole > largest / factor) return std::nullopt;
    double fraction = 0;
    if (point < digits.size()) std::from_chars(digits.data() + point, digits.data() + digits.size(), fraction);
    const auto rest = static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(factor)));
    if (whole * factor > largest - rest) return std::nullopt;
    return whole * factor + rest;
}

bool is_zero(std::string_view digits) { return digits.find_first_not_of("0.") == std::string_view::npos; }

std::string unit_problem(std::string_view text, const amount& parts, std::span<const unit> units, const std::string& examples) {
    if (const auto* meant = guess_unit(units, parts.unit); meant != nullptr && !parts.unit.empty())
        return quoted(text) + " should be written " + quoted(std::string(parts.digits) + std::string(meant->name));
    return quoted(text) + " has no unit known here; examples are " + examples;
}

parsed<std::int64_t> parse_amount(std::string_view text, std::span<const unit> units, const std::string& examples,
                                  const std::string& no_unit) {
    const auto parts = split(text);
    if (text.starts_with('-')) return {{}, quoted(text) + " is negative"};
    if (text.find(',') != std::string_view::npos) return {{}, quoted(text) + " has a comma; the decimal sign is a point"};
    if (!is_decimal(parts.digits)) return {{}, quoted(text) + " is not a number with a unit; examples are " + examples};
    if (parts.unit.empty()) return {{}, quoted(text) + " has no unit; " + no_unit};
    const auto* found = find_unit(units, parts.unit);
    if (found == nullptr) return {{}, unit_problem(text, parts, units, examples)};
    const auto value = multiply(parts.digits, found->factor);
    if (!value) return {{}, quoted(text) + " is too large"};
    // What was meant as "very little" must not turn into 0, which often means something else altogether.
    if (*value == 0 && !is_zero(parts.digits)) return {{}, quoted(text) + " is too small"};
    return {value, {}};
}

std::string show(std::int64_t value, std::span<const unit> units) {
    const unit* best = &units.front();
    for (const auto& u : units)
        if (value != 0 && value % u.factor == 0 && u.factor > best->factor) best = &u;
    return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace

parsed<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    const auto digits = std::string(split(text).digits);
    const auto advice = is_zero(digits)
                            ? std::string("write '0s'")
                            : "write " + quoted(digits + "s") + " for seconds or " + quoted(digits + "ms") + " for milliseconds";
    auto value = parse_amount(text, durations, "'250ms', '5s', '10min', '1h' and '7d'", advice);
    if (!value.value) return {{}, std::move(value.problem)};
    return {std::chrono::nanoseconds(*value.value), {}};
}

parsed<std::int64_t> parse_size(std::string_view text) {
    const auto digits = std::string(split(text).digits);
    const auto advice = "write " + quoted(digits + "B") + " for bytes, or use KiB, MiB, GiB";
    return parse_amount(text, sizes, "'64KiB', '500MB' and '2GiB'", advice);
}

parsed<double> parse_number(std::string_view text) {
    std::string_view rest = text;
    if (rest.starts_with('+') && !rest.substr(1).starts_with('-')) rest.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error == std::errc::result_out_of_range) return {{}, quoted(text) + " is beyond what a number can hold"};
    if (error == std::errc() && end == rest.data() + rest.size() && std::isfinite(value)) return {value, {}};
    if (text.find(',') != std::string_view::npos) return {{}, quoted(text) + " has a comma; the decimal sign is a point"};
    return {{}, quoted(text) + " is not a number"};
}

parsed<std::int64_t> parse_integer(std::string_view text) {
    std::string_view rest = text;
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    const bool hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
    if (hexadecimal) rest.remove_prefix(2);
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size, hexadecimal ? 16 : 10);
    const bool whole_text = end == rest.data() + rest.size();
    if (error == std::errc::invalid_argument || !whole_text) return {{}, quoted(text) + " is not a whole number"};
    const auto bound = static_cast<std::uint64_t>(largest) + (negative ? 1 : 0);
    if (error != std::errc() || size > bound) return {{}, quoted(text) + " is too large"};
    return {static_cast<std::int64_t>(negative ? 0 - size : size), {}};
}

std::optional<std::uint64_t> parse_bits(std::string_view text) {
    if (!text.starts_with("0x") && !text.starts_with("0X")) return std::nullopt;
    text.remove_prefix(2);
    std::uint64_t bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return bits;
}

std::string show_duration(std::chrono::nanoseconds duration) {
    return duration.count() == 0 ? "0s" : show(duration.count(), durations);
}

std::string show_size(std::int64_t bytes) { return show(bytes, sizes); }

}  // namespace config

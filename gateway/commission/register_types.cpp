// gateway/commission/register_types.cpp: the types, orders and scales of register_words.hpp.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "gateway/commission/register_words.hpp"

namespace gateway {
namespace {

struct word {
    std::string_view text;
    value_family family;
    int bits;  // 0: another word says
};

/// The longer of two that begin alike first. Makers' words, PLC words, C's words.
constexpr std::array words = {
    word{"string", value_family::text, 0},      word{"ascii", value_family::text, 0},
    word{"char", value_family::text, 0},        word{"str", value_family::text, 0},
    word{"utf8", value_family::text, 0},        word{"text", value_family::text, 0},
    word{"double", value_family::real, 64},     word{"lreal", value_family::real, 64},
    word{"float", value_family::real, 0},       word{"real", value_family::real, 0},
    word{"single", value_family::real, 32},     word{"ieee754", value_family::real, 0},
    word{"ieee", value_family::real, 0},        word{"udint", value_family::natural, 32},
    word{"ulint", value_family::natural, 64},   word{"usint", value_family::natural, 8},
    word{"ushort", value_family::natural, 16},  word{"ulonglong", value_family::natural, 64},
    word{"ulong", value_family::natural, 32},   word{"uint", value_family::natural, 0},
    word{"unsigned", value_family::natural, 0}, word{"dword", value_family::natural, 32},
    word{"lword", value_family::natural, 64},   word{"qword", value_family::natural, 64},
    word{"word", value_family::natural, 16},    word{"bitfield", value_family::natural, 0},
    word{"bitmap", value_family::natural, 0},   word{"bitmask", value_family::natural, 0},
    word{"enum", value_family::natural, 0},     word{"flags", value_family::natural, 0},
    word{"acc", value_family::natural, 0},      word{"hex", value_family::natural, 0},
    word{"count", value_family::natural, 0},    word{"dint", value_family::whole, 32},
    word{"lint", value_family::whole, 64},      word{"sint", value_family::whole, 0},
    word{"longlong", value_family::whole, 64},  word{"long", value_family::whole, 32},
    word{"short", value_family::whole, 16},     word{"sunssf", value_family::whole, 16},
    word{"integer", value_family::whole, 0},    word{"signed", value_family::whole, 0},
    word{"int", value_family::whole, 0},        word{"boolean", value_family::truth, 1},
    word{"bool", value_family::truth, 1},       word{"coil", value_family::truth, 1},
    word{"onoff", value_family::truth, 1},      word{"bcd", value_family::decimal, 0},
    word{"byte", value_family::natural, 8},     word{"u", value_family::natural, 0},
    word{"s", value_family::whole, 0},          word{"i", value_family::whole, 0},
    word{"f", value_family::real, 0},           word{"bit", value_family::truth, 1},
};

std::string without_blanks(std::string_view cell, std::string_view kept = "") {
    auto out = plain_words(cell, kept);
    std::erase(out, ' ');
    return out;
}

/// The first number, if it is one of the widths.
int bits_in(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        int number = 0;
        const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), number);
        if (error != std::errc()) continue;
        for (const int width : {8, 16, 24, 32, 48, 64})
            if (number == width) return width;
        i = static_cast<std::size_t>(end - text.data());
    }
    return 0;
}

std::optional<std::uint32_t> first_number(std::string_view text) {
    const auto at = text.find_first_of("0123456789");
    if (at == std::string_view::npos) return std::nullopt;
    std::uint32_t number = 0;
    const auto result = std::from_chars(text.data() + at, text.data() + text.size(), number);
    return result.ec == std::errc() ? std::optional(number) : std::nullopt;
}

/// "1e-1", "10^-1" … → a power of ten; nothing: it is none.
std::optional<int> power_of_ten(const std::string& text) {
    for (const std::string_view start : {"10^", "10e", "1e", "10**", "e"}) {
        if (!text.starts_with(start)) continue;
        auto digits = std::string_view(text).substr(start.size());
        if (digits.starts_with("+")) digits.remove_prefix(1);
        int power = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), power);
        if (error != std::errc() || end != digits.data() + digits.size() || std::abs(power) > 12) return std::nullopt;
        return start == "10e" ? power + 1 : power;
    }
    return std::nullopt;
}

std::string ten_to(int power) {
    if (power >= 0) return "1" + std::string(static_cast<std::size_t>(power), '0');
    return "0." + std::string(static_cast<std::size_t>(-power) - 1, '0') + "1";
}

std::optional<double> decimal(const std::string& text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number) || number == 0) return std::nullopt;
    return number;
}

std::string shortest(double number) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
    return {buffer.data(), end};
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

}  // namespace

std::string written_type::type() const {
    const auto width = [&](std::initializer_list<int> possible) {
        return std::find(possible.begin(), possible.end(), bits) == possible.end() ? std::string() : std::to_string(bits);
    };
    const auto named = [&](const char* start, const std::string& wide) { return wide.empty() ? wide : start + wide; };
    switch (family) {
        case value_family::whole:
            return named("int", width({8, 16, 24, 32, 48, 64}));
        case value_family::natural:
            return named("uint", width({8, 16, 24, 32, 48, 64}));
        case value_family::real:
            return named("float", width({16, 32, 64}));
        case value_family::decimal:
            return named("bcd", width({16, 32, 64}));
        case value_family::text:
            return "string";
        case value_family::truth:
            return "bool";
        case value_family::unknown:
            break;
    }
    return {};
}

std::optional<written_type> type_in(std::string_view cell) {
    written_type out;
    out.order = order_in(cell);
    const auto text = without_blanks(cell);
    const auto count = first_number(text);
    const bool counts_registers = text.find("regist") != std::string::npos || text.find("words") != std::string::npos;
    if (counts_registers && count) {
        out.registers = *count;
        return out;
    }
    // The word nearest to the beginning counts; of those that begin there the first of the table.
    std::size_t best = std::string::npos;
    const word* found = nullptr;
    for (const auto& one : words) {
        const auto at = text.find(one.text);
        const bool short_word = one.text.size() == 1;
        const bool fits = !short_word || (at == 0 && (text.size() == 1 || (text[1] >= '0' && text[1] <= '9')));
        if (at != std::string::npos && fits && at < best) best = at, found = &one;
    }
    if (found == nullptr) return std::nullopt;
    out.family = found->family;
    out.bits = bits_in(text);
    if (out.family == value_family::truth &&
        (out.bits > 1 || text.find("signed") != std::string::npos)) {  // "16 bit", "16 bit unsigned"
        const bool is_signed = text.find("signed") != std::string::npos && text.find("unsigned") == std::string::npos;
        out.family = is_signed ? value_family::whole : value_family::natural;
        if (text.find("float") != std::string::npos || text.find("real") != std::string::npos) out.family = value_family::real;
    }
    if (out.family == value_family::whole && text.find("unsigned") != std::string::npos) out.family = value_family::natural;
    if (out.bits == 0) out.bits = found->bits;
    for (const auto& one : words)  // "unsigned long"
        if (out.bits == 0 && one.bits > 1 && text.find(one.text) != std::string::npos) out.bits = one.bits;
    if (out.family == value_family::natural && text.find("wordsigned") != std::string::npos) out.family = value_family::whole;
    if (out.family == value_family::text && count) out.registers = (*count + 1) / 2;
    return out;
}

std::string order_in(std::string_view cell) {
    const auto text = without_blanks(cell);
    const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
    for (const std::string_view letters : {"abcd", "cdab", "badc", "dcba", "ghefcdab", "hgfedcba", "badcfehg"}) {
        if (text != letters && !(letters.size() == 4 && has(letters) && !has("abcdef") && !has("efcd"))) continue;
        if (letters == "ghefcdab") return "CDAB";
        if (letters == "hgfedcba") return "DCBA";
        if (letters == "badcfehg") return "BADC";
        std::string out(letters);
        for (char& c : out) c = static_cast<char>(c - 'a' + 'A');
        return out;
    }
    if (text == "abcdefgh" || text == "1234" || text == "3210") return "ABCD";
    if (text == "3412" || text == "1032") return "CDAB";
    if (text == "2143") return "BADC";
    if (text == "4321" || text == "0123") return "DCBA";
    const bool both = has("byteswap") && has("wordswap");
    if (both || has("littleendianbyteswap")) return both ? "DCBA" : "CDAB";
    if (has("bigendianbyteswap") || has("byteswap")) return "BADC";
    if (has("wordswap") || has("swapped") || has("lswfirst") || has("lowwordfirst") || has("lowwordhighword") || has("lswmsw") ||
        has("leastsignificantwordfirst") || has("bigendianwordlittle") || text == "sw" || text == "swap")
        return "CDAB";
    if (has("littleendian") || text == "le" || has("lsbfirst") || has("intel")) return "DCBA";
    if (has("bigendian") || text == "be" || has("mswfirst") || has("msbfirst") || has("highwordfirst") || has("mswlsw") ||
        has("motorola"))
        return "ABCD";
    return {};
}

std::optional<written_scale> scale_in(std::string_view cell) {
    std::string text(cell);
    for (const std::string_view sign : {"\xC3\x97", "\xC2\xB7"}) replace_all(text, sign, "*");
    replace_all(text, "\xC3\xB7", "/");
    replace_all(text, "\xE2\x88\x92", "-");
    replace_all(text, "\xE2\x81\xBB\xC2\xB9", "^-1");
    replace_all(text, "\xE2\x81\xBB\xC2\xB2", "^-2");
    replace_all(text, "\xE2\x81\xBB\xC2\xB3", "^-3");
    std::erase(text, ' ');
    if (std::count(text.begin(), text.end(), ',') == 1 && text.find('.') == std::string::npos) replace_all(text, ",", ".");
    if (text.empty() || text == "-" || text == "--" || text == "n/a" || text == "N/A") return written_scale{"1", ""};
    for (const std::string_view start : {"raw", "value", "*", "x", "X"})
        if (text.starts_with(start) && text.size() > start.size()) text.erase(0, start.size());
    if (text.starts_with("*")) text.erase(0, 1);
    const bool divides = text.starts_with("/") || text.starts_with("1/") || text.starts_with(":");
    if (divides) text.erase(0, text.starts_with("1/") ? 2 : 1);
    // A unit behind the number: 0.1V.
    auto end = std::min(text.find_first_not_of("0123456789.+-eE^*"), text.size());
    while (end > 0 && (text[end - 1] == 'e' || text[end - 1] == 'E' || text[end - 1] == '.')) --end;
    const auto unit = text.substr(end);
    const auto number = text.substr(0, end);
    if (unit.size() > 8 || unit.find_first_of("0123456789=()[]") != std::string::npos) return std::nullopt;
    std::string factor;
    if (const auto power = power_of_ten(number)) {
        factor = ten_to(*power);
    } else if (const auto value = decimal(number)) {
        factor = shortest(*value);
    } else {
        return std::nullopt;
    }
    return written_scale{divides ? inverse_of(factor) : factor, unit};
}

std::string inverse_of(const std::string& factor) {
    for (int power = 0; power <= 12; ++power) {
        if (factor == ten_to(power) || factor == shortest(std::pow(10, power))) return ten_to(-power);
        if (factor == ten_to(-power) || factor == shortest(std::pow(10, -power))) return ten_to(power);
    }
    const auto number = decimal(factor);
    return number ? shortest(1 / *number) : factor;
}

}  // namespace gateway

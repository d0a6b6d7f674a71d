// gateway/commission/register_words.cpp: addresses, tables and access.
// Not here: types and scales (register_types.cpp).
#include "gateway/commission/register_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace gateway {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string without_blanks(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (c != ' ' && c != '\t' && c != '\'' && c != '_') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::optional<std::uint32_t> number_in(std::string_view digits, int base) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
    return number;
}

struct prefix {
    std::string_view text;
    register_table table;
    bool counts_from_1;
};

/// What stands before the number; the longer of two first.
constexpr std::array prefixes = {
    prefix{"holdingregister", register_table::holding, false},
    prefix{"inputregister", register_table::input, false},
    prefix{"discreteinput", register_table::discrete, false},
    prefix{"holding", register_table::holding, false},
    prefix{"discrete", register_table::discrete, false},
    prefix{"input", register_table::input, false},
    prefix{"coil", register_table::coil, false},
    prefix{"hr", register_table::holding, false},
    prefix{"ir", register_table::input, false},
    prefix{"di", register_table::discrete, false},
    prefix{"4x", register_table::holding, true},
    prefix{"3x", register_table::input, true},
    prefix{"1x", register_table::discrete, true},
    prefix{"0x:", register_table::coil, true},
    prefix{"4:", register_table::holding, true},
    prefix{"3:", register_table::input, true},
};

/// The number at the beginning of `text`, in any spelling; what follows stays there.
std::optional<std::uint32_t> take_number(std::string_view& text, bool& hexadecimal) {
    for (const std::string_view mark : {"0x", "&h", "$", "h'", "16#"}) {
        if (!text.starts_with(mark)) continue;
        text.remove_prefix(mark.size());
        const auto end = std::min(text.find_first_not_of("0123456789abcdef"), text.size());
        const auto number = number_in(text.substr(0, end), 16);
        text.remove_prefix(end);
        if (text.starts_with("h")) text.remove_prefix(1);
        hexadecimal = true;
        return number;
    }
    const auto all = std::min(text.find_first_not_of("0123456789abcdef"), text.size());
    const auto decimal = std::min(text.find_first_not_of("0123456789"), text.size());
    const bool marked =
        all > 0 && all < text.size() && text[all] == 'h' && (all + 1 == text.size() || !std::isalnum(text[all + 1]));
    const bool letters = all > decimal && decimal + 4 > all && all == text.size() && all >= 2;
    if (marked || letters) {  // 9C40h, 9C4A
        const auto number = number_in(text.substr(0, all), 16);
        text.remove_prefix(all + (marked ? 1 : 0));
        hexadecimal = true;
        return number;
    }
    const auto number = number_in(text.substr(0, decimal), 10);
    text.remove_prefix(decimal);
    return number;
}

/// What may follow the first number: a range, a bit, or remarks in parentheses.
bool take_rest(std::string_view rest, written_address& to) {
    for (const std::string_view dash : {"-", "~", "\xE2\x80\x93", "\xE2\x80\xA6", "..", "to", "/", "&", "+"}) {
        if (!rest.starts_with(dash)) continue;
        rest.remove_prefix(dash.size());
        for (const auto& one : prefixes)
            if (to.table == one.table && rest.starts_with(one.text)) rest.remove_prefix(one.text.size());
        bool hexadecimal = to.hexadecimal;
        auto last = take_number(rest, hexadecimal);
        if (!last) return false;
        if (to.hexadecimal && !hexadecimal) last = std::nullopt;
        if (last && *last < 10 && *last < to.number) last = to.number / 10 * 10 + *last;  // 40001/2
        if (last && *last >= to.number) to.last = last;
        return rest.empty() || rest.front() == '(';
    }
    if (rest.starts_with(".") || rest.starts_with(":") || rest.starts_with("bit")) {
        rest.remove_prefix(rest.starts_with("bit") ? 3 : 1);
        const auto bit = number_in(rest, 10);
        if (!bit || *bit > 15) return false;
        to.bit = static_cast<int>(*bit);
        return true;
    }
    return rest.empty() || rest.front() == '(' || rest.front() == '*';
}

}  // namespace

const char* name_of(register_table which) {
    static constexpr std::array names = {"holding", "input", "coil", "discrete"};
    return names[static_cast<std::size_t>(which)];
}

std::string plain_words(std::string_view text, std::string_view kept) {
    std::string out;
    for (const char c : text) {
        const bool keeps = std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80 ||
                           kept.find(c) != std::string_view::npos;
        if (keeps)
            out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

std::optional<written_address> address_in(std::string_view cell) {
    const auto compact = without_blanks(cell);
    std::string_view rest = compact;
    written_address out;
    for (const auto& one : prefixes) {
        if (!rest.starts_with(one.text) || rest.size() == one.text.size()) continue;
        const auto number = rest.substr(one.text.size());
        if (!is_digit(number.front()) && number.front() != ':') continue;
        out.table = one.table;
        out.counts_from_1 = one.counts_from_1;
        rest = number.front() == ':' ? number.substr(1) : number;
        break;
    }
    // Thousands are parted by commas and points in some lists: 40,001. A bit has one or two digits.
    std::string joined(rest);
    if (const auto comma = joined.find(','); comma != std::string::npos && joined.size() - comma == 4) joined.erase(comma, 1);
    rest = joined;
    const auto number = take_number(rest, out.hexadecimal);
    if (!number) return std::nullopt;
    out.number = *number;
    if (rest.starts_with(".0") && rest.find_first_not_of("0", 1) == std::string_view::npos && rest.size() == 2 &&
        !out.hexadecimal)
        rest.remove_prefix(2), out.point_zero = true;  // 107.0 is how spreadsheets write 107
    if (!take_rest(rest, out)) return std::nullopt;
    return out;
}

std::optional<written_address> hexadecimal_address_in(std::string_view cell) {
    const auto compact = without_blanks(cell);
    const bool bare = !compact.empty() && compact.find_first_not_of("0123456789abcdef") == std::string::npos;
    return address_in(bare ? "0x" + compact : compact);
}

bool is_bare_hexadecimal(std::string_view cell) {
    const auto compact = without_blanks(cell);
    const auto number = number_in(compact, 16);
    return number && *number <= 0xFFFF && compact.find_first_of("abcdef") != std::string::npos;
}

bool is_padded_coil(std::string_view cell) {
    const auto number = number_in(cell, 10);
    return number && *number >= 1 && cell.front() == '0' && (cell.size() == 5 || cell.size() == 6);
}

std::optional<written_table> table_in(std::string_view cell) {
    const auto words = plain_words(cell);
    if (words.empty()) return std::nullopt;
    const auto has = [&](std::string_view word) { return words.find(word) != std::string::npos; };
    if (has("holding") || words == "hr" || words == "4x" || has("haltereg") || words == "h")
        return written_table{register_table::holding};
    if (has("discrete") || words == "di" || words == "1x" || has("input status") || has("digital input"))
        return written_table{register_table::discrete};
    if (has("input") || words == "ir" || words == "3x" || has("eingangsreg") || words == "i")
        return written_table{register_table::input};
    if (has("coil") || words == "co" || words == "0x" || words == "c") return written_table{register_table::coil};
    // Function codes, the first that reads.
    std::optional<written_table> found;
    for (std::size_t i = 0; i < words.size();) {
        if (!is_digit(words[i])) {
            ++i;
            continue;
        }
        bool hexadecimal = words.substr(i).starts_with("0x");
        std::string_view rest = std::string_view(words).substr(i);
        const auto code = take_number(rest, hexadecimal);
        i = words.size() - rest.size();
        if (!code) return found;
        constexpr std::array reads = {register_table::coil, register_table::discrete, register_table::holding,
                                      register_table::input};
        if (*code >= 1 && *code <= 4) return written_table{reads[*code - 1]};
        if (*code == 5 || *code == 15) found = written_table{register_table::coil, true};
        if (*code == 6 || *code == 16) found = written_table{register_table::holding, true};
    }
    return found;
}

access_word access_in(std::string_view cell) {
    auto words = plain_words(cell);
    std::erase(words, ' ');
    if (words.empty()) return access_word::unknown;
    for (const std::string_view both : {"rw", "wr", "readwrite", "writeread", "readandwrite", "lecturaescritura",
                                        "lectureecriture", "lesenschreiben", "rwc", "rwnv", "readableandwritable", "ls", "le"})
        if (words == both) return access_word::read_write;
    for (const std::string_view one : {"w", "wo", "write", "writeonly", "escritura", "ecriture", "schreiben"})
        if (words == one) return access_word::write;
    for (const std::string_view one : {"r", "ro", "read", "readonly", "lectura", "lecture", "lesen"})
        if (words == one) return access_word::read;
    return access_word::unknown;
}

std::optional<std::uint32_t> count_in(std::string_view cell) {
    const auto words = plain_words(cell);
    const auto digits = std::min(words.find_first_not_of("0123456789"), words.size());
    const auto number = number_in(std::string_view(words).substr(0, digits), 10);
    return number && *number > 0 && *number <= 1000 ? number : std::nullopt;
}

}  // namespace gateway

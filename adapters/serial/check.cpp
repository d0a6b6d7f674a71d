// adapters/serial/check.cpp: see check.hpp.
// Not here: what becomes of a damaged frame (frame.cpp).
#include "adapters/serial/check.hpp"

#include <array>
#include <cassert>

namespace serial {
namespace {

// Tests hold the CRCs to what the catalogue of parametrised CRC algorithms gives for "123456789".
constexpr std::array rows = {
    check_row{check_kind::none, "none", 0, 0, 0, 0, false, false},
    check_row{check_kind::xor8, "xor8", 1, 0, 0, 0, false, false},
    check_row{check_kind::sum8, "sum8", 1, 0, 0, 0, false, false},
    check_row{check_kind::sum8_negated, "sum8_negated", 1, 0, 0, 0, false, false},
    check_row{check_kind::lrc, "lrc", 1, 0, 0, 0, false, false},
    check_row{check_kind::sum16, "sum16", 2, 0, 0, 0, false, false},
    check_row{check_kind::crc8, "crc8", 1, 0x07, 0, 0, false, false},
    check_row{check_kind::crc16_modbus, "crc16_modbus", 2, 0xA001, 0xFFFF, 0, true, true},
    check_row{check_kind::crc16_arc, "crc16_arc", 2, 0xA001, 0, 0, true, false},
    check_row{check_kind::crc16_ccitt, "crc16_ccitt", 2, 0x1021, 0xFFFF, 0, false, false},
    check_row{check_kind::crc16_xmodem, "crc16_xmodem", 2, 0x1021, 0, 0, false, false},
    check_row{check_kind::crc16_x25, "crc16_x25", 2, 0x8408, 0xFFFF, 0xFFFF, true, true},
    check_row{check_kind::crc32, "crc32", 4, 0xEDB88320, 0xFFFFFFFF, 0xFFFFFFFF, true, false},
};

std::uint32_t byte_of(char c) { return static_cast<unsigned char>(c); }

/// What a byte makes of a sum of 0.
constexpr std::uint32_t step_of(const check_row& how, std::uint32_t byte) {
    const unsigned bits = how.bytes * 8u;
    std::uint32_t sum = how.reflected ? byte : byte << (bits - 8);
    for (int bit = 0; bit < 8; ++bit) {
        if (how.reflected)
            sum = (sum & 1u) != 0 ? (sum >> 1) ^ how.polynomial : sum >> 1;
        else
            sum = ((sum >> (bits - 1)) & 1u) != 0 ? (sum << 1) ^ how.polynomial : sum << 1;
    }
    return bits == 32 ? sum : sum & ((1u << bits) - 1);
}

using step_table = std::array<std::uint32_t, 256>;
constexpr auto steps = [] {
    std::array<step_table, rows.size()> all{};
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (std::uint32_t byte = 0; byte < 256 && rows[row].polynomial != 0; ++byte) all[row][byte] = step_of(rows[row], byte);
    return all;
}();

std::uint32_t crc(const check_row& how, std::string_view bytes) {
    const step_table& table = steps[static_cast<std::size_t>(how.kind)];
    const unsigned bits = how.bytes * 8u;
    const std::uint32_t all = bits == 32 ? 0xFFFFFFFFu : (1u << bits) - 1;
    std::uint32_t sum = how.initial;
    for (const char c : bytes) {
        if (how.reflected)
            sum = (sum >> 8) ^ table[(sum ^ byte_of(c)) & 0xFF];
        else
            sum = ((sum << 8) & all) ^ table[((sum >> (bits - 8)) ^ byte_of(c)) & 0xFF];
    }
    return sum ^ how.final_xor;
}

std::uint32_t sum_of_spelled(std::string_view digits) {
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at + 1 < digits.size(); at += 2) sum += hex_digit(digits[at]) * 16 + hex_digit(digits[at + 1]);
    return sum;
}

/// Where the frame ends but for line ends.
std::size_t trimmed_end(std::string_view frame) { return frame.find_last_not_of("\r\n") + 1; }

std::string written(const check_rule& rule, std::uint32_t value) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    const unsigned bytes = row_of(rule.kind).bytes;
    for (unsigned i = 0; i < bytes; ++i) {
        const unsigned shift = 8 * (rule.little && !rule.hex ? i : bytes - 1 - i);
        const std::uint32_t byte = (value >> shift) & 0xFFu;
        if (rule.hex)
            text.append({digits[byte >> 4], digits[byte & 15u]});
        else
            text += static_cast<char>(byte);
    }
    return text;
}

/// In either case: the same number, whichever way it is written.
bool same(const check_rule& rule, std::string_view found, const std::string& wanted) {
    if (!rule.hex) return found == wanted;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (hex_digit(found[i]) != hex_digit(wanted[i])) return false;
    return true;
}

}  // namespace

std::span<const check_row> check_rows() { return rows; }

const check_row& row_of(check_kind kind) {
    const auto& row = rows[static_cast<std::size_t>(kind)];
    assert(row.kind == kind);
    return row;
}

unsigned hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    return 16;
}

std::uint32_t compute(check_kind kind, std::string_view bytes) {
    if (row_of(kind).polynomial != 0) return crc(row_of(kind), bytes);
    if (kind == check_kind::lrc) return (0x100 - (sum_of_spelled(bytes) & 0xFF)) & 0xFF;
    std::uint32_t sum = 0;
    for (const char c : bytes) sum = kind == check_kind::xor8 ? sum ^ byte_of(c) : sum + byte_of(c);
    if (kind == check_kind::sum16) return sum & 0xFFFF;
    return (kind == check_kind::sum8_negated ? 0x100 - (sum & 0xFF) : sum) & 0xFF;
}

checked verify(const check_rule& rule, std::string_view frame) {
    if (rule.kind == check_kind::none) return {verdict::good, frame.size()};
    const checked absent{rule.if_present ? verdict::absent : verdict::bad, frame.size()};
    // A mark with nothing behind it, or none at all: this device doesn't check.
    if (!rule.mark.empty()) {
        const std::size_t last = frame.rfind(rule.mark);
        if (last == std::string_view::npos) return absent;
        if (trimmed_end(frame) == last + rule.mark.size()) return {absent.verdict, last};
    }
    const std::size_t behind = rule.width() + rule.after;
    if (frame.size() < rule.from + rule.mark.size() + behind) return {verdict::bad, frame.size()};
    const std::size_t at = frame.size() - behind;
    const std::size_t body = at - rule.mark.size();
    if (frame.substr(body, rule.mark.size()) != rule.mark) return {verdict::bad, frame.size()};
    const std::size_t until = rule.covers_mark ? at : body;
    const std::string wanted = written(rule, compute(rule.kind, frame.substr(rule.from, until - rule.from)));
    return {same(rule, frame.substr(at, rule.width()), wanted) ? verdict::good : verdict::bad, body};
}

std::string check_value(const check_rule& rule, std::string_view so_far) {
    if (rule.kind == check_kind::none || so_far.size() < rule.from) return "";
    std::string_view covered = so_far.substr(rule.from);
    if (!rule.covers_mark && covered.ends_with(rule.mark)) covered.remove_suffix(rule.mark.size());
    return written(rule, compute(rule.kind, covered));
}

}  // namespace serial

// store/bytes.cpp: variable-length integers and CRC-32, bounds checked.
#include "store/bytes.hpp"

#include <array>

namespace store {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
        table[i] = value;
    }
    return table;
}
constexpr auto crc_table = make_crc_table();

}  // namespace

void put_varint(std::string& to, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>((value & 0x7F) | 0x80));
    to.push_back(static_cast<char>(value));
}

void put_signed(std::string& to, std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    put_varint(to, (bits << 1) ^ (value < 0 ? ~0ull : 0ull));
}

void put_text(std::string& to, std::string_view text) {
    put_varint(to, text.size());
    to.append(text);
}

std::uint32_t crc32(std::string_view bytes, std::uint32_t so_far) {
    std::uint32_t value = ~so_far;
    for (const char c : bytes) value = crc_table[(value ^ static_cast<std::uint8_t>(c)) & 0xFF] ^ (value >> 8);
    return ~value;
}

std::uint8_t byte_reader::byte() {
    if (failed_ || at_end()) {
        failed_ = true;
        return 0;
    }
    return static_cast<std::uint8_t>(bytes_[position_++]);
}

std::uint64_t byte_reader::varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const std::uint8_t next = byte();
        if (shift == 63 && next > 1) break;  // more than 64 bits
        value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
        if ((next & 0x80) == 0) return failed_ ? 0 : value;
    }
    failed_ = true;
    return 0;
}

std::int64_t byte_reader::signed_varint() {
    const std::uint64_t bits = varint();
    return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~0ull : 0ull));
}

std::string_view byte_reader::text() {
    const std::uint64_t size = varint();
    if (failed_ || size > left()) {
        failed_ = true;
        return {};
    }
    const std::string_view found = bytes_.substr(position_, static_cast<std::size_t>(size));
    position_ += found.size();
    return found;
}

}  // namespace store

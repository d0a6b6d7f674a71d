// store/bytes.cpp: variable-length integers and CRC-32, bounds checked.
#include "store/bytes.hpp"

#include <cstddef>

namespace store {
namespace {

constexpr std::size_t step = 16;

// tables[k][b]: what byte b, followed by k zero bytes, makes of the checksum. Sixteen bytes then take one step, whose look-ups
// don't wait for each other.
struct crc_tables {
    std::uint32_t at[step][256] = {};
    constexpr crc_tables() {
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
            at[0][i] = value;
        }
        for (std::size_t k = 1; k < step; ++k)
            for (std::size_t i = 0; i < 256; ++i) at[k][i] = at[0][at[k - 1][i] & 0xFF] ^ (at[k - 1][i] >> 8);
    }
};
constexpr crc_tables tables;

std::uint32_t four(const unsigned char* at) {
    return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8 | static_cast<std::uint32_t>(at[2]) << 16 |
           static_cast<std::uint32_t>(at[3]) << 24;
}

/// What four bytes, followed by so many others, make of the checksum.
template <std::size_t Others>
std::uint32_t after_four(std::uint32_t bytes) {
    return tables.at[Others + 3][bytes & 0xFF] ^ tables.at[Others + 2][bytes >> 8 & 0xFF] ^
           tables.at[Others + 1][bytes >> 16 & 0xFF] ^ tables.at[Others][bytes >> 24];
}

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
    const auto* next = reinterpret_cast<const unsigned char*>(bytes.data());
    std::size_t left = bytes.size();
    std::uint32_t value = ~so_far;
    for (; left >= step; left -= step, next += step)
        value = after_four<12>(value ^ four(next)) ^ after_four<8>(four(next + 4)) ^ after_four<4>(four(next + 8)) ^
                after_four<0>(four(next + 12));
    for (; left > 0; --left, ++next) value = tables.at[0][(value ^ *next) & 0xFF] ^ (value >> 8);
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

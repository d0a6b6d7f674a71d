// store/bytes.hpp: the few building blocks of everything binary in the queue file: variable-length integers, CRC-32.
// Knows nothing of what is stored in them (segment.hpp, record.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace store {

/// Little-endian base 128 (LEB128): small numbers, which most are here, take one byte.
void put_varint(std::string& to, std::uint64_t value);

/// Zigzag: small negative numbers are short as well.
void put_signed(std::string& to, std::int64_t value);

void put_text(std::string& to, std::string_view text);  // length, bytes

/// CRC-32 as in zlib and Ethernet, so that any tool can check a file. `so_far` continues an earlier one.
std::uint32_t crc32(std::string_view bytes, std::uint32_t so_far = 0);

/// Takes values off the front of `bytes`. What isn't there is zero or empty, and from then on failed() is true:
/// a decoder reads a whole structure and asks once.
class byte_reader {
public:
    explicit byte_reader(std::string_view bytes, std::size_t position = 0) : bytes_(bytes), position_(position) {}
    std::uint8_t byte();
    std::uint64_t varint();
    std::int64_t signed_varint();
    std::string_view text();

    bool failed() const { return failed_; }
    void fail() { failed_ = true; }
    bool at_end() const { return position_ == bytes_.size(); }
    std::size_t position() const { return position_; }
    std::size_t left() const { return bytes_.size() - position_; }

private:
    std::string_view bytes_;
    std::size_t position_;
    bool failed_ = false;
};

}  // namespace store

// mqtt/websocket_frame.cpp: reads the headers of frames and writes frames.
// Not here: the order of frames (websocket.cpp).
#include "mqtt/websocket_frame.hpp"

#include <cassert>
#include <limits>

namespace mqtt {
namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t two_byte_length = 126;
constexpr std::uint8_t eight_byte_length = 127;

bool is_known(opcode what) {
    switch (what) {
        case opcode::continuation:
        case opcode::text:
        case opcode::binary:
        case opcode::close:
        case opcode::ping:
        case opcode::pong:
            return true;
    }
    return false;
}

void append_big_endian(std::uint64_t value, int bytes, std::string& to) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) to += static_cast<char>(value >> shift & 0xff);
}

}  // namespace

bool frame_header::feed(char byte) {
    assert(!is_whole());
    bytes_[size_++] = static_cast<std::uint8_t>(byte);
    if (size_ == 1) return check_first();
    if (size_ == 2 && !check_second()) return false;
    return size_ < wanted_ || check_length();
}

bool frame_header::check_first() {
    if ((bytes_[0] & reserved_bits) != 0) return fail(close_code::protocol_error, "a frame has reserved bits set");
    if (!is_known(opcode())) return fail(close_code::protocol_error, "a frame has an unknown opcode");
    if (is_control(opcode()) && !is_final()) return fail(close_code::protocol_error, "a control frame is fragmented");
    return true;
}

bool frame_header::check_second() {
    if ((bytes_[1] & mask_bit) != 0) return fail(close_code::protocol_error, "a server's frame is masked");
    if (is_control(opcode()) && bytes_[1] > largest_control_payload)
        return fail(close_code::protocol_error, "a control frame is longer than 125 bytes");
    wanted_ = bytes_[1] == two_byte_length ? 4 : bytes_[1] == eight_byte_length ? 10 : 2;
    return true;
}

bool frame_header::check_length() {
    std::uint64_t length = bytes_[1];
    if (wanted_ > 2) {
        length = 0;
        for (std::size_t at = 2; at < wanted_; ++at) length = length << 8 | bytes_[at];
        const std::uint64_t least = wanted_ == 4 ? two_byte_length : 0x10000;
        if (length < least) return fail(close_code::protocol_error, "a frame's length takes more bytes than it needs");
        if (length >> 63 != 0) return fail(close_code::protocol_error, "a frame's length has its highest bit set");
    }
    if (length > largest_) return fail(close_code::too_big, "a frame is larger than allowed");
    length_ = static_cast<std::size_t>(length);
    return true;
}

bool frame_header::fail(close_code code, const char* what) {
    fault_ = {code, what};
    return false;
}

void append_frame(opcode what, std::string_view payload, std::uint32_t mask, std::string& to) {
    to += static_cast<char>(final_bit | static_cast<std::uint8_t>(what));
    if (payload.size() < two_byte_length) {
        to += static_cast<char>(mask_bit | payload.size());
    } else if (payload.size() <= std::numeric_limits<std::uint16_t>::max()) {
        to += static_cast<char>(mask_bit | two_byte_length);
        append_big_endian(payload.size(), 2, to);
    } else {
        to += static_cast<char>(mask_bit | eight_byte_length);
        append_big_endian(payload.size(), 8, to);
    }
    append_big_endian(mask, 4, to);
    const std::size_t start = to.size();
    to += payload;
    for (std::size_t at = 0; at < payload.size(); ++at)
        to[start + at] = static_cast<char>(to[start + at] ^ static_cast<char>(mask >> (24 - 8 * (at % 4)) & 0xff));
}

}  // namespace mqtt

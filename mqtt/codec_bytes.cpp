// mqtt/codec_bytes.cpp: the data types of MQTT (1.5) as bytes.
// Not here: what a packet is made of (codec_decode.cpp, codec_encode.cpp).
#include "mqtt/codec_bytes.hpp"

#include <cassert>

namespace mqtt {

reader::reader(std::span<const std::byte> bytes, version how)
    : left_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), how_(how) {}

void reader::fail(reason code, const char* what) { fail(decode_error(code, what)); }

void reader::fail(const decode_error& what) {
    if (!failed_) error_ = what;
    failed_ = true;
    left_ = {};
}

std::string_view reader::take(std::size_t size) {
    if (size > left_.size()) fail(reason::malformed_packet, "the packet ends too soon");
    if (failed_) return {};
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
}

std::uint8_t reader::byte() {
    const auto bytes = take(1);
    return bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes[0]);
}

std::uint16_t reader::two_bytes() {
    const unsigned high = byte();
    const unsigned low = byte();
    return static_cast<std::uint16_t>(high << 8 | low);
}

std::uint32_t reader::four_bytes() {
    const std::uint32_t high = two_bytes();
    const std::uint32_t low = two_bytes();
    return high << 16 | low;
}

std::uint32_t reader::variable_integer() {
    std::uint32_t value = 0;
    for (std::size_t size = 1; size <= 4; ++size) {
        const auto next = byte();
        if (failed_) return 0;
        value |= (next & 0x7fu) << (7 * (size - 1));
        if (next & 0x80) continue;
        // Only MQTT 5 asks for the fewest bytes [MQTT-1.5.5-1].
        if (how_ == version::v5 && size != variable_integer_size(value)) break;
        return value;
    }
    fail(reason::malformed_packet, "a variable byte integer is malformed");
    return 0;
}

std::string_view reader::binary() { return take(two_bytes()); }

std::string_view reader::text() {
    const auto bytes = binary();
    if (is_valid_utf8(bytes)) return bytes;
    fail(reason::malformed_packet, "a string is not well-formed UTF-8");
    return {};
}

std::string_view reader::rest() { return take(left_.size()); }

packet_id reader::identifier() {
    const packet_id id{two_bytes()};
    if (id == packet_id{0}) fail(reason::protocol_error, "the packet identifier is 0");
    return id;
}

bool reader::skip(std::string_view expected) {
    if (!left_.starts_with(expected)) return false;
    left_.remove_prefix(expected.size());
    return true;
}

reader reader::part(std::size_t size) {
    const auto bytes = take(size);
    return {std::as_bytes(std::span(bytes.data(), bytes.size())), how_};
}

void reader::adopt(const reader& part) {
    if (part.failed_) fail(part.error_);
}

void append_byte(std::string& to, std::uint8_t value) { to.push_back(static_cast<char>(value)); }

void append_two_bytes(std::string& to, std::uint16_t value) {
    append_byte(to, static_cast<std::uint8_t>(value >> 8));
    append_byte(to, static_cast<std::uint8_t>(value & 0xff));
}

void append_four_bytes(std::string& to, std::uint32_t value) {
    append_two_bytes(to, static_cast<std::uint16_t>(value >> 16));
    append_two_bytes(to, static_cast<std::uint16_t>(value & 0xffff));
}

void append_variable_integer(std::string& to, std::size_t value) {
    assert(value <= largest_variable_integer);
    for (; value >= 128; value /= 128) append_byte(to, static_cast<std::uint8_t>(value % 128 + 128));
    append_byte(to, static_cast<std::uint8_t>(value));
}

void append_text(std::string& to, std::string_view text) {
    assert(is_valid_utf8(text));
    append_binary(to, text);
}

void append_binary(std::string& to, std::string_view binary) {
    assert(binary.size() <= largest_text);
    append_two_bytes(to, static_cast<std::uint16_t>(binary.size()));
    to.append(binary);
}

void append_identifier(std::string& to, packet_id id) {
    assert(id != packet_id{0});
    append_two_bytes(to, static_cast<std::uint16_t>(id));
}

length_before::length_before(std::string& to) : to_(to), start_(to.size()) { to_.push_back('\0'); }

void length_before::close() {
    const auto length = to_.size() - start_ - 1;
    assert(length <= largest_variable_integer);
    to_.insert(start_, variable_integer_size(length) - 1, '\0');
    auto value = length;
    auto at = start_;
    for (; value >= 128; value /= 128) to_[at++] = static_cast<char>(value % 128 + 128);
    to_[at] = static_cast<char>(value);
}

}  // namespace mqtt

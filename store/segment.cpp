// store/segment.cpp: encoding and decoding of segments.
#include "store/segment.hpp"

#include <cassert>
#include <utility>

namespace store {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::uint8_t qos_bits = 3;
constexpr std::uint8_t retain_bit = 4;
constexpr std::uint8_t synchronised_bit = 8;
constexpr std::uint8_t expiry_bit = 16;
constexpr std::uint8_t properties_bit = 32;
constexpr std::uint8_t unknown_bits = 64 | 128;

// Differences wrap around like unsigned numbers, so that times of a mad clock neither overflow nor get lost.
std::int64_t difference(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

void put_reference(std::string& to, text_reference what) {
    put_varint(to, what.id);
    if (what.id == 0) put_text(to, what.text);
}

std::string_view take_reference(byte_reader& from, const dictionary& texts) {
    const std::uint64_t id = from.varint();
    if (id == 0) return from.text();
    const std::string* text = texts.text(id);
    if (text != nullptr) return *text;
    from.fail();
    return {};
}

std::uint8_t flags_of(const message& what) {
    return static_cast<std::uint8_t>(what.qos | (what.retain ? retain_bit : 0) |
                                     (what.taken.synchronised ? synchronised_bit : 0) | (what.expiry ? expiry_bit : 0) |
                                     (what.properties.empty() ? 0 : properties_bit));
}

void put_message(std::string& to, const message& what, text_reference topic, const stamp& previous) {
    put_reference(to, topic);
    to.push_back(static_cast<char>(flags_of(what)));
    put_signed(to, difference(what.taken.wall_ms, previous.wall_ms));
    put_signed(to, difference(what.taken.monotonic_ms, previous.monotonic_ms));
    if (what.expiry) put_varint(to, *what.expiry);
    put_text(to, what.payload);
    if (!what.properties.empty()) put_text(to, what.properties);
}

void take_message(byte_reader& from, message& to, const stamp& previous) {
    const std::uint8_t flags = from.byte();
    if ((flags & unknown_bits) != 0) from.fail();
    to.qos = flags & qos_bits;
    to.retain = (flags & retain_bit) != 0;
    to.taken.synchronised = (flags & synchronised_bit) != 0;
    to.taken.wall_ms = sum(previous.wall_ms, from.signed_varint());
    to.taken.monotonic_ms = sum(previous.monotonic_ms, from.signed_varint());
    to.expiry.reset();
    if ((flags & expiry_bit) != 0) {
        const std::uint64_t seconds = from.varint();
        if (seconds > UINT32_MAX) from.fail();
        to.expiry = static_cast<std::uint32_t>(seconds);
    }
    to.payload = from.text();
    to.properties = (flags & properties_bit) != 0 ? from.text() : std::string_view();
}

}  // namespace

std::uint32_t row_checksum(std::int64_t first, std::int64_t count, std::string_view data) {
    std::string key;
    put_signed(key, first);
    put_signed(key, count);
    return crc32(data, crc32(key));
}

std::uint32_t note_checksum(std::int64_t key, std::int64_t kind, std::string_view data) {
    return row_checksum(key, kind, data) ^ 0x6E6F7465;
}

segment_writer::segment_writer(text_reference boot, std::string memory) : data_(std::move(memory)) {
    data_.clear();
    data_.push_back(static_cast<char>(format));
    put_reference(data_, boot);
}

bool segment_writer::add(const message& what, text_reference topic, std::size_t most_bytes) {
    assert(what.qos <= 2);
    const std::size_t before = data_.size();
    put_message(data_, what, topic, previous_);
    if (data_.size() > most_bytes) {
        data_.resize(before);
        return false;
    }
    previous_ = what.taken;
    ++count_;
    return true;
}

segment_reader::segment_reader(std::int64_t first, std::int64_t count, std::string data)
    : first_(first), count_(count), data_(std::move(data)) {
    rewind();
}

void segment_reader::rewind() { at_ = before_ = {first_, 0, {}}; }

void segment_reader::unread() {
    assert(before_.next < at_.next);
    at_ = before_;
}

bool segment_reader::next(const dictionary& texts, stored_message& to) {
    assert(at_.next <= last());
    byte_reader from(data_, at_.offset);
    if (at_.offset == 0) {
        if (from.byte() != format) return false;
        boot_ = take_reference(from, texts);
    }
    message& what = to.message;
    to.sequence = sequence{at_.next};
    what.topic = take_reference(from, texts);
    take_message(from, what, at_.previous);
    if (from.failed() || (at_.next == last()) != from.at_end()) return false;
    before_ = at_;
    at_ = {at_.next + 1, from.position(), what.taken};
    return true;
}

}  // namespace store

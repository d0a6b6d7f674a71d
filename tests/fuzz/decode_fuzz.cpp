// tests/fuzz/decode_fuzz.cpp: any bytes as a packet. The first byte chooses version and sender, the rest is the frame. What
// decodes encodes, to something that decodes to the same; what is read in place is what decode() says.
// Not here: cutting a stream (framer_fuzz.cpp).
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "mqtt/codec.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace mqtt;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

publish owned(publish_view seen) {
    publish result{std::string(seen.topic),   std::string(seen.payload), seen.qos, seen.retain, seen.dup, seen.id,
                   std::move(seen.properties)};
    result.properties.topic_alias = seen.topic_alias;
    return result;
}

void check_in_place(std::span<const std::byte> frame, version how, sender from, const decoded<packet>& whole) {
    const auto seen = decode_publish(frame, how, from);
    const bool is_publish = whole && std::holds_alternative<publish>(*whole);
    require(seen.has_value() == is_publish, "decode_publish takes what decode takes");
    if (seen) require(packet(owned(*seen)) == *whole, "decode_publish reads what decode reads");
    const auto answer = read_short_acknowledgement(frame, how);
    if (!answer || from != sender::server) return;
    require(whole.has_value(), "a short acknowledgement decodes");
    std::string again;
    encode(*whole, how, again);
    const auto same = read_short_acknowledgement(bytes_of(again), how);
    require(same == answer, "a short acknowledgement is what decode reads");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto how = (data[0] & 1) != 0 ? version::v5 : version::v3_1_1;
    const auto from = (data[0] & 2) != 0 ? sender::server : sender::client;
    const auto frame = std::as_bytes(std::span(data, size).subspan(1));
    const auto first = decode(frame, how, from);
    check_in_place(frame, how, from, first);
    if (!first) {
        require(is_error(first.error().code()) && !first.error().what().empty(), "an error says what it is");
        return 0;
    }
    std::string again;
    encode(*first, how, again);
    require(again.size() <= frame.size(), "the encoder knows no longer form than another's");
    const auto second = decode(bytes_of(again), how, from);
    require(second.has_value(), "what was encoded decodes");
    require(*second == *first, "it decodes to the same");
    return 0;
}

// tests/mqtt/codec_view_test.cpp: reading in place says what decode() says, of good and of broken bytes, and takes no memory.
// Not here: what decode() says (codec_test.cpp, codec_refusal_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/codec_support.hpp"
#include "tests/support/allocations.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto server = sender::server;

/// The struct that decode() gives for the same bytes.
publish whole(const publish_view& seen) {
    publish result{std::string(seen.topic), std::string(seen.payload), seen.qos, seen.retain, seen.dup, seen.id, seen.properties};
    result.properties.topic_alias = seen.topic_alias;
    return result;
}

void check_as_decode(std::string_view bytes, version how, sender from) {
    CAPTURE(to_hex(bytes));
    const auto expected = decode(as_bytes(bytes), how, from);
    const auto seen = decode_publish(as_bytes(bytes), how, from);
    REQUIRE(seen.has_value() == expected.has_value());
    if (seen)
        CHECK(packet(whole(*seen)) == *expected);
    else
        CHECK(seen.error() == expected.error());
}

packet packet_of(const short_acknowledgement& seen) {
    const auto as = [&]<typename T>(T result) -> packet {
        result.id = seen.id;
        result.reason = seen.reason;
        return result;
    };
    switch (seen.kind) {
        case acknowledgement_kind::puback:
            return as(puback{});
        case acknowledgement_kind::pubrec:
            return as(pubrec{});
        case acknowledgement_kind::pubrel:
            return as(pubrel{});
        case acknowledgement_kind::pubcomp:
            return as(pubcomp{});
    }
    return pingreq{};
}

bool is_acknowledgement(const packet& what) {
    return std::holds_alternative<puback>(what) || std::holds_alternative<pubrec>(what) || std::holds_alternative<pubrel>(what) ||
           std::holds_alternative<pubcomp>(what);
}

}  // namespace

TEST_CASE("codec: a PUBLISH read in place is the one that decode() gives", "[mqtt][codec]") {
    for (const auto* bytes :
         {"30 09 0003 'a/b' '21.4'", "3d 0b 0003 'a/b' 1234 '21.4'", "32 05 0001 'a' 0001", "30 05 0003 'a/b'"})
        check_as_decode(hex(bytes), v3, server);
    for (const auto* bytes : {
             "30 0a 0003 'a/b' 00 '21.4'", "3d 0c 0003 'a/b' 1234 00 '21.4'",
             "30 0a 0000 03 23 0007 '21.4'",                 // an alias alone
             "30 0b 0001 'a' 03 23 ffff '21.4'",             // an alias and a name
             "30 0c 0000 05 01 01 23 0007 '21'",             // an alias and more
             "30 0c 0000 05 23 0007 01 01 '21'",             // in the other order
             "30 0d 0001 'a' 07 26 0001 'k' 0001 'v' '21'",  // more, and no alias
             "30 0c 0001 'a' 06 23 0007 23 0007 '21'",       // twice
             "30 08 0001 'a' 8300 23 0007",                  // a property length that takes more bytes than it must
         })
        check_as_decode(hex(bytes), v5, server);
}

TEST_CASE("codec: a PUBLISH read in place is refused as by decode(), cut at every byte and with every byte altered",
          "[mqtt][codec]") {
    const auto how = GENERATE(v3, v5);
    for (const auto* bytes : {"3d 0c 0003 'a/b' 1234 00 '21.4'", "32 0f 0003 'a/b' 1234 03 23 0007 '21.4'",
                              "30 0e 0001 'a' 09 23 0007 01 01 02 00000001"}) {
        const auto good = hex(bytes);
        for (std::size_t size = 2; size < good.size(); ++size) {
            auto cut = good.substr(0, size);
            check_as_decode(cut, how, server);
            cut[1] = static_cast<char>(size - 2);
            check_as_decode(cut, how, server);
        }
        for (std::size_t at = 1; at < good.size(); ++at) {
            for (int value = 0; value < 256; ++value) {
                auto altered = good;
                altered[at] = static_cast<char>(value);
                check_as_decode(altered, how, server);
            }
        }
    }
}

TEST_CASE("codec: decode_publish refuses another packet", "[mqtt][codec]") {
    CHECK(decode_publish(as_bytes(hex("d0 00")), v5, server).error().code() == reason::protocol_error);
    CHECK(decode_publish(as_bytes(hex("d1 00")), v5, server).error().code() == reason::malformed_packet);
}

TEST_CASE("codec: a short acknowledgement is read as decode() reads it, or left to decode()", "[mqtt][codec]") {
    const auto how = GENERATE(v3, v5);
    std::size_t read = 0;
    const auto check = [&](const std::string& bytes) {
        const auto seen = read_short_acknowledgement(as_bytes(bytes), how);
        const auto expected = decode(as_bytes(bytes), how, server);
        if (seen && (!expected || packet_of(*seen) != *expected)) FAIL(to_hex(bytes));
        // A length of two bytes is legal in 3.1.1, but nobody writes it.
        const bool is_short =
            expected && is_acknowledgement(*expected) && bytes.size() <= 6 && static_cast<unsigned char>(bytes[1]) < 0x80;
        if (seen.has_value() != is_short) FAIL(to_hex(bytes));
        if (seen) ++read;
    };
    for (unsigned first = 0; first < 256; ++first)
        for (unsigned length = 0; length < 7; ++length)
            for (unsigned code = 0; code < 256; ++code)
                for (const char property_length : {'\0', '\1', '\5'}) {
                    std::string bytes{static_cast<char>(first), static_cast<char>(length), '\1', '\2',
                                      static_cast<char>(code),  property_length,           '\0'};
                    check(bytes.substr(0, 2 + length));
                }
    for (const auto* bytes : {"", "40", "40 02", "40 02 00", "40 02 0000", "40 03 0000 00", "40 8200 0001", "40 02 0001 00"})
        check(hex(bytes));
    CHECK(read > 0);
    CHECK_FALSE(read_short_acknowledgement(as_bytes(hex("40 0b 0001 97 07 1f 0004 'full'")), how));
}

TEST_CASE("codec: what comes in at the rate of the messages takes no memory", "[mqtt][codec]") {
    const auto small = hex("3b 0f 0003 'a/b' 1234 03 23 0007 '21.4'");
    const auto plain = hex("32 0c 0003 'a/b' 1234 00 '21.4'");
    const auto broken = hex("36 0c 0003 'a/b' 1234 00 '21.4'");
    const auto answer = hex("40 03 0001 10");
    const auto before = ::test::allocations();
    const bool read = decode_publish(as_bytes(small), v5, server) && decode_publish(as_bytes(plain), v5, server) &&
                      !decode_publish(as_bytes(broken), v5, server) && read_short_acknowledgement(as_bytes(answer), v5);
    const auto taken = ::test::allocations() - before;
    CHECK(read);
    CHECK(taken == 0);
    const std::string counted(1000, 'c');  // or nothing is counted
    CHECK(::test::allocations() > before);
}

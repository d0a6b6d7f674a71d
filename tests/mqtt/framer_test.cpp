// tests/mqtt/framer_test.cpp: packets come out of a stream whole, however it is cut, and never larger than allowed.
// Not here: what the packets say (codec_test.cpp).
#include "mqtt/framer.hpp"

#include <catch2/catch.hpp>

#include "tests/mqtt/codec_support.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

std::string text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// All packets that are there now.
std::vector<std::string> drain(framer& from) {
    std::vector<std::string> result;
    for (;;) {
        const auto next = from.next();
        REQUIRE(next.has_value());
        if (!*next) return result;
        result.push_back(text_of(**next));
    }
}

reason error_of(framer& from) {
    const auto next = from.next();
    REQUIRE(next.has_error());
    return next.error().code();
}

}  // namespace

TEST_CASE("framer: a stream cut at any two bytes gives the same packets", "[mqtt][framer]") {
    const std::vector<std::string> packets{hex("d0 00"), hex("30 8201") + std::string(130, 'x'), hex("40 02 0001"), hex("d0 00")};
    std::string stream;
    for (const auto& one : packets) stream += one;
    for (std::size_t first = 0; first <= stream.size(); ++first) {
        for (std::size_t second = first; second <= stream.size(); ++second) {
            framer in(1000);
            std::vector<std::string> got;
            for (const auto& part : {stream.substr(0, first), stream.substr(first, second - first), stream.substr(second)}) {
                in.feed(as_bytes(part));
                for (auto& one : drain(in)) got.push_back(std::move(one));
            }
            if (got != packets) FAIL("cut at " << first << " and " << second);
        }
    }
}

TEST_CASE("framer: bytes may be fed before all packets are taken", "[mqtt][framer]") {
    framer in(1000);
    in.feed(as_bytes(hex("d0 00 40 02")));
    REQUIRE(in.next().value().has_value());
    in.feed(as_bytes(hex("0001")));
    CHECK(drain(in) == std::vector<std::string>{hex("40 02 0001")});
}

TEST_CASE("framer: the limit counts the whole packet", "[mqtt][framer]") {
    framer in(132);
    in.feed(as_bytes(hex("30 7f") + std::string(127, 'x')));
    CHECK(drain(in).size() == 1);
    in.feed(as_bytes(hex("30 8101") + std::string(129, 'x')));
    CHECK(drain(in).size() == 1);
    SECTION("one byte more is refused as soon as the length is there") {
        in.feed(as_bytes(hex("30 8201")));
        CHECK(error_of(in) == reason::packet_too_large);
    }
    SECTION("an error stays until reset") {
        in.feed(as_bytes(hex("30 ffffff7f")));
        CHECK(error_of(in) == reason::packet_too_large);
        in.feed(as_bytes(hex("d0 00")));
        CHECK(error_of(in) == reason::packet_too_large);
        in.reset();
        CHECK(drain(in).empty());
        in.feed(as_bytes(hex("d0 00")));
        CHECK(drain(in) == std::vector<std::string>{hex("d0 00")});
    }
}

TEST_CASE("framer: a remaining length of more than four bytes is malformed", "[mqtt][framer]") {
    framer in(0xffffffff);
    in.feed(as_bytes(hex("30 808080")));
    CHECK(drain(in).empty());
    in.feed(as_bytes(hex("80")));
    CHECK(error_of(in) == reason::malformed_packet);
}

TEST_CASE("framer: what comes before an error is still given", "[mqtt][framer]") {
    framer in(10);
    in.feed(as_bytes(hex("d0 00 30 7f")));
    REQUIRE(in.next().value().has_value());
    CHECK(error_of(in) == reason::packet_too_large);
}

TEST_CASE("framer: reset forgets half a packet", "[mqtt][framer]") {
    framer in(10);
    in.feed(as_bytes(hex("40 02 00")));
    CHECK(drain(in).empty());
    in.reset();
    in.feed(as_bytes(hex("d0 00")));
    CHECK(drain(in) == std::vector<std::string>{hex("d0 00")});
}

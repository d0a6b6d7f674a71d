// tests/conformance/malformed_conformance.cpp: whole packets gone wrong in every way that can be listed: cut at each byte, with
// each property where it doesn't belong or twice, with identifiers that no property has; each with the reason code for it.
// Not here: single fields out of range (tests/mqtt/codec_refusal_test.cpp), wrong flags (data_conformance.cpp).
#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "tests/conformance/codec_checks.hpp"
#include "tests/mqtt/property_table.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

enum class outcome { taken, malformed, protocol };

/// A packet, and the sizes at which what is left of it (its remaining length made to fit) isn't malformed.
struct example_packet {
    version how;
    sender from;
    const char* bytes;
    std::map<std::size_t, outcome> otherwise = {};
};

std::vector<example_packet> example_packets() {
    using enum outcome;
    return {
        {v3, client, "10 1f 0004 'MQTT' 04 f6 003c 0002 'gw' 0003 'a/b' 0002 00ff 0002 'me' 0002 'pw'"},
        {v3, server, "20 02 00 00"},
        {v3, server, "32 0a 0003 'a/b' 0001 '1.5'", {{9, taken}, {10, taken}, {11, taken}}},  // a shorter payload
        {v3, server, "40 02 0001"},
        {v3, server, "50 02 0001"},
        {v3, server, "62 02 0001"},
        {v3, server, "70 02 0001"},
        {v3, client, "82 0c 000a 0003 'a/+' 01 0001 '#' 02", {{4, protocol}, {10, taken}}},  // no filter, one less
        {v3, server, "90 04 000a 01 80", {{5, taken}}},
        {v3, client, "a2 08 000b 0001 'a' 0001 'b'", {{4, protocol}, {7, taken}}},
        {v3, server, "b0 02 000b"},
        {v3, client, "c0 00"},
        {v3, server, "d0 00"},
        {v3, client, "e0 00"},
        {v5, client,
         "10 2e 0004 'MQTT' 05 ce 003c 08 11 00000001 21 0002 0002 'gw' 05 18 00000005 0003 'a/b' 0002 00ff 0002 'me' 0002 'pw'"},
        {v5, server, "20 11 01 00 0e 12 0001 'x' 13 001e 1f 0002 'hi' 24 01"},
        {v5, server, "3a 13 0003 'a/b' 0001 0a 01 01 23 0007 0b ff7f 0b 01 '1'", {{20, taken}}},
        {v5, server, "40 0b 0001 97 07 1f 0004 'full'", {{4, taken}, {5, taken}}},  // the short forms
        {v5, server, "50 0b 0001 97 07 1f 0004 'full'", {{4, taken}, {5, taken}}},
        {v5, server, "62 0b 0001 92 07 1f 0004 'what'", {{4, taken}, {5, taken}}},
        {v5, server, "70 0b 0001 92 07 1f 0004 'what'", {{4, taken}, {5, taken}}},
        {v5, client, "82 10 000a 03 0b 8001 0003 'a/+' 2d 0001 '#' 02", {{8, protocol}, {14, taken}}},
        {v5, server, "90 0c 000a 07 1f 0004 'some' 01 80", {{13, taken}}},
        {v5, client, "a2 10 000b 07 26 0001 'k' 0001 'v' 0001 'a' 0001 'b'", {{12, protocol}, {15, taken}}},
        {v5, server, "b0 0c 000b 07 1f 0004 'some' 00 11", {{13, taken}}},
        {v5, client, "c0 00"},
        {v5, server, "d0 00"},
        {v5, server, "e0 09 8b 07 1f 0004 'over'", {{2, taken}, {3, taken}}},
        {v5, server, "f0 0a 18 08 15 0001 'm' 16 0001 00", {{2, taken}}},
    };
}

std::optional<reason> code_of(outcome what) {
    if (what == outcome::taken) return std::nullopt;
    return what == outcome::malformed ? malformed : protocol;
}

/// A frame of the packet with this block of properties, and else as small as may be.
std::string frame_with(packet_type holder, std::string_view block) {
    const auto with = [&](unsigned first, std::string_view before, std::string_view after = "") {
        return frame(first, hex(before) + properties(block) + hex(after));
    };
    switch (holder) {
        case packet_type::will:
            return with(0x10, "0004 'MQTT' 05 06 003c 00 0001 'c'", "0001 't' 0000");
        case packet_type::connect:
            return with(0x10, "0004 'MQTT' 05 02 003c", "0001 'c'");
        case packet_type::connack:
            return with(0x20, "00 00");
        case packet_type::publish:
            return with(0x30, "0001 't'", "'payload'");
        case packet_type::puback:
            return with(0x40, "0001 00");
        case packet_type::pubrec:
            return with(0x50, "0001 00");
        case packet_type::pubrel:
            return with(0x62, "0001 00");
        case packet_type::pubcomp:
            return with(0x70, "0001 00");
        case packet_type::subscribe:
            return with(0x82, "0001", "0001 'f' 00");
        case packet_type::suback:
            return with(0x90, "0001", "00");
        case packet_type::unsubscribe:
            return with(0xa2, "0001", "0001 'f'");
        case packet_type::unsuback:
            return with(0xb0, "0001", "00");
        case packet_type::disconnect:
            return with(0xe0, "00");
        case packet_type::auth:
            return with(0xf0, "18");
        default:
            return {};  // PINGREQ and PINGRESP have none
    }
}

/// Authentication data needs a method beside it, and AUTH always has one.
std::string beside(packet_type holder, unsigned identifier) {
    const bool needed = identifier != 0x15 && (identifier == 0x16 || holder == packet_type::auth);
    return needed ? example(0x15) : std::string();
}

template <typename Check>
void for_every_holder(Check check) {
    for (const auto& [holder, identifiers_there] : carried_by)
        for (const auto from : {client, server})
            if (may_send(from, holder) && !frame_with(holder, "").empty()) check(holder, identifiers_there, from);
}

bool repeats(packet_type holder, unsigned identifier) {
    return identifier == 0x26 || (identifier == 0x0b && holder == packet_type::publish);
}

}  // namespace

TEST_CASE("codec: a packet that ends before its remaining length is malformed, cut at any byte", "[conformance]") {
    for (const auto& one : example_packets()) {
        const auto bytes = hex(one.bytes);
        CAPTURE(one.bytes);
        CHECK(!refusal(bytes, one.how, one.from));
        for (std::size_t size = 0; size < bytes.size(); ++size)
            CHECK(refusal(bytes.substr(0, size), one.how, one.from) == malformed);
        CHECK(refusal(bytes + '\0', one.how, one.from) == malformed);
    }
}

TEST_CASE("codec: a packet whose content ends too soon is malformed, cut at any byte", "[conformance]") {
    for (const auto& one : example_packets()) {
        const auto bytes = hex(one.bytes);
        for (std::size_t size = 2; size < bytes.size(); ++size) {
            auto cut = bytes.substr(0, size);
            cut[1] = static_cast<char>(size - 2);
            CAPTURE(one.bytes, size);
            const auto found = one.otherwise.find(size);
            const auto expected = found == one.otherwise.end() ? outcome::malformed : found->second;
            CHECK(refusal(cut, one.how, one.from) == code_of(expected));
        }
    }
}

TEST_CASE("codec: a packet with a byte too many is malformed, but for those that end in a payload or a list", "[conformance]") {
    for (const auto& one : example_packets()) {
        auto longer = hex(one.bytes) + '\3';
        longer[1] = static_cast<char>(longer[1] + 1);
        CAPTURE(one.bytes);
        const auto type = static_cast<unsigned char>(longer[0]) >> 4;
        const bool list_of_codes = type == 9 || (type == 11 && one.how == v5);
        if (type == 3)
            CHECK(!refusal(longer, one.how, one.from));
        else
            CHECK(refusal(longer, one.how, one.from) == (list_of_codes ? protocol : malformed));  // 3 is no code
    }
}

TEST_CASE("codec: a property that isn't of the packet is malformed, one of the other side a protocol error [5.0 (2.2.2.2)]",
          "[conformance]") {
    std::size_t taken = 0;
    for_every_holder([&](packet_type holder, const identifiers& there, sender from) {
        for (unsigned identifier = 0; identifier < 128; ++identifier) {
            const bool known = is_property(identifier);
            const auto block = (known ? example(identifier) : std::string{static_cast<char>(identifier), '\0'});
            CAPTURE(static_cast<int>(holder), static_cast<int>(from), identifier);
            std::optional<reason> expected;
            if (!there.contains(identifier))
                expected = malformed;
            else if (is_of_one_side(holder, identifier, from))
                expected = protocol;
            else
                ++taken;
            CHECK(refusal(frame_with(holder, block + beside(holder, identifier)), v5, from) == expected);
        }
    });
    CHECK(taken > 80);
}

TEST_CASE("codec: a property that is there twice is a protocol error in every packet [5.0 (2.2.2.2)]", "[conformance]") {
    for_every_holder([](packet_type holder, const identifiers& there, sender from) {
        for (const auto identifier : there) {
            if (is_of_one_side(holder, identifier, from)) continue;
            CAPTURE(static_cast<int>(holder), static_cast<int>(from), identifier);
            const auto block = example(identifier) + beside(holder, identifier) + example(identifier);
            CHECK(refusal(frame_with(holder, block), v5, from) ==
                  (repeats(holder, identifier) ? std::nullopt : std::optional(protocol)));
        }
    });
}

TEST_CASE("codec: a property that ends with its block rather than with its value is malformed", "[conformance]") {
    for_every_holder([](packet_type holder, const identifiers& there, sender from) {
        for (const auto identifier : there) {
            if (is_of_one_side(holder, identifier, from)) continue;
            const auto whole = example(identifier);
            for (std::size_t size = 1; size < whole.size(); ++size) {
                CAPTURE(static_cast<int>(holder), static_cast<int>(from), identifier, size);
                // What follows would make it whole, if the block's length didn't count.
                CHECK(refusal(frame_with(holder, beside(holder, identifier) + whole.substr(0, size)), v5, from) == malformed);
            }
        }
    });
}

TEST_CASE("codec: what is 0 and must not be has the reason code that the specification names", "[conformance]") {
    struct zero {
        packet_type holder;
        sender from;
        const char* property;
        reason code;
    };
    for (const auto& one : {
             zero{packet_type::connect, client, "21 0000", protocol},
             zero{packet_type::connack, server, "21 0000", protocol},
             zero{packet_type::connect, client, "27 00000000", protocol},
             zero{packet_type::connack, server, "27 00000000", protocol},
             zero{packet_type::subscribe, client, "0b 00", protocol},
             zero{packet_type::publish, server, "0b 00", protocol},
             zero{packet_type::publish, server, "23 0000", reason::topic_alias_invalid},
             zero{packet_type::publish, client, "23 0000", reason::topic_alias_invalid},
         }) {
        CAPTURE(one.property);
        CHECK(refusal(frame_with(one.holder, hex(one.property)), v5, one.from) == one.code);
    }
}

TEST_CASE("codec: an identifier of a packet is not 0, whatever the packet", "[conformance]") {
    for (const auto how : {v3, v5}) {
        const std::string none = how == v5 ? std::string(1, '\0') : std::string();
        for (const auto first : {0x40u, 0x50u, 0x62u, 0x70u}) CHECK(refusal(frame(first, hex("0000")), how, server) == protocol);
        for (const auto first : {0x32u, 0x34u})
            CHECK(refusal(frame(first, hex("0001 'a' 0000") + none), how, server) == protocol);
        CHECK(refusal(frame(0x82, hex("0000") + none + hex("0001 'a' 00")), how, client) == protocol);
        CHECK(refusal(frame(0x90, hex("0000") + none + hex("00")), how, server) == protocol);
        CHECK(refusal(frame(0xa2, hex("0000") + none + hex("0001 'a'")), how, client) == protocol);
        CHECK(refusal(frame(0xb0, how == v5 ? hex("0000 00 00") : hex("0000")), how, server) == protocol);
    }
}

// tests/conformance/reason_conformance.cpp: which reason codes each packet may bear, by the tables of MQTT 5.0, written here a
// second time; and the forms that leave a reason out.
// Not here: what a reason does to a session.
#include <array>
#include <catch2/catch.hpp>
#include <set>

#include "mqtt/codec_bytes.hpp"
#include "tests/conformance/codec_checks.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

using codes = std::set<unsigned>;

std::string with_code(std::string_view before, unsigned code, std::string_view after) {
    return hex(before) + static_cast<char>(code) + hex(after);
}

/// Decodes the packet with each of the 256 codes: those of the table are taken, the others are protocol errors.
void check_codes(unsigned first, std::string_view before, std::string_view after, version how, sender from,
                 const codes& allowed) {
    for (unsigned code = 0; code < 256; ++code) {
        CAPTURE(first, code);
        const auto expected = allowed.contains(code) ? std::nullopt : std::optional(protocol);
        CHECK(refusal(frame(first, with_code(before, code, after)), how, from) == expected);
    }
}

template <typename T>
void check_never_written(std::initializer_list<reason> wrong) {
    for (const auto code : wrong) {
        T what;
        what.id = packet_id{1};
        what.reason = code;
        CHECK(never_encoded(what, v5));
    }
}

const codes of_publish_acknowledgements{0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
const codes of_releases{0x00, 0x92};

}  // namespace

TEST_CASE("codec: CONNACK bears a code of its table [5.0 MQTT-3.2.2-8]", "[conformance]") {
    check_codes(0x20, "00", "00", v5, server, {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
                                               0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f});
    check_codes(0x20, "00", "", v3, server, {0, 1, 2, 3, 4, 5});
    connack what;
    what.reason = reason::packet_identifier_not_found;
    CHECK(never_encoded(what, v5));
}

TEST_CASE("codec: PUBACK bears a code of its table, and a client not that of missing subscribers [5.0 MQTT-3.4.2-1]",
          "[conformance]") {
    check_codes(0x40, "0001", "", v5, server, of_publish_acknowledgements);
    check_codes(0x40, "0001", "00", v5, server, of_publish_acknowledgements);
    codes of_client = of_publish_acknowledgements;
    of_client.erase(0x10);
    check_codes(0x40, "0001", "", v5, client, of_client);
    check_never_written<puback>({reason::packet_identifier_not_found, reason::malformed_packet, reason::granted_qos_1});
}

TEST_CASE("codec: PUBREC bears a code of its table, and a client not that of missing subscribers [5.0 MQTT-3.5.2-1]",
          "[conformance]") {
    check_codes(0x50, "0001", "", v5, server, of_publish_acknowledgements);
    codes of_client = of_publish_acknowledgements;
    of_client.erase(0x10);
    check_codes(0x50, "0001", "", v5, client, of_client);
    check_never_written<pubrec>({reason::packet_identifier_not_found, reason::malformed_packet, reason::granted_qos_1});
}

TEST_CASE("codec: PUBREL bears success or an unknown identifier [5.0 MQTT-3.6.2-1]", "[conformance]") {
    for (const auto from : {client, server}) check_codes(0x62, "0001", "", v5, from, of_releases);
    check_never_written<pubrel>({reason::unspecified_error, reason::quota_exceeded});
}

TEST_CASE("codec: PUBCOMP bears success or an unknown identifier [5.0 MQTT-3.7.2-1]", "[conformance]") {
    for (const auto from : {client, server}) check_codes(0x70, "0001", "", v5, from, of_releases);
    check_never_written<pubcomp>({reason::unspecified_error, reason::quota_exceeded});
}

TEST_CASE("codec: SUBACK bears codes of its table [3.1.1 MQTT-3.9.3-2; 5.0 MQTT-3.9.3-2]", "[conformance]") {
    check_codes(0x90, "0001 00", "", v5, server, {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2});
    check_codes(0x90, "0001 00 00", "", v5, server, {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2});
    check_codes(0x90, "0001", "", v3, server, {0x00, 0x01, 0x02, 0x80});
    check_codes(0x90, "0001 01", "02", v3, server, {0x00, 0x01, 0x02, 0x80});
}

TEST_CASE("codec: UNSUBACK bears codes of its table [5.0 MQTT-3.11.3-2]", "[conformance]") {
    check_codes(0xb0, "0001 00", "", v5, server, {0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91});
    check_codes(0xb0, "0001 00 11", "00", v5, server, {0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91});
}

TEST_CASE("codec: DISCONNECT bears a code of its table, each side its own [5.0 MQTT-3.14.2-1]", "[conformance]") {
    check_codes(0xe0, "", "", v5, client, {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99});
    // 0x00 and 0x8c aren't in the server's part of the table; brokers send them, and the second is in table 2-6.
    check_codes(0xe0, "", "", v5, server,
                {0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94,
                 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2});
    for (const auto wrong : {reason::granted_qos_1, reason::server_unavailable, reason::banned}) {
        disconnect what;
        what.reason = wrong;
        CHECK(never_encoded(what, v5));
    }
}

TEST_CASE("codec: AUTH bears success, go on, or again, each side its own [5.0 MQTT-3.15.2-1]", "[conformance]") {
    check_codes(0xf0, "", "04 15 0001 'm'", v5, server, {0x00, 0x18});
    check_codes(0xf0, "", "04 15 0001 'm'", v5, client, {0x18, 0x19});
    auth what;
    what.reason = reason::not_authorized;
    what.properties.authentication_method = "m";
    CHECK(never_encoded(what, v5));
}

TEST_CASE("codec: a session expiry in a server's DISCONNECT is a protocol error [5.0 MQTT-3.14.2-2]", "[conformance]") {
    CHECK(refusal(frame(0xe0, hex("00 05 11 00000001")), v5, server) == protocol);
    CHECK(!refusal(frame(0xe0, hex("00 05 11 00000001")), v5, client));
}

TEST_CASE("codec: an acknowledgement may leave out what says nothing [5.0 (3.4.2.1/3.6.2.1)]", "[conformance]") {
    for (const auto first : {0x40u, 0x50u, 0x62u, 0x70u}) {
        CAPTURE(first);
        const auto shortest = decode(as_bytes(frame(first, hex("0102"))), v5, server);
        REQUIRE(shortest.has_value());
        for (const auto* longer : {"0102 00", "0102 00 00"}) {
            const auto same = decode(as_bytes(frame(first, hex(longer))), v5, server);
            REQUIRE(same.has_value());
            CHECK(*same == *shortest);
        }
        CHECK(to_hex(encoded(*shortest, v5)) == to_hex(frame(first, hex("0102"))));
        const auto with_properties = frame(first, hex("0102 00 07 1f 0004 'good'"));
        const auto told = decode(as_bytes(with_properties), v5, server);
        REQUIRE(told.has_value());
        CHECK(to_hex(encoded(*told, v5)) == to_hex(with_properties));
        for (const auto* broken : {"", "01", "0102 00 01", "0102 00 00 00", "0102 00 07 1f 0004 'goo'"})
            CHECK(refusal(frame(first, hex(broken)), v5, server) == malformed);
    }
    puback refused;
    refused.id = packet_id{0x0102};
    refused.reason = reason::quota_exceeded;
    CHECK(to_hex(encoded(refused, v5)) == to_hex(hex("40 03 0102 97")));
}

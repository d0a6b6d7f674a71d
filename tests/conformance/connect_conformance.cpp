// tests/conformance/connect_conformance.cpp: CONNECT with its will, and CONNACK (3.1 and 3.2 of both specifications).
// Not here: what a session does when it connects; strings that are no UTF-8 (data_conformance.cpp).
#include <catch2/catch.hpp>

#include "mqtt/property.hpp"
#include "tests/conformance/codec_checks.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

/// What a CONNECT may hold or not, all independent of each other.
struct choice {
    version how;
    bool clean;
    bool with_will;
    unsigned will_qos;
    bool will_retain;
    bool with_name;
    bool with_password;
};

template <typename Check>
void for_every_choice(Check check) {
    for (const auto how : {v3, v5})
        for (unsigned bits = 0; bits < 32; ++bits)
            for (unsigned will_qos = 0; will_qos < 3; ++will_qos) {
                const choice one{
                    how, (bits & 1) != 0, (bits & 2) != 0, will_qos, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0};
                if (!one.with_will && (one.will_qos != 0 || one.will_retain)) continue;
                if (how == v3 && one.with_password && !one.with_name) continue;  // [MQTT-3.1.2-22]
                check(one);
            }
}

connect packet_of(const choice& one) {
    connect result;
    result.clean_start = one.clean;
    result.keep_alive = 60;
    result.client_id = "id";
    if (one.with_will) result.will = will{"topic", "last words", static_cast<qos>(one.will_qos), one.will_retain};
    if (one.with_name) result.username = "name";
    if (one.with_password) result.password = "secret";
    return result;
}

std::string bytes_of(const choice& one) {
    unsigned flags = 0;
    if (one.clean) flags |= 0x02;
    if (one.with_will) flags |= 0x04 + one.will_qos * 0x08 + (one.will_retain ? 0x20u : 0u);
    if (one.with_password) flags |= 0x40;
    if (one.with_name) flags |= 0x80;
    const std::string none = one.how == v5 ? std::string(1, '\0') : std::string();
    std::string rest = hex(one.how == v5 ? "0004 'MQTT' 05" : "0004 'MQTT' 04") + static_cast<char>(flags) + hex("003c") + none;
    rest += field("id");
    if (one.with_will) rest += none + field("topic") + field("last words");
    if (one.with_name) rest += field("name");
    if (one.with_password) rest += field("secret");
    return frame(0x10, rest);
}

std::string connect_with_flags(unsigned flags, version how, std::string_view payload) {
    const std::string none = how == v5 ? std::string(1, '\0') : std::string();
    return frame(0x10, hex(how == v5 ? "0004 'MQTT' 05" : "0004 'MQTT' 04") + static_cast<char>(flags) + hex("003c") + none +
                           std::string(payload));
}

}  // namespace

TEST_CASE(
    "codec: flags and payload of CONNECT agree, and the payload has its order [3.1.1 MQTT-3.1.2-9, MQTT-3.1.2-11, "
    "MQTT-3.1.2-13, MQTT-3.1.2-15, MQTT-3.1.2-18, MQTT-3.1.2-19, MQTT-3.1.2-20, MQTT-3.1.2-21, MQTT-3.1.3-1, "
    "MQTT-3.1.3-3; 5.0 MQTT-3.1.2-9, MQTT-3.1.2-11, MQTT-3.1.2-13, MQTT-3.1.2-16, MQTT-3.1.2-17, MQTT-3.1.2-18, "
    "MQTT-3.1.2-19, MQTT-3.1.3-1, MQTT-3.1.3-3]",
    "[conformance]") {
    std::size_t count = 0;
    for_every_choice([&](const choice& one) {
        ++count;
        const auto bytes = bytes_of(one);
        CHECK(to_hex(encoded(packet_of(one), one.how)) == to_hex(bytes));
        const auto back = decode(as_bytes(bytes), one.how, client);
        REQUIRE(back.has_value());
        CHECK(*back == packet(packet_of(one)));
    });
    CHECK(count == 2 * 7 * (4 + 3));
}

TEST_CASE(
    "codec: a CONNECT whose flags and payload disagree is malformed [3.1.1 MQTT-3.1.2-9, MQTT-3.1.2-19, MQTT-3.1.2-21; 5.0 "
    "MQTT-3.1.2-9, MQTT-3.1.2-17, MQTT-3.1.2-19]",
    "[conformance]") {
    for (const auto how : {v3, v5}) {
        const std::string none = how == v5 ? std::string(1, '\0') : std::string();
        const auto check = [&](unsigned flags, const std::string& payload, std::optional<reason> expected) {
            CHECK(refusal(connect_with_flags(flags, how, payload), how, client) == expected);
        };
        check(0x02, field("c"), std::nullopt);
        check(0x82, field("c"), malformed);                                   // no user name
        check(0xc2, field("c") + field("n"), malformed);                      // no password
        check(0x06, field("c") + none, malformed);                            // no will
        check(0x06, field("c") + none + field("t"), malformed);               // no will payload
        check(0x02, field("c") + field("n"), malformed);                      // a user name that is not announced
        check(0x82, field("c") + field("n") + field("p"), malformed);         // a password
        check(0x02, field("c") + none + field("t") + field("p"), malformed);  // a will
        check(0x02, "", malformed);                                           // no client identifier
    }
}

TEST_CASE(
    "codec: CONNECT names the protocol MQTT and its version, and a refusal of the version is understood [3.1.1 "
    "MQTT-3.1.2-1, MQTT-3.1.2-2; 5.0 MQTT-3.1.2-1, MQTT-3.1.2-2]",
    "[conformance]") {
    connect what;
    what.client_id = "c";
    CHECK(encoded(what, v3).substr(2, 7) == hex("0004 'MQTT' 04"));
    CHECK(encoded(what, v5).substr(2, 7) == hex("0004 'MQTT' 05"));
    for (const auto* other : {"0004 'mqtt' 04", "0006 'MQIsdp' 03", "0004 'MQTT' 05", "0004 'MQTT' 03", "0004 'MQTT' 84"})
        CHECK(refusal(frame(0x10, hex(other) + hex("02 003c 0001 'c'")), v3, client) == reason::unsupported_protocol_version);
    CHECK(refusal(frame(0x10, hex("0004 'MQTT' 04 02 003c 00 0001 'c'")), v5, client) == reason::unsupported_protocol_version);
    const auto refused_3 = decode_hex("20 02 00 01", v3, server);
    REQUIRE(refused_3.has_value());
    CHECK(std::get<connack>(*refused_3).reason == reason::unsupported_protocol_version);
    const auto refused_5 = decode_hex("20 03 00 84 00", v5, server);
    REQUIRE(refused_5.has_value());
    CHECK(std::get<connack>(*refused_5).reason == reason::unsupported_protocol_version);
}

TEST_CASE("codec: the reserved flag of CONNECT is 0 [3.1.1 MQTT-3.1.2-3; 5.0 MQTT-3.1.2-3]", "[conformance]") {
    for_every_choice([](const choice& one) {
        auto bytes = encoded(packet_of(one), one.how);
        CHECK((bytes[9] & 1) == 0);
        bytes[9] = static_cast<char>(bytes[9] | 1);
        CHECK(refusal(bytes, one.how, client) == malformed);
    });
}

TEST_CASE(
    "codec: a will has QoS 0, 1 or 2, and without a will there is neither QoS nor retain [3.1.1 MQTT-3.1.2-11, "
    "MQTT-3.1.2-13, MQTT-3.1.2-14, MQTT-3.1.2-15; 5.0 MQTT-3.1.2-11, MQTT-3.1.2-12, MQTT-3.1.2-13]",
    "[conformance]") {
    for (const auto how : {v3, v5}) {
        const std::string none = how == v5 ? std::string(1, '\0') : std::string();
        const auto with_will = field("c") + none + field("t") + field("p");
        for (unsigned qos = 0; qos < 4; ++qos)
            for (const unsigned retain : {0u, 0x20u}) {
                CAPTURE(qos, retain);
                CHECK(refusal(connect_with_flags(0x06 | qos << 3 | retain, how, with_will), how, client) ==
                      (qos < 3 ? std::nullopt : std::optional(malformed)));
                CHECK(refusal(connect_with_flags(0x02 | qos << 3 | retain, how, field("c")), how, client) ==
                      (qos == 0 && retain == 0 ? std::nullopt : std::optional(malformed)));
            }
    }
}

TEST_CASE("codec: 3.1.1 has no password without a user name, 5.0 has [3.1.1 MQTT-3.1.2-22; 5.0 MQTT-3.1.2-19]", "[conformance]") {
    connect what;
    what.client_id = "c";
    what.password = "p";
    CHECK(never_encoded(what, v3));
    CHECK(to_hex(encoded(what, v5)) == to_hex(hex("10 11 0004 'MQTT' 05 40 0000 00 0001 'c' 0001 'p'")));
    CHECK(refusal(connect_with_flags(0x42, v3, field("c") + field("p")), v3, client) == malformed);
    CHECK(!refusal(connect_with_flags(0x42, v5, field("c") + field("p")), v5, client));
}

TEST_CASE("codec: 3.1.1 has an empty client identifier only with a clean session [3.1.1 MQTT-3.1.3-7]", "[conformance]") {
    connect what;
    CHECK(never_encoded(what, v3));
    CHECK(refusal(connect_with_flags(0x00, v3, field("")), v3, client) == reason::client_identifier_not_valid);
    what.clean_start = true;
    CHECK(to_hex(encoded(what, v3)) == to_hex(hex("10 0c 0004 'MQTT' 04 02 0000 0000")));
    CHECK(!refusal(connect_with_flags(0x02, v3, field("")), v3, client));
    what.clean_start = false;
    CHECK(to_hex(encoded(what, v5)) == to_hex(hex("10 0d 0004 'MQTT' 05 00 0000 00 0000")));
}

TEST_CASE("codec: a password is up to 65,535 bytes of anything [3.1.1 (3.1.3.5)]", "[conformance]") {
    std::string all;
    for (unsigned value = 0; value < 256; ++value) all += static_cast<char>(value);
    connect what;
    what.client_id = "c";
    what.username = "n";
    for (const auto& password : {std::string(), all, std::string(65'535, '\xff')}) {
        what.password = password;
        const auto bytes = encoded(what, v3);
        const auto back = decode(as_bytes(bytes), v3, client);
        REQUIRE(back.has_value());
        CHECK(std::get<connect>(*back).password == password);
        CHECK(bytes.ends_with(field(password)));
    }
    what.password = std::string(65'536, 'p');
    CHECK(never_encoded(what, v3));
}

TEST_CASE("codec: how long a will is held back is said in the will's own properties [5.0 (3.1.3.2.2)]", "[conformance]") {
    connect what;
    what.client_id = "c";
    what.will = will{"t", "p", qos::at_most_once, false};
    what.will_properties.will_delay_interval = 258;
    CHECK(to_hex(encoded(what, v5)) == to_hex(hex("10 1a 0004 'MQTT' 05 04 0000 00 0001 'c' 05 18 00000102 0001 't' 0001 'p'")));
    const auto elsewhere = frame(0x10, hex("0004 'MQTT' 05 02 003c 05 18 00000102 0001 'c'"));
    CHECK(refusal(elsewhere, v5, client) == malformed);
}

TEST_CASE("codec: CONNACK's flags say no more than whether there is a session [5.0 MQTT-3.2.2-1]", "[conformance]") {
    for (unsigned flags = 0; flags < 256; ++flags) {
        const auto expected = flags > 1 ? std::optional(malformed) : std::nullopt;
        CHECK(refusal(frame(0x20, std::string{static_cast<char>(flags), '\0'}), v3, server) == expected);
        CHECK(refusal(frame(0x20, std::string{static_cast<char>(flags), '\0', '\0'}), v5, server) == expected);
    }
}

TEST_CASE("codec: a CONNACK that refuses has no session [3.1.1 MQTT-3.2.2-4; 5.0 MQTT-3.2.2-6]", "[conformance]") {
    for (unsigned code = 1; code <= 5; ++code) {
        CHECK(!refusal(frame(0x20, std::string{'\0', static_cast<char>(code)}), v3, server));
        CHECK(refusal(frame(0x20, std::string{'\1', static_cast<char>(code)}), v3, server) == protocol);
    }
    for (const char* code : {"80", "84", "87", "9f"}) {
        CHECK(!refusal(frame(0x20, hex("00") + hex(code) + hex("00")), v5, server));
        CHECK(refusal(frame(0x20, hex("01") + hex(code) + hex("00")), v5, server) == protocol);
    }
}

TEST_CASE("codec: a maximum packet size of 0 is a protocol error, to either side [5.0 (3.1.2.11.4)]", "[conformance]") {
    CHECK(refusal(frame(0x20, hex("0000 05 27 00000000")), v5, server) == protocol);
    CHECK(!refusal(frame(0x20, hex("0000 05 27 00000001")), v5, server));
    CHECK(refusal(frame(0x10, hex("0004 'MQTT' 05 02 003c 05 27 00000000 0001 'c'")), v5, client) == protocol);
    connect what;
    what.client_id = "c";
    what.properties.maximum_packet_size = 0;
    CHECK(never_encoded(what, v5));
}

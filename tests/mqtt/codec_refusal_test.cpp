// tests/mqtt/codec_refusal_test.cpp: bytes that are no packet, each with the reason code that MQTT 5.0 names for it.
// Not here: what the properties' table forbids (property_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/codec_support.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

constexpr auto malformed = reason::malformed_packet;
constexpr auto protocol = reason::protocol_error;

struct refused {
    const char* why;
    const char* bytes;
    reason code;
};

void check_refused(std::initializer_list<refused> cases, version how, sender from) {
    for (const auto& [why, bytes, code] : cases) {
        INFO(why << ": " << bytes);
        const auto result = decode_hex(bytes, how, from);
        REQUIRE(result.has_error());
        CHECK(phrase(result.error().code()) == phrase(code));
        CHECK(!result.error().what().empty());
    }
}

}  // namespace

TEST_CASE("codec: the fixed header is checked", "[mqtt][codec]") {
    for (const auto how : {version::v3_1_1, version::v5}) {
        check_refused(
            {
                {"nothing", "", malformed},
                {"half a header", "d0", malformed},
                {"a length of five bytes", "d0 80808000 00", malformed},
                {"shorter than its length", "40 03 0001", malformed},
                {"longer than its length", "40 02 0001 00", malformed},
                {"the reserved type", "00 00", malformed},
                {"flags of CONNACK", "21 02 0000", malformed},
                {"flags of PUBACK", "41 02 0001", malformed},
                {"flags of PUBREC", "52 02 0001", malformed},
                {"flags of PUBREL [MQTT-3.6.1-1]", "60 02 0001", malformed},
                {"flags of PUBREL, one too many", "63 02 0001", malformed},
                {"flags of PUBCOMP", "78 02 0001", malformed},
                {"flags of SUBACK", "91 04 0001 00 00", malformed},
                {"flags of PINGRESP", "d1 00", malformed},
                {"CONNECT from a server", "10 0e 0004 'MQTT' 04 00 003c 0002 'gw'", protocol},
                {"SUBSCRIBE from a server", "82 06 0001 0001 'a' 00", protocol},
                {"UNSUBSCRIBE from a server", "a2 05 0001 0001 'a'", protocol},
                {"PINGREQ from a server", "c0 00", protocol},
            },
            how, sender::server);
        check_refused(
            {
                {"flags of SUBSCRIBE [MQTT-3.8.1-1]", "80 06 0001 0001 'a' 00", malformed},
                {"flags of UNSUBSCRIBE [MQTT-3.10.1-1]", "a0 05 0001 0001 'a'", malformed},
                {"flags of DISCONNECT [MQTT-3.14.1-1]", "e1 00", malformed},
                {"CONNACK from a client", "20 02 0000", protocol},
                {"SUBACK from a client", "90 03 0001 00", protocol},
                {"UNSUBACK from a client", "b0 02 0001", protocol},
                {"PINGRESP from a client", "d0 00", protocol},
            },
            how, sender::client);
    }
    check_refused({{"AUTH", "f0 00", malformed}, {"DISCONNECT from a server", "e0 00", protocol}}, version::v3_1_1,
                  sender::server);
    check_refused({{"flags of AUTH [MQTT-3.15.1-1]", "f1 00", malformed},
                   {"a length that takes more bytes than it must [MQTT-1.5.5-1]", "d0 8000", malformed}},
                  version::v5, sender::server);
}

TEST_CASE("codec: CONNECT is checked", "[mqtt][codec]") {
    check_refused(
        {
            {"another protocol", "10 0e 0004 'MQTX' 04 00 003c 0002 'gw'", reason::unsupported_protocol_version},
            {"version 3.1", "10 10 0006 'MQIsdp' 03 00 003c 0002 'gw'", reason::unsupported_protocol_version},
            {"version 5", "10 0e 0004 'MQTT' 05 00 003c 0002 'gw'", reason::unsupported_protocol_version},
            {"the reserved flag [MQTT-3.1.2-3]", "10 0e 0004 'MQTT' 04 01 003c 0002 'gw'", malformed},
            {"will QoS 3", "10 14 0004 'MQTT' 04 1c 003c 0002 'gw' 0001 'a' 0001 'b'", malformed},
            {"will QoS without a will", "10 0e 0004 'MQTT' 04 08 003c 0002 'gw'", malformed},
            {"will retain without a will", "10 0e 0004 'MQTT' 04 20 003c 0002 'gw'", malformed},
            {"a password without a user name", "10 12 0004 'MQTT' 04 40 003c 0002 'gw' 0002 'pw'", malformed},
            {"a user name that isn't there [MQTT-3.1.2-19]", "10 0e 0004 'MQTT' 04 80 003c 0002 'gw'", malformed},
            {"bytes left over", "10 0f 0004 'MQTT' 04 00 003c 0002 'gw' 00", malformed},
            {"a wildcard in the will's topic", "10 13 0004 'MQTT' 04 04 003c 0002 'gw' 0001 '#' 0000",
             reason::topic_name_invalid},
            {"no will topic", "10 12 0004 'MQTT' 04 04 003c 0002 'gw' 0000 0000", reason::topic_name_invalid},
            {"no client identifier and no clean session", "10 0c 0004 'MQTT' 04 00 003c 0000",
             reason::client_identifier_not_valid},
        },
        version::v3_1_1, sender::client);
    check_refused(
        {
            {"version 3.1.1", "10 0f 0004 'MQTT' 04 00 003c 00 0002 'gw'", reason::unsupported_protocol_version},
            {"no property length", "10 0e 0004 'MQTT' 05 00 003c 0002 'gw'", malformed},
            {"authentication data without a method", "10 13 0004 'MQTT' 05 00 003c 04 16 0001 'x' 0002 'gw'", protocol},
        },
        version::v5, sender::client);
}

TEST_CASE("codec: CONNACK is checked", "[mqtt][codec]") {
    check_refused(
        {
            {"a reserved flag [MQTT-3.2.2-1]", "20 02 02 00", malformed},
            {"a session with a refusal", "20 02 01 05", protocol},
            {"a reserved return code", "20 02 00 06", protocol},
            {"too short", "20 01 00", malformed},
            {"too long", "20 03 00 00 00", malformed},
        },
        version::v3_1_1, sender::server);
    check_refused(
        {
            {"a reserved flag", "20 03 80 00 00", malformed},
            {"a session with a refusal [MQTT-3.2.2-6]", "20 03 01 87 00", protocol},
            {"a return code of 3.1.1 [MQTT-3.2.2-8]", "20 03 00 05 00", protocol},
            {"a reason of another packet", "20 03 00 92 00", protocol},
            {"no property length", "20 02 00 00", malformed},
            {"authentication data without a method", "20 07 00 00 04 16 0001 'x'", protocol},
        },
        version::v5, sender::server);
}

TEST_CASE("codec: PUBLISH is checked", "[mqtt][codec]") {
    check_refused(
        {
            {"QoS 3 [MQTT-3.3.1-4]", "36 05 0001 'a' 0001", malformed},
            {"DUP with QoS 0 [MQTT-3.3.1-2]", "38 03 0001 'a'", malformed},
            {"identifier 0", "32 05 0001 'a' 0000", protocol},
            {"no identifier", "32 03 0001 'a'", malformed},
            {"no topic", "30 02 0000", protocol},
            {"a + in the topic [MQTT-3.3.2-2]", "30 05 0003 'a/+'", reason::topic_name_invalid},
            {"a # in the topic", "30 03 0001 '#'", reason::topic_name_invalid},
            {"a topic longer than the packet", "30 03 0002 'a'", malformed},
            {"U+0000 [MQTT-1.5.3-2]", "30 03 0001 00", malformed},
            {"a surrogate [MQTT-1.5.3-1]", "30 05 0003 eda080", malformed},
            {"an overlong slash", "30 04 0002 c0af", malformed},
            {"half a character", "30 03 0001 c3", malformed},
        },
        version::v3_1_1, sender::server);
    check_refused(
        {
            {"no topic and no alias", "30 03 0000 00", protocol},
            {"alias 0", "30 07 0001 'a' 03 23 0000", reason::topic_alias_invalid},
            {"properties longer than the packet", "30 04 0001 'a' 05", malformed},
            {"no property length", "30 03 0001 'a'", malformed},
        },
        version::v5, sender::server);
}

TEST_CASE("codec: acknowledgements are checked", "[mqtt][codec]") {
    for (const std::string type : {"40", "50", "62", "70"}) {
        for (const auto how : {version::v3_1_1, version::v5}) {
            CHECK(decode_hex(type + "02 0000", how, sender::server).error().code() == protocol);
            CHECK(decode_hex(type + "01 00", how, sender::server).error().code() == malformed);
            CHECK(decode_hex(type + "00", how, sender::server).error().code() == malformed);
        }
        CHECK(decode_hex(type + "03 0001 00", version::v3_1_1, sender::server).error().code() == malformed);
        CHECK(decode_hex(type + "04 0001 00 01", version::v5, sender::server).error().code() == malformed);
        CHECK(decode_hex(type + "05 0001 00 00 00", version::v5, sender::server).error().code() == malformed);
        CHECK(decode_hex(type + "03 0001 a2", version::v5, sender::server).error().code() == protocol);
        CHECK(decode_hex(type + "03 0001 01", version::v5, sender::server).error().code() == protocol);
    }
    check_refused({{"PUBACK doesn't know it", "40 03 0001 92", protocol},
                   {"PUBREC neither", "50 03 0001 92", protocol},
                   {"PUBREL isn't refused", "62 03 0001 97", protocol},
                   {"PUBCOMP neither", "70 03 0001 80", protocol}},
                  version::v5, sender::server);
}

TEST_CASE("codec: SUBSCRIBE, UNSUBSCRIBE and their acknowledgements are checked", "[mqtt][codec]") {
    check_refused(
        {
            {"no filter [MQTT-3.8.3-3]", "82 02 0001", protocol},
            {"an empty filter", "82 05 0001 0000 00", reason::topic_filter_invalid},
            {"# that isn't last", "82 08 0001 0003 '#/a' 00", reason::topic_filter_invalid},
            {"# that isn't alone", "82 07 0001 0002 'a#' 00", reason::topic_filter_invalid},
            {"+ that isn't alone", "82 07 0001 0002 'a+' 00", reason::topic_filter_invalid},
            {"no options", "82 05 0001 0001 'a'", malformed},
            {"QoS 3", "82 06 0001 0001 'a' 03", protocol},
            {"reserved bits [MQTT-3-8.3-4]", "82 06 0001 0001 'a' 04", malformed},
            {"identifier 0", "82 06 0000 0001 'a' 00", protocol},
            {"UNSUBSCRIBE without a filter", "a2 02 0001", protocol},
            {"UNSUBSCRIBE with a broken filter", "a2 06 0001 0002 'a#'", reason::topic_filter_invalid},
        },
        version::v3_1_1, sender::client);
    check_refused(
        {
            {"reserved bits [MQTT-3.8.3-5]", "82 07 0001 00 0001 'a' 40", malformed},
            {"retain handling 3", "82 07 0001 00 0001 'a' 30", protocol},
            {"no local on a shared subscription", "82 10 0001 00 000a '$share/g/b' 04", protocol},
            {"a share without a filter", "82 0f 0001 00 0009 '$share/g/' 00", reason::topic_filter_invalid},
            {"a share without a name", "82 0f 0001 00 0009 '$share//b' 00", reason::topic_filter_invalid},
            {"a wildcard in a share's name", "82 10 0001 00 000a '$share/+/b' 00", reason::topic_filter_invalid},
        },
        version::v5, sender::client);
    check_refused({{"SUBACK without a code", "90 02 0001", malformed},
                   {"SUBACK with a code of 5.0", "90 03 0001 87", protocol},
                   {"UNSUBACK with codes", "b0 03 0001 00", malformed}},
                  version::v3_1_1, sender::server);
    check_refused({{"SUBACK without a code", "90 03 0001 00", malformed},
                   {"SUBACK with a code of another packet", "90 04 0001 00 92", protocol},
                   {"UNSUBACK without a code", "b0 03 0001 00", malformed},
                   {"UNSUBACK with a code of another packet", "b0 04 0001 00 01", protocol}},
                  version::v5, sender::server);
}

TEST_CASE("codec: PINGRESP, DISCONNECT and AUTH are checked", "[mqtt][codec]") {
    check_refused({{"PINGRESP with content", "d0 01 00", malformed},
                   {"a client's reason from a server", "e0 01 04", protocol},
                   {"a session expiry from a server [MQTT-3.14.2-2]", "e0 07 00 05 11 00000000", protocol},
                   {"a reason that there is not", "e0 01 ff", protocol},
                   {"re-authentication from a server", "f0 01 19", protocol},
                   {"AUTH without a method", "f0 02 18 00", protocol},
                   {"AUTH without properties", "f0 01 18", malformed}},
                  version::v5, sender::server);
    check_refused({{"a server's reason from a client", "e0 01 8b", protocol},
                   {"a server reference from a client", "e0 06 00 04 1c 0001 'b'", protocol},
                   {"success from a client", "f0 00", protocol}},
                  version::v5, sender::client);
    check_refused({{"DISCONNECT with content", "e0 01 00", malformed}}, version::v3_1_1, sender::client);
}

TEST_CASE("codec: UTF-8 at its edges (Unicode 15, table 3-7)", "[mqtt][codec]") {
    const auto valid = GENERATE(as<std::string>{}, "", "7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf", "f0908080",
                                "f48fbfbf", "01", "efbbbf", "'a' e282ac 'b'");
    CHECK(is_valid_utf8(hex(valid)));
    const auto invalid =
        GENERATE(as<std::string>{}, "00", "80", "bf", "c080", "c1bf", "c27f", "c2c0", "c2", "e09fbf", "e0a0", "eda080", "edbfbf",
                 "e28240", "f08fbfbf", "f4908080", "f5808080", "ff", "f0908040", "f09080", "'a' 00 'b'", "'a' e282");
    CHECK_FALSE(is_valid_utf8(hex(invalid)));
}

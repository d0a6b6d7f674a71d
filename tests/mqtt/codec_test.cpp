// tests/mqtt/codec_test.cpp: golden bytes of every packet in both versions; each is encoded and decoded.
// Not here: bytes that are no packet (codec_refusal_test.cpp) and random packets (codec_random_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/codec_support.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto client = sender::client;
constexpr auto server = sender::server;

/// The packet encodes to the bytes, and the bytes decode to the packet.
void check_both_ways(const packet& what, version how, sender from, std::string_view bytes) {
    CHECK(to_hex(encoded(what, how)) == to_hex(hex(bytes)));
    const auto back = decode_hex(bytes, how, from);
    REQUIRE(back.has_value());
    CHECK(*back == what);
}

template <typename T>
T acknowledgement_of(unsigned id, reason why = reason::success) {
    T result;
    result.id = packet_id{static_cast<std::uint16_t>(id)};
    result.reason = why;
    return result;
}

}  // namespace

TEST_CASE("codec: CONNECT of 3.1.1", "[mqtt][codec]") {
    connect what;
    what.keep_alive = 60;
    what.client_id = "gw";
    SECTION("a bare one") {
        check_both_ways(what, v3, client,
                        "10 0e"        // CONNECT, 14 bytes
                        "0004 'MQTT'"  // protocol name
                        "04"           // level: 3.1.1
                        "00"           // flags: none, the session is kept
                        "003c"         // keep alive 60 s
                        "0002 'gw'");  // client identifier
    }
    SECTION("with all there is") {
        what.clean_start = true;
        what.will = will{"a/b", hex("00ff"), qos::exactly_once, true};
        what.username = "me";
        what.password = "pw";
        check_both_ways(what, v3, client,
                        "10 1f"        // CONNECT, 31 bytes
                        "0004 'MQTT'"  // protocol name
                        "04"           // level: 3.1.1
                        "f6"           // user name, password, will retain, will QoS 2, will, clean session
                        "003c"         // keep alive
                        "0002 'gw'"    // client identifier
                        "0003 'a/b'"   // will topic
                        "0002 00ff"    // will payload, any bytes
                        "0002 'me'"    // user name
                        "0002 'pw'");  // password
    }
}

TEST_CASE("codec: CONNECT of 5.0", "[mqtt][codec]") {
    connect what;
    what.keep_alive = 60;
    what.client_id = "gw";
    SECTION("a bare one bears a property length of 0 [MQTT-2.2.2-1]") {
        check_both_ways(what, v5, client,
                        "10 0f"        // CONNECT, 15 bytes
                        "0004 'MQTT'"  // protocol name
                        "05"           // version
                        "00"           // flags
                        "003c"         // keep alive
                        "00"           // no properties
                        "0002 'gw'");  // client identifier
    }
    SECTION("properties, a will with its own, and a password without a user name") {
        what.properties.session_expiry_interval = 604'800;
        what.properties.receive_maximum = 100;
        what.properties.maximum_packet_size = 1u << 20;
        what.properties.user = {{"a", "1"}, {"a", "2"}};
        what.will = will{"s", "", qos::at_least_once, false};
        what.will_properties.will_delay_interval = 5;
        what.will_properties.payload_format_indicator = 1;
        what.password = "pw";
        check_both_ways(what, v5, client,
                        "10 3b"                 // CONNECT, 59 bytes
                        "0004 'MQTT' 05"        // protocol name and version
                        "4c"                    // password, will QoS 1, will
                        "003c"                  // keep alive
                        "1b"                    // 27 bytes of properties
                        "11 00093a80"           // session expiry 604800 s
                        "21 0064"               // receive maximum 100
                        "26 0001 'a' 0001 '1'"  // user property
                        "26 0001 'a' 0001 '2'"  // the same name again, in order
                        "27 00100000"           // maximum packet size 1 MiB
                        "0002 'gw'"             // client identifier
                        "07 01 01 18 00000005"  // will properties: format 1, delay 5 s
                        "0001 's' 0000"         // will topic, empty will payload
                        "0002 'pw'");           // password
    }
}

TEST_CASE("codec: CONNACK", "[mqtt][codec]") {
    connack what;
    SECTION("3.1.1: accepted, with and without a session") {
        check_both_ways(what, v3, server, "20 02 00 00");
        what.session_present = true;
        check_both_ways(what, v3, server, "20 02 01 00");
    }
    SECTION("3.1.1: the return codes are those of 5.0 to the reader") {
        const auto [code, meaning] = GENERATE(table<std::string, reason>({
            {"20 02 00 01", reason::unsupported_protocol_version},
            {"20 02 00 02", reason::client_identifier_not_valid},
            {"20 02 00 03", reason::server_unavailable},
            {"20 02 00 04", reason::bad_user_name_or_password},
            {"20 02 00 05", reason::not_authorized},
        }));
        what.reason = meaning;
        check_both_ways(what, v3, server, code);
    }
    SECTION("5.0: refused") {
        what.reason = reason::bad_user_name_or_password;
        check_both_ways(what, v5, server, "20 03 00 86 00");
    }
    SECTION("5.0: what mosquitto says, and more") {
        what.session_present = true;
        what.properties.topic_alias_maximum = 10;
        what.properties.receive_maximum = 20;
        what.properties.server_keep_alive = 30;
        what.properties.maximum_qos = 1;
        what.properties.retain_available = 0;
        what.properties.assigned_client_identifier = "x";
        what.properties.reason_string = "hi";
        check_both_ways(what, v5, server,
                        "20 19"         // CONNACK, 25 bytes
                        "01 00"         // session present, success
                        "16"            // 22 bytes of properties
                        "12 0001 'x'"   // assigned client identifier
                        "13 001e"       // server keep alive 30 s
                        "1f 0002 'hi'"  // reason string
                        "21 0014"       // receive maximum 20
                        "22 000a"       // topic alias maximum 10
                        "24 01"         // maximum QoS 1
                        "25 00");       // no retained messages
    }
}

TEST_CASE("codec: PUBLISH", "[mqtt][codec]") {
    publish what;
    what.topic = "a/b";
    what.payload = "21.4";
    SECTION("QoS 0 has no identifier") {
        check_both_ways(what, v3, client, "30 09 0003 'a/b' '21.4'");
        check_both_ways(what, v5, client, "30 0a 0003 'a/b' 00 '21.4'");
    }
    SECTION("QoS 2, retained, again") {
        what.qos = qos::exactly_once;
        what.retain = true;
        what.dup = true;
        what.id = packet_id{0x1234};
        check_both_ways(what, v3, server, "3d 0b 0003 'a/b' 1234 '21.4'");
        check_both_ways(what, v5, server, "3d 0c 0003 'a/b' 1234 00 '21.4'");
    }
    SECTION("an empty payload") {
        what.payload.clear();
        check_both_ways(what, v3, server, "30 05 0003 'a/b'");
    }
    SECTION("properties of 5.0; the subscription identifier may be there twice") {
        what.properties.subscription_identifiers = {1, 268'435'455};
        what.properties.content_type = "t";
        what.properties.correlation_data = hex("00ff");
        what.properties.response_topic = "r";
        check_both_ways(what, v5, server,
                        "30 1e"              // PUBLISH, 30 bytes
                        "0003 'a/b'"         // topic
                        "14"                 // 20 bytes of properties
                        "03 0001 't'"        // content type
                        "08 0001 'r'"        // response topic
                        "09 0002 00ff"       // correlation data
                        "0b 01 0b ffffff7f"  // subscription identifiers
                        "'21.4'");
    }
    SECTION("5.0: an alias stands for an empty topic") {
        what.topic.clear();
        what.properties.topic_alias = 7;
        check_both_ways(what, v5, server, "30 0a 0000 03 23 0007 '21.4'");
    }
    SECTION("a length of two bytes") {
        what.payload.assign(200, 'x');
        const auto bytes = encoded(what, v3);
        CHECK(to_hex(bytes.substr(0, 8)) == to_hex(hex("30 cd01 0003 'a/b'")));  // 205 = 0x4d + 0x80 · 1
        CHECK(bytes.size() == 3 + 205);
        const auto back = decode(as_bytes(bytes), v3, server);
        REQUIRE(back.has_value());
        CHECK(*back == packet(what));
    }
}

TEST_CASE("codec: PUBACK, PUBREC, PUBREL, PUBCOMP", "[mqtt][codec]") {
    SECTION("3.1.1: two bytes") {
        check_both_ways(acknowledgement_of<puback>(1), v3, server, "40 02 0001");
        check_both_ways(acknowledgement_of<pubrec>(0x1234), v3, server, "50 02 1234");
        check_both_ways(acknowledgement_of<pubrel>(0xffff), v3, client, "62 02 ffff");
        check_both_ways(acknowledgement_of<pubcomp>(1), v3, server, "70 02 0001");
    }
    SECTION("5.0: two bytes for success, three for another reason, more with properties") {
        check_both_ways(acknowledgement_of<puback>(1), v5, server, "40 02 0001");
        check_both_ways(acknowledgement_of<puback>(1, reason::no_matching_subscribers), v5, server, "40 03 0001 10");
        check_both_ways(acknowledgement_of<pubrel>(1, reason::packet_identifier_not_found), v5, client, "62 03 0001 92");
        auto refused = acknowledgement_of<pubrec>(2, reason::quota_exceeded);
        refused.properties.reason_string = "full";
        check_both_ways(refused, v5, server, "50 0b 0002 97 07 1f 0004 'full'");
        auto accepted = acknowledgement_of<pubcomp>(2);
        accepted.properties.user = {{"", ""}};
        check_both_ways(accepted, v5, server, "70 09 0002 00 05 26 0000 0000");
    }
    SECTION("5.0: the long forms say the same") {
        const auto one = GENERATE(as<std::string>{}, "40 02 0001", "40 03 0001 00", "40 04 0001 00 00");
        const auto back = decode_hex(one, v5, server);
        REQUIRE(back.has_value());
        CHECK(*back == packet(acknowledgement_of<puback>(1)));
    }
    SECTION("encode_acknowledgement writes the same") {
        for (const auto how : {v3, v5}) {
            for (const auto why : {reason::success, reason::packet_identifier_not_found}) {
                std::string direct = "before";
                encode_acknowledgement(acknowledgement_kind::pubrel, packet_id{258}, why, how, direct);
                CHECK(direct == "before" + encoded(acknowledgement_of<pubrel>(258, why), how));
            }
        }
    }
}

TEST_CASE("codec: SUBSCRIBE and SUBACK", "[mqtt][codec]") {
    subscribe what;
    what.id = packet_id{10};
    what.subscriptions = {{"a/+", qos::at_least_once}, {"#", qos::exactly_once}};
    check_both_ways(what, v3, client, "82 0c 000a 0003 'a/+' 01 0001 '#' 02");
    SECTION("5.0: options and an identifier") {
        what.subscriptions = {{"a/+", qos::at_least_once, true, true, retain_handling::do_not_send}};
        what.properties.subscription_identifiers = {128};
        check_both_ways(what, v5, client,
                        "82 0c"          // SUBSCRIBE, 12 bytes
                        "000a"           // identifier
                        "03 0b 8001"     // subscription identifier 128
                        "0003 'a/+' 2d"  // retain handling 2, retain as published, no local, QoS 1
        );
    }
    SECTION("SUBACK") {
        suback answer;
        answer.id = packet_id{10};
        answer.reasons = {reason::granted_qos_1, reason::unspecified_error};
        check_both_ways(answer, v3, server, "90 04 000a 01 80");
        check_both_ways(answer, v5, server, "90 05 000a 00 01 80");
        answer.reasons = {reason::wildcard_subscriptions_not_supported};
        check_both_ways(answer, v5, server, "90 04 000a 00 a2");
        CHECK(to_hex(encoded(answer, v3)) == to_hex(hex("90 03 000a 80")));  // 3.1.1 knows one failure
    }
}

TEST_CASE("codec: UNSUBSCRIBE and UNSUBACK", "[mqtt][codec]") {
    unsubscribe what;
    what.id = packet_id{11};
    what.filters = {"a", "$share/g/b/#"};
    check_both_ways(what, v5, client, "a2 14 000b 00 0001 'a' 000c '$share/g/b/#'");
    what.filters = {"a"};
    check_both_ways(what, v3, client, "a2 05 000b 0001 'a'");
    unsuback answer;
    answer.id = packet_id{11};
    check_both_ways(answer, v3, server, "b0 02 000b");
    answer.reasons = {reason::success, reason::no_subscription_existed};
    check_both_ways(answer, v5, server, "b0 05 000b 00 00 11");
}

TEST_CASE("codec: PINGREQ, PINGRESP, DISCONNECT, AUTH", "[mqtt][codec]") {
    for (const auto how : {v3, v5}) {
        check_both_ways(pingreq{}, how, client, "c0 00");
        check_both_ways(pingresp{}, how, server, "d0 00");
        check_both_ways(disconnect{}, how, client, "e0 00");
    }
    disconnect leave;
    leave.reason = reason::server_moved;
    check_both_ways(leave, v5, server, "e0 01 9d");
    leave.properties.server_reference = "b";
    check_both_ways(leave, v5, server, "e0 06 9d 04 1c 0001 'b'");
    leave.reason = reason::disconnect_with_will;
    leave.properties = {};
    leave.properties.session_expiry_interval = 0;
    check_both_ways(leave, v5, client, "e0 07 04 05 11 00000000");
    auth proof;
    check_both_ways(proof, v5, server, "f0 00");
    proof.reason = reason::continue_authentication;
    proof.properties.authentication_method = "m";
    proof.properties.authentication_data = hex("00");
    check_both_ways(proof, v5, client, "f0 0a 18 08 15 0001 'm' 16 0001 00");
}

TEST_CASE("codec: a byte-order mark is data [3.1.1 MQTT-1.5.3-3; 5.0 MQTT-1.5.4-3]", "[mqtt][codec]") {
    publish what;
    what.topic = hex("efbbbf 'a'");
    check_both_ways(what, v3, server, "30 06 0004 efbbbf 'a'");
    check_both_ways(what, v5, server, "30 07 0004 efbbbf 'a' 00");
}

TEST_CASE("codec: encode_publish is encode without a detour", "[mqtt][codec]") {
    publication what{.topic = "plant/boiler", .payload = "21.4"};
    publish same;
    same.topic = what.topic;
    same.payload = what.payload;
    const auto how = GENERATE(v3, v5);
    const auto level = GENERATE(qos::at_most_once, qos::at_least_once, qos::exactly_once);
    const bool dup = GENERATE(false, true) && level != qos::at_most_once;
    const bool retain = GENERATE(false, true);
    const std::size_t size = GENERATE(0u, 100u, 128u, 20'000u, 3'000'000u);
    same.qos = level;
    same.dup = dup;
    same.retain = retain;
    same.payload.assign(size, 'p');
    what.payload = same.payload;
    if (level != qos::at_most_once) same.id = packet_id{0x0102};
    const std::string key(size == 100 ? 130 : 5, 'k');
    const bool with_properties = GENERATE(false, true);
    if (with_properties) {
        what.expiry = std::chrono::seconds(3600);
        what.idempotency_key = key;
        if (how == v5) same.properties.message_expiry_interval = 3600;
        if (how == v5) same.properties.user = {{"key", key}};
    }
    std::string direct = "before";
    encode_publish(what, {level, retain, dup, packet_id{0x0102}}, how, direct);
    CHECK(direct == "before" + encoded(same, how));
    CHECK(publish_size(what, {level}, how) == direct.size() - 6);
}

TEST_CASE("codec: a life of a message that doesn't fit its field is cut to the field", "[mqtt][codec]") {
    publication what{.topic = "t", .payload = ""};
    const auto [life, bytes] = GENERATE(table<std::int64_t, std::string>({
        {-1, "30 09 0001 't' 05 02 00000001"},
        {4'294'967'295, "30 09 0001 't' 05 02 ffffffff"},
        {4'294'967'296, "30 09 0001 't' 05 02 ffffffff"},
    }));
    what.expiry = std::chrono::seconds(life);
    std::string direct;
    encode_publish(what, {}, v5, direct);
    CHECK(to_hex(direct) == to_hex(hex(bytes)));
}

TEST_CASE("codec: publish_size is 0 for what can't be encoded", "[mqtt][codec]") {
    const std::string largest_topic(65'535, 't');
    const std::string long_topic(65'536, 't');
    const auto size = [](std::string_view topic, std::string_view key = "") {
        return publish_size({.topic = topic, .payload = "p", .idempotency_key = key}, {qos::at_least_once}, v5);
    };
    CHECK(size("t") == 2 + 3 + 2 + 1 + 1);
    CHECK(size(largest_topic) == 4 + 65'537 + 2 + 1 + 1);
    CHECK(size(long_topic) == 0);
    CHECK(size("") == 0);
    CHECK(size("a/+") == 0);
    CHECK(size("a/#") == 0);
    CHECK(size("\xff") == 0);
    CHECK(size("t", long_topic) == 0);
    CHECK(size("t", "\xff") == 0);
    // Views of memory that isn't there: the size alone decides, nothing is read.
    const auto with_payload = [](std::size_t bytes) {
        const char nothing = 0;
        return publish_size({.topic = "t", .payload = {&nothing, bytes}}, {qos::at_least_once}, v3);
    };
    CHECK(with_payload(268'435'455 - 5) == 5 + 268'435'455);
    CHECK(with_payload(268'435'455 - 4) == 0);
    CHECK(with_payload(static_cast<std::size_t>(-1)) == 0);
}

TEST_CASE("codec: every reason code has its own phrase", "[mqtt][codec]") {
    std::vector<std::string_view> seen;
    for (unsigned code = 0; code < 256; ++code) {
        const auto words = phrase(static_cast<reason>(code));
        CHECK(!words.empty());
        if (words == "unknown reason") continue;
        CHECK(std::find(seen.begin(), seen.end(), words) == seen.end());
        seen.push_back(words);
    }
    CHECK(seen.size() == 43);  // table 2-6, with 0x00's three meanings as one
    CHECK(phrase(reason::not_authorized) == "not authorized");
    CHECK(phrase(reason::quota_exceeded) == "quota exceeded");
}

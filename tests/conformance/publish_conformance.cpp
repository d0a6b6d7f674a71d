// tests/conformance/publish_conformance.cpp: PUBLISH and the topic names in it (3.3 and 4.7 of both specifications).
// Not here: who acknowledges it, and when it is sent again.
#include <catch2/catch.hpp>

#include "tests/conformance/codec_checks.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

std::string none(version how) { return how == v5 ? std::string(1, '\0') : std::string(); }

std::string published(std::string_view topic, version how) { return frame(0x30, field(topic) + none(how) + "payload"); }

publish message(std::string topic) {
    publish result;
    result.topic = std::move(topic);
    return result;
}

publication about(std::string_view topic) { return {.topic = topic, .payload = {}}; }

std::string with_property(std::string_view property) { return frame(0x30, field("a") + properties(property)); }

}  // namespace

TEST_CASE("codec: DUP is never set at QoS 0 [3.1.1 MQTT-3.3.1-2; 5.0 MQTT-3.3.1-2]", "[conformance]") {
    for (const auto how : {v3, v5}) {
        auto what = message("a");
        what.dup = true;
        CHECK(never_encoded(what, how));
        CHECK(aborts([&] {
            std::string to;
            encode_publish(about("a"), {.dup = true}, how, to);
        }));
        CHECK(refusal(frame(0x38, field("a") + none(how)), how, server) == malformed);
        CHECK(!refusal(frame(0x3a, field("a") + hex("0001") + none(how)), how, server));
    }
}

TEST_CASE("codec: both QoS bits together are malformed [3.1.1 MQTT-3.3.1-4; 5.0 MQTT-3.3.1-4]", "[conformance]") {
    for (const auto how : {v3, v5}) {
        for (const auto first : {0x36u, 0x37u, 0x3eu, 0x3fu})
            CHECK(refusal(frame(first, field("a") + hex("0001") + none(how)), how, server) == malformed);
        for (const auto first : {0x32u, 0x34u, 0x3du})
            CHECK(!refusal(frame(first, field("a") + hex("0001") + none(how)), how, server));
        for (const auto level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
            std::string bytes;
            encode_publish(about("a"), {.qos = level, .id = packet_id{1}}, how, bytes);
            CHECK((bytes[0] >> 1 & 3) == static_cast<int>(level));
        }
    }
}

TEST_CASE("codec: the topic name stands first, as a string [3.1.1 MQTT-3.3.2-1; 5.0 MQTT-3.3.2-1]", "[conformance]") {
    const auto topic = hex("'caf' c3a9 '/1'");
    for (const auto how : {v3, v5}) {
        std::string bytes;
        encode_publish({.topic = topic, .payload = "p"}, {.qos = qos::at_least_once, .id = packet_id{1}}, how, bytes);
        CHECK(bytes.substr(2, 9) == hex("0007") + topic);
        const auto read = decode(as_bytes(bytes), how, server);
        REQUIRE(read.has_value());
        CHECK(std::get<publish>(*read).topic == topic);
        CHECK(publish_size(about("\xed\xa0\x80"), {.qos = qos::at_least_once}, how) == 0);
    }
}

TEST_CASE("codec: a topic name holds no wildcard [3.1.1 MQTT-3.3.2-2, MQTT-4.7.1-1; 5.0 MQTT-3.3.2-2, MQTT-4.7.0-1]",
          "[conformance]") {
    for (const auto how : {v3, v5}) {
        for (const auto* wrong : {"#", "+", "a/#", "+/a", "a+b", "a#"}) {
            CAPTURE(wrong);
            CHECK(refusal(published(wrong, how), how, server) == reason::topic_name_invalid);
            CHECK(never_encoded(message(wrong), how));
            CHECK(publish_size(about(wrong), {.qos = qos::at_least_once}, how) == 0);
        }
        for (const auto* fine : {"a", "/", "a//b", "$a", " "}) CHECK(!refusal(published(fine, how), how, server));
    }
}

TEST_CASE(
    "codec: a topic name has at least one character and at most 65,535 bytes [3.1.1 MQTT-4.7.3-1, MQTT-4.7.3-3; 5.0 "
    "MQTT-4.7.3-1, MQTT-4.7.3-3]",
    "[conformance]") {
    for (const auto how : {v3, v5}) {
        CHECK(refusal(published("", how), how, server) == protocol);
        CHECK(never_encoded(message(""), how));
        CHECK(publish_size(about(""), {.qos = qos::at_least_once}, how) == 0);
        const std::string longest(65'535, 't');
        CHECK(!refusal(published(longest, how), how, server));
        CHECK(encoded(message(longest), how).size() == 1 + 3 + 2 + 65'535 + none(how).size());
        CHECK(publish_size(about(longest), {.qos = qos::at_most_once}, how) == 1 + 3 + 2 + 65'535 + none(how).size());
        CHECK(never_encoded(message(longest + "t"), how));
        CHECK(publish_size(about(longest + "t"), {.qos = qos::at_most_once}, how) == 0);
    }
}

TEST_CASE("codec: topic alias 0 is never written, and refused by a reason of its own [5.0 MQTT-3.3.2-8]", "[conformance]") {
    auto what = message("a");
    what.properties.topic_alias = 0;
    CHECK(never_encoded(what, v5));
    CHECK(refusal(with_property(hex("23 0000")), v5, server) == reason::topic_alias_invalid);
    CHECK(refusal(with_property(hex("01 00 23 0000")), v5, server) == reason::topic_alias_invalid);
    CHECK(!refusal(with_property(hex("23 0001")), v5, server));
}

TEST_CASE("codec: a response topic is a topic name [5.0 MQTT-3.3.2-13, MQTT-3.3.2-14]", "[conformance]") {
    CHECK(!refusal(with_property('\x08' + field("answers/here")), v5, server));
    CHECK(refusal(with_property('\x08' + field("\xff")), v5, server) == malformed);
    auto what = message("a");
    for (const auto* wrong : {"#", "answers/+", "a+"}) {
        CHECK(refusal(with_property('\x08' + field(wrong)), v5, server) == reason::topic_name_invalid);
        what.properties.response_topic = wrong;
        CHECK(never_encoded(what, v5));
    }
    what.properties.response_topic = "\xff";
    CHECK(never_encoded(what, v5));
}

TEST_CASE("codec: a content type is a string [5.0 MQTT-3.3.2-19]", "[conformance]") {
    CHECK(!refusal(with_property('\x03' + field("text/plain")), v5, server));
    CHECK(refusal(with_property('\x03' + field("\xff")), v5, server) == malformed);
    auto what = message("a");
    what.properties.content_type = "\xff";
    CHECK(never_encoded(what, v5));
}

TEST_CASE("codec: a client's PUBLISH has no subscription identifier [5.0 MQTT-3.3.4-6]", "[conformance]") {
    std::string bytes;
    encode_publish({.topic = "a", .payload = "p", .expiry = std::chrono::seconds(1), .idempotency_key = "k"},
                   {.qos = qos::at_least_once, .id = packet_id{1}}, v5, bytes);
    const auto sent = decode(as_bytes(bytes), v5, client);
    REQUIRE(sent.has_value());
    CHECK(std::get<publish>(*sent).properties.subscription_identifiers.empty());
    CHECK(refusal(with_property(hex("0b 01")), v5, client) == protocol);
    CHECK(!refusal(with_property(hex("0b 01")), v5, server));
}

// tests/conformance/subscribe_conformance.cpp: SUBSCRIBE, UNSUBSCRIBE and the topic filters in them (3.8, 3.10, 4.7, 4.8.2).
// Not here: which messages a filter matches (tests/mqtt/topic_test.cpp).
#include <catch2/catch.hpp>

#include "tests/conformance/codec_checks.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

std::string none(version how) { return how == v5 ? std::string(1, '\0') : std::string(); }

std::string subscribed(std::string_view filter, unsigned options, version how) {
    return frame(0x82, hex("0001") + none(how) + field(filter) + static_cast<char>(options));
}
std::string unsubscribed(std::string_view filter, version how) { return frame(0xa2, hex("0001") + none(how) + field(filter)); }

/// Both packets take the filter, or neither does: on the way in and on the way out.
void check_filter(const std::string& filter, bool valid) {
    const auto expected = valid ? std::nullopt : std::optional(reason::topic_filter_invalid);
    const subscribe wish{packet_id{1}, {{filter}}, {}};
    const unsubscribe end{packet_id{1}, {filter}, {}};
    for (const auto how : {v3, v5}) {
        CAPTURE(filter, how == v5);
        CHECK(refusal(subscribed(filter, 0, how), how, client) == expected);
        CHECK(refusal(unsubscribed(filter, how), how, client) == expected);
        CHECK(never_encoded(wish, how) != valid);
        CHECK(never_encoded(end, how) != valid);
    }
}

}  // namespace

TEST_CASE(
    "codec: SUBSCRIBE and UNSUBSCRIBE have at least one filter [3.1.1 MQTT-3.8.3-3, MQTT-3.10.3-2; 5.0 MQTT-3.8.3-2, "
    "MQTT-3.10.3-2]",
    "[conformance]") {
    for (const auto how : {v3, v5}) {
        CHECK(never_encoded(subscribe{packet_id{1}, {}, {}}, how));
        CHECK(never_encoded(unsubscribe{packet_id{1}, {}, {}}, how));
        CHECK(refusal(frame(0x82, hex("0001") + none(how)), how, client) == protocol);
        CHECK(refusal(frame(0xa2, hex("0001") + none(how)), how, client) == protocol);
        CHECK(refusal(frame(0x82, hex("0001") + none(how) + field("a")), how, client) == malformed);  // without its options
    }
}

TEST_CASE(
    "codec: the options of a subscription are read bit by bit, and reserved ones are malformed [3.1.1 MQTT-3-8.3-4; 5.0 "
    "MQTT-3.8.3-5]",
    "[conformance]") {
    for (unsigned options = 0; options < 256; ++options) {
        CAPTURE(options);
        const bool qos_3 = (options & 3) == 3;
        const auto in_3 = options > 3 ? std::optional(malformed) : qos_3 ? std::optional(protocol) : std::nullopt;
        CHECK(refusal(subscribed("a", options, v3), v3, client) == in_3);
        const bool wrong = qos_3 || (options >> 4 & 3) == 3;
        const auto in_5 = options > 63 ? std::optional(malformed) : wrong ? std::optional(protocol) : std::nullopt;
        const auto bytes = subscribed("a", options, v5);
        CHECK(refusal(bytes, v5, client) == in_5);
        if (in_5) continue;
        subscription one{"a", static_cast<qos>(options & 3)};
        one.no_local = (options & 4) != 0;
        one.retain_as_published = (options & 8) != 0;
        one.retain_handling = static_cast<retain_handling>(options >> 4);
        CHECK(to_hex(encoded(subscribe{packet_id{1}, {one}, {}}, v5)) == to_hex(bytes));
        // What 3.1.1 doesn't have isn't written there.
        CHECK(to_hex(encoded(subscribe{packet_id{1}, {one}, {}}, v3)) == to_hex(subscribed("a", options & 3, v3)));
    }
}

TEST_CASE("codec: # stands alone or after a slash, and last [3.1.1 MQTT-4.7.1-2; 5.0 MQTT-4.7.1-1]", "[conformance]") {
    for (const auto* fine : {"#", "/#", "sport/tennis/player1/#", "sport/#", "+/tennis/#"}) check_filter(fine, true);
    for (const auto* wrong : {"sport/tennis#", "sport/tennis/#/ranking", "##", "#/", "#a", "a#/b"}) check_filter(wrong, false);
}

TEST_CASE("codec: + fills a whole level [3.1.1 MQTT-4.7.1-3; 5.0 MQTT-4.7.1-2]", "[conformance]") {
    for (const auto* fine : {"+", "+/tennis/#", "sport/+/player1", "/+", "+/+"}) check_filter(fine, true);
    for (const auto* wrong : {"sport+", "+sport", "a/b+/c", "++", "+#"}) check_filter(wrong, false);
}

TEST_CASE(
    "codec: a filter has at least one character and at most 65,535 bytes [3.1.1 MQTT-4.7.3-1, MQTT-4.7.3-3; 5.0 "
    "MQTT-4.7.3-1, MQTT-4.7.3-3]",
    "[conformance]") {
    check_filter("", false);
    const std::string longest(65'535, 'f');
    check_filter(longest, true);
    for (const auto how : {v3, v5}) {
        CHECK(never_encoded(subscribe{packet_id{1}, {{longest + "f"}}, {}}, how));
        CHECK(never_encoded(unsubscribe{packet_id{1}, {longest + "f"}, {}}, how));
    }
}

TEST_CASE("codec: a shared subscription has a name without wildcards, a slash, and a filter [5.0 MQTT-4.8.2-1, MQTT-4.8.2-2]",
          "[conformance]") {
    for (const auto* fine : {"$share/consumer1/sport/tennis/+", "$share/consumer1//finance", "$share/c/#", "$share/c/+"})
        check_filter(fine, true);
    for (const auto* wrong : {"$share/", "$share/c", "$share/c/", "$share//a", "$share/c+/a", "$share/#/a", "$share/+/a",
                              "$share/c/a#", "$share/c/#/a"})
        check_filter(wrong, false);
    check_filter("$shared/c", true);  // is none
}

TEST_CASE("codec: no local on a shared subscription is a protocol error, and never written", "[conformance]") {
    CHECK(refusal(subscribed("$share/c/a", 4, v5), v5, client) == protocol);
    CHECK(!refusal(subscribed("$share/c/a", 0, v5), v5, client));
    CHECK(!refusal(subscribed("a", 4, v5), v5, client));
    subscription one{"$share/c/a"};
    one.no_local = true;
    CHECK(never_encoded(subscribe{packet_id{1}, {one}, {}}, v5));
}

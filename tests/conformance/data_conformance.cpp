// tests/conformance/data_conformance.cpp: the data types of MQTT and the parts that all packets share: strings, integers,
// flags, identifiers, lengths (chapters 1 and 2 of both specifications).
// Not here: what one packet demands.
#include <array>
#include <catch2/catch.hpp>
#include <vector>

#include "mqtt/codec_bytes.hpp"
#include "mqtt/framer.hpp"
#include "tests/conformance/codec_checks.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

/// A place in a packet where a string stands.
struct string_field {
    const char* name;
    version how;
    sender from;
    unsigned first;
    std::string before;
    std::string after;

    std::string with(std::string_view text) const { return frame(first, before + field(text) + after); }
};

std::vector<string_field> string_fields() {
    const auto connect_3 = [](std::string_view flags) { return hex("0004 'MQTT' 04") + hex(flags) + hex("003c"); };
    const auto connect_5 = [](std::string_view flags) { return hex("0004 'MQTT' 05") + hex(flags) + hex("003c 00"); };
    return {
        {"client identifier", v3, client, 0x10, connect_3("00"), ""},
        {"will topic", v3, client, 0x10, connect_3("04") + field("c"), field("w")},
        {"user name", v3, client, 0x10, connect_3("80") + field("c"), ""},
        {"topic name", v3, server, 0x30, "", "payload"},
        {"SUBSCRIBE's filter", v3, client, 0x82, hex("0001"), hex("00")},
        {"UNSUBSCRIBE's filter", v3, client, 0xa2, hex("0001"), ""},
        {"client identifier", v5, client, 0x10, connect_5("00"), ""},
        {"will topic", v5, client, 0x10, connect_5("04") + field("c") + hex("00"), field("w")},
        {"user name", v5, client, 0x10, connect_5("80") + field("c"), ""},
        {"topic name", v5, server, 0x30, "", hex("00") + "payload"},
        {"SUBSCRIBE's filter", v5, client, 0x82, hex("0001 00"), hex("00")},
        {"UNSUBSCRIBE's filter", v5, client, 0xa2, hex("0001 00"), ""},
    };
}

/// The properties that are strings, each in a packet that may bear it; `with` doesn't know of the property's length.
struct string_property {
    const char* name;
    unsigned identifier;
    unsigned first;
    const char* before;

    std::string with(std::string_view text) const {
        return frame(first, hex(before) + properties(static_cast<char>(identifier) + field(text)));
    }
};
constexpr std::array string_properties{
    string_property{"content type", 0x03, 0x30, "0001 'a'"},
    string_property{"response topic", 0x08, 0x30, "0001 'a'"},
    string_property{"assigned client identifier", 0x12, 0x20, "0000"},
    string_property{"authentication method", 0x15, 0xf0, "18"},
    string_property{"response information", 0x1a, 0x20, "0000"},
    string_property{"server reference", 0x1c, 0xe0, "9c"},
    string_property{"reason string", 0x1f, 0x20, "0000"},
};

const std::vector<std::string> ill_formed{
    hex("'a' eda080"),  // a surrogate, U+D800
    hex("edbfbf 'a'"),  // another, U+DFFF
    hex("c0af"),        // a slash in two bytes
    hex("f4908080"),    // above U+10FFFF
    hex("80"),          // a continuation without a beginning
    hex("'a' c3"),      // a beginning without its continuation
    hex("fe"),          // never a byte of UTF-8
};
const std::vector<std::string> with_null{std::string(1, '\0'), std::string("a\0", 2), std::string("\0a", 2)};

void check_every_string(const std::vector<std::string>& texts, std::optional<reason> expected) {
    for (const auto& text : texts) {
        CAPTURE(to_hex(text));
        for (const auto& place : string_fields()) {
            CAPTURE(place.name);
            CHECK(refusal(place.with(text), place.how, place.from) == expected);
        }
        for (const auto& property : string_properties) {
            CAPTURE(property.name);
            CHECK(refusal(property.with(text), v5, server) == expected);
        }
    }
}

/// A packet of each kind that has a string of ours, all with this one.
std::vector<packet> packets_with(const std::string& text) {
    connect by_identifier;
    by_identifier.client_id = text;
    connect by_name;
    by_name.client_id = "c";
    by_name.username = text;
    connect by_will;
    by_will.client_id = "c";
    by_will.will = will{text, "", qos::at_most_once, false};
    publish by_topic;
    by_topic.topic = text;
    subscribe by_filter;
    by_filter.id = packet_id{1};
    by_filter.subscriptions = {{text}};
    unsubscribe by_other_filter;
    by_other_filter.id = packet_id{1};
    by_other_filter.filters = {text};
    return {by_identifier, by_name, by_will, by_topic, by_filter, by_other_filter};
}

void check_never_written(const std::vector<std::string>& texts) {
    for (const auto& text : texts)
        for (const auto& what : packets_with(text))
            for (const auto how : {v3, v5}) {
                CAPTURE(to_hex(text), what.index());
                CHECK(never_encoded(what, how));
            }
}

/// Type and flags of every packet, by table 2.1 and 2.2 of 3.1.1 (2-1 and 2-2 of 5.0), and the rest of a valid one.
struct flags_of_type {
    unsigned type;
    unsigned flags;
    sender from;
    const char* rest_3;
    const char* rest_5;
};
constexpr std::array all_types{
    flags_of_type{1, 0, client, "0004 'MQTT' 04 02 003c 0000", "0004 'MQTT' 05 02 003c 00 0000"},
    flags_of_type{2, 0, server, "0000", "0000 00"},
    flags_of_type{4, 0, server, "0001", "0001"},
    flags_of_type{5, 0, server, "0001", "0001"},
    flags_of_type{6, 2, server, "0001", "0001"},
    flags_of_type{7, 0, server, "0001", "0001"},
    flags_of_type{8, 2, client, "0001 0001 'a' 00", "0001 00 0001 'a' 00"},
    flags_of_type{9, 0, server, "0001 00", "0001 00 00"},
    flags_of_type{10, 2, client, "0001 0001 'a'", "0001 00 0001 'a'"},
    flags_of_type{11, 0, server, "0001", "0001 00 00"},
    flags_of_type{12, 0, client, "", ""},
    flags_of_type{13, 0, server, "", ""},
    flags_of_type{14, 0, client, "", "00"},
    flags_of_type{15, 0, server, nullptr, "18 04 15 0001 'm'"},
};

constexpr std::array<std::size_t, 8> length_edges{0, 127, 128, 16'383, 16'384, 2'097'151, 2'097'152, 268'435'455};
constexpr std::array length_edge_bytes{"00", "7f", "8001", "ff7f", "808001", "ffff7f", "80808001", "ffffff7f"};

}  // namespace

TEST_CASE(
    "codec: a string that is no UTF-8 is malformed wherever it stands [3.1.1 MQTT-1.5.3-1, MQTT-3.1.3-4, MQTT-3.1.3-10, "
    "MQTT-3.1.3-11, MQTT-3.3.2-1, MQTT-3.8.3-1, MQTT-3.10.3-1; 5.0 MQTT-1.5.4-1, MQTT-3.1.3-4, MQTT-3.1.3-11, "
    "MQTT-3.1.3-12, MQTT-3.3.2-1, MQTT-3.3.2-13, MQTT-3.3.2-19, MQTT-3.8.3-1, MQTT-3.10.3-1]",
    "[conformance]") {
    check_every_string({"a", hex("c3a9"), hex("efbfbf"), hex("f48fbfbf"), hex("ed9fbf")}, std::nullopt);
    check_every_string(ill_formed, malformed);
    check_never_written(ill_formed);
}

TEST_CASE(
    "codec: U+0000 is refused in every string, and never written [3.1.1 MQTT-1.5.3-2, MQTT-4.7.3-2; 5.0 MQTT-1.5.4-2, "
    "MQTT-4.7.3-2]",
    "[conformance]") {
    check_every_string(with_null, malformed);
    check_never_written(with_null);
}

TEST_CASE("codec: both halves of a user property are strings [5.0 MQTT-1.5.7-1]", "[conformance]") {
    const auto with = [](std::string_view name, std::string_view value) {
        return frame(0x20, hex("0000") + properties('\x26' + field(name) + field(value)));
    };
    CHECK(!refusal(with("name", "value"), v5, server));
    for (const auto& wrong : {hex("eda080"), hex("c0af"), std::string(1, '\0')}) {
        CHECK(refusal(with(wrong, "value"), v5, server) == malformed);
        CHECK(refusal(with("name", wrong), v5, server) == malformed);
        publish what;
        what.topic = "a";
        what.properties.user = {{wrong, "value"}};
        CHECK(never_encoded(what, v5));
        what.properties.user = {{"name", wrong}};
        CHECK(never_encoded(what, v5));
    }
}

TEST_CASE("codec: a variable byte integer takes as few bytes as it can [5.0 MQTT-1.5.5-1]", "[conformance]") {
    for (std::size_t at = 0; at < length_edges.size(); ++at) {
        std::string written;
        append_variable_integer(written, length_edges[at]);
        CHECK(to_hex(written) == to_hex(hex(length_edge_bytes[at])));
        const auto bytes = hex(length_edge_bytes[at]);
        reader in(as_bytes(bytes), v5);
        CHECK(in.variable_integer() == length_edges[at]);
        CHECK(in.at_end());
        CHECK_FALSE(in.failed());
    }
    // As a remaining length, a property length, a property's identifier and a property's value.
    for (const auto* longer : {"d0 8000", "d0 808000", "d0 80808000"}) CHECK(refusal(hex(longer), v5, server) == malformed);
    CHECK(refusal(hex("30 05 0001 'a' 8000"), v5, server) == malformed);
    CHECK(refusal(hex("30 07 0001 'a' 03 8100 01"), v5, server) == malformed);
    CHECK(refusal(hex("30 07 0001 'a' 03 0b 8100"), v5, server) == malformed);
    CHECK(!refusal(hex("30 06 0001 'a' 02 0b 01"), v5, server));
}

TEST_CASE(
    "codec: the flags of the fixed header are as the table says, and no others are taken [3.1.1 MQTT-2.2.2-1, "
    "MQTT-2.2.2-2, MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1, MQTT-3.14.1-1; 5.0 MQTT-2.1.3-1, MQTT-3.6.1-1, "
    "MQTT-3.8.1-1, MQTT-3.10.1-1, MQTT-3.14.1-1, MQTT-3.15.1-1]",
    "[conformance]") {
    for (const auto& one : all_types) {
        for (const auto how : {v3, v5}) {
            const auto* rest = how == v3 ? one.rest_3 : one.rest_5;
            if (rest == nullptr) continue;
            for (unsigned flags = 0; flags < 16; ++flags) {
                const auto bytes = frame(one.type << 4 | flags, hex(rest));
                CAPTURE(to_hex(bytes));
                CHECK(refusal(bytes, how, one.from) == (flags == one.flags ? std::nullopt : std::optional(malformed)));
            }
            const auto valid = frame(one.type << 4 | one.flags, hex(rest));
            const auto read = decode(as_bytes(valid), how, one.from);
            REQUIRE(read.has_value());
            CHECK(static_cast<unsigned char>(encoded(*read, how)[0]) == (one.type << 4 | one.flags));
        }
    }
}

TEST_CASE("codec: SUBSCRIBE, UNSUBSCRIBE and PUBLISH above QoS 0 bear an identifier that isn't 0 [3.1.1 MQTT-2.3.1-1]",
          "[conformance]") {
    publish message;
    message.topic = "a";
    message.qos = qos::at_least_once;
    subscribe wish;
    wish.subscriptions = {{"a"}};
    unsubscribe end;
    end.filters = {"a"};
    for (const auto how : {v3, v5}) {
        for (const packet& without : {packet(message), packet(wish), packet(end)}) CHECK(never_encoded(without, how));
        const auto published = encoded(
            [&] {
                auto one = message;
                one.id = packet_id{0x1234};
                return one;
            }(),
            how);
        CHECK(published.substr(2, 5) == hex("0001 'a' 1234"));
        const auto subscribed = encoded(
            [&] {
                auto one = wish;
                one.id = packet_id{0x1234};
                return one;
            }(),
            how);
        CHECK(subscribed.substr(2, 2) == hex("1234"));
        const auto ended = encoded(
            [&] {
                auto one = end;
                one.id = packet_id{0x1234};
                return one;
            }(),
            how);
        CHECK(ended.substr(2, 2) == hex("1234"));
        for (const auto first : {0x32u, 0x34u}) CHECK(refusal(frame(first, hex("0001 'a' 0000 00")), how, server) == protocol);
    }
    CHECK(refusal(hex("82 06 0000 0001 'a' 00"), v3, client) == protocol);
    CHECK(refusal(hex("a2 05 0000 0001 'a'"), v3, client) == protocol);
}

TEST_CASE("codec: a PUBLISH at QoS 0 has no identifier [3.1.1 MQTT-2.3.1-5; 5.0 MQTT-2.2.1-2]", "[conformance]") {
    for (const auto how : {v3, v5}) {
        std::string bytes;
        encode_publish({.topic = "a", .payload = "p"}, {.id = packet_id{0x1234}}, how, bytes);
        CHECK(to_hex(bytes) == to_hex(hex(how == v3 ? "30 04 0001 'a' 'p'" : "30 05 0001 'a' 00 'p'")));
        // Hence two bytes that look like one are payload.
        const auto read = decode_hex(how == v3 ? "30 05 0001 'a' 1234" : "30 06 0001 'a' 00 1234", how, server);
        REQUIRE(read.has_value());
        CHECK(std::get<publish>(*read).payload == hex("1234"));
    }
}

TEST_CASE("codec: a remaining length is at most 268,435,455, in at most four bytes [3.1.1 (2.2.3)]", "[conformance]") {
    for (const auto* five : {"30 8080808000", "30 8080808001", "30 ffffffff7f", "30 ffffffff"}) {
        CHECK(refusal(hex(five), v3, server) == malformed);
        framer frames(268'435'455 + 5);
        frames.feed(as_bytes(hex(five)));
        const auto next = frames.next();
        REQUIRE(next.has_error());
        CHECK(next.error().code() == malformed);
    }
    framer frames(268'435'455 + 5);
    frames.feed(as_bytes(hex("30 ffffff7f")));  // the largest there is: waits for the rest
    const auto next = frames.next();
    REQUIRE(next.has_value());
    CHECK_FALSE(next->has_value());
    // On the way out: the largest that fits, and one byte more. The payload isn't read.
    const char nothing = 0;
    const auto size = [&](std::size_t payload) { return publish_size({.topic = "t", .payload = {&nothing, payload}}, {}, v3); };
    CHECK(size(268'435'455 - 3) == 268'435'455 + 5);
    CHECK(size(268'435'455 - 2) == 0);
}

TEST_CASE("codec: a packet without properties says so by a length of 0 [5.0 MQTT-2.2.2-1]", "[conformance]") {
    connect with_will;
    with_will.client_id = "c";
    with_will.will = will{"w", "", qos::at_most_once, false};
    CHECK(to_hex(encoded(with_will, v5)) == to_hex(hex("10 14 0004 'MQTT' 05 04 0000 00 0001 'c' 00 0001 'w' 0000")));
    CHECK(to_hex(encoded(connack{}, v5)) == to_hex(hex("20 03 00 00 00")));
    publish message;
    message.topic = "a";
    CHECK(to_hex(encoded(message, v5)) == to_hex(hex("30 04 0001 'a' 00")));
    subscribe wish{packet_id{1}, {{"a"}}, {}};
    CHECK(to_hex(encoded(wish, v5)) == to_hex(hex("82 07 0001 00 0001 'a' 00")));
    suback granted{packet_id{1}, {reason::success}, {}};
    CHECK(to_hex(encoded(granted, v5)) == to_hex(hex("90 04 0001 00 00")));
    unsubscribe end{packet_id{1}, {"a"}, {}};
    CHECK(to_hex(encoded(end, v5)) == to_hex(hex("a2 06 0001 00 0001 'a'")));
    unsuback ended{packet_id{1}, {reason::success}, {}};
    CHECK(to_hex(encoded(ended, v5)) == to_hex(hex("b0 04 0001 00 00")));
}

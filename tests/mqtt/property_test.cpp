// tests/mqtt/property_test.cpp: the codec's table of properties against ours (property_table.hpp), and what reading by it accepts
// and refuses.
// Not here: whole packets with properties (codec_test.cpp).
#include <algorithm>
#include <catch2/catch.hpp>

#include "mqtt/property.hpp"
#include "tests/mqtt/codec_support.hpp"
#include "tests/mqtt/property_table.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

struct outcome {
    std::optional<reason> refusal;
    property_set properties;
};

outcome read(const std::string& content, packet_type holder, sender from) {
    std::string bytes;
    append_variable_integer(bytes, content.size());
    bytes += content;
    reader in(as_bytes(bytes), version::v5);
    auto properties = read_properties(in, holder, from);
    if (in.failed()) return {in.error().code(), {}};
    CHECK(in.at_end());
    return {std::nullopt, std::move(properties)};
}

}  // namespace

TEST_CASE("property: every packet carries what table 2-4 says, and nothing else [5.0 (2.2.2.2)]", "[mqtt][property]") {
    CHECK(property_rules().size() == 27);
    for (const auto& [holder, identifiers_there] : carried_by) {
        for (const auto from : {sender::client, sender::server}) {
            if (!may_send(from, holder)) continue;
            for (const auto& rule : property_rules()) {
                CAPTURE(static_cast<int>(holder), static_cast<int>(from), rule.name);
                std::optional<reason> expected;
                if (!identifiers_there.contains(rule.identifier))
                    expected = reason::malformed_packet;
                else if (is_of_one_side(holder, rule.identifier, from))
                    expected = reason::protocol_error;
                CHECK(read(example(rule.identifier), holder, from).refusal == expected);
            }
        }
    }
}

TEST_CASE("property: what is read is written as it was", "[mqtt][property]") {
    for (const auto& [holder, identifiers_there] : carried_by) {
        for (const auto identifier : identifiers_there) {
            const auto from = is_of_one_side(holder, identifier, sender::server) || !may_send(sender::server, holder)
                                  ? sender::client
                                  : sender::server;
            const auto content = example(identifier);
            CAPTURE(static_cast<int>(holder), identifier);
            const auto result = read(content, holder, from);
            REQUIRE(!result.refusal);
            CHECK(result.properties != property_set{});
            std::string again;
            append_properties(again, result.properties, holder, version::v5);
            std::string length;
            append_variable_integer(length, content.size());
            CHECK(to_hex(again) == to_hex(length + content));
        }
    }
}

TEST_CASE("property: a second one is a protocol error, but for user properties and a message's subscriptions [5.0 (2.2.2.2)]",
          "[mqtt][property]") {
    for (const auto& [holder, identifiers_there] : carried_by) {
        for (const auto from : {sender::client, sender::server}) {
            if (!may_send(from, holder)) continue;
            for (const auto identifier : identifiers_there) {
                if (is_of_one_side(holder, identifier, from)) continue;
                CAPTURE(static_cast<int>(holder), identifier);
                const bool repeats = identifier == 0x26 || (identifier == 0x0b && holder == packet_type::publish);
                const auto result = read(example(identifier) + example(identifier), holder, from);
                CHECK(result.refusal == (repeats ? std::nullopt : std::optional(reason::protocol_error)));
            }
        }
    }
}

TEST_CASE("property: ranges", "[mqtt][property]") {
    struct wrong {
        const char* bytes;
        packet_type holder;
        sender from;
        reason code;
    };
    const auto one = GENERATE(values<wrong>({
        {"01 02", packet_type::publish, sender::server, reason::protocol_error},
        {"08 0000", packet_type::publish, sender::server, reason::topic_name_invalid},
        {"08 0001 '#'", packet_type::publish, sender::server, reason::topic_name_invalid},
        {"0b 00", packet_type::subscribe, sender::client, reason::protocol_error},
        {"0b 8000", packet_type::subscribe, sender::client, reason::malformed_packet},
        {"0b 8080808001", packet_type::subscribe, sender::client, reason::malformed_packet},
        {"17 02", packet_type::connect, sender::client, reason::protocol_error},
        {"19 ff", packet_type::connect, sender::client, reason::protocol_error},
        {"21 0000", packet_type::connack, sender::server, reason::protocol_error},
        {"23 0000", packet_type::publish, sender::server, reason::topic_alias_invalid},
        {"24 02", packet_type::connack, sender::server, reason::protocol_error},
        {"25 02", packet_type::connack, sender::server, reason::protocol_error},
        {"27 00000000", packet_type::connack, sender::server, reason::protocol_error},
        {"28 02", packet_type::connack, sender::server, reason::protocol_error},
        {"29 02", packet_type::connack, sender::server, reason::protocol_error},
        {"2a 02", packet_type::connack, sender::server, reason::protocol_error},
        {"1f 0001 00", packet_type::connack, sender::server, reason::malformed_packet},
        {"26 0001 'a' 0001 ff", packet_type::connack, sender::server, reason::malformed_packet},
        {"26 0001 ff 0001 'a'", packet_type::connack, sender::server, reason::malformed_packet},
        {"26 0001 'a'", packet_type::connack, sender::server, reason::malformed_packet},
        {"13 00", packet_type::connack, sender::server, reason::malformed_packet},
        {"00", packet_type::connack, sender::server, reason::malformed_packet},
        {"7f", packet_type::connack, sender::server, reason::malformed_packet},
        {"9f00", packet_type::connack, sender::server, reason::malformed_packet},
    }));
    CAPTURE(one.bytes);
    CHECK(read(hex(one.bytes), one.holder, one.from).refusal == one.code);
}

TEST_CASE("property: the order of user properties is kept [5.0 MQTT-3.3.2-18]", "[mqtt][property]") {
    const auto result =
        read(hex("26 0001 'b' 0001 '1' 26 0001 'a' 0001 '2' 26 0001 'b' 0001 '1'"), packet_type::publish, sender::server);
    CHECK(result.properties.user == decltype(result.properties.user){{"b", "1"}, {"a", "2"}, {"b", "1"}});
}

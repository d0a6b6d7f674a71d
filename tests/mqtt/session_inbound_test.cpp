// tests/mqtt/session_inbound_test.cpp: stories of messages towards us: told once, kept, answered; over crashes and reconnects.
// Not here: each rule of the specification by itself (tests/conformance/session_qos_receiver.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto q0 = qos::at_most_once;
constexpr auto q1 = qos::at_least_once;
constexpr auto q2 = qos::exactly_once;

}  // namespace

TEST_CASE("session: messages of one read are one save, and each answer waits for the save that keeps its message",
          "[mqtt][session]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("in");
    d.broker(incoming(q2, 1, "in", "a"), incoming(q1, 2, "in", "b"), incoming(q0, 0, "in", "c"));
    CHECK(d.effects() == lines{"received q2 'in' 'a'", "received q1 'in' 'b'", "received q0 'in' 'c'",
                               "save 2 barrier acked 0 released 0 maybe 0 held 1"});
    d.broker(incoming(q1, 3, "in", "d"));
    CHECK(d.effects() == lines{"received q1 'in' 'd'", "save 3 barrier acked 0 released 0 maybe 0"});
    CHECK(d.packets().empty());
    d.durable(2);
    CHECK(d.packets() == lines{"PUBREC 1", "PUBACK 2"});
    CHECK(d.on_disk().state.held == std::vector{packet_id{1}});
    d.durable(3);
    CHECK(d.packets() == lines{"PUBACK 3"});
}

TEST_CASE("session: a message of QoS 0 needs no save", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    d.broker(incoming(q0));
    CHECK(d.effects() == lines{"received q0 'in' 'x'"});
    CHECK(d.packets().empty());
}

TEST_CASE("session: a repetition's PUBREC waits for the save that holds its identifier, not for a later one", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    d.broker(incoming(q2, 1));
    d.reconnect(true);  // before the save is durable
    d.packets();
    d.broker(incoming(q2, 1));
    CHECK(d.packets().empty());
    d.durable(2);
    CHECK(d.packets() == lines{"PUBREC 1"});
}

TEST_CASE("session: an unknown PUBREL right after its message was released waits for that save as well", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    d.broker(incoming(q2, 1));
    d.durable();
    d.packets();
    d.effects();
    d.broker(answer<pubrel>(1));
    CHECK(d.effects() == lines{"save 3 barrier acked 0 released 0 maybe 0 held none"});  // PUBCOMP waits for it
    d.reconnect(true);
    d.packets();
    d.broker(answer<pubrel>(1));  // its PUBCOMP was lost with the link; were we to crash now, the identifier would still be held
    CHECK(d.packets().empty());
    d.durable();
    CHECK(d.packets() == lines{"PUBCOMP 1 0x92"});
    CHECK(d.on_disk().state.held.empty());
}

TEST_CASE("session: a crash between PUBREL's save and PUBCOMP: the broker's PUBREL finds nothing, and is answered",
          "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    d.broker(incoming(q2, 1), incoming(q2, 2));
    d.durable();
    d.broker(answer<pubrel>(1));
    d.durable();
    d.crash();
    d.subscribe("in");
    d.start();
    d.connect(true);
    d.broker(answer<pubrel>(1));
    CHECK(d.packets() == lines{"PUBCOMP 1 0x92"});
    d.broker(incoming(q2, 1), incoming(q2, 2));  // 1 is a new message, 2 a repetition
    d.durable();
    CHECK(d.effects()[0] == "received q2 'in' 'x'");
    CHECK(d.packets() == lines{"PUBREC 1", "PUBREC 2"});
    CHECK(d.on_disk().state.held == std::vector{packet_id{1}, packet_id{2}});
}

TEST_CASE("session: a session that the broker has lost holds no identifiers any more, and that is durable before new answers",
          "[mqtt][session]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("in");
    d.broker(incoming(q2, 1));
    d.durable();
    d.reconnect(false);
    d.packets();
    d.broker(incoming(q2, 1));
    CHECK(d.packets().empty());
    d.durable(3);  // the new session
    CHECK(d.on_disk().state.held.empty());
    for (const auto& each : d.packets()) CHECK_FALSE(each.starts_with("PUBREC"));
    d.durable();
    CHECK(d.packets() == lines{"PUBREC 1"});
}

TEST_CASE("session: what came before a violation in the same read is told and kept; its answer isn't sent any more",
          "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    d.broker(incoming(q2, 1), connack{}, incoming(q2, 2));
    CHECK(d.effects() == lines{"received q2 'in' 'x'", "close", "save 2 barrier acked 0 released 0 maybe 0 held 1"});
    d.durable();
    CHECK(d.packets() == lines{"DISCONNECT 0x82"});
    d.reconnect(true);
    d.packets();
    d.effects();
    d.broker(incoming(q2, 1), incoming(q2, 2));
    d.durable();
    CHECK(d.packets() == lines{"PUBREC 1", "PUBREC 2"});
    CHECK(d.effects()[0] == "received q2 'in' 'x'");  // 2 alone
}

TEST_CASE("session: views of messages are valid together, also when their alias changes within one read", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("#");
    const auto with_alias = [](std::string_view topic, std::string_view payload) {
        publish p = incoming(q0, 0, topic, payload);
        p.properties.topic_alias = std::uint16_t{1};
        return p;
    };
    std::vector<publish> read;
    lines expected;
    for (int i = 0; i < 20; ++i) {
        const std::string topic(static_cast<std::size_t>(1 + i * 3), static_cast<char>('a' + i));
        for (const auto& each : {with_alias(topic, "set"), with_alias("", "used")}) {
            read.push_back(each);
            expected.push_back("received q0 '" + topic + "' '" + each.payload + "'");
        }
    }
    d.broker_all(read);
    CHECK(d.effects() == expected);
}

TEST_CASE("session: a message cut anywhere is told once it is whole", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    std::string bytes;
    encode(packet{incoming(q1, 1, "in", "payload")}, v5, bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        CHECK(d.effects().empty());
        d.broker_bytes(bytes.substr(i, 1));
    }
    CHECK(d.effects()[0] == "received q1 'in' 'payload'");
}

TEST_CASE("session: take_effects into a vector empties it first and leaves nothing behind", "[mqtt][session]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    effects mine(3, effect{close_transport{}});
    d.broker(incoming(q0));
    d.session().take_effects(mine);
    REQUIRE(mine.size() == 1);
    CHECK(in_words(mine[0]) == "received q0 'in' 'x'");
    d.session().take_effects(mine);
    CHECK(mine.empty());
    CHECK(d.session().take_effects().empty());
}

TEST_CASE("session: kept in memory there are no saves, and nothing waits", "[mqtt][session]") {
    options how = plain_options(GENERATE(v3, v5));
    how.keeping = keeping::in_memory;
    how.lane = {1, 4};
    driver d(how);
    d.begin();
    d.listen("in");
    d.broker(incoming(q1, 1), incoming(q2, 2));
    CHECK(d.effects() == lines{"received q1 'in' 'x'", "received q2 'in' 'x'"});
    CHECK(d.packets() == lines{"PUBACK 1", "PUBREC 2"});
    d.broker(incoming(q2, 2), answer<pubrel>(2));
    CHECK(d.effects().empty());
    CHECK(d.packets() == lines{"PUBREC 2", "PUBCOMP 2"});
    d.publish(1, q2);
    CHECK(d.packets() == lines{"PUBLISH 2 q2 't' 'm1'"});
    d.broker(answer<pubrec>(2));
    CHECK(d.packets() == lines{"PUBREL 2"});
    SECTION("resumed as long as the process lives") {
        d.reconnect(true);
        CHECK(d.packets() ==
              lines{"PUBREL 2", d.how().version == v5 ? "SUBSCRIBE 60202 'in' q2 retain-handling 1" : "SUBSCRIBE 60202 'in' q2"});
        d.broker(answer<pubcomp>(2));
        CHECK(d.session().finished() == sequence{1});
    }
    SECTION("a message far ahead goes as soon as its identifier is free") {
        d.publish(1000, q2);
        CHECK(d.packets().empty());
        d.broker(answer<pubcomp>(2));
        CHECK(d.packets() == lines{"PUBLISH 1 q2 't' 'm1000'"});
    }
    for (const auto& each : d.effects()) CHECK_FALSE(each.starts_with("save"));
}

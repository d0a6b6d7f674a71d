// tests/sim/broker_test.cpp: the model broker is strict: each breach of the rules is written down, and what is right is not.
// Not here: worlds in which it is used (sim_test.cpp, tests/mqtt/model_test.cpp).
#include <catch2/catch.hpp>

#include "tests/mqtt/support/model_broker.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

struct client {
    explicit client(broker_manners how = {}) : broker(how, 1) { open(); }

    void open(bool clean = false) {
        broker.on_open();
        connect hello;
        hello.client_id = "c";
        hello.clean_start = clean;
        hello.properties.session_expiry_interval = 1000;
        hello.properties.receive_maximum = 2;
        broker.on_packet(hello);
        hear();
    }
    void reopen() {
        broker.on_close();
        open();
    }
    void publish_one(std::int64_t number, unsigned id, qos level = qos::exactly_once, bool dup = false) {
        publish p;
        p.topic = topic_of_number(number);
        p.payload = std::to_string(number) + " x";
        p.qos = level;
        p.id = packet_id{static_cast<std::uint16_t>(id)};
        p.dup = dup;
        broker.on_packet(p);
    }
    template <typename Packet>
    void say(unsigned id) {
        Packet p;
        p.id = packet_id{static_cast<std::uint16_t>(id)};
        broker.on_packet(p);
    }
    void hear() {
        std::string bytes;
        broker.answer(100, bytes, {});
    }
    void listen() {
        mqtt::subscribe wanted;
        wanted.id = packet_id{60001};
        wanted.subscriptions.push_back({"in/#", qos::exactly_once});
        broker.on_packet(wanted);
        hear();
    }
    void offer_one(std::int64_t number, qos level = qos::exactly_once) {
        offer what;
        what.number = number;
        what.topic = "in/a";
        what.qos = level;
        REQUIRE(broker.publish_to_client(what, {}));
        hear();
    }
    std::string complaint() const { return broker.complaints().empty() ? "" : broker.complaints().front(); }

    model_broker broker;
};

bool is_about(const client& whose, const char* what) { return whose.complaint().find(what) != std::string::npos; }

}  // namespace

TEST_CASE("model broker: what is right is taken without a word, once", "[sim][broker]") {
    client c;
    c.publish_one(1, 1);
    c.hear();
    c.say<pubrel>(1);
    c.hear();
    c.publish_one(2, 1);  // the identifier is free again
    c.reopen();
    c.publish_one(2, 1, qos::exactly_once, true);
    c.hear();
    c.say<pubrel>(1);
    CHECK(c.complaint().empty());
    CHECK(c.broker.delivered() == std::map<std::int64_t, int>{{1, 1}, {2, 1}});
}

TEST_CASE("model broker: a lost session takes the message again", "[sim][broker]") {
    client c;
    c.publish_one(1, 1);
    c.broker.on_close();
    c.broker.lose_session();
    c.open();
    c.publish_one(1, 1);
    CHECK(c.complaint().empty());
    CHECK(c.broker.delivered().at(1) == 2);
}

TEST_CASE("model broker: a restart keeps a session, but for one that began clean", "[sim][broker]") {
    client c;
    c.publish_one(1, 1);
    c.broker.on_close();
    c.broker.restart();
    c.open();
    c.publish_one(1, 1, qos::exactly_once, true);
    CHECK(c.broker.delivered().at(1) == 1);
    c.broker.on_close();
    c.open(true);
    c.broker.on_close();
    c.broker.restart();
    c.open();
    c.publish_one(2, 2, qos::exactly_once, true);
    CHECK(is_about(c, "with DUP in a new session"));
}

TEST_CASE("model broker: each breach of the rules is written down", "[sim][broker]") {
    client c;
    SECTION("a second CONNECT") {
        c.broker.on_packet(connect{});
        CHECK(is_about(c, "second CONNECT"));
    }
    SECTION("a packet before CONNECT") {
        c.broker.on_close();
        c.broker.on_open();
        c.publish_one(1, 1);
        CHECK(is_about(c, "before CONNECT"));
    }
    SECTION("a packet after DISCONNECT") {
        c.broker.on_packet(disconnect{});
        CHECK(c.broker.wants_to_close());
        c.broker.on_packet(pingreq{});
        CHECK(is_about(c, "after DISCONNECT"));
    }
    SECTION("DUP in a new session") {
        c.publish_one(1, 1, qos::at_least_once, true);
        CHECK(is_about(c, "with DUP in a new session"));
    }
    SECTION("repeated without DUP") {
        c.publish_one(1, 1);
        c.reopen();
        c.publish_one(1, 1);
        CHECK(is_about(c, "repeated without DUP"));
    }
    SECTION("twice on one connection") {
        c.publish_one(1, 1);
        c.publish_one(1, 2);
        CHECK(is_about(c, "twice on one connection"));
    }
    SECTION("an identifier in use") {
        c.publish_one(1, 1);
        c.publish_one(2, 1);
        CHECK(is_about(c, "in use by 1"));
    }
    SECTION("an identifier whose message was not released before the link broke") {
        c.publish_one(1, 1);
        c.reopen();
        c.publish_one(2, 1);
        CHECK(is_about(c, "is taken for 1"));
    }
    SECTION("PUBREL before PUBREC") {
        c.publish_one(1, 1);
        c.say<pubrel>(1);
        CHECK(is_about(c, "PUBREL before PUBREC"));
    }
    SECTION("a topic that isn't the message's") {
        publish p;
        p.topic = "t/4";
        p.payload = "1 x";
        c.broker.on_packet(p);
        CHECK(is_about(c, "with the topic t/4"));
    }
    SECTION("PUBACK for nothing") {
        c.say<puback>(9);
        CHECK(is_about(c, "PUBACK 9 isn't the one that is due"));
    }
    SECTION("answers out of order") {
        c.listen();
        c.offer_one(1, qos::at_least_once);
        c.offer_one(2, qos::at_least_once);
        c.say<puback>(2);
        CHECK(is_about(c, "PUBACK 2 isn't the one that is due"));
    }
    SECTION("PUBCOMP before PUBREC") {
        c.listen();
        c.offer_one(1);
        c.say<pubcomp>(1);
        CHECK(is_about(c, "PUBCOMP 1 isn't the one that is due"));
    }
}

TEST_CASE("model broker: its limits are limits", "[sim][broker]") {
    broker_manners how;
    how.largest_receive_maximum = 1;
    client narrow(how);
    narrow.publish_one(1, 1);
    narrow.publish_one(2, 2);
    CHECK(is_about(narrow, "exceeds Receive Maximum"));

    how = {};
    how.highest_qos = qos::at_least_once;
    client low(how);
    low.publish_one(1, 1);
    CHECK(is_about(low, "above Maximum QoS"));

    how = {};
    how.refuses_one_in = 1;
    client refusing(how);
    refusing.publish_one(1, 1);
    refusing.hear();
    refusing.say<pubrel>(1);
    CHECK(refusing.broker.delivered().empty());
    CHECK(is_about(refusing, "PUBREL for a message that was refused"));
}

TEST_CASE("model broker: towards the client it keeps to the client's window, and repeats what is unfinished", "[sim][broker]") {
    client c;
    c.listen();
    c.offer_one(1);
    c.offer_one(2);
    c.offer_one(3);  // waits: the client takes two
    CHECK(c.broker.outbox().bearer(packet_id{2}) == 2);
    CHECK(c.broker.outbox().bearer(packet_id{3}) == 0);
    c.say<pubrec>(1);
    c.hear();
    c.say<pubcomp>(1);
    c.hear();
    CHECK(c.broker.outbox().bearer(packet_id{1}) == 3);
    c.reopen();
    CHECK(c.broker.outbox().repeated() == 2);
    CHECK(c.complaint().empty());
    c.broker.on_close();
    c.broker.lose_session();
    CHECK(c.broker.outbox().empty());
}

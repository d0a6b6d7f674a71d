// tests/conformance/session_connect.cpp: CONNECT as the session uses it (3.1): first, once, and nothing behind one that is
// refused. Not here: its bytes (connect_conformance.cpp), and which session it asks for (session_state.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

bool is_connect(const std::string& line) { return line.starts_with("CONNECT "); }

}  // namespace

TEST_CASE(
    "session: CONNECT is the first packet of a connection, and the only one of its kind "
    "[3.1.1 MQTT-3.1.0-1, MQTT-3.1.0-2; 5.0 MQTT-3.1.0-1, MQTT-3.1.0-2]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.start();
    for (int connection = 0; connection < 4; ++connection) {
        CAPTURE(connection);
        d.subscribe("in");
        CHECK(d.packets().empty());  // not before the transport is there
        d.opened();
        lines sent = d.packets();
        d.opened();  // a transport that says so twice
        d.broker(accepted(connection > 1));
        feed(d, 3, q2);
        d.broker(incoming(q1, 3), answer<pubrec>(2));
        d.durable();
        d.pass(60s);
        for (const auto& each : d.packets()) sent.push_back(each);
        CHECK(is_connect(sent.front()));
        CHECK(std::count_if(sent.begin(), sent.end(), is_connect) == 1);
        CHECK(sent.size() > (connection == 0 ? 1u : 4u));
        d.closed();
        if (d.session().next_deadline() && connection > 0) d.pass_to_deadline();
    }
}

TEST_CASE(
    "session: nothing is sent behind a CONNECT that may be refused, and so nothing is lost when it is "
    "[3.1.1 MQTT-3.1.4-5; 5.0 MQTT-3.1.4-6]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)), disk_with_session());
    d.start();
    d.opened();
    CHECK(d.packets().size() == 1);
    d.subscribe("in");
    CHECK_FALSE(d.session().accepts());
    CHECK_FALSE(d.publish_unlogged("status"));
    CHECK_FALSE(d.publish_unlogged("status", q0));
    d.pass(5s);
    CHECK(d.packets().empty());
    connack no;
    no.reason = reason::server_unavailable;
    d.broker(no);
    d.durable();
    CHECK(d.packets().empty());
    d.effects();
    d.closed();
    CHECK(d.effects() == lines{"offline: the broker refused the connection: server unavailable"});
    d.pass_to_deadline();
    d.opened();
    CHECK(d.packets().size() == 1);
    d.broker(accepted(true));
    feed(d, 1, q1);
    CHECK(d.packets() == lines{"SUBSCRIBE 60201 'in' q2", "PUBLISH 2 q1 't' 'm1'"});
}

TEST_CASE("session: without a client identifier, the broker's is used from then on [5.0 MQTT-3.1.3-7, MQTT-3.2.2-16]",
          "[conformance]") {
    options how = plain_options(v5);
    how.client_id = "";
    driver d(how);
    await_connack(d);
    SECTION("for the session that lasts, and by the next process") {
        d.broker(accepted(false, properties([](auto& p) { p.assigned_client_identifier = "auto-7"; })));
        d.packets();
        d.closed();
        d.opened();
        CHECK(d.packets()[0].starts_with("CONNECT auto-7 keepalive"));
        d.broker(accepted(false));
        d.durable();
        CHECK(d.on_disk().state.session == session_record{"auto-7", "hub", 1});
        d.crash();
        d.start();
        d.opened();
        CHECK(d.packets()[0].starts_with("CONNECT auto-7 keepalive"));
    }
    SECTION("one that isn't named ends the connection") {
        property_set none;
        if (GENERATE(false, true)) none.assigned_client_identifier = "";
        d.broker(accepted(false, none));
        check_closing(d, "0x82");
        d.closed();
        CHECK(d.effects() == lines{"offline: the broker assigned no client identifier"});
    }
}

TEST_CASE(
    "session: without a client identifier there is no lasting session, and a refusal of that is told "
    "[3.1.1 MQTT-3.1.3-7, MQTT-3.1.3-8]",
    "[conformance]") {
    options how = plain_options(v3);
    how.client_id = "";
    driver d(how);
    d.start();
    for (int i = 0; i < 3; ++i) {
        d.opened();
        CHECK(d.packets() == lines{"CONNECT  clean keepalive 60"});
        d.effects();
        if (i == 1) {
            d.broker_bytes(std::string_view("\x20\x02\x00\x02", 4));
            CHECK(d.packets().empty());
            CHECK(d.effects() == lines{"close"});
            d.closed();
            CHECK(d.effects() == lines{"offline: the broker refused the connection: client identifier not valid"});
        } else {
            d.broker(accepted(false));
            CHECK(d.session().is_online());
            d.durable();
            d.closed();
        }
        d.pass_to_deadline();
    }
}

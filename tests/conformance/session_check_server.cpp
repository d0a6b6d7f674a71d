// tests/conformance/session_check_server.cpp: what a broker must not do and the session sees: around CONNACK, and in what it
// sends. Not here: its answers to requests (session_check_answers.cpp); what the decoder refuses (malformed_conformance.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;

TEST_CASE("session: whatever comes before CONNACK ends the connection [3.1.1 MQTT-3.2.0-1; 5.0 MQTT-3.2.0-1, MQTT-3.14.0-1]",
          "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how), GENERATE(false, true) ? disk_with_session() : disk());
    const int which = GENERATE(range(0, 9));
    await_connack(d);
    switch (which) {
        case 0:
            d.broker(pingresp{});
            break;
        case 1:
            d.broker(incoming(q0));
            break;
        case 2:
            d.broker(incoming(q2, 1), accepted(false));
            break;
        case 3:
            d.broker(answer<puback>(1));
            break;
        case 4:
            d.broker(answer<pubrec>(1));
            break;
        case 5:
            d.broker(answer<pubrel>(1));
            break;
        case 6:
            d.broker(granted(1, {reason::success}));
            break;
        case 7:
            d.broker(departed(1, {reason::success}));
            break;
        case 8:
            if (how == v3) return;  // there is none
            d.broker(disconnect{reason::server_busy, {}});
            break;
    }
    check_closing(d, "0x82");
    d.closed();
    CHECK(d.effects() == lines{"offline: the broker sent another packet before CONNACK"});
}

TEST_CASE("session: CONNACK comes once [5.0 MQTT-3.2.0-2]", "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.broker(accepted(GENERATE(false, true)));
    check_closing(d, "0x82");
}

TEST_CASE("session: a session can't be present where a clean one was asked for [3.1.1 MQTT-3.2.2-1; 5.0 MQTT-3.2.2-2]",
          "[conformance]") {
    options how = plain_options(GENERATE(v3, v5));
    if (GENERATE(false, true)) how.session_expiry = std::chrono::seconds{0};
    driver d(how);
    await_connack(d);
    d.broker(accepted(true));
    check_closing(d, "0x82");
}

TEST_CASE(
    "session: a CONNACK that refuses is told by its reason, and we close as well [3.1.1 MQTT-3.2.2-5; 5.0 MQTT-3.2.2-7, "
    "MQTT-4.13.2-1]",
    "[conformance]") {
    const auto how = GENERATE(v3, v5);
    const auto [code, words] = GENERATE(table<reason, std::string>({
        {reason::unsupported_protocol_version, "unsupported protocol version"},
        {reason::client_identifier_not_valid, "client identifier not valid"},
        {reason::server_unavailable, "server unavailable"},
        {reason::bad_user_name_or_password, "bad user name or password"},
        {reason::not_authorized, "not authorized"},
    }));
    driver d(plain_options(how), disk_with_session());
    await_connack(d);
    d.broker(connack{false, code, {}});
    CHECK(d.packets().empty());
    CHECK(d.effects() == lines{"close"});
    d.broker(accepted(true));  // after a refusal
    CHECK_FALSE(d.session().is_online());
    d.closed();
    CHECK(d.effects() == lines{"offline: the broker refused the connection: " + words});
}

TEST_CASE("session: a DISCONNECT of the broker's ends the connection, whatever its reason [5.0 MQTT-4.13.2-1]", "[conformance]") {
    driver d(plain_options(v5));
    d.begin();
    const auto code = GENERATE(reason::success, reason::unspecified_error, reason::keep_alive_timeout, reason::server_moved);
    d.broker(disconnect{code, {}}, incoming(q1, 3));
    CHECK(d.effects() == lines{"close"});
    d.durable();
    CHECK(d.packets().empty());  // neither DISCONNECT nor PUBACK
    d.closed();
    CHECK(d.effects()[0].starts_with("offline: the broker disconnected: "));
}

TEST_CASE("session: a packet larger than our Maximum Packet Size ends the connection with 0x95 [5.0 MQTT-3.1.2-24]",
          "[conformance]") {
    options how = plain_options(v5);
    how.largest_packet_in = 30;
    driver d(how);
    d.start();
    d.opened();
    CHECK(d.packets()[0].find(" packet 30 ") != std::string::npos);
    d.broker(accepted(false));
    d.closed();
    d.connect(false);
    d.listen("in");
    d.broker(incoming(q0, 0, "in", std::string(23, 'x')));  // 30 bytes
    CHECK(d.effects() == lines{"received q0 'in' '" + std::string(23, 'x') + "'"});
    SECTION("by one byte") {
        d.broker(incoming(q0, 0, "in", std::string(24, 'x')));
        check_closing(d, "0x95");
    }
    SECTION("told by its first bytes") {
        d.broker_bytes("\x30\x1d");
        check_closing(d, "0x95");
    }
}

TEST_CASE("session: response information comes only if it was asked for [5.0 MQTT-3.1.2-28]", "[conformance]") {
    options how = plain_options(v5);
    const int asked = GENERATE(-1, 0, 1);
    if (asked >= 0) how.connect_properties.request_response_information = static_cast<std::uint8_t>(asked);
    driver d(how, disk_with_session());
    d.start();
    d.opened();
    CHECK((d.packets()[0].find(" responses ") != std::string::npos) == (asked >= 0));
    d.effects();
    d.broker(accepted(true, properties([](auto& p) { p.response_information = "answers/plant"; })));
    if (asked == 1) {
        CHECK(d.session().is_online());
        const auto told = d.session().take_effects();
        REQUIRE(told.size() == 1);
        CHECK(std::get<online>(told[0]).properties.response_information == "answers/plant");
    } else {
        check_closing(d, "0x82");
    }
}

TEST_CASE(
    "session: with Request Problem Information 0 only PUBLISH, CONNACK and DISCONNECT may explain themselves [5.0 MQTT-3.1.2-29]",
    "[conformance]") {
    options how = plain_options(v5);
    const bool asked = GENERATE(false, true);
    if (asked) how.connect_properties.request_problem_information = std::uint8_t{0};
    driver d(how);
    const auto words = GENERATE(false, true) ? properties([](auto& p) { p.reason_string = "because"; }) : properties([](auto& p) {
        p.user = {{"why", "because"}};
    });
    d.begin(words);
    CHECK(d.session().is_online());
    d.listen("in");
    send(d, 1, 1, q1);
    SECTION("they may") {
        publish message = incoming(q0);
        message.properties.user = {{"why", "because"}};
        d.broker(message);
        CHECK(d.effects() == lines{"received q0 'in' 'x' why=because"});
        d.broker(disconnect{reason::server_busy, words});
        CHECK(d.packets().empty());
        CHECK(d.effects() == lines{"close"});
    }
    SECTION("PUBACK may not") {
        puback p = answer<puback>(2);
        p.properties = words;
        d.broker(p);
        CHECK(d.session().is_online() == !asked);
        if (asked) CHECK(d.packets() == lines{"DISCONNECT 0x82"});
    }
    SECTION("nor PUBREL, SUBACK and UNSUBACK") {
        const int which = GENERATE(0, 1, 2);
        d.subscribe("more");
        d.session().unsubscribe({"more"}, {}, d.now());
        d.packets();
        pubrel rel = answer<pubrel>(2);
        rel.properties = words;
        suback granting = granted(60202, {reason::success});
        granting.properties = words;
        unsuback departing = departed(60203, {reason::success});
        departing.properties = words;
        if (which == 0) d.broker(rel);
        if (which == 1) d.broker(granting);
        if (which == 2) d.broker(departing);
        CHECK(d.session().is_online() == !asked);
    }
}

TEST_CASE(
    "session: a topic that no subscription of ours matches is told as unexpected, and not as a message "
    "[3.1.1 MQTT-3.3.2-3; 5.0 MQTT-3.3.2-3]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    d.listen("a/+");
    d.listen("$share/group/b/#");
    d.broker(incoming(q0, 0, "a/1"), incoming(q0, 0, "b/1/2"), incoming(q0, 0, "a"), incoming(q0, 0, "a/1/2"),
             incoming(q0, 0, "$SYS/b"));
    CHECK(d.effects() == lines{"received q0 'a/1' 'x'", "received q0 'b/1/2' 'x'", "unexpected 'a'", "unexpected 'a/1/2'",
                               "unexpected '$SYS/b'"});
    CHECK(d.session().is_online());
}

TEST_CASE("session: more messages in flight than our Receive Maximum end the connection with 0x93 [5.0 MQTT-3.3.4-9]",
          "[conformance]") {
    options how = plain_options(v5);
    how.inbound_window = 3;
    driver d(how);
    d.begin();
    d.listen("in");
    d.broker(incoming(q1, 1), incoming(q2, 2), incoming(q0), incoming(q0), incoming(q2, 3));
    CHECK(d.session().is_online());
    SECTION("one too many") {
        d.effects();
        d.broker(incoming(q1, 4));
        check_closing(d, "0x93");
    }
    SECTION("PUBREC gives nothing back") {
        d.durable();
        d.reconnect(true);
        d.packets();
        d.broker(incoming(q2, 2), incoming(q2, 3), incoming(q2, 4));
        d.durable();
        CHECK(d.packets() == lines{"PUBREC 2", "PUBREC 3", "PUBREC 4"});
        d.broker(incoming(q1, 5));
        CHECK(d.packets() == lines{"DISCONNECT 0x93"});
    }
    SECTION("a broker that counts wrongly what PUBACK and PUBCOMP give back, as mosquitto 2.0 does, isn't accused") {
        d.durable();
        CHECK(d.packets() == lines{"PUBACK 1", "PUBREC 2", "PUBREC 3"});
        for (unsigned id = 4; id < 100; ++id) d.broker(incoming(q2, id));
        CHECK(d.session().is_online());
    }
    SECTION("a new connection begins anew") {
        d.durable();
        d.reconnect(true);
        d.packets();
        d.broker(incoming(q2, 2), incoming(q2, 3), incoming(q1, 1));
        CHECK(d.session().is_online());
        d.broker(incoming(q1, 4));
        CHECK(d.packets().back() == "DISCONNECT 0x93");
    }
}

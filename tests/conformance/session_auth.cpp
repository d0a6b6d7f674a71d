// tests/conformance/session_auth.cpp: enhanced authentication of MQTT 5.0 (4.12): with CONNECT, and again.
// Not here: a real method (scram's own tests); AUTH's bytes (reason_conformance.cpp).
#include "tests/conformance/session_checks.hpp"
#include "tests/mqtt/support/riddle.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

connack welcome(const std::string& data = "proof") {
    return accepted(false, properties([&](auto& p) {
                        p.authentication_method = "RIDDLE";
                        p.authentication_data = data;
                    }));
}

/// Online by way of one question.
void begin_with_riddle(driver& d, property_set properties = {}) {
    connack ack = welcome();
    properties.authentication_method = ack.properties.authentication_method;
    properties.authentication_data = ack.properties.authentication_data;
    ack.properties = std::move(properties);
    ack.session_present = true;
    d.start();
    d.opened();
    d.broker(question("one"));
    d.broker(ack);
    d.packets();
    d.effects();
}

}  // namespace

TEST_CASE("session: with an Authentication Method nothing but AUTH and DISCONNECT is sent before CONNACK [5.0 MQTT-3.1.2-30]",
          "[conformance]") {
    driver d(riddle_options(), disk_with_session());
    d.start();
    d.subscribe("in");
    d.opened();
    CHECK(d.packets()[0].find(" method RIDDLE data 'first'") != std::string::npos);
    CHECK_FALSE(d.publish_unlogged("x", q0));
    d.broker(question("one"));
    d.broker(question("two"));
    d.pass(std::chrono::seconds{5});
    CHECK(d.packets() == lines{"AUTH 0x18 method RIDDLE data 'answer to one'", "AUTH 0x18 method RIDDLE data 'answer to two'"});
    SECTION("stopped meanwhile") {
        d.session().stop(d.now());
        CHECK(d.packets() == lines{"DISCONNECT"});
    }
    SECTION("accepted") {
        d.broker(welcome());
        d.durable();
        CHECK(d.packets() == lines{"SUBSCRIBE 60201 'in' q2"});
    }
}

TEST_CASE("session: our answers are AUTH 0x18 with CONNECT's method [5.0 MQTT-4.12.0-3, MQTT-4.12.0-5]", "[conformance]") {
    driver d(riddle_options(), disk_with_session());
    await_connack(d);
    d.broker(question("one"));
    CHECK(d.packets() == lines{"AUTH 0x18 method RIDDLE data 'answer to one'"});
}

TEST_CASE("session: AUTH and CONNACK of another method, and CONNACK of none, are not taken [5.0 MQTT-4.12.0-5]",
          "[conformance]") {
    driver d(riddle_options(), disk_with_session());
    await_connack(d);
    SECTION("AUTH") {
        auth other = question("one");
        other.properties.authentication_method = "PUZZLE";
        d.broker(other);
    }
    SECTION("CONNACK") {
        connack other = welcome();
        other.properties.authentication_method = "PUZZLE";
        d.broker(other);
    }
    SECTION("CONNACK of none") { d.broker(accepted(false)); }
    check_closing(d, "0x82");
}

TEST_CASE("session: AUTH that ends the exchange is no CONNACK [5.0 MQTT-4.12.0-2]", "[conformance]") {
    driver d(riddle_options(), disk_with_session());
    await_connack(d);
    auth done = question("one");
    done.reason = reason::success;
    d.broker(done);
    check_closing(d, "0x82");
}

TEST_CASE("session: without a method of ours there is no AUTH and no method of the broker's [5.0 MQTT-4.12.0-6, MQTT-4.12.0-7]",
          "[conformance]") {
    driver d(plain_options(v5), disk_with_session());
    await_connack(d);
    SECTION("AUTH before CONNACK") {
        d.broker(question("one"));
        check_closing(d, "0x82");
    }
    SECTION("a method in CONNACK") {
        d.broker(welcome());
        check_closing(d, "0x82");
    }
    SECTION("AUTH after CONNACK") {
        d.broker(accepted(true));
        CHECK(d.packets().empty());
        d.effects();
        d.broker(question("one"));
        check_closing(d, "0x82");
    }
    SECTION("and we don't send one") {
        d.broker(accepted(true));
        d.session().reauthenticate(d.now());
        CHECK(d.packets().empty());
    }
}

TEST_CASE("session: authenticating anew begins with AUTH 0x19 and keeps the method [5.0 MQTT-4.12.1-1]", "[conformance]") {
    driver d(riddle_options(), disk_with_session());
    begin_with_riddle(d);
    d.session().reauthenticate(d.now());
    CHECK(d.packets() == lines{"AUTH 0x19 method RIDDLE data 'first'"});
    d.broker(question("two"));
    CHECK(d.packets() == lines{"AUTH 0x18 method RIDDLE data 'answer to two'"});
    // Everything else goes on meanwhile.
    CHECK(d.publish_unlogged("x", q0));
    CHECK(d.packets() == lines{"PUBLISH q0 's' 'x'"});
    auth done = question("proof");
    SECTION("and ends with success") {
        done.reason = reason::success;
        d.broker(done);
        CHECK(d.effects() == lines{"reauthenticated"});
        d.broker(question("three"));  // not asked for
        check_closing(d, "0x82");
    }
    SECTION("another method is not taken") {
        done.properties.authentication_method = "PUZZLE";
        d.broker(done);
        check_closing(d, "0x82");
    }
}

TEST_CASE(
    "session: a re-authentication that fails ends the connection, with the reason first where it is ours [5.0 MQTT-4.12.1-2]",
    "[conformance]") {
    driver d(riddle_options(), disk_with_session());
    begin_with_riddle(d);
    d.session().reauthenticate(d.now());
    d.packets();
    SECTION("the broker says so") {
        d.broker(disconnect{reason::not_authorized, {}});
        CHECK(d.packets().empty());
        CHECK(d.effects() == lines{"close"});
    }
    SECTION("the broker isn't who it should be") {
        auth done = question("forged");
        done.reason = reason::success;
        d.broker(done);
        check_closing(d, "0x80");
    }
    SECTION("the broker's question is none") {
        d.broker(question("wrong"));
        check_closing(d, "0x80");
    }
    SECTION("there is no answer") {
        d.pass_to_deadline();
        CHECK(d.effects() == lines{"close"});
        d.closed();
        CHECK(d.effects() == lines{"offline: no answer to AUTH"});
    }
}

TEST_CASE(
    "session: AUTH bears neither reason string nor user property, and isn't sent where it doesn't fit "
    "[5.0 MQTT-3.15.2-2, MQTT-3.15.2-3, MQTT-3.2.2-15]",
    "[conformance]") {
    auth first;
    first.reason = reason::re_authenticate;
    first.properties.authentication_method = "RIDDLE";
    first.properties.authentication_data = "first";
    std::string bytes;
    encode(first, v5, bytes);
    const auto fits = static_cast<std::uint32_t>(bytes.size());
    const auto most = GENERATE_COPY(as<std::uint32_t>{}, fits, fits - 1);
    driver d(riddle_options(), disk_with_session());
    begin_with_riddle(d, properties([&](auto& p) { p.maximum_packet_size = most; }));
    d.session().reauthenticate(d.now());
    const auto sent = d.cut(d.session().unsent());
    if (most == fits) {
        CHECK(sent == std::vector<packet>{first});
    } else {
        CHECK(d.effects() == lines{"close"});
        CHECK(starting_with("AUTH", d.packets()).empty());
    }
}

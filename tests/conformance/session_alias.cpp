// tests/conformance/session_alias.cpp: topic aliases of MQTT 5.0 in both directions (3.3.2.3.4).
// Not here: repetitions after a reconnect (session_resume.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

property_set up_to(std::uint16_t most) {
    return properties([=](auto& p) { p.topic_alias_maximum = most; });
}

bool publish_to(driver& d, std::string_view topic) {
    publication p;
    p.topic = topic;
    p.qos = q0;
    return d.session().publish_unlogged(p, d.now());
}

publish with_alias(unsigned alias, std::string_view topic = "", std::string_view payload = "x") {
    publish p = incoming(q0, 0, topic, payload);
    p.properties.topic_alias = static_cast<std::uint16_t>(alias);
    return p;
}

}  // namespace

TEST_CASE(
    "session: our aliases are at most the broker's Topic Alias Maximum, and ours, and never 0 "
    "[5.0 MQTT-3.2.2-17, MQTT-3.3.2-8, MQTT-3.3.2-9]",
    "[conformance]") {
    options how = plain_options(v5);
    how.aliases_out = 3;
    const auto theirs = static_cast<std::uint16_t>(GENERATE(1, 2, 3, 4, 65535));
    driver d(how);
    d.begin(up_to(theirs));
    std::vector<unsigned> used;
    for (int round = 0; round < 2; ++round)
        for (const auto* topic : {"a", "b", "c", "d", "e"}) CHECK(publish_to(d, topic));
    for (const auto& each : d.cut(d.session().unsent())) {
        const auto& sent = std::get<publish>(each);
        if (sent.properties.topic_alias) used.push_back(*sent.properties.topic_alias);
        CHECK((sent.properties.topic_alias || !sent.topic.empty()));
    }
    const auto most = std::min<unsigned>(theirs, 3);
    CHECK(used.size() == most * 2);
    CHECK(*std::min_element(used.begin(), used.end()) == 1);
    CHECK(*std::max_element(used.begin(), used.end()) == most);
}

TEST_CASE("session: no alias is used where the broker's maximum is absent or 0 [5.0 MQTT-3.2.2-18]", "[conformance]") {
    driver d(plain_options(v5));
    d.begin(GENERATE(false, true) ? up_to(0) : property_set());
    for (int i = 0; i < 3; ++i) CHECK(publish_to(d, "a"));
    CHECK(d.packets() == lines{"PUBLISH q0 'a' ''", "PUBLISH q0 'a' ''", "PUBLISH q0 'a' ''"});
}

TEST_CASE("session: aliases of both sides end with the connection [5.0 MQTT-3.3.2-7]", "[conformance]") {
    driver d(plain_options(v5));
    d.begin(up_to(5));
    d.listen("in");
    CHECK(publish_to(d, "a"));
    CHECK(publish_to(d, "a"));
    CHECK(d.packets() == lines{"PUBLISH q0 'a' '' alias 1", "PUBLISH q0 '' '' alias 1"});
    d.broker(with_alias(2, "in"));
    CHECK(d.effects() == lines{"received q0 'in' 'x'"});
    d.reconnect(true, up_to(5));
    d.packets();
    CHECK(publish_to(d, "a"));
    CHECK(d.packets() == lines{"PUBLISH q0 'a' '' alias 1"});
    d.effects();
    d.broker(with_alias(2));
    check_closing(d, "0x82");
}

TEST_CASE("session: an alias is used only for what goes out after the packet that sets it [5.0 MQTT-3.2.2-17, MQTT-3.3.2-7]",
          "[conformance]") {
    driver d(plain_options(v5));
    d.begin(up_to(5));
    d.publish(1, q1);  // to "t"; waits for the disk: no alias, since it may be dropped
    publication p;
    p.topic = "t";
    p.qos = q0;
    CHECK(d.session().publish_unlogged(p, d.now()));  // waits behind it
    SECTION("and all of it is sent") {
        d.durable();
        CHECK(d.session().publish_unlogged(p, d.now()));
        CHECK(d.packets() == lines{"PUBLISH 2 q1 't' 'm1'", "PUBLISH q0 't' ''", "PUBLISH q0 't' '' alias 1"});
    }
    SECTION("and the session is stopped") {
        d.session().stop(d.now());
        d.durable();
        CHECK(d.packets() == lines{"PUBLISH q0 't' ''", "DISCONNECT"});
    }
}

TEST_CASE("session: every alias from 1 to our maximum is taken, and may be set anew [5.0 MQTT-3.3.2-10]", "[conformance]") {
    options how = plain_options(v5);
    how.aliases_in = static_cast<std::uint16_t>(GENERATE(1, 16, 65535));
    driver d(how);
    d.begin();
    d.listen("#");
    const unsigned most = how.aliases_in;
    for (const unsigned alias : {1u, most / 2 + 1, most}) {
        const std::string first = "first/" + std::to_string(alias), second = "second, and a longer one/" + std::to_string(alias);
        d.broker(with_alias(alias, first), with_alias(alias, "", "y"), with_alias(alias, second), with_alias(alias, "", "z"));
        CHECK(d.effects() == lines{"received q0 '" + first + "' 'x'", "received q0 '" + first + "' 'y'",
                                   "received q0 '" + second + "' 'x'", "received q0 '" + second + "' 'z'"});
        d.broker(with_alias(alias, "", "later"));
        CHECK(d.effects() == lines{"received q0 '" + second + "' 'later'"});
    }
}

TEST_CASE(
    "session: an alias above our maximum, or any where that is 0, ends the connection with 0x94 "
    "[5.0 MQTT-3.1.2-26, MQTT-3.1.2-27, MQTT-3.3.2-11]",
    "[conformance]") {
    options how = plain_options(v5);
    how.aliases_in = static_cast<std::uint16_t>(GENERATE(0, 5));
    const auto* const topic = GENERATE("", "in");
    driver d(how);
    d.begin();
    d.listen("in");
    if (how.aliases_in > 0) {
        d.broker(with_alias(how.aliases_in, "in"));
        CHECK(d.effects() == lines{"received q0 'in' 'x'"});
    }
    d.broker(with_alias(how.aliases_in + 1u, topic));
    check_closing(d, "0x94");
}

TEST_CASE("session: an alias that was never set, and no topic without one, end the connection with 0x82 [5.0 (3.3.2.3.4)]",
          "[conformance]") {
    driver d(plain_options(v5));
    d.begin();
    d.listen("in");
    SECTION("an alias") {
        d.broker(with_alias(3, "in"), with_alias(static_cast<unsigned>(GENERATE(1, 4, 16))));
        CHECK(d.session().unsent().substr(0, 1) == "\xe0");
        CHECK(d.effects() == lines{"received q0 'in' 'x'", "close"});
        CHECK(d.packets() == lines{"DISCONNECT 0x82"});
    }
    SECTION("none") {
        d.broker_bytes(std::string_view("\x30\x04\x00\x00\x00\x78", 6));
        check_closing(d, "0x82");
    }
}

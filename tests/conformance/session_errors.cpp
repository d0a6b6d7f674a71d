// tests/conformance/session_errors.cpp: how a connection ends over an error (4.8, 4.13), and DISCONNECT as we send it (3.14).
// Not here: which errors there are (session_check_server.cpp, malformed_conformance.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

std::size_t size_of(const disconnect& what) {
    std::string bytes;
    encode(what, v5, bytes);
    return bytes.size();
}

/// The DISCONNECT that is waiting to be written; nothing if something else is.
std::optional<disconnect> last_words(driver& d) {
    const auto sent = d.cut(d.session().unsent());
    if (sent.size() != 1 || !std::holds_alternative<disconnect>(sent[0])) return std::nullopt;
    return std::get<disconnect>(sent[0]);
}

}  // namespace

TEST_CASE(
    "session: a violation closes the connection on which it came, in 5.0 with the reason first "
    "[3.1.1 MQTT-4.8.0-1; 5.0 (4.13.1)]",
    "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    const auto [bytes, code] = GENERATE(table<std::string, std::string>({
        {std::string("\xd0\x01\x01", 3), "0x81"},           // PINGRESP with a byte too many
        {std::string("\x30\x04\x00\x01\xffx", 6), "0x81"},  // a topic that is no UTF-8
        {std::string("\x40\x02\x00\x00", 4), "0x82"},       // PUBACK of the identifier 0
        {std::string("\xf0\x01\x00", 3), "0x81"},           // AUTH: in 3.1.1 there is none, in 5.0 without its method
        {std::string("\x30\x05\x00\x03"
                     "a/+",
                     7),
         "0x90"},  // a wildcard in a topic name
    }));
    d.broker_bytes(bytes);
    const lines sent = d.packets();
    if (d.how().version == v3) {
        CHECK(sent.empty());
    } else if (bytes.size() == 7) {
        CHECK((sent == lines{"DISCONNECT 0x90"} || sent == lines{"DISCONNECT 0x81"}));  // there the properties are missing, too
    } else {
        CHECK(sent == lines{"DISCONNECT " + code});
    }
    CHECK(d.effects() == lines{"close"});
    d.closed();
    CHECK(d.effects()[0].starts_with("offline: the broker sent what can't be read: "));
    d.pass_to_deadline();
    d.connect(true);
    CHECK(d.session().is_online());  // the next connection is another
}

TEST_CASE("session: what can't be answered for lack of room closes the connection [3.1.1 MQTT-4.8.0-2]", "[conformance]") {
    driver d(plain_options(GENERATE(v3, v5)));
    d.begin();
    SECTION("a broker that makes us answer and doesn't read") {
        const std::vector<pubrel> burst(1000, answer<pubrel>(9));
        int bursts = 0;
        for (; d.session().is_online() && bursts < 1000; ++bursts) d.broker_all(burst);
        CHECK(bursts > 50);
        CHECK(bursts < 70);
        CHECK(d.effects() == lines{"close"});
    }
    SECTION("one that reads may go on for ever, though our messages never give it a moment's rest") {
        d.publish(1, q1);  // never durable: something always waits
        const std::vector<pubrel> burst(1000, answer<pubrel>(9));
        for (int i = 0; i < 300; ++i) {
            d.broker_all(burst);
            d.session().sent(d.session().unsent().size(), d.now());
        }
        CHECK(d.session().is_online());
    }
}

TEST_CASE(
    "session: after DISCONNECT nothing more is sent, and the connection is closed "
    "[3.1.1 MQTT-3.14.4-1, MQTT-3.14.4-2; 5.0 MQTT-3.14.4-1, MQTT-3.14.4-2]",
    "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    d.listen("in");
    send(d, 1, 1, q2);
    d.publish(2, q1);
    d.publish(300, q1);  // needs a save
    d.broker(answer<pubrec>(2), incoming(q1, 5), incoming(q2, 6));
    d.packets();
    d.effects();
    d.session().stop(d.now());
    CHECK(d.effects()[0] == "close");
    d.broker(pingresp{}, answer<pubrel>(6), answer<pubrec>(4));
    d.subscribe("more");
    d.session().unsubscribe({"in"}, {}, d.now());
    d.session().reauthenticate(d.now());
    CHECK_FALSE(d.publish_unlogged("late", q0));
    CHECK_FALSE(d.session().accepts());
    d.durable();
    d.pass(1h);
    d.session().stop(d.now());
    CHECK(d.packets() == lines{"DISCONNECT"});
    d.closed();
    d.pass(1h);
    CHECK(d.effects() == lines{});
    CHECK(d.session().next_deadline() == std::nullopt);
}

TEST_CASE(
    "session: a DISCONNECT is never larger than the broker takes: its words go first, and then itself "
    "[5.0 MQTT-3.14.2-3, MQTT-3.14.2-4, MQTT-3.2.2-15]",
    "[conformance]") {
    farewell words;
    words.properties.reason_string = "maintenance";
    words.properties.user = {{"who", "the plant's engineer"}};
    words.properties.session_expiry_interval = 7;
    const auto fits = static_cast<std::uint32_t>(size_of({words.reason, words.properties}));
    disconnect plain;
    plain.properties.session_expiry_interval = 7;
    const auto bare = static_cast<std::uint32_t>(size_of(plain));
    const auto most = GENERATE_COPY(as<std::uint32_t>{}, fits, fits - 1, bare, bare - 1);
    driver d(plain_options(v5));
    d.begin(properties([&](auto& p) { p.maximum_packet_size = most; }));
    d.session().stop(d.now(), words);
    const auto last = last_words(d);
    if (most == bare - 1) {
        CHECK(d.session().unsent().empty());
        return;
    }
    REQUIRE(last);
    CHECK(last->properties.session_expiry_interval == 7u);
    CHECK(last->properties.reason_string.has_value() == (most == fits));
    CHECK(last->properties.user.empty() == (most != fits));
}

TEST_CASE("session: the words of a DISCONNECT over an error go only where they fit [5.0 MQTT-3.14.2-3]", "[conformance]") {
    const std::string words = "the broker sent a second CONNACK";
    const auto fits =
        static_cast<std::uint32_t>(size_of({reason::protocol_error, properties([&](auto& p) { p.reason_string = words; })}));
    const auto most = GENERATE_COPY(as<std::uint32_t>{}, fits, fits - 1);
    driver d(plain_options(v5));
    d.begin(properties([&](auto& p) { p.maximum_packet_size = most; }));
    d.broker(accepted(false));
    const auto last = last_words(d);
    REQUIRE(last);
    CHECK(last->reason == reason::protocol_error);
    CHECK(last->properties.reason_string == (most == fits ? std::optional(words) : std::nullopt));
}

TEST_CASE("session: the broker's Maximum Packet Size is of one connection, and unknown until its CONNACK [5.0 MQTT-3.2.2-15]",
          "[conformance]") {
    driver d(plain_options(v5));
    d.begin(properties([](auto& p) { p.maximum_packet_size = 10u; }));
    d.closed();
    d.pass_to_deadline();
    d.opened();
    d.packets();
    d.broker(pingresp{});
    const auto last = last_words(d);
    REQUIRE(last);
    CHECK(last->properties.reason_string == "the broker sent another packet before CONNACK");
}

TEST_CASE("session: DISCONNECT doesn't turn a Session Expiry Interval of 0 into another [5.0 (3.14.2.2.2)]", "[conformance]") {
    options how = plain_options(v5);
    farewell words;
    words.properties.session_expiry_interval = GENERATE(0u, 100u);
    const std::string said = "DISCONNECT session expiry " + std::to_string(*words.properties.session_expiry_interval);
    SECTION("a lasting session: it may end early, or live longer") {
        driver d(how);
        d.begin();
        d.session().stop(d.now(), words);
        CHECK(d.packets() == lines{said});
    }
    SECTION("one that ends with its connection") {
        how.session_expiry = 0s;
        driver d(how);
        d.start();
        d.connect(false);
        d.session().stop(d.now(), words);
        CHECK(d.packets() == lines{"DISCONNECT"});
    }
    SECTION("the connection that only drops an old session") {
        driver d(how);
        d.start();
        d.opened();
        CHECK(d.packets()[0].find(" expiry 0 ") != std::string::npos);
        d.session().stop(d.now(), words);
        CHECK(d.packets() == lines{"DISCONNECT"});
    }
}

TEST_CASE("session: leaving with the will: 0x04 in 5.0, no DISCONNECT in 3.1.1 [5.0 MQTT-3.14.2-1; 3.1.1 MQTT-3.14.4-1]",
          "[conformance]") {
    const auto how = GENERATE(v3, v5);
    driver d(plain_options(how));
    d.begin();
    d.session().stop(d.now(), {reason::disconnect_with_will, {}});
    CHECK(d.packets() == (how == v5 ? lines{"DISCONNECT 0x04"} : lines{}));
    CHECK(d.effects() == lines{"close"});
}

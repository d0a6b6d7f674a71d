// tests/conformance/session_limits.cpp: what CONNACK limits (3.2.2.3), flow control (4.9) among it, and acknowledgements, which
// say so little that they fit everywhere. Not here: aliases (session_alias.cpp), DISCONNECT (session_errors.cpp), AUTH
// (session_auth.cpp).
#include "tests/conformance/session_checks.hpp"

using namespace mqtt;
using namespace mqtt_test;
using namespace std::chrono_literals;

namespace {

property_set receive_maximum(std::uint16_t most) {
    return properties([=](auto& p) { p.receive_maximum = most; });
}

bool is_publish_with_id(const std::string& line) { return line.starts_with("PUBLISH ") && !line.starts_with("PUBLISH q0"); }

}  // namespace

TEST_CASE(
    "session: at most Receive Maximum messages of QoS 1 and 2 are unanswered; each PUBACK, PUBCOMP and refusing PUBREC makes "
    "room "
    "for one [5.0 MQTT-3.3.4-7, MQTT-4.9.0-1, MQTT-4.9.0-2]",
    "[conformance]") {
    driver d(plain_options(v5));
    const auto most = static_cast<std::uint16_t>(GENERATE(1, 2, 5));
    d.begin(receive_maximum(most));
    const auto sent_now = [&] {
        feed(d, 1000, q2);
        while (d.publish_unlogged("x")) {
        }
        const lines sent = d.packets();
        return std::count_if(sent.begin(), sent.end(), is_publish_with_id);
    };
    CHECK(sent_now() == most);
    CHECK(sent_now() == 0);
    CHECK(d.publish_unlogged("x", q0));  // QoS 0 isn't counted
    d.broker(answer<pubrec>(2));
    d.durable();
    CHECK(sent_now() == 0);
    d.broker(answer<pubcomp>(2));
    d.durable();
    CHECK(sent_now() == 1);
    // 2 was settled, so with a window of one it is 3's turn.
    d.broker(answer<pubrec>(3, reason::quota_exceeded));
    d.durable();
    CHECK(sent_now() == 1);
    d.broker(answer<puback>(60001));  // none of that identifier: no room
    CHECK(sent_now() == 0);
}

TEST_CASE("session: Receive Maximum is 65535 where CONNACK doesn't say, and isn't remembered [5.0 (3.1.2.11.3), MQTT-4.9.0-1]",
          "[conformance]") {
    options how = plain_options(v5);
    how.window = 300;
    driver d(how);
    d.begin(receive_maximum(3));
    feed(d, 1000, q1);
    CHECK(d.packets().size() == 3);
    d.reconnect(true);
    feed(d, 1000, q1);
    CHECK(d.packets().size() == 300);
    d.reconnect(true, receive_maximum(7));
    feed(d, 1000, q1);
    CHECK(d.packets().size() == 7);
}

TEST_CASE(
    "session: what is sent again counts as well, and a PUBREL that is out doesn't make room before PUBCOMP [5.0 MQTT-4.9.0-2]",
    "[conformance]") {
    driver d(plain_options(v5));
    d.begin();
    send(d, 1, 6, q2);
    d.broker(answer<pubrec>(2), answer<pubrec>(3));
    d.durable();
    d.reconnect(true, receive_maximum(3));
    feed(d, 6, q2);
    CHECK(d.packets() == lines{"PUBREL 2", "PUBREL 3", "PUBLISH 4 q2 dup 't' 'm3'"});
    CHECK_FALSE(d.publish_unlogged("x"));
    d.broker(answer<pubcomp>(2));
    feed(d, 6, q2);
    CHECK(d.packets() == lines{"PUBLISH 5 q2 dup 't' 'm4'"});
}

TEST_CASE("session: with no quota left everything else goes out and is answered [5.0 MQTT-3.3.4-8, MQTT-4.9.0-3]",
          "[conformance]") {
    driver d(plain_options(v5));
    d.begin(receive_maximum(1));
    d.listen("in");
    send(d, 1, 1, q2);
    CHECK_FALSE(d.session().accepts());
    d.broker(incoming(q1, 5), incoming(q2, 6), answer<pubrec>(2));
    d.subscribe("more");
    CHECK(d.publish_unlogged("x", q0));
    d.durable();
    d.broker(answer<pubrel>(6), granted(60202, {reason::success}));
    d.durable();
    d.pass(59s);
    CHECK(d.packets() ==
          lines{"PUBLISH q0 's' 'x'", "PUBACK 5", "PUBREC 6", "SUBSCRIBE 60202 'more' q2", "PUBREL 2", "PUBCOMP 6"});
    d.pass(60s);
    CHECK(d.packets() == lines{"PINGREQ"});
}

TEST_CASE("session: no PUBLISH goes above the broker's Maximum QoS [5.0 MQTT-3.2.2-9, MQTT-3.2.2-11]", "[conformance]") {
    driver d(plain_options(v5));
    const int most = GENERATE(0, 1, 2);
    d.begin(most == 2 ? property_set() : properties([=](auto& p) { p.maximum_qos = static_cast<std::uint8_t>(most); }));
    d.publish(1, q2);
    d.publish(2, q1);
    d.publish(3, q0);
    CHECK(d.publish_unlogged("x", q2));
    d.durable();
    const lines sent = d.packets();
    CHECK(starting_with("PUBLISH", sent).size() == 4);
    const auto with = [&](const std::string& q) {
        return std::count_if(sent.begin(), sent.end(), [&](const auto& line) { return line.find(q) != std::string::npos; });
    };
    CHECK(with(" q2 ") == (most == 2 ? 1 : 0));
    CHECK(with(" q1 ") == (most == 2 ? 2 : most == 1 ? 3 : 0));
}

TEST_CASE("session: nothing is retained where the broker can't [5.0 MQTT-3.2.2-14]", "[conformance]") {
    driver d(plain_options(v5));
    const int available = GENERATE(-1, 0, 1);
    d.begin(available < 0 ? property_set()
                          : properties([=](auto& p) { p.retain_available = static_cast<std::uint8_t>(available); }));
    publication p;
    p.topic = "t";
    p.retain = true;
    d.session().publish(sequence{1}, p, d.now());
    CHECK(d.session().publish_unlogged(p, d.now()));
    d.durable();
    const std::string retain = available == 0 ? "" : " retain";
    CHECK(d.packets() == lines{"PUBLISH 2 q1" + retain + " 't' ''", "PUBLISH 60001 q1" + retain + " 't' ''"});
}

TEST_CASE("session: no packet is larger than the broker takes [5.0 MQTT-3.2.2-15]", "[conformance]") {
    driver d(plain_options(v5));
    d.begin(properties([](auto& p) {
        p.maximum_packet_size = 40u;
        p.topic_alias_maximum = std::uint16_t{10};
    }));
    for (int size = 20; size < 60; ++size) {
        d.publish(size - 19, size % 2 == 0 ? q1 : q2, std::string(static_cast<std::size_t>(size), 'x'));
        static_cast<void>(d.publish_unlogged(std::string(static_cast<std::size_t>(size), 'x')));
        d.subscribe(std::string(static_cast<std::size_t>(size - 10), 'f'));
        d.durable();
    }
    std::vector<subscription> many(30);
    std::vector<std::string> leaving;
    for (std::size_t i = 0; i < many.size(); ++i) leaving.push_back(many[i].filter = "many/" + std::to_string(i));
    d.session().subscribe(many, properties([](auto& p) { p.user = {{"a", "b"}}; }), d.now());
    d.session().unsubscribe(leaving, {}, d.now());
    std::size_t largest = 0;
    std::size_t members = 0;
    for (const auto& each : d.cut(d.session().unsent())) {
        std::string bytes;
        encode(each, v5, bytes);
        largest = std::max(largest, bytes.size());
        if (const auto* const s = std::get_if<subscribe>(&each); s != nullptr && !s->properties.user.empty())
            members += s->subscriptions.size();
    }
    CHECK(largest == 40);
    CHECK(members == many.size());                              // in parts, but all
    CHECK(starting_with("refused", d.effects()).size() == 27);  // from 33 bytes of payload on
}

TEST_CASE(
    "session: wildcards, subscription identifiers and shares are only asked for where the broker has them [5.0 (3.2.2.3.11-13)]",
    "[conformance]") {
    driver d(plain_options(v5));
    const std::uint8_t none = 0;
    const auto numbered = properties([](auto& p) { p.subscription_identifiers = {7}; });
    const int which = GENERATE(0, 1, 2, 3);
    d.begin(properties([&](auto& p) {
        if (which == 1) p.wildcard_subscription_available = none;
        if (which == 2) p.subscription_identifier_available = none;
        if (which == 3) p.shared_subscription_available = none;
    }));
    subscription s;
    for (const auto* const filter : {"a/#", "$share/g/b", "c"}) {
        s.filter = filter;
        d.session().subscribe({s}, {}, d.now());
    }
    s.filter = "d";
    d.session().subscribe({s}, numbered, d.now());
    lines sent = d.packets();
    for (auto& line : sent) line = line.substr(std::string("SUBSCRIBE 60201 ").size());
    lines expected{"'a/#' q0", "'$share/g/b' q0", "'c' q0", "'d' q0 identifier 7"};
    lines told;
    if (which == 1) expected.erase(expected.begin()), told = {"subscribed 'a/#' 0xa2"};
    if (which == 2) expected.erase(expected.begin() + 3), told = {"subscribed 'd' 0xa1"};
    if (which == 3) expected.erase(expected.begin() + 1), told = {"subscribed '$share/g/b' 0x9e"};
    CHECK(sent == expected);
    CHECK(d.effects() == told);
    // The next broker, or the same one day, may have them.
    d.reconnect(false);
    d.durable();
    CHECK(d.packets().size() == 4);
}

TEST_CASE(
    "session: acknowledgements bear neither reason string nor user property, whatever there is to say "
    "[5.0 MQTT-3.4.2-2, MQTT-3.4.2-3, MQTT-3.5.2-2, MQTT-3.5.2-3, MQTT-3.6.2-2, MQTT-3.6.2-3, MQTT-3.7.2-2, MQTT-3.7.2-3]",
    "[conformance]") {
    driver d(plain_options(v5));
    d.begin(properties([](auto& p) { p.maximum_packet_size = 20u; }));
    d.listen("in");
    send(d, 1, 1, q2);
    d.broker(incoming(q1, 5), incoming(q1, 6, "not/asked"), incoming(q2, 7), answer<pubrec>(2), answer<pubrec>(900));
    d.durable();
    d.broker(answer<pubrel>(7), answer<pubrel>(8));
    d.durable();
    const std::string bytes(d.session().unsent());
    const auto sent = d.cut(bytes);
    CHECK(sent.size() == 7);
    CHECK(bytes.size() == 5 * 4 + 2 * 5);  // two say 0x92, in one byte more
    for (const auto& each : sent)
        std::visit(
            [](const auto& what) {
                if constexpr (requires { what.properties; }) CHECK(what.properties == property_set{});
            },
            each);
}

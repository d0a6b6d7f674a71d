// tests/mqtt/subscriptions_test.cpp: groups of subscriptions → requests, answers → what is told.
// Not here: connections (session_subscribe_test.cpp).
#include "mqtt/subscriptions.hpp"

#include <catch2/catch.hpp>

#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;

struct desk {
    subscriptions all;
    subscription_limits limits;
    version how = v5;
    effects told;

    void subscribe(const std::vector<std::string>& filters, property_set properties = {}) {
        std::vector<subscription> what;
        for (const auto& each : filters) {
            what.emplace_back();
            what.back().filter = each;
        }
        all.subscribe(std::move(what), std::move(properties), told);
    }
    void unsubscribe(const std::vector<std::string>& filters) { all.unsubscribe(filters, {}, told); }
    lines requests() {
        lines result;
        while (const auto next = all.next_request(how, limits, told)) result.push_back(in_words(*next));
        return result;
    }
    lines effects_so_far() {
        lines result;
        for (const auto& each : std::exchange(told, {})) result.push_back(in_words(each));
        return result;
    }
};

}  // namespace

TEST_CASE("subscriptions: one call is one request, if the broker takes it", "[mqtt][subscriptions]") {
    desk d;
    d.subscribe({"a", "b"});
    d.subscribe({"c"}, properties([](auto& p) { p.subscription_identifiers = {7}; }));
    d.unsubscribe({"d", "e"});
    CHECK(d.requests() ==
          lines{"SUBSCRIBE 60201 'a' q0 'b' q0", "SUBSCRIBE 60202 'c' q0 identifier 7", "UNSUBSCRIBE 60203 'd' 'e'"});
    CHECK(d.all.is_waiting_for_answer());
    CHECK(d.requests().empty());
    CHECK(d.all.on(granted(60201, {reason::success, reason::granted_qos_1}), d.told).empty());
    CHECK(d.all.on(granted(60202, {reason::not_authorized}), d.told).empty());
    CHECK(d.all.is_waiting_for_answer());
    CHECK(d.all.on(departed(60203, {reason::success, reason::no_subscription_existed}), v5, d.told).empty());
    CHECK_FALSE(d.all.is_waiting_for_answer());
    CHECK(d.effects_so_far() ==
          lines{"subscribed 'a'", "subscribed 'b' 0x01", "subscribed 'c' 0x87", "unsubscribed 'd'", "unsubscribed 'e' 0x11"});
}

TEST_CASE("subscriptions: what is larger than the broker takes goes in parts; what alone is too large is told",
          "[mqtt][subscriptions]") {
    desk d;
    d.limits.packet_size = 30;
    d.subscribe({"aaaaaaaa", std::string(25, 'x'), "bbbbbbbb", "cccccccc", "dddddddd"});
    d.unsubscribe({"aaaaaaaa", std::string(26, 'x'), "bbbbbbbb", "cccccccc"});
    const lines asked = d.requests();
    std::size_t filters = 0;
    for (const auto& each : asked) filters += static_cast<std::size_t>(std::count(each.begin(), each.end(), '\'')) / 2;
    CHECK(filters == 7);
    CHECK(d.effects_so_far() ==
          lines{"subscribed '" + std::string(25, 'x') + "' 0x95", "unsubscribed '" + std::string(26, 'x') + "' 0x95"});
}

TEST_CASE("subscriptions: what is no filter is told at once and never sent", "[mqtt][subscriptions]") {
    desk d;
    d.how = GENERATE(v3, v5);
    const std::string longest(65'535, 'x');
    const std::string wrong = GENERATE_COPY(as<std::string>{}, "", "a/#/b", "a+", "$share/g", "$share//a", "\xff", longest + 'x');
    d.subscribe({wrong});
    d.unsubscribe({wrong});
    CHECK(d.effects_so_far() == lines{"subscribed '" + wrong + "' 0x8f", "unsubscribed '" + wrong + "' 0x8f"});
    CHECK(d.requests().empty());
    d.subscribe({longest});
    d.unsubscribe({longest});
    CHECK(d.requests().size() == 2);
    CHECK(d.effects_so_far().empty());
}

TEST_CASE("subscriptions: a filter asked for again is replaced: the last wish is what later connections hear",
          "[mqtt][subscriptions]") {
    desk d;
    d.subscribe({"a", "b"});
    d.subscribe({"a"}, properties([](auto& p) { p.subscription_identifiers = {7}; }));
    CHECK(d.requests() == lines{"SUBSCRIBE 60201 'a' q0 'b' q0", "SUBSCRIBE 60202 'a' q0 identifier 7"});
    d.all.begin_connection(false);
    CHECK(d.requests() == lines{"SUBSCRIBE 60203 'b' q0", "SUBSCRIBE 60204 'a' q0 identifier 7"});
    d.unsubscribe({"b"});
    d.all.begin_connection(false);
    CHECK(d.requests() == lines{"UNSUBSCRIBE 60205 'b'", "SUBSCRIBE 60206 'a' q0 identifier 7"});
}

TEST_CASE("subscriptions: on a resumed session what was granted isn't told its retained messages again",
          "[mqtt][subscriptions]") {
    desk d;
    d.subscribe({"granted", "refused", "unanswered"});
    d.subscribe({"unanswered"});
    CHECK(d.requests().size() == 2);
    CHECK(d.all.on(granted(60201, {reason::success, reason::not_authorized, reason::success}), d.told).empty());
    d.subscribe({"granted, and replaced since"});
    d.all.begin_connection(true);
    CHECK(d.requests() == lines{"SUBSCRIBE 60203 'granted' q0 retain-handling 1 'refused' q0",
                                "SUBSCRIBE 60204 'unanswered' q0 retain-handling 1",
                                "SUBSCRIBE 60205 'granted, and replaced since' q0"});
    d.all.begin_connection(false);
    CHECK(d.requests()[0] == "SUBSCRIBE 60206 'granted' q0 'refused' q0");
    SECTION("replaced: its retained messages are wanted again") {
        d.subscribe({"granted"});
        d.all.begin_connection(true);
        CHECK(d.requests().back() == "SUBSCRIBE 60212 'granted' q0");
    }
}

TEST_CASE("subscriptions: what is expected", "[mqtt][subscriptions]") {
    desk d;
    CHECK_FALSE(d.all.expects("a/1"));
    d.subscribe({"a/+"});
    CHECK(d.all.expects("a/1"));  // from the call on
    CHECK_FALSE(d.all.expects("a"));
    d.unsubscribe({"a/+"});
    CHECK(d.all.expects("a/1"));  // until the answer
    d.requests();
    CHECK(d.all.on(departed(60202, {reason::success}), v5, d.told).empty());
    CHECK_FALSE(d.all.expects("a/1"));
}

TEST_CASE("subscriptions: each UNSUBACK answers one request, though the filter was given up twice", "[mqtt][subscriptions]") {
    desk d;
    d.unsubscribe({"a"});
    d.subscribe({"a"});
    d.unsubscribe({"a"});
    CHECK(d.requests() == lines{"UNSUBSCRIBE 60201 'a'", "SUBSCRIBE 60202 'a' q0", "UNSUBSCRIBE 60203 'a'"});
    CHECK(d.all.on(departed(60201, {reason::success}), v5, d.told).empty());
    CHECK(d.all.expects("a"));
    SECTION("the link breaks: the second is still to be said") {
        d.all.begin_connection(true);
        CHECK(d.requests() == lines{"UNSUBSCRIBE 60204 'a'"});
    }
    SECTION("answered") {
        CHECK(d.all.on(departed(60203, {reason::success}), v5, d.told).empty());
        CHECK_FALSE(d.all.expects("a"));
        d.all.begin_connection(true);
        CHECK(d.requests().empty());
    }
}

TEST_CASE("subscriptions: a hundred are asked for at once, the rest as answers come", "[mqtt][subscriptions]") {
    desk d;
    for (int i = 0; i < 250; ++i) d.subscribe({std::to_string(i)});
    CHECK(d.requests().size() == 100);
    for (unsigned i = 0; i < 250; ++i) {
        CHECK(d.all.on(granted(60201 + i % 100, {reason::success}), d.told).empty());
        CHECK(d.requests().size() == (i < 150 ? 1u : 0u));
    }
    CHECK_FALSE(d.all.is_waiting_for_answer());
    CHECK(d.told.size() == 250);
}

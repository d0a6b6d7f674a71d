// tests/mqtt/inbound_test.cpp: identifiers that are held, our window, and topics behind aliases.
// Not here: what is answered (session_inbound_test.cpp).
#include "mqtt/inbound.hpp"

#include <catch2/catch.hpp>

using namespace mqtt;

namespace {

packet_id id(unsigned n) { return static_cast<packet_id>(n); }

}  // namespace

TEST_CASE("inbound: an identifier is held from its first message to its release, in ascending order", "[mqtt][inbound]") {
    inbound i({id(9), id(3)}, 20, 0);
    CHECK(i.held() == std::vector{id(3), id(9)});
    CHECK_FALSE(i.hold(id(9)));
    CHECK(i.hold(id(65535)));
    CHECK(i.hold(id(1)));
    CHECK(i.hold(id(5)));
    CHECK(i.held() == std::vector{id(1), id(3), id(5), id(9), id(65535)});
    CHECK(i.release(id(3)));
    CHECK_FALSE(i.release(id(3)));
    CHECK_FALSE(i.release(id(4)));
    CHECK(i.hold(id(3)));
    i.begin_connection();
    CHECK(i.held().size() == 5);
    i.release_all();
    CHECK(i.held().empty());
    CHECK(i.hold(id(9)));
}

TEST_CASE("inbound: the window", "[mqtt][inbound]") {
    inbound i({}, 2, 0);
    CHECK(i.use_window());
    CHECK(i.use_window());
    SECTION("has an end") { CHECK_FALSE(i.use_window()); }
    SECTION("is not judged once some of it was given back") {
        i.give_back();
        for (int n = 0; n < 1000; ++n) CHECK(i.use_window());
    }
    SECTION("begins anew") {
        i.give_back();
        i.begin_connection();
        CHECK(i.use_window());
        CHECK(i.use_window());
        CHECK_FALSE(i.use_window());
    }
}

TEST_CASE("inbound: topics behind aliases", "[mqtt][inbound]") {
    inbound i({}, 1, 3);
    CHECK(i.topic_of(1).empty());
    CHECK_FALSE(i.set_topic(0, "t"));
    CHECK_FALSE(i.set_topic(4, "t"));
    CHECK(i.topic_of(0).empty());
    CHECK(i.topic_of(4).empty());
    CHECK(i.set_topic(1, "one"));
    CHECK(i.set_topic(3, "three"));
    CHECK(i.topic_of(1) == "one");
    CHECK(i.topic_of(2).empty());
    SECTION("what was given stays readable, short or long, however often the alias is set") {
        std::vector<std::string_view> given;
        for (int n = 0; n < 100; ++n) {
            REQUIRE(i.set_topic(2, std::string(static_cast<std::size_t>(n + 1), static_cast<char>('A' + n % 26))));
            given.push_back(i.topic_of(2));
        }
        for (std::size_t n = 0; n < given.size(); ++n) REQUIRE(given[n] == std::string(n + 1, static_cast<char>('A' + n % 26)));
        i.forget_replaced();
        CHECK(i.topic_of(2) == given.back());
        CHECK(i.topic_of(1) == "one");
    }
    SECTION("the same topic again changes nothing") {
        const auto given = i.topic_of(1);
        CHECK(i.set_topic(1, "one"));
        CHECK(i.topic_of(1).data() == given.data());
    }
    SECTION("they end with the connection") {
        i.begin_connection();
        CHECK(i.topic_of(1).empty());
        CHECK(i.set_topic(1, "other"));
        CHECK(i.topic_of(1) == "other");
    }
}

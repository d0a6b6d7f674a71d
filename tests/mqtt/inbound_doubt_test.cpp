// tests/mqtt/inbound_doubt_test.cpp: identifiers of a session that the broker may have lost without our knowing.
// Not here: when that is so (session_connection.cpp), and what follows from it (cut_test.cpp, model_test.cpp).
#include <catch2/catch.hpp>

#include "mqtt/inbound.hpp"
#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

packet_id id(unsigned n) { return static_cast<packet_id>(n); }
constexpr bool first_time = false;
constexpr bool again = true;

publish incoming(unsigned n, std::string_view payload, bool dup) {
    publish p;
    p.topic = "in";
    p.payload = payload;
    p.qos = qos::exactly_once;
    p.id = id(n);
    p.dup = dup;
    return p;
}

}  // namespace

TEST_CASE("inbound: without a doubt, a message under a held identifier is a repetition, whatever its DUP says",
          "[mqtt][inbound]") {
    inbound in({id(1), id(2)}, 20, 0);
    in.settle_doubt(id(1), first_time);
    CHECK_FALSE(in.hold(id(1)));
    CHECK(in.held().size() == 2);
}

TEST_CASE("inbound: in doubt, the broker shows which session it is", "[mqtt][inbound]") {
    inbound in({id(1), id(2), id(3)}, 20, 0);
    in.doubt_all();
    SECTION("a first transmission: another one, and nothing is held of the old") {
        in.settle_doubt(id(2), first_time);
        CHECK(in.held().empty());
        CHECK(in.hold(id(2)));
        in.settle_doubt(id(1), again);  // of the new one, and its first transmission was lost
        CHECK(in.hold(id(1)));
        in.settle_doubt(id(2), first_time);
        CHECK_FALSE(in.hold(id(2)));
    }
    SECTION("a repetition: that message is the one we have") {
        in.settle_doubt(id(2), again);
        CHECK_FALSE(in.hold(id(2)));
        in.settle_doubt(id(2), first_time);
        CHECK_FALSE(in.hold(id(2)));
        in.settle_doubt(id(3), first_time);  // of the others it says nothing
        CHECK(in.held() == std::vector{id(2)});
    }
    SECTION("PUBREL: that message is done with, and of the others it says nothing") {
        CHECK(in.release(id(2)));
        CHECK(in.held() == std::vector{id(1), id(3)});
        CHECK(in.hold(id(2)));
        in.settle_doubt(id(2), first_time);
        CHECK_FALSE(in.hold(id(2)));
        in.settle_doubt(id(1), first_time);
        CHECK(in.held() == std::vector{id(2)});
    }
    SECTION("what isn't held is new in any session") {
        in.settle_doubt(id(4), again);
        CHECK(in.hold(id(4)));
        CHECK(in.held().size() == 4);
    }
    SECTION("once all is released, nothing is in doubt") {
        in.release_all();
        CHECK(in.hold(id(1)));
        in.settle_doubt(id(1), first_time);
        CHECK_FALSE(in.hold(id(1)));
    }
}

TEST_CASE("session: what is held comes into doubt by a CONNECT whose answer we don't know", "[mqtt][session]") {
    const auto how = GENERATE(version::v3_1_1, version::v5);
    driver d(plain_options(how));
    d.session().subscribe({{"in", qos::exactly_once}}, {}, d.now());
    d.begin();
    d.broker(incoming(1, "old", first_time));
    d.durable();
    d.effects();
    d.packets();
    const auto tells_new = [&] {
        d.broker(incoming(1, "new", first_time));
        const lines told = d.effects();
        return !told.empty() && told.front() == "received q2 'in' 'new'";
    };
    SECTION("an answered one: it doesn't") {
        d.reconnect(true);
        d.effects();
        CHECK_FALSE(tells_new());
    }
    SECTION("the answer was lost with the link") {
        d.closed();
        d.pass_to_deadline();
        d.opened();
        d.reconnect(true);
        d.effects();
        CHECK(tells_new());
        d.durable();
        CHECK(d.on_disk().state.held == std::vector{id(1)});
        CHECK_FALSE(tells_new());  // from now on it is a repetition
    }
    SECTION("a process before this one may have had it") {
        d.crash();
        d.session().subscribe({{"in", qos::exactly_once}}, {}, d.now());
        d.start();
        d.connect(true);
        CHECK(tells_new());
    }
    SECTION("the link went before anything was sent: it doesn't") {
        d.closed();
        d.pass_to_deadline();
        d.closed("refused");
        d.pass_to_deadline();
        d.connect(true);
        CHECK_FALSE(tells_new());
    }
}

TEST_CASE("session: a PUBREL says nothing of an identifier that is held from a session before", "[mqtt][session]") {
    const auto how = GENERATE(version::v3_1_1, version::v5);
    driver d(plain_options(how));
    d.session().subscribe({{"in", qos::exactly_once}}, {}, d.now());
    d.begin();
    d.broker(incoming(2, "old", first_time));
    d.durable();
    // The broker loses the session, and its answer that would have said so is lost.
    d.closed();
    d.pass_to_deadline();
    d.opened();
    d.reconnect(true);
    d.broker(incoming(1, "new", first_time));
    d.durable();
    REQUIRE(d.on_disk().state.held == std::vector{id(1), id(2)});
    d.crash();
    d.session().subscribe({{"in", qos::exactly_once}}, {}, d.now());
    d.start();
    d.connect(true);
    d.broker(pubrel{{id(1), reason::success, {}}});
    d.effects();
    d.broker(incoming(2, "another", first_time));
    const lines told = d.effects();
    REQUIRE(!told.empty());
    CHECK(told.front() == "received q2 'in' 'another'");
}

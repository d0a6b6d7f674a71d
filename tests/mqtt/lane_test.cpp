// tests/mqtt/lane_test.cpp: watermarks, identifiers, and what goes back at a reconnect.
// Not here: packets (session_delivery_test.cpp).
#include "mqtt/lane.hpp"

#include <catch2/catch.hpp>

#include "tests/mqtt/support/words.hpp"

using namespace mqtt;
using mqtt_test::in_words;

namespace {

constexpr auto q1 = qos::at_least_once;
constexpr auto q2 = qos::exactly_once;
constexpr lane_range usual{1, 30000};
sequence s(std::int64_t n) { return sequence{n}; }
lane fresh(lane_range range = usual) { return lane(range, {}, std::nullopt); }

/// Everything that was saved is durable.
void sync(lane& l) {
    l.on_saved(log_position{1});
    l.on_durable(log_position{1});
}

}  // namespace

TEST_CASE("lane: identifiers follow from sequence numbers", "[mqtt][lane]") {
    lane l(lane_range{100, 8}, {}, std::nullopt);
    CHECK(l.id_of(s(8)) == packet_id{100});
    CHECK(l.id_of(s(9)) == packet_id{101});
    CHECK(l.id_of(s(15)) == packet_id{107});
    l.begin(s(1), q2);
    l.begin(s(2), q1);
    CHECK(l.find(packet_id{101}, s(2)).at == s(1));
    CHECK(l.find(packet_id{101}, s(2)).stage == lane::stage::sent_qos_2);
    CHECK(l.find(packet_id{102}, s(2)).stage == lane::stage::sent_qos_1);
    CHECK(l.find(packet_id{102}, s(1)).stage == lane::stage::unknown);  // not shown yet
    CHECK(l.find(packet_id{103}, s(2)).stage == lane::stage::unknown);
    CHECK(l.find(packet_id{99}, s(2)).stage == lane::stage::unknown);
    CHECK(l.find(packet_id{108}, s(2)).stage == lane::stage::unknown);
}

TEST_CASE("lane: an identifier is free when its last owner is durably finished", "[mqtt][lane]") {
    lane l = fresh({1, 4});
    for (int i = 1; i <= 4; ++i) l.begin(s(i), q1);
    CHECK_FALSE(l.fits(s(5)));
    l.finish(s(1));
    CHECK_FALSE(l.fits(s(5)));
    l.on_saved(log_position{1});
    CHECK_FALSE(l.fits(s(5)));
    l.on_durable(log_position{1});
    CHECK(l.fits(s(5)));
    CHECK_FALSE(l.fits(s(6)));
    l.begin(s(5), q1);
    CHECK(l.find(packet_id{2}, s(5)).at == s(5));
}

TEST_CASE("lane: acknowledgements move the watermarks", "[mqtt][lane]") {
    lane l = fresh();
    for (int i = 1; i <= 5; ++i) l.begin(s(i), q2);
    SECTION("in order") {
        l.release(s(1), log_position{1});
        l.release(s(2), log_position{1});
        CHECK(in_words(l.state()) == "acked 0 released 2 maybe 0");
        l.finish(s(1));
        CHECK(in_words(l.state()) == "acked 1 released 2 maybe 0");
        CHECK(l.in_flight() == 4);
    }
    SECTION("out of order they are listed, and the lists close up") {
        l.finish(s(3));
        l.finish(s(2));
        CHECK(in_words(l.state()) == "acked 0 released 0 maybe 0 acked beyond 2,3");
        l.finish(s(1));
        CHECK(in_words(l.state()) == "acked 3 released 3 maybe 0");
    }
    SECTION("the order of PUBRECs is kept: a watermark would turn it round") {
        l.release(s(1), log_position{1});
        l.release(s(3), log_position{2});
        l.release(s(2), log_position{3});
        CHECK(in_words(l.state()) == "acked 0 released 1 maybe 0 released beyond 3,2");
        l.finish(s(3));
        CHECK(in_words(l.state()) == "acked 0 released 3 maybe 0 acked beyond 3");
        const lane again(usual, l.state(), std::nullopt);
        REQUIRE(again.released().size() == 2);
        CHECK(again.released()[0].at == s(1));
        CHECK(again.released()[1].at == s(2));
        CHECK(again.next() == s(4));
    }
}

TEST_CASE("lane: what the log has lost is finished, and isn't written down", "[mqtt][lane]") {
    lane l = fresh();
    l.begin(s(1), q2);
    l.begin(s(10), q2);
    CHECK(l.next() == s(11));
    l.release(s(10), log_position{1});
    CHECK(in_words(l.state()) == "acked 0 released 0 maybe 0 released beyond 10");
    SECTION("with the oldest finished, the watermark passes the gap") {
        l.finish(s(1));
        CHECK(in_words(l.state()) == "acked 9 released 10 maybe 0");
    }
    SECTION("after a restart the gap is passed over again, around what is known") {
        lane again(usual, l.state(), std::nullopt);
        CHECK(again.next() == s(1));
        again.begin(s(1), q2);
        CHECK(again.next() == s(2));
        again.begin(s(12), q2);
        again.finish(s(1));
        CHECK(in_words(again.state()) == "acked 9 released 10 maybe 0");
        again.finish(s(10));
        CHECK(in_words(again.state()) == "acked 11 released 11 maybe 0");
    }
    SECTION("a gap up to what is settled leaves that as it is") {
        lane again(usual, l.state(), std::nullopt);
        CHECK(again.is_settled(s(10)));
        again.pass_over(s(10));
        CHECK(again.next() == s(11));
        CHECK(again.released().size() == 1);
    }
}

TEST_CASE("lane: an interruption takes next() back to the first without an answer", "[mqtt][lane]") {
    lane l = fresh();
    for (int i = 1; i <= 6; ++i) l.begin(s(i), q2);
    l.release(s(1), log_position{1});
    l.release(s(3), log_position{1});
    l.finish(s(5));
    l.interrupt(s(5));
    CHECK(l.in_flight() == 2);
    CHECK(l.next() == s(2));
    CHECK(l.is_repeat(s(5)));
    CHECK_FALSE(l.is_repeat(s(6)));  // it never left
    l.begin(s(2), q2);
    CHECK(l.next() == s(4));
    l.begin(s(4), q2);
    CHECK(l.next() == s(6));
}

TEST_CASE("lane: a lost session", "[mqtt][lane]") {
    lane l = fresh();
    for (int i = 1; i <= 5; ++i) l.begin(s(i), q2);
    l.release(s(1), log_position{1});
    l.release(s(2), log_position{1});
    l.finish(s(4));
    l.interrupt(s(5));
    const auto policy = GENERATE(on_session_loss::resend, on_session_loss::drop);
    const auto loss = l.lose_session(policy);
    CHECK(loss.delivered == 2);
    CHECK(loss.outstanding == 2);  // 3 and 5
    CHECK(l.released().empty());
    CHECK(l.in_flight() == 0);
    CHECK(l.next() == s(3));
    CHECK_FALSE(l.is_repeat(s(3)));
    CHECK(l.is_dropped(s(3)) == (policy == on_session_loss::drop));
    CHECK_FALSE(l.is_dropped(s(6)));
    CHECK(in_words(l.state()) == "acked 2 released 2 maybe 0 acked beyond 4");
}

TEST_CASE("lane: the mark of what may have been sent", "[mqtt][lane]") {
    lane l = fresh();
    CHECK(l.needs_mark(s(1)));
    l.raise_mark(s(1));
    CHECK(l.publishable_at(s(1), log_position{7}) == log_position{7});
    l.on_saved(log_position{7});
    CHECK(l.publishable_at(s(1), log_position{99}) == log_position{7});
    l.on_durable(log_position{7});
    CHECK(l.publishable_at(s(256), log_position{99}) == log_position{0});
    CHECK_FALSE(l.needs_mark(s(128)));
    CHECK(l.needs_mark(s(129)));
    l.raise_mark(s(129));
    l.on_saved(log_position{8});
    CHECK(l.publishable_at(s(256), log_position{99}) == log_position{0});
    CHECK(l.publishable_at(s(257), log_position{99}) == log_position{8});

    SECTION("after a restart all below it may have been sent; but not what the log doesn't have") {
        lane_state saved;
        saved.maybe_sent = s(256);
        CHECK(lane(usual, saved, std::nullopt).highest_sent() == s(256));
        CHECK(lane(usual, saved, s(3)).highest_sent() == s(3));
        CHECK_FALSE(lane(usual, saved, s(3)).is_repeat(s(4)));
        CHECK(lane(usual, saved, s(300)).is_repeat(s(256)));
    }
}

TEST_CASE("lane: saved state that makes no sense does no harm", "[mqtt][lane]") {
    lane_state saved;
    saved.acked = s(10);
    saved.released = s(1'000'000'000'000);
    saved.maybe_sent = s(5);
    saved.acked_beyond = {s(3), s(12), s(12)};
    saved.released_beyond = {s(12), s(10), s(11)};
    const lane l(lane_range{1, 8}, saved, s(4));
    CHECK(l.released().size() == 7);
    CHECK(l.next() == s(19));
    CHECK(l.highest_sent() == s(10));
}

TEST_CASE("lane: what is finished out of turn is bounded", "[mqtt][lane]") {
    lane l = fresh();
    l.begin(s(1), q1);
    std::int64_t n = 2;
    for (; l.has_room(); ++n) {
        l.begin(s(n), q1);
        l.finish(s(n));
    }
    CHECK(n == 2 + static_cast<std::int64_t>(lane::most_beyond));
    l.finish(s(1));
    CHECK(l.has_room());
    sync(l);
    CHECK(in_words(l.state()) == "acked 1025 released 1025 maybe 0");
}

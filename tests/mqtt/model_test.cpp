// tests/mqtt/model_test.cpp: the session against a strict model of a broker, through thousands of seeded worlds in which links
// break at any byte, processes are killed, durability comes late, and brokers have odd manners.
// Not here: single stories (session_*_test.cpp).
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/mqtt/support/world.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

struct setting {
    options how;
    broker_manners manners;
    faults what;
};

/// What all mixtures share; the caller adds the fault that it is about.
setting draw(dice& d) {
    setting s;
    s.how = plain_options(d.one_in(2) ? version::v5 : version::v3_1_1);
    s.how.window = static_cast<std::uint16_t>(1 + d.below(12));
    s.how.lane.size = d.of<std::uint16_t>({3, 4, 7, 16, 64, 30000});
    s.how.lane.first = d.of<std::uint16_t>({1, 1, 500, 30001});
    s.manners.version = s.how.version;
    if (s.how.version == version::v5 && d.one_in(2)) s.manners.largest_receive_maximum = 1 + d.below(10);
    if (s.how.version == version::v5 && d.one_in(4)) s.manners.packet_size = 100;
    s.what.qos = d.one_in(3) ? qos::at_least_once : qos::exactly_once;
    s.what.mixes_qos = d.one_in(3);
    s.what.messages = 20 + static_cast<std::int64_t>(d.below(30));
    s.what.steps = 100 + d.below(200);
    s.what.kills_one_in = d.of<std::uint64_t>({0, 1, 3, 8});
    s.what.drops_one_in = d.of<std::uint64_t>({0, 1, 2, 5});
    s.what.knows_newest = !d.one_in(4);
    s.what.expires = d.one_in(6);
    if (s.how.version == version::v5 && d.one_in(2)) s.manners.aliases = static_cast<std::uint16_t>(1 + d.below(4));
    if (s.how.version == version::v5 && d.one_in(8)) s.manners.highest_qos = qos::at_least_once;
    return s;
}

/// Messages towards us, beside ours.
void let_in(setting& s, dice& d) {
    s.what.incoming = 40 + static_cast<std::int64_t>(d.below(60));
    s.what.messages = d.one_in(2) ? 5 : s.what.messages;
    s.what.steps += 200;
    s.how.inbound_window = static_cast<std::uint16_t>(1 + d.below(6));
    s.how.aliases_in = d.of<std::uint16_t>({0, 1, 3, 16});
    s.manners.window_out = 1 + d.below(6);
    s.manners.answers_subscribe_late = d.one_in(2);
    if (d.one_in(5)) s.manners.highest_granted = d.of({qos::at_most_once, qos::at_least_once});
    s.what.unsubscribes = d.one_in(3);
}

/// TIDEGATE_SEEDS multiplies the number of seeds, for a night's run.
std::uint64_t seeds(std::uint64_t usual) {
    const char* const factor = std::getenv("TIDEGATE_SEEDS");
    return factor == nullptr ? usual : usual * std::strtoull(factor, nullptr, 10);
}

struct tally {
    std::uint64_t crashes = 0, drops = 0, evictions = 0, losses = 0, refusals = 0, finished = 0, expired = 0;
    std::uint64_t farewells = 0, taken = 0, repeated_to_us = 0, expired_to_us = 0, aliased = 0, aliased_to_us = 0, unexpected = 0;
};

template <typename Adjust>
tally run_seeds(std::uint64_t from, std::uint64_t count, Adjust adjust) {
    tally seen;
    for (std::uint64_t seed = from; seed < from + count; ++seed) {
        dice d(seed);
        setting s = draw(d);
        adjust(s, d);
        world w(s.how, s.manners, s.what, seed);
        const auto wrong = w.run();
        seen.crashes += w.crashes();
        seen.farewells += w.farewells();
        seen.drops += w.drops();
        seen.evictions += w.evictions();
        seen.losses += w.sessions_lost();
        seen.refusals += w.refusals();
        seen.finished += w.finished_in_chaos();
        seen.expired += w.expired();
        seen.taken += w.taken_in_chaos();
        seen.repeated_to_us += w.broker().outbox().repeated();
        seen.expired_to_us += w.broker().outbox().expired();
        seen.aliased += w.broker().aliased();
        seen.aliased_to_us += w.broker().outbox().aliased();
        seen.unexpected += w.unexpected();
        CAPTURE(seed);
        if (!wrong.empty()) FAIL(wrong.front());
    }
    // A quiet world proves nothing, nor does one in which nothing is ever finished.
    CHECK(seen.drops > count);
    CHECK(seen.crashes > count);
    CHECK(seen.farewells > count / 4);
    CHECK(seen.finished > 5 * count);
    return seen;
}

}  // namespace

TEST_CASE("model: a broker that keeps its session", "[mqtt][model]") {
    const tally seen = run_seeds(1, seeds(700), [](setting&, dice&) {});
    CHECK(seen.expired > seeds(700) / 4);
    CHECK(seen.aliased > seeds(700));
}

TEST_CASE("model: messages in both directions", "[mqtt][model]") {
    const std::uint64_t count = seeds(700);
    const tally seen = run_seeds(800'000, count, let_in);
    CHECK(seen.taken > 5 * count);
    CHECK(seen.repeated_to_us > 3 * count / 2);
    CHECK(seen.expired_to_us > count / 2);
    CHECK(seen.aliased_to_us > count / 2);
    CHECK(seen.unexpected > count / 10);
}

TEST_CASE("model: messages in both directions, of a broker that loses its session", "[mqtt][model]") {
    const std::uint64_t count = seeds(700);
    const tally seen = run_seeds(900'000, count, [](setting& s, dice& d) {
        let_in(s, d);
        s.what.loses_sessions = true;
        s.how.session_loss = d.one_in(2) ? on_session_loss::drop : on_session_loss::resend;
    });
    CHECK(seen.taken > 5 * count);
    CHECK(seen.losses > count / 4);
}

TEST_CASE("model: a broker that answers out of turn, and refuses", "[mqtt][model]") {
    const tally seen = run_seeds(100'000, seeds(400), [](setting& s, dice& d) {
        s.manners.reorders = true;
        if (d.one_in(2)) s.manners.refuses_one_in = 5;
    });
    CHECK(seen.refusals > 100);
}

TEST_CASE("model: a broker that repeats PUBREC", "[mqtt][model]") {
    run_seeds(200'000, seeds(300), [](setting& s, dice&) { s.manners.repeats_pubrec = true; });
}

TEST_CASE("model: a log that loses messages before they are sent", "[mqtt][model]") {
    const tally seen = run_seeds(300'000, seeds(300), [](setting& s, dice&) {
        s.what.evicts = true;
        s.what.messages += 40;
    });
    CHECK(seen.evictions > 1000);
}

TEST_CASE("model: a broker that loses its session", "[mqtt][model]") {
    const tally seen = run_seeds(400'000, seeds(400), [](setting& s, dice& d) {
        s.what.loses_sessions = true;
        s.what.evicts = d.one_in(3);
        s.how.session_loss = d.one_in(2) ? on_session_loss::drop : on_session_loss::resend;
    });
    CHECK(seen.losses > 100);
}

TEST_CASE("model: a broker whose restart keeps only a session that was not asked for clean", "[mqtt][model]") {
    run_seeds(700'000, seeds(150), [](setting& s, dice&) { s.what.restarts = true; });
}

TEST_CASE("model: a message at which the broker closes, and which is given up for it", "[mqtt][model]") {
    const tally seen = run_seeds(500'000, seeds(150), [](setting& s, dice& d) {
        s.how.poison_after = 3;
        s.manners.poison = 1 + static_cast<std::int64_t>(d.below(20));
        s.how.last_retry = s.how.first_retry;
    });
    CHECK(seen.refusals > 100);
}

TEST_CASE("model: longer runs, in which the mark is raised again and again", "[mqtt][model]") {
    run_seeds(600'000, seeds(10), [](setting& s, dice&) {
        s.how.window = 100;
        s.how.lane.size = 700;
        s.what.messages = 800;
        s.what.steps = 2000;
        s.what.evicts = false;
    });
}

// tests/sim/sim_test.cpp: the simulation itself: one seed is one run, failing runs are shrunk, and what is wrong is found out.
// Not here: the seeds that are run for their own sake (CMakeLists.txt), and the broker's rules (broker_test.cpp).
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/sim/content.hpp"
#include "tests/sim/shrink.hpp"
#include "tests/sim/world.hpp"

using namespace sim;

namespace {

outcome run_seed(const std::string& mix, std::uint64_t seed, bool traced = false, mistake wrong = mistake::none) {
    const setting with = draw(mix, seed, wrong);
    return world(with, seed, traced).run(make_script(with.how_often, with.steps, seed));
}

/// The first of the seeds that fails; 0: none.
std::uint64_t first_failure(const std::string& mix, std::uint64_t seeds, mistake wrong) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        if (!run_seed(mix, seed, false, wrong).complaints.empty()) return seed;
    return 0;
}

bool has(const script& steps, act what) {
    return std::any_of(steps.begin(), steps.end(), [what](const step& each) { return each.what == what; });
}

}  // namespace

TEST_CASE("sim: one seed is one run, in each mix, traced or not", "[sim]") {
    for (const std::string& mix : mix_names()) {
        CAPTURE(mix);
        const outcome first = run_seed(mix, 7);
        const outcome again = run_seed(mix, 7, true);
        CHECK(first.hash == again.hash);
        CHECK(first.seen.events == again.seen.events);
        CHECK(first.complaints == again.complaints);
        CHECK(first.hash != run_seed(mix, 8).hash);
    }
}

TEST_CASE("sim: the trace reads like the protocol's diagram", "[sim]") {
    const outcome of = run_seed("power", 3, true);
    const auto says = [&](const char* what) {
        return std::any_of(of.trace.begin(), of.trace.end(),
                           [what](const std::string& line) { return line.find(what) != std::string::npos; });
    };
    CHECK(says("gateway → broker  CONNECT plant"));
    CHECK(says("gateway → broker  PUBLISH"));
    CHECK(says("(seq "));
    CHECK(says("disk  commit 1: "));
    CHECK(says("POWER CUT in operation"));
    CHECK(says("---  peace"));
}

TEST_CASE("sim: in each mix happens what it is for", "[sim]") {
    const auto seen = [](const std::string& mix) {
        counts sum;
        for (std::uint64_t seed = 1; seed <= 40; ++seed) sum.add(run_seed(mix, seed).seen);
        return sum;
    };
    const counts power = seen("power");
    CHECK(power.power_cuts > 400);
    CHECK(power.kills > 40);
    CHECK(power.delivered > 400);
    const counts network = seen("network");
    CHECK(network.link_cuts > 200);
    CHECK(network.hangs > 10);
    CHECK(network.outages > 10);
    const counts sessions = seen("sessions");
    CHECK(sessions.sessions_lost > 80);
    CHECK(sessions.broker_restarts > 40);
    CHECK(sessions.doubled > 5);
    CHECK(sessions.dropped_session > 5);
    const counts disk = seen("disk");
    CHECK(disk.commits_failed > 100);
    CHECK(disk.not_accepted > 100);
    const counts crowd = seen("crowd");
    CHECK(crowd.evicted > 500);
    CHECK(crowd.dropped_newest > 500);
    CHECK(seen("age").expired > 20);
    CHECK(seen("refusals").refused > 100);
}

TEST_CASE("sim: mistakes of ours are found out", "[sim]") {
    CHECK(first_failure("power", 100, mistake::synchronous_normal) != 0);
    CHECK(first_failure("power", 100, mistake::synchronous_off) != 0);
    CHECK(first_failure("power", 100, mistake::disk_lies) != 0);
    CHECK(first_failure("network", 100, mistake::told_before_commit) != 0);
    CHECK(first_failure("disk", 100, mistake::saves_dropped) != 0);
}

TEST_CASE("sim: a failing run is shrunk, and fails still", "[sim]") {
    const setting with = draw("power", 1, mistake::synchronous_off);
    const auto fails = [&](const script& steps) { return !world(with, 1, false).run(steps).complaints.empty(); };
    std::uint64_t seed = 1;
    script steps;
    do steps = make_script(with.how_often, with.steps, seed++);
    while (!fails(steps) && seed < 100);
    REQUIRE(fails(steps));
    const shrunk small = shrink(steps, 300, fails);
    CHECK(small.runs <= 300);
    CHECK(small.steps.size() < steps.size() / 3);
    CHECK(fails(small.steps));
}

TEST_CASE("sim: steps that don't matter are left out, one by one", "[sim]") {
    weights all;
    all.fill(1);
    const script steps = make_script(all, 200, 5);
    REQUIRE(has(steps, act::hang));
    REQUIRE(has(steps, act::fill_disk));
    const shrunk small =
        shrink(steps, 1000, [](const script& some) { return has(some, act::hang) && has(some, act::fill_disk); });
    CHECK(small.steps.size() == 2);
    // Each keeps its own dice.
    for (const step& each : small.steps) CHECK(std::find(steps.begin(), steps.end(), each) != steps.end());

    std::size_t calls = 0;
    const shrunk bounded = shrink(steps, 10, [&calls](const script&) { return ++calls, false; });
    CHECK(calls == 10);
    CHECK(bounded.steps == steps);
}

TEST_CASE("sim: a payload says whether it is whole", "[sim]") {
    const std::string payload = payload_of(17, 40);
    CHECK(number_in(payload) == 17);
    CHECK(is_whole(payload));
    CHECK_FALSE(is_whole(payload.substr(1)));
    CHECK_FALSE(is_whole(payload + 'r'));
    CHECK_FALSE(is_whole("17 99999999999 r"));
    std::string other = payload;
    other.back() = 'x';
    CHECK_FALSE(is_whole(other));
}

// ---- What the file must hold ----

namespace {

intent appending(std::vector<std::int64_t> numbers) {
    intent made;
    made.append = std::move(numbers);
    return made;
}

store::commit_report appended(std::int64_t first, std::size_t count) {
    store::commit_report made;
    made.first = store::sequence{first};
    made.appended = count;
    return made;
}

store::ledger books(std::uint64_t accepted, std::uint64_t acknowledged) {
    store::ledger made;
    made.accepted = accepted;
    made.acknowledged = acknowledged;
    made.queued = accepted - acknowledged;
    return made;
}

}  // namespace

TEST_CASE("sim: the file must hold what was reported, and may hold what was under way", "[sim]") {
    file_model model;
    model.begin(appending({5, 6}));
    REQUIRE(model.on_committed(appended(1, 2), books(2, 0)).empty());
    CHECK(model.accepted().at(6) == 2);
    store::recovery found = model.state().as_found();

    SECTION("a commit that was reported is gone") {
        found.last = store::sequence{1};
        found.ledger = books(1, 0);
        CHECK(model.on_opened(found, {}).find("lost") != std::string::npos);
    }
    SECTION("one that was under way isn't there") {
        model.begin(appending({7}));
        CHECK(model.on_opened(found, {}).empty());
        CHECK_FALSE(model.accepted().contains(7));
    }
    SECTION("one that was under way is there") {
        model.begin(appending({7}));
        found.last = store::sequence{3};
        found.ledger = books(3, 0);
        CHECK(model.on_opened(found, {}).empty());
        CHECK(model.accepted().at(7) == 3);
    }
    SECTION("one of two is there: the content says which") {
        model.begin(appending({7}));
        model.begin(appending({8}));
        CHECK(model.is_ambiguous());
        found.last = store::sequence{3};
        found.ledger = books(3, 0);
        store::stored_message third{store::sequence{3}, {}, true};
        third.message.payload = payload_of(8, 3);
        const std::vector<store::stored_message> log{third};
        CHECK(model.on_opened(found, {}, &log).empty());
        CHECK(model.accepted().at(8) == 3);
        CHECK_FALSE(model.accepted().contains(7));
    }
    SECTION("a part of it is there") {
        model.begin(appending({7, 8}));
        found.last = store::sequence{3};
        found.ledger = books(3, 0);
        CHECK_FALSE(model.on_opened(found, {}).empty());
    }
    SECTION("the books say less than the cursor") {
        intent moving;
        moving.cursor = store::cursor{store::sequence{2}, {}, store::sequence{2}, {}, {}};
        moving.settled.acknowledged = 1;
        model.begin(moving);
        CHECK(model.on_committed({}, books(2, 1)) == "settled 1 messages, but the cursor finishes 2");
    }
    SECTION("the books don't balance") {
        model.begin(appending({7}));
        CHECK(model.on_committed(appended(3, 1), {3, 0, 2}) == "the ledger doesn't balance");
    }
    SECTION("a number is left out") {
        model.begin(appending({7}));
        CHECK_FALSE(model.on_committed(appended(4, 1), books(3, 0)).empty());
    }
}

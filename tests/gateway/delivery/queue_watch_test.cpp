// tests/gateway/delivery/queue_watch_test.cpp: a queue that fills up, and empties again.
#include "gateway/delivery/queue_watch.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using namespace std::chrono_literals;
using Catch::Contains;
using news = queue_watch::news;

namespace {

constexpr std::uint64_t percent = 10 << 20;

config::buffer buffer(config::when_full policy = config::when_full::drop_oldest) {
    config::buffer made;
    made.max_bytes = 100 * percent;
    made.policy = policy;
    return made;
}

store::commit_report at(std::uint64_t used) {
    store::commit_report made;
    made.bytes_used = used;
    return made;
}

const queue_watch::time_point start{};

}  // namespace

TEST_CASE("queue_watch: news at 80 percent, and again when it is full; eased below 70", "[gateway][queue_watch]") {
    queue_watch w(buffer());
    CHECK(w.on_committed(at(79 * percent), start) == queue_watch::finding{});
    CHECK(w.on_committed(at(81 * percent), start).news == news::filling);
    CHECK(w.on_committed(at(79 * percent), start).news == news::none);
    CHECK(w.on_committed(at(99 * percent), start).news == news::none);
    CHECK(w.on_committed(at(71 * percent), start).news == news::none);
    auto full = at(99 * percent);
    SECTION("the oldest went") { full.evicted = 1; }
    SECTION("the newest weren't taken") { full.refused = 1; }
    SECTION("some went from between others") { full.thinned = 1; }
    CHECK(w.on_committed(full, start).reason ==
          "the queue is full (990.0 MiB of 1000.0 MiB); the oldest messages are dropped (buffer.when_full: drop_oldest)");
    CHECK(w.on_committed(full, start).news == news::none);
    CHECK(w.on_committed(at(81 * percent), start).news == news::none);
    CHECK(w.on_committed(at(69 * percent), start).news == news::eased);
    CHECK(w.on_committed(at(69 * percent), start).news == news::none);
    CHECK(w.on_committed(at(79 * percent), start).news == news::none);
    CHECK(w.on_committed(at(81 * percent), start).news == news::filling);
}

TEST_CASE("queue_watch: on a full device the alarm stays on while messages are dropped, and a minute longer",
          "[gateway][queue_watch]") {
    queue_watch w(buffer());
    auto drops = at(2 * percent);
    drops.evicted = 10;
    CHECK(w.on_committed(drops, start).news == news::filling);
    CHECK(w.on_committed(at(2 * percent), start + 1s).news == news::none);
    CHECK(w.on_committed(drops, start + 50s).news == news::none);
    CHECK(w.on_committed(at(2 * percent), start + 109s).news == news::none);
    CHECK(w.on_committed(at(2 * percent), start + 111s).news == news::eased);
}

TEST_CASE("queue_watch: says how old, how long, and what then", "[gateway][queue_watch]") {
    queue_watch w(buffer(config::when_full::thin));
    auto report = at(70 * percent);
    report.oldest_age = 50h;
    w.on_committed(report, start);
    w.on_committed(at(76 * percent), start + 2min);
    CHECK(w.on_committed(at(82 * percent), start + 4min).reason ==
          "the queue is 82 % full (820.0 MiB of 1000.0 MiB), its oldest messages are 2 d old; at the present rate it is full in "
          "6 min; then every second one of the oldest messages is dropped (buffer.when_full: thin)");
}

TEST_CASE("queue_watch: what isn't known isn't said", "[gateway][queue_watch]") {
    queue_watch w(buffer(config::when_full::drop_newest));
    SECTION("there is one sample") {}
    SECTION("it is draining") { w.on_committed(at(75 * percent), start - 5min), w.on_committed(at(75 * percent), start - 2min); }
    if (w.on_committed(at(75 * percent), start - 30s).news != news::none) FAIL();
    CHECK(w.on_committed(at(90 * percent), start).reason ==
          "the queue is 90 % full (900.0 MiB of 1000.0 MiB); once it is full, new messages are dropped (buffer.when_full: "
          "drop_newest)");
}

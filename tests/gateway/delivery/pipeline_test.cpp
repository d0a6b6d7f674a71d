// tests/gateway/delivery/pipeline_test.cpp: which readings make which messages, and when.
// Not here: how numbers, strings and times are written (payload_test.cpp).
#include "gateway/delivery/pipeline.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <random>

using namespace gateway;
using namespace std::chrono_literals;

namespace {

constexpr const char* ts = "2026-11-22T20:15:10.123Z";
constexpr store::stamp taken{1'795'378'510'123, 42'000, true};
const auto origin = std::chrono::steady_clock::time_point{} + 1000s;

config::point make_point(std::string name, std::string topic, std::chrono::nanoseconds every = 1s) {
    config::point point;
    point.name = std::move(name);
    point.every = every;
    point.publish.change().topic = std::move(topic);
    return point;
}

config::file make_file(std::vector<std::vector<config::point>> devices) {
    config::file file;
    file.gateway_id = "plant7";
    file.buses.emplace_back();
    file.buses[0].name = "meters";
    const char* const names[] = {"boiler", "hall"};
    for (auto& points : devices) {
        config::device device;
        device.name = names[file.buses[0].devices.size()];
        device.points = std::move(points);
        file.buses[0].devices.push_back(std::move(device));
    }
    return file;
}

cycle make_cycle(std::vector<reading> readings, std::chrono::nanoseconds at = 0s) {
    cycle done;
    done.readings = std::move(readings);
    done.taken = taken;
    done.taken_steady = origin + at;
    return done;
}

store::message message(std::string topic, const std::string& members) {
    return {std::move(topic), "{\"ts\":\"" + std::string(ts) + "\"," + members + "}", 1, false, taken};
}

using messages = std::vector<store::message>;

config::publish_rules banded(double amount, bool percent = false) {
    config::publish_rules rules;
    rules.band = {amount, percent};
    return rules;
}

config::publish_rules paced(std::chrono::milliseconds least, std::chrono::milliseconds most) {
    config::publish_rules rules;
    rules.min_interval = least;
    rules.max_interval = most;
    return rules;
}

/// A pipeline for one point with a change filter, and what it lets through.
struct filter {
    explicit filter(config::publish_rules rules, std::chrono::nanoseconds every = 1s)
        : file(make_file({{make_point("p", "{point}", every)}})) {
        rules.topic = "{point}";
        rules.mode = config::publish_mode::on_change;
        file.buses[0].devices[0].points[0].publish = rules;
        line.emplace(file, "e");
    }
    bool passes(value what, std::chrono::nanoseconds at) {
        return !line->process(make_cycle({{0, std::move(what)}}, at)).empty();
    }

    config::file file;
    std::optional<pipeline> line;
};

}  // namespace

namespace Catch {
template <>
struct StringMaker<store::message> {
    static std::string convert(const store::message& it) {
        return it.topic + " " + it.payload + " qos " + std::to_string(it.qos) + (it.retain ? " retained" : "");
    }
};
}  // namespace Catch

TEST_CASE("pipeline: a topic of its own makes a message of its own", "[gateway][pipeline]") {
    const std::string own = "{gateway}/{device}/{point}";
    config::file file = make_file({{make_point("supply", own), make_point("power", own)}, {make_point("level", own)}});
    pipeline line(file, "e");
    CHECK(line.process(make_cycle({{0, 21.4}, {1, 312.5f}})) ==
          messages{message("plant7/boiler/supply", "\"value\":21.4"), message("plant7/boiler/power", "\"value\":312.5")});
    CHECK(line.process(make_cycle({{2, no_value{}}})) == messages{message("plant7/hall/level", "\"value\":null")});

    SECTION("a point that could not be read makes none") {
        CHECK(line.process(make_cycle({{1, true}})) == messages{message("plant7/boiler/power", "\"value\":true")});
        CHECK(line.process(make_cycle({})).empty());
    }
}

TEST_CASE("pipeline: points that share a topic share a message", "[gateway][pipeline]") {
    const std::string shared = "{gateway}/{device}";
    config::file file = make_file({{make_point("supply", shared), make_point("alarm", "alarms/boiler"),
                                    make_point("power", shared), make_point("hours", shared, 1min)},
                                   {make_point("le\"vel", shared)}});
    pipeline line(file, "e");

    SECTION("in the order of the config; a topic to itself has the plain form") {
        CHECK(line.process(make_cycle({{0, 21.4}, {1, false}, {2, 312.5}})) ==
              messages{message("plant7/boiler", "\"supply\":21.4,\"power\":312.5"), message("alarms/boiler", "\"value\":false")});
    }
    SECTION("whatever the order of the readings; the later of two counts") {
        CHECK(line.process(make_cycle({{2, 1.5}, {0, 21.4}, {2, 312.5}})) ==
              messages{message("plant7/boiler", "\"supply\":21.4,\"power\":312.5")});
    }
    SECTION("a point that could not be read is absent; if none could, so is the message") {
        CHECK(line.process(make_cycle({{2, 312.5}})) == messages{message("plant7/boiler", "\"power\":312.5")});
        CHECK(line.process(make_cycle({{1, true}})) == messages{message("alarms/boiler", "\"value\":true")});
    }
    SECTION("another period is another message on the same topic") {
        CHECK(line.process(make_cycle({{3, std::int64_t{7}}})) == messages{message("plant7/boiler", "\"hours\":7")});
    }
    SECTION("a device of one point keeps the form, so that a second point doesn't change it") {
        CHECK(line.process(make_cycle({{4, 0.5}})) == messages{message("plant7/hall", "\"le\\\"vel\":0.5")});
    }
}

TEST_CASE("pipeline: buses are apart, and points are counted over a bus's devices", "[gateway][pipeline]") {
    config::file file = make_file({{make_point("a", "{bus}/{point}"), make_point("b", "{bus}/{point}")}});
    file.buses.push_back(file.buses[0]);
    file.buses[1].name = "other";
    pipeline line(file, "e");
    cycle done = make_cycle({{1, std::uint64_t{9}}});
    done.bus = 1;
    CHECK(line.process(done) == messages{message("other/b", "\"value\":9")});
}

TEST_CASE("pipeline: QoS, retain and the stamp go with the message", "[gateway][pipeline]") {
    config::file file = make_file({{make_point("a", "{point}"), make_point("b", "t"), make_point("c", "t")}});
    auto& points = file.buses[0].devices[0].points;
    points[0].publish.change().qos = 0;
    points[0].publish.change().retain = true;
    points[1].publish.change().qos = 2;
    pipeline line(file, "e");
    const auto made = line.process(make_cycle({{0, 1.0}, {1, 2.0}, {2, 3.0}}));
    REQUIRE(made.size() == 2);
    CHECK(made[0].qos == 0);
    CHECK(made[0].retain);
    CHECK(made[0].taken == taken);
    CHECK(made[1].qos == 2);  // the stronger promise of the two that share it
    CHECK_FALSE(made[1].retain);
}

TEST_CASE("pipeline: raw is the bare value", "[gateway][pipeline]") {
    config::file file = make_file({{make_point("a", "t"), make_point("b", "t")}});
    for (auto& point : file.buses[0].devices[0].points) point.publish.change().format = config::payload_format::raw;
    pipeline line(file, "e");
    const auto texts = [&](std::vector<reading> readings) {
        std::vector<std::string> payloads;
        for (const auto& one : line.process(make_cycle(std::move(readings)))) payloads.push_back(one.payload);
        return payloads;
    };
    CHECK(texts({{0, 21.4}, {1, std::string("a\"b")}}) == std::vector<std::string>{"21.4", "a\"b"});
    CHECK(texts({{0, no_value{}}, {1, std::string()}}) == std::vector<std::string>{""});
}

TEST_CASE("pipeline: raw on change does not count what it could not publish", "[gateway][pipeline]") {
    config::publish_rules raw;
    raw.format = config::payload_format::raw;
    filter only(raw);
    CHECK_FALSE(only.passes(no_value{}, 0s));
    CHECK(only.passes(5.0, 1s));
    CHECK_FALSE(only.passes(no_value{}, 2s));
    CHECK_FALSE(only.passes(5.0, 3s));
}

TEST_CASE("pipeline: every_poll publishes every poll, whatever the jitter", "[gateway][pipeline]") {
    config::file file = make_file({{make_point("a", "{point}")}});
    file.buses[0].devices[0].points[0].publish.change().min_interval = 10s;  // of no concern to this mode
    pipeline line(file, "e");
    std::mt19937 random(7);
    std::uniform_int_distribution<int> jitter(-400, 400);
    for (int poll = 1; poll < 200; ++poll)
        CHECK(line.process(make_cycle({{0, 5.0}}, 1s * poll + 1ms * jitter(random))).size() == 1);
}

TEST_CASE("pipeline: on_change publishes what differs from the last published", "[gateway][pipeline]") {
    SECTION("the first always, then any change if there is no deadband") {
        filter any({});
        CHECK(any.passes(5.0, 0s));
        CHECK_FALSE(any.passes(5.0, 1s));
        CHECK(any.passes(5.000001, 2s));
        CHECK(any.passes(no_value{}, 3s));
        CHECK_FALSE(any.passes(no_value{}, 4s));
        CHECK(any.passes(std::nan(""), 5s) == false);  // null as well
        CHECK(any.passes(5.0, 6s));
    }
    SECTION("more than the deadband, measured from what was published") {
        filter half(banded(0.5));
        CHECK(half.passes(20.0, 0s));
        CHECK_FALSE(half.passes(20.3, 1s));
        CHECK_FALSE(half.passes(20.5, 2s));
        CHECK(half.passes(20.6, 3s));
        CHECK_FALSE(half.passes(20.2, 4s));
        CHECK(half.passes(20.0, 5s));
    }
    SECTION("a step of exactly the deadband is not more, in binary neither") {
        const double step = GENERATE(0.1, 0.5);
        filter exact(banded(step));
        filter single(banded(step));
        for (int tenth = -1000; tenth < 1000; ++tenth) {
            const double from = tenth * 0.1;
            const double to = static_cast<double>(tenth + std::lround(step * 10)) * 0.1;
            exact.passes(from + 1000, 0s);
            exact.passes(from, 0s);
            if (exact.passes(to, 0s)) FAIL(from << " to " << to);
            single.passes(static_cast<float>(from + 1000), 0s);
            single.passes(static_cast<float>(from), 0s);
            if (single.passes(static_cast<float>(to), 0s)) FAIL(from << " to " << to << " as float");
        }
        CHECK(exact.passes(1000.0, 0s));
        CHECK(exact.passes(1000.0 + step + 0.001, 0s));
    }
    SECTION("percent is of the last published") {
        filter percent(banded(2, true));
        CHECK(percent.passes(-100.0, 0s));
        CHECK_FALSE(percent.passes(-102.0, 1s));
        CHECK(percent.passes(-102.1, 2s));
        CHECK(percent.passes(0.0, 3s));
        CHECK_FALSE(percent.passes(0.0, 4s));
        CHECK(percent.passes(0.001, 5s));
    }
    SECTION("integers exactly, over their whole range") {
        filter wide(banded(1));
        const auto least = std::numeric_limits<std::int64_t>::min();
        CHECK(wide.passes(least, 0s));
        CHECK_FALSE(wide.passes(least + 1, 1s));
        CHECK(wide.passes(std::numeric_limits<std::int64_t>::max(), 3s));
        filter counter({});
        CHECK(counter.passes(std::uint64_t{9'007'199'254'740'993u}, 0s));
        CHECK(counter.passes(std::uint64_t{9'007'199'254'740'992u}, 1s));
    }
    SECTION("booleans and text on any change, whatever the deadband") {
        filter text(banded(5));
        CHECK(text.passes(std::string("idle"), 0s));
        CHECK_FALSE(text.passes(std::string("idle"), 1s));
        CHECK(text.passes(std::string("run"), 2s));
        CHECK(text.passes(true, 3s));
        CHECK_FALSE(text.passes(true, 4s));
        CHECK(text.passes(false, 5s));
    }
}

TEST_CASE("pipeline: min_interval holds a change back", "[gateway][pipeline]") {
    filter calm(paced(5s, 0s));
    CHECK(calm.passes(1.0, 0s));
    SECTION("until the first poll after it, if the value still differs") {
        CHECK_FALSE(calm.passes(2.0, 1s));
        CHECK_FALSE(calm.passes(2.0, 4s));
        CHECK(calm.passes(2.0, 5s));
        CHECK_FALSE(calm.passes(3.0, 6s));
    }
    SECTION("and drops it if the value has come back") {
        CHECK_FALSE(calm.passes(2.0, 1s));
        CHECK_FALSE(calm.passes(1.0, 5s));
        CHECK(calm.passes(2.0, 6s));
    }
    SECTION("jitter of the polls doesn't make it longer by a poll") {
        CHECK_FALSE(calm.passes(2.0, 4010ms));
        CHECK(calm.passes(2.0, 4990ms));
    }
    SECTION("and as fast as the bus allows, it is exact") {
        filter fast(paced(5s, 0s), 0s);
        CHECK(fast.passes(1.0, 0s));
        CHECK_FALSE(fast.passes(2.0, 4999ms));
        CHECK(fast.passes(2.0, 5s));
    }
}

TEST_CASE("pipeline: max_interval is a heartbeat that keeps its beat", "[gateway][pipeline]") {
    SECTION("without a change, at the poll nearest before it is too late") {
        filter beat(paced(0s, 10s));
        CHECK(beat.passes(1.0, 0s));
        for (int poll = 1; poll < 10; ++poll) CHECK_FALSE(beat.passes(1.0, 1s * poll));
        CHECK(beat.passes(1.0, 10s));
        CHECK_FALSE(beat.passes(1.0, 11s));
    }
    SECTION("jitter skips no beat and adds none") {
        filter beat(paced(0s, 10s));
        std::mt19937 random(7);
        std::uniform_int_distribution<int> jitter(0, 120);
        int beats = 0;
        for (int poll = 0; poll < 1000; ++poll) beats += beat.passes(1.0, 1s * poll + 1ms * jitter(random)) ? 1 : 0;
        CHECK(beats == 100);
    }
    SECTION("between two polls, the earlier one is it: at latest means at latest") {
        filter beat(paced(0s, 10500ms));
        CHECK(beat.passes(1.0, 0s));
        CHECK_FALSE(beat.passes(1.0, 9s));
        CHECK(beat.passes(1.0, 10s));
    }
    SECTION("a change starts it anew") {
        filter beat(paced(0s, 10s));
        CHECK(beat.passes(1.0, 0s));
        CHECK(beat.passes(2.0, 7s));
        CHECK_FALSE(beat.passes(2.0, 10s));
        CHECK(beat.passes(2.0, 17s));
    }
}

TEST_CASE("pipeline: a shared message goes whole when one of its points has changed", "[gateway][pipeline]") {
    config::file file = make_file({{make_point("a", "t"), make_point("b", "t"), make_point("c", "t")}});
    auto& points = file.buses[0].devices[0].points;
    for (auto& point : points) point.publish.change().mode = config::publish_mode::on_change;
    points[1].publish.change().band = {1, false};
    pipeline line(file, "e");
    CHECK(line.process(make_cycle({{0, 1.0}, {1, 1.0}}, 0s)) == messages{message("t", "\"a\":1,\"b\":1")});
    CHECK(line.process(make_cycle({{0, 1.0}, {1, 2.0}}, 1s)).empty());
    CHECK(line.process(make_cycle({{0, 1.5}, {1, 2.0}}, 2s)) == messages{message("t", "\"a\":1.5,\"b\":2")});
    CHECK(line.process(make_cycle({{0, 1.5}, {1, 1.0}}, 3s)).empty());  // b counts from what went along
    SECTION("a point that comes later is new") {
        CHECK(line.process(make_cycle({{0, 1.5}, {2, true}}, 4s)) == messages{message("t", "\"a\":1.5,\"c\":true")});
    }
    SECTION("… even if it has no value yet") {
        CHECK(line.process(make_cycle({{0, 1.5}, {2, no_value{}}}, 4s)) == messages{message("t", "\"a\":1.5,\"c\":null")});
    }
    SECTION("one point that wants every poll takes the others along") {
        points[2].publish.change().mode = config::publish_mode::every_poll;
        CHECK(line.process(make_cycle({{0, 1.5}, {2, true}}, 4s)).size() == 1);
        CHECK(line.process(make_cycle({{0, 1.5}, {2, true}}, 5s)).size() == 1);
    }
}

TEST_CASE("pipeline: messages of different periods on one topic keep their own time", "[gateway][pipeline]") {
    config::file file = make_file({{make_point("a", "t"), make_point("b", "t", 1min)}});
    for (auto& point : file.buses[0].devices[0].points) {
        point.publish.change().mode = config::publish_mode::on_change;
        point.publish.change().min_interval = 5s;
    }
    pipeline line(file, "e");
    CHECK(line.process(make_cycle({{0, 1.0}}, 0s)).size() == 1);
    CHECK(line.process(make_cycle({{1, 1.0}}, 10ms)).size() == 1);
}

TEST_CASE("pipeline: a message bears its expiry", "[gateway][pipeline]") {
    auto file = make_file({{make_point("p", "{point}"), make_point("q", "{point}")}});
    file.buses[0].devices[0].points[0].publish.change().expiry = 1h;
    pipeline line(file, "e");
    const auto made = line.process(make_cycle({{0, true}, {1, true}}));
    REQUIRE(made.size() == 2);
    CHECK(made[0].expiry == 3600u);
    CHECK_FALSE(made[1].expiry.has_value());
}

TEST_CASE("pipeline: each message has a key of its own where one is asked for", "[gateway][pipeline]") {
    auto file =
        make_file({{make_point("in_json", "{point}"), make_point("without", "{point}"), make_point("beside", "{point}")}});
    auto& points = file.buses[0].devices[0].points;
    points[0].publish.change().key = config::idempotency_key::json;
    points[2].publish.change().key = config::idempotency_key::property;
    points[2].publish.change().format = config::payload_format::raw;
    pipeline line(file, "9a");
    for (const std::string number : {"1", "3"}) {
        const auto made = line.process(make_cycle({{0, std::int64_t{7}}, {1, std::int64_t{8}}, {2, std::int64_t{9}}}));
        REQUIRE(made.size() == 3);
        CHECK(made[0] == message("in_json", "\"key\":\"plant7-9a-" + number + "\",\"value\":7"));
        CHECK(made[1] == message("without", "\"value\":8"));
        CHECK(made[2].payload == "9");
        const char next = static_cast<char>(number[0] + 1);
        // 26: user property; name and value, each after its length
        CHECK(made[2].properties == std::string("\x26\x00\x03key\x00\x0bplant7-9a-", 18) + next);
    }
}

TEST_CASE("pipeline: a message of several points has one key", "[gateway][pipeline]") {
    auto file = make_file({{make_point("a", "{device}"), make_point("b", "{device}")}});
    for (auto& point : file.buses[0].devices[0].points) point.publish.change().key = config::idempotency_key::json;
    pipeline line(file, "e");
    CHECK(line.process(make_cycle({{0, std::int64_t{1}}, {1, std::int64_t{2}}})) ==
          messages{message("boiler", R"("key":"plant7-e-1","a":1,"b":2)")});
}

TEST_CASE("pipeline: a message that isn't published takes no key", "[gateway][pipeline]") {
    auto file = make_file({{make_point("p", "{point}")}});
    auto& rules = file.buses[0].devices[0].points[0].publish.change();
    rules.key = config::idempotency_key::json;
    rules.mode = config::publish_mode::on_change;
    pipeline line(file, "e");
    CHECK(line.process(make_cycle({{0, std::int64_t{1}}})).size() == 1);
    CHECK(line.process(make_cycle({{0, std::int64_t{1}}}, 1s)).empty());
    CHECK(line.process(make_cycle({{0, std::int64_t{2}}}, 2s)) == messages{message("p", R"("key":"plant7-e-2","value":2)")});
}

TEST_CASE("pipeline: while the clock isn't known to be right, JSON says so right after the time, and raw says nothing",
          "[gateway][pipeline]") {
    auto points = std::vector{make_point("supply", "{device}/{point}"), make_point("power", "{device}/{point}")};
    points[0].publish.change().key = config::idempotency_key::json;
    points[1].publish.change().format = config::payload_format::raw;
    const auto file = make_file({points});
    pipeline line(file, "e");
    cycle done = make_cycle({{0, 21.5}, {1, 312.5}});
    done.taken.synchronised = false;
    const auto made = line.process(done);
    REQUIRE(made.size() == 2);
    CHECK(made[0].payload ==
          "{\"ts\":\"" + std::string(ts) + R"(","ts_quality":"unsynchronised","key":"plant7-e-1","value":21.5})");
    CHECK(made[1].payload == "312.5");
}

TEST_CASE("pipeline: a new config goes on with the change filter of points that stay", "[gateway][pipeline]") {
    const auto on_change = [](const std::string& name, const std::string& topic) {
        auto point = make_point(name, topic);
        point.publish.change().mode = config::publish_mode::on_change;
        return point;
    };
    const auto was = make_file({{on_change("supply", "{device}/{point}"), on_change("power", "{device}/{point}")}});
    pipeline old(was, "e");
    CHECK(old.process(make_cycle({{0, 1.0}, {1, 2.0}})).size() == 2);

    auto now = make_file({{on_change("power", "{device}/{point}"), on_change("supply", "{device}/{point}")},
                          {on_change("power", "{device}/{point}")}});
    now.buses[0].name = "renamed";
    pipeline made(now, "e");
    made.take_state_of(old, was, now);
    CHECK(made.process(make_cycle({{0, 2.0}, {1, 1.0}}, 1s)).empty());  // both as they were published
    CHECK(made.process(make_cycle({{0, 2.5}, {1, 1.0}}, 2s)) == messages{message("boiler/power", "\"value\":2.5")});
    auto other = make_cycle({{2, 2.0}}, 3s);
    other.device = 1;
    CHECK(made.process(other).size() == 1);  // of another device, so it is new

    SECTION("another topic hasn't had the value") {
        auto moved = make_file({{on_change("supply", "{device}/{point}"), on_change("power", "new/{point}")}});
        pipeline again(moved, "e");
        again.take_state_of(old, was, moved);
        CHECK(again.process(make_cycle({{0, 1.0}, {1, 2.0}}, 1s)) == messages{message("new/power", "\"value\":2")});
    }
    SECTION("a maximal interval counts from the last message") {
        auto kept = was;
        for (auto& point : kept.buses[0].devices[0].points) point.publish.change().max_interval = 10s;
        pipeline again(kept, "e");
        again.take_state_of(old, was, kept);
        CHECK(again.process(make_cycle({{0, 1.0}}, 8s)).empty());
        CHECK(again.process(make_cycle({{0, 1.0}}, 10s)).size() == 1);
    }
    SECTION("keys are counted on") {
        auto keyed = make_file({{make_point("supply", "{device}/{point}")}});
        keyed.buses[0].devices[0].points[0].publish.change().key = config::idempotency_key::json;
        pipeline one(keyed, "e");
        CHECK(one.process(make_cycle({{0, 1.0}}))[0].payload.find("plant7-e-1") != std::string::npos);
        pipeline two(keyed, "e");
        two.take_state_of(one, keyed, keyed);
        CHECK(two.process(make_cycle({{0, 1.0}}, 1s))[0].payload.find("plant7-e-2") != std::string::npos);
    }
}

// tests/gateway/service/config_changes_test.cpp: what of the running service a changed config stops, and what it leaves alone.
#include "gateway/service/config_changes.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "gateway/service/config_digest.hpp"

using namespace gateway;
using namespace std::chrono_literals;

namespace {

config::bus bus_of(const std::string& name, const std::vector<std::string>& devices) {
    config::bus made;
    made.name = name;
    made.adapter = "modbus";
    made.settings = {{"tcp.host", "10.0.0.5", 0, 0, {}}};
    for (const auto& device : devices) {
        auto& to = made.devices.emplace_back();
        to.name = device;
        to.settings = {{"unit", "1", 1, 1, {}}};
        auto& point = to.points.emplace_back();
        point.name = "power";
        point.every = 1s;
        point.settings = {{"holding", "7", 7, 7, {}}};
    }
    return made;
}

config::file plant() {
    config::file made;
    made.gateway_id = made.mqtt.client_id = "plant7";
    made.mqtt.servers = {{"broker", 1883, config::scheme::mqtt}};
    made.buses = {bus_of("hall", {"meter", "boiler"}), bus_of("roof", {"inverter"})};
    note_digests(made);
    return made;
}

config_changes changes(const std::function<void(config::file&)>& change) {
    const config::file now = plant();
    config::file next = plant();
    change(next);
    note_digests(next);
    return compare(now, next);
}

config::point& first_point(config::file& of) { return of.buses[0].devices[0].points[0]; }

}  // namespace

TEST_CASE("config_changes: what doesn't matter changes nothing", "[gateway][reload]") {
    CHECK(changes([](auto&) {}).is_nothing());
    const auto moved = changes([](config::file& next) {
        next.mqtt.where = {7, 1, 0};
        next.buses[0].where = {9, 9, 0};
        first_point(next).publish.change().topic_where = {12, 3, 0};
        first_point(next).settings[0].where = {13, 3, 0};
    });
    CHECK(moved.is_nothing());
    CHECK(moved.buses == renumbering{0, 1});
    CHECK(in_words(moved) == std::vector<std::string>{"nothing that matters to the service has changed"});
}

TEST_CASE("config_changes: a bus is restarted for what it or its adapter is told, and for nothing else", "[gateway][reload]") {
    const std::vector<std::function<void(config::file&)>> restarts = {
        [](config::file& next) { next.buses[0].settings[0].text = "10.0.0.6"; },
        [](config::file& next) { next.buses[0].adapter = "serial"; },
        [](config::file& next) { next.buses[0].devices[1].settings[0].text = "2"; },
        [](config::file& next) { next.buses[0].devices[1].name = "kettle"; },
        [](config::file& next) { next.buses[0].devices.pop_back(); },
        [](config::file& next) { first_point(next).settings[0].text = "8"; },
        [](config::file& next) { first_point(next).every = 2s; },
        [](config::file& next) { first_point(next).priority = config::priority::high; },
        [](config::file& next) { first_point(next).plausible.emplace().most = 100; },
        [](config::file& next) { first_point(next).compute.emplace().formula = "power * 2"; },
        [](config::file& next) { first_point(next).writable.emplace(); },
        [](config::file& next) { std::swap(next.buses[0].devices[0], next.buses[0].devices[1]); },
    };
    for (const auto& change : restarts) {
        const auto found = changes(change);
        CHECK(found.restarted == std::vector<std::string>{"hall"});
        CHECK(found.buses == renumbering{std::nullopt, 1});
    }
    const auto published = changes([](config::file& next) { first_point(next).publish.change().qos = 2; });
    CHECK(published.buses == renumbering{0, 1});
    CHECK(published.publishing == std::vector<std::string>{"meter"});
    CHECK_FALSE(published.mqtt);
    const auto called = changes([](config::file& next) { first_point(next).unit = "kW"; });
    CHECK(called.buses == renumbering{0, 1});
}

TEST_CASE("config_changes: write rules are followed without a restart", "[gateway][reload]") {
    config::file now = plant();
    first_point(now).writable.emplace();
    config::file next = now;
    first_point(next).writable->most = 50;
    note_digests(now);
    note_digests(next);
    const auto found = compare(now, next);
    CHECK(found.buses == renumbering{0, 1});
    CHECK(found.writing == std::vector<std::string>{"meter"});
    CHECK(changes([](config::file& to) { to.writes = true; }).commands);
}

TEST_CASE("config_changes: buses that come, go and change places", "[gateway][reload]") {
    const auto found = changes([](config::file& next) {
        next.buses[0] = bus_of("cellar", {"pump"});
        std::swap(next.buses[0], next.buses[1]);
    });
    CHECK(found.buses == renumbering{std::nullopt, 0});
    CHECK(found.removed == std::vector<std::string>{"hall"});
    CHECK(found.added == std::vector<std::string>{"cellar"});
    CHECK(found.restarted.empty());
}

TEST_CASE("config_changes: the sections of broker and queue", "[gateway][reload]") {
    const auto mqtt = changes([](config::file& next) { next.mqtt.keepalive = 30s; });
    CHECK((mqtt.mqtt && !mqtt.buffer && mqtt.buses == renumbering{0, 1}));
    const auto buffer = changes([](config::file& next) { next.buffer.max_bytes = 1u << 20; });
    CHECK((buffer.buffer && !buffer.mqtt && buffer.buses == renumbering{0, 1}));
    const auto secret = changes([](config::file& next) {
        next.mqtt.password = config::secret_reference{config::secret_reference::source::file, "/run/secret", {}};
    });
    CHECK(secret.mqtt);
}

TEST_CASE("config_changes: whose gateway it is and where its queue is stay until a restart", "[gateway][reload]") {
    const config::file now = plant();
    config::file next = plant();
    next.gateway_id = next.mqtt.client_id = "plant8";
    next.buffer.path = "/elsewhere/queue.db";
    next.buses[1].settings[0].text = "10.0.0.9";
    note_digests(next);
    const auto found = compare(now, next);
    CHECK(found.for_restart == std::vector<std::string>{"gateway.id", "buffer.path"});
    CHECK_FALSE(found.mqtt);  // the client's id only followed the gateway's
    CHECK_FALSE(found.buffer);
    CHECK(found.restarted == std::vector<std::string>{"roof"});
    keep_what_needs_restart(now, next);
    CHECK(next.gateway_id == "plant7");
    CHECK(next.mqtt.client_id == "plant7");
    CHECK(next.buffer.path == now.buffer.path);

    next.mqtt.client_id = "given";
    CHECK(compare(now, next).mqtt);
}

TEST_CASE("config_changes: statuses of what is gone, by their topics", "[gateway][reload]") {
    const config::file now = plant();
    config::file next = plant();
    next.buses[0].devices.pop_back();
    next.buses[1].name = "top";
    CHECK(statuses_gone(now, next) ==
          std::vector<std::string>{"tidegate/plant7/bus/roof/status", "tidegate/plant7/device/boiler/status"});
}

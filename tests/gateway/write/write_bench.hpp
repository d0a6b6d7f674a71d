// tests/gateway/write/write_bench.hpp: an engine with a bus that counts what it is given, for tests that say what a command does.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "gateway/write/write_engine.hpp"
#include "mqtt/codec.hpp"

namespace gateway::write_test {

using namespace std::chrono_literals;
using store::inbox_number;

constexpr std::int64_t morning_ms = 1'790'000'000'000;  // 2026-09-21T14:13:20Z

inline config::point writable(const std::string& name, config::write_rules rules = {}) {
    config::point made;
    made.name = name;
    made.every = 1s;
    made.writable = std::move(rules);
    return made;
}

/// A boiler whose setpoint, mode and pump can be written, and whose supply can't; and another device beside it.
inline config::file plant() {
    config::file made;
    made.gateway_id = "plant7";
    made.writes = true;
    config::device boiler{"boiler", {}, {}, {}};
    config::write_rules setpoint;
    setpoint.least = 5;
    setpoint.most = 90;
    boiler.points = {writable("setpoint", setpoint), writable("mode"), writable("pump"), config::point{}};
    boiler.points[3].name = "supply";
    config::device hall{"hall", {}, {writable("fan")}, {}};
    config::bus meters;
    meters.name = "meters";
    meters.devices = {boiler, hall};
    made.buses = {meters};
    return made;
}
constexpr point_index setpoint = 0, mode = 1, pump = 2, supply = 3, fan = 4;

class bench {
public:
    explicit bench(config::file with = plant()) : config_(std::move(with)), engine(config_) {}

    config::write_rules& rules(point_index point) { return *config_.buses[0].devices[0].points[point].writable; }
    config::file& config() { return config_; }

    write_engine::moment now() const {
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time);
        return {write_engine::time_point{100s} + time, {{morning_ms + since.count(), 50'000 + since.count(), clock_is_set}, {}}};
    }

    void pass(std::chrono::nanoseconds how_long) {
        time += how_long;
        engine.on_time(now());
        gather();
    }

    store::received_message message(const std::string& path, const std::string& payload) const {
        store::received_message made;
        made.topic = "tidegate/plant7/set/" + path;
        made.payload = payload;
        made.taken = now().clock.clocks;
        return made;
    }
    void command(const store::received_message& what) {
        engine.on_command({inbox_number{++received}, what}, now());
        gather();
    }
    void command(const std::string& path, const std::string& payload) { command(message(path, payload)); }

    void reads(point_index point, value what) {
        cycle done;
        done.device = point == fan ? 1 : 0;
        done.readings = {{point, std::move(what)}};
        done.taken_steady = now().steady;
        engine.on_readings(done);
    }

    /// The bus does what it was given, with this outcome.
    void written(tidegate_write_outcome outcome = TIDEGATE_WRITE_ACCEPTED, write_event::fate fate = write_event::fate::begun,
                 std::uint32_t exception = 0) {
        REQUIRE(!writes.empty());
        write_event done;
        done.ticket = writes.back().ticket;
        done.what = fate;
        done.result.outcome = outcome;
        done.result.exception = exception;
        const bool nothing = outcome == TIDEGATE_WRITE_REJECTED || outcome == TIDEGATE_WRITE_BUS_DOWN;
        if (!nothing && fate == write_event::fate::begun) done.result.sent = "holding 1 = 7";
        if (nothing) done.result.note = "no room for it";
        done.ended = now().steady;
        engine.on_written(done, now());
        gather();
    }
    void read_back(std::vector<reading> readings, const std::string& error = "") {
        REQUIRE(!reads_back.empty());
        engine.on_read_back({0, reads_back.back().ticket, std::move(readings), error}, now());
        gather();
    }

    /// The last news; its reason is worth a word of its own.
    const write_news& last() const {
        REQUIRE(!news.empty());
        return news.back();
    }
    void expect(write_stage stage, write_reason reason) const {
        INFO(answer_payload(last()));
        CHECK(last().stage == stage);
        CHECK(name_of(last().reason) == name_of(reason));
    }
    /// Refused, finally, and the bus saw nothing.
    void expect_refused(write_reason reason) const {
        expect(write_stage::rejected, reason);
        CHECK(last().is_final);
        CHECK(!last().sent);
        CHECK(last().number == inbox_number{received});
        CHECK(writes.empty());
    }

    std::chrono::nanoseconds time{0};
    bool clock_is_set = true;
    std::int64_t received = 0;
    std::vector<write_news> news;
    std::vector<bus_order> writes, reads_back;  // what the bus was given

private:
    void gather() {
        for (auto& [bus, order] : engine.take_orders()) {
            CHECK(bus == 0);
            (order.items.empty() ? reads_back : writes).push_back(std::move(order));
        }
        for (auto& each : engine.take_news()) news.push_back(std::move(each));
    }
    config::file config_;

public:
    write_engine engine;
    void gather_all() { gather(); }
};

inline std::string timestamp(std::int64_t ms) { return std::to_string(ms); }

}  // namespace gateway::write_test

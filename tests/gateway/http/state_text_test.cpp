// tests/gateway/http/state_text_test.cpp: the state as JSON, as metrics and in words; what of it is told as an event; no secret
// in any.
#include "gateway/http/state_text.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "gateway/command/status_words.hpp"
#include "gateway/http/metrics_text.hpp"
#include "gateway/write/local_commands.hpp"

namespace {

using namespace gateway;
using namespace std::chrono_literals;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

config::file example() {
    config::file made;
    made.gateway_id = "plant7";
    made.writes = true;
    made.http.emplace().writes = true;
    config::server server{"broker.example", 443, config::scheme::wss, "/mqtt?token=hush"};
    made.mqtt.servers = {server};
    made.mqtt.username = "hush-name";
    config::bus bus;
    bus.name = "me\"ters";
    bus.adapter = "modbus";
    bus.settings.push_back({"serial.port", "/dev/ttyUSB0", 0, 0, {}});
    config::device device;
    device.name = "boiler";
    config::point supply, pump;
    supply.name = "supply";
    supply.unit =
        "\xC2\xB0"
        "C";
    supply.every = 5s;
    pump.name = "pump";
    pump.every = 0s;
    pump.writable = config::write_rules{};
    device.points = {supply, pump};
    bus.devices = {device};
    made.buses = {bus};
    return made;
}

struct plant {
    config::file config = example();
    time_point start{1h};
    live of{config, found(), start};
    static store::recovery found() {
        store::recovery made;
        made.ledger.accepted = 10;
        made.ledger.acknowledged = 7;
        made.ledger.queued = 2;
        made.ledger.dropped_aged = 1;
        return made;
    }
    view_time at(std::chrono::milliseconds since) const {
        view_time made;
        made.steady = start + since;
        made.clock = {1'000'000 + since.count(), 5000 + since.count(), true};
        return made;
    }
    void read(std::chrono::milliseconds since, value supply) {
        cycle done;
        done.readings = {{0, std::move(supply)}};
        done.taken = at(since).clock;
        done.taken_steady = at(since).steady;
        of.on_readings(done);
    }
    void device(device_state state, const std::string& error) { of.on_device({0, 0, state, error, at(0ms).clock, false, 3}); }
};

}  // namespace

TEST_CASE("state: a point is good, stale, offline or none by its age, its period and its device", "[gateway][state]") {
    plant p;
    const auto quality_at = [&](std::chrono::milliseconds since) {
        return quality_of(p.of.buses()[0].devices[0].points[0], p.of.buses()[0].devices[0], 5s, p.at(since).steady);
    };
    CHECK(quality_at(0ms) == quality::none);
    p.read(1s, value{21.5});
    CHECK(quality_at(16s) == quality::good);
    CHECK(quality_at(16'001ms) == quality::stale);
    p.device(device_state::offline, "no answer");
    CHECK(quality_at(2s) == quality::offline);
}

TEST_CASE("state: what is known is there, what isn't is null, and no login", "[gateway][state]") {
    plant p;
    p.read(1s, value{21.5});
    p.of.on_status("tidegate/plant7/alarm/disk_full",
                   R"({"state":"on","since":"2026-11-26T00:00:00.000Z","count":2,"reason":"full \"now\""})");
    p.of.on_status("tidegate/plant7/alarms", R"({"state":"on"})");
    const auto text = state_text(p.of, "1.2.3", p.at(2s), with_points::yes);
    CHECK(has(text, R"("id":"plant7","version":"1.2.3")"));
    CHECK(has(text, R"("name":"me\"ters","adapter":"modbus","where":"/dev/ttyUSB0","measured":false)"));
    CHECK(has(
        text,
        R"({"name":"supply","unit":"°C","value":21.5,"ts":"1970-01-01T00:16:41.000Z","age_ms":1000,"quality":"good","writable":false,"every_ms":5000})"));
    CHECK(has(text,
              R"({"name":"pump","unit":"","value":null,"ts":null,"age_ms":null,"quality":"none","writable":true,"every_ms":0})"));
    CHECK(has(text, R"("state":"unknown","since":null)"));
    CHECK(has(text, R"("queue":{"messages":2,)"));
    CHECK(has(text, R"("oldest":null,"accepted":10,"acknowledged":7,"dropped":1,"dropped_by":{"oldest":0,)"));
    CHECK(has(text, R"("aged":1,)"));
    CHECK(has(text, R"("balanced":true)"));
    CHECK(has(text, R"("url":"wss://broker.example:443")"));
    CHECK(
        has(text,
            R"("alarms":[{"name":"disk_full","on":true,"since":"2026-11-26T00:00:00.000Z","count":2,"reason":"full \"now\""}])"));
    CHECK_FALSE(has(text, "hush"));
    CHECK_FALSE(has(metrics_text(p.of, "1", p.at(2s)), "hush"));
    CHECK_FALSE(has(state_text(p.of, "1", p.at(2s), with_points::no), "supply"));
    store::stored_message oldest;
    oldest.message.taken = p.at(-60s).clock;
    p.of.on_oldest(oldest);
    CHECK(has(state_text(p.of, "1", p.at(0s), with_points::no), R"("oldest":"1970-01-01T00:15:40.000Z")"));
    CHECK(has(metrics_text(p.of, "1", p.at(0s)), "\ntidegate_queue_oldest_seconds 60\n"));
}

TEST_CASE("state: an event tells what is new, once; a quality that changes by time alone is new", "[gateway][state]") {
    plant p;
    told_points told;
    told.begin(p.of, p.at(0s));
    CHECK(told.changes(p.of, p.at(0s)).empty());
    p.read(1s, value{true});
    CHECK(told.changes(p.of, p.at(1s)) ==
          R"({"now":"1970-01-01T00:16:41.000Z","points":[[0,0,0,true,"1970-01-01T00:16:41.000Z","good"]]})");
    CHECK(told.changes(p.of, p.at(2s)).empty());
    p.read(3s, value{true});  // the same value is a new reading
    CHECK_FALSE(told.changes(p.of, p.at(3s)).empty());
    CHECK(has(told.changes(p.of, p.at(1min)), "stale"));
    CHECK(has(told.all(p.of, p.at(1min)), R"([0,0,1,null,null,"none"])"));
    const auto before = essence_text(p.of);
    p.read(61s, value{1.0});
    CHECK(essence_text(p.of) == before);
    p.device(device_state::offline, "no answer");
    CHECK(essence_text(p.of) != before);
}

TEST_CASE("metrics: each name has one head, each sample its own labels, and labels are escaped", "[gateway][metrics]") {
    plant p;
    bus_statistics figures;
    figures.bus = 0;
    figures.exchanges = {10, 7, 1, 1, 1, 0};
    figures.load = 0.5;
    figures.devices.resize(1);
    figures.devices[0].turnaround = 12ms;
    p.of.on_statistics(figures);
    p.read(1s, value{1.0});
    p.device(device_state::online, "");
    const auto text = metrics_text(p.of, "1", p.at(3s));
    CHECK(has(text, "\ntidegate_bus_requests_total{bus=\"me\\\"ters\",result=\"answered\"} 7\n"));
    CHECK(has(text, "\ntidegate_bus_load_ratio{bus=\"me\\\"ters\"} 0.5\n"));
    CHECK(has(text, "\ntidegate_device_turnaround_seconds{bus=\"me\\\"ters\",device=\"boiler\"} 0.012\n"));
    CHECK(has(text, "\ntidegate_device_last_reading_seconds{bus=\"me\\\"ters\",device=\"boiler\"} 2\n"));
    CHECK(has(text, "\ntidegate_messages_dropped_total{reason=\"aged\"} 1\n"));
    CHECK(has(text, "\ntidegate_device_implausible_readings_total{bus=\"me\\\"ters\",device=\"boiler\"} 3\n"));
    CHECK_FALSE(has(text, "supply"));  // no series a point
    std::set<std::string> samples, heads;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        REQUIRE(end != std::string::npos);
        const auto line = text.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("# TYPE ")) CHECK(heads.insert(line).second);
        if (!line.starts_with('#')) CHECK(samples.insert(line.substr(0, line.rfind(' '))).second);
    }
    CHECK(metrics_writer::label("a", "x\\y\"z\n") == R"(a="x\\y\"z\n")");
}

TEST_CASE("status in words: what is wrong is marked and counted", "[gateway][state]") {
    plant p;
    p.device(device_state::online, "");
    p.of.on_effect(mqtt::online{}, p.start);
    auto lines = status_words(p.of, "1", p.at(90s));
    CHECK(lines.back() == "Nothing is wrong.");
    p.device(device_state::offline, "no answer within 500 ms");
    p.of.on_effect(mqtt::offline{}, p.start + 10s);
    lines = status_words(p.of, "1", p.at(90s));
    CHECK(lines.back() == "2 things are wrong, marked with '!'.");
    std::string all;
    for (const auto& line : lines) all += line + '\n';
    CHECK(has(all, "! device    boiler OFFLINE for 90 s: no answer within 500 ms\n"));
    CHECK(has(all, "! broker    wss://broker.example:443 OFFLINE for 80 s\n"));
    CHECK(has(all, "2 messages"));
    CHECK_FALSE(has(all, "hush"));
}

TEST_CASE("local commands: each gets its own final answer, and none is waited for in vain", "[gateway][http]") {
    local_commands commands("plant7", 1500ms, "mark-");
    std::vector<std::string> keys;
    std::string answers;
    const auto send = [&](std::chrono::seconds when) {
        commands.send(
            "boiler", "pump", "1", "http 192.0.2.1", local_commands::time_point(when),
            [&answers](const write_news* what) { answers += what ? what->detail : "late;"; },
            [&](const mqtt::received& what) {
                CHECK(what.topic == "tidegate/plant7/set/boiler/pump");
                CHECK(what.properties.message_expiry_interval == 2u);
                CHECK(what.properties.user.at(0).second == "http 192.0.2.1");
                keys.push_back(*what.properties.correlation_data);
            });
    };
    send(1s);
    send(2s);
    send(30s);
    write_news news;
    news.correlation_data = keys.at(1);
    news.detail = "second;";
    news.is_final = false;
    commands.on_news(news);
    CHECK(answers.empty());
    news.is_final = true;
    news.response_topic = "somebody/else";  // a command of the broker's that has guessed the key
    commands.on_news(news);
    CHECK(answers.empty());
    news.response_topic.clear();
    commands.on_news(news);
    commands.on_news(news);
    CHECK(answers == "second;");
    commands.give_up(local_commands::time_point(20s));
    CHECK(answers == "second;late;");
    news.stage = write_stage::verified;
    CHECK(http_status_of(news) == 200);
    news.stage = write_stage::timeout;
    CHECK(http_status_of(news) == 504);
    news.stage = write_stage::rejected;
    CHECK(http_status_of(news) == 409);
    news.reason = write_reason::unknown_point;
    CHECK(http_status_of(news) == 404);
}

// tests/gateway/write/write_engine_test.cpp: what becomes of a command that is carried out: stages, reading back, those that
// wait, crashes, and the values that are written when no broker is there. Not here: refusals (write_judge_test.cpp).
#include "tests/gateway/write/write_bench.hpp"

using namespace gateway;
using namespace gateway::write_test;

TEST_CASE("write: accepted, and verified once it reads so", "[gateway][write]") {
    bench b;
    b.reads(setpoint, value{20.0});
    b.command("boiler/setpoint", R"({"value":21.5,"id":"a7"})");
    b.pass(100ms);
    b.written();
    b.expect(write_stage::accepted, write_reason::none);
    CHECK(!b.last().is_final);
    CHECK(!b.last().number);
    CHECK(b.last().ms == 100);
    CHECK(b.last().old_value == "20");
    CHECK(b.last().raw == "holding 1 = 7");
    REQUIRE(b.reads_back.size() == 1);
    CHECK(b.reads_back[0].points == std::vector<point_index>{setpoint});
    b.read_back({{setpoint, value{20.0}}});  // not yet
    CHECK(b.news.size() == 1);
    b.pass(500ms);
    REQUIRE(b.reads_back.size() == 2);
    b.read_back({{setpoint, value{21.5f}}});
    b.expect(write_stage::verified, write_reason::none);
    CHECK(b.last().is_final);
    CHECK(b.last().number == inbox_number{1});
    CHECK(b.news.size() == 2);
    CHECK(!b.engine.next_deadline());
}

TEST_CASE("write: accepted and ignored is told as not verified", "[gateway][write]") {
    bench b;
    b.command("boiler/setpoint", "21.5");
    b.written();
    for (int i = 0; i < 20 && !b.last().is_final; ++i) {
        if (b.reads_back.size() > static_cast<std::size_t>(i)) b.read_back({{setpoint, value{std::int64_t{20}}}});
        b.pass(500ms);
    }
    b.expect(write_stage::timeout, write_reason::not_verified);
    CHECK(b.last().detail == "setpoint reads 20 instead of 21.5");
    CHECK(b.last().sent);
    CHECK(b.writes.size() == 1);
    CHECK(b.time <= 6s);
}

TEST_CASE("write: a read-back that never comes ends, too", "[gateway][write]") {
    bench b;
    b.command("boiler/setpoint", "21.5");
    b.written();
    b.pass(4999ms);
    CHECK(b.reads_back.size() == 1);  // one at a time
    b.pass(1ms);
    b.expect(write_stage::timeout, write_reason::not_verified);
    CHECK(b.last().detail == "setpoint could not be read back");
}

TEST_CASE("write: delay, tolerance, and none at all", "[gateway][write]") {
    bench b;
    SECTION("delay") {
        b.rules(setpoint).verify_delay = 2s;
        b.command("boiler/setpoint", "21.5");
        b.written();
        b.pass(1999ms);
        CHECK(b.reads_back.empty());
        b.pass(1ms);
        CHECK(b.reads_back.size() == 1);
    }
    SECTION("tolerance") {
        b.rules(setpoint).tolerance = 0.25;
        b.command("boiler/setpoint", "21.5");
        b.written();
        b.read_back({{setpoint, value{21.2}}});
        CHECK(!b.last().is_final);
        b.pass(500ms);
        b.read_back({{setpoint, value{21.3}}});
        b.expect(write_stage::verified, write_reason::none);
    }
    SECTION("without") {
        b.rules(setpoint).verify = false;
        b.command("boiler/setpoint", "21.5");
        b.written();
        b.expect(write_stage::accepted, write_reason::none);
        CHECK(b.last().is_final);
        CHECK(b.reads_back.empty());
    }
    SECTION("without, and without an answer") {
        b.rules(setpoint).verify = false;
        b.command("boiler/setpoint", "21.5");
        b.written(TIDEGATE_WRITE_UNANSWERED);
        b.expect(write_stage::timeout, write_reason::unanswered);
        CHECK(b.last().sent);
    }
}

TEST_CASE("write: refused by the device, busy, without an answer", "[gateway][write]") {
    bench b;
    b.command("boiler/setpoint", "21.5");
    SECTION("refused") {
        b.written(TIDEGATE_WRITE_REFUSED, write_event::fate::begun, 4);
        b.expect(write_stage::rejected, write_reason::device_refused);
        CHECK(b.last().exception == 4);
        CHECK(b.last().is_final);
        CHECK(b.reads_back.empty());
    }
    SECTION("busy is accepted") {
        b.written(TIDEGATE_WRITE_PENDING, write_event::fate::begun, 5);
        b.expect(write_stage::accepted, write_reason::none);
        b.read_back({{setpoint, value{21.5}}});
        b.expect(write_stage::verified, write_reason::none);
    }
    SECTION("no answer, but it shows") {
        b.written(TIDEGATE_WRITE_UNANSWERED);
        b.expect(write_stage::sent, write_reason::unanswered);
        CHECK(!b.last().is_final);
        b.read_back({{setpoint, value{21.5}}});
        b.expect(write_stage::verified, write_reason::none);
    }
    SECTION("away") {
        b.written(TIDEGATE_WRITE_ACCEPTED, write_event::fate::offline);
        b.expect(write_stage::timeout, write_reason::offline);
        CHECK(!b.last().sent);
    }
    SECTION("it waited too long on the bus's thread") {
        b.written(TIDEGATE_WRITE_ACCEPTED, write_event::fate::too_late);
        b.expect(write_stage::timeout, write_reason::waited_too_long);
        CHECK(!b.last().sent);
    }
    CHECK(b.writes.size() == 1);
}

TEST_CASE("write: a bus gets one at a time, and what waits too long isn't sent", "[gateway][write]") {
    bench b;
    b.command("boiler/setpoint", "20");
    b.command("boiler/mode", "1");
    b.pass(3s);
    b.command("hall/fan", "2");
    CHECK(b.writes.size() == 1);
    CHECK(b.writes[0].give_up_at == write_engine::time_point{105s});
    b.pass(2001ms);
    b.expect(write_stage::timeout, write_reason::waited_too_long);
    CHECK(b.last().what.point == "mode");
    CHECK(!b.last().sent);
    b.written();
    REQUIRE(b.writes.size() == 2);
    CHECK(b.writes[1].items[0].point == fan);
    CHECK(b.writes[1].device == 1);
}

TEST_CASE("write: the newest wins while it waits, and what is there already isn't written", "[gateway][write]") {
    bench b;
    b.command("hall/fan", "1");
    b.command("boiler/setpoint", "20");
    b.command("boiler/setpoint", "30");
    b.expect(write_stage::rejected, write_reason::superseded);
    CHECK(b.last().number == inbox_number{2});
    b.written();
    REQUIRE(b.writes.size() == 2);
    CHECK(b.writes[1].items[0].value == value{std::int64_t{30}});
    b.written();
    b.read_back({{setpoint, value{30.0}}});
    b.expect(write_stage::verified, write_reason::none);

    b.pass(2s);
    b.command("boiler/setpoint", "30");  // nothing has been read since
    CHECK(b.writes.size() == 3);
    b.written();
    b.read_back({{setpoint, value{30.0}}});
    b.pass(2s);
    b.reads(setpoint, value{30.0});
    b.command("boiler/setpoint", "30");
    b.expect(write_stage::verified, write_reason::unchanged);
    CHECK(b.last().number == inbox_number{5});
    CHECK(b.writes.size() == 3);
    b.command("boiler/setpoint", R"({"value":30,"force":true})");
    CHECK(b.writes.size() == 4);

    SECTION("unless another value is on its way") {
        b.written();
        b.read_back({{setpoint, value{30.0}}});
        b.pass(2s);
        b.reads(setpoint, value{30.0});
        b.command("hall/fan", "3");
        b.command("boiler/setpoint", "40");
        b.command("boiler/setpoint", "30");
        b.expect(write_stage::rejected, write_reason::superseded);
        b.written();
        CHECK(b.writes.back().items[0].value == value{std::int64_t{30}});
    }
}

TEST_CASE("write: a reading from before the last write says nothing", "[gateway][write]") {
    bench b;
    b.rules(setpoint).verify = false;
    b.reads(setpoint, value{20.0});
    b.command("boiler/setpoint", "30");
    b.written();
    b.pass(2s);
    b.command("boiler/setpoint", "20");  // which it reads, for all that is known
    CHECK(b.writes.size() == 2);
}

TEST_CASE("write: a newer one ends the reading back of an older one", "[gateway][write]") {
    bench b;
    b.rules(setpoint).every = 0s;
    b.command("boiler/setpoint", "20");
    b.written();
    b.command("boiler/setpoint", "30");
    b.expect(write_stage::accepted, write_reason::superseded);
    CHECK(b.last().is_final);
    CHECK(b.last().number == inbox_number{1});
    b.written();
    b.read_back({{setpoint, value{30.0}}});
    b.expect(write_stage::verified, write_reason::none);
    CHECK(b.last().number == inbox_number{2});
}

TEST_CASE("write: several points go together or not at all", "[gateway][write]") {
    bench b;
    b.reads(mode, value{std::int64_t{1}});
    b.command("boiler", R"({"setpoint":21.5,"mode":2,"id":9})");
    REQUIRE(b.writes.size() == 1);
    REQUIRE(b.writes[0].items.size() == 2);
    b.written();
    CHECK(answer_topic("plant7", b.last()) == "tidegate/plant7/ack/boiler");
    CHECK(b.last().old_value == R"({"setpoint":null,"mode":1})");
    b.read_back({{setpoint, value{21.5}}, {mode, value{std::int64_t{1}}}});
    CHECK(!b.last().is_final);
    b.pass(500ms);
    b.read_back({{setpoint, value{21.5}}, {mode, value{std::int64_t{2}}}});
    b.expect(write_stage::verified, write_reason::none);
    b.pass(2s);
    b.command("boiler", R"({"setpoint":22,"mode":3,"pump":"x","supply":1})");
    b.expect(write_stage::rejected, write_reason::not_writable);
    b.command("boiler", R"({"mode":3,"setpoint":99})");
    b.expect(write_stage::rejected, write_reason::above_max);
    CHECK(b.writes.size() == 1);
}

TEST_CASE("write: 1 is true where the point reads a truth", "[gateway][write]") {
    bench b;
    b.reads(pump, value{false});
    b.command("boiler/pump", "1");
    CHECK(b.writes.at(0).items[0].value == value{true});
}

TEST_CASE("write: what a crash left behind is answered, and not carried out", "[gateway][write]") {
    bench b;
    b.engine.on_left_behind({inbox_number{17}, b.message("boiler/setpoint", R"({"value":20,"id":"a7"})")}, b.now());
    b.engine.on_left_behind({inbox_number{18}, b.message("boiler/setpoint", "{")}, b.now());
    b.gather_all();
    REQUIRE(b.news.size() == 2);
    CHECK(b.news[0].what.id == "a7");
    CHECK(b.news[0].number == inbox_number{17});
    b.expect(write_stage::timeout, write_reason::gateway_restarted);
    CHECK(b.writes.empty());
    CHECK(identity_in(audit_entry_of(b.news[0])) == "boiler/setpoint#a7");
    b.command("boiler/setpoint", R"({"value":20,"id":"a7"})");
    b.expect(write_stage::rejected, write_reason::duplicate);
}

TEST_CASE("write: the fail-safe value, once, when no broker was there for its time", "[gateway][write]") {
    auto config = plant();
    config.buses[0].devices[0].points[setpoint].writable->fail_safe = config::fail_safe{"15", 60s};
    bench b(config);
    b.engine.on_offline(b.now());
    b.pass(59s);
    CHECK(b.writes.empty());
    b.engine.on_offline(b.now());  // another attempt failed: the time runs on
    b.pass(1s);
    REQUIRE(b.writes.size() == 1);
    CHECK(b.writes[0].items[0].value == value{std::int64_t{15}});
    SECTION("it is told, and not repeated in this outage") {
        b.written();
        b.read_back({{setpoint, value{std::int64_t{15}}}});
        b.expect(write_stage::verified, write_reason::none);
        CHECK(b.last().who == "fail_safe");
        CHECK(!b.last().number);
        b.pass(1h);
        CHECK(b.writes.size() == 1);
        b.engine.on_online(false, b.now());
        b.engine.on_offline(b.now());
        b.pass(60s);
        CHECK(b.writes.size() == 2);
    }
    SECTION("it is tried again as long as it can't be sent") {
        b.written(TIDEGATE_WRITE_BUS_DOWN);
        b.pass(9999ms);
        CHECK(b.writes.size() == 1);
        b.pass(1ms);
        CHECK(b.writes.size() == 2);
        b.written(TIDEGATE_WRITE_BUS_DOWN);
        b.engine.on_online(true, b.now());
        b.pass(1h);
        CHECK(b.writes.size() == 2);
    }
}

TEST_CASE("write: no fail-safe value while writes are off, or the broker is back in time", "[gateway][write]") {
    auto config = plant();
    config.buses[0].devices[0].points[setpoint].writable->fail_safe = config::fail_safe{"15", 60s};
    SECTION("back in time") {
        bench b(config);
        b.engine.on_offline(b.now());
        b.pass(59s);
        b.engine.on_online(true, b.now());
        b.pass(10min);
        CHECK(b.writes.empty());
    }
    SECTION("off") {
        config.writes = false;
        bench b(config);
        b.engine.on_offline(b.now());
        b.pass(10min);
        CHECK(b.writes.empty());
    }
}

TEST_CASE("write: answers name stage, reason, exception, bytes and time; by response topic if there is one", "[gateway][write]") {
    bench b;
    auto message = b.message("boiler/setpoint", R"({"value":21.5,"id":"a\"7"})");
    mqtt::property_set properties;
    properties.response_topic = "answers/here";
    properties.correlation_data = std::string("\x00\x01", 2);
    properties.user.emplace_back("who", "night shift");
    message.properties = mqtt::encode_message_properties(properties).value();
    b.command(message);
    b.pass(42ms);
    b.written(TIDEGATE_WRITE_REFUSED, write_event::fate::begun, 4);
    const auto told = answer("plant7", b.last());
    CHECK(told.topic == "answers/here");
    CHECK(told.qos == 1);
    CHECK(!told.retain);
    CHECK(told.payload == R"({"id":"a\"7","stage":"rejected","ok":false,"final":true,"reason":"device_refused","exception":4,)"
                          R"("raw":"holding 1 = 7","value":21.5,"ms":42})");
    const auto with = mqtt::decode_message_properties(told.properties).value();
    CHECK(with.correlation_data == properties.correlation_data);
    CHECK(with.user == std::vector<std::pair<std::string, std::string>>{{"status", "rejected"}});
    CHECK(audit_entry_of(b.last()) ==
          R"({"ts":"2026-09-21T14:13:20.042Z","who":"night shift","device":"boiler","point":"setpoint","id":"a\"7",)"
          R"("key":"boiler/setpoint#a\"7","value":"21.5","raw":"holding 1 = 7","stage":"rejected","ok":false,"sent":true,)"
          R"("reason":"device_refused","exception":4,"ms":42})");

    SECTION("but not by one that is a command's, or none that can be published to") {
        for (const char* const topic : {"tidegate/plant7/set/boiler/mode", "$SYS/x"}) {
            write_news other = b.last();
            other.response_topic = topic;
            CHECK(answer_topic("plant7", other) == "tidegate/plant7/ack/boiler/setpoint");
        }
    }
    SECTION("an entry of the audit is never too long") {
        write_news other = b.last();
        other.what.device = std::string(60'000, '\x01');
        other.detail = other.raw = other.who = std::string(5000, '\x02');
        other.what.values = {{"setpoint", value{std::string(512, '"')}}};
        CHECK(audit_entry_of(other).size() <= store::longest_audit_entry);
    }
}

// tests/gateway/write/write_judge_test.cpp: each reason to refuse a command without asking the bus, which sees nothing of it.
// Not here: what becomes of a command that is carried out (write_engine_test.cpp).
#include <random>

#include "tests/gateway/write/write_bench.hpp"

using namespace gateway;
using namespace gateway::write_test;

TEST_CASE("write: a good command goes to the bus", "[gateway][write]") {
    bench b;  // what all others differ from
    b.command("boiler/setpoint", "21.5");
    REQUIRE(b.writes.size() == 1);
    CHECK(b.writes[0].device == 0);
    REQUIRE(b.writes[0].items.size() == 1);
    CHECK(b.writes[0].items[0].point == setpoint);
    CHECK(b.writes[0].items[0].value == value{21.5});
    CHECK(b.news.empty());
}

TEST_CASE("write refused: writes are off", "[gateway][write]") {
    auto config = plant();
    config.writes = false;
    bench b(config);
    b.command("boiler/setpoint", "21.5");
    b.expect_refused(write_reason::writes_off);
}

TEST_CASE("write refused: nothing of that name, or not writable", "[gateway][write]") {
    bench b;
    b.command("cellar/setpoint", "21.5");
    b.expect_refused(write_reason::unknown_device);
    b.command("boiler/set_point", "21.5");
    b.expect_refused(write_reason::unknown_point);
    b.command("boiler/supply", "21.5");
    b.expect_refused(write_reason::not_writable);
    b.command("boiler", R"({"setpoint":21.5,"supply":3})");
    b.expect_refused(write_reason::not_writable);
    b.command("boiler/setpoint/raw", "21.5");
    b.expect_refused(write_reason::unknown_point);
}

TEST_CASE("write refused: the payload can't be read", "[gateway][write]") {
    bench b;
    for (const char* const payload : {"",
                                      "  ",
                                      "{",
                                      R"({"value":1,})",
                                      R"({"value":1}x)",
                                      R"({"value":1,"value":2})",
                                      R"({"value":[1]})",
                                      R"({"value":{"a":1}})",
                                      R"({"vaule":1})",
                                      R"({"value":1,"tll":"5s"})",
                                      "{}",
                                      R"({"id":"a"})",
                                      "[1]",
                                      R"("unterminated)",
                                      R"({"value":01})",
                                      R"({"value":1e999})",
                                      R"({"value":+1})",
                                      R"({"value":.5})",
                                      R"({"value":1,"id":true})",
                                      R"({"value":1,"id":""})",
                                      R"({"value":1,"ts":"yesterday"})",
                                      R"({"value":1,"ts":"2026-02-30T00:00:00Z"})",
                                      R"({"value":1,"ttl":"soon"})",
                                      R"({"value":1,"ttl":0})",
                                      R"({"value":1,"ttl":"2d"})",
                                      R"({"value":1,"force":1})",
                                      R"({"value":1,"confirm":"true"})"}) {
        CAPTURE(payload);
        b.command("boiler/setpoint", payload);
        b.expect_refused(write_reason::not_readable);
    }
    b.command("boiler", "21.5");
    b.expect_refused(write_reason::not_readable);
    b.command("boiler/setpoint", R"({"value":1,"id":")" + std::string(65, 'x') + "\"}");
    b.expect_refused(write_reason::not_readable);
    b.command("boiler/setpoint", "{\"value\":1," + std::string(5000, ' ') + "\"id\":2}");
    b.expect_refused(write_reason::too_large);
}

TEST_CASE("write refused: no value of the point's kind", "[gateway][write]") {
    bench b;
    for (const char* const payload : {"null", R"({"value":null})", "warm", R"({"value":""})", "\xFF\xFE"}) {
        CAPTURE(payload);
        b.command("boiler/setpoint", payload);
        b.expect_refused(write_reason::wrong_type);
    }
    for (const char* const payload : {"NaN", "nan", "-inf", "Infinity", R"({"value":"NaN"})"}) {
        CAPTURE(payload);
        b.command("boiler/setpoint", payload);
        b.expect_refused(write_reason::not_a_number);
    }
    b.reads(mode, value{std::string("auto")});
    b.command("boiler/mode", "2");
    b.expect_refused(write_reason::wrong_type);
    b.reads(mode, value{std::int64_t{2}});
    b.command("boiler/mode", "auto");
    b.expect_refused(write_reason::wrong_type);
}

TEST_CASE("write refused: limits, step, list", "[gateway][write]") {
    bench b;
    b.command("boiler/setpoint", "4.999");
    b.expect_refused(write_reason::below_min);
    b.command("boiler/setpoint", "90.001");
    b.expect_refused(write_reason::above_max);
    b.command("boiler/setpoint", "-5");
    b.expect_refused(write_reason::below_min);
    b.rules(setpoint).step = 0.5;
    b.command("boiler/setpoint", "21.25");
    b.expect_refused(write_reason::off_step);
    b.rules(mode).allowed = {"1", "2.5", "auto", "true"};
    b.command("boiler/mode", "3");
    b.expect_refused(write_reason::not_allowed);
    b.command("boiler/mode", "Auto");
    b.expect_refused(write_reason::not_allowed);

    SECTION("and what is just within them isn't") {
        for (const char* const payload : {"5", "90", "5.5", "20.0", "89.5"}) {
            CAPTURE(payload);
            bench other;
            other.rules(setpoint).step = 0.5;
            other.command("boiler/setpoint", payload);
            CHECK(other.writes.size() == 1);
        }
        for (const char* const payload : {"1", "1.0", "2.5", "auto", "true"}) {
            CAPTURE(payload);
            bench other;
            other.rules(mode).allowed = {"1", "2.5", "auto", "true"};
            other.command("boiler/mode", payload);
            CHECK(other.writes.size() == 1);
        }
    }
}

TEST_CASE("write refused: too great a change, or one that can't be known", "[gateway][write]") {
    bench b;
    b.rules(setpoint).max_change = 10;
    b.command("boiler/setpoint", "20");
    b.expect_refused(write_reason::current_unknown);
    b.reads(setpoint, value{20.0});
    b.command("boiler/setpoint", "31");
    b.expect_refused(write_reason::change_too_large);
    b.pass(20s);  // the reading is old
    b.command("boiler/setpoint", "30");
    b.expect_refused(write_reason::current_unknown);
    b.reads(setpoint, value{20.0});
    b.command("boiler/setpoint", "30");
    CHECK(b.writes.size() == 1);
}

TEST_CASE("write refused: too soon after the last", "[gateway][write]") {
    bench b;
    b.rules(setpoint).every = 5s;
    b.command("boiler/setpoint", "20");
    REQUIRE(b.writes.size() == 1);
    b.command("boiler/setpoint", "21");  // it is on the bus
    b.expect(write_stage::rejected, write_reason::too_soon);
    b.written();
    b.read_back({{setpoint, value{20.0}}});
    b.pass(4999ms);
    b.command("boiler/setpoint", "21");
    b.expect(write_stage::rejected, write_reason::too_soon);
    CHECK(b.writes.size() == 1);
    b.pass(1ms);
    b.command("boiler/setpoint", "21");
    CHECK(b.writes.size() == 2);
}

TEST_CASE("write refused: its time is over", "[gateway][write]") {
    bench b;
    SECTION("by ts and the point's ttl") {
        b.command("boiler/setpoint", R"({"value":20,"ts":)" + timestamp(morning_ms - 10'001) + "}");
        b.expect_refused(write_reason::expired);
    }
    SECTION("by ts and its own ttl") {
        b.command("boiler/setpoint", R"({"value":20,"ttl":"2s","ts":"2026-09-21T14:13:17.900Z"})");
        b.expect_refused(write_reason::expired);
    }
    SECTION("a minute old by ts, but it may be") {
        b.command("boiler/setpoint", R"({"value":20,"ttl":"2min","ts":"2026-09-21T16:12:20+02:00"})");
        CHECK(b.writes.size() == 1);
    }
    SECTION("by the message's expiry") {
        auto message = b.message("boiler/setpoint", "20");
        message.expiry = 0;
        b.command(message);
        b.expect_refused(write_reason::expired);
        message.expiry = 2;
        message.taken.monotonic_ms -= 2001;  // so long ago it came: the disk was busy
        b.command(message);
        b.expect_refused(write_reason::expired);
    }
    SECTION("by what it has waited for the disk") {
        auto message = b.message("boiler/setpoint", "20");
        message.taken.monotonic_ms -= 5001;
        b.command(message);
        b.expect_refused(write_reason::expired);
    }
    SECTION("by a ttl alone, from its arrival on") {
        auto message = b.message("boiler/setpoint", R"({"value":20,"ttl":300})");
        message.taken.monotonic_ms -= 301;
        b.command(message);
        b.expect_refused(write_reason::expired);
    }
    SECTION("it isn't made yet") {
        b.command("boiler/setpoint", R"({"value":20,"ts":)" + timestamp(morning_ms + 5001) + "}");
        b.expect_refused(write_reason::ts_ahead);
        b.command("boiler/setpoint", R"({"value":20,"ts":)" + timestamp(morning_ms + 5000) + "}");
        CHECK(b.writes.size() == 1);
    }
}

TEST_CASE("write refused: retained", "[gateway][write]") {
    bench b;
    auto message = b.message("boiler/setpoint", "20");
    message.retain = true;
    b.command(message);
    b.expect_refused(write_reason::retained);
}

TEST_CASE("write refused: it may be old, after a session that the broker has kept", "[gateway][write]") {
    bench b;
    b.engine.on_online(true, b.now());
    b.command("boiler/setpoint", "20");
    b.expect_refused(write_reason::ts_missing);
    b.pass(9s);
    b.command("boiler/setpoint", R"({"value":20,"ttl":"1h"})");  // from when on?
    b.expect_refused(write_reason::ts_missing);
    SECTION("more of them make it longer, but not for ever") {
        b.pass(1900ms);
        b.command("boiler/setpoint", "20");
        b.expect_refused(write_reason::ts_missing);
        for (int i = 0; i < 30; ++i) {
            b.pass(1900ms);
            b.command("boiler/setpoint", "20");
        }
        CHECK(b.writes.size() == 1);
    }
    SECTION("silence ends it") {
        b.pass(2001ms);
        b.command("boiler/setpoint", "20");
        CHECK(b.writes.size() == 1);
    }
    SECTION("a ts or an expiry says that it is young") {
        b.command("boiler/setpoint", R"({"value":20,"ts":)" + timestamp(morning_ms + 8900) + "}");
        CHECK(b.writes.size() == 1);
        auto message = b.message("boiler/pump", "true");
        message.expiry = 5;
        b.command(message);
        CHECK(b.news.size() == 2);  // the two above; this one waits
    }
    SECTION("a ts says nothing while the clock isn't set") {
        b.clock_is_set = false;
        b.command("boiler/setpoint", R"({"value":20,"ts":)" + timestamp(morning_ms) + "}");
        b.expect_refused(write_reason::clock_unset);
        b.pass(60s);
        b.command("boiler/setpoint", R"({"value":20,"ts":1})");  // believed, as is documented
        CHECK(b.writes.size() == 1);
    }
    SECTION("a new session has kept nothing") {
        b.engine.on_offline(b.now());
        b.engine.on_online(false, b.now());
        b.command("boiler/setpoint", "20");
        CHECK(b.writes.size() == 1);
    }
}

TEST_CASE("write refused: an id that was there", "[gateway][write]") {
    bench b;
    SECTION("while the first waits, and after it") {
        b.command("boiler/setpoint", R"({"value":20,"id":"a7"})");
        REQUIRE(b.writes.size() == 1);
        b.command("boiler/setpoint", R"({"value":20,"id":"a7"})");
        b.expect(write_stage::rejected, write_reason::duplicate);
        b.written();
        b.read_back({{setpoint, value{20.0}}});
        b.pass(1min);
        b.command("boiler/setpoint", R"({"value":30,"id":"a7"})");
        b.expect(write_stage::rejected, write_reason::duplicate);
        CHECK(b.writes.size() == 1);
        b.command("boiler/mode", R"({"value":30,"id":"a7"})");  // of another point
        CHECK(b.writes.size() == 2);
    }
    SECTION("in an earlier life") {
        bench before;
        before.command("boiler/setpoint", R"({"value":20,"id":7})");
        before.written(TIDEGATE_WRITE_UNANSWERED);
        before.pass(1min);
        REQUIRE(before.last().is_final);
        b.engine.know_sent({identity_in(audit_entry_of(before.last()))});
        b.command("boiler/setpoint", R"({"value":20,"id":"7"})");
        b.expect_refused(write_reason::duplicate);
    }
    SECTION("one of which nothing was sent may come again") {
        b.command("boiler/setpoint", R"({"value":20,"id":"a7"})");
        b.written(TIDEGATE_WRITE_BUS_DOWN);
        b.expect(write_stage::timeout, write_reason::offline);
        CHECK(identity_in(audit_entry_of(b.last())).empty());
        b.command("boiler/setpoint", R"({"value":20,"id":"a7"})");
        CHECK(b.writes.size() == 2);
    }
    SECTION("so many are remembered") {
        for (int i = 0; i < 1100; ++i) {
            b.command("boiler/mode", R"({"value":)" + std::to_string(i) + R"(,"id":)" + std::to_string(i) + "}");
            b.written();
            b.read_back({{mode, value{std::int64_t{i}}}});
            b.pass(2s);
        }
        REQUIRE(b.writes.size() == 1100);
        b.command("boiler/mode", R"({"value":1,"id":844})");  // the last 256
        b.expect(write_stage::rejected, write_reason::duplicate);
        b.command("boiler/mode", R"({"value":1,"id":1})");
        CHECK(b.writes.size() == 1101);
    }
}

TEST_CASE("write refused: the interlock", "[gateway][write]") {
    using comparison = config::interlock::comparison;
    auto config = plant();
    config.buses[0].devices[0].points[setpoint].writable->only_if = config::interlock{"supply", comparison::at_least, "40", {}};
    bench b(config);
    b.command("boiler/setpoint", "20");
    b.expect_refused(write_reason::interlock);
    b.reads(supply, value{std::int64_t{39}});
    b.command("boiler/setpoint", "20");
    b.expect_refused(write_reason::interlock);
    b.reads(supply, value{std::int64_t{40}});
    b.pass(11s);  // that was long ago
    b.command("boiler/setpoint", "20");
    b.expect_refused(write_reason::interlock);
    b.reads(supply, value{std::int64_t{40}});
    b.command("boiler/setpoint", "20");
    CHECK(b.writes.size() == 1);
}

TEST_CASE("write refused: dangerous, and not confirmed", "[gateway][write]") {
    bench b;
    b.rules(mode).dangerous = true;
    b.command("boiler/mode", "3");
    b.expect_refused(write_reason::not_confirmed);
    b.command("boiler/mode", R"({"value":3,"confirm":false})");
    b.expect_refused(write_reason::not_confirmed);
    b.command("boiler/mode", R"({"value":3,"confirm":true})");
    CHECK(b.writes.size() == 1);
}

TEST_CASE("write refused: it doesn't fit, as the adapter says before it sends anything", "[gateway][write]") {
    bench b;
    b.command("boiler/setpoint", "20.001");
    b.written(TIDEGATE_WRITE_REJECTED);
    b.expect(write_stage::rejected, write_reason::does_not_fit);
    CHECK(b.last().detail == "no room for it");
    CHECK(!b.last().sent);
}

TEST_CASE("write refused: too many wait for the bus", "[gateway][write]") {
    auto config = plant();
    config.buses[0].devices[0].points.clear();
    for (int i = 0; i < 40; ++i) config.buses[0].devices[0].points.push_back(writable("p" + std::to_string(i)));
    bench b(config);
    for (int i = 0; i < 33; ++i) b.command("boiler/p" + std::to_string(i), "1");
    CHECK(b.news.empty());  // one is on the bus, 32 wait
    b.command("boiler/p33", "1");
    b.expect(write_stage::rejected, write_reason::queue_full);
    b.command("boiler/p7", "2");  // takes an older one's place
    b.expect(write_stage::rejected, write_reason::superseded);
    CHECK(b.writes.size() == 1);
}

TEST_CASE("write refused: the gateway is being stopped", "[gateway][write]") {
    bench b;
    b.command("boiler/setpoint", "20");
    b.command("hall/fan", "1");
    b.engine.begin_stop(b.now());
    b.gather_all();
    b.expect(write_stage::rejected, write_reason::stopping);
    b.command("boiler/mode", "1");
    b.expect(write_stage::rejected, write_reason::stopping);
    b.written();  // that of the first had begun
    b.engine.finish_all(b.now());
    b.gather_all();
    b.expect(write_stage::accepted, write_reason::stopping);
    CHECK(b.writes.size() == 1);
}

TEST_CASE("write: whatever bytes come, nothing beyond the rules reaches the bus", "[gateway][write]") {
    std::mt19937_64 random(1);
    const std::vector<std::string> seeds{"21.5",
                                         "-0",
                                         "1e1",
                                         R"({"value":21.5,"id":"a7","ts":"2026-09-21T14:13:20.000Z","ttl":"5s","force":true})",
                                         R"({"value":"\u00e9\ud83d\ude00","confirm":true})",
                                         R"({"setpoint":9,"mode":[1,{"a":null}]})"};
    std::size_t sent = 0;
    for (int i = 0; i < 20'000; ++i) {
        bench b;
        std::string payload = seeds[random() % seeds.size()];
        for (auto n = random() % 4; n > 0 && !payload.empty(); --n) {
            const auto at = random() % payload.size();
            switch (random() % 3) {
                case 0:
                    payload[at] = static_cast<char>(random());
                    break;
                case 1:
                    payload.erase(at, 1 + random() % 3);
                    break;
                default:
                    payload.insert(at, 1, "0123456789.eE-+\"\\{}[],:"[random() % 24]);
            }
        }
        CAPTURE(payload);
        b.command(random() % 4 == 0 ? "boiler" : "boiler/setpoint", payload);
        for (const auto& order : b.writes)
            for (const auto& each : order.items) {
                if (each.point != setpoint) continue;
                const auto* real = std::get_if<double>(&each.value);
                const auto* whole = std::get_if<std::int64_t>(&each.value);
                REQUIRE((real != nullptr || whole != nullptr || std::holds_alternative<bool>(each.value)));
                if (real != nullptr) REQUIRE((*real >= 5 && *real <= 90));
                if (whole != nullptr) REQUIRE((*whole >= 5 && *whole <= 90));
                ++sent;
            }
        REQUIRE(b.writes.size() + b.news.size() == 1);
        if (!b.news.empty()) REQUIRE(audit_entry_of(b.news[0]).size() <= store::longest_audit_entry);
    }
    CHECK(sent > 1000);
}

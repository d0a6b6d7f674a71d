// tests/gateway/service/service_test.cpp: what systemd and those who look from afar are told: datagrams, hangs, how the last life
// ended.
#include <catch2/catch.hpp>

#include "gateway/service/health.hpp"
#include "gateway/service/resident_pages.hpp"
#include "gateway/service/service_notify.hpp"
#include "gateway/service/service_record.hpp"
#include "gateway/service/watchdog.hpp"

using namespace gateway;
using namespace std::chrono_literals;

namespace {
const auto origin = std::chrono::steady_clock::time_point{} + 1000s;
}

TEST_CASE("service_notify: the datagrams", "[gateway][service]") {
    CHECK(ready_text("all well") == "READY=1\nSTATUS=all well");
    CHECK(reloading_text(origin + 5us) == "RELOADING=1\nMONOTONIC_USEC=1000000005");
    CHECK(stopping_text("leaving") == "STOPPING=1\nSTATUS=leaving");
    CHECK(patience_text(30s) == "EXTEND_TIMEOUT_USEC=30000000");
    CHECK(status_text("a\nREADY=1") == "STATUS=a READY=1");  // one line, whatever is in it
    CHECK(in_words({true, "broker:1883", 1, 3, 0}) == "connected to broker:1883; 1 message queued; 3 devices online");
    CHECK(in_words({false, "broker:1883", 70, 1, 2}) ==
          "no connection to broker:1883; 70 messages queued; 1 device online, 2 offline");
}

TEST_CASE("service_notify: whose watchdog it is", "[gateway][service]") {
    CHECK(watchdog_of("30000000", nullptr, 7) == 30s);
    CHECK(watchdog_of("30000000", "7", 7) == 30s);
    CHECK_FALSE(watchdog_of("30000000", "8", 7));
    for (const auto* none : {"0", "-1", "", "1s", static_cast<const char*>(nullptr)}) CHECK_FALSE(watchdog_of(none, nullptr, 7));
}

TEST_CASE("service_notify: the status line is told when something matters, and the queue's length now and then",
          "[gateway][service]") {
    status_line line;
    service_figures now{true, "b", 0, 1, 0};
    CHECK(line.tell(now, origin));
    CHECK_FALSE(line.tell(now, origin + 1h));
    now.queued = 5;
    CHECK_FALSE(line.tell(now, origin + 9s));
    CHECK(line.tell(now, origin + 10s) == in_words(now));
    now.online = false;
    CHECK_FALSE(line.tell(now, origin + 10s + 500ms));
    CHECK(line.tell(now, origin + 11s) == in_words(now));
}

TEST_CASE("health: who is late, and only while the thread is there", "[gateway][service]") {
    health all;
    auto bus = all.add("bus meters");
    const auto store = all.add("store");
    CHECK(all.hanging(origin + 100h).empty());  // nothing to do isn't late
    bus->busy("poll", 70s, origin);
    CHECK(all.hanging(origin + 70s).empty());
    CHECK(all.hanging(origin + 71s) == std::vector<health::hang>{{"bus meters", "poll", 1s}});
    store->busy("commit", 60s, origin);
    CHECK(all.hanging(origin + 71s).size() == 2);
    bus->busy("work", 30s, origin + 71s);
    store->idle();
    CHECK(all.hanging(origin + 72s).empty());
    bus.reset();
    CHECK(all.hanging(origin + 100h).empty());
}

TEST_CASE("watchdog: fed only while nobody is late; each hang is told once", "[gateway][service]") {
    hang_news news;
    CHECK(news.look({}).feed);
    const std::vector<health::hang> one = {{"bus meters", "poll", 1s}};
    auto told = news.look(one);
    CHECK_FALSE(told.feed);
    CHECK(told.hangs == one);
    told = news.look({{"bus meters", "poll", 9s}, {"store", "commit", 1s}});
    CHECK_FALSE(told.feed);
    CHECK(told.hangs == std::vector<health::hang>{{"store", "commit", 1s}});
    told = news.look({{"store", "commit", 2s}});
    CHECK_FALSE(told.feed);
    CHECK(told.again == std::vector<std::string>{"bus meters"});
    told = news.look({});
    CHECK(told.feed);
    CHECK(told.again == std::vector<std::string>{"store"});
}

TEST_CASE("service_record: starts that no orderly stop went before", "[gateway][service]") {
    const auto first = record_of_start({}, "boot1");
    CHECK(first == service_record{1, 0, last_stop::none, "boot1"});
    const auto crashed = record_of_start({memory_of_running(first)}, "boot1");
    CHECK(crashed == service_record{2, 1, last_stop::crash, "boot1"});
    const auto again = record_of_start({{"other", "x"}, memory_of_running(crashed)}, "boot1");
    CHECK(again == service_record{3, 2, last_stop::crash, "boot1"});
    CHECK(record_of_start({memory_of_running(again)}, "boot2") == service_record{4, 3, last_stop::power_loss, "boot2"});
    CHECK(record_of_start({memory_of_long_run(again)}, "boot1") == service_record{4, 1, last_stop::crash, "boot1"});
    CHECK(record_of_start({memory_of_stop(again)}, "boot1") == service_record{4, 0, last_stop::orderly, "boot1"});
    for (const auto* damaged : {"", "running", "running x 1 b", "stopped 1"})
        CHECK(record_of_start({{"service", damaged}}, "b").starts == 1);
    for (const auto& each : {memory_of_running(again), memory_of_long_run(again), memory_of_stop(again)})
        CHECK(store::is_memory(each));
}

TEST_CASE("service_record: the retained status", "[gateway][service]") {
    const store::stamp started{1'795'378'510'123, 42'000, true};
    CHECK(status_of({12, 2, last_stop::crash, "b"}, started, "1.0") ==
          R"({"version":"1.0","started":"2026-11-22T20:15:10.123Z","starts":12,"crashes_in_a_row":2,"last_stop":"crash"})");
}

TEST_CASE("resident_pages: only files' pages that nobody has written to", "[gateway][service]") {
    const auto mapping = [](const char* head, const char* anonymous) {
        return std::string(head) + "\nSize: 8 kB\nPrivate_Dirty: 0 kB\nAnonymous:             " + anonymous +
               " kB\nVmFlags: rd ex mr\n";
    };
    const std::string text = mapping("1000-3000 r-xp 00001000 08:01 12    /usr/lib/one.so", "0") +
                             mapping("3000-4000 r--p 00002000 08:01 12    /usr/lib/one.so", "4") +  // linked, then made read-only
                             mapping("4000-5000 rw-p 00003000 08:01 12    /usr/lib/one.so", "0") +
                             mapping("5000-6000 r--s 00000000 08:01 13    /var/lib/shared", "0") +
                             mapping("6000-7000 r-xp 00000000 00:00 0     [vdso]", "0") +
                             mapping("8000-9000 r--p 00000000 00:00 0 ", "0") +
                             mapping("a000-b000 r--p 00000000 08:01 14    /a path/with blanks", "0");
    CHECK(clean_files_in(text) == std::vector<page_range>{{0x1000, 0x3000}, {0xa000, 0xb000}});
    CHECK(lies_in(clean_files_in(text), 0x1000));
    CHECK(lies_in(clean_files_in(text), 0xafff));
    CHECK_FALSE(lies_in(clean_files_in(text), 0x3000));
    CHECK_FALSE(lies_in({}, 0x1000));
    CHECK(clean_files_in("").empty());
    CHECK(clean_files_in("nonsense\nAnonymous: 0 kB\n-\nx-y z").empty());
    release_start_pages();  // the test goes on
}

// tests/gateway/bus/adapter_process_test.cpp: adapters that aren't ours, in processes of their own: what they do wrong stays
// theirs. Not here: whole gateways with them (tests/system/plugin_test.py).
#include "gateway/bus/adapter_process.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <thread>

#include "gateway/bus/adapter_host.hpp"
#include "gateway/bus/adapter_wire.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace gateway;

namespace {

config::outcome read_config(const adapter_host& adapters, const std::string& bus) {
    return config::read("gateway: { id: g }\nmqtt: { url: \"mqtt://127.0.0.1\" }\nbuses:\n  line:\n" + bus +
                            "    devices:\n      d:\n        every: 1s\n        points: { a: {}, b: {} }\n",
                        adapters.vocabularies());
}

/// The adapters that the tests bring along, run by the real program.
struct plugins {
    adapter_host adapters;
    explicit plugins(const adapter_patience& patience = {})
        : adapters((choose(), foreign_adapters::own_processes), TIDEGATE_PROGRAM, patience) {}
    static void choose() {
        setenv("ASAN_OPTIONS", "handle_segv=0:handle_abort=0", 1);  // of the program that is started: a crash shall be a crash
        setenv("TSAN_OPTIONS", "handle_segv=0:handle_abort=0", 1);
        setenv("TIDEGATE_ADAPTERS", TIDEGATE_TEST_PLUGINS, 1);
    }
    std::vector<config::diagnostic> faults;
    std::optional<config::file> config;

    std::unique_ptr<adapter_bus> bus(const std::string& name, const std::string& more = "") {
        auto read = read_config(adapters, "    adapter: " + name + "\n" + more);
        for (const auto& each : read.diagnostics) INFO(each.message);
        REQUIRE(read.config);
        config = std::move(read.config);
        return adapters.find(name)->open(config->buses[0], faults);
    }
};

adapter_bus::poll_result poll(adapter_bus& bus, std::vector<std::uint32_t> points = {0, 1}) {
    std::vector<tidegate_candidate> candidates;
    for (const auto point : points) candidates.push_back({point, 0, 0, 1'000'000'000});
    adapter_bus::poll_result result;
    bus.poll(candidates, false, result);
    return result;
}

const std::vector<reading> first_readings{{0, std::int64_t{1}}, {1, std::int64_t{1}}};

}  // namespace

TEST_CASE("adapter process: a foreign adapter is found, read and polled", "[gateway][adapter_process]") {
    plugins with;
    CHECK(with.adapters.problems().empty());
    const auto bus = with.bus("misbehaving");
    REQUIRE(bus);
    CHECK(bus->can_write() == false);
    CHECK(poll(*bus).readings == first_readings);
    CHECK(poll(*bus, {1}).readings == std::vector<reading>{{1, std::int64_t{2}}});
}

TEST_CASE("adapter process: one built with the first header of this interface works as it did", "[gateway][adapter_process]") {
    const auto where = GENERATE(foreign_adapters::own_processes, foreign_adapters::this_process);
    setenv("TIDEGATE_ADAPTERS", TIDEGATE_TEST_PLUGINS, 1);
    const adapter_host adapters(where, TIDEGATE_PROGRAM);
    const auto read = read_config(adapters, "    adapter: previous\n");
    REQUIRE(read.config);
    std::vector<config::diagnostic> faults;
    const auto bus = adapters.find("previous")->open(read.config->buses[0], faults);
    REQUIRE(bus);
    bus->recall(0, "what it can't know");
    CHECK(bus->can_write() == false);
    CHECK(bus->write(std::vector<adapter_bus::write_item>{{0, true}}, false).outcome == TIDEGATE_WRITE_REJECTED);
    CHECK(poll(*bus).readings == first_readings);
}

TEST_CASE("adapter process: what crashes, is told, and starts anew", "[gateway][adapter_process]") {
    plugins with;
    SECTION("by a signal, each time") {
        const auto bus = with.bus("misbehaving", "    deed: crash\n");
        REQUIRE(bus);
        for (int i = 0; i < 2; ++i) {
            const auto result = poll(*bus);
            CHECK(result.outcome == TIDEGATE_BUS_DOWN);
            CHECK(result.note == "the adapter's process ended by signal 11 (Segmentation fault)");
            CHECK(result.readings.empty());
        }
    }
    SECTION("by an exit") {
        const auto bus = with.bus("misbehaving", "    deed: exit\n");
        CHECK(poll(*bus).note == "the adapter's process ended with code 3");
    }
    SECTION("once, and goes on") {
        const support::temporary_folder folder;
        const auto bus = with.bus("misbehaving", "    deed: crash_once\n    once: " + folder.file("crashed") + "\n");
        CHECK(poll(*bus).outcome == TIDEGATE_BUS_DOWN);
        CHECK(poll(*bus).readings == first_readings);
    }
    SECTION("while it is made") {
        CHECK(with.bus("misbehaving", "    deed: crash_in_create\n") == nullptr);
        REQUIRE(with.faults.size() == 1);
        CHECK(with.faults[0].message == "the adapter's process ended by signal 6 (Aborted)");
        CHECK(with.faults[0].where == config::position{4, 3});
    }
    SECTION("without a bus and without a word") {
        CHECK(with.bus("misbehaving", "    deed: empty_create\n") == nullptr);
        REQUIRE(with.faults.size() == 1);
        CHECK(with.faults[0].message == "adapter misbehaving refused this bus without saying why");
    }
}

TEST_CASE("adapter process: a hang ends with an interruption, though the adapter doesn't listen", "[gateway][adapter_process]") {
    plugins with;
    const auto bus = with.bus("misbehaving", "    deed: hang\n");
    REQUIRE(bus);
    std::thread impatient([&] { bus->interrupt(); });
    const auto result = poll(*bus);
    impatient.join();
    CHECK(result.outcome == TIDEGATE_INTERRUPTED);
}

TEST_CASE("adapter process: what hangs is ended when its time is over, told, and started anew", "[gateway][adapter_process]") {
    SECTION("in a poll") {
        // Starting and making the bus may take what they take: only the poll is hurried.
        plugins with({.call = std::chrono::milliseconds(50)});
        const auto bus = with.bus("misbehaving", "    deed: hang\n");
        REQUIRE(bus);
        for (int i = 0; i < 2; ++i) {
            const auto result = poll(*bus);
            CHECK(result.outcome == TIDEGATE_BUS_DOWN);
            CHECK(result.note == "the adapter didn't come back in time; its process was ended");
        }
    }
    SECTION("while it is made") {
        plugins found;
        // The adapters are looked at with patience; the one that hangs is opened without.
        std::string why;
        const auto hurried = process_adapter::look_at(TIDEGATE_TEST_PLUGINS "/misbehaving.so", TIDEGATE_PROGRAM,
                                                      {.reply = std::chrono::seconds(3)}, why);
        REQUIRE(hurried);
        auto read = read_config(found.adapters, "    adapter: misbehaving\n    deed: hang_in_create\n");
        REQUIRE(read.config);
        std::vector<config::diagnostic> faults;
        CHECK(hurried->open(read.config->buses[0], faults) == nullptr);
        REQUIRE(faults.size() == 1);
        CHECK(faults[0].message == "the adapter didn't come back in time; its process was ended");
    }
}

TEST_CASE("adapter process: lies are dropped", "[gateway][adapter_process]") {
    plugins with;
    SECTION("points that nobody asked for, unknown kinds, endless texts") {
        const auto bus = with.bus("misbehaving", "    deed: lie\n");
        const auto result = poll(*bus, {0});
        CHECK(result.readings.size() <= 2);
        for (const auto& each : result.readings) CHECK(each.point == 0);
        REQUIRE(result.failures.size() == 1);
        CHECK(result.failures[0].reason == "a text of 1048576 bytes is too long");
    }
    SECTION("more readings than points") {
        const auto bus = with.bus("misbehaving", "    deed: flood\n");
        CHECK(poll(*bus).readings.size() <= 4);
    }
    SECTION("an outcome that there isn't") {
        const auto bus = with.bus("misbehaving", "    deed: nonsense_outcome\n");
        CHECK(poll(*bus).outcome == TIDEGATE_DEVICE_SILENT);
    }
    SECTION("what it learned is handed over") {
        const auto bus = with.bus("misbehaving", "    deed: learn\n");
        CHECK(poll(*bus).learned == std::vector<std::pair<std::size_t, std::string>>{{0, "holes 1 2 3"}});
    }
}

TEST_CASE("adapter wire: frames come out as they went in, however they arrive; nonsense is seen", "[gateway][adapter_wire]") {
    const std::string two = framed(wire_kind::poll, "abc") + framed(wire_kind::plan, "");
    std::string received;
    std::vector<std::string> contents;
    bool bad = false;
    for (const char byte : two) {
        received += byte;
        while (const auto frame = take_frame(received, bad)) contents.push_back(frame->content);
    }
    CHECK(contents == std::vector<std::string>{"abc", ""});
    CHECK_FALSE(bad);
    std::string nonsense(16, '\xff');
    CHECK_FALSE(take_frame(nonsense, bad));
    CHECK(bad);
}

TEST_CASE("adapter wire: every value survives; a cut message is bad and no more", "[gateway][adapter_wire]") {
    adapter_bus::poll_result result;
    result.outcome = TIDEGATE_DONE;
    result.readings = {{0, no_value{}}, {1, true}, {2, std::int64_t{-5}},         {3, std::uint64_t{1} << 63},
                       {4, 21.5f},      {5, 0.1},  {6, std::string("grün\0x", 7)}};
    result.failures = {{7, "exception 2"}};
    result.learned = {{1, "x"}};
    result.exchanges = {{sizeof(tidegate_exchange), 1, TIDEGATE_EXCEPTION, 6, 12'000'000}};
    result.note = "note";
    const std::string bytes = to_wire(result);
    adapter_bus::poll_result back;
    wire_reader whole(bytes);
    poll_result_from(whole, back);
    CHECK_FALSE(whole.bad());
    CHECK(back.readings == result.readings);
    CHECK(back.learned == result.learned);
    REQUIRE(back.exchanges.size() == 1);
    CHECK(back.exchanges[0].exception == 6);
    CHECK(back.exchanges[0].turnaround == 12'000'000);
    CHECK(back.note == "note");
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        wire_reader cut(std::string_view(bytes).substr(0, size));
        poll_result_from(cut, back);
        CHECK(cut.bad());
    }
}

TEST_CASE("adapter wire: a length beyond 32 bits is bad and not its lower half", "[gateway][adapter_wire]") {
    const std::string bytes = wire_writer().number((std::uint64_t{1} << 32) + 2).text("ab").take();
    wire_reader text(bytes), count(bytes);
    CHECK(text.text().empty());
    CHECK(text.bad());
    CHECK(count.count() == 0);
    CHECK(count.bad());
}

// tests/adapters/modbus_rehearsal_test.cpp: simulated devices misbehave as the config and the commands say, and take writes.
// Not here: the values by themselves (modbus_simulate_test.cpp), sockets (server_test.cpp).
#include "adapters/modbus/rehearsal.hpp"

#include <catch2/catch.hpp>

#include "tests/adapters/modbus_points_config.hpp"

using namespace modbus;
using namespace test;
using Catch::Matchers::Contains;
using heed = rehearsed_devices::heed;

namespace {

using bytes = std::vector<std::uint8_t>;

struct rehearsed {
    explicit rehearsed(pairs of_device = {}, pairs of_bus = {}) {
        pairs bus{{"tcp.host", "127.0.0.1"}, {"timeout", "200ms"}};
        bus.insert(bus.end(), of_bus.begin(), of_bus.end());
        pairs device{{"unit", "3"}};
        device.insert(device.end(), of_device.begin(), of_device.end());
        const std::vector<point_lines> points{{"supply", {{"holding", "10"}, {"type", "float32"}}},
                                              {"hours", {{"holding", "13"}, {"type", "uint16"}, {"scale", "0.5"}}},
                                              {"flag", {{"holding", "14"}, {"bit", "2"}}},
                                              {"mode", {{"input", "20"}, {"type", "uint16"}, {"enum", "1=running"}}},
                                              {"pump", {{"coil", "1"}}}};
        const built_config config({std::move(bus), {{"boiler", std::move(device), points}}});
        fault_list faults;
        tidegate::faults to(faults.abi);
        definition = read_definition(config.get(), to);
        lines = faults.lines;
        devices = std::make_unique<rehearsed_devices>(definition, [this] { return now; });
    }
    std::uint8_t read(table from, std::uint16_t address, std::uint16_t count) {
        held.assign(count, 0);
        return devices->read({3, from, address, count}, held);
    }
    std::uint8_t write(table to, std::uint16_t address, std::vector<std::uint16_t> values) {
        return devices->write({3, to, address, values});
    }
    heed say(const std::string& line) { return devices->command(line, said); }
    std::vector<departure> leave(envelope how = envelope::rtu) {
        const bytes pdu{3, 4, 1, 2, 3, 4};
        return devices->departures(how, 3, request, close_frame(how, 7, 3, pdu));
    }

    bus_definition definition;
    std::vector<std::string> lines;
    nanoseconds now{std::chrono::seconds(100)};
    std::unique_ptr<rehearsed_devices> devices;
    std::vector<std::uint16_t> held;
    std::string said;
    const bytes request = close_frame(envelope::rtu, 0, 3, bytes{3, 0, 10, 0, 2});
    const bytes good = close_frame(envelope::rtu, 0, 3, bytes{3, 4, 1, 2, 3, 4});
};

constexpr nanoseconds ms(std::int64_t count) { return nanoseconds(count * 1'000'000); }

}  // namespace

TEST_CASE("rehearsal: percentages", "[modbus][rehearsal]") {
    CHECK(parse_percentage("5%") == 50'000);
    CHECK(parse_percentage("0.25%") == 2'500);
    CHECK(parse_percentage("100%") == always);
    CHECK(parse_percentage("0%") == 0);
    for (const char* wrong : {"5", "%", "101%", "100.0001%", "-1%", "1.%", "1.23456%", "1e2%", "5 %", ".5%"})
        CHECK_FALSE(parse_percentage(wrong));
}

TEST_CASE("rehearsal: writes are what is read afterwards", "[modbus][rehearsal]") {
    rehearsed plant;
    CHECK(plant.write(table::holding, 10, {0x41AC, 0}) == 0);
    CHECK(plant.read(table::holding, 10, 2) == 0);
    CHECK(plant.held == std::vector<std::uint16_t>{0x41AC, 0});
    CHECK(plant.write(table::coil, 1, {1}) == 0);
    CHECK(plant.read(table::coil, 1, 1) == 0);
    CHECK(plant.held == std::vector<std::uint16_t>{1});
    CHECK(plant.write(table::holding, 12, {1}) == 2);        // no point
    CHECK(plant.write(table::holding, 13, {1, 2, 3}) == 2);  // one too many
    CHECK(plant.say("clear boiler") == heed::done);
    CHECK(plant.read(table::holding, 10, 2) == 0);
    CHECK(plant.held != std::vector<std::uint16_t>{0x41AC, 0});
}

TEST_CASE("rehearsal: devices that refuse or ignore writes, and give little at once", "[modbus][rehearsal]") {
    rehearsed deaf(pairs{{"simulate.ignore_writes", "true"}});
    deaf.definition.devices[0].simulated.ignore_writes = true;  // the test's config reader doesn't know booleans
    deaf.devices = std::make_unique<rehearsed_devices>(deaf.definition, [&] { return deaf.now; });
    CHECK(deaf.write(table::holding, 13, {77}) == 0);
    CHECK(deaf.read(table::holding, 13, 1) == 0);
    CHECK(deaf.held != std::vector<std::uint16_t>{77});

    rehearsed small(pairs{{"simulate.max_read", "2"}});
    CHECK(small.lines.empty());
    CHECK(small.read(table::holding, 10, 2) == 0);
    CHECK(small.read(table::holding, 10, 3) == 3);
    CHECK(small.read(table::holding, 11, 2) == 0);  // 12 is between points
    small.definition.devices[0].simulated.holes = true;
    small.definition.devices[0].simulated.read_only = true;
    small.devices = std::make_unique<rehearsed_devices>(small.definition, [&] { return small.now; });
    CHECK(small.read(table::holding, 11, 2) == 2);
    CHECK(small.read(table::holding, 13, 2) == 0);
    CHECK(small.write(table::holding, 13, {1}) == 2);
}

TEST_CASE("rehearsal: answers as they should be, and when", "[modbus][rehearsal]") {
    rehearsed plant(pairs{{"simulate.turnaround", "20ms"}});
    const auto leaves = plant.leave();
    REQUIRE(leaves.size() == 1);
    CHECK(leaves[0].bytes == plant.good);
    CHECK(leaves[0].after == ms(20));
    CHECK_FALSE(leaves[0].hangs_up);
}

TEST_CASE("rehearsal: each mishap", "[modbus][rehearsal]") {
    rehearsed plant;
    const auto only = [&](const std::string& fault) {
        CHECK(plant.say("clear") == heed::done);
        CHECK(plant.say("fault boiler " + fault) == heed::done);
        return plant.leave();
    };
    CHECK(only("late 100%")[0].after == ms(300));
    CHECK(only("late 100% by 2s")[0].after == ms(2000));
    CHECK(only("drop").empty());
    const auto garbled = only("garble 100%");
    CHECK(garbled[0].bytes.size() == plant.good.size());
    CHECK_FALSE(rtu_check_fits(garbled[0].bytes));
    CHECK(only("truncate 100%")[0].bytes.size() < plant.good.size());
    CHECK(only("noise 100%")[0].bytes.size() > plant.good.size());
    const auto foreign = only("foreign 100%");
    REQUIRE(foreign.size() == 2);
    CHECK(rtu_check_fits(foreign[0].bytes));
    CHECK(foreign[0].bytes[0] == 4);
    CHECK(foreign[1].bytes == plant.good);
    const auto echo = only("echo 100%");
    REQUIRE(echo.size() == 2);
    CHECK(echo[0].bytes == plant.request);
    CHECK(only("disconnect 100%")[0].hangs_up);
    CHECK(only("exception 100% code 6").size() == 1);
    CHECK(plant.read(table::holding, 10, 2) == 6);
    CHECK(plant.write(table::holding, 13, {1}) == 6);
    CHECK(only("silent 2s").empty());
    plant.now += ms(1999);
    CHECK(plant.leave().empty());
    plant.now += ms(1);
    CHECK(plant.leave().size() == 1);
}

TEST_CASE("rehearsal: chances are kept, and one seed is one course of things", "[modbus][rehearsal]") {
    const auto course = [](const std::string& seed) {
        rehearsed plant(pairs{}, pairs{{"simulate.drop", "10%"}});
        CHECK(plant.say("seed " + seed) == heed::done);
        std::string dropped;
        for (int i = 0; i < 10'000; ++i) dropped += plant.leave().empty() ? 'x' : '.';
        return dropped;
    };
    const std::string one = course("1");
    CHECK(std::count(one.begin(), one.end(), 'x') > 900);
    CHECK(std::count(one.begin(), one.end(), 'x') < 1100);
    CHECK(one == course("1"));
    CHECK(one != course("2"));
}

TEST_CASE("rehearsal: a device that dies", "[modbus][rehearsal]") {
    rehearsed plant(pairs{{"simulate.dead_after", "5s"}});
    CHECK(plant.leave().size() == 1);
    plant.now += ms(4999);
    CHECK(plant.leave().size() == 1);
    plant.now += ms(1);
    CHECK(plant.leave().empty());
}

TEST_CASE("rehearsal: set", "[modbus][rehearsal]") {
    rehearsed plant;
    CHECK(plant.say("set boiler.supply 21.5") == heed::done);
    CHECK(plant.read(table::holding, 10, 2) == 0);
    CHECK(plant.held == std::vector<std::uint16_t>{0x41AC, 0});
    CHECK(plant.say("set boiler.hours 7.5") == heed::done);
    CHECK(plant.read(table::holding, 13, 1) == 0);
    CHECK(plant.held == std::vector<std::uint16_t>{15});
    CHECK(plant.write(table::holding, 14, {0xFF00}) == 0);
    CHECK(plant.say("set boiler.flag true") == heed::done);
    CHECK(plant.read(table::holding, 14, 1) == 0);
    CHECK(plant.held == std::vector<std::uint16_t>{0xFF04});
    CHECK(plant.say("set boiler.mode running") == heed::done);
    CHECK(plant.read(table::input, 20, 1) == 0);
    CHECK(plant.held == std::vector<std::uint16_t>{1});
    CHECK(plant.say("set boiler.pump off") == heed::done);
    CHECK(plant.say("set boiler.hours -1") == heed::wrong);
    CHECK(plant.say("set boiler.supply warm") == heed::wrong);
    CHECK_THAT(plant.said, Contains("warm"));
    CHECK(plant.say("set boiler.nothing 1") == heed::not_mine);
}

TEST_CASE("rehearsal: what isn't understood is told what would be right", "[modbus][rehearsal]") {
    rehearsed plant;
    for (const char* line :
         {"fault boiler explode", "fault boiler late 200%", "fault boiler late often", "fault boiler late 5% by soon",
          "fault boiler exception 5% code 0", "fault boiler drop 5% by 2s", "fault boiler silent long", "seed x", "jump"}) {
        CAPTURE(line);
        CHECK(plant.say(line) == heed::wrong);
        CHECK_FALSE(plant.said.empty());
    }
    CHECK(plant.say("fault kettle drop 5%") == heed::not_mine);
    CHECK(plant.say("clear kettle") == heed::not_mine);
    CHECK(plant.say("  ") == heed::not_mine);
    CHECK(plant.leave().size() == 1);
}

TEST_CASE("rehearsal: the device's word in the config counts more than the bus's", "[modbus][rehearsal]") {
    rehearsed plant({{"simulate.late", "1%"}, {"simulate.drop", "0%"}},
                    {{"simulate.late", "7%"}, {"simulate.drop", "50%"}, {"simulate.noise", "3%"}});
    const auto& chances = plant.definition.devices[0].simulated.chances;
    CHECK(chances[static_cast<std::size_t>(mishap::late)] == 10'000);
    CHECK(chances[static_cast<std::size_t>(mishap::drop)] == 0);
    CHECK(chances[static_cast<std::size_t>(mishap::noise)] == 30'000);
    const rehearsed wrong({{"simulate.late", "often"}}, {{"simulate.echo", "200%"}});
    CHECK(wrong.lines.size() == 2);
}

// tests/adapters/modbus_simulate_test.cpp: simulated devices show what simulate.hpp says, through the same encodings.
// Not here: the wire.
#include "adapters/modbus/simulate.hpp"

#include <catch2/catch.hpp>

#include "adapters/modbus/point_values.hpp"
#include "tests/adapters/modbus_points_config.hpp"

using namespace modbus;
using namespace test;

namespace {

constexpr nanoseconds s(std::int64_t count) { return nanoseconds(count * 1'000'000'000); }

struct twin {
    explicit twin(std::vector<device_lines> devices) {
        const built_config config({{{"tcp.host", "127.0.0.1"}}, std::move(devices)});
        fault_list faults;
        tidegate::faults to(faults.abi);
        definition = read_definition(config.get(), to);
        CHECK(faults.lines == std::vector<std::string>{});
        source = std::make_unique<simulated_devices>(definition, [this] { return now; });
    }
    /// A point's value, read with a request of its own.
    value read(std::size_t index) {
        const auto& which = definition.points[index];
        std::vector<std::uint16_t> registers(which.count);
        const read_request request{definition.devices[which.device].unit, which.from, which.address, which.count};
        REQUIRE(source->read(request, registers) == 0);
        const auto decoded = decode(which.how, registers);
        CHECK(decoded.failure.empty());
        return decoded.value;
    }
    std::uint8_t status(read_request request) {
        std::vector<std::uint16_t> registers(request.count);
        return source->read(request, registers);
    }
    bus_definition definition;
    nanoseconds now{0};
    std::unique_ptr<simulated_devices> source;
};

device_lines one(std::vector<point_lines> points) { return {"meter", {{"unit", "3"}}, std::move(points)}; }

}  // namespace

TEST_CASE("simulate: a counter counts the requests that cover it", "[modbus][simulate]") {
    twin plant({one({{"counter", {{"holding", "0"}, {"type", "uint32"}, {"order", "CDAB"}}},
                     {"byte_counter", {{"holding", "2"}, {"type", "int8"}}},
                     {"digits_counter", {{"holding", "3"}, {"type", "bcd16"}, {"scale", "0.1"}}},
                     {"float_counter", {{"holding", "4"}, {"type", "float32"}}},
                     {"counter_bit", {{"holding", "6"}, {"bit", "0"}}}})});
    CHECK(plant.read(0) == value(std::uint64_t{1}));
    CHECK(plant.read(0) == value(std::uint64_t{2}));
    CHECK(plant.read(1) == value(std::int64_t{1}));
    CHECK(plant.read(2) == value(0.1));
    CHECK(plant.status({3, table::holding, 0, 7}) == 0);
    CHECK(plant.read(0) == value(std::uint64_t{4}));
    SECTION("a request that covers only a part doesn't count") {
        CHECK(plant.status({3, table::holding, 1, 2}) == 0);
        CHECK(plant.read(0) == value(std::uint64_t{5}));
    }
    SECTION("wraps at its type") {
        while (plant.read(1) != value(std::int64_t{127})) {
        }
        CHECK(plant.read(1) == value(std::int64_t{-128}));
        for (int i = 0; i < 9997; ++i) plant.status({3, table::holding, 3, 1});
        CHECK(plant.read(2) == value(0.0));
        CHECK(plant.read(2) == value(0.1));
    }
    SECTION("floats and bits don't count") {
        CHECK(plant.read(3) == plant.read(3));
        CHECK(plant.read(4) == plant.read(4));
    }
}

TEST_CASE("simulate: the others move by time alone", "[modbus][simulate]") {
    twin plant({one({{"voltage", {{"input", "0"}, {"type", "uint16"}, {"scale", "0.1"}}},
                     {"temperature", {{"input", "1"}, {"type", "int16"}, {"scale", "0.1"}}},
                     {"power", {{"input", "2"}, {"type", "float32"}, {"order", "DCBA"}}},
                     {"energy", {{"input", "4"}, {"type", "uint64"}}},
                     {"mode", {{"input", "8"}, {"type", "uint16"}, {"enum", "0=off"}, {"enum", "7=auto"}, {"enum", "9=manual"}}},
                     {"name", {{"input", "9"}, {"type", "string"}, {"length", "5"}}},
                     {"pump", {{"coil", "4"}}},
                     {"flag", {{"input", "14"}, {"bit", "3"}}}})});
    CHECK(plant.read(0) == value(200.0));
    CHECK(plant.read(1) == value(-0.7));                   // 7 s up: -100 + 400 × 7 / 30 = -6.67, cut towards the low end
    CHECK(plant.read(2) == value(218.6f));                 // 14 s up: 2000 + 400 × 14 / 30 = 2186.67
    CHECK(plant.read(3) == value(std::uint64_t{124400}));  // 21 s up: 123000 + 2000 × 21 / 30
    CHECK(plant.read(4) == value(std::string("auto")));    // 4 mod 3
    CHECK(plant.read(5) == value(std::string("meter 0")));
    CHECK(plant.read(6) == value(false));
    CHECK(plant.read(7) == value(true));
    plant.now = s(15);
    CHECK(plant.read(0) == value(220.0));
    CHECK(plant.read(4) == value(std::string("auto")));
    CHECK(plant.read(5) == value(std::string("meter 1")));
    CHECK(plant.read(6) == value(true));
    CHECK(plant.read(7) == value(false));
    plant.now = s(30);
    CHECK(plant.read(0) == value(240.0));
    plant.now = s(45);
    CHECK(plant.read(0) == value(220.0));
    plant.now = s(60);
    CHECK(plant.read(0) == value(200.0));
    plant.now = s(1005);
    CHECK(plant.read(5) == value(std::string("meter 0")));
}

TEST_CASE("simulate: every type shows a value that its encoding can hold", "[modbus][simulate]") {
    std::vector<point_lines> points;
    int address = 0;
    for (const auto& type : type_rows()) {
        if (type.form == number_form::boolean) continue;
        pairs keys{{"holding", std::to_string(address)}, {"type", std::string(type.name)}};
        if (type.registers == 0) keys.emplace_back("length", "4");
        points.push_back({std::string(type.name), keys});
        address += 6;
    }
    twin plant({one(points)});
    for (int second = 0; second < 61; ++second) {
        plant.now = s(second);
        for (std::size_t i = 0; i < points.size(); ++i) CHECK_FALSE(std::holds_alternative<no_value>(plant.read(i)));
    }
}

TEST_CASE("simulate: clocks, bytes, flags and fields", "[modbus][simulate]") {
    twin plant({one({{"clock", {{"holding", "0"}, {"type", "datetime6"}}},
                     {"utc", {{"holding", "6"}, {"type", "cp56time2a"}, {"utc", "true"}}},
                     {"mac", {{"holding", "10"}, {"type", "bytes"}, {"length", "3"}}},
                     {"alarms", {{"holding", "13"}, {"flags", "0=door"}, {"flags", "9=water"}}},
                     {"mode", {{"holding", "14"}, {"bits", "4-6"}}},
                     {"level_counter", {{"holding", "15"}, {"bits", "0-3"}}}})});
    plant.now = s(26 * 3600 + 61) + nanoseconds(7'000'000);
    const auto steps = static_cast<unsigned>((26 * 3600 + 61) / 5);
    CHECK(plant.read(0) == value(std::string("2026-01-02T02:01:01")));
    CHECK(std::get<std::string>(plant.read(1)) == "2026-01-02T02:01:01.007Z");
    CHECK(plant.read(2) == value(std::string("00000000492E")));  // 0x492E = steps + 2
    CHECK(steps + 2 == 0x492E);
    CHECK(plant.read(3) == value(std::string((steps + 3) % 2 == 0 ? "door" : "water")));
    CHECK(plant.read(4) == value(std::uint64_t{6}));  // 0 to 7, 29 s up: 7 × 29 / 30
    for (int i = 0; i < 15; ++i) plant.status({3, table::holding, 15, 1});
    CHECK(plant.read(5) == value(std::uint64_t{0}));
}

TEST_CASE("simulate: values in several places, factors and counters that wrap", "[modbus][simulate]") {
    twin plant({one({{"split", {{"holding", "30"}, {"continued_at", "20"}, {"type", "uint32"}}},
                     {"power", {{"holding", "25"}, {"type", "int16"}, {"scale_register.holding", "27"}}},
                     {"exponent", {{"holding", "27"}, {"type", "int16"}}},
                     {"current", {{"input", "5"}, {"type", "uint16"}, {"ratio_register.holding", "40"}}},
                     {"pulse_counter", {{"holding", "35"}, {"type", "uint16"}, {"wrap", "3"}}}})});
    point_values values(plant.definition);
    const auto registers = [&](std::uint16_t address, std::uint16_t count, table from = table::holding) {
        std::vector<std::uint16_t> got(count);
        REQUIRE(plant.source->read({3, from, address, count}, got) == 0);
        return got;
    };
    const auto read = [&](std::uint32_t index) {
        const auto& which = plant.definition.points[index];
        const std::vector<std::uint32_t> points{index};
        for (const auto& where : values.wanted(points, plant.now))
            values.told(where, registers(where.address, where.count, where.from), plant.now);
        const auto result = values.read(index, registers(which.address, which.count, which.from), plant.now);
        CHECK(result.failure.empty());
        return result.value;
    };
    CHECK(read(0) == value(std::uint64_t{123000}));
    CHECK(registers(20, 1) == std::vector<std::uint16_t>{123000 % 65536});
    CHECK(read(1) == value(-0.7));              // -7, in tenths
    CHECK(read(2) == value(std::int64_t{-1}));  // the factor decides
    CHECK(read(3) == value(40.0 * 2280));       // 21 s up: 2000 + 400 × 21 / 30
    CHECK(read(4) == value(std::uint64_t{1}));
    CHECK(read(4) == value(std::uint64_t{2}));
    CHECK(read(4) == value(std::uint64_t{3}));  // the register is 0 again
    CHECK(registers(35, 1) == std::vector<std::uint16_t>{1});
    CHECK(plant.status({3, table::holding, 41, 1}) == 2);  // behind the last factor
}

TEST_CASE("simulate: shared registers, gaps and what isn't there", "[modbus][simulate]") {
    twin plant({one({{"status", {{"holding", "10"}, {"type", "uint16"}}},
                     {"alarm", {{"holding", "10"}, {"bit", "5"}}},
                     {"high", {{"holding", "12"}, {"type", "uint8_high"}}},
                     {"low", {{"holding", "12"}, {"type", "uint8"}}},
                     {"run", {{"holding", "13"}, {"bit", "0"}}},
                     {"stop", {{"holding", "13"}, {"bit", "1"}}}}),
                {"other", {{"unit", "4"}}, {{"x", {{"coil", "7"}}}}}});
    SECTION("the first point decides a register's bits, and the others agree") {
        const auto status = std::get<std::uint64_t>(plant.read(0));
        CHECK(status == 2000);  // bit 5 is 0 in it, and 1 in the second point's own wave
        CHECK(plant.read(1) == value((status >> 5 & 1) != 0));
        CHECK(plant.read(2) == value(std::uint64_t{47}));  // 14 s up: 10 + 80 × 14 / 30
        CHECK(plant.read(3) == value(std::uint64_t{66}));  // 21 s
        CHECK(plant.read(4) == value(false));
        CHECK(plant.read(5) == value(true));
    }
    SECTION("gaps hold 0, the outside is refused") {
        std::vector<std::uint16_t> registers(4, 0xAAAA);
        CHECK(plant.source->read({3, table::holding, 10, 4}, registers) == 0);
        CHECK(registers[1] == 0);
        CHECK(plant.status({3, table::holding, 9, 2}) == 2);
        CHECK(plant.status({3, table::holding, 13, 2}) == 2);
        CHECK(plant.status({3, table::input, 10, 1}) == 2);
        CHECK(plant.status({4, table::holding, 10, 1}) == 2);
        CHECK(plant.status({4, table::coil, 7, 1}) == 0);
        CHECK(plant.status({3, table::holding, 65535, 1}) == 2);
    }
    CHECK(plant.source->has_unit(3));
    CHECK(plant.source->has_unit(4));
    CHECK_FALSE(plant.source->has_unit(5));
}

TEST_CASE("simulate: null patterns are passed over, and long names cut", "[modbus][simulate]") {
    twin plant({{"K\xC3\xBChlhaus",
                 {{"unit", "1"}},
                 {{"a", {{"holding", "0"}, {"type", "uint16"}, {"null", "2000"}, {"null", "2001"}}},
                  {"b_counter", {{"holding", "1"}, {"type", "uint16"}, {"null", "2"}}},
                  {"c", {{"holding", "2"}, {"type", "string"}, {"length", "2"}}},
                  {"d", {{"holding", "4"}, {"type", "string"}, {"length", "8"}, {"charset", "ascii"}}},
                  {"e", {{"holding", "12"}, {"type", "string8"}, {"length", "1"}}}}}});
    CHECK(plant.read(0) == value(std::uint64_t{2002}));
    CHECK(plant.read(1) == value(std::uint64_t{1}));
    CHECK(plant.read(1) == value(std::uint64_t{3}));
    CHECK(plant.read(2) == value(std::string("K 0")));  // half an ü would not do
    CHECK(plant.read(3) == value(std::string("unit 1 0")));
    CHECK(plant.read(4) == value(std::string("0")));
}

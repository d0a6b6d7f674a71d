// tests/adapters/modbus_point_values_test.cpp: values in several places, factors that the device tells, counters that wrap: how
// the config says it, what is read for it, and what it comes to. Not here: the wire (modbus_adapter_test.cpp).
#include "adapters/modbus/point_values.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/adapters/modbus_points_config.hpp"

using namespace modbus;
using namespace test;
using words = std::vector<std::uint16_t>;

namespace {

constexpr nanoseconds s(std::int64_t count) { return nanoseconds(count * 1'000'000'000); }

struct read_config {
    bus_definition definition;
    std::vector<std::string> faults;
};
read_config read(const pairs& keys, pairs device = {}) {
    device.emplace_back("unit", "1");
    const built_config config({{{"tcp.host", "h"}}, {{"d", device, {{"p", keys}}}}});
    fault_list list;
    tidegate::faults to(list.abi);
    auto definition = read_definition(config.get(), to);
    return {std::move(definition), list.lines};
}

bus_definition definition_of(const pairs& keys, const pairs& device = {}) {
    auto result = read(keys, device);
    CHECK(result.faults == std::vector<std::string>{});
    return std::move(result.definition);
}

std::string fault_of(const pairs& keys, const pairs& device = {}) {
    const auto result = read(keys, device);
    REQUIRE(result.faults.size() == 1);
    return result.faults[0];
}

std::string reach(const point& which) { return protocol_range(which.from, which.address, which.count); }

value natural(std::uint64_t number) { return number; }

}  // namespace

// ---- Addresses ---------------------------------------------------------------------------------------------------------

TEST_CASE("point values: a device whose documents count from 1", "[modbus][points]") {
    const auto at = [](const char* key, const char* address) {
        return definition_of({{key, address}, {"type", "uint16"}}, {{"base", "1"}}).points[0].address;
    };
    CHECK(at("holding", "1") == 0);
    CHECK(at("input", "3000") == 2999);
    CHECK(at("register", "40001") == 0);  // counts from 1 anyway
    CHECK(definition_of({{"coil", "17"}}, {{"base", "1"}}).points[0].address == 16);
    CHECK(definition_of({{"holding", "17"}, {"type", "uint16"}}, {{"base", "0"}}).points[0].address == 17);
    CHECK(fault_of({{"holding", "0"}, {"type", "uint16"}}, {{"base", "1"}}) ==
          "point 0 holding: holding 0 is out of range: protocol addresses are 1..65536, as base of device \"d\" is 1");
}

// ---- Values in several places ------------------------------------------------------------------------------------------

TEST_CASE("point values: a value whose registers aren't neighbours is read in one request", "[modbus][points]") {
    const auto two = definition_of({{"register", "40010"}, {"continued_at", "40020"}, {"type", "uint32"}}).points[0];
    CHECK(reach(two) == "holding 9..19");
    CHECK(own_addresses(two) == words{9, 19});
    CHECK(first_of_neighbours(two) == std::nullopt);
    words registers(11);
    registers[0] = 0x0001;
    registers[10] = 0x0002;
    registers[5] = 0xFFFF;
    CHECK(decode(two.how, own_registers(two, registers)).value == natural(0x10002));
    SECTION("the first written is the first of the value, wherever it lies") {
        const auto back = definition_of({{"input", "0x14"}, {"continued_at", "10"}, {"type", "uint32"}}).points[0];
        CHECK(reach(back) == "input 10..20");
        CHECK(own_addresses(back) == words{20, 10});
        words there(11);
        there[0] = 2;
        there[10] = 1;
        CHECK(decode(back.how, own_registers(back, there)).value == natural(0x10002));
    }
    SECTION("of more than two registers, and in order CDAB") {
        const auto four =
            definition_of(
                {{"holding", "4"}, {"continued_at", "0x2"}, {"continued_at", "6"}, {"type", "uint48"}, {"order", "CDAB"}})
                .points[0];
        CHECK(reach(four) == "holding 2..6");
        CHECK(own_addresses(four) == words{4, 2, 6});
        CHECK(decode(four.how, own_registers(four, words{2, 9, 3, 9, 1})).value == natural(0x1'0002'0003));
    }
    SECTION("neighbours after all") {
        const auto usual = definition_of({{"holding", "4"}, {"continued_at", "5"}, {"type", "int32"}}).points[0];
        CHECK(first_of_neighbours(usual) == 4);
        CHECK(first_of_neighbours(definition_of({{"holding", "4"}, {"type", "int64"}}).points[0]) == 4);
    }
    SECTION("base 1") {
        const auto based = definition_of({{"holding", "5"}, {"continued_at", "9"}, {"type", "int32"}}, {{"base", "1"}}).points[0];
        CHECK(own_addresses(based) == words{4, 8});
    }
    SECTION("broken") {
        const auto fault = [](pairs keys, const pairs& device = {}) {
            return fault_of(keys, device).substr(std::string("point 0 ").size());
        };
        CHECK(fault({{"holding", "4"}, {"continued_at", "9"}, {"type", "int64"}}) ==
              "continued_at: an int64 has 4 registers, and here are 2 addresses: that of the first and one for each further "
              "register");
        CHECK(fault({{"holding", "4"}, {"continued_at", "9"}, {"type", "int16"}}) ==
              "continued_at: an int16 has 1 register, and here are 2 addresses: that of the first and one for each further "
              "register");
        CHECK(fault({{"holding", "4"}, {"continued_at", "4"}, {"type", "int32"}}) ==
              "continued_at: register 4 is part of the value already");
        CHECK(fault({{"register", "40004"}, {"continued_at", "30009"}, {"type", "int32"}}) ==
              "continued_at: all registers of a value are of one table, input or holding");
        CHECK(fault({{"register", "40004"}, {"continued_at", "9"}, {"type", "int32"}})
                  .find("continued_at: register 9 has neither") == 0);
        for (const auto* bad : {"40x", "-1", "65536", "", "0x", "1.5"}) {
            CAPTURE(bad);
            CHECK(fault({{"holding", "4"}, {"continued_at", bad}, {"type", "int32"}}) ==
                  "continued_at: " + std::string(bad) + " is no protocol address, as holding is: write a number of 0..65535");
        }
        CHECK(fault({{"holding", "4"}, {"continued_at", "200"}, {"type", "int32"}}) ==
              "continued_at: the registers lie too far apart for one request (197 from the first to the last; max_read of device "
              "\"d\" is "
              "125): a value read in two would be wrong whenever it changes in between");
        CHECK(fault({{"holding", "4"}, {"continued_at", "9"}, {"type", "int32"}}, {{"max_gap", "3"}})
                  .find("max_gap of device \"d\" is 3") != std::string::npos);
        CHECK(fault({{"coil", "4"}, {"continued_at", "9"}}) ==
              "continued_at: continued_at is for registers: a coil is one bit, true or false");
    }
}

// ---- Factors -----------------------------------------------------------------------------------------------------------

TEST_CASE("point values: a scale register near the value is read with it", "[modbus][points]") {
    auto definition =
        definition_of({{"register", "40073"}, {"type", "int16"}, {"null", "0x8000"}, {"scale_register.register", "40077"}});
    CHECK(reach(definition.points[0]) == "holding 72..76");
    CHECK(first_of_neighbours(definition.points[0]) == 72);
    point_values values(definition);
    const auto read = [&](std::uint16_t raw, std::uint16_t exponent) {
        const auto result = values.read(0, words{raw, 0xDEAD, 0xDEAD, 0xDEAD, exponent}, s(0));
        CHECK(result.failure.empty());
        return result.value;
    };
    CHECK(read(2304, 0xFFFF) == value(230.4));  // 10^-1
    CHECK(read(3, 0xFFFE) == value(0.03));
    CHECK(read(0xFFFB, 3) == value(-5000.0));
    CHECK(read(7, 0) == value(std::int64_t{7}));  // times 1: an integer stays one
    CHECK(read(2304, 0xFFF6) == value(2.304e-7));
    CHECK(read(0x8000, 0xFFFF) == value(no_value{}));
    CHECK(read(2304, 0x8000) == value(no_value{}));  // SunSpec: not implemented
    CHECK(values.read(0, words{1, 0, 0, 0, 11}, s(0)).failure ==
          "its scale register is of no use: it holds 11, and a power of ten goes from -10 to 10 (holding 76, 40077)");
    CHECK(values.wanted(std::vector<std::uint32_t>{0}, s(0)).empty());
    SECTION("with the point's own scale and offset, which is not multiplied") {
        definition.points[0].how.scale = *scaling::make({5, -1}, {-40, 0});
        CHECK(read(100, 0xFFFF) == value(-35.0));
    }
    SECTION("is written with what was read last") {
        CHECK(values.encode(0, 21.4, s(0)).failure ==
              "its scale register is of no use: it holds 11, and a power of ten goes from -10 to 10 (holding 76, 40077)");
        read(0, 0xFFFF);
        CHECK(values.encode(0, 21.4, s(299)).registers == words{214});
        CHECK(values.encode(0, 21.43, s(0)).failure == "21.43 lies between 21.4 and 21.5");
        CHECK(values.encode(0, 21.4, s(300)).failure ==
              "the factor that its register tells isn't known: it hasn't been read, or isn't given");
    }
}

TEST_CASE("point values: every raw number at every power of ten is the decimal that it looks like", "[modbus][points]") {
    const auto definition = definition_of({{"holding", "0"}, {"type", "int32"}, {"scale_register.holding", "2"}});
    point_values values(definition);
    std::mt19937_64 random(10);
    for (int i = 0; i < 5000; ++i) {
        const auto raw = static_cast<std::int32_t>(random());
        const int exponent = static_cast<int>(random() % 21) - 10;
        const auto bits = static_cast<std::uint32_t>(raw);
        const words reach{static_cast<std::uint16_t>(bits >> 16), static_cast<std::uint16_t>(bits),
                          static_cast<std::uint16_t>(exponent)};
        const auto read = values.read(0, reach, s(0));
        if (exponent == 0) {
            REQUIRE(read.value == value(std::int64_t{raw}));
            continue;
        }
        REQUIRE(std::get<double>(read.value) ==
                std::strtod((std::to_string(raw) + "e" + std::to_string(exponent)).c_str(), nullptr));
        REQUIRE(values.encode(0, read.value, s(0)).registers == words{reach[0], reach[1]});
    }
}

TEST_CASE("point values: ratios", "[modbus][points]") {
    SECTION("of a current transformer, with a scale of its own") {
        const auto definition = definition_of({{"input", "10"},
                                               {"type", "uint16"},
                                               {"scale", "0.001"},
                                               {"ratio_register.input", "8"},
                                               {"ratio_register.scale", "0.1"}});
        CHECK(reach(definition.points[0]) == "input 8..10");
        point_values values(definition);
        CHECK(values.read(0, words{600, 0, 1234}, s(0)).value == value(74.04));  // 1.234 A × 60.0
        CHECK(values.read(0, words{0, 0, 1234}, s(0)).failure == "its ratio register is of no use: it holds 0 (input 8, 30009)");
    }
    SECTION("as a float, of a float, and together with a scale register") {
        const auto definition = definition_of({{"holding", "0"},
                                               {"type", "float32"},
                                               {"ratio_register.holding", "2"},
                                               {"ratio_register.type", "float32"},
                                               {"ratio_register.order", "CDAB"},
                                               {"scale_register.holding", "4"}});
        point_values values(definition);
        // 230.1 × 0.1 × 10^3: 0.1 = 0x3DCCCCCD
        CHECK(values.read(0, words{0x4366, 0x199A, 0xCCCD, 0x3DCC, 3}, s(0)).value == value(23010.0f));
        CHECK(values.read(0, words{0x4366, 0x199A, 0, 0x7FC0, 3}, s(0)).value == value(no_value{}));
    }
    SECTION("beyond 18 digits are rounded there, which a double doesn't show") {
        CHECK(product({999'999'999'999'999'999, 0}, {999'999'999'999'999'999, 0}) == decimal{999'999'999'999'999'998, 18});
        CHECK(product({-25, -1}, {4, 0}) == decimal{-1, 1});
        CHECK(product({0, 0}, {4, 3}) == decimal{0, 0});
        CHECK(scaling::make({1, -22}, {0, 0})->times({1, -1}) == std::nullopt);
    }
}

TEST_CASE("point values: a factor that lies apart is remembered, and never guessed", "[modbus][points]") {
    const pairs far{{"holding", "0"}, {"type", "uint16"}, {"scale_register.holding", "2019"}};
    const auto definition = definition_of(far);
    CHECK(reach(definition.points[0]) == "holding 0");
    CHECK(definition.points[0].factors[0].apart);
    point_values values(definition);
    const std::vector<std::uint32_t> all{0};
    const auto wanted = values.wanted(all, s(0));
    REQUIRE(wanted.size() == 1);
    CHECK(wanted[0] == point_values::place{0, table::holding, 2019, 1});
    values.not_told(wanted[0], "no answer in time");
    CHECK(values.read(0, words{5}, s(0)).failure ==
          "its scale register couldn't be read: no answer in time (holding 2019, 42020)");
    values.told(wanted[0], words{0xFFFF}, s(10));
    CHECK(values.read(0, words{5}, s(11)).value == value(0.5));
    CHECK(values.wanted(all, s(69)).empty());
    CHECK(values.wanted(all, s(70)) == wanted);
    values.not_told(wanted[0], "exception 6: device busy");
    CHECK(values.read(0, words{5}, s(309)).value == value(0.5));
    CHECK(values.read(0, words{5}, s(310)).failure ==
          "its scale register couldn't be read: exception 6: device busy (holding 2019, 42020)");
    SECTION("so is one of the other table, behind a gap that the device forbids, or beyond what it gives at once") {
        CHECK(definition_of({{"input", "0"}, {"type", "uint16"}, {"scale_register.holding", "1"}}).points[0].factors[0].apart);
        const pairs near{{"holding", "0"}, {"type", "uint16"}, {"scale_register.holding", "5"}};
        CHECK(definition_of(near, {{"max_gap", "3"}}).points[0].factors[0].apart);
        CHECK_FALSE(definition_of(near, {{"max_gap", "4"}}).points[0].factors[0].apart);
        CHECK(definition_of(near, {{"max_read", "5"}}).points[0].factors[0].apart);
        CHECK_FALSE(definition_of(near, {{"max_read", "6"}}).points[0].factors[0].apart);
    }
    SECTION("a factor may bring another near") {
        const auto both =
            definition_of(
                {{"holding", "0"}, {"type", "uint16"}, {"scale_register.holding", "6"}, {"ratio_register.holding", "3"}},
                {{"max_gap", "2"}})
                .points[0];
        CHECK_FALSE(both.factors[0].apart);
        CHECK_FALSE(both.factors[1].apart);
        CHECK(reach(both) == "holding 0..6");
    }
}

TEST_CASE("point values: factors that can't be", "[modbus][points]") {
    const auto fault = [](pairs keys) { return fault_of(keys).substr(std::string("point 0 ").size()); };
    const auto with = [](pairs keys) {
        keys.insert(keys.begin(), {{"holding", "1"}, {"type", "uint16"}});
        return keys;
    };
    CHECK(fault(with({{"ratio_register.scale", "0.1"}})) ==
          "ratio_register: ratio_register needs its address: register: 40108 (Modicon notation), or holding: 107, or input: 107");
    CHECK(fault(with({{"scale_register.register", "00017"}})) ==
          "scale_register.register: scale_register is a register, not a coil");
    CHECK(fault(with({{"scale_register.holding", "1"}, {"scale_register.input", "1"}})) ==
          "scale_register.input: a point lies at one place: holding or input, not both");
    CHECK(fault(with({{"scale_register.register", "17"}})).find("scale_register.register: register 17 has neither") == 0);
    CHECK(fault(with({{"ratio_register.holding", "1"}, {"ratio_register.order", "ABC"}})) ==
          "ratio_register.order: order ABC doesn't fit a uint16: write one of AB, BA");
    CHECK(fault(with({{"ratio_register.holding", "1"}, {"ratio_register.scale", "0"}})) ==
          "ratio_register.scale: scale must be a decimal number other than 0 of at most 18 digits, such as 0.1, not 0");
    CHECK(fault(with({{"ratio_register.holding", "65535"}, {"ratio_register.type", "uint32"}})) ==
          "ratio_register: ratio_register would run past the last address, 65535");
    CHECK(fault(with({{"bit", "1"}, {"scale_register.holding", "2"}})) ==
          "scale_register: scale_register is for numbers, not for texts, times, bits, flags or an enum");
    CHECK(fault({{"holding", "1"}, {"type", "unix32"}, {"ratio_register.holding", "2"}}) ==
          "ratio_register: ratio_register is for numbers, not for texts, times, bits, flags or an enum");
    CHECK(fault({{"coil", "1"}, {"scale_register.holding", "2"}}) ==
          "scale_register: scale_register is for registers: a coil is one bit, true or false");
}

// ---- Counters ----------------------------------------------------------------------------------------------------------

TEST_CASE("point values: a counter counts on when it wraps", "[modbus][points]") {
    const auto definition = definition_of({{"holding", "0"}, {"type", "uint16"}, {"wrap", "10000"}, {"null", "0xFFFF"}});
    point_values values(definition);
    const auto read = [&](std::uint16_t raw) { return values.read(0, words{raw}, s(0)); };
    CHECK(read(9990).value == natural(9990));
    CHECK(read(9999).value == natural(9999));
    CHECK(read(4).value == natural(10004));
    CHECK(read(0xFFFF).value == value(no_value{}));
    CHECK(read(4).value == natural(10004));
    CHECK(read(5003).value == natural(15003));
    CHECK(read(2).value == natural(20002));  // by 5001 of 10000: round
    CHECK(read(5002).value == natural(25002));
    CHECK(read(2).value == natural(2));  // by 5000: set back
    CHECK(read(7).value == natural(7));
    CHECK(read(10000).failure == "the counter shows 10000, and is said to wrap at 10000");
    SECTION("scaled") {
        const auto scaled = definition_of({{"holding", "0"}, {"type", "uint32"}, {"scale", "0.1"}, {"wrap", "0x100000000"}});
        point_values others(scaled);
        CHECK(others.read(0, words{0xFFFF, 0xFFFF}, s(0)).value == value(429496729.5));
        CHECK(others.read(0, words{0, 1}, s(0)).value == value(429496729.7));
    }
    SECTION("goes on while its factor isn't known") {
        const auto apart =
            definition_of({{"holding", "0"}, {"type", "uint16"}, {"wrap", "65536"}, {"scale_register.input", "0"}});
        point_values others(apart);
        const point_values::place where{0, table::input, 0, 1};
        CHECK_FALSE(others.read(0, words{65535}, s(0)).failure.empty());
        CHECK_FALSE(others.read(0, words{0}, s(0)).failure.empty());
        others.told(where, words{1}, s(0));
        CHECK(others.read(0, words{1}, s(0)).value == value(655370.0));
    }
    SECTION("broken") {
        const auto fault = [](pairs keys) { return fault_of(keys).substr(std::string("point 0 wrap: ").size()); };
        const std::string only = "wrap is for counters: numbers without a sign, without bit, flags or enum";
        CHECK(fault({{"holding", "0"}, {"type", "int16"}, {"wrap", "100"}}) == only);
        CHECK(fault({{"holding", "0"}, {"type", "float32"}, {"wrap", "100"}}) == only);
        CHECK(fault({{"holding", "0"}, {"bit", "1"}, {"wrap", "100"}}) == only);
        CHECK(fault({{"holding", "0"}, {"type", "uint16"}, {"wrap", "65537"}}) ==
              "wrap 65537 is never reached by a uint16, which goes to 65535");
        CHECK(fault({{"coil", "0"}, {"wrap", "100"}}) == "wrap is for registers: a coil is one bit, true or false");
    }
}

TEST_CASE("point values: a counter's total is what was counted, whatever its steps", "[modbus][points]") {
    const auto definition = definition_of({{"holding", "0"}, {"type", "m10k32"}, {"wrap", "1000000"}});
    point_values values(definition);
    std::mt19937_64 random(99);
    std::uint64_t truth = random() % 1'000'000;
    for (int i = 0; i < 2000; ++i) {
        const auto shown = truth % 1'000'000;
        const words registers{static_cast<std::uint16_t>(shown / 10000), static_cast<std::uint16_t>(shown % 10000)};
        REQUIRE(values.read(0, registers, s(i)).value == natural(truth));
        truth += random() % 499'999;
    }
}

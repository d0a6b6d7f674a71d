// tests/adapters/modbus_write_test.cpp: values written: which request they become, what goes around it, what comes of it.
// Not here: the wire (link_line_write_test.cpp, link_mbap_test.cpp).
#include <catch2/catch.hpp>

#include "tests/adapters/support/direct_bus.hpp"

using namespace test;
using tidegate::integer_value;
using tidegate::write_outcome;
using status = enum modbus::answer::status;

namespace {

const pairs serial{{"serial.port", "/dev/ttyUSB0"}};

point_lines named(const std::string& name, pairs keys) { return {name, std::move(keys)}; }

/// Unit 3 with these points.
bus_lines device_with(std::vector<point_lines> points, pairs device_keys = {}, const std::string& unit = "3") {
    device_keys.insert(device_keys.begin(), {"unit", unit});
    return {serial, {{"boiler", device_keys, std::move(points)}}};
}

bus_lines usual() {
    return device_with({
        named("setpoint", {{"holding", "120"}, {"type", "int16"}, {"scale", "0.1"}}),                    // 0
        named("energy", {{"holding", "130"}, {"type", "uint32"}, {"order", "CDAB"}}),                    // 1
        named("pump", {{"coil", "7"}}),                                                                  // 2
        named("alarm", {{"holding", "140"}, {"bit", "4"}}),                                              // 3
        named("mode", {{"holding", "121"}, {"type", "uint16"}, {"enum", "1=auto"}, {"enum", "2=off"}}),  // 4
        named("input", {{"input", "1"}, {"type", "uint16"}}),                                            // 5
        named("contact", {{"discrete", "1"}}),                                                           // 6
        named("low", {{"holding", "140"}, {"type", "int8_high"}}),                                       // 7
        named("valve", {{"coil", "8"}}),                                                                 // 8
        named("far", {{"holding", "200"}, {"type", "uint16"}}),                                          // 9
        named("name", {{"holding", "150"}, {"type", "string"}, {"length", "2"}}),                        // 10
        named("ratio", {{"holding", "160"}, {"type", "float32"}}),                                       // 11
        named("other bit", {{"holding", "140"}, {"bit", "0"}}),                                          // 12
    });
}

}  // namespace

TEST_CASE("write: the function that fits the value", "[modbus][write]") {
    direct_bus on(usual());
    SECTION("a register") {
        CHECK(on.write(0, tidegate::float64_value(32.1)) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 6, 0, 120, 1, 0x41}});
        CHECK(on.said == list{"sending function 6, holding 120 = 0x0141"});
    }
    SECTION("a negative one") {
        CHECK(on.write(0, integer_value(-4)) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 6, 0, 120, 0xFF, 0xD8}});
    }
    SECTION("two registers, swapped, in one request") {
        CHECK(on.write(1, tidegate::unsigned_value(0x12345678)) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 16, 0, 130, 0, 2, 4, 0x56, 0x78, 0x12, 0x34}});
        CHECK(on.said == list{"sending function 16, holding 130..131 = 0x5678 0x1234"});
    }
    SECTION("a coil") {
        CHECK(on.write(2, tidegate::boolean_value(true)) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 5, 0, 7, 0xFF, 0}});
        CHECK(on.said == list{"sending function 5, coil 7 = 1"});
        CHECK(on.write(2, integer_value(0)) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 5, 0, 7, 0, 0}});
    }
    SECTION("a bit") {
        CHECK(on.write(3, tidegate::boolean_value(true)) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 22, 0, 140, 0xFF, 0xEF, 0, 0x10}});
        CHECK(on.said == list{"sending function 22, holding 140, bits 0x0010 = 0x0010"});
        CHECK(on.write(3, tidegate::boolean_value(false)) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 22, 0, 140, 0xFF, 0xEF, 0, 0}});
    }
    SECTION("half a register") {
        CHECK(on.write(7, integer_value(-2)) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 22, 0, 140, 0, 0xFF, 0xFE, 0}});
    }
    SECTION("a name, a text, a float") {
        CHECK(on.write(4, tidegate::text_value("off")) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 6, 0, 121, 0, 2}});
        CHECK(on.write(10, tidegate::text_value("ab")) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 16, 0, 150, 0, 2, 4, 'a', 'b', 0, 0}});
        CHECK(on.write(11, tidegate::float32_value(1.5f)) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 16, 0, 160, 0, 2, 4, 0x3F, 0xC0, 0, 0}});
    }
}

TEST_CASE("write: what can't be written is rejected, and the bus sees nothing", "[modbus][write]") {
    direct_bus on(usual());
    const auto rejected = [&](const std::vector<std::pair<std::uint32_t, tidegate_value>>& values) {
        CHECK(on.write(values) == write_outcome::rejected);
        CHECK(on.line.asked.empty());
        REQUIRE(on.said.size() == 1);
        const std::string why = on.said[0];
        CHECK(on.write(values, true) == write_outcome::rejected);
        CHECK(on.said == list{why});
        return why;
    };
    CHECK(rejected({{5, integer_value(1)}}) == "point \"input\" is an input register, which nobody can write");
    CHECK(rejected({{6, integer_value(1)}}) == "point \"contact\" is a discrete input, which nobody can write");
    CHECK(rejected({{0, tidegate::float64_value(21.37)}}).starts_with("point \"setpoint\": "));
    CHECK(rejected({{0, integer_value(4000)}}).starts_with("point \"setpoint\": out of range"));
    CHECK(rejected({{0, tidegate::text_value("hot")}}).starts_with("point \"setpoint\": "));
    CHECK(rejected({{0, tidegate::null_value()}}) == "point \"setpoint\": there is no value to write");
    CHECK(rejected({{11, tidegate::float64_value(std::numeric_limits<double>::quiet_NaN())}}).find("finite") !=
          std::string::npos);
    CHECK(rejected({{2, integer_value(2)}}).starts_with("point \"pump\": "));
    CHECK(rejected({{0, integer_value(1)}, {2, integer_value(1)}}) == "coils and registers can't be written in one request");
    CHECK(rejected({{0, integer_value(1)}, {9, integer_value(1)}}) ==
          "values that are written together must lie side by side, with nothing between them: holding 120..200 has registers "
          "that are none of theirs");
    CHECK(rejected({{0, integer_value(1)}, {0, integer_value(2)}}) ==
          "point \"setpoint\" lies where another value of the same command does");
}

TEST_CASE("write: only asked whether it could be, nothing is sent", "[modbus][write]") {
    direct_bus on(usual());
    CHECK(on.write({{0, integer_value(1)}}, true) == write_outcome::accepted);
    CHECK(on.line.asked.empty());
    CHECK(on.said == list{"sending function 6, holding 120 = 0x000A"});  // what would go out
}

TEST_CASE("write: a group is one request", "[modbus][write]") {
    direct_bus on(usual());
    SECTION("of registers, in whatever order they come") {
        CHECK(on.write({{4, tidegate::text_value("auto")}, {0, integer_value(2)}}) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 16, 0, 120, 0, 2, 4, 0, 20, 0, 1}});
    }
    SECTION("of coils") {
        CHECK(on.write({{8, integer_value(1)}, {2, integer_value(0)}}) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 15, 0, 7, 0, 2, 1, 2}});
        CHECK(on.said == list{"sending function 15, coil 7..8 = 0 1"});
    }
    SECTION("of bits of one register") {
        CHECK(on.write({{3, integer_value(1)}, {12, integer_value(0)}}) == write_outcome::accepted);
        CHECK(on.line.asked == std::vector<bytes>{{3, 22, 0, 140, 0xFF, 0xEE, 0, 0x10}});
    }
}

TEST_CASE("write: the function that the point asks for", "[modbus][write]") {
    direct_bus on(device_with({
        named("one by 16", {{"holding", "1"}, {"type", "uint16"}, {"write_function", "16"}}),
        named("coil by 15", {{"coil", "1"}, {"write_function", "15"}}),
        named("bit by rmw", {{"holding", "2"}, {"bit", "1"}, {"write_function", "rmw"}}),
        named("bit by 22", {{"holding", "2"}, {"bit", "2"}, {"write_function", "22"}}),
        named("by 6", {{"holding", "0"}, {"type", "uint16"}, {"write_function", "6"}}),
    }));
    CHECK(on.write(0, integer_value(5)) == write_outcome::accepted);
    CHECK(on.line.asked == std::vector<bytes>{{3, 16, 0, 1, 0, 1, 2, 0, 5}});
    CHECK(on.write(1, integer_value(1)) == write_outcome::accepted);
    CHECK(on.line.asked == std::vector<bytes>{{3, 15, 0, 1, 0, 1, 1, 1}});
    on.line.device = [](const modbus::transaction& what) {
        return what.pdu[0] == 3 ? taken({3, 2, 0xF0, 0x0D}) : repeated(what);
    };
    CHECK(on.write(2, integer_value(1)) == write_outcome::accepted);
    CHECK(on.line.asked == std::vector<bytes>{{3, 3, 0, 2, 0, 1}, {3, 6, 0, 2, 0xF0, 0x0F}});
    CHECK(on.said == list{"sending function 6, holding 2 = 0xF00F"});
    on.line.device = [](const modbus::transaction&) { return exception(1); };
    CHECK(on.write(3, integer_value(1)) == write_outcome::refused);  // asked for, so nothing else is tried
    CHECK(on.line.asked.size() == 1);
    CHECK(on.write({{0, integer_value(1)}, {4, integer_value(1)}}) == write_outcome::rejected);
    CHECK(on.said == list{"the points of this command have different write_function: write them one by one"});
}

TEST_CASE("write: a device without function 22 has its register read, changed and written", "[modbus][write]") {
    direct_bus on(usual());
    on.line.device = [](const modbus::transaction& what) {
        if (what.pdu[0] == 22) return exception(1);
        return what.pdu[0] == 3 ? taken({3, 2, 0x12, 0x34}) : repeated(what);
    };
    CHECK(on.write(3, integer_value(0)) == write_outcome::accepted);
    CHECK(on.line.asked ==
          std::vector<bytes>{{3, 22, 0, 140, 0xFF, 0xEF, 0, 0}, {3, 3, 0, 140, 0, 1}, {3, 6, 0, 140, 0x12, 0x24}});
    CHECK(on.write(3, integer_value(1)) == write_outcome::accepted);  // and is not asked about it again
    CHECK(on.line.asked == std::vector<bytes>{{3, 3, 0, 140, 0, 1}, {3, 6, 0, 140, 0x12, 0x34}});
    SECTION("if it can't be read, nothing is written") {
        on.line.device = [](const modbus::transaction&) { return failed(status::silent, true, "no answer within 500 ms"); };
        CHECK(on.write(3, integer_value(1)) == write_outcome::bus_down);
        CHECK(on.line.asked.size() == 1);
        CHECK(on.said ==
              list{"to read the register of which some bits are written: no answer within 500 ms; nothing was written"});
    }
    SECTION("nor if that is refused") {
        on.line.device = [](const modbus::transaction&) { return exception(2); };
        CHECK(on.write(3, integer_value(1)) == write_outcome::refused);
        CHECK(on.line.asked.size() == 1);
    }
}

TEST_CASE("write: what the device says", "[modbus][write]") {
    direct_bus on(usual());
    const auto with = [&](const modbus::answer& answer) {
        on.line.device = [&](const modbus::transaction&) { return answer; };
        const auto outcome = on.write(0, integer_value(1));
        CHECK(on.line.asked.size() == 1);  // never again of our own accord
        if (!on.said.empty() && on.said[0].starts_with("sending")) on.said.erase(on.said.begin());
        return outcome;
    };
    CHECK(with(exception(5)) == write_outcome::pending);
    CHECK(on.said[0] == "exception 5");
    CHECK(with(exception(6)) == write_outcome::refused);
    CHECK(on.said == list{"exception 6", "exception 6: device busy, try again later"});
    for (const int code : {1, 2, 3, 4, 7, 8, 10, 11, 0x80}) {
        CHECK(with(exception(static_cast<std::uint8_t>(code))) == write_outcome::refused);
        CHECK(on.said[0] == "exception " + std::to_string(code));
    }
    CHECK(with(failed(status::silent, true, "no answer within 500 ms")) == write_outcome::unanswered);
    CHECK(on.said == list{"no answer within 500 ms"});
    CHECK(with(failed(status::silent, false, "the line is never quiet")) == write_outcome::bus_down);
    CHECK(with(failed(status::down, false, "no such port")) == write_outcome::bus_down);
    CHECK(on.said == list{"no such port; nothing was written"});
    CHECK(with(failed(status::down, true, "lost")) == write_outcome::unanswered);
    CHECK(with(failed(status::interrupted, true, "")) == write_outcome::interrupted);
}

TEST_CASE("write: requests around it", "[modbus][write]") {
    direct_bus on(
        device_with({named("limit", {{"holding", "120"}, {"type", "uint16"}})},
                    {{"before_write", "06 00 10 12 34"}, {"before_write", "41 01"}, {"after_write", "05 00 01 FF 00"}}));
    const std::vector<bytes> all{{3, 6, 0, 0x10, 0x12, 0x34}, {3, 0x41, 1}, {3, 6, 0, 120, 0, 9}, {3, 5, 0, 1, 0xFF, 0}};
    const auto refuse = [&](std::size_t which, const modbus::answer& answer) {
        on.line.device = [which, answer, count = std::size_t{0}](const modbus::transaction& what) mutable {
            return count++ == which ? answer : repeated(what);
        };
    };
    SECTION("all are sent, in order") {
        CHECK(on.write(0, integer_value(9)) == write_outcome::accepted);
        CHECK(on.line.asked == all);
        CHECK(on.said == list{"sending before_write 1: function 6, holding 16 = 0x1234",
                              "sending before_write 2: function 65, data 01", "sending function 6, holding 120 = 0x0009",
                              "sending after_write: function 5, coil 1 = 1"});
    }
    SECTION("locked out, the value isn't sent") {
        refuse(1, exception(3));
        CHECK(on.write(0, integer_value(9)) == write_outcome::refused);
        CHECK(on.line.asked == std::vector<bytes>(all.begin(), all.begin() + 2));
        CHECK(on.said.back() == "the value itself was not sent");
    }
    SECTION("nor if the password gets no answer") {
        refuse(0, failed(status::silent, true, "no answer within 500 ms"));
        CHECK(on.write(0, integer_value(9)) == write_outcome::unanswered);
        CHECK(on.line.asked.size() == 1);
    }
    SECTION("refused, it isn't committed") {
        refuse(2, exception(3));
        CHECK(on.write(0, integer_value(9)) == write_outcome::refused);
        CHECK(on.line.asked.size() == 3);
    }
    SECTION("pending, it is") {
        refuse(2, exception(5));
        CHECK(on.write(0, integer_value(9)) == write_outcome::pending);
        CHECK(on.line.asked.size() == 4);
    }
    SECTION("a commit that fails is a write that failed") {
        refuse(3, exception(4));
        CHECK(on.write(0, integer_value(9)) == write_outcome::refused);
        CHECK(on.said.back() == "the value itself was taken");
        refuse(3, failed(status::down, false, "gone"));
        CHECK(on.write(0, integer_value(9)) == write_outcome::unanswered);
    }
    SECTION("rejected, nothing is sent") {
        CHECK(on.write(0, integer_value(-1)) == write_outcome::rejected);
        CHECK(on.line.asked.empty());
    }
}

TEST_CASE("write: to all units of a line", "[modbus][write]") {
    direct_bus on(
        device_with({named("clock", {{"holding", "1"}, {"type", "uint16"}}), named("bit", {{"holding", "2"}, {"bit", "0"}}),
                     named("bit by 22", {{"holding", "2"}, {"bit", "1"}, {"write_function", "22"}})},
                    {{"before_write", "06 00 10 12 34"}}, "0"));
    on.line.device = [](const modbus::transaction&) { return taken({}); };
    CHECK(on.write(0, integer_value(9)) == write_outcome::unanswered);
    CHECK(on.line.asked == std::vector<bytes>{{0, 6, 0, 0x10, 0x12, 0x34}, {0, 6, 0, 1, 0, 9}});
    CHECK(on.said == list{"sending before_write: to all units, function 6, holding 16 = 0x1234",
                          "sending to all units, function 6, holding 1 = 0x0009", "sent to all units, which none acknowledges"});
    CHECK(on.write(1, integer_value(1)) == write_outcome::rejected);
    CHECK(on.line.asked.empty());
    CHECK(on.write(2, integer_value(1)) == write_outcome::unanswered);
    CHECK(on.poll({0, 1}) == tidegate::outcome::done);
    CHECK(on.line.asked.empty());
    CHECK(on.said == list{"0 failed: unit 0 is all devices of a line: it can be written only",
                          "1 failed: unit 0 is all devices of a line: it can be written only"});
}

// tests/adapters/modbus_sources_test.cpp: points that lie in no table: what is asked, and what their values are.
// Not here: answers that aren't right (pdu_test.cpp), the wire.
#include <catch2/catch.hpp>

#include "tests/adapters/support/direct_bus.hpp"

using namespace test;
using tidegate::outcome;
using status = enum modbus::answer::status;

namespace {

bus_lines device_with(std::vector<point_lines> points) {
    return {{{"tcp.host", "plc"}}, {{"boiler", {{"unit", "3"}}, std::move(points)}}};
}

list faults_of_point(const pairs& keys) {
    const built_config config({{{"tcp.host", "plc"}}, {{"d", {{"unit", "3"}}, {{"p", keys}}}}});
    fault_list found;
    tidegate::faults to(found.abi);
    std::ignore = modbus::read_definition(config.get(), to);
    return found.lines;
}

}  // namespace

TEST_CASE("sources: queues, files, exception status, server id, raw", "[modbus][sources]") {
    direct_bus on(device_with({
        {"first", {{"fifo", "1200"}, {"type", "uint16"}}},                                                         // 0
        {"second", {{"fifo", "1200"}, {"type", "int16"}, {"at", "2"}}},                                            // 1
        {"record", {{"file", "4"}, {"record", "7"}, {"type", "uint32"}}},                                          // 2
        {"flags", {{"exception_status", "true"}}},                                                                 // 3
        {"hot", {{"exception_status", "true"}, {"bit", "3"}}},                                                     // 4
        {"who", {{"server_id", "true"}}},                                                                          // 5
        {"runs", {{"server_id", "true"}, {"type", "uint8"}, {"at", "2"}, {"enum", "255=on"}, {"enum", "0=off"}}},  // 6
        {"odd", {{"raw", "46 01 02"}, {"type", "uint16"}, {"at", "1"}, {"scale", "0.1"}}},                         // 7
        {"byte", {{"raw", "46 01 02"}, {"type", "int8"}}},                                                         // 8
        {"text", {{"raw", "46 01 02"}, {"type", "string"}, {"at", "3"}}},                                          // 9
        {"register", {{"holding", "1"}, {"type", "uint16"}}},                                                      // 10
        {"high", {{"raw", "46 01 02"}, {"type", "uint8_high"}}},                                                   // 11
    }));
    on.line.device = [](const modbus::transaction& what) -> modbus::answer {
        switch (what.pdu[0]) {
            case 24:
                return taken({24, 0, 6, 0, 2, 1, 0xB8, 0xFF, 0xFE});
            case 20:
                return taken({20, 6, 5, 6, 0x0D, 0xFE, 0, 0x20});
            case 7:
                return taken({7, 0x6D});
            case 17:
                return taken({17, 3, 'X', 'Y', 0xFF});
            default:
                return taken({0x46, 0xFE, 0x12, 0x34, 'o', 'k', '!'});
        }
    };
    CHECK(on.poll({0, 10, 1}) == outcome::done);
    CHECK(on.line.asked == std::vector<bytes>{{3, 24, 0x04, 0xB0}});
    CHECK(on.said == list{"0 = 440", "1 = -2"});
    CHECK(on.poll({2}) == outcome::done);
    CHECK(on.line.asked == std::vector<bytes>{{3, 20, 7, 6, 0, 4, 0, 7, 0, 2}});
    CHECK(on.said == list{"2 = " + std::to_string(0x0DFE0020)});
    CHECK(on.poll({3, 4}) == outcome::done);
    CHECK(on.line.asked == std::vector<bytes>{{3, 7}});
    CHECK(on.said == list{"3 = 109", "4 = true"});
    CHECK(on.poll({6}) == outcome::done);
    CHECK(on.line.asked == std::vector<bytes>{{3, 17}});
    CHECK(on.said == list{"6 = \"on\""});
    CHECK(on.poll({7, 8, 9, 11}) == outcome::done);
    CHECK(on.line.asked == std::vector<bytes>{{3, 0x46, 1, 2}});
    CHECK(on.said == list{"7 = 466.000000", "8 = -2", "9 = \"ok!\"", "11 = 254"});
}

TEST_CASE("sources: a server's identification as text", "[modbus][sources]") {
    direct_bus on(device_with({{"who", {{"server_id", "true"}}}}));
    on.line.device = [](const modbus::transaction&) { return taken({17, 6, 'P', 'u', 'm', 'p', ' ', '7'}); };
    CHECK(on.poll({0}) == outcome::done);
    CHECK(on.said == list{"0 = \"Pump 7\""});
}

TEST_CASE("sources: an answer that is too short is a failure, and names what was asked", "[modbus][sources]") {
    direct_bus on(device_with(
        {{"first", {{"fifo", "1200"}, {"type", "uint32"}}}, {"raw", {{"raw", "46"}, {"type", "uint16"}, {"at", "9"}}}}));
    on.line.device = [](const modbus::transaction& what) -> modbus::answer {
        if (what.pdu[0] == 24) return taken({24, 0, 4, 0, 1, 1, 0xB8});
        return taken({0x46, 1});
    };
    CHECK(on.poll({0}) == outcome::done);
    CHECK(on.said == list{"0 failed: the answer has only 2 bytes, the value would need 4 (fifo 1200 (function 24))"});
    CHECK(on.poll({1}) == outcome::done);
    CHECK(on.said == list{"1 failed: the answer has only 1 byte, the value would need 11 (raw request (function 70))"});
}

TEST_CASE("sources: an identification, over as many requests as it takes", "[modbus][sources]") {
    direct_bus on(device_with({{"vendor", {{"identification", "0"}}},
                               {"revision", {{"identification", "2"}}},
                               {"model", {{"identification", "5"}}},
                               {"own", {{"identification", "0x80"}}}}));
    on.line.device = [](const modbus::transaction& what) -> modbus::answer {
        if (what.pdu[2] == 3) return taken({43, 14, 3, 0x83, 0, 0, 1, 0x80, 1, 'x'});
        if (what.pdu[3] == 0) return taken({43, 14, 1, 1, 0xFF, 1, 1, 0, 2, 'A', 'B'});
        if (what.pdu[3] == 1) return taken({43, 14, 1, 1, 0xFF, 2, 1, 1, 1, 'c'});
        return taken({43, 14, 1, 1, 0, 0, 1, 2, 4, 'V', '1', '.', '0'});
    };
    CHECK(on.poll({0, 1, 2}) == outcome::done);
    CHECK(on.line.asked == std::vector<bytes>{{3, 43, 14, 1, 0}, {3, 43, 14, 1, 1}, {3, 43, 14, 1, 2}});
    CHECK(on.said == list{"0 = \"AB\"", "1 = \"V1.0\""});
    CHECK(on.poll({3}) == outcome::done);
    CHECK(on.line.asked == std::vector<bytes>{{3, 43, 14, 3, 0x80}});
    CHECK(on.said == list{"3 = \"x\""});

    SECTION("one that it hasn't got") {
        on.line.device = [](const modbus::transaction&) { return taken({43, 14, 1, 1, 0, 0, 1, 0, 1, 'A'}); };
        CHECK(on.poll({1, 0}) == outcome::done);
        CHECK(on.said == list{"1 failed: the device has no object 2 (identification (function 43/14, code 1))", "0 = \"A\""});
    }
    SECTION("one without end") {
        on.line.device = [](const modbus::transaction& what) {
            return taken({43, 14, 1, 1, 0xFF, static_cast<std::uint8_t>(what.pdu[3] + 1), 0});
        };
        CHECK(on.poll({0}) == outcome::device_silent);
        CHECK(on.line.asked.size() == 32);
    }
    SECTION("one that goes round in a circle ends") {
        on.line.device = [](const modbus::transaction&) { return taken({43, 14, 1, 1, 0xFF, 0, 1, 0, 1, 'A'}); };
        CHECK(on.poll({0}) == outcome::done);
        CHECK(on.line.asked.size() == 1);
    }
    SECTION("one that breaks off isn't half believed") {
        on.line.device = [count = 0](const modbus::transaction&) mutable {
            return ++count == 1 ? taken({43, 14, 1, 1, 0xFF, 1, 1, 0, 1, 'A'}) : failed(status::silent, true, "no answer");
        };
        CHECK(on.poll({0}) == outcome::device_silent);
        CHECK(on.said == list{"no answer"});
    }
}

TEST_CASE("sources: exceptions and silence", "[modbus][sources]") {
    direct_bus on(device_with({{"who", {{"server_id", "true"}}}, {"again", {{"server_id", "true"}}}}));
    on.line.device = [](const modbus::transaction&) { return exception(1); };
    CHECK(on.poll({0, 1}) == outcome::done);
    CHECK(on.said == list{"0 failed: exception 1: illegal function (server id (function 17))",
                          "1 failed: exception 1: illegal function (server id (function 17))"});
    on.line.device = [](const modbus::transaction&) { return exception(11); };
    CHECK(on.poll({0}) == outcome::device_down);
    on.line.device = [](const modbus::transaction&) { return failed(status::silent, true, ""); };
    CHECK(on.poll({0}) == outcome::device_silent);
    CHECK(on.said == list{"no answer in time"});
    on.line.device = [](const modbus::transaction&) { return failed(status::down, false, "gone"); };
    CHECK(on.poll({0}) == outcome::bus_down);
    on.line.device = [](const modbus::transaction&) { return failed(status::interrupted, false, ""); };
    CHECK(on.poll({0}) == outcome::interrupted);
    CHECK(on.write(0, tidegate::integer_value(1)) == tidegate::write_outcome::rejected);
    CHECK(on.said == list{"point \"who\" is not in a table of registers or coils, so it can't be written"});
}

TEST_CASE("sources: a plan names them", "[modbus][sources]") {
    direct_bus on(device_with({{"a", {{"raw", "46 01"}, {"type", "uint16"}}},
                               {"b", {{"holding", "1"}, {"type", "uint16"}}},
                               {"c", {{"raw", "46 01"}, {"type", "uint16"}, {"at", "2"}}},
                               {"d", {{"fifo", "9"}, {"type", "uint16"}}}}));
    list planned;
    const tidegate_plan to{sizeof to, &planned, [](void* context, const tidegate_planned_request* request) {
                               std::string line = request->what;
                               for (std::size_t i = 0; i < request->point_count; ++i)
                                   line += ' ' + std::to_string(request->points[i]);
                               static_cast<list*>(context)->push_back(line);
                           }};
    const std::vector<std::uint32_t> points{0, 1, 2, 3};
    on.bus->plan(points, tidegate::plan_listener(to));
    CHECK(planned ==
          list{"unit 3, holding 1 (40002) 1", "unit 3, raw request (function 70) 0 2", "unit 3, fifo 9 (function 24) 3"});
}

TEST_CASE("sources: what a broken one is told", "[modbus][sources][points]") {
    const auto told = [](const pairs& keys, const std::string& path, const std::string& part) {
        const list all = faults_of_point(keys);
        CAPTURE(all);
        REQUIRE(all.size() == 1);
        CHECK(all[0].starts_with("point 0 " + path + ": "));
        CHECK(all[0].find(part) != std::string::npos);
    };
    told({{"raw", "4"}, {"type", "uint16"}}, "raw", "two hexadecimal digits");
    told({{"raw", "80 01"}, {"type", "uint16"}}, "raw", "01 to 7F");
    told({{"raw", "46"}}, "", "needs its type");
    told({{"fifo", "1"}, {"holding", "1"}, {"type", "uint16"}}, "holding", "fifo or holding, not both");
    told({{"fifo", "1"}, {"raw", "46"}, {"type", "uint16"}}, "raw", "fifo or raw, not both");
    told({{"file", "1"}, {"type", "uint16"}}, "", "needs record");
    told({{"file", "1"}, {"record", "1"}, {"at", "2"}, {"type", "uint16"}}, "at", "record says where");
    told({{"fifo", "1"}, {"record", "1"}, {"type", "uint16"}}, "record", "is for a file");
    told({{"holding", "1"}, {"at", "1"}, {"type", "uint16"}}, "at", "points that lie in no table");
    told({{"identification", "0"}, {"type", "uint16"}}, "type", "is a text");
    told({{"identification", "0"}, {"scale", "2"}}, "scale", "is a text");
    told({{"server_id", "false"}}, "server_id", "true, or left out");
    told({{"exception_status", "true"}, {"bit", "8"}}, "bit", "0..7");
    told({{"exception_status", "true"}, {"type", "uint16"}}, "type", "one byte");
    told({{"exception_status", "true"}, {"scale", "2"}}, "scale", "flags");
    told({{"server_id", "true"}, {"write_function", "6"}}, "write_function", "nobody can write");
    told({{"input", "1"}, {"type", "uint16"}, {"write_function", "6"}}, "write_function", "nobody can write");
    told({{"coil", "1"}, {"write_function", "6"}}, "write_function", "5 or 15");
    told({{"holding", "1"}, {"type", "uint16"}, {"write_function", "5"}}, "write_function", "for coils");
    told({{"holding", "1"}, {"type", "uint32"}, {"write_function", "6"}}, "write_function", "one register");
    told({{"holding", "1"}, {"type", "uint16"}, {"write_function", "22"}}, "write_function", "6 or 16");
    told({{"holding", "1"}, {"bit", "1"}, {"write_function", "16"}}, "write_function", "other bits");
    CHECK(faults_of_point({{"holding", "1"}, {"bit", "1"}, {"write_function", "auto"}}).empty());
    const built_config config({{{"tcp.host", "plc"}}, {{"d", {{"unit", "3"}, {"before_write", "06 0"}}, {}}}});
    fault_list found;
    tidegate::faults to(found.abi);
    std::ignore = modbus::read_definition(config.get(), to);
    REQUIRE(found.lines.size() == 1);
    CHECK(found.lines[0].starts_with("device 0 before_write: \"06 0\" is no request"));
}

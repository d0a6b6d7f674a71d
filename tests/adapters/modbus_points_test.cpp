// tests/adapters/modbus_points_test.cpp: settings to definitions, and what every broken one is told.
// Not here: YAML, and checks of a single key against its type, which are the host's.
#include "adapters/modbus/points.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "tests/adapters/modbus_points_config.hpp"

using namespace modbus;
using namespace test;

namespace {

const pairs tcp{{"tcp.host", "10.0.0.5"}};

std::vector<std::string> faults_of(const bus_lines& lines) {
    const built_config config(lines);
    fault_list list;
    tidegate::faults to(list.abi);
    read_definition(config.get(), to);
    return list.lines;
}

bus_definition definition_of(const bus_lines& lines) {
    const built_config config(lines);
    fault_list list;
    tidegate::faults to(list.abi);
    auto definition = read_definition(config.get(), to);
    CHECK(list.lines == std::vector<std::string>{});
    return definition;
}

point point_of(const pairs& keys) { return definition_of({tcp, {{"d", {{"unit", "1"}}, {{"p", keys}}}}}).points.at(0); }

/// The one fault of a point, without its place if that is the whole point.
std::string point_fault(const pairs& keys, const pairs& device_keys = {{"unit", "1"}}) {
    const auto faults = faults_of({tcp, {{"d", device_keys, {{"p", keys}}}}});
    if (faults.size() != 1) return std::to_string(faults.size()) + " faults" + (faults.empty() ? "" : ", first: " + faults[0]);
    return faults[0];
}

bool begins(const std::string& text, std::string_view with) {
    INFO(text);
    CHECK(text.substr(0, with.size()) == with);
    return text.substr(0, with.size()) == with;
}

}  // namespace

TEST_CASE("points: Modicon notation", "[modbus][points]") {
    const auto place = [](std::string_view text) {
        std::string fault;
        const auto found = parse_modicon(text, fault);
        CHECK(found.has_value() == fault.empty());
        return found ? std::string(table_name(found->from)) + ' ' + std::to_string(found->address) : "";
    };
    CHECK(place("40108") == "holding 107");
    CHECK(place("400108") == "holding 107");
    CHECK(place("40001") == "holding 0");
    CHECK(place("49999") == "holding 9998");
    CHECK(place("410000") == "holding 9999");
    CHECK(place("465536") == "holding 65535");
    CHECK(place("30053") == "input 52");
    CHECK(place("365536") == "input 65535");
    CHECK(place("10001") == "discrete 0");
    CHECK(place("19999") == "discrete 9998");
    CHECK(place("165536") == "discrete 65535");
    CHECK(place("00001") == "coil 0");
    CHECK(place("09999") == "coil 9998");
    CHECK(place("000001") == "coil 0");
    CHECK(place("065536") == "coil 65535");
    CHECK(place("4x108") == "holding 107");
    CHECK(place("4x00001") == "holding 0");
    CHECK(place("3X65536") == "input 65535");
    CHECK(place("1x17") == "discrete 16");
    for (const auto* bad :
         {"",       "107", "4108",    "40000", "400000", "00000",   "50001", "20001",       "465537", "499999", "4000001",
          "0x9CAC", "4x0", "4x65537", "4x",    "2x1",    "0x00017", "4x-1",  "4x000000001", "-4108",  "40108 "}) {
        CAPTURE(bad);
        CHECK(place(bad).empty());
    }
    SECTION("what is wrong names both notations") {
        std::string fault;
        parse_modicon("108", fault);
        CHECK(fault.find("register 108 has neither five nor six digits; in Modicon notation write register: 40108") == 0);
        CHECK(fault.find("as holding: 108") != std::string::npos);
        parse_modicon("40000", fault);
        CHECK(fault.find("register 40000 would be number 0, and Modicon notation counts from 1; in Modicon notation write "
                         "register: 40001") == 0);
        CHECK(fault.find("as holding: 40000") != std::string::npos);
        parse_modicon("20001", fault);
        CHECK(fault.find("register 20001 begins with 2, which is no table") == 0);
        CHECK(fault.find("register: 420001") != std::string::npos);
        parse_modicon("465537", fault);
        CHECK(fault.find("register 465537 is beyond the last one, 465536") == 0);
        parse_modicon("0x9CAC", fault);
        CHECK(fault.find("register 0x9CAC is not a number of five or six digits") == 0);
        parse_modicon("4x0", fault);
        CHECK(fault.find("register 4x0 is out of range: Modicon notation counts from 1 to 65536; in Modicon notation") == 0);
        parse_modicon("5x17", fault);
        CHECK(fault.find("register 5x17 begins with 5, which is no table") == 0);
        parse_modicon("4xFF", fault);
        CHECK(fault.find("register 4xFF is no number behind the table") == 0);
    }
    SECTION("written") {
        CHECK(protocol_range(table::input, 52, 16) == "input 52..67");
        CHECK(modicon_range(table::input, 52, 16) == "30053..30068");
        CHECK(protocol_range(table::holding, 107, 1) == "holding 107");
        CHECK(modicon_range(table::holding, 107, 1) == "40108");
        CHECK(modicon_range(table::coil, 0, 8) == "00001..00008");
        CHECK(modicon_range(table::discrete, 9998, 1) == "19999");
        CHECK(modicon_range(table::holding, 9998, 2) == "409999..410000");
        CHECK(modicon_range(table::holding, 65535, 1) == "465536");
    }
}

TEST_CASE("points: the bus", "[modbus][points]") {
    SECTION("serial, with defaults") {
        const auto bus = definition_of({{{"serial.port", "/dev/ttyUSB0"}}, {}});
        const auto& serial = std::get<serial_settings>(bus.wire);
        CHECK(serial.port == "/dev/ttyUSB0");
        CHECK(serial.line == line_format{9600, 'E', 8, 1});
        CHECK(serial.timeout == nanoseconds(500'000'000));
        CHECK(serial.request_spacing == nanoseconds(0));
    }
    SECTION("serial, all said") {
        const auto bus = definition_of({{{"serial.port", "/dev/ttyS1"},
                                         {"serial.baud", "115200"},
                                         {"serial.parity", "none"},
                                         {"serial.data_bits", "8"},
                                         {"serial.stop_bits", "2"},
                                         {"timeout", "250ms"},
                                         {"request_spacing", "30ms"}},
                                        {}});
        const auto& serial = std::get<serial_settings>(bus.wire);
        CHECK(serial.line == line_format{115200, 'N', 8, 2});
        CHECK(serial.timeout == nanoseconds(250'000'000));
        CHECK(serial.request_spacing == nanoseconds(30'000'000));
        CHECK(timeout_of(bus.wire) == nanoseconds(250'000'000));
    }
    SECTION("tcp") {
        const auto bus = definition_of({tcp, {}});
        const auto& wire = std::get<tcp_settings>(bus.wire);
        CHECK(wire.host == "10.0.0.5");
        CHECK(wire.port == 502);
        CHECK(wire.timeout == nanoseconds(1'000'000'000));
    }
    SECTION("rtu_over_tcp") {
        const auto bus = definition_of({{{"rtu_over_tcp.host", "moxa"}, {"rtu_over_tcp.port", "4001"}, {"timeout", "2s"}}, {}});
        const auto& wire = std::get<rtu_over_tcp_settings>(bus.wire);
        CHECK(wire.host == "moxa");
        CHECK(wire.port == 4001);
        CHECK(wire.timeout == nanoseconds(2'000'000'000));
    }
    SECTION("broken") {
        using list = std::vector<std::string>;
        CHECK(begins(faults_of({{}, {}}).at(0), "bus 0 : a modbus bus needs one of serial: { port: /dev/ttyUSB0 }, tcp:"));
        CHECK(faults_of({{{"serial.port", "/dev/x"}, {"tcp.host", "h"}}, {}}) ==
              list{"bus 0 tcp: a bus has either serial or tcp, not both: make it two buses"});
        CHECK(faults_of({{{"serial.baud", "9600"}}, {}}) == list{"bus 0 serial: serial needs its port, such as /dev/ttyUSB0, or "
                                                                 "better its name in /dev/serial/by-id, which stays"});
        CHECK(faults_of({{{"tcp.port", "502"}}, {}}) ==
              list{"bus 0 tcp: tcp needs its host, a name or an address such as 10.0.0.5"});
        CHECK(begins(faults_of({{{"rtu_over_tcp.host", "h"}}, {}}).at(0), "bus 0 rtu_over_tcp: rtu_over_tcp needs its port"));
        CHECK(begins(faults_of({{{"serial.port", "/dev/x"}, {"serial.data_bits", "7"}}, {}}).at(0),
                     "bus 0 serial.data_bits: Modbus RTU needs 8 data bits"));
    }
}

TEST_CASE("points: devices", "[modbus][points]") {
    const pairs serial{{"serial.port", "/dev/x"}};
    const auto bus =
        definition_of({tcp, {{"a", {{"unit", "0"}}, {}}, {"b", {{"unit", "255"}, {"max_read", "11"}, {"max_gap", "0"}}, {}}}});
    CHECK(bus.devices[0].unit == 0);
    CHECK(bus.devices[0].max_read == 125);
    CHECK(bus.devices[0].max_gap == std::nullopt);
    CHECK(bus.devices[1].unit == 255);
    CHECK(bus.devices[1].max_read == 11);
    CHECK(bus.devices[1].max_gap == 0);
    using list = std::vector<std::string>;
    CHECK(faults_of({serial, {{"a", {}, {}}}}) ==
          list{"device 0 : a Modbus device needs its unit, 0..255; 1..247 are the usual ones"});
    CHECK(faults_of({serial, {{"a", {{"unit", "0"}}, {}}, {"b", {{"unit", "248"}}, {}}, {"c", {{"unit", "255"}}, {}}}}) ==
          list{});
    CHECK(faults_of({serial, {{"a", {{"unit", "256"}}, {}}}}) == list{"device 0 unit: unit 256 can't be: units are 0..255"});
    CHECK(
        faults_of({serial, {{"boiler", {{"unit", "3"}}, {}}, {"hall", {{"unit", "4"}}, {}}, {"attic", {{"unit", "3"}}, {}}}}) ==
        list{"device 2 unit: unit 3 is device \"boiler\" already: give each device its own unit, or put the points of both under "
             "one device"});
    CHECK(faults_of({serial, {{"a", {}, {}}, {"b", {{"unit", "1"}}, {}}}}).size() == 1);  // a missing unit is nobody's double
}

TEST_CASE("points: places and encodings", "[modbus][points]") {
    SECTION("the design's example") {
        const auto supply = point_of({{"register", "40108"}, {"type", "int16"}, {"scale", "0.1"}});
        CHECK(supply.from == table::holding);
        CHECK(supply.address == 107);
        CHECK(decode(supply.how, std::vector<std::uint16_t>{214}).value == value(21.4));
        const auto power = point_of({{"input", "52"}, {"type", "float32"}, {"order", "CDAB"}});
        CHECK(power.from == table::input);
        CHECK(power.count == 2);
        CHECK(power.how.order == register_order{true, false});
        const auto pump = point_of({{"coil", "0"}});
        CHECK(pump.from == table::coil);
        CHECK(pump.how.type == value_type::boolean);
    }
    SECTION("coils and discrete inputs are bools, said or not") {
        CHECK(point_of({{"register", "00001"}, {"type", "bool"}}).from == table::coil);
        CHECK(point_of({{"discrete", "5"}, {"enum", "0=shut"}, {"enum", "1=open"}}).how.names.size() == 2);
    }
    SECTION("bits") {
        CHECK(point_of({{"holding", "5"}, {"bit", "3"}}).how.bit == 3);
        CHECK(point_of({{"holding", "5"}, {"type", "bool"}, {"bit", "15"}}).count == 1);
        CHECK(point_of({{"holding", "5"}, {"type", "uint32"}, {"bit", "31"}}).count == 2);
    }
    SECTION("strings") {
        const auto text =
            point_of({{"holding", "5"}, {"type", "string"}, {"length", "8"}, {"charset", "latin1"}, {"order", "BA"}});
        CHECK(text.count == 8);
        CHECK(text.how.registers == 8);
        CHECK(text.how.text == charset::latin1);
        CHECK(text.how.order == register_order{false, true});
    }
    SECTION("fields and flags, of a uint16 unless said") {
        const auto field = point_of({{"holding", "5"}, {"bits", "4-7"}, {"scale", "0.5"}});
        CHECK(field.how.type == value_type::uint16);
        CHECK(field.how.field == bit_field{4, 4});
        CHECK(point_of({{"holding", "5"}, {"type", "int32"}, {"bits", "31"}}).how.field == bit_field{31, 1});
        CHECK(point_of({{"holding", "5"}, {"bits", "0-1"}, {"enum", "3=auto"}}).how.names.size() == 1);
        const auto flags = point_of({{"holding", "5"}, {"flags", "3=pump"}, {"flags", "0=alarm"}});
        CHECK(flags.how.flags == std::vector<std::pair<std::uint8_t, std::string>>{{3, "pump"}, {0, "alarm"}});
        CHECK(decode(flags.how, std::vector<std::uint16_t>{9}).value == value(std::string("pump,alarm")));
    }
    SECTION("bytes and times") {
        CHECK(point_of({{"holding", "5"}, {"type", "bytes"}, {"length", "3"}}).count == 3);
        CHECK(point_of({{"holding", "5"}, {"type", "datetime6"}}).count == 6);
        CHECK(point_of({{"holding", "5"}, {"type", "unix32"}}).how.utc);
        CHECK_FALSE(point_of({{"holding", "5"}, {"type", "unix32"}, {"utc", "false"}}).how.utc);
        CHECK_FALSE(point_of({{"holding", "5"}, {"type", "datetime4"}}).how.utc);
        CHECK(point_of({{"holding", "5"}, {"type", "datetime4"}, {"utc", "true"}}).how.utc);
        CHECK(point_of({{"holding", "5"}, {"type", "bcd_date"}, {"null", "0"}}).how.null_bits.size() == 1);
    }
    SECTION("null patterns") {
        const auto point = point_of({{"holding", "5"}, {"type", "int16"}, {"null", "0x8000"}, {"null", "-1"}});
        CHECK(point.how.null_bits == std::vector<std::uint64_t>{0x8000, 0xFFFF});
    }
    SECTION("the last registers") {
        CHECK(point_of({{"holding", "65535"}, {"type", "int16"}}).address == 65535);
        CHECK(point_of({{"register", "465535"}, {"type", "int32"}}).address == 65534);
        CHECK(point_of({{"coil", "65535"}}).address == 65535);
    }
}

TEST_CASE("points: what a broken point is told", "[modbus][points]") {
    CHECK(begins(point_fault({{"type", "int16"}}), "point 0 : a point needs its address: register: 40108"));
    CHECK(point_fault({{"holding", "1"}, {"coil", "1"}}) == "point 0 coil: a point lies at one place: holding or coil, not both");
    CHECK(point_fault({{"register", "40001"}, {"holding", "1"}}) ==
          "point 0 holding: a point lies at one place: register or holding, not both");
    CHECK(begins(point_fault({{"register", "107"}}), "point 0 register: register 107 has neither five nor six digits"));
    CHECK(point_fault({{"holding", "65536"}}) ==
          "point 0 holding: holding 65536 is out of range: protocol addresses are 0..65535");
    CHECK(begins(point_fault({{"holding", "1"}}),
                 "point 0 : a register needs its type, one of int8, uint8, int8_high, uint8_high, int16"));
    CHECK(begins(point_fault({{"holding", "1"}, {"type", "word"}}), "point 0 type: \"word\" is no type; there are int8"));
    CHECK(begins(point_fault({{"holding", "1"}, {"type", "bool"}}),
                 "point 0 type: a bool in a register needs to know which bit: add bit: 0..15"));
    CHECK(point_fault({{"coil", "1"}, {"type", "int16"}}) ==
          "point 0 type: a coil is one bit: type can only be bool, and may be left out");
    CHECK(point_fault({{"discrete", "1"}, {"scale", "2"}}) ==
          "point 0 scale: scale is for registers: a discrete is one bit, true or false");
    CHECK(point_fault({{"coil", "1"}, {"enum", "2=x"}}) == "point 0 enum: enum names 2, which a bool never holds");
    CHECK(
        point_fault({{"holding", "1"}, {"type", "uint32"}, {"order", "AB"}}) ==
        "point 0 order: order AB doesn't fit a uint32: write one of ABCD, CDAB, BADC, DCBA (the bytes as they arrive, A the most "
        "significant)");
    CHECK(begins(point_fault({{"holding", "1"}, {"type", "int8"}, {"order", "AB"}}),
                 "point 0 order: an int8 is one byte and has no order"));
    CHECK(point_fault({{"holding", "1"}, {"type", "float32"}, {"bit", "1"}}) ==
          "point 0 bit: bit needs an unsigned type (uint16, the default, uint32 …), not float32");
    CHECK(point_fault({{"holding", "1"}, {"bit", "16"}}) ==
          "point 0 bit: bit 16 is not in a uint16: 0..15, 0 is the least significant");
    CHECK(point_fault({{"holding", "1"}, {"bit", "1"}, {"scale", "2"}}) == "point 0 scale: scale is for numbers");
    CHECK(point_fault({{"holding", "1"}, {"type", "int16"}, {"length", "2"}}) ==
          "point 0 length: length is for string, string8 and bytes only: an int16 has 1 register");
    CHECK(point_fault({{"holding", "1"}, {"type", "string"}}) ==
          "point 0 : a string needs length, in registers (2 characters each)");
    CHECK(point_fault({{"holding", "1"}, {"type", "string"}, {"length", "126"}}) ==
          "point 0 length: length is in registers, 1..125: 126 doesn't fit one request");
    CHECK(point_fault({{"holding", "1"}, {"type", "int16"}, {"scale", "0"}}) ==
          "point 0 scale: scale 0 would make every value the same; 1 is the default");
    CHECK(point_fault({{"holding", "1"}, {"type", "int16"}, {"scale", "0.12345678901234567891"}}) ==
          "point 0 scale: scale must be a decimal number of at most 18 digits, such as 0.1 or -40, not 0.12345678901234567891");
    CHECK(point_fault({{"holding", "1"}, {"type", "int16"}, {"scale", "1e20"}, {"offset", "1e-20"}}) ==
          "point 0 offset: scale and offset lie too far apart: together they need more than 18 digits");
    CHECK(point_fault({{"holding", "1"}, {"type", "string"}, {"length", "2"}, {"offset", "1"}}) ==
          "point 0 offset: offset is for numbers");
    CHECK(point_fault({{"holding", "1"}, {"type", "int16"}, {"enum", "1=a"}, {"scale", "2"}}) ==
          "point 0 scale: scale and enum exclude each other: enum names the raw numbers");
    CHECK(point_fault({{"holding", "1"}, {"type", "float32"}, {"enum", "1=a"}}) ==
          "point 0 enum: enum is for integers and bits, not for a float32");
    CHECK(point_fault({{"holding", "1"}, {"type", "uint8"}, {"enum", "256=a"}}) ==
          "point 0 enum: enum names 256, which a uint8 never holds");
    CHECK(point_fault({{"holding", "1"}, {"type", "int16"}, {"null", "70000"}}) ==
          "point 0 null: null 70000 is nothing that an int16 can hold before scaling; write the raw number, or its bits as 0x…");
    CHECK(point_fault({{"holding", "1"}, {"type", "string"}, {"length", "2"}, {"null", "0"}}) ==
          "point 0 null: null is for numbers: an empty string is an empty text");
    CHECK(point_fault({{"holding", "1"}, {"type", "int16"}, {"charset", "ascii"}}) ==
          "point 0 charset: charset is for string and string8 only");
    CHECK(point_fault({{"holding", "65535"}, {"type", "int32"}}) ==
          "point 0 : the value needs 2 registers and would run past the last address, holding 65535 (465536)");
    CHECK(point_fault({{"input", "1"}, {"type", "int64"}}, {{"unit", "1"}, {"max_read", "3"}}) ==
          "point 0 : the value needs 4 registers in one request, but max_read of device \"d\" is 3");
    SECTION("fields, flags, bytes and times") {
        const auto fault = [](pairs keys) {
            keys.insert(keys.begin(), {"holding", "1"});
            return point_fault(keys).substr(std::string("point 0 ").size());
        };
        CHECK(fault({{"bits", "7-4"}}) == "bits: bits 7-4 is no range of bits: write the lowest and the highest, such as 4-7");
        for (const auto* bad : {"", "-", "4-", "-4", "4..7", "0-64", "4-7-8", "x"}) {
            CAPTURE(bad);
            CHECK(begins(fault({{"bits", bad}}), "bits: bits " + std::string(bad) + " is no range of bits"));
        }
        CHECK(fault({{"bits", "12-16"}}) == "bits: bits 12-16 is not in a uint16: 0-15, 0 is the least significant");
        CHECK(fault({{"type", "float32"}, {"bits", "0-3"}}) ==
              "bits: bits needs a whole number (uint16, the default, int32 …), not float32");
        CHECK(fault({{"bit", "1"}, {"bits", "0-3"}}) ==
              "bits: bit takes a single bit as true or false and bits several as a number: write one of them");
        CHECK(fault({{"bits", "0-1"}, {"enum", "4=x"}}) == "enum: enum names 4, which these bits never hold");
        CHECK(fault({{"flags", "16=x"}}) ==
              "flags: flags names bit 16, which is not in a uint16: 0..15, 0 is the least significant");
        CHECK(fault({{"flags", "-1=x"}}).find("flags: flags names bit -1") == 0);
        CHECK(fault({{"flags", "1=a,b"}}) ==
              "flags: the name of bit 1 may not be empty, contain a comma, or begin or end with a blank");
        CHECK(fault({{"flags", "1="}}).find("flags: the name of bit 1 may not be empty") == 0);
        CHECK(fault({{"flags", "1=a"}, {"flags", "2=a"}}) == "flags: two bits have the name a: each needs its own");
        CHECK(fault({{"type", "int16"}, {"flags", "1=a"}}) ==
              "flags: flags needs an unsigned type (uint16, the default, uint32 …), not int16");
        CHECK(fault({{"flags", "1=a"}, {"bits", "1-2"}}) ==
              "bits: bits and flags exclude each other: flags names all bits at once");
        CHECK(fault({{"flags", "1=a"}, {"scale", "2"}}) == "scale: scale is for numbers");
        CHECK(fault({{"type", "bytes"}}) == ": bytes need length, in registers (2 bytes each)");
        CHECK(fault({{"type", "bytes"}, {"length", "2"}, {"null", "0"}}) == "null: null is for numbers and times, not for bytes");
        CHECK(fault({{"type", "datetime3"}, {"scale", "2"}}) == "scale: scale is for numbers");
        CHECK(fault({{"type", "datetime3"}, {"utc", "true"}}) == "utc: utc is for times, not for a datetime3");
        CHECK(fault({{"type", "int16"}, {"utc", "true"}}) == "utc: utc is for times, not for an int16");
        CHECK(fault({{"type", "datetime6"}, {"null", "0"}}).find("null: null 0 is nothing that a datetime6 can hold") == 0);
        CHECK(fault({{"type", "datetime6"}, {"enum", "0=x"}}) == "enum: enum is for integers and bits, not for a datetime6");
    }
    SECTION("all faults are reported, each with its own point") {
        const auto faults = faults_of(
            {{}, {{"a", {}, {{"p", {}}, {"q", {{"coil", "1"}}}}}, {"b", {{"unit", "300"}}, {{"r", {{"holding", "1"}}}}}}});
        REQUIRE(faults.size() == 5);
        CHECK(begins(faults[0], "bus 0 : "));
        CHECK(begins(faults[1], "device 0 : "));
        CHECK(begins(faults[2], "point 0 : "));
        CHECK(begins(faults[3], "device 1 unit: "));
        CHECK(begins(faults[4], "point 2 : "));
    }
}

TEST_CASE("points: the key table", "[modbus][points]") {
    std::set<std::pair<std::uint32_t, std::string>> seen;
    std::string types;
    for (const auto& key : config_keys()) {
        CAPTURE(key.path);
        CHECK(seen.emplace(key.scope, key.path).second);
        CHECK(std::string_view(key.help).back() == '.');
        CHECK(key.least <= key.most);
        CHECK((key.type == TIDEGATE_KEY_CHOICE) == (key.choices[0] != '\0'));
        if (std::string_view(key.path) == "type") types = key.choices;
    }
    std::string known;
    for (const auto& row : type_rows()) known += (known.empty() ? "" : "|") + std::string(row.name);
    CHECK(types == known);
}

TEST_CASE("points: groups and barriers that can't be", "[modbus][points]") {
    const auto faults = [](const pairs& device, const std::vector<pairs>& points) {
        device_lines d{"d", device, {}};
        for (const auto& keys : points) d.points.push_back({"p" + std::to_string(d.points.size()), keys});
        return faults_of({tcp, {d}});
    };
    using list = std::vector<std::string>;
    CHECK(faults({{"unit", "1"}}, {{{"holding", "0"}, {"type", "uint16"}, {"group", "g"}},
                                   {{"input", "1"}, {"type", "uint16"}, {"group", "g"}}}) ==
          list{"point 1 group: group g begins in the table holding, and one request reads one table: put this point into another "
               "group"});
    CHECK(faults({{"unit", "1"}, {"max_read", "11"}}, {{{"holding", "0"}, {"type", "uint16"}, {"group", "g"}},
                                                       {{"holding", "11"}, {"type", "uint16"}, {"group", "g"}}}) ==
          list{"point 1 group: group g is to be read in one request, but reaches over 12 registers where the device gives 11 at "
               "once"});
    CHECK(faults({{"unit", "1"}, {"barriers", "3"}}, {{{"holding", "2"}, {"type", "uint32"}}}) ==
          list{"point 0 : holding 2..3 is read in one request and lies across the barrier at 3"});
    CHECK(faults({{"unit", "1"}, {"barriers", "1.5"}, {"barriers", "70000"}}, {{{"holding", "2"}, {"type", "uint32"}}}).size() ==
          2);
    CHECK(faults({{"unit", "1"}, {"barriers", "2"}, {"barriers", "4"}}, {{{"holding", "2"}, {"type", "uint32"}}}).empty());
    SECTION("groups are a device's own") {
        const auto definition = definition_of(
            {tcp,
             {{"a", {{"unit", "1"}}, {{"p", {{"holding", "0"}, {"type", "uint16"}, {"group", "g"}}}}},
              {"b", {{"unit", "2"}}, {{"p", {{"holding", "9"}, {"type", "uint32"}, {"group", "g"}, {"exact", "true"}}}}}}});
        CHECK(definition.points[0].whole == extent{0, 1});
        CHECK(definition.points[1].whole == extent{9, 2});
        CHECK_FALSE(definition.points[0].exact);
        CHECK(definition.points[1].exact);
    }
}

TEST_CASE("points: what nobody can write isn't writable", "[modbus][points]") {
    const auto faults = faults_of({tcp,
                                   {{"d",
                                     {{"unit", "1"}},
                                     {{"a", {{"input", "1"}, {"type", "int16"}}, true},
                                      {"b", {{"discrete", "2"}}, true},
                                      {"c", {{"server_id", "true"}}, true},
                                      {"d", {{"sunspec", "inverter.W"}}, true},
                                      {"e", {{"holding", "3"}, {"type", "int16"}}, true},
                                      {"f", {{"coil", "4"}}, true},
                                      {"g", {{"input", "5"}, {"type", "int16"}}}}}}});
    CHECK(faults ==
          std::vector<std::string>{
              "point 0 : the point is an input register, which nobody can write: leave out writable",
              "point 1 : the point is a discrete input, which nobody can write: leave out writable",
              "point 2 : the point is not in a table of registers or coils, so it can't be written: leave out writable"});
}

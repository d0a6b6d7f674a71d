// tests/adapters/serial_definition_test.cpp: what is wrong with a serial bus's config, in words; the two small languages.
// Not here: what a good one reads (serial_fields_test.cpp).
#include <catch2/catch.hpp>

#include "tests/adapters/support/serial_plant.hpp"

namespace {

using list = std::vector<std::string>;

/// The faults of a device with these keys and points, each on its line.
list faults(const std::string& keys, const std::string& points = "p: { field: 0 }",
            const std::string& bus = "serial: { port: /dev/null }") {
    return test::faults_of("  every: 1s\n" + keys + "  points:\n    " + points + "\n", bus);
}

std::string fault_of_message(std::string_view line) {
    std::string fault;
    serial::parse_message(line, fault);
    return fault;
}

std::string fault_of_step(std::string_view line) {
    std::string fault;
    serial::parse_step(line, fault);
    return fault;
}

}  // namespace

TEST_CASE("serial definition: the wire", "[serial][definition]") {
    CHECK(faults("").empty());
    CHECK(faults("", "p: { field: 0 }", "tcp: { host: h, port: 5025 }").empty());
    CHECK(faults("", "p: { field: 0 }", "tcp: { host: h }") ==
          list{"bus 0 tcp: tcp needs its port: 5025 of SCPI instruments, 4001, 8899 or 26 of serial servers"});
    CHECK(faults("", "p: { field: 0 }", "serial: { baud: 9600 }") ==
          list{"bus 0 serial: serial needs its port, such as /dev/ttyUSB0"});
    CHECK(faults("", "p: { field: 0 }", "serial: { port: /dev/null }\n    tcp: { host: h, port: 1 }") ==
          list{"bus 0 tcp: a bus has either serial or tcp, not both: make it two buses"});
}

TEST_CASE("serial definition: framing and check value", "[serial][definition]") {
    const auto of = [](const std::string& keys) { return faults("  " + keys + "\n"); };
    CHECK(of("frame: { type: delimited }") ==
          list{"device 0 frame: frame type delimited needs its start", "device 0 frame: frame type delimited needs its end"});
    CHECK(of("frame: { type: fixed }") ==
          list{"device 0 frame: frame type fixed needs its length",
               "device 0 frame: without start, check and gap nobody can tell where a message begins"});
    CHECK(of("frame: { type: gap }") == list{"device 0 frame: frame type gap needs its gap, such as 50ms"});
    CHECK(of("frame: { type: length, start: a }").size() == 1);
    CHECK(of("frame: { type: line, length: 5 }") == list{"device 0 frame.length: frame type line has no length"});
    CHECK(of("frame: { type: delimited, start: a, end: b, trailer: many }").size() == 1);
    CHECK(of("frame: { type: fixed, start: abc, length: 2 }").size() == 1);
    CHECK(of("frame: { type: fixed, start: abc, length: 2000 }") ==
          list{"device 0 frame.length: frame.length is above frame.max"});
    CHECK(of("frame: { type: fixed, start: a, length: 5000, max: 5000 }").size() == 1);
    CHECK(of("frame: { start: '\\q' }") ==
          list{"device 0 frame.start: after \\ comes one of r n t \\ \" { }, or x and two hexadecimal digits (at character 1)"});
    CHECK(of("frame: { start: ä }") ==
          list{"device 0 frame.start: write bytes beyond ASCII in hexadecimal: hex 42 4D (at character 1)"});
    CHECK(of("frame: { start: hex 4 }").size() == 1);
    CHECK(of("frame: { start: '{name}' }").size() == 1);
    CHECK(of("check: { from: 1 }") == list{"device 0 check: check needs its type, such as xor8"});
    CHECK(of("check: { type: xor8, covers_mark: true }").size() == 1);
    CHECK(of("check: { type: xor8, if_present: true }").size() == 1);
}

TEST_CASE("serial definition: modes, messages and scripts", "[serial][definition]") {
    CHECK(faults("  mode: poll\n") == list{"device 0 messages: a message needs send \"…\": in mode poll it has to be asked for"});
    CHECK(faults("  messages: [a send \"x\"]\n") == list{"device 0 messages: message a has send, which needs mode: poll"});
    CHECK(faults("  script: [expect frame]\n") == list{"device 0 script: script needs mode: script"});
    CHECK(faults("  mode: script\n  script: [send \"x\"]\n").size() == 1);
    CHECK(faults("  mode: poll\n  silent_ok: true\n  messages: [a send \"x\"]\n").size() == 1);
    CHECK(faults("  on_open: [expect frame]\n").size() == 1);
    CHECK(faults("  messages: [a, a]\n").size() == 2);  // and the point doesn't say which
    CHECK(faults("  messages: [a, b]\n") ==
          list{"point 0 : a point of a device with several messages says which it comes from: message: one of a, b"});
    CHECK(faults("  messages: [a, b]\n", "p: { message: c, field: 0 }") ==
          list{"point 0 message: device \"instrument\" has no message c; it has a, b"});
    CHECK(faults("  mode: poll\n  messages: ['a send \"{address}\"']\n") ==
          list{"device 0 messages: {address} needs the device's address: key"});
    CHECK(faults("  mode: poll\n  messages: ['a send \"x{check}\"']\n") == list{"device 0 messages: {check} needs check.type"});
    CHECK(faults("  mode: script\n  script: ['send \"{id}\"', expect line as id, expect frame]\n") ==
          list{"device 0 script: nothing is kept as \"id\" before it is used: expect line as id"});
    CHECK(faults("  mode: script\n  script: [baud from id 1 0=300, expect frame]\n").size() == 1);
    CHECK(faults("  mode: script\n  script: [baud 300, expect frame]\n", "p: { field: 0 }", "tcp: { host: h, port: 1 }").size() ==
          1);
}

TEST_CASE("serial definition: a sample is tried on the points", "[serial][definition]") {
    CHECK(faults("  messages: ['a sample \"12,x\\n\"']\n", "p: { message: a, field: 0 }").empty());
    CHECK(faults("  messages: ['a sample \"12,x\\n\"']\n", "p: { message: a, field: 1 }") ==
          list{"point 0 : doesn't fit the sample of message a: \"x\" isn't a number"});
    CHECK(
        faults("  messages: ['a sample \"12\"']\n").at(0).find("isn't a whole message: it doesn't begin or end as frame says") !=
        std::string::npos);
    CHECK(faults("  messages: ['a prefix \"b\" sample \"12\\n\"']\n").at(0).find("isn't taken for that message") !=
          std::string::npos);
    CHECK(faults("  check: { type: xor8, mark: '*', written: hex }\n  messages: ['a sample \"12*00\\n\"']\n")
              .at(0)
              .find("a check value is wrong") != std::string::npos);
    CHECK(faults("  check: { type: xor8, mark: '*', written: hex }\n  messages: ['a sample \"12*{check}\\n\"']\n").empty());
}

TEST_CASE("serial definition: the example of docs/serial.md", "[serial][definition]") {
    test::plant made(
        "  every: 5s\n  mode: poll\n  frame: { type: line }\n  messages:\n"
        "    - both send \"READ?\\r\\n\" sample \"H={030.0..070.0};T={19.0..24.0}\\r\\n\"\n"
        "  points:\n    humidity: { message: both, regex: 'H=([0-9.]+)', unit: \"%\" }\n"
        "    temperature: { message: both, regex: 'T=(-?[0-9.]+)', unit: \"°C\" }\n");
    made.line().answer = [](const std::string& asked) { return asked == "READ?\r\n" ? "H=045.5;T=-3.0\r\n" : ""; };
    CHECK(made.poll() == test::readings{{"humidity", "45.5"}, {"temperature", "-3.0"}});
}

TEST_CASE("serial definition: points", "[serial][definition]") {
    const auto of = [](const std::string& point) { return faults("", "p: { " + point + " }"); };
    CHECK(of("type: text").size() == 1);
    CHECK(of("field: 0, at: 1").size() == 1);
    CHECK(of("at: 1") == list{"point 0 : a value at an offset needs its type, such as uint16"});
    CHECK(of("field: 1, type: uint16") == list{"point 0 type: uint16 is made of bytes, at: an offset"});
    CHECK(of("at: 0, type: text").size() == 1);
    CHECK(of("at: 0, type: uint8, length: 1").size() == 1);
    CHECK(of("at: 0, type: bcd, length: 10").size() == 1);
    CHECK(of("at: 0, type: uint8, bits: 8").size() == 1);
    CHECK(of("at: 0, type: uint8, bits: 5..3").size() == 1);
    CHECK(of("at: 0, type: float32, bits: 3").size() == 1);
    CHECK(of("field: 0, group: 1") == list{"point 0 group: group belongs to regex:"});
    CHECK(of("field: 0, bits: 1").size() == 1);
    CHECK(of("regex: '('").size() == 1);
    CHECK(of("regex: '(a)', group: 2") == list{"point 0 group: the expression has 1 groups"});
    CHECK(of("columns: 0..3").size() == 1);
    CHECK(of("columns: 5..3").size() == 1);
    CHECK(of("columns: a").size() == 1);
    CHECK(of("field: 0, scale: 0").size() == 1);
    CHECK(of("field: 0, type: text, scale: 2").size() == 1);
    CHECK(of("field: 0, type: timestamp").size() == 1);
    CHECK(of("field: 0, type: timestamp, time_format: YYMMDDhhmmssX").size() == 1);
    CHECK(of("field: 0, type: timestamp, time_format: YYMMDD, zone: '+1'").size() == 1);
    CHECK(of("field: 0, zone: Z").size() == 1);
    CHECK(of("field: 0, enum: [on]").size() == 1);
    CHECK(of("field: 0, valid_if: A").size() == 1);
    CHECK(of("field: 0, valid_if: x = A").size() == 1);
    CHECK(of("field: 0, valid_if: 2 =").size() == 1);
    CHECK(of("key: a, sign: 1").size() == 1);
    CHECK(of("regex: '(a)', sign: 2").size() == 1);
}

TEST_CASE("serial definition: lines say where they are wrong", "[serial][definition]") {
    CHECK(fault_of_message("gga prefix \"$??GGA,\" field 2 = \"A\" byte 0 = 24").empty());
    CHECK(fault_of_message("") == "a name belongs here, of letters, digits, _ and - (at character 1 of \"\")");
    CHECK(fault_of_message("a perfix \"b\"") ==
          "\"perfix\" isn't known here; a message has prefix, pattern, byte, field, send, sample (at character 3 of \"a perfix "
          "\"b\"\")");
    CHECK(fault_of_message("a prefix b").find("the beginning of the message belongs here, in double quotes") == 0);
    CHECK(fault_of_message("a prefix \"b").find("a double quote that isn't closed") == 0);
    CHECK(fault_of_message("a byte 1 86").find("\"=\" belongs here") == 0);
    CHECK(fault_of_message("a byte 1 = 186").find("a hexadecimal byte belongs here") == 0);
    CHECK(fault_of_message("a pattern \"(\"").find("a parenthesis that isn't closed") == 0);
    CHECK_FALSE(fault_of_message("a send hex \"4\"").empty());
    CHECK_FALSE(fault_of_message("a send \"\"").empty());
    CHECK_FALSE(fault_of_message("a send \"{\"").empty());
    CHECK_FALSE(fault_of_message("a send \"{}\"").empty());
    CHECK_FALSE(fault_of_message("a send \"{id.0}\"").empty());
    CHECK_FALSE(fault_of_message("a sample \"{5..1}\"").empty());
    CHECK_FALSE(fault_of_message("a sample \"{1..10}\"").empty());
    CHECK_FALSE(fault_of_message("a sample hex \"{1..2}\"").empty());
    for (const char* const good :
         {"send \"a\" \"b\"", "expect line", "expect line as id", "expect line as id sample \"x\\n\"", "expect frame",
          "expect hex \"06\"", "delay 300ms", "quiet 2s", "baud 9600", "baud from id 5 0=300 1=600"}) {
        INFO(good);
        CHECK(fault_of_step(good).empty());
    }
    CHECK(fault_of_step("wait 3s") ==
          "\"wait\" isn't known here; a step is send, expect, delay, quiet or baud (at character 1 of \"wait 3s\")");
    CHECK(fault_of_step("delay 3").find("a time up to 60s belongs here") == 0);
    CHECK(fault_of_step("delay 61s").find("a time up to 60s belongs here") == 0);
    CHECK(fault_of_step("baud 10").find("a baud rate belongs here") == 0);
    CHECK(fault_of_step("baud from id 5").find("say which character means which speed") == 0);
    CHECK(fault_of_step("baud from id 5 10=300").find("a character, =, and a baud rate belong here") == 0);
    CHECK(fault_of_step("expect frame now") == "\"now\" is too much here (at character 14 of \"expect frame now\")");
}

// tests/adapters/serial_profiles_test.cpp: the templates of serial instruments, on frames as such devices send them, whole and
// damaged. Not here: what else can be expressed (serial_fields_test.cpp, serial_frame_test.cpp).
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/adapters/support/serial_plant.hpp"

namespace {

using test::plant;
using test::readings;

std::string bytes(std::string_view hex) {
    std::string fault;
    auto made = serial::parse_bytes(hex, true, fault);
    REQUIRE(fault.empty());
    return made.at(0).text;
}

// The Dutch P1 companion standard's kind of telegram, of a version 4 meter; its CRC is the meter's own.
const std::string telegram =
    "/KFM5KAIFA-METER\r\n\r\n1-3:0.2.8(42)\r\n0-0:1.0.0(170124213128W)\r\n1-0:1.8.1(000306.946*kWh)\r\n"
    "1-0:1.8.2(000210.088*kWh)\r\n1-0:2.8.1(000000.000*kWh)\r\n1-0:2.8.2(000000.000*kWh)\r\n0-0:96.14.0(0001)\r\n"
    "1-0:1.7.0(02.793*kW)\r\n1-0:2.7.0(00.000*kW)\r\n1-0:32.7.0(229.0*V)\r\n1-0:31.7.0(013*A)\r\n"
    "0-1:24.1.0(003)\r\n0-1:24.2.1(170124210000W)(00671.790*m3)\r\n!";

std::string with_crc(const std::string& text) {
    char crc[8];
    std::snprintf(crc, sizeof crc, "%04X", serial::compute(serial::check_kind::crc16_arc, text));
    return text + crc + "\r\n";
}

const std::string old_telegram =
    "/ISk5\\2ME382-1003\r\n\r\n1-0:1.8.1(00001.001*kWh)\r\n1-0:1.8.2(00002.002*kWh)\r\n1-0:2.8.1(00000.000*kWh)\r\n"
    "1-0:2.8.2(00000.000*kWh)\r\n0-0:96.14.0(0001)\r\n1-0:1.7.0(0000.51*kW)\r\n1-0:2.7.0(0000.00*kW)\r\n"
    "0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.123)\r\n0-1:24.4.0(1)\r\n!\r\n";

struct profile {
    std::string name;                  // of the template
    std::string frame;                 // what the device sends, or its last answer
    readings good;                     // of the points that come from it
    std::vector<std::string> answers;  // before it, in a dialogue
    std::string change = "";           // further keys of the device
    bool has_start = true;             // noise before it can be told from it
};

/// A frame as a line of seven bits with even parity sends it.
std::string with_even_parity(std::string frame) {
    for (char& byte : frame) byte = serial::with_parity(byte, serial::eighth_bit::even);
    return frame;
}

std::vector<profile> profiles() {
    return {
        {"serial-nmea-gnss",
         "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n",
         {{"latitude", "48.1173"}, {"longitude", "11.516666667"}, {"altitude", "545.4"}, {"satellites", "8"}, {"hdop", "0.9"}},
         {}},
        {"serial-nmea-gnss",
         "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n",
         {{"time", "1994-03-23T12:35:19Z"}, {"speed", "22.4"}, {"course", "84.4"}},
         {}},
        {"serial-nmea-wind",
         "$WIMWV,214.8,R,0.1,K,A*28\r\n",
         {{"direction", "214.8"}, {"speed", "0.1"}, {"speed_unit", "km/h"}},
         {}},
        {"serial-dsmr-p1",
         with_crc(telegram),
         {{"time", "2017-01-24T21:31:28+01:00"},
          {"energy_import_t1", "306.946"},
          {"energy_import_t2", "210.088"},
          {"energy_export_t1", "0.0"},
          {"energy_export_t2", "0.0"},
          {"tariff", "1"},
          {"power_import", "2.793"},
          {"power_export", "0.0"},
          {"voltage_l1", "229.0"},
          {"current_l1", "13"},
          {"gas", "671.79"},
          {"gas_time", "2017-01-24T21:00:00+01:00"}},
         {}},
        {"serial-dsmr-p1-v3",
         with_even_parity(old_telegram),
         {{"energy_import_t1", "1.001"},
          {"energy_import_t2", "2.002"},
          {"energy_export_t1", "0.0"},
          {"energy_export_t2", "0.0"},
          {"tariff", "1"},
          {"power_import", "0.51"},
          {"power_export", "0.0"},
          {"gas", "24.123"}},
         {},
         "eighth_bit: even, "},
        {"serial-iec62056-21",
         "\x02"
         "1.8.0(000123.4*kWh)\r\n!\r\n\x03\x7E",
         {{"energy_import", "123.4"}},
         {"/ISK5MT174-0001\r\n", ""}},
        {"serial-mt-sics",
         with_even_parity("S S     100.00 g\r\n"),
         {{"weight", "100.0"}, {"unit", "g"}, {"state", "stable"}},
         {},
         "eighth_bit: even, ",
         false},
        {"serial-pms5003",
         bytes("42 4D 00 1C 00 05 00 08 00 09 00 05 00 08 00 09 03 84 01 04 00 28 00 04 00 01 00 00 97 00 02 27"),
         {{"pm1", "5"}, {"pm2_5", "8"}, {"pm10", "9"}, {"particles_0_3um", "900"}, {"particles_2_5um", "4"}},
         {}},
        {"serial-mhz19", bytes("FF 86 02 60 47 00 00 00 D1"), {{"co2", "608"}, {"temperature", "31.0"}}, {}},
    };
}

/// What is read of these bytes, whole or in the given pieces.
readings read(const profile& of, const std::string& stream, std::size_t cut = 0, bool again = false) {
    std::string device = test::device_of_template(of.name);
    if (!of.change.empty()) device.replace(device.find("frame: { ") + 9, 0, of.change);
    plant made(device);
    const auto send = [&] {
        made.line().bring(stream.substr(0, cut));
        made.line().bring(stream.substr(cut), std::chrono::milliseconds(2));
    };
    std::size_t asked = 0;
    const bool listens = device.find("mode: listen") != std::string::npos;
    made.line().answer = [&](const std::string&) {
        if (asked < of.answers.size() && !of.answers[asked].empty()) return of.answers[asked++];
        ++asked;
        if (asked > of.answers.size() || of.answers[asked - 1].empty()) send();
        return std::string();
    };
    if (listens) send();
    if (listens && again) send();
    std::vector<std::string> points;
    for (const auto& [name, text] : of.good) points.push_back(name);
    return made.poll(points);
}

bool none_is_wrong(const profile& of, const readings& read) {
    for (const auto& [name, text] : read)
        if (of.good.at(name) != text) {
            UNSCOPED_INFO(name << " is " << text);
            return false;
        }
    return true;
}

}  // namespace

TEST_CASE("serial profiles: a frame as the device sends it", "[serial][profiles]") {
    for (const auto& of : profiles()) {
        INFO(of.name);
        CHECK(read(of, of.frame) == of.good);
    }
}

TEST_CASE("serial profiles: split at each byte", "[serial][profiles]") {
    for (const auto& of : profiles()) {
        INFO(of.name);
        for (std::size_t cut = 1; cut<of.frame.size(); cut += of.frame.size()> 200 ? 7 : 1)
            REQUIRE(read(of, of.frame, cut) == of.good);
    }
}

TEST_CASE("serial profiles: no single flipped bit brings a wrong value", "[serial][profiles]") {
    for (const auto& of : profiles()) {
        INFO(of.name);
        std::size_t silent = 0;
        for (std::size_t bit = 0; bit < of.frame.size() * 8; ++bit) {
            std::string damaged = of.frame;
            damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
            INFO("bit " << bit);
            const auto got = read(of, damaged);
            REQUIRE(none_is_wrong(of, got));
            silent += got.empty() ? 1 : 0;
        }
        CHECK(silent * 10 >= of.frame.size() * 8 * 9);  // the rest change nothing: the case of a hex digit, noise after the end
    }
}

TEST_CASE("serial profiles: a frame that breaks off brings nothing, and doesn't spoil the next", "[serial][profiles]") {
    for (const auto& of : profiles()) {
        INFO(of.name);
        for (std::size_t size = 0; size<of.frame.size(); size += of.frame.size()> 200 ? 5 : 1) {
            INFO("the first " << size << " bytes");
            const std::string part = of.frame.substr(0, size);
            // All but the line feed behind the last digit of a trailer may be missing without loss.
            REQUIRE(none_is_wrong(of, read(of, part)));
            const auto after = read(of, part + of.frame);
            REQUIRE(none_is_wrong(of, after));
            // A broken frame's length may reach into the next one; then that after it is the first whole one.
            if (of.has_start) REQUIRE((after == of.good || read(of, part + of.frame + of.frame + of.frame) == of.good));
        }
    }
}

TEST_CASE("serial profiles: noise before and after", "[serial][profiles]") {
    for (const auto& of : profiles()) {
        INFO(of.name);
        for (unsigned seed = 0; seed < 60; ++seed) {
            INFO("seed " << seed);
            std::mt19937 random(seed);
            std::string noise;
            for (std::size_t i = 0; i < 1 + seed; ++i) noise += static_cast<char>(random() & 0xFF);
            REQUIRE(none_is_wrong(of, read(of, noise + of.frame + noise)));
            if (of.has_start) REQUIRE(read(of, noise + of.frame + of.frame + noise + of.frame + of.frame) == of.good);
        }
    }
}

TEST_CASE("serial profiles: several frames in one piece", "[serial][profiles]") {
    for (const auto& of : profiles()) {
        INFO(of.name);
        CHECK(read(of, of.frame + of.frame + of.frame) == of.good);
    }
}

TEST_CASE("serial profiles: a receiver without a fix, and overload, are null", "[serial][profiles]") {
    plant gnss(test::device_of_template("serial-nmea-gnss"));
    const std::string none = "GNGGA,123519,,,,,0,00,99.9,,,,,,";
    char check[8];
    std::snprintf(check, sizeof check, "*%02X\r\n", serial::compute(serial::check_kind::xor8, none));
    gnss.line().bring("$" + none + check);
    CHECK(gnss.poll({"latitude", "altitude", "satellites"}) ==
          readings{{"latitude", "null"}, {"altitude", "null"}, {"satellites", "0"}});

    plant meter(test::device_of_template("serial-scpi-multimeter"), "tcp: { host: h, port: 5025 }");
    std::string answer = "+1.23456789E+00\n";
    meter.line().answer = [&](const std::string& asked) {
        return asked == "SYST:ERR?\n" ? "-113,\"Undefined header, again\"\n" : answer;
    };
    CHECK(meter.poll({"voltage"}) == readings{{"voltage", "1.23456789"}});
    for (const char* const nothing : {"9.9E37\n", "+9.90000000E+37\n", "-9.9E+37\r\n", "9.91E37\n"}) {
        answer = nothing;
        CHECK(meter.poll({"voltage"}) == readings{{"voltage", "null"}});
    }
    CHECK(meter.poll({"error_number", "error_text"}) ==
          readings{{"error_number", "-113"}, {"error_text", "Undefined header, again"}});
    answer = "+1.2345+1.2345E+00\n";
    CHECK(meter.poll({"voltage"}).empty());
    CHECK(meter.failures["voltage"] == "\"+1.2345+1.2345E+00\" isn't a number");
}

TEST_CASE("serial profiles: a scale that has no weight now says so", "[serial][profiles]") {
    plant scale(test::device_of_template("serial-mt-sics"));
    std::string answer;
    scale.line().answer = [&](const std::string& asked) {
        CHECK(asked == "SI\r\n");
        return answer;
    };
    answer = "S D    -  0.5 g\r\n";
    CHECK(scale.poll({"weight"}).empty());
    answer = "S D    -0.5 kg\r\n";
    CHECK(scale.poll() == readings{{"weight", "-0.5"}, {"unit", "kg"}, {"state", "moving"}});
    for (const char* const none : {"S I\r\n", "S +\r\n", "S -\r\n"}) {
        answer = none;
        CHECK(scale.poll({"weight"}).empty());
        CHECK(scale.outcome == tidegate::outcome::done);
        CHECK(scale.failures.size() == 1);
    }
    answer = "ES\r\n";
    CHECK(scale.poll({"weight"}).empty());
    CHECK(scale.outcome == tidegate::outcome::done);
    CHECK(scale.failures["weight"] == "no weight in 1000 ms, but \"ES\"");
}

TEST_CASE("serial profiles: a meter's dialogue, byte for byte", "[serial][profiles]") {
    plant meter(test::device_of_template("serial-iec62056-21"),
                "serial: { port: /dev/null, baud: 300, parity: even, data_bits: 7 }");
    meter.line().answer = [](const std::string& asked) {
        return asked.starts_with("/?") ? std::string("/ISK5MT174-0001\r\n")
                                       : std::string(
                                             "\x02"
                                             "1.8.0(000123.4*kWh)\r\n!\r\n\x03\x7E");
    };
    CHECK(meter.poll({"energy_import", "energy_export"}) == readings{{"energy_import", "123.4"}});
    CHECK(meter.failures["energy_export"] == "the message has no 2.8.0");
    CHECK(meter.line().written == std::vector<std::string>{"/?!\r\n", bytes("06 30 35 30 0D 0A")});
    CHECK(meter.line().bauds == std::vector<std::uint32_t>{300, 9600});
    CHECK(meter.poll({"energy_import"}) == readings{{"energy_import", "123.4"}});
    CHECK(meter.line().bauds == std::vector<std::uint32_t>{300, 9600, 300, 9600});

    meter.line().answer = [](const std::string&) { return std::string("/ISKxMT174\r\n"); };
    CHECK(meter.poll({"energy_import"}).empty());
    CHECK(meter.note == "step 6 (baud): \"/ISKxMT174\" names no speed");
    meter.line().answer = nullptr;
    CHECK(meter.poll({"energy_import"}).empty());
    CHECK(meter.note == "step 3 (expect line): nothing came in 3000 ms");
    CHECK(meter.outcome == tidegate::outcome::device_silent);
}

TEST_CASE("serial profiles: every template serves what it reads", "[serial][profiles]") {
    for (const char* const name :
         {"serial-nmea-gnss", "serial-nmea-wind", "serial-dsmr-p1", "serial-dsmr-p1-v3", "serial-iec62056-21", "serial-mt-sics",
          "serial-scpi-multimeter", "serial-pms5003", "serial-mhz19", "serial-barcode"}) {
        INFO(name);
        const std::string device = test::device_of_template(name);
        const test::translated config(device);
        const tidegate_faults abi{sizeof(tidegate_faults), nullptr,
                                  [](void*, std::uint32_t, std::size_t, const char*, const char* message) { FAIL(message); }};
        tidegate::faults faults(abi);
        const auto definition = serial::read_definition(config.get(), faults);
        CHECK(serial::why_not_simulated(definition).empty());
        serial::simulator other(definition);
        plant reader(device);
        reader.line().answer = [&](const std::string& bytes) { return other.answer(bytes); };
        std::map<std::string, std::set<std::string>> seen;
        for (int i = 0; i < 20; ++i) {
            // Long after the last: what came meanwhile is gone, and no part of it is taken for a whole.
            if (definition.devices[0].mode == serial::device_mode::listen) {
                const std::string spoken = other.speak();
                reader.line().clock += std::chrono::seconds(1);
                reader.line().bring(spoken + spoken);
            }
            const auto got = reader.cycle();
            CHECK(reader.failures.empty());
            CHECK(got.size() == config.get().point_count);
            for (const auto& [point, text] : got) seen[point].insert(text);
        }
        std::size_t moving = 0;
        for (const auto& [point, texts] : seen) moving += texts.size() > 5 ? 1 : 0;
        CHECK(moving > 0);
    }
}

// tests/adapters/serial_check_test.cpp: check values against known ones, and where they stand in a frame.
// Not here: frames that are cut and put together (serial_frame_test.cpp).
#include "adapters/serial/check.hpp"

#include <catch2/catch.hpp>

#include "adapters/serial/bytes.hpp"

using namespace serial;

namespace {

std::string bytes(std::string_view hex) {
    std::string fault;
    return parse_bytes(hex, true, fault).at(0).text;
}

}  // namespace

TEST_CASE("serial check: the values that each kind gives for 123456789", "[serial][check]") {
    const std::string_view digits = "123456789";
    // CRCs: the "check" column of the catalogue of parametrised CRC algorithms.
    CHECK(compute(check_kind::crc8, digits) == 0xF4);
    CHECK(compute(check_kind::crc16_modbus, digits) == 0x4B37);
    CHECK(compute(check_kind::crc16_arc, digits) == 0xBB3D);
    CHECK(compute(check_kind::crc16_ccitt, digits) == 0x29B1);
    CHECK(compute(check_kind::crc16_xmodem, digits) == 0x31C3);
    CHECK(compute(check_kind::crc16_x25, digits) == 0x906E);
    CHECK(compute(check_kind::crc32, digits) == 0xCBF43926);
    CHECK(compute(check_kind::sum8, digits) == 0xDD);
    CHECK(compute(check_kind::sum8_negated, digits) == 0x23);
    CHECK(compute(check_kind::sum16, digits) == 0x01DD);
    CHECK(compute(check_kind::xor8, digits) == 0x31);
    CHECK(compute(check_kind::xor8, "") == 0);
    CHECK(compute(check_kind::lrc, "010300000002") == 0xFA);  // Modbus ASCII's own example
    for (const auto& row : check_rows()) CHECK(row_of(row.kind).name == row.name);
}

TEST_CASE("serial check: where the value stands and what it covers", "[serial][check]") {
    check_rule nmea{check_kind::xor8, 1, "*", false, 0, true, false, false};
    const std::string wind = "$WIMWV,214.8,R,0.1,K,A*28";
    CHECK(verify(nmea, wind).verdict == verdict::good);
    CHECK(verify(nmea, wind).body == wind.size() - 3);
    CHECK(check_value(nmea, wind.substr(0, wind.size() - 2)) == "28");
    CHECK(verify(nmea, "$WIMWV,214.8,R,0.1,K,A*29").verdict == verdict::bad);
    CHECK(verify(nmea, "$WIMWV,214.8,R,0.1,K,A*2").verdict == verdict::bad);
    CHECK(verify(nmea, "$WIMWV,214.8,R,0.1,K,A*280").verdict == verdict::bad);
    CHECK(verify(nmea, "$WIMWV,214.8,R,0.1,K,A*").verdict == verdict::bad);
    CHECK(verify(nmea, "$WIMWV,214.8,R,0.1,K,A").verdict == verdict::bad);
    CHECK(verify(nmea, "").verdict == verdict::bad);
    CHECK(verify(nmea, "*28").verdict == verdict::bad);

    // A mark elsewhere isn't the one before the value.
    CHECK(verify(nmea, "$X*Y*" + check_value(nmea, "$X*Y*")).verdict == verdict::good);
    CHECK(verify(nmea, "$X*Y?" + check_value(nmea, "$X*Y*")).verdict == verdict::bad);

    nmea.if_present = true;
    CHECK(verify(nmea, "$WIMWV,214.8,R,0.1,K,A").verdict == verdict::absent);
    CHECK(verify(nmea, "$WIMWV,214.8,R,0.1,K,A*").verdict == verdict::absent);
    CHECK(verify(nmea, "$WIMWV,214.8,R,0.1,K,A*29").verdict == verdict::bad);

    const check_rule covered{check_kind::crc16_arc, 0, "!", true, 2, true, false, false};
    CHECK(verify(covered, "123456789!" + check_value(covered, "123456789!") + "\r\n").verdict == verdict::good);
    CHECK(check_value(covered, "123456789!") != "BB3D");

    const check_rule modbus{check_kind::crc16_modbus, 0, "", false, 0, false, true, false};
    CHECK(verify(modbus, bytes("01 04 02 FF FF B8 80")).verdict == verdict::good);
    CHECK(verify(modbus, bytes("01 04 02 FF FF B8 80")).body == 5);
    CHECK(check_value(modbus, bytes("01 04 02 FF FF")) == bytes("B8 80"));
    const check_rule before_end{check_kind::sum8, 1, "", false, 1, false, false, false};
    CHECK(verify(before_end, bytes("02 31 32 63 03")).verdict == verdict::good);
    CHECK(verify(before_end, bytes("02 31 33 63 03")).verdict == verdict::bad);
    CHECK(verify({}, "anything").verdict == verdict::good);
}

TEST_CASE("serial check: hexadecimal digits of either case", "[serial][check]") {
    const check_rule hex{check_kind::crc16_arc, 0, "", false, 0, true, false, false};
    CHECK(verify(hex, "123456789BB3D").verdict == verdict::good);
    CHECK(verify(hex, "123456789bb3d").verdict == verdict::good);
    CHECK(verify(hex, "123456789BB3G").verdict == verdict::bad);
}

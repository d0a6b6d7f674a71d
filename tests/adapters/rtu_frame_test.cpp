#include "adapters/modbus/rtu_frame.hpp"
#include <catch2/catch.hpp>
TEST_CASE("crc"){ CHECK(modbus::crc16({})==0xFFFF);} 

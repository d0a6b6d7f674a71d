// tests/config/suggest_test.cpp: which known word was meant.
#include "config/suggest.hpp"

#include <catch2/catch.hpp>

using namespace config;

TEST_CASE("suggest: distance counts single slips", "[config][suggest]") {
    CHECK(distance("register", "register") == 0);
    CHECK(distance("Register", "register") == 0);
    CHECK(distance("regsiter", "register") == 1);
    CHECK(distance("regster", "register") == 1);
    CHECK(distance("registter", "register") == 1);
    CHECK(distance("rogister", "register") == 1);
    CHECK(distance("", "abc") == 3);
    CHECK(distance("abc", "") == 3);
    CHECK(distance("kitten", "sitting") == 3);
}

TEST_CASE("suggest: only what resembles is suggested", "[config][suggest]") {
    const std::vector<std::string> known = {"register", "input", "coil", "unit", "baud", "qos"};
    CHECK(closest("regsiter", known) == "register");
    CHECK(closest("bauds", known) == "baud");
    CHECK(closest("baudrate", known) == "baud");
    CHECK(closest("unit_id", known) == "unit");
    CHECK(closest("qso", known) == "qos");
    CHECK_FALSE(closest("temperature", known).has_value());
    CHECK_FALSE(closest("x", known).has_value());
    CHECK_FALSE(closest("", known).has_value());
    CHECK_FALSE(closest(std::string(100'000, 'r'), known).has_value());
    CHECK(did_you_mean("coill", known) == " (did you mean 'coil'?)");
    CHECK(did_you_mean("zebra", known).empty());
}

// tests/gateway/commission/register_place_test.cpp: places as typed and as planned, and what to try when there is no answer.
#include "gateway/commission/register_place.hpp"

#include <catch2/catch.hpp>

#include "gateway/commission/bus_address.hpp"

using namespace gateway;

namespace {

bool says(const std::vector<std::string>& lines, const std::string& what) {
    for (const auto& each : lines)
        if (each.find(what) != std::string::npos) return true;
    return false;
}

}  // namespace

TEST_CASE("register place: exactly one is typed", "[gateway][register_place]") {
    register_choice typed;
    CHECK(place_key(typed).error().message().find("where to read is missing") == 0);
    typed.modicon = "40108";
    CHECK(*place_key(typed) == R"(register: "40108")");
    typed.holding = "0x6B";
    CHECK(place_key(typed).error().message().find("one place at a time") == 0);
    typed.modicon.clear();
    typed.type = "float32";
    typed.order = "CDAB";
    CHECK(*place_key(typed) + value_keys(typed) == R"(holding: "0x6B", type: "float32", order: "CDAB")");
}

TEST_CASE("register place: an address in another tool's way names the right one", "[gateway][register_place]") {
    const auto said = [](const char* text) {
        register_choice typed;
        typed.holding = text;
        const auto key = place_key(typed);
        return key ? *key : key.error().message();
    };
    CHECK(said("h100") == "'h100' is no address; did you mean --holding 100?");
    CHECK(said("holding:100") == "'holding:100' is no address; did you mean --holding 100?");
    CHECK(said("64h") == "'64h' is no address; did you mean --holding 0x64?");
    CHECK(said("0FFH") == "'0FFH' is no address; did you mean --holding 0x0FF?");
    // The adapter says what these are.
    for (const auto* other : {"100", "0x6B", "-1", "x", "h", "1.5", "100..107"})
        CHECK(said(other) == std::string("holding: \"") + other + '"');
    register_choice modicon;
    modicon.modicon = "4x00108";
    CHECK(place_key(modicon).has_value());
}

TEST_CASE("register place: the adapter's plan says where it is", "[gateway][register_place]") {
    const auto place = planned_place("unit 5, holding 107..108 (40108..40109)", 2);
    REQUIRE(place);
    CHECK(place->table == "holding");
    CHECK(place->address == 107);
    CHECK(place->words == "holding 107..108 (40108..40109)");
    CHECK_FALSE(place->is_bits());
    CHECK(planned_place("unit 5, coil 4 (00005)", 1)->is_bits());
    CHECK_FALSE(planned_place("unit 5, identification 0", 0));
    CHECK_FALSE(planned_place("asks for a message", 0));
}

TEST_CASE("register place: what to try after a refusal", "[gateway][register_place]") {
    const register_place at{"holding", 108, 1, ""};
    CHECK(says(advice_on_exception(2, at, false), "--holding 107"));
    CHECK(says(advice_on_exception(2, at, false), "--input 108"));
    CHECK_FALSE(says(advice_on_exception(2, {"coil", 0, 1, ""}, false), "count from 1"));
    CHECK(says(advice_on_exception(11, at, false), "gateway"));
    CHECK(says(advice_on_exception(2, {"holding", 40'101, 1, ""}, false), "--register 40101, which is --holding 100"));
    CHECK_FALSE(says(advice_on_exception(2, {"input", 40'101, 1, ""}, false), "--register"));
    CHECK(says(advice_on_exception(3, at, true), "range"));
    CHECK(advice_on_exception(99, at, false).empty());
}

TEST_CASE("register place: what to check when nobody answers", "[gateway][register_place]") {
    std::vector<config::setting> line;
    set(line, "serial.port", "/dev/ttyUSB0");
    set(line, "serial.baud", "19200");
    CHECK(says(advice_on_silence(line, "5"), "19200 baud, parity even"));
    CHECK(says(advice_on_silence(line, "5"), "A and B"));
    std::vector<config::setting> network;
    set(network, "tcp.host", "h");
    CHECK(says(advice_on_silence(network, "5"), "rtu+tcp://"));
    CHECK_FALSE(says(advice_on_silence(network, "5"), "A and B"));
    std::vector<config::setting> server;
    set(server, "rtu_over_tcp.host", "h");
    CHECK(says(advice_on_silence(server, "5"), "A and B"));
}

// tests/adapters/process_lines_test.cpp: what is said to a program, and what its lines mean.
// Not here: real programs (process_adapter_test.cpp).
#include "adapters/process/lines.hpp"

#include <catch2/catch.hpp>

using namespace process;

namespace {

bus_definition station() {
    bus_definition of;
    of.name = "weather";
    of.command = {"python3"};
    of.options = {"a=b"};
    of.devices = {{"roof", "10.0.0.7", {}}};
    of.points = {{"temperature", "t", {}, 0}, {"state", "state", {"slow"}, 0}};
    return of;
}

const answer& answer_in(const spoken& what) {
    REQUIRE(std::holds_alternative<answer>(what));
    return std::get<answer>(what);
}

}  // namespace

TEST_CASE("process lines: each request is one line", "[process]") {
    const auto of = station();
    CHECK(
        start_line(of) ==
        R"({"tidegate":1,"start":{"bus":"weather","options":["a=b"],"devices":[{"name":"roof","address":"10.0.0.7","options":[],)"
        R"("points":[{"name":"temperature","address":"t","options":[]},{"name":"state","address":"state","options":["slow"]}]}]}})"
        "\n");
    const std::vector<std::uint32_t> points{1, 0};
    CHECK(poll_line(7, of, 0, points, true) ==
          R"({"id":7,"poll":{"device":"roof","points":["state","temperature"],"probe":true}})"
          "\n");
    const std::vector<std::pair<std::uint32_t, value>> values{{0, std::int64_t{20}}, {1, std::string("a\nb")}};
    CHECK(write_line(8, of, 0, values) == R"({"id":8,"write":{"device":"roof","values":{"temperature":20,"state":"a\nb"}}})"
                                          "\n");
}

TEST_CASE("process lines: every kind of value and of answer is understood", "[process]") {
    const auto line = understand(
        R"({"id":7,"values":{"a":-1,"b":18446744073709551615,"c":0.5,"d":true,"e":"x","f":null,"g":[1]},"failures":{"h":"why","i":3}})");
    const auto& got = answer_in(line);
    CHECK(got.id == 7);
    const auto& read = std::get<poll_answer>(got.what);
    CHECK(read.values == std::vector<std::pair<std::string, value>>{{"a", std::int64_t{-1}},
                                                                    {"b", ~std::uint64_t{0}},
                                                                    {"c", 0.5},
                                                                    {"d", true},
                                                                    {"e", std::string("x")},
                                                                    {"f", no_value{}}});
    CHECK(read.failures ==
          std::vector<std::pair<std::string, std::string>>{{"g", "the program gives a list or an object where a value belongs"},
                                                           {"h", "why"},
                                                           {"i", "failed; the program doesn't say why"}});
    CHECK(std::get<poll_answer>(answer_in(understand(R"({"id":1,"silent":"gone"})")).what).status == poll_status::silent);
    CHECK(std::get<poll_answer>(answer_in(understand(R"({"id":1,"down":"off"})")).what).reason == "off");
    CHECK(std::get<write_answer>(answer_in(understand(R"({"id":1,"accepted":true})")).what).status == write_status::accepted);
    CHECK(std::get<write_answer>(answer_in(understand(R"({"id":1,"refused":"no"})")).what).reason == "no");
    CHECK(std::get<ready>(understand(R"({"ready":true})")).failed.empty());
    CHECK(std::get<ready>(understand(R"({"failed":"no sensor"})")).failed == "no sensor");
}

TEST_CASE("process lines: anything else is nonsense, and says why", "[process]") {
    const std::string deep = std::string(100, '[') + std::string(100, ']');
    for (const std::string& line :
         {std::string("hello"), std::string("[1]"), std::string("{}"), std::string(R"({"id":1})"),
          std::string(R"({"values":{}})"), std::string(R"({"id":-1,"values":{}})"), std::string(R"({"id":1,"values":[]})"),
          std::string("{\"id\":1,\"values\":{\"a\":\"\xff\"}}"), deep, std::string()}) {
        INFO(line);
        const auto what = understand(line);
        REQUIRE(std::holds_alternative<nonsense>(what));
        CHECK_FALSE(std::get<nonsense>(what).why.empty());
    }
}

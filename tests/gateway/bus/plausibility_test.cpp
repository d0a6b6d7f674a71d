// tests/gateway/bus/plausibility_test.cpp: which readings are dropped, for how long, and how the others are rounded.
// Not here: how the config says it (tests/config).
#include "gateway/bus/plausibility.hpp"

#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

using namespace gateway;

namespace {

/// One point "p" with these rules.
struct screen {
    explicit screen(const config::plausibility& rules) {
        bus.devices.resize(1);
        bus.devices[0].points.resize(1);
        bus.devices[0].points[0].name = "p";
        bus.devices[0].points[0].plausible = rules;
        checked.emplace(bus);
    }
    /// Empty: it holds.
    std::string refuse(const value& what) {
        reading one{0, what};
        const auto* why = checked->refuse(one);
        last = one.value;
        return why == nullptr ? std::string() : *why;
    }
    /// "1 - 3": which of them hold.
    std::string passing(const std::vector<double>& numbers) {
        std::string all;
        for (const double number : numbers) {
            const bool holds = refuse(number).empty();
            all += (all.empty() ? "" : " ") + (holds ? std::to_string(static_cast<long>(number)) : "-");
        }
        return all;
    }
    config::bus bus;
    std::optional<plausibility> checked;
    value last;
};

config::plausibility within(std::optional<double> least, std::optional<double> most) {
    config::plausibility rules;
    rules.least = least;
    rules.most = most;
    return rules;
}
config::plausibility stepping(double step) {
    config::plausibility rules;
    rules.max_step = step;
    return rules;
}
config::plausibility monotonic() {
    config::plausibility rules;
    rules.monotonic = true;
    return rules;
}
config::plausibility rounding(int digits) {
    config::plausibility rules;
    rules.round = digits;
    return rules;
}

}  // namespace

TEST_CASE("plausibility: limits", "[gateway][plausibility]") {
    screen both(within(-40, 85));
    CHECK(both.passing({-40, 85, -41, 86, 20}) == "-40 85 - - 20");
    CHECK(both.checked->dropped(0) == 2);
    CHECK(both.refuse(90.5) == "p: 90.5 is outside of -40 to 85");
    CHECK(both.refuse(91.5) == "p: 90.5 is outside of -40 to 85");  // the same words until one holds
    CHECK(both.refuse(std::int64_t{80}).empty());
    CHECK(both.refuse(std::uint64_t{86}) == "p: 86 is outside of -40 to 85");
    CHECK(both.refuse(100.5f) == "p: 86 is outside of -40 to 85");
    CHECK(screen(within(0, std::nullopt)).refuse(-1.0) == "p: -1 is less than 0");
    CHECK(screen(within(std::nullopt, 5)).refuse(6.0) == "p: 6 is more than 5");
    SECTION("of numbers only") {
        for (const value& other : {value{no_value{}}, value{true}, value{std::string("x")}, value{std::nan("")}})
            CHECK(both.refuse(other).empty());
    }
}

TEST_CASE("plausibility: a step is believed when it is borne out", "[gateway][plausibility]") {
    CHECK(screen(stepping(10)).passing({100, 105, 300, 106, 116}) == "100 105 - 106 116");  // a spike
    CHECK(screen(stepping(10)).passing({100, 300, 305, 300}) == "100 - 305 300");           // a load switched on
    CHECK(screen(stepping(10)).passing({100, 300, 200, 400, 405}) == "100 - - - 405");      // noise, then rest
    CHECK(screen(stepping(10)).passing({100, 300, 101, 300, 300}) == "100 - 101 - 300");    // two spikes apart are two
    CHECK(screen(stepping(10)).passing({5000, 5010, 5021}) == "5000 5010 -");               // the first is believed
    screen words(stepping(10));
    words.refuse(100.0);
    CHECK(words.refuse(300.0) == "p: 300 is a step of more than 10 from 100");
    SECTION("what is outside of the limits bears nothing out") {
        auto rules = stepping(10);
        rules.most = 250;
        CHECK(screen(rules).passing({100, 300, 305, 102}) == "100 - - 102");
    }
}

TEST_CASE("plausibility: a counter that falls is believed when it is borne out", "[gateway][plausibility]") {
    CHECK(screen(monotonic()).passing({10, 10, 11, 3, 12}) == "10 10 11 - 12");  // a torn reading
    CHECK(screen(monotonic()).passing({10, 0, 1, 2}) == "10 - 1 2");             // set back
    CHECK(screen(monotonic()).passing({10, 5, 4, 4}) == "10 - - 4");
    CHECK(screen(monotonic()).passing({10, 0, 0}) == "10 - 0");
    screen words(monotonic());
    words.refuse(std::uint64_t{70});
    CHECK(words.refuse(std::uint64_t{7}) == "p: 7 is less than 70 before, and it never falls");
    SECTION("with a limit of the step, too") {
        auto rules = monotonic();
        rules.max_step = 100;
        CHECK(screen(rules).passing({10, 500, 20, 15, 16}) == "10 - 20 - 16");
    }
}

TEST_CASE("plausibility: rounding", "[gateway][plausibility]") {
    const auto rounded = [](value what, int digits) {
        screen one(rounding(digits));
        CHECK(one.refuse(what).empty());
        return one.last;
    };
    CHECK(rounded(230.1268, 2) == value(230.13));
    CHECK(rounded(230.1268f, 2) == value(230.13f));
    CHECK(std::get<float>(rounded(0.15f, 1)) == static_cast<float>(std::get<double>(rounded(0.15, 1))));
    CHECK(rounded(-0.04, 1) == value(0.0));
    CHECK_FALSE(std::signbit(std::get<double>(rounded(-0.04, 1))));
    CHECK(rounded(2.5, 0) == value(2.0));  // ties to even
    CHECK(rounded(1e300, 3) == value(1e300));
    CHECK(rounded(std::numeric_limits<double>::max(), 15) == value(std::numeric_limits<double>::max()));
    CHECK(rounded(5e-324, 15) == value(0.0));
    CHECK(rounded(std::int64_t{-7}, 0) == value(std::int64_t{-7}));
    CHECK(rounded(std::string("1.234"), 0) == value(std::string("1.234")));
    CHECK(rounded(no_value{}, 0) == value(no_value{}));
    SECTION("comes out as short as it is") {
        std::mt19937_64 random(3);
        for (int i = 0; i < 5000; ++i) {
            const double number = (static_cast<double>(random() >> 11) / 9007199254740992.0 - 0.5) * 2e6;
            const auto text = std::to_string(std::get<double>(rounded(number, 2)));  // six digits
            REQUIRE(text.substr(text.size() - 4) == "0000");
            REQUIRE(std::abs(std::get<double>(rounded(number, 2)) - number) < 0.00500001);
        }
    }
}

// tests/gateway/commission/guess_devices_test.cpp: guess on registers as real devices hold them, and where it must not be sure.
// The maps (types, orders, scales) are those of the makers' documents, as in config/templates; the values are of everyday size.
// Not here: how often it is right over many (guess_random_test.cpp).
#include <catch2/catch.hpp>

#include "gateway/commission/guess.hpp"
#include "tests/gateway/commission/seen_registers.hpp"

using namespace gateway;

namespace {

const auto candidates = guess_candidates();

struct asked {
    /// Words from one before the address on, reading by reading.
    explicit asked(const std::vector<std::vector<std::uint16_t>>& words, std::optional<guess_wish> wish = std::nullopt) {
        for (const auto& one : words) readings.push_back(seen(candidates, one));
        found = rank_guesses(candidates, readings, wish);
    }
    std::string first() const { return found.ranked.empty() ? "" : named(candidates[found.ranked[0].candidate]); }
    bool is_sure() const { return found.doubt.empty(); }

    std::vector<guess_reading> readings;
    guesses found;
};

}  // namespace

TEST_CASE("guess: Eastron SDM630, input 0: volts as float32, the high word first", "[gateway][guess]") {
    const asked line({{0x0000, 0x4366, 0x199A, 0x4367, 0x0CCD, 0x4365, 0xE666, 0x0000, 0x0000}});
    CHECK(line.first() == "float32");
    CHECK(line.is_sure());
}

TEST_CASE("guess: Carlo Gavazzi EM340, volts × 10 as int32, the low word first", "[gateway][guess]") {
    const asked plain({{0x0000, 0x0905, 0x0000, 0x090F, 0x0000, 0x08FA, 0x0000, 0x0FA0, 0x0000}});
    CHECK(plain.found.ranked[0].last == value{std::uint64_t{2309}});  // as uint16, or as int32 CDAB: the same now
    CHECK_FALSE(plain.found.ranked[0].alike.empty());
    const asked known({{0x0000, 0x0905, 0x0000, 0x090F, 0x0000, 0x08FA, 0x0000, 0x0FA0, 0x0000}}, guess_wish{230.9, 0.02});
    CHECK(known.found.ranked[0].exponent == -1);
    CHECK(known.found.ranked[0].last == value{std::uint64_t{2309}});
}

TEST_CASE("guess: SMA, total energy in Wh as uint64, moving", "[gateway][guess]") {
    const asked counter({{0x0000, 0x0000, 0x0000, 0x0134, 0xFFF0, 0x0000, 0x0000, 0x0000, 0x7A12},
                         {0x0000, 0x0000, 0x0000, 0x0134, 0xFFFC, 0x0000, 0x0000, 0x0000, 0x7A12},
                         {0x0000, 0x0000, 0x0000, 0x0135, 0x0009, 0x0000, 0x0000, 0x0000, 0x7A12},
                         {0x0000, 0x0000, 0x0000, 0x0135, 0x0015, 0x0000, 0x0000, 0x0000, 0x7A12}});
    CHECK(counter.first() == "uint64");
    CHECK(counter.found.ranked[0].moves);
}

TEST_CASE("guess: XY-MD02, temperature × 10 as int16, below zero", "[gateway][guess]") {
    const asked cold({{0x0000, 0xFFC9, 0x0251}});  // -5.5 °C, 59.3 %
    CHECK(cold.first() == "int16");
    const asked known({{0x0000, 0xFFC9, 0x0251}}, guess_wish{-5.5, 0.02});
    CHECK(known.first() == "int16");
    CHECK(known.found.ranked[0].exponent == -1);
    CHECK(known.is_sure());
}

TEST_CASE("guess: PZEM-004T, power as uint32, the low word first", "[gateway][guess]") {
    const asked known({{0x0000, 0x2710, 0x0001, 0x0000, 0x0000, 0x01F4, 0x0064, 0x0000}}, guess_wish{7553.6, 0.02});
    CHECK(known.first() == "uint32 CDAB");
    CHECK(known.found.ranked[0].exponent == -1);
}

TEST_CASE("guess: a name, a date", "[gateway][guess]") {
    const asked name({{0x0001, 0x5344, 0x4D36, 0x3330, 0x2D4D, 0x4F44, 0x0000, 0x0000, 0x0000}});  // "SDM630-MOD"
    CHECK(name.first().starts_with("string"));
    CHECK(name.is_sure());
    const asked date({{0x0000, 0x6925, 0x9E40, 0x0000, 0x0001, 0x0002, 0x0003, 0x0000, 0x0000}});  // November 2025
    bool among_three = false;
    for (std::size_t i = 0; i < 3; ++i)
        among_three = among_three || named(candidates[date.found.ranked[i].candidate]) == "unix32";
    CHECK(among_three);
    CHECK_FALSE(date.is_sure());
}

TEST_CASE("guess: documents that count from 1", "[gateway][guess]") {
    const asked beside({{0x4366, 0x199A, 0x4367, 0x0CCD, 0x4365, 0xE666, 0x0000, 0x0000, 0x0000}}, guess_wish{230.1, 0.001});
    CHECK(beside.first() == "float32 -1");
    CHECK(beside.is_sure());
}

TEST_CASE("guess: what nobody can tell, it doesn't tell", "[gateway][guess]") {
    const asked zeros({std::vector<std::uint16_t>(9, 0)});
    CHECK_FALSE(zeros.is_sure());
    CHECK(zeros.found.doubt.find("0 now") != std::string::npos);
    const asked nothing_fits({{0x0000, 0x0905, 0x0000, 0x090F}}, guess_wish{777, 0.001});
    CHECK(nothing_fits.found.ranked.empty());
    CHECK_FALSE(nothing_fits.is_sure());
    const asked noise({{0x83B1, 0x9D07, 0xC3A9, 0x8E51, 0xB60F, 0xA2C3, 0x97D9, 0xCB35, 0x8AF7}});
    CHECK_FALSE(noise.is_sure());
}

TEST_CASE("guess: only what the device has is guessed from", "[gateway][guess]") {
    const asked one({{0x0000, 0x0905}});
    REQUIRE_FALSE(one.found.ranked.empty());
    for (const auto& each : one.found.ranked) CHECK(candidates[each.candidate].registers <= 2);
    CHECK(one.first() == "uint16");
}

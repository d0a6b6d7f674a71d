// tests/store/age_test.cpp: how old a reading is, and when it was taken, over boots, steps of the clock and clocks never set.
#include "store/age.hpp"

#include <catch2/catch.hpp>

using store::age_ms;
using store::moment;
using store::stamp;

namespace {

constexpr std::int64_t second = 1000;
constexpr std::int64_t hour = 3600 * second;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t year = 365 * day;
constexpr std::int64_t noon = 1'795'000'000'000;  // the true time at which this boot began
constexpr stamp wrong{5 * second, 10 * second, false};
constexpr stamp right{noon + 10 * second, 10 * second, true};
constexpr auto unknown = std::nullopt;

using maybe = std::optional<std::int64_t>;

}  // namespace

TEST_CASE("age: within a boot it is the time that has passed, whatever the clock says", "[store][age]") {
    const auto age_in_boot = [](const stamp& taken, const stamp& now) {
        const maybe age = age_ms(taken, true, unknown, {now});
        for (const maybe offset : {maybe(noon), maybe(0), maybe(noon + 10 * year)}) {
            CHECK(age_ms(taken, true, offset, {now, offset}) == age);
            CHECK(age_ms(taken, true, unknown, {now, offset}) == age);
        }
        return age;
    };
    CHECK(age_in_boot(wrong, {7 * second, 12 * second, false}) == 2 * second);
    CHECK(age_in_boot(wrong, {noon + 12 * second, 12 * second, true}) == 2 * second);              // set meanwhile
    CHECK(age_in_boot(right, {noon + 12 * second - hour, 12 * second, true}) == 2 * second);       // stepped back
    CHECK(age_in_boot(right, {noon + 12 * second + 10 * year, 12 * second, true}) == 2 * second);  // stepped forward
    CHECK(age_in_boot(right, {noon + 10 * second + day, 10 * second + day, true}) == day);         // slept
    CHECK(age_in_boot(right, {noon + 9 * second, 9 * second, true}) == 0);                         // can't be
}

TEST_CASE("age: of an earlier boot it is known if both clocks were right once", "[store][age]") {
    // The earlier boot began a day before this one.
    const moment now{{noon + 20 * second, 20 * second, true}, noon};
    const moment unset{{20 * second, 20 * second, false}, unknown};
    struct story {
        const char* name;
        stamp taken;
        maybe offset;
        moment now;
        maybe age;
    };
    const stamp yesterday{noon - day + 10 * second, 10 * second, true};
    for (const story& s : {
             story{"both right", yesterday, noon - day, now, day + 10 * second},
             story{"set later in its boot", wrong, noon - day, now, day + 10 * second},
             story{"never set in its boot", wrong, unknown, now, unknown},
             story{"right, but its boot is forgotten", yesterday, unknown, now, day + 10 * second},
             story{"not set yet in this boot", yesterday, noon - day, unset, unknown},
             story{"neither was ever set", wrong, unknown, unset, unknown},
             story{"right now, though nobody has noted it", yesterday, unknown, {now.clocks}, day + 10 * second},
             story{"set back an hour since",
                   yesterday,
                   noon - day,
                   {{noon + 20 * second - hour, 20 * second, true}, noon},
                   day + 10 * second},
             story{"set forward ten years since",
                   yesterday,
                   noon - day,
                   {{noon + 20 * second + 10 * year, 20 * second, true}, noon},
                   day + 10 * second},
             story{"synchronisation lost since",
                   yesterday,
                   noon - day,
                   {{noon + 20 * second, 20 * second, false}, noon},
                   day + 10 * second},
             story{"taken while the clock was ten years ahead",
                   {yesterday.wall_ms + 10 * year, 10 * second, true},
                   noon - day,
                   now,
                   day + 10 * second},
             story{"ahead of now", yesterday, noon + year, now, 0},
         }) {
        CAPTURE(s.name);
        CHECK(age_ms(s.taken, false, s.offset, s.now) == s.age);
    }
}

TEST_CASE("age: only a time that wasn't known to be right is corrected", "[store][age]") {
    CHECK(corrected(wrong, noon) == stamp{noon + 10 * second, 10 * second, true});
    CHECK(corrected(wrong, unknown) == wrong);
    CHECK(corrected(right, noon + hour) == right);
    CHECK(store::true_time_ms(wrong, unknown) == unknown);
    CHECK(store::true_time_ms(right, unknown) == right.wall_ms);
    CHECK(store::true_time_ms(right, noon + hour) == noon + hour + 10 * second);
    constexpr stamp mad{INT64_MAX, INT64_MAX, false};
    CHECK(corrected(mad, 1).wall_ms == INT64_MIN);  // wraps, doesn't trap
    CHECK(age_ms({0, INT64_MIN, true}, true, unknown, {{0, INT64_MAX, true}}) == 0);
}

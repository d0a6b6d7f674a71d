// tests/adapters/link_late_test.cpp: which requests may be sent while an older one's answer is owed.
// Not here: descriptors and waiting (link_line_test.cpp).
#include "adapters/modbus/link_late.hpp"

#include <catch2/catch.hpp>

using namespace modbus;

namespace {

const read_request three{7, table::holding, 100, 3};
const read_request four{7, table::holding, 100, 4};
const late_answers::time_point end{std::chrono::seconds(5)}, soon = end + std::chrono::seconds(1);

foreign_frame answer_frame(std::uint8_t unit, const read_request& request) {
    return {unit, frame_kind::answer, shape_of(request)};
}

}  // namespace

TEST_CASE("late_answers: a unit that owes nothing is asked plainly", "[modbus][late]") {
    const late_answers late;
    CHECK(late.remedy_for(read_of(three), soon) == late_remedy::none);
    CHECK_FALSE(late.window_of(7));
}

TEST_CASE("late_answers: after a time-out", "[modbus][late]") {
    late_answers late;
    late.timed_out(read_of(three), end);
    CHECK(late.window_of(7) == end);
    CHECK_FALSE(late.window_of(8));
    CHECK(late.remedy_for(read_of({8, table::holding, 100, 3}), soon) == late_remedy::none);

    SECTION("a request of the same shape needs the unit in step first") {
        CHECK(late.remedy_for(read_of(three), soon) == late_remedy::odd_read);
        CHECK(late.remedy_for(read_of({7, table::holding, 0, 3}), soon) == late_remedy::odd_read);
        CHECK(shape_of(*late.odd_read_for(read_of(three), soon)) == answer_shape{3, 4, 0});
    }
    SECTION("one of another shape can't be mistaken") {
        CHECK(late.remedy_for(read_of(four), soon) == late_remedy::none);
        CHECK(late.remedy_for(read_of({7, table::input, 100, 3}), soon) == late_remedy::none);
    }
    SECTION("the late answer settles it") {
        CHECK_FALSE(late.seen(answer_frame(8, three)));
        CHECK_FALSE(late.seen(answer_frame(7, four)));
        CHECK_FALSE(late.seen({7, frame_kind::other, shape_of(three)}));
        CHECK(late.window_of(7) == end);
        CHECK(late.seen(answer_frame(7, three)));
        CHECK_FALSE(late.window_of(7));
        CHECK(late.remedy_for(read_of(three), soon) == late_remedy::none);
    }
    SECTION("so does a late exception to the same function") {
        CHECK_FALSE(late.seen({7, frame_kind::exception, {4, 0, 0}}));
        CHECK(late.seen({7, frame_kind::exception, {3, 0, 0}}));
    }
    SECTION("of two owed, one seen is not enough") {
        late.timed_out(read_of(three), end);
        CHECK_FALSE(late.seen(answer_frame(7, three)));
        CHECK(late.remedy_for(read_of(three), soon) == late_remedy::odd_read);
        CHECK(late.seen(answer_frame(7, three)));
        CHECK(late.remedy_for(read_of(three), soon) == late_remedy::none);
    }
    SECTION("registers that can only be the latest settle all") {
        late.timed_out(read_of(three), end);
        late.in_step(7);
        CHECK(late.remedy_for(read_of(three), soon) == late_remedy::none);
    }
    SECTION("an exception to another request may be the late one: then that one's answer is owed") {
        late.exception_came(read_of(four));
        CHECK(late.remedy_for(read_of(four), soon) == late_remedy::odd_read);
        CHECK(late.remedy_for(read_of(three), soon) == late_remedy::odd_read);
    }
    SECTION("after three odd reads in vain it is the request's turn, then theirs again") {
        for (int i = 0; i < 3; ++i) {
            CHECK(late.remedy_for(read_of(three), soon) == late_remedy::odd_read);
            late.timed_out(read_of(*late.odd_read_for(read_of(three), soon)), end);
            late.remedy_unanswered(7);
        }
        CHECK(late.remedy_for(read_of(three), soon) == late_remedy::count_out);
        CHECK(late.remedy_for(write_register(7, 1, 2), soon) == late_remedy::none);
        CHECK(late.owed_like(read_of(three), soon) == 1);
        CHECK(late.owed(7, soon) == 4);
        late.timed_out(read_of(three), end);
        late.remedy_unanswered(7);
        CHECK(late.owed_like(read_of(three), soon) == 2);
        CHECK(late.remedy_for(read_of(three), soon) == late_remedy::odd_read);
        late.in_step(7);
        CHECK(late.remedy_for(read_of(three), soon) == late_remedy::none);
    }
    SECTION("a write isn't repeated") {
        late.timed_out(write_register(7, 1, 2), end);
        for (int i = 0; i < 3; ++i) late.remedy_unanswered(7);
        CHECK(late.remedy_for(write_register(7, 1, 3), soon) == late_remedy::listen_on);
    }
    SECTION("nobody waits for it longer than a minute") {
        CHECK(late.remedy_for(read_of(three), end + std::chrono::seconds(60)) == late_remedy::odd_read);
        CHECK(late.remedy_for(read_of(three), end + std::chrono::seconds(61)) == late_remedy::none);
        late.timed_out(read_of(three), end + std::chrono::seconds(90));
        CHECK(late.owed_like(read_of(three), end + std::chrono::seconds(91)) == 1);
    }
}

TEST_CASE("late_answers: an exception of a unit that owes nothing leaves it so", "[modbus][late]") {
    late_answers late;
    late.exception_came(read_of(three));
    CHECK(late.remedy_for(read_of(three), soon) == late_remedy::none);
}

TEST_CASE("late_answers: odd reads keep within the device's addresses and the protocol's limits", "[modbus][late]") {
    late_answers late;
    const auto odd = [&](const read_request& request) {
        late.timed_out(read_of(request), end);
        const auto found = late.odd_read_for(read_of(request), soon);
        REQUIRE(found);
        CHECK(shape_of(*found) != shape_of(request));
        CHECK(std::uint32_t{found->address} + found->count <= 0x10000);
        return *found;
    };
    CHECK(odd({1, table::holding, 65535, 1}).address == 65534);
    CHECK(odd({2, table::holding, 0, 1}).count == 2);
    CHECK(odd({3, table::input, 0, 125}).count == 124);
    CHECK(odd({4, table::coil, 0, 8}).count == 16);
    CHECK(odd({5, table::coil, 65530, 6}).address == 65536 - 14);
    CHECK(odd({6, table::discrete, 0, 2000}).count == 1992);
    CHECK(odd({6, table::discrete, 0, 1992}).count == 1984);
}

TEST_CASE("late_answers: where every shape is owed, the request itself is what is left", "[modbus][late]") {
    late_answers late;
    for (std::uint16_t count = 1; count <= 125; ++count) late.timed_out(read_of({7, table::holding, 0, count}), end);
    // The oldest are forgotten.
    CHECK(late.odd_read_for(read_of({7, table::holding, 0, 125}), soon)->count == 25);
    CHECK(late.owed(7, soon) == 100);
    late.in_step(7);
    CHECK(late.remedy_for(read_of({7, table::input, 0, 1}), soon) == late_remedy::none);
}

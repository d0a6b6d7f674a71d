// tests/adapters/link_late_test.cpp: which requests may be sent while an older one's answer is owed.
// Not here: descriptors and waiting (link_line_test.cpp).
#include "adapters/modbus/link_late.hpp"

#include <catch2/catch.hpp>

using namespace modbus;

namespace {

const read_request three{7, table::holding, 100, 3};
const read_request four{7, table::holding, 100, 4};
const late_answers::time_point start{std::chrono::seconds(4)};
const late_answers::time_point end{std::chrono::seconds(5)};

foreign_frame answer_frame(std::uint8_t unit, const read_request& request) {
    return {unit, frame_kind::answer, shape_of(request)};
}

}  // namespace

TEST_CASE("late_answers: a unit that owes nothing is asked plainly", "[modbus][late]") {
    const late_answers late;
    CHECK(late.remedy_for(read_of(three), start) == late_remedy::none);
    CHECK_FALSE(late.window_of(7));
}

TEST_CASE("late_answers: after a time-out", "[modbus][late]") {
    late_answers late;
    late.timed_out(read_of(three), start, end);
    CHECK(late.window_of(7) == end);
    CHECK_FALSE(late.window_of(8));
    CHECK(late.remedy_for(read_of({8, table::holding, 100, 3}), start) == late_remedy::none);

    SECTION("a request of the same shape needs the unit in step first") {
        CHECK(late.remedy_for(read_of(three), start) == late_remedy::odd_read);
        CHECK(late.remedy_for(read_of({7, table::holding, 0, 3}), start) == late_remedy::odd_read);
        CHECK(shape_of(*late.odd_read_for(read_of(three), start)) == answer_shape{3, 2, 0});
    }
    SECTION("one of another shape can't be mistaken") {
        CHECK(late.remedy_for(read_of(four), start) == late_remedy::none);
        CHECK(late.remedy_for(read_of({7, table::input, 100, 3}), start) == late_remedy::none);
    }
    SECTION("the late answer settles it") {
        CHECK_FALSE(late.seen(answer_frame(8, three)));
        CHECK_FALSE(late.seen(answer_frame(7, four)));
        CHECK_FALSE(late.seen({7, frame_kind::other, shape_of(three)}));
        CHECK(late.window_of(7) == end);
        CHECK(late.seen(answer_frame(7, three)));
        CHECK_FALSE(late.window_of(7));
        CHECK(late.remedy_for(read_of(three), start) == late_remedy::none);
    }
    SECTION("so does a late exception to the same function") {
        CHECK_FALSE(late.seen({7, frame_kind::exception, {4, 0, 0}}));
        CHECK(late.seen({7, frame_kind::exception, {3, 0, 0}}));
    }
    SECTION("of two owed, one seen is not enough") {
        late.timed_out(read_of(three), start, end);
        CHECK_FALSE(late.seen(answer_frame(7, three)));
        CHECK(late.remedy_for(read_of(three), start) == late_remedy::odd_read);
        CHECK(late.seen(answer_frame(7, three)));
        CHECK(late.remedy_for(read_of(three), start) == late_remedy::none);
    }
    SECTION("registers that can only be the latest settle all") {
        late.timed_out(read_of(three), start, end);
        late.in_step(7);
        CHECK(late.remedy_for(read_of(three), start) == late_remedy::none);
    }
    SECTION("an exception to another request may be the late one: then that one's answer is owed") {
        late.remains_owed(read_of(four), start);
        CHECK(late.remedy_for(read_of(four), start) == late_remedy::odd_read);
        CHECK(late.remedy_for(read_of(three), start) == late_remedy::odd_read);
    }
    SECTION("if the odd read is not answered either, another one is next, and never the request itself") {
        read_request odd = *late.odd_read_for(read_of(three), start);
        for (int round = 0; round < 20; ++round) {
            late.timed_out(read_of(odd), start, end);
            REQUIRE(late.remedy_for(read_of(three), start) == late_remedy::odd_read);
            const read_request next = *late.odd_read_for(read_of(three), start);
            CHECK(shape_of(next) != shape_of(odd));
            CHECK(shape_of(next) != shape_of(three));
            odd = next;
        }
        late.in_step(7);
        CHECK(late.remedy_for(read_of(three), start) == late_remedy::none);
    }
    SECTION("so late that none is") {
        CHECK(late.remedy_for(read_of(three), start + late_answers::memory - std::chrono::nanoseconds(1)) ==
              late_remedy::odd_read);
        CHECK(late.remedy_for(read_of(three), start + late_answers::memory) == late_remedy::none);
    }
    SECTION("what the unit has answered before comes second") {
        const read_request known{7, table::input, 500, 9};
        late.answered(known);
        late.answered(three);
        late.timed_out(read_of(*late.odd_read_for(read_of(three), start)), start, end);
        const read_request next = *late.odd_read_for(read_of(three), start);
        CHECK(shape_of(next) == shape_of(known));
        CHECK(next.address == 500);
    }
}

TEST_CASE("late_answers: writes", "[modbus][late]") {
    const transaction set = write_register(7, 120, 5);
    late_answers late;
    late.timed_out(set, start, end);
    SECTION("a write of the same function waits for the unit to be in step, since an exception may be late, too") {
        CHECK(late.remedy_for(set, start) == late_remedy::odd_read);
        CHECK(late.remedy_for(write_register(7, 1, 1), start) == late_remedy::odd_read);
        const read_request odd = *late.odd_read_for(set, start);
        CHECK(odd.from == table::holding);
        CHECK(odd.address == 120);
        CHECK(odd.count == 1);
    }
    SECTION("nothing else does") {
        CHECK(late.remedy_for(write_coil(7, 120, true), start) == late_remedy::none);
        CHECK(late.remedy_for(read_of(three), start) == late_remedy::none);
    }
    SECTION("the late acknowledgement settles it, and no other") {
        CHECK_FALSE(late.seen({7, frame_kind::answer, shape_of(write_register(7, 120, 6))}));
        CHECK(late.seen({7, frame_kind::answer, shape_of(set)}));
        CHECK(late.remedy_for(set, start) == late_remedy::none);
    }
    SECTION("a coil's is a read of coils") {
        const transaction coil = write_coil(7, 9, true);
        late.timed_out(coil, start, end);
        CHECK(late.odd_read_for(coil, start)->from == table::coil);
    }
}

TEST_CASE("late_answers: an exception of a unit that owes nothing leaves it so", "[modbus][late]") {
    late_answers late;
    late.remains_owed(read_of(three), start);
    CHECK(late.remedy_for(read_of(three), start) == late_remedy::none);
}

TEST_CASE("late_answers: odd reads keep within the device's addresses and the protocol's limits", "[modbus][late]") {
    late_answers late;
    const auto odd = [&](const read_request& request) {
        late.timed_out(read_of(request), start, end);
        const auto found = late.odd_read_for(read_of(request), start);
        REQUIRE(found);
        CHECK(shape_of(*found) != shape_of(request));
        CHECK(std::uint32_t{found->address} + found->count <= 0x10000);
        return *found;
    };
    CHECK(odd({1, table::holding, 65535, 1}).address == 65534);
    CHECK(odd({2, table::holding, 0, 1}).count == 2);
    CHECK(odd({3, table::input, 0, 125}).count == 1);
    CHECK(odd({4, table::coil, 0, 8}).count == 16);
    CHECK(odd({5, table::coil, 65530, 6}).address == 65536 - 14);
    CHECK(odd({6, table::discrete, 0, 2000}).count == 8);
    CHECK(odd({6, table::discrete, 0, 8}).count == 16);
}

TEST_CASE("late_answers: a unit that owes many answers is knocked at", "[modbus][late]") {
    late_answers late;
    const auto time = [](int seconds) { return start + std::chrono::seconds(seconds); };
    const auto owe = [&](std::uint16_t count, int when) {
        late.timed_out(read_of({7, table::holding, 0, count}), time(when), time(when + 1));
    };
    owe(3, 0);
    late.timed_out(write_register(7, 0, 1), time(0), time(1));
    for (std::uint16_t count = 11; count <= 13; ++count) owe(count, count - 10);
    CHECK_FALSE(late.knock_for(read_of(three), time(4)));
    owe(14, 4);
    // Those asked longest ago first, but neither what is to be asked nor what isn't a read.
    for (const int count : {11, 12, 13, 14, 11, 12}) {
        CHECK(late.knock_for(read_of(three), time(20))->count == count);
        owe(static_cast<std::uint16_t>(count), 20);
    }
    CHECK(late.knock_for(read_of(four), time(20))->count == 3);
    CHECK_FALSE(late.knock_for(read_of({8, table::holding, 100, 3}), time(20)));
    CHECK(late.remedy_for(read_of(three), time(20)) == late_remedy::odd_read);
    // What is owed no more isn't asked for in its place.
    CHECK_FALSE(late.knock_for(read_of(three), time(20) + late_answers::memory));
    late.in_step(7);
    CHECK_FALSE(late.knock_for(read_of(three), time(20)));
}

TEST_CASE("late_answers: over a new connection the window gives way to odd reads", "[modbus][late]") {
    late_answers late;
    late.timed_out(read_of(three), start, end);
    late.connection_renewed();
    CHECK_FALSE(late.window_of(7));
    CHECK(late.remedy_for(read_of(four), start) == late_remedy::odd_read);
    CHECK(late.remedy_for(read_of(three), start) == late_remedy::odd_read);
    CHECK(late.remedy_for(read_of({8, table::holding, 100, 4}), start) == late_remedy::none);
    CHECK(late.remedy_for(read_of(four), end) == late_remedy::none);
    CHECK(late.remedy_for(read_of(three), end) == late_remedy::odd_read);
    late.in_step(7);
    CHECK(late.remedy_for(read_of(three), start) == late_remedy::none);
}

TEST_CASE("late_answers: more shapes owed than are kept means any may be", "[modbus][late]") {
    late_answers late;
    for (std::uint16_t count = 1; count <= 40; ++count) late.timed_out(read_of({7, table::holding, 0, count}), start, end);
    CHECK(late.remedy_for(read_of({7, table::input, 0, 1}), start) == late_remedy::wait);
    CHECK(late.remedy_for(read_of({7, table::input, 0, 1}), start + late_answers::memory) == late_remedy::none);
    late.in_step(7);
    CHECK(late.remedy_for(read_of({7, table::input, 0, 1}), start) == late_remedy::none);
}

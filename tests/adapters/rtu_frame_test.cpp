// tests/adapters/rtu_frame_test.cpp: frames found in whatever arrives.
// Not here: time (link_line_test.cpp), other functions than reads (pdu_test.cpp, link_line_write_test.cpp).
#include "adapters/modbus/rtu_frame.hpp"

#include <catch2/catch.hpp>

#include "tests/adapters/support/fake_device.hpp"

using namespace modbus;

namespace {

// Unit 3, holding registers, three of them: 0x1122, 0x3344, 0x5566.
const read_request request{3, table::holding, 0x006B, 3};
const bytes answer_bytes = registers_frame(3, 3, {0x1122, 0x3344, 0x5566});

const transaction asked = read_of(request);
const bytes request_bytes = rtu_frame_of(request.unit, asked.pdu);

search find(const bytes& what) {
    looked_for target;
    target.unit = request.unit;
    target.form = form_of(asked.pdu);
    target.request_frame = request_bytes;
    return find_rtu_answer(what, target);
}

bytes front(const bytes& what, std::size_t count) { return {what.begin(), what.begin() + static_cast<std::ptrdiff_t>(count)}; }

}  // namespace

TEST_CASE("rtu_frame: CRC and requests as on the wire", "[modbus][rtu_frame]") {
    // From "MODBUS over Serial Line", and known by heart in the field: 01 03 00 00 00 0A C5 CD.
    const bytes frame = rtu_frame_of(1, read_of({1, table::holding, 0, 10}).pdu);
    CHECK(frame == bytes{0x01, 0x03, 0x00, 0x00, 0x00, 0x0A, 0xC5, 0xCD});
    CHECK(crc_fits(frame));
    CHECK(crc16(bytes{'1', '2', '3', '4', '5', '6', '7', '8', '9'}) == 0x4B37);  // the catalogue's check value
    const bytes coils = rtu_frame_of(255, read_of({255, table::coil, 0xABCD, 2000}).pdu);
    CHECK(bytes(coils.begin(), coils.begin() + 6) == bytes{0xFF, 0x01, 0xAB, 0xCD, 0x07, 0xD0});
    CHECK_FALSE(crc_fits(bytes{}));
    CHECK_FALSE(crc_fits(bytes{0xFF, 0xFF}));  // the CRC of nothing is no frame
}

TEST_CASE("rtu_frame: shapes and data", "[modbus][rtu_frame]") {
    CHECK(shape_of({1, table::holding, 0, 125}) == answer_shape{3, 250, 0});
    CHECK(shape_of({1, table::input, 0, 1}) == answer_shape{4, 2, 0});
    CHECK(shape_of({1, table::coil, 0, 8}) == answer_shape{1, 1, 0});
    CHECK(shape_of({1, table::discrete, 0, 9}) == answer_shape{2, 2, 0});
    CHECK(decode_data({1, table::input, 0, 2}, bytes{0x12, 0x34, 0xFF, 0xFE}) == std::vector<std::uint16_t>{0x1234, 0xFFFE});
    CHECK(decode_data({1, table::coil, 0, 10}, bytes{0b1000'0101, 0b0000'0010}) ==
          std::vector<std::uint16_t>{1, 0, 1, 0, 0, 0, 0, 1, 0, 1});
}

TEST_CASE("rtu_frame: an answer, cut at every byte", "[modbus][rtu_frame]") {
    for (std::size_t count = 0; count < answer_bytes.size(); ++count) {
        CAPTURE(count);
        const search begun = find(front(answer_bytes, count));
        CHECK(begun.result == search_result::need_more);
        CHECK(begun.matched == count);
        CHECK(begun.settled == 0);
        CHECK_FALSE(begun.damaged);
        if (count > 0) CHECK(begun.size == answer_bytes.size());
    }
    const search whole = find(answer_bytes + bytes{0x99});
    CHECK(whole.result == search_result::answer);
    CHECK(whole.at == 0);
    CHECK(whole.size == answer_bytes.size());
}

TEST_CASE("rtu_frame: an exception, cut at every byte", "[modbus][rtu_frame]") {
    const bytes exception = with_crc({3, 0x83, 2});
    for (std::size_t count = 0; count < exception.size(); ++count) {
        CAPTURE(count);
        const search begun = find(front(exception, count));
        CHECK(begun.result == search_result::need_more);
        CHECK(begun.matched == count);
        if (count > 1) CHECK(begun.size == exception_size);
    }
    CHECK(find(exception).result == search_result::exception);
    CHECK(find(exception).size == exception_size);
    CHECK(find(with_crc({3, 0x84, 2})).result == search_result::need_more);  // to another function
    CHECK(find(with_crc({4, 0x83, 2})).result == search_result::need_more);  // of another unit
}

TEST_CASE("rtu_frame: what comes before an answer is stepped over", "[modbus][rtu_frame]") {
    const bytes before = GENERATE_COPY(
        bytes{0x00}, bytes{0xFF, 0x00}, bytes{3}, bytes{3, 3}, bytes{3, 3, 6}, bytes{3, 3, 6, 0x11, 0x22}, bytes{3, 0x83},
        bytes(40, 0x03), registers_frame(4, 3, {1, 2, 3}), registers_frame(3, 4, {1, 2, 3}), registers_frame(3, 3, {1, 2}),
        with_crc({7, 0x83, 2}), with_crc({7, 6, 0, 1, 0, 2}), front(registers_frame(4, 3, {1, 2, 3}), 7));
    CAPTURE(before);
    const bytes all = before + answer_bytes;
    for (std::size_t count = 0; count < all.size(); ++count) {
        CAPTURE(count);
        const search part = find(front(all, count));
        CHECK(part.result == search_result::need_more);
        // What is settled holds no part of the answer.
        CHECK(part.settled <= before.size());
    }
    const search found = find(all);
    REQUIRE(found.result == search_result::answer);
    CHECK(found.at == before.size());
    CHECK(bytes(all.begin() + static_cast<std::ptrdiff_t>(found.at), all.end()) == answer_bytes);
}

TEST_CASE("rtu_frame: bytes may be forgotten as soon as they are settled", "[modbus][rtu_frame]") {
    const bytes all = bytes{0x55, 0x03, 0xAA} + registers_frame(9, 4, {7}) + bytes{3, 3} + with_crc({3, 0x84, 1}) + answer_bytes;
    bytes held;
    std::vector<foreign_frame> foreign;
    for (std::size_t index = 0; index < all.size(); ++index) {
        held.push_back(all[index]);
        const search found = find(held);
        foreign.insert(foreign.end(), found.foreign.begin(), found.foreign.end());
        CHECK((found.result == search_result::answer) == (index + 1 == all.size()));
        if (found.result == search_result::need_more)
            held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(found.settled));
    }
    CHECK(foreign == std::vector<foreign_frame>{{9, frame_kind::answer, {4, 2, 0}}, {3, frame_kind::exception, {4, 0, 0}}});
}

TEST_CASE("rtu_frame: frames of others are known by their CRC", "[modbus][rtu_frame]") {
    const auto foreign = [](const bytes& what) { return find(what).foreign; };
    CHECK(foreign(registers_frame(4, 3, {1, 2, 3})) == std::vector<foreign_frame>{{4, frame_kind::answer, {3, 6, 0}}});
    CHECK(foreign(registers_frame(3, 4, {1})) == std::vector<foreign_frame>{{3, frame_kind::answer, {4, 2, 0}}});
    CHECK(foreign(registers_frame(3, 3, {1})) == std::vector<foreign_frame>{{3, frame_kind::answer, {3, 2, 0}}});
    CHECK(foreign(with_crc({4, 0x90, 2})) == std::vector<foreign_frame>{{4, frame_kind::exception, {16, 0, 0}}});
    CHECK(foreign(with_crc({4, 5, 0, 1, 0xFF, 0})) ==
          std::vector<foreign_frame>{{4, frame_kind::answer, shape_of(write_coil(4, 1, true))}});
    CHECK(foreign(with_crc({4, 16, 0, 1, 0, 2, 4, 1, 2, 3, 4})) ==
          std::vector<foreign_frame>{{4, frame_kind::other, {16, 0, 0}}});
    bytes spoilt = registers_frame(4, 3, {1, 2, 3});
    spoilt[4] ^= 1;
    CHECK(foreign(spoilt).empty());
    CHECK(find_rtu_frames(answer_bytes).foreign == std::vector<foreign_frame>{{3, frame_kind::answer, {3, 6, 0}}});
    CHECK(find_rtu_frames(answer_bytes).settled == answer_bytes.size());
}

TEST_CASE("rtu_frame: what looks like another's frame inside the answer is data", "[modbus][rtu_frame]") {
    // 07 83 02 and its CRC, as register values of our answer.
    const bytes inner = with_crc({7, 0x83, 2});
    const bytes frame = with_crc(bytes{3, 3, 6} + inner + bytes{0});
    for (std::size_t count = 0; count < frame.size(); ++count) CHECK(find(front(frame, count)).foreign.empty());
    CHECK(find(frame).result == search_result::answer);
    CHECK(find(frame).at == 0);
}

TEST_CASE("rtu_frame: an answer of another length is not ours", "[modbus][rtu_frame]") {
    CHECK(find(registers_frame(3, 3, {1, 2})).result == search_result::need_more);
    CHECK(find(registers_frame(3, 3, {1, 2, 3, 4})).result == search_result::need_more);
    CHECK(find(registers_frame(3, 3, {1, 2, 3, 4})).matched == 0);
}

TEST_CASE("rtu_frame: damage to any bit is seen", "[modbus][rtu_frame]") {
    for (std::size_t index = 0; index < answer_bytes.size(); ++index) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            bytes spoilt = answer_bytes;
            spoilt[index] = static_cast<std::uint8_t>(spoilt[index] ^ (1u << bit));
            CAPTURE(index, bit);
            const search found = find(spoilt);
            CHECK(found.result == search_result::need_more);
            // Beyond the head the damage is known for what it is; a function with its top bit set is a damaged exception.
            CHECK(found.damaged == (index >= 3 || (index == 1 && bit == 7)));
        }
    }
}

TEST_CASE("rtu_frame: endless noise is never held for long", "[modbus][rtu_frame]") {
    bytes held;
    std::uint32_t random = 12345;
    std::size_t most = 0;
    for (int count = 0; count < 1500; ++count) {
        random = random * 1664525 + 1013904223;
        // Few values, so that heads occur often.
        held.push_back(static_cast<std::uint8_t>((random >> 24) % 5 * ((random >> 20) % 3 == 0 ? 51 : 1)));
        const search found = find(held);
        REQUIRE(found.result == search_result::need_more);
        held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(found.settled));
        most = std::max(most, held.size());
    }
    CHECK(most <= 260);
}

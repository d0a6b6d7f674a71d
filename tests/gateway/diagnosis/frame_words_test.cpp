// tests/gateway/diagnosis/frame_words_test.cpp: traced frames in words, in each framing. Not here: who hands them over
// (trace_test.py).
#include "gateway/diagnosis/frame_words.hpp"

#include <catch2/catch.hpp>

using namespace gateway;

namespace {

std::string bytes(std::initializer_list<int> from) {
    std::string text;
    for (const int each : from) text += static_cast<char>(each);
    return text;
}

// Unit 3, function 3, registers 100 and 101, and the answer; the CRCs by pymodbus.
const std::string request = bytes({0x03, 0x03, 0x00, 0x64, 0x00, 0x02, 0x84, 0x36});
const std::string answer = bytes({0x03, 0x03, 0x04, 0x08, 0xDD, 0x43, 0x59, 0xBA, 0xA3});

std::string with_crc_of_nothing(std::string frame) { return frame + "\x01\x01"; }

}  // namespace

TEST_CASE("frame words: RTU", "[gateway][trace]") {
    frame_words words(frame_form::rtu);
    CHECK(words.of(TIDEGATE_FRAME_SENT, request) == "unit 3: read holding registers 100..101");
    CHECK(words.of(TIDEGATE_FRAME_RECEIVED, answer) == "unit 3: 2 registers: 08DD 4359 (from 100)");
    CHECK(words.of(TIDEGATE_FRAME_RECEIVED, bytes({3, 0x83, 2, 0, 0})) ==
          "unit 3: exception 2: illegal data address (read holding registers) (from 100)");
    CHECK(words.of(TIDEGATE_FRAME_SENT, bytes({0, 6, 0, 7, 1, 0x41, 0, 0})) == "all units: write a register: 7 = 321");
    CHECK(words.of(TIDEGATE_FRAME_SENT, bytes({3, 5, 0, 7, 0xFF, 0, 0, 0})) == "unit 3: write a coil: 7 on");
    CHECK(words.of(TIDEGATE_FRAME_SENT, bytes({3, 99, 0, 7, 0xFF, 0, 0, 0})) == "unit 3: function 99");
    CHECK(words.of(TIDEGATE_FRAME_RECEIVED, bytes({3})) == "not a whole frame");
}

TEST_CASE("frame words: what was discarded on a line, and why", "[gateway][trace]") {
    frame_words words(frame_form::rtu);
    std::ignore = words.of(TIDEGATE_FRAME_SENT, request);
    CHECK(words.of(TIDEGATE_FRAME_DISCARDED, request) == "the request's echo");
    CHECK(words.of(TIDEGATE_FRAME_DISCARDED, request + "\x55") ==
          "the request's echo; 1 byte: noise, or a damaged frame (no right CRC)");
    CHECK(words.of(TIDEGATE_FRAME_DISCARDED, answer) == "unit 3: 2 registers: 08DD 4359 (late, or not what was asked)");
    CHECK(words.of(TIDEGATE_FRAME_DISCARDED, with_crc_of_nothing(answer.substr(0, 7))) ==
          "9 bytes: a damaged or cut answer (CRC wrong), or noise");
    std::ignore = words.of(TIDEGATE_FRAME_SENT, bytes({9, 3, 0, 0, 0, 1, 0, 0}));
    CHECK(words.of(TIDEGATE_FRAME_DISCARDED, answer) ==
          "unit 3: 2 registers: 08DD 4359 (late, or another's: nobody asked this unit now)");
}

TEST_CASE("frame words: ASCII", "[gateway][trace]") {
    frame_words words(frame_form::ascii);
    CHECK(words.of(TIDEGATE_FRAME_SENT,
                   ":030300640002"
                   "94\r\n") == "unit 3: read holding registers 100..101");
    CHECK(words.of(TIDEGATE_FRAME_RECEIVED,
                   ":03030200"
                   "0AEE\r\n") == "unit 3: 1 register: 000A (from 100)");
    CHECK(words.of(TIDEGATE_FRAME_DISCARDED, ":030302000AEF\r\n") == "15 bytes: noise, or a damaged frame (no right LRC)");
}

TEST_CASE("frame words: Modbus TCP, by transaction number", "[gateway][trace]") {
    frame_words words(frame_form::mbap);
    CHECK(words.of(TIDEGATE_FRAME_SENT, bytes({1, 2, 0, 0, 0, 6, 7, 4, 0, 100, 0, 1})) ==
          "#258 unit 7: read input registers 100");
    CHECK(words.of(TIDEGATE_FRAME_DISCARDED, bytes({1, 1, 0, 0, 0, 5, 7, 4, 2, 0, 9})) ==
          "#257 unit 7: 1 register: 0009 (late or foreign: nobody waits for this number)");
    CHECK(words.of(TIDEGATE_FRAME_RECEIVED, bytes({1, 2, 0, 0, 0, 5, 7, 4, 2, 0, 9})) ==
          "#258 unit 7: 1 register: 0009 (from 100)");
    CHECK(words.of(TIDEGATE_FRAME_DISCARDED, bytes({1, 2, 3})) == "3 bytes that are no whole Modbus TCP frame");
}

TEST_CASE("frame words: whatever bytes there are, there are words", "[gateway][trace]") {
    const auto form = GENERATE(frame_form::raw, frame_form::rtu, frame_form::ascii, frame_form::mbap);
    frame_words words(form);
    unsigned seed = 1;
    for (int i = 0; i < 3000; ++i) {
        std::string some;
        seed = seed * 1664525u + 1013904223u;
        for (unsigned n = seed >> 24; n > 0; n -= std::min(n, 7u)) {
            seed = seed * 1664525u + 1013904223u;
            some += static_cast<char>(seed >> 16);
        }
        const auto direction = static_cast<tidegate_frame_direction>(i % 3);
        CHECK(!words.of(direction, some).empty());
    }
}

// tests/adapters/link_line_test.cpp: requests and answers in RTU frames, with a device that misbehaves by script, in made-up
// time. Not here: opening ports and connections, writes and echoes (link_line_write_test.cpp), ASCII (link_ascii_test.cpp).
#include "adapters/modbus/link_line.hpp"

#include <catch2/catch.hpp>

#include "tests/adapters/support/line_bench.hpp"

using namespace modbus;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr nanoseconds patient = line_bench::patient;
constexpr nanoseconds brief = line_bench::brief;

const read_request ask_three{3, table::holding, 10, 2};
const bytes answer_three = registers_frame(3, 3, {0x1111, 0x2222});
const read_request ask_four{4, table::holding, 10, 2};
const bytes answer_four = registers_frame(4, 3, {0x4444, 0x5555});
const bytes stale_three = registers_frame(3, 3, {0xDEAD, 0xDEAD});

using values = std::vector<std::uint16_t>;

bytes frame_of(const read_request& request) { return rtu_frame_of(request.unit, read_of(request).pdu); }

line_timing timing_with(nanoseconds late_window) {
    line_timing timing = line_bench::brisk();
    timing.late_window = late_window;
    return timing;
}

using bench = line_bench;

}  // namespace

TEST_CASE("rtu: an answer", "[modbus][rtu]") {
    bench line([&](const bytes&) { line.say(answer_three); });
    const answer got = line.read(ask_three, patient);
    CHECK(got.status == answer::status::ok);
    CHECK(got.registers == values{0x1111, 0x2222});
    CHECK(got.turnaround > nanoseconds(0));
    CHECK(got.turnaround < patient);
    CHECK(line.asked() == std::vector<bytes>{frame_of(ask_three)});
}

TEST_CASE("rtu: bits", "[modbus][rtu]") {
    bench line([&](const bytes&) { line.say(with_crc({9, 1, 2, 0b0000'0101, 0b0000'0010})); });
    CHECK(line.read({9, table::coil, 0, 10}, patient).registers == values{1, 0, 1, 0, 0, 0, 0, 0, 0, 1});
}

TEST_CASE("rtu: an exception", "[modbus][rtu]") {
    bench line([&](const bytes&) { line.say(with_crc({3, 0x83, 2})); });
    const answer got = line.read(ask_three, patient);
    CHECK(got.status == answer::status::exception);
    CHECK(got.exception_code == 2);
    CHECK(got.detail == "exception 2: illegal data address");
}

TEST_CASE("rtu: an answer in pieces, and with something before it", "[modbus][rtu]") {
    const auto echo = frame_of(ask_three);
    const bytes before = GENERATE_COPY(bytes{}, bytes{0x00}, bytes{3}, bytes{3, 3}, echo, answer_four, with_crc({7, 0x83, 2}));
    bench line([&](const bytes&) {
        for (const std::uint8_t byte : before + answer_three) line.say({byte});
    });
    const answer got = line.read(ask_three, patient);
    CHECK(got.registers == values{0x1111, 0x2222});
    CHECK(line.read(ask_three, patient).registers == values{0x1111, 0x2222});
    CHECK(line.asked().size() == 2);
}

TEST_CASE("rtu: an adapter that hears itself, with a request that is also a well-formed answer", "[modbus][rtu]") {
    // 20 coils from 0x0305: the echo reads as three data bytes 05 00 14.
    const read_request request{3, table::coil, 0x0305, 20};
    bench line([&](const bytes& echo) {
        line.say(echo);
        line.say(with_crc({3, 1, 3, 0xFF, 0xFF, 0x0F}));
    });
    CHECK(line.read(request, patient).registers == values(20, 1));
}

TEST_CASE("rtu: no answer", "[modbus][rtu]") {
    bench line([](const bytes&) {}, timing_with(milliseconds(1)));
    const answer got = line.read(ask_three, nanoseconds(0));  // 0: the configured 20 ms
    CHECK(got.status == answer::status::silent);
    CHECK(got.detail == "no answer within 20 ms");
}

TEST_CASE("rtu: a late answer within the window is dropped, and ends the window", "[modbus][rtu][late]") {
    bool mute = true;
    bench line([&](const bytes&) {
        if (!mute) line.say(answer_three);
    });
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    mute = false;
    line.say(stale_three);
    const time_point before = line.now();
    CHECK(line.read(ask_three, patient).registers == values{0x1111, 0x2222});
    CHECK(line.now() - before < patient);  // the window is 20 s; only the late answer can have ended it
    CHECK(line.asked() == std::vector<bytes>(2, frame_of(ask_three)));
}

TEST_CASE("rtu: within the window the unit isn't asked, and the others are", "[modbus][rtu][late]") {
    bench line(
        [&](const bytes& request) {
            if (request[0] == 4) line.say(answer_four);
        },
        timing_with(milliseconds(200)));
    const time_point before = line.now();
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    CHECK(line.read(ask_four, patient).registers == values{0x4444, 0x5555});
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    CHECK(line.now() - before >= brief + milliseconds(200) + brief);
}

TEST_CASE("rtu: another unit's late answer comes before the awaited one", "[modbus][rtu][late]") {
    bool late = true;
    bench line([&](const bytes& request) {
        if (request[0] == 4) line.say(stale_three + answer_four);
        if (request[0] == 3 && !late) line.say(answer_three);
    });
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    CHECK(line.read(ask_four, patient).registers == values{0x4444, 0x5555});
    late = false;
    // Unit 3 owes nothing any more: asked at once, and plainly.
    CHECK(line.read(ask_three, patient).registers == values{0x1111, 0x2222});
    CHECK(line.asked() == std::vector<bytes>{frame_of(ask_three), frame_of(ask_four), frame_of(ask_three)});
}

TEST_CASE("rtu: another unit's late answer comes between two requests", "[modbus][rtu][late]") {
    bool late = true;
    bench line([&](const bytes& request) {
        if (request[0] == 4) line.say(answer_four);
        if (request[0] == 3 && !late) line.say(answer_three);
    });
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    line.say(stale_three);
    CHECK(line.read(ask_four, patient).registers == values{0x4444, 0x5555});
    late = false;
    const time_point before = line.now();
    CHECK(line.read(ask_three, patient).registers == values{0x1111, 0x2222});
    CHECK(line.now() - before < patient);  // the late answer was seen, or the window of 20 s would have been waited out
}

TEST_CASE("rtu: an answer later than the window is never taken for the next request's", "[modbus][rtu][late]") {
    int count = 0;
    const bytes odd_answer = registers_frame(3, 3, {0x7777});
    bench line(
        [&](const bytes&) {
            ++count;
            if (count == 2) line.say(stale_three + odd_answer);
            if (count == 3) line.say(answer_three);
        },
        timing_with(milliseconds(1)));
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    CHECK(line.read(ask_three, patient).registers == values{0x1111, 0x2222});
    const read_request odd{3, table::holding, 10, 1};
    CHECK(line.asked() == std::vector<bytes>{frame_of(ask_three), frame_of(odd), frame_of(ask_three)});
}

TEST_CASE("rtu: a device that is back is asked plainly from then on", "[modbus][rtu][late]") {
    int count = 0;
    bench line(
        [&](const bytes& request) {
            if (++count == 1) return;
            line.say(request == frame_of(ask_three) ? answer_three : with_crc({3, 0x83, 3}));  // two exceptions will do
        },
        timing_with(milliseconds(1)));
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    for (int round = 0; round < 3; ++round) CHECK(line.read(ask_three, patient).registers == values{0x1111, 0x2222});
    CHECK(line.asked().size() == 6);
}

TEST_CASE("rtu: a device that is back, with an exception, is asked plainly from then on", "[modbus][rtu][late]") {
    int count = 0;
    bench line(
        [&](const bytes& request) {
            if (++count > 1) line.say(request[5] == 1 ? registers_frame(3, 3, {7}) : with_crc({3, 0x83, 4}));
        },
        timing_with(milliseconds(1)));
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    for (int round = 0; round < 3; ++round) CHECK(line.read(ask_three, patient).exception_code == 4);
    CHECK(line.asked().size() == 5);
}

TEST_CASE("rtu: a device that ignores odd reads is asked plainly once no answer can be so late", "[modbus][rtu][late]") {
    int count = 0;
    bench line(
        [&](const bytes& request) {
            if (++count > 1 && request[5] == 2) line.say(answer_three);
        },
        timing_with(milliseconds(1)));
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    const time_point asked = line.now();
    while (line.now() - asked < late_answers::memory - seconds(1)) {
        CHECK(line.read(ask_three, brief).status == answer::status::silent);
        CHECK(line.asked().back() != frame_of(ask_three));
        line.channel.pass(seconds(3));
    }
    line.channel.pass(seconds(3));
    CHECK(line.read(ask_three, brief).registers == values{0x1111, 0x2222});
}

TEST_CASE("rtu: an answer that comes while the unit doesn't hear is nobody's", "[modbus][rtu][late]") {
    // The unit is busy for three requests, and then answers the first; the others it never heard.
    int count = 0;
    bench line(
        [&](const bytes&) {
            if (++count == 3) line.say(stale_three, milliseconds(5));
        },
        timing_with(milliseconds(1)));
    for (int round = 0; round < 6; ++round) CHECK(line.read(ask_three, brief).status == answer::status::silent);
}

TEST_CASE("rtu: a unit that was dead for long is read at once when it is back", "[modbus][rtu][late]") {
    bool dead = true;
    bench line(
        [&](const bytes& request) {
            if (dead) return;
            const std::size_t count = request[5];
            line.say(count == 2 ? answer_three : registers_frame(3, 3, std::vector<std::uint16_t>(count, 7)));
        },
        timing_with(milliseconds(1)));
    for (int round = 0; round < 300; ++round) CHECK(line.read(ask_three, brief).status == answer::status::silent);
    dead = false;
    const std::size_t before = line.asked().size();
    CHECK(before == 300);  // there was always something that could be asked
    CHECK(line.read(ask_three, brief).registers == values{0x1111, 0x2222});
    CHECK(line.asked().size() - before == 3);  // a knock, an odd read and the request
    CHECK(line.read(ask_three, brief).registers == values{0x1111, 0x2222});
    CHECK(line.asked().size() - before == 4);
}

TEST_CASE("rtu: what a knock brings may be old, and what is asked next isn't answered by what is older", "[modbus][rtu][late]") {
    int phase = 0;
    bench line(
        [&](const bytes& request) {
            const std::size_t count = request[5];
            const bytes own = registers_frame(3, 3, std::vector<std::uint16_t>(count, 7));
            if (phase == 0) return;
            // The knock gets the first request's answer, and then come the second's, which is stale, and the odd read's own.
            if (++phase == 2) return line.say(own, milliseconds(2));
            if (phase == 3) return line.say(stale_three + own, milliseconds(2));
            line.say(count == 2 ? answer_three : own, milliseconds(2));
        },
        timing_with(milliseconds(1)));
    const read_request one{3, table::holding, 50, 1};
    CHECK(line.read(one, brief).status == answer::status::silent);
    for (int round = 0; round < 5; ++round) CHECK(line.read(ask_three, brief).status == answer::status::silent);
    phase = 1;
    const std::size_t before = line.asked().size();
    CHECK(line.read(ask_three, brief).registers == values{0x1111, 0x2222});
    REQUIRE(line.asked().size() == before + 3);
    CHECK(line.asked()[before] == frame_of(one));
}

TEST_CASE("rtu: over a network, what was asked when the connection was lost may be answered over the next one",
          "[modbus][rtu][late]") {
    bench line([&](const bytes&) { line.channel.close_after(milliseconds(1)); }, timing_with(milliseconds(100)));
    CHECK(line.read(ask_three, brief).status == answer::status::down);
    std::ignore = line.channel.open(nanoseconds(0), line.interrupted);
    line.exchange.opened(line_exchange::way::connection);
    line.say(stale_three, milliseconds(5));
    line.channel.on_send = [&](const bytes& request) {
        line.say(request[5] == 1 ? registers_frame(3, 3, {0x7777}) : answer_three, milliseconds(10));
    };
    const time_point before = line.now();
    CHECK(line.read(ask_three, brief).registers == values{0x1111, 0x2222});
    CHECK(line.now() - before < milliseconds(100));  // the window isn't waited for: an odd read takes its place
}

TEST_CASE("rtu: over a new connection, an odd read takes the window's place whatever is asked", "[modbus][rtu][late]") {
    bench line([&](const bytes&) {}, timing_with(milliseconds(100)));
    CHECK(line.read(ask_three, brief).status == answer::status::silent);
    line.exchange.opened(line_exchange::way::connection);
    // An exception has no shape: the older request's must not be the new one's.
    line.say(with_crc({3, 0x83, 6}), milliseconds(5));
    line.channel.on_send = [&](const bytes& request) {
        if (request[5] == 5) return line.say(registers_frame(3, 3, {1, 2, 3, 4, 5}), milliseconds(10));
        line.say(registers_frame(3, 3, std::vector<std::uint16_t>(request[5], 7)), milliseconds(10));
    };
    CHECK(line.read({3, table::holding, 10, 5}, brief).registers == values{1, 2, 3, 4, 5});
    CHECK(line.asked().size() > 2);
}

TEST_CASE("rtu: a damaged answer ends the wait, and leaves nothing to wait for", "[modbus][rtu]") {
    int count = 0;
    bytes spoilt = answer_three;
    spoilt[4] ^= 0x10;
    bench line([&](const bytes&) { line.say(++count == 1 ? spoilt : answer_three); });
    const time_point before = line.now();
    const answer got = line.read(ask_three, patient);
    CHECK(got.status == answer::status::silent);
    CHECK(got.detail == "damaged answer (CRC)");
    CHECK(line.read(ask_three, patient).registers == values{0x1111, 0x2222});
    CHECK(line.now() - before < patient);  // neither the time-out nor a late window was waited for
    CHECK(line.asked().size() == 2);
}

TEST_CASE("rtu: an answer that breaks off", "[modbus][rtu]") {
    bench line([&](const bytes&) { line.say({answer_three.begin(), answer_three.begin() + 5}); });
    const answer got = line.read(ask_three, patient);
    CHECK(got.status == answer::status::silent);
    CHECK(got.detail == "damaged answer: broke off after 5 of 9 bytes");
}

TEST_CASE("rtu: what was heard instead of an answer is told", "[modbus][rtu]") {
    bytes what;
    std::string detail;
    SECTION("noise") {
        what = {0x55, 0xAA, 0x55};
        detail = "no answer within 20 ms: a damaged answer (CRC) or noise, 3 bytes";
    }
    SECTION("frames of others") {
        what = answer_four;
        detail = "no answer within 20 ms, only frames of others";
    }
    SECTION("another length") {
        what = registers_frame(3, 3, {1, 2, 3});
        detail = "no answer within 20 ms, but one with 6 data bytes where 4 were asked for";
    }
    bench line([](const bytes&) {});
    line.at_once = what;
    const answer got = line.read(ask_three, brief);
    CHECK(got.status == answer::status::silent);
    CHECK(got.detail == detail);
}

TEST_CASE("rtu: what is in the buffer before the request is not its answer", "[modbus][rtu]") {
    bench line([&](const bytes&) { line.say(answer_three); });
    line.say(stale_three, nanoseconds(0));
    CHECK(line.read(ask_three, patient).registers == values{0x1111, 0x2222});
}

TEST_CASE("rtu: silence before each request", "[modbus][rtu]") {
    line_timing timing = timing_with(patient);
    const bool by_gap = GENERATE(true, false);
    (by_gap ? timing.gap : timing.spacing) = milliseconds(30);
    time_point answered{};
    std::vector<nanoseconds> silences;
    bench line(
        [&](const bytes&) {
            silences.push_back(line.now() - answered);
            answered = line.now();
            line.say(answer_three);
        },
        timing);
    const time_point attached = line.now();
    answered = attached;
    for (int round = 0; round < 3; ++round) CHECK(line.read(ask_three, patient).status == answer::status::ok);
    REQUIRE(line.asked().size() == 3);
    CHECK(silences[1] >= milliseconds(30));
    CHECK(silences[2] >= milliseconds(30));
}

TEST_CASE("rtu: a lost line", "[modbus][rtu]") {
    bench line([&](const bytes&) { line.channel.close_after(milliseconds(1)); });
    const answer got = line.read(ask_three, patient);
    CHECK(got.status == answer::status::down);
    CHECK(got.detail == "lost: closed by the other side");
    CHECK(got.sent);
    CHECK_FALSE(line.channel.is_open());
}

TEST_CASE("rtu: a line that takes nothing", "[modbus][rtu]") {
    bench line([&](const bytes&) {});
    line.channel.send_error = EIO;
    const answer got = line.read(ask_three, patient);
    CHECK(got.status == answer::status::down);
    CHECK(got.detail == "lost: Input/output error");
}

TEST_CASE("rtu: interrupted", "[modbus][rtu]") {
    SECTION("while waiting for an answer") {
        bench line([&](const bytes&) { line.interrupted.raise(); });
        CHECK(line.read(ask_three, patient).status == answer::status::interrupted);
        CHECK(line.read(ask_three, patient).status == answer::status::interrupted);
        CHECK(line.asked().size() == 1);
    }
    SECTION("while waiting for a late answer") {
        bench line([](const bytes&) {});
        CHECK(line.read(ask_three, brief).status == answer::status::silent);
        line.channel.call_after(brief, [&] { line.interrupted.raise(); });
        CHECK(line.read(ask_three, brief).status == answer::status::interrupted);
        CHECK(line.asked().size() == 1);
    }
    SECTION("while waiting for silence") {
        line_timing timing = timing_with(patient);
        timing.spacing = patient;
        bench line([](const bytes&) {}, timing);
        line.channel.call_after(brief, [&] { line.interrupted.raise(); });
        const answer got = line.read(ask_three, brief);
        CHECK(got.status == answer::status::interrupted);
        CHECK_FALSE(got.sent);
        CHECK(line.asked().empty());
    }
}

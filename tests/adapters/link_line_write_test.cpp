// tests/adapters/link_line_write_test.cpp: writes and rarer functions in RTU frames: echoes, acknowledgements that are late,
// broadcasts, answers of unknown length. Not here: reads (link_line_test.cpp).
#include <catch2/catch.hpp>

#include "tests/adapters/support/line_bench.hpp"

using namespace modbus;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

using values = std::vector<std::uint16_t>;
using status = enum answer::status;
constexpr nanoseconds patient = line_bench::patient;
constexpr nanoseconds brief = line_bench::brief;

bytes rtu(const transaction& what) { return rtu_frame_of(what.unit, what.pdu); }

struct bench : line_bench {
    explicit bench(scripted_channel::script script, line_exchange::echo heard = line_exchange::echo::unknown,
                   const line_timing& timing = brisk())
        : line_bench(std::move(script), timing, line_framing::rtu, heard) {}
};

line_timing short_window() {
    line_timing timing = line_bench::brisk();
    timing.late_window = milliseconds(1);
    return timing;
}

const transaction set = write_register(3, 120, 0x141);
const transaction set_several = write_registers(3, 120, values{0x141, 0x142});
const bytes several_taken = with_crc({3, 16, 0, 120, 0, 2});

std::vector<std::pair<transaction, bytes>> every_function() {
    return {{write_coil(3, 1, true), with_crc({3, 5, 0, 1, 0xFF, 0})},
            {write_register(3, 1, 2), with_crc({3, 6, 0, 1, 0, 2})},
            {exception_status(3), with_crc({3, 7, 0x6D})},
            {diagnostics(3, 0, values{0xA537}), with_crc({3, 8, 0, 0, 0xA5, 0x37})},
            {diagnostics(3, 11, values{0}), with_crc({3, 8, 0, 11, 0, 9})},
            {write_coils(3, 0, values{1, 0, 1}), with_crc({3, 15, 0, 0, 0, 3})},
            {set_several, several_taken},
            {server_id(3), with_crc({3, 17, 3, 'X', 'Y', 0xFF})},
            {read_file(3, 4, 1, 2), with_crc({3, 20, 6, 5, 6, 1, 2, 3, 4})},
            {mask_write(3, 4, 0xF2, 0x25), with_crc({3, 22, 0, 4, 0, 0xF2, 0, 0x25})},
            {write_and_read({3, table::holding, 3, 1}, 14, values{1}), with_crc({3, 23, 2, 0, 0xFE})},
            {read_fifo(3, 9), with_crc({3, 24, 0, 4, 0, 1, 0x12, 0x34})},
            {read_identification(3, 1, 0), with_crc({3, 43, 14, 1, 1, 0, 0, 1, 0, 2, 'A', 'B'})}};
}

}  // namespace

TEST_CASE("rtu: every function's answer is known by its length", "[modbus][rtu][write]") {
    const auto all = every_function();
    const auto& [request, answered] = all[GENERATE(range(std::size_t{0}, every_function().size()))];
    CAPTURE(int{request.pdu[0]});
    const bytes expected(answered.begin() + 1, answered.end() - 2);
    SECTION("at once, in one piece, after noise") {
        bench line([&](const bytes&) { line.say(bytes{0, 0xFF} + answered); });
        const time_point before = line.now();
        const answer got = line.transact(request);
        CHECK(got.status == status::ok);
        CHECK(got.pdu == expected);
        CHECK(got.sent);
        CHECK(line.now() - before < milliseconds(2));  // no silence was waited for
    }
    SECTION("in pieces") {
        bench line([&](const bytes&) {
            for (std::size_t i = 0; i < answered.size(); ++i) line.say({answered[i]}, microseconds(100 + 100 * i));
        });
        CHECK(line.transact(request).pdu == expected);
    }
    SECTION("an exception") {
        bench line([&](const bytes&) { line.say(with_crc({3, static_cast<std::uint8_t>(request.pdu[0] | 0x80), 6})); });
        const answer got = line.transact(request);
        CHECK(got.status == status::exception);
        CHECK(got.exception_code == 6);
    }
    SECTION("another unit's answer, then ours") {
        bench line([&](const bytes&) {
            bytes other(answered.begin(), answered.end() - 2);
            other[0] = 4;
            line.say(with_crc(other) + answered);
        });
        CHECK(line.transact(request).pdu == expected);
    }
    SECTION("damaged at any byte") {
        for (std::size_t at = 0; at < answered.size(); ++at) {
            CAPTURE(at);
            bench line([&](const bytes&) {
                bytes spoilt = answered;
                spoilt[at] ^= 0x04;
                line.say(spoilt);
            });
            CHECK(line.transact(request, brief).status == status::silent);
        }
    }
    SECTION("and told apart from an echo of the request before it, once one was heard") {
        bool first = true;
        bench line([&](const bytes& sent) {
            if (first) line.say(sent + registers_frame(3, 3, {7}));
            if (!first) line.say(sent + answered);
            first = false;
        });
        CHECK(line.read({3, table::holding, 0, 1}, patient).registers == values{7});
        const answer got = line.transact(request);
        CHECK(got.status == status::ok);
        CHECK(got.pdu == expected);
    }
}

TEST_CASE("rtu: an acknowledgement of something else is none", "[modbus][rtu][write]") {
    bench line([&](const bytes&) { line.say(with_crc({3, 6, 0, 120, 1, 0x40})); });
    const answer got = line.transact(set, brief);
    CHECK(got.status == status::silent);
    CHECK(got.detail == "no answer within 20 ms, but one that doesn't repeat what was asked");
}

TEST_CASE("rtu: an adapter that hears itself", "[modbus][rtu][echo]") {
    SECTION("told so: the echo alone is no acknowledgement") {
        bench line([&](const bytes& sent) { line.say(sent); }, line_exchange::echo::certain);
        const answer got = line.transact(set, brief);
        CHECK(got.status == status::silent);
        CHECK(got.detail == "no answer within 20 ms, only the request's echo");
    }
    SECTION("told so: the echo, then the acknowledgement") {
        bench line([&](const bytes& sent) { line.say(sent + rtu(set)); }, line_exchange::echo::certain);
        CHECK(line.transact(set).status == status::ok);
    }
    SECTION("told so, and the echo comes byte by byte, with noise before it") {
        bench line(
            [&](const bytes& sent) {
                const bytes all = bytes{0x00} + sent + rtu(set);
                for (std::size_t i = 0; i < all.size(); ++i) line.say({all[i]}, microseconds(100 * i));
            },
            line_exchange::echo::certain);
        CHECK(line.transact(set).status == status::ok);
    }
    SECTION("told so, and the echo comes back changed") {
        bench line(
            [&](const bytes& sent) {
                bytes changed = sent;
                changed[3] ^= 8;
                line.say(changed);
            },
            line_exchange::echo::certain);
        CHECK(line.transact(set, brief).detail ==
              "no answer within 20 ms, and the request's echo came back changed: two talked at once, or the line is bad");
    }
    SECTION("told so, and nothing is heard at all") {
        bench line([](const bytes&) {}, line_exchange::echo::certain);
        CHECK(line.transact(set, brief).detail == "no answer within 20 ms, nor the request's echo: is the line connected?");
    }
    SECTION("not told: learned from the last read") {
        bool mute = false;
        bench line([&](const bytes& sent) {
            bytes all = sent;
            if (sent[1] == 3) all = all + registers_frame(3, 3, {7});
            if (sent[1] == 6 && !mute) all = all + rtu(set);
            line.say(all);
        });
        CHECK(line.read({3, table::holding, 0, 1}, patient).registers == values{7});
        CHECK(line.transact(set).status == status::ok);
        mute = true;
        CHECK(line.transact(set, brief).detail == "no answer within 20 ms, only the request's echo");
    }
    SECTION("not told, and unlearned when a read comes without echo") {
        bool echoes = true;
        bench line([&](const bytes& sent) {
            if (echoes) line.say(sent);
            line.say(sent[1] == 3 ? registers_frame(3, 3, {7}) : rtu(set));
        });
        CHECK(line.read({3, table::holding, 0, 1}, patient).registers == values{7});
        echoes = false;
        CHECK(line.read({3, table::holding, 0, 1}, patient).registers == values{7});
        CHECK(line.transact(set).status == status::ok);
    }
    SECTION("not told: an echo of several registers is longer than the acknowledgement, and never taken for it") {
        bench line([&](const bytes& sent) {
            for (std::size_t i = 0; i < sent.size(); ++i) line.say({sent[i]}, microseconds(100 * i));
        });
        const answer got = line.transact(set_several, milliseconds(100));
        CHECK(got.status == status::silent);
        CHECK(got.detail == "no answer within 100 ms, only the request's echo");
    }
    SECTION("not told: an echo that holds the acknowledgement's CRC where its data begin") {
        // The byte count, 4, and the first data byte are the CRC of the six bytes before them.
        transaction tricky;
        for (std::uint32_t address = 0; address < 0x10000; ++address) {
            tricky = write_registers(3, static_cast<std::uint16_t>(address), values{0, 0});
            const std::uint16_t crc = crc16(bytes_view(rtu(tricky)).first(6));
            if ((crc & 0xFF) != 4) continue;
            tricky = write_registers(3, static_cast<std::uint16_t>(address), values{static_cast<std::uint16_t>(crc & 0xFF00), 0});
            break;
        }
        REQUIRE(crc_fits(bytes_view(rtu(tricky)).first(8)));
        bench line([&](const bytes& sent) { line.say({sent.begin(), sent.begin() + 8}); });
        CHECK(line.transact(tricky, brief).status == status::silent);
        bench whole([&](const bytes& sent) {
            whole.say({sent.begin(), sent.begin() + 8});
            whole.say({sent.begin() + 8, sent.end()}, milliseconds(2));
        });
        CHECK(whole.transact(tricky, brief).status == status::silent);
    }
}

TEST_CASE("rtu: a late acknowledgement is not taken for the next write's", "[modbus][rtu][late]") {
    SECTION("it comes within the window") {
        bool mute = true;
        bench line([&](const bytes&) {
            if (!mute) line.say(rtu(set));
        });
        CHECK(line.transact(set, brief).status == status::silent);
        mute = false;
        line.say(rtu(set));
        const time_point before = line.now();
        CHECK(line.transact(set).status == status::ok);
        CHECK(line.now() - before < patient);
        CHECK(line.asked().size() == 2);
    }
    SECTION("it never comes: the unit is brought into step with a read first") {
        int count = 0;
        bench line(
            [&](const bytes& sent) {
                ++count;
                // The late acknowledgement comes with the answer to the read, and that to the second write never does.
                if (count == 2) line.say(rtu(set) + registers_frame(3, 3, {9}));
                CHECK((count != 2 || sent == rtu(read_of({3, table::holding, 120, 1}))));
            },
            line_exchange::echo::unknown, short_window());
        CHECK(line.transact(set, brief).status == status::silent);
        CHECK(line.transact(set, brief).status == status::silent);
        CHECK(line.asked().size() == 3);
    }
    SECTION("so is a write of another value, since an exception may be late, too") {
        bench line([](const bytes&) {}, line_exchange::echo::unknown, short_window());
        CHECK(line.transact(set, brief).status == status::silent);
        const answer got = line.transact(write_register(3, 120, 1), brief);
        CHECK(got.status == status::silent);
        CHECK_FALSE(got.sent);  // the read wasn't answered, so the write never left
        CHECK(line.asked().size() == 2);
    }
    SECTION("but not a read") {
        bench line(
            [&](const bytes& sent) {
                if (sent[1] == 3) line.say(rtu(set) + registers_frame(3, 3, {9}));
            },
            line_exchange::echo::unknown, short_window());
        CHECK(line.transact(set, brief).status == status::silent);
        CHECK(line.read({3, table::holding, 0, 1}, patient).registers == values{9});
        CHECK(line.asked().size() == 2);
    }
}

TEST_CASE("rtu: a broadcast is sent, and the devices are left alone until they have done it", "[modbus][rtu][write]") {
    bench line([&](const bytes& sent) {
        if (sent[0] == 3) line.say(registers_frame(3, 3, {7}));
        if (sent[0] == 0) line.say(bytes{1, 2, 3}, milliseconds(50));  // noise doesn't end the pause
    });
    int told = 0;
    transaction all = write_register(0, 120, 1);
    all.sending = [&] { ++told; };
    const time_point before = line.now();
    const answer got = line.transact(all);
    CHECK(got.status == status::ok);
    CHECK(got.pdu.empty());
    CHECK(got.sent);
    CHECK(told == 1);
    CHECK(line.now() - before == milliseconds(200));
    CHECK(line.read({3, table::holding, 0, 1}, patient).registers == values{7});
    line.channel.call_after(milliseconds(20), [&] { line.interrupted.raise(); });
    CHECK(line.transact(all).status == status::interrupted);
}

TEST_CASE("rtu: a function that we don't know ends with the line's silence behind a right CRC", "[modbus][rtu][raw]") {
    transaction raw;
    raw.unit = 3;
    raw.pdu = {0x46, 1, 2};
    const bytes answered = with_crc({3, 0x46, 9, 8, 7, 6, 5, 4, 3});
    SECTION("in pieces") {
        bench line([&](const bytes&) {
            for (std::size_t i = 0; i < answered.size(); ++i) line.say({answered[i]}, microseconds(100 + 100 * i));
        });
        const answer got = line.transact(raw);
        CHECK(got.status == status::ok);
        CHECK(got.pdu == bytes{0x46, 9, 8, 7, 6, 5, 4, 3});
    }
    SECTION("after noise and another's frame") {
        bench line([&](const bytes&) { line.say(bytes{0} + registers_frame(4, 3, {1}) + answered); });
        CHECK(line.transact(raw).pdu == bytes{0x46, 9, 8, 7, 6, 5, 4, 3});
    }
    SECTION("an exception needs no silence") {
        bench line([&](const bytes&) { line.say(with_crc({3, 0xC6, 1})); });
        const time_point before = line.now();
        CHECK(line.transact(raw).status == status::exception);
        CHECK(line.now() - before < milliseconds(2));
    }
    SECTION("damaged, it is none") {
        bench line([&](const bytes&) {
            bytes spoilt = answered;
            spoilt[4] ^= 1;
            line.say(spoilt);
        });
        CHECK(line.transact(raw, brief).status == status::silent);
    }
    SECTION("the echo, and then the answer that equals it") {
        bench line([&](const bytes& sent) { line.say(sent + sent); }, line_exchange::echo::certain);
        CHECK(line.transact(raw).pdu == raw.pdu);
    }
}

TEST_CASE("rtu: what is told of a request's sending", "[modbus][rtu][write]") {
    int told = 0;
    transaction what = set;
    SECTION("right before it leaves") {
        std::size_t sent_then = 99;
        bench line([&](const bytes& sent) { line.say(sent); });
        what.sending = [&] {
            ++told;
            sent_then = line.asked().size();
        };
        CHECK(line.transact(what).status == status::ok);
        CHECK(told == 1);
        CHECK(sent_then == 0);
    }
    SECTION("nothing if it doesn't leave") {
        bench line([](const bytes&) {}, line_exchange::echo::unknown, short_window());
        what.sending = [&] { ++told; };
        line.interrupted.raise();
        const answer got = line.transact(what);
        CHECK(got.status == status::interrupted);
        CHECK_FALSE(got.sent);
        CHECK(told == 0);
    }
}

// tests/adapters/link_ascii_test.cpp: ASCII frames, and requests and answers in them.
// Not here: what all lines have in common (link_line_test.cpp), ports.
#include "adapters/modbus/ascii_frame.hpp"

#include <catch2/catch.hpp>

#include "adapters/modbus/link.hpp"
#include "tests/adapters/support/line_bench.hpp"

using namespace modbus;
using std::chrono::milliseconds;

namespace {

using registers = std::vector<std::uint16_t>;
using status = enum answer::status;
constexpr nanoseconds patient = line_bench::patient;
constexpr nanoseconds brief = line_bench::brief;

bytes text(std::string_view characters) { return {characters.begin(), characters.end()}; }
bytes ascii(std::uint8_t unit, const bytes& pdu) { return ascii_frame_of(unit, pdu); }
std::string shown(const bytes& frame) { return {frame.begin(), frame.end()}; }

const read_request ask{3, table::holding, 10, 2};
const bytes answered = ascii(3, {3, 4, 0x11, 0x11, 0x22, 0x22});
const bytes stale = ascii(3, {3, 4, 0xDE, 0xAD, 0xDE, 0xAD});

line_timing ascii_timing() {
    line_timing timing = line_bench::brisk();
    timing.character_timeout = std::chrono::seconds(1);
    return timing;
}

struct bench : line_bench {
    explicit bench(scripted_channel::script script, line_exchange::echo heard = line_exchange::echo::unknown,
                   const line_timing& timing = ascii_timing())
        : line_bench(std::move(script), timing, line_framing::ascii, heard) {}
};

search find(const bytes& what) {
    static const transaction asked = read_of(ask);
    static const bytes own = ascii(3, asked.pdu);
    looked_for target;
    target.unit = 3;
    target.form = form_of(asked.pdu);
    target.request_frame = own;
    return find_ascii_answer(what, target);
}

}  // namespace

TEST_CASE("ascii_frame: as on the wire", "[modbus][ascii]") {
    // From the field's manuals: 01 03 00 00 00 02, LRC FA.
    CHECK(shown(ascii(1, read_of({1, table::holding, 0, 2}).pdu)) == ":010300000002FA\r\n");
    CHECK(shown(ascii(0xF7, {3, 0x13, 0x89, 0, 0x0A})) == ":F7031389000A60\r\n");
    CHECK(lrc(bytes{}) == 0);
    CHECK(frame_size(line_framing::ascii, pdu_max) == 513);
    CHECK(ascii(1, bytes(pdu_max)).size() == 513);
}

TEST_CASE("ascii_frame: an answer, cut at every character, and after anything", "[modbus][ascii]") {
    const bytes before = GENERATE(bytes{}, bytes{0}, text("03"), text(":"), text(":03"), text(":0304"), text("::::"), text(":0G"),
                                  text(":03030411\r"), text(":030304111\n"), text(":0303\r\n"), text(":\r\n"), text("\r\n"));
    CAPTURE(shown(before));
    const bytes all = before + answered;
    for (std::size_t count = 0; count < all.size(); ++count) {
        CAPTURE(count);
        const search part = find({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)});
        CHECK(part.result == search_result::need_more);
        CHECK(part.settled <= before.size());
        if (count > before.size() + 6) CHECK(part.begun);
    }
    const search found = find(all);
    REQUIRE(found.result == search_result::answer);
    CHECK(found.at == before.size());
    CHECK(found.size == answered.size());
    CHECK(found.pdu == bytes{3, 4, 0x11, 0x11, 0x22, 0x22});
}

TEST_CASE("ascii_frame: damage to any bit is seen, and small letters are read", "[modbus][ascii]") {
    for (std::size_t index = 0; index < answered.size(); ++index) {
        for (unsigned bit = 0; bit < 7; ++bit) {
            bytes spoilt = answered;
            spoilt[index] = static_cast<std::uint8_t>(spoilt[index] ^ (1u << bit));
            CAPTURE(index, bit, shown(spoilt));
            const search found = find(spoilt);
            // The same digit as a small letter is the same digit.
            const bool same = bit == 5 && answered[index] >= 'A' && answered[index] <= 'F';
            CHECK((found.result == search_result::answer) == same);
        }
    }
    CHECK(find(text(":0303041111222288\r\n")).result == search_result::need_more);
    bytes small = ascii(3, {3, 4, 0xAB, 0xCD, 0xEF, 0});
    for (auto& character : small) character = static_cast<std::uint8_t>(std::tolower(character));
    CHECK(find(small).pdu == bytes{3, 4, 0xAB, 0xCD, 0xEF, 0});
}

TEST_CASE("ascii_frame: frames of others are known", "[modbus][ascii]") {
    CHECK(find(ascii(4, {3, 4, 1, 2, 3, 4})).foreign == std::vector<foreign_frame>{{4, frame_kind::answer, {3, 4, 0}}});
    CHECK(find(ascii(3, {3, 2, 1, 2})).foreign == std::vector<foreign_frame>{{3, frame_kind::answer, {3, 2, 0}}});
    CHECK(find(ascii(4, {0x83, 2})).foreign == std::vector<foreign_frame>{{4, frame_kind::exception, {3, 0, 0}}});
    CHECK(find_ascii_frames(answered).foreign == std::vector<foreign_frame>{{3, frame_kind::answer, {3, 4, 0}}});
    CHECK(find_ascii_frames(answered).settled == answered.size());
    bytes endless = text(":");
    for (int i = 0; i < 600; ++i) endless.push_back('0');
    CHECK(find(endless).settled == endless.size());  // longer than any frame: nothing is kept of it
}

TEST_CASE("ascii: answers, exceptions, writes", "[modbus][ascii]") {
    bench line([&](const bytes& sent) {
        if (shown(sent) == shown(ascii(3, read_of(ask).pdu))) line.say(answered);
        if (sent[4] == '6') line.say(sent);
        if (sent[4] == '4') line.say(ascii(3, {0x84, 11}));
    });
    const answer got = line.read(ask, patient);
    CHECK(got.registers == registers{0x1111, 0x2222});
    CHECK(got.turnaround == milliseconds(1));
    CHECK(line.transact(write_register(3, 1, 2)).status == status::ok);
    CHECK(line.read({3, table::input, 0, 1}, patient).exception_code == 11);
}

TEST_CASE("ascii: up to a second between characters, and no longer", "[modbus][ascii]") {
    nanoseconds pause{0};
    const std::size_t cut = GENERATE(1u, 3u, 8u, 17u, 18u);
    bench line([&](const bytes& sent) {
        const bytes all = sent[2] == '3' ? answered : ascii(4, {3, 4, 0x11, 0x11, 0x22, 0x22});
        line.say({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(cut)});
        line.say({all.begin() + static_cast<std::ptrdiff_t>(cut), all.end()}, pause);
    });
    pause = milliseconds(990);
    CHECK(line.read(ask, milliseconds(500)).registers == registers{0x1111, 0x2222});
    pause = milliseconds(1010);
    CHECK(line.read({4, table::holding, 10, 2}, milliseconds(500)).status == status::silent);
}

TEST_CASE("ascii: a device that drips characters is given up", "[modbus][ascii]") {
    bench line([&](const bytes&) {
        line.say(text(":0346"));
        for (int i = 1; i < 500; ++i) line.say(text("00"), milliseconds(900) * i);
    });
    transaction raw;
    raw.unit = 3;
    raw.pdu = {0x46};
    const time_point before = line.now();
    CHECK(line.transact(raw, milliseconds(500)).status == status::silent);
    CHECK(line.now() - before < std::chrono::seconds(13));
}

TEST_CASE("ascii: a damaged answer, and one that breaks off", "[modbus][ascii]") {
    bytes what = answered;
    std::string detail;
    SECTION("checksum") {
        what[9] ^= 1;
        detail = "damaged answer (LRC)";
    }
    SECTION("a character that is none") {
        what[9] = '#';
        detail = "damaged answer (LRC)";
    }
    SECTION("broken off") {
        what.resize(10);
        detail = "damaged answer: broke off after 10 of 19 characters";
    }
    bench line([&](const bytes&) { line.say(what); });
    const answer got = line.read(ask, patient);
    CHECK(got.status == status::silent);
    CHECK(got.detail == detail);
    CHECK(line.now() - line.channel.sent_at[0] < patient);
}

TEST_CASE("ascii: late answers and other units' are told apart as in RTU", "[modbus][ascii][late]") {
    SECTION("late within the window") {
        bool mute = true;
        bench line([&](const bytes&) {
            if (!mute) line.say(answered);
        });
        CHECK(line.read(ask, brief).status == status::silent);
        mute = false;
        line.say(stale);
        CHECK(line.read(ask, patient).registers == registers{0x1111, 0x2222});
        CHECK(line.asked().size() == 2);
    }
    SECTION("later than the window") {
        line_timing timing = ascii_timing();
        timing.late_window = milliseconds(1);
        int count = 0;
        bench line(
            [&](const bytes&) {
                ++count;
                if (count == 2) line.say(stale + ascii(3, {3, 2, 7, 7}));
                if (count == 3) line.say(answered);
            },
            line_exchange::echo::unknown, timing);
        CHECK(line.read(ask, brief).status == status::silent);
        CHECK(line.read(ask, patient).registers == registers{0x1111, 0x2222});
        CHECK(line.asked().size() == 3);
    }
    SECTION("another unit's first") {
        bench line([&](const bytes&) { line.say(ascii(4, {3, 4, 9, 9, 9, 9}) + answered); });
        CHECK(line.read(ask, patient).registers == registers{0x1111, 0x2222});
    }
}

TEST_CASE("ascii: echoes", "[modbus][ascii][echo]") {
    const transaction set = write_register(3, 120, 0x141);
    SECTION("of a read, not told") {
        bench line([&](const bytes& sent) { line.say(sent + answered); });
        CHECK(line.read(ask, patient).registers == registers{0x1111, 0x2222});
    }
    SECTION("of a write, told so") {
        bench line([&](const bytes& sent) { line.say(sent); }, line_exchange::echo::certain);
        CHECK(line.transact(set, brief).detail == "no answer within 20 ms, only the request's echo");
        bench other([&](const bytes& sent) { other.say(sent + sent); }, line_exchange::echo::certain);
        CHECK(other.transact(set).status == status::ok);
    }
    SECTION("of several registers, not told") {
        const transaction several = write_registers(3, 1, registers{1, 2});
        bench line([&](const bytes& sent) { line.say(sent); });
        CHECK(line.transact(several, brief).status == status::silent);
        bench other([&](const bytes& sent) { other.say(sent + ascii(3, {16, 0, 1, 0, 2})); });
        CHECK(other.transact(several).status == status::ok);
    }
}

TEST_CASE("ascii: a function that we don't know ends with its frame", "[modbus][ascii][raw]") {
    transaction raw;
    raw.unit = 3;
    raw.pdu = {0x46, 1};
    bench line([&](const bytes&) { line.say(ascii(3, {0x46, 9, 8, 7})); });
    const time_point before = line.now();
    CHECK(line.transact(raw).pdu == bytes{0x46, 9, 8, 7});
    CHECK(line.now() - before == milliseconds(1));
}

// tests/adapters/serial_frame_test.cpp: streams to frames: each kind, in pieces, with noise, broken off, too long, and by
// silence. Not here: whole instruments (serial_profiles_test.cpp).
#include "adapters/serial/frame.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace serial;
using namespace std::chrono_literals;

namespace {

using list = std::vector<std::string>;
constexpr time_point begin = time_point(1h);

/// All frames of a stream that comes in pieces of this size, all at once.
list frames_of(const framing& how, std::string_view stream, std::size_t piece = 1000, bool midstream = false) {
    assembler made(how);
    made.restart(midstream);
    list all;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        made.feed(stream.substr(at, piece), begin);
        while (const auto one = made.next(begin)) all.push_back(one->bytes);
    }
    return all;
}

/// … the pieces making no difference.
list in_any_pieces(const framing& how, std::string_view stream, bool midstream = false) {
    const list whole = frames_of(how, stream, 1000, midstream);
    for (std::size_t piece = 1; piece < stream.size(); ++piece) {
        INFO("pieces of " << piece);
        REQUIRE(frames_of(how, stream, piece, midstream) == whole);
    }
    return whole;
}

}  // namespace

TEST_CASE("serial frame: lines", "[serial][frame]") {
    framing how;
    how.end = "\n";
    CHECK(in_any_pieces(how, "a\r\nbc\n\n\r\nd") == list{"a", "bc"});
    CHECK(in_any_pieces(how, "rest\nwhole\n", true) == list{"whole"});
    how.end = "\r";
    CHECK(in_any_pieces(how, "a\rb\r") == list{"a", "b"});
    how.end = "\n";
    how.start = "$";
    CHECK(in_any_pieces(how, "noise$a\nmore\n$b$c\n$\n") == list{"$a", "$c", "$"});
    CHECK(in_any_pieces(how, "noise$a\n", true) == list{"$a"});
    how.start = "$$";
    CHECK(in_any_pieces(how, "$$$a\n$b\n$$c\n").back() == "$$c");
}

TEST_CASE("serial frame: between start and end", "[serial][frame]") {
    framing how;
    how.kind = framing_kind::delimited;
    how.start = "\x02";
    how.end = "\x03";
    CHECK(in_any_pieces(how, "x\x02 a\x03y\x02 b\x02 c\x03\x03\x02") == list{"\x02 a\x03", "\x02 c\x03"});
    how.trailer = 1;
    how.check = {check_kind::xor8, 1, "", false, 0, false, false, false};
    // A check value may be any byte, the end, the start and NUL among them.
    for (const std::string content : {"\x01", "a", "ab"}) {
        const std::string sent = "\x02" + content + "\x03";
        const std::string whole = sent + static_cast<char>(compute(check_kind::xor8, content + "\x03"));
        CHECK(in_any_pieces(how, whole + "noise" + whole) == list{whole, whole});
        CHECK(in_any_pieces(how, sent + "?" + whole) == list{whole});
    }
    how.trailer = 0;
    how.trailer_is_line = true;
    how.check = {};
    CHECK(in_any_pieces(how,
                        "\x02 a\x03"
                        "1234\r\n\x02 b\x03\n") == list{"\x02 a\x03"
                                                        "1234\r\n",
                                                        "\x02 b\x03\n"});
}

TEST_CASE("serial frame: of a known length, and of one that is told", "[serial][frame]") {
    framing how;
    how.kind = framing_kind::fixed;
    how.length = 4;
    how.check = {check_kind::sum8, 0, "", false, 0, false, false, false};
    // Without a start the check value alone finds it.
    CHECK(in_any_pieces(how, "abc&zabc&abc&") == list{"abc&", "abc&", "abc&"});
    how.start = "a";
    CHECK(in_any_pieces(how, "aabc&xaabc&") == list{"abc&", "abc&"});

    framing told;
    told.kind = framing_kind::length;
    told.start = "#";
    told.length_at = 1;
    told.length_width = 2;
    told.length_adjust = 3;
    told.most = 20;
    const auto number = [](char high, char low) { return std::string{'#', high, low}; };
    CHECK(in_any_pieces(told, number(0, 2) + "ab" + number(0, 1) + "c") == list{number(0, 2) + "ab", number(0, 1) + "c"});
    // A length that can't be is noise; its first byte alone is passed over.
    CHECK(in_any_pieces(told, number(1, 0) + number(0, 1) + "c") == list{number(0, 1) + "c"});
    told.length_little = true;
    CHECK(in_any_pieces(told, number(2, 0) + "ab") == list{number(2, 0) + "ab"});
    told.length_adjust = -100;
    CHECK(in_any_pieces(told, number(2, 0) + "ab").empty());
}

TEST_CASE("serial frame: by silence", "[serial][frame]") {
    framing how;
    how.kind = framing_kind::gap;
    how.gap = 50ms;
    assembler made(how);
    made.feed("abc", begin);
    CHECK_FALSE(made.next(begin + 49ms));
    CHECK(made.wakes() == begin + 50ms);
    CHECK(made.next(begin + 50ms)->bytes == "abc");
    CHECK_FALSE(made.next(begin + 51ms));
    CHECK_FALSE(made.wakes());
    made.feed("de", begin + 60ms);
    made.feed("f", begin + 90ms);
    CHECK(made.next(begin + 140ms)->bytes == "def");
    // In the middle of something: a silence must come first.
    made.restart(true);
    made.feed("rest", begin + 150ms);
    CHECK_FALSE(made.next(begin + 250ms));
    made.feed("ab", begin + 260ms);
    CHECK(made.next(begin + 400ms)->bytes == "ab");
}

TEST_CASE("serial frame: a silence breaks off what isn't whole", "[serial][frame]") {
    framing how;
    how.kind = framing_kind::fixed;
    how.length = 3;
    how.gap = 100ms;
    assembler made(how);
    made.feed("ab", begin);
    CHECK_FALSE(made.next(begin));
    made.feed("cde", begin + 100ms);
    CHECK(made.next(begin + 100ms)->bytes == "cde");
    CHECK(made.take_damage() == "a message broke off");
    CHECK(made.take_damage().empty());
}

TEST_CASE("serial frame: no more than its bound, whatever comes", "[serial][frame]") {
    framing how;
    how.most = 10;
    how.end = "\n";
    CHECK(frames_of(how, std::string(1000, 'x') + "\nabc\n", 7) == list{"abc"});
    CHECK(frames_of(how, std::string(1000, 'x') + "\nabc\n") == list{"abc"});
    CHECK(in_any_pieces(how, "1234567890\n12345678901\nabc\n") == list{"1234567890", "abc"});
    how.start = "$";
    CHECK(frames_of(how, "$" + std::string(100'000, '$') + "a\n", 4096) == list{"$a"});
    CHECK(frames_of(how, "$" + std::string(100, 'x') + "\n$a\n", 3) == list{"$a"});
    how.kind = framing_kind::gap;
    how.start = "";
    how.gap = 50ms;
    assembler made(how);
    for (int i = 0; i < 100; ++i) {
        made.feed("abcdef", begin);
        CHECK_FALSE(made.next(begin));
    }
    CHECK_FALSE(made.next(begin + 1s));
    made.feed("abc", begin + 2s);
    CHECK(made.next(begin + 3s)->bytes == "abc");
}

TEST_CASE("serial frame: what lacks a check value is taken only from devices that never send one", "[serial][frame]") {
    framing how;
    how.end = "\n";
    how.start = "$";
    how.check = {check_kind::xor8, 1, "*", false, 0, true, false, true};
    CHECK(frames_of(how, "$A\n$B*42\n$A\n$B*42\n") == list{"$A", "$B*42", "$B*42"});
    assembler made(how);
    made.feed("$B*43\n$B*42\n", begin);
    CHECK(made.next(begin) == frame{"$B*42", 2});
    CHECK(made.take_damage() == "a check value is wrong");
}

TEST_CASE("serial frame: seven bits on a line of eight", "[serial][frame]") {
    framing how;
    how.end = "\n";
    const auto sent = [](std::string text, eighth_bit parity) {
        for (char& byte : text) byte = with_parity(byte, parity);
        return text;
    };
    for (const auto parity : {eighth_bit::even, eighth_bit::odd}) {
        how.eighth = parity;
        const std::string line = sent("123.4 kg\n", parity);
        CHECK(in_any_pieces(how, line) == list{"123.4 kg"});
        for (std::size_t bit = 0; bit < 8 * (line.size() - 1); ++bit) {
            std::string damaged = line;
            damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
            REQUIRE(frames_of(how, damaged).empty());
        }
    }
    how.eighth = eighth_bit::ignored;
    CHECK(frames_of(how, sent("123.4 kg\n", eighth_bit::odd)) == list{"123.4 kg"});
    CHECK(with_parity('1', eighth_bit::even) == static_cast<char>(0xB1));
    CHECK(with_parity('1', eighth_bit::odd) == '1');
    CHECK(with_parity(static_cast<char>(0xB1), eighth_bit::data) == static_cast<char>(0xB1));
}

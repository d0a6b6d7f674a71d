// tests/store/segment_test.cpp: the bytes of a segment are a promise to later versions; and broken ones are found out.
#include "store/segment.hpp"

#include <catch2/catch.hpp>

#include "tests/store/messages.hpp"

using namespace test;
using store::segment_reader;
using store::segment_writer;
using store::text_reference;

namespace {

std::string operator""_bytes(const char* hex, std::size_t size) {
    std::string made;
    std::string digits;
    for (std::size_t i = 0; i < size; ++i) {
        if (hex[i] == ' ') continue;
        digits += hex[i];
        if (digits.size() < 2) continue;
        made += static_cast<char>(std::stoi(digits, nullptr, 16));
        digits.clear();
    }
    return made;
}

}  // namespace

TEST_CASE("segment: format 1, byte by byte", "[store][segment]") {
    segment_writer writer(text_reference{3, {}});
    REQUIRE(writer.add({"", "21.4", 2, true, {1000, 64, true}}, text_reference{300, {}}, 1000));
    REQUIRE(writer.add({"a/b", "", 1, false, {990, 65, false}}, text_reference{0, "a/b"}, 1000));
    CHECK(writer.count() == 2);
    CHECK(writer.data() ==
          "01"     // format
          "03"     // boot: text 3
          "ac 02"  // topic: text 300
          "0e"     // QoS 2, retain, synchronised
          "d0 0f"  // +1000 ms of wall clock
          "80 01"  // +64 ms monotonic
          "04 32 31 2e 34"
          "00 03 61 2f 62"  // topic in full
          "01"              // QoS 1
          "13"              // -10 ms
          "02"              // +1 ms
          "00"_bytes);
    CHECK(store::row_checksum(7, 2, writer.data()) == 0xD64BD2FCu);

    store::dictionary texts;
    texts.restore(3, "boot");
    texts.restore(300, "plant/point");
    segment_reader reader(7, 2, writer.data());
    store::stored_message found;
    REQUIRE(reader.next(texts, found));
    CHECK(found == store::stored_message{at(7), {"plant/point", "21.4", 2, true, {1000, 64, true}}});
    CHECK(reader.position() == 8);
    REQUIRE(reader.next(texts, found));
    CHECK(found == store::stored_message{at(8), {"a/b", "", 1, false, {990, 65, false}}});
    CHECK(reader.position() > reader.last());

    reader.unread();
    REQUIRE(reader.next(texts, found));
    CHECK(number(found.sequence) == 8);
    reader.rewind();
    REQUIRE(reader.next(texts, found));
    CHECK(number(found.sequence) == 7);
}

TEST_CASE("segment: a writer stops at its bound and loses nothing of what it has", "[store][segment]") {
    segment_writer writer(text_reference{1, {}});
    REQUIRE(writer.add(make_message(1, 50), text_reference{1, {}}, 100));
    const std::string before = writer.data();
    CHECK(!writer.add(make_message(2, 50), text_reference{1, {}}, 100));
    CHECK(writer.data() == before);
    CHECK(writer.count() == 1);
    CHECK(writer.add(make_message(2, 50), text_reference{1, {}}, 200));
}

TEST_CASE("segment: expiry and properties, byte by byte, and only where there are any", "[store][segment]") {
    const store::message plain{"t", "p", 1, false, {1, 1, false}};
    store::message expiring = plain;
    expiring.expiry = 300;
    store::message both = expiring;
    both.expiry = 0;
    both.properties = std::string("\x09\x00", 2);
    store::message described = plain;
    described.properties = "x";
    segment_writer writer(text_reference{3, {}});
    for (const auto& m : {expiring, both, described, plain}) REQUIRE(writer.add(m, text_reference{1, {}}, 1000));
    CHECK(writer.data() ==
          "01 03"
          "01 11 02 02 ac 02 01 70"
          "01 31 00 00 00 01 70 02 09 00"
          "01 21 00 00 01 70 01 78"
          "01 01 00 00 01 70"_bytes);

    store::dictionary texts;
    texts.restore(3, "boot");
    texts.restore(1, "t");
    segment_reader reader(1, 4, writer.data());
    store::stored_message found;
    for (const auto& m : {expiring, both, described, plain}) {
        REQUIRE(reader.next(texts, found));
        CHECK(found.message == m);
    }
    CHECK(reader.boot() == "boot");

    segment_reader of_a_later_version(1, 1, "01 03 01 41 00 00 01 70"_bytes);
    CHECK(!of_a_later_version.next(texts, found));
    segment_reader too_long(1, 1, "01 03 01 11 00 00 80 80 80 80 10 01 70"_bytes);  // 2^32 seconds
    CHECK(!too_long.next(texts, found));
}

TEST_CASE("segment: whatever is cut or garbled, decoding ends and never reads beyond", "[store][segment]") {
    segment_writer writer(text_reference{1, {}});
    for (std::uint64_t n = 1; n <= 5; ++n) REQUIRE(writer.add(make_rich_message(n, 5), text_reference{n % 2, "topic"}, 1000));
    store::dictionary texts;
    texts.restore(1, "text");
    const auto decodes = [&](std::string data, std::int64_t count) {
        segment_reader reader(1, count, std::move(data));
        store::stored_message found;
        while (reader.position() <= reader.last())
            if (!reader.next(texts, found)) return false;
        return true;
    };
    CHECK(decodes(writer.data(), 5));
    for (std::size_t size = 0; size < writer.data().size(); ++size) CHECK(!decodes(writer.data().substr(0, size), 5));
    CHECK(!decodes(writer.data() + '\0', 5));
    CHECK(!decodes(writer.data(), 4));
    CHECK(!decodes(writer.data(), 6));
    for (std::size_t i = 0; i < writer.data().size(); ++i) {
        for (const int bits : {0x01, 0x80, 0xFF}) {
            std::string data = writer.data();
            data[i] = static_cast<char>(data[i] ^ bits);
            decodes(data, 5);  // may be another message: that is what the checksum is for
            CHECK(store::row_checksum(1, 5, data) != store::row_checksum(1, 5, writer.data()));
        }
    }
}

TEST_CASE("segment: the checksum covers key and count", "[store][segment]") {
    const auto sum = store::row_checksum(1, 2, "data");
    CHECK(store::row_checksum(2, 2, "data") != sum);
    CHECK(store::row_checksum(1, 3, "data") != sum);
    CHECK(store::row_checksum(1, 2, "date") != sum);
}

TEST_CASE("bytes: CRC-32 is the one of zlib", "[store][bytes]") {
    CHECK(store::crc32("") == 0);
    CHECK(store::crc32("123456789") == 0xCBF43926u);
    const std::string text = "The quick brown fox jumps over the lazy dog";
    CHECK(store::crc32(text) == 0x414FA339u);
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
        CHECK(store::crc32(text.substr(cut), store::crc32(text.substr(0, cut))) == 0x414FA339u);
}

TEST_CASE("bytes: numbers survive, too long ones don't", "[store][bytes]") {
    for (const std::uint64_t value : {0ull, 1ull, 127ull, 128ull, 16383ull, 16384ull, 1ull << 32, 1ull << 63, ~0ull}) {
        std::string made;
        store::put_varint(made, value);
        store::byte_reader from(made);
        CHECK(from.varint() == value);
        CHECK(from.at_end());
        CHECK(!from.failed());
        store::byte_reader cut(std::string_view(made).substr(0, made.size() - 1));
        CHECK(cut.varint() == 0);
        CHECK(cut.failed());
    }
    for (const std::int64_t value :
         {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, std::int64_t{-64}, INT64_MIN, INT64_MAX}) {
        std::string made;
        store::put_signed(made, value);
        CHECK(store::byte_reader(made).signed_varint() == value);
    }
    const std::string ten_bytes(10, '\xFF');  // more than 64 bits
    store::byte_reader too_long(ten_bytes);
    CHECK(too_long.varint() == 0);
    CHECK(too_long.failed());
    const std::string far = "ff ff ff ff ff ff ff ff ff 01"_bytes;  // a length near 2^64
    store::byte_reader overlong(far);
    CHECK(overlong.text().empty());
    CHECK(overlong.failed());
}

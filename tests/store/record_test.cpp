// tests/store/record_test.cpp: counters, cursor and session as bytes, and the dictionary and retention arithmetic beside them.
#include "store/record.hpp"

#include <catch2/catch.hpp>

#include "store/dictionary.hpp"
#include "store/retention.hpp"
#include "tests/store/messages.hpp"

using namespace test;

TEST_CASE("record: what is written is read, and nothing less", "[store][record]") {
    const store::counters counters{300, 1, 2, 3, 4, 5, ~0ull, 1 << 20, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    const store::cursor cursor{at(INT64_MAX), at(0), at(7), {at(9), at(200)}, {at(12), at(10), at(INT64_MAX)}};
    const store::session_record session{"id", std::string("b\0r", 3), ~0ull};
    const store::held_identifiers held{7, 65535, 1, 300};
    const store::inbox_state inbox{INT64_MAX, {5, 1 << 20}, {4, 5, 900}};
    const store::boot_clocks boots{{"one", -5}, {"two", INT64_MAX}, {"three", INT64_MIN}};
    const store::dead_letter_state dead_letters{9, {3, 4000, 5, 1}};
    CHECK(store::decode_counters(encode(counters)) == counters);
    CHECK(store::decode_cursor(encode(cursor)) == cursor);
    CHECK(store::decode_session(encode(session)) == session);
    CHECK(store::decode_held(store::encode(held)) == held);
    CHECK(store::decode_held(store::encode(store::held_identifiers{})) == store::held_identifiers{});
    CHECK(store::decode_inbox(encode(inbox)) == inbox);
    CHECK(store::decode_dead_letters(encode(dead_letters)) == dead_letters);
    CHECK(store::decode_boot_clocks(encode(boots)) == boots);
    CHECK(encode(store::cursor{at(5), at(6), at(7), {at(9)}, {at(8), at(6)}}) ==
          std::string("\x01\x05\x06\x07\x01\x12\x02\x10\x03", 9));

    const auto fails_when_cut = [](const std::string& bytes, const auto& decode) {
        for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(!decode(bytes.substr(0, size)));
        CHECK(!decode(bytes + "x"));
        std::string newer = bytes;
        newer[0] = static_cast<char>(newer[0] + 1);
        CHECK(!decode(newer));
    };
    fails_when_cut(encode(counters), store::decode_counters);
    fails_when_cut(encode(cursor), store::decode_cursor);
    fails_when_cut(encode(session), store::decode_session);
    fails_when_cut(store::encode(held), store::decode_held);
    fails_when_cut(encode(inbox), store::decode_inbox);
    fails_when_cut(encode(dead_letters), store::decode_dead_letters);
    fails_when_cut(encode(boots), store::decode_boot_clocks);
    CHECK(!store::decode_held(std::string("\x01\x01\x80\x80\x08", 5)));    // identifier 65536
    CHECK(!store::decode_cursor("\x01\x01\x01\x01\xFF\xFF\xFF\xFF\x0F"));  // a list of 4 billion
}

TEST_CASE("record: of each boot the latest word about its clock, and of the last 16 boots alone", "[store][record]") {
    store::boot_clocks all;
    CHECK_FALSE(offset_of(all, "boot 1"));
    for (int boot = 1; boot <= 16; ++boot) remember(all, {"boot " + std::to_string(boot), boot});
    CHECK(all.size() == 16);
    CHECK(offset_of(all, "boot 1") == 1);
    remember(all, {"boot 1", -1});
    CHECK(offset_of(all, "boot 1") == -1);
    remember(all, {"boot 17", 17});
    CHECK(all.size() == 16);
    CHECK_FALSE(offset_of(all, "boot 2"));
    CHECK(offset_of(all, "boot 1") == -1);
    CHECK(offset_of(all, "boot 17") == 17);
    CHECK(store::decode_boot_clocks(encode(all)) == all);
    all.push_back({"one too many", 0});
    CHECK_FALSE(store::decode_boot_clocks(encode(all)));
}

TEST_CASE("record: counters of versions 1 and 2 are read, and what they lack is 0", "[store][record]") {
    const std::string of_1("\x01\x03\x02\x01\x04\x05\x06\x07\x08", 9);
    store::counters expected;
    expected.last = 3;
    expected.stored = 2;
    expected.acknowledged = 1;
    expected.dropped_oldest = 4;
    expected.dropped_newest = 5;
    expected.dropped_refused = 6;
    expected.dropped_session = 7;
    expected.max_bytes = 8;
    CHECK(store::decode_counters(of_1) == expected);
    CHECK(!store::decode_counters(of_1 + '\0'));

    std::string of_2 = of_1 + '\x09';
    of_2[0] = 2;
    expected.dropped_expired = 9;
    CHECK(store::decode_counters(of_2) == expected);
    CHECK(!store::decode_counters(of_2 + '\0'));
}

TEST_CASE("dictionary: finds both ways, is bounded, and takes back", "[store][dictionary]") {
    store::dictionary texts;
    CHECK(texts.add("a") == 1u);
    CHECK(texts.add("b") == 2u);
    CHECK(texts.find("b") == 2u);
    CHECK(!texts.find("c"));
    REQUIRE(texts.text(1) != nullptr);
    CHECK(*texts.text(1) == "a");
    CHECK(texts.text(3) == nullptr);

    texts.forget_after(1);
    CHECK(!texts.find("b"));
    CHECK(texts.add("c") == 2u);
    texts.reserve(9);  // its text is damaged
    CHECK(texts.add("d") == 10u);
    CHECK(texts.text(9) == nullptr);

    std::size_t more = 0;
    while (texts.add("topic" + std::to_string(more))) ++more;
    CHECK(more == store::dictionary::most_entries - 3);
    CHECK(texts.half_full());

    store::dictionary long_texts;
    CHECK(!long_texts.add(std::string(store::dictionary::most_bytes + 1, 'x')));
    CHECK(long_texts.add(std::string(store::dictionary::most_bytes, 'x')));
    CHECK(!long_texts.add("y"));
}

TEST_CASE("retention: pages and bytes agree", "[store][retention]") {
    for (std::uint64_t pages = 0; pages < 200; ++pages) {
        const auto bytes = store::bytes_in(pages);
        if (bytes == 0) {
            CHECK(store::pages_for(0) > pages);
            continue;
        }
        CHECK(store::pages_for(bytes) <= pages);
        CHECK(store::pages_for(bytes + 1) > pages);
    }
    CHECK(store::page_limit(256, 10) == 256);
    CHECK(store::page_limit(256, 300) == 256);
    CHECK(store::page_limit(256, 5000) == 5000 - 1024);
}

TEST_CASE("retention: however low the bound, most of the file is the log's", "[store][retention]") {
    store::options how;
    CHECK(store::inbox_bound(how) == 16 << 20);
    CHECK(store::dead_letters_bound(how) == 4 << 20);
    how.max_bytes = 1 << 20;
    CHECK(store::inbox_bound(how) == 256 << 10);
    CHECK(store::dead_letters_bound(how) == 128 << 10);
    how.inbox_max_bytes = 1000;
    how.dead_letters_max_bytes = 0;
    CHECK(store::inbox_bound(how) == 1000);
    CHECK(store::dead_letters_bound(how) == 0);
}

TEST_CASE("retention: whole segments, the oldest first, until there is enough", "[store][retention]") {
    store::eviction plan(2);
    plan.add({11, 10, 4096});
    CHECK(!plan.enough());
    plan.add({31, 5, 4095});
    CHECK(!plan.enough());
    plan.add({36, 1, 1});
    CHECK(plan.enough());
    CHECK(plan.first() == 11);
    CHECK(plan.last() == 36);
    CHECK(plan.messages() == 16);
}

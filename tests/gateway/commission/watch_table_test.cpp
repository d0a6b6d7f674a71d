// tests/gateway/commission/watch_table_test.cpp: frames that fit any window, marks of what changed, and text that a terminal must
// not obey.
#include "gateway/commission/watch_table.hpp"

#include <catch2/catch.hpp>

#include "config/source.hpp"

namespace {

using gateway::watch_device;
using gateway::watch_table;

watch_device boiler(const char* value, std::uint64_t readings) {
    watch_device out{"boiler", "online", "", 31, 0, {}};
    out.points.push_back({"supply",
                          "\xC2\xB0"
                          "C",
                          value, "", 400, readings});
    out.points.push_back({"pump", "", "", "exception 2: illegal data address", 0, 0});
    return out;
}

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("watch: a frame, and the mark of what changed", "[watch]") {
    watch_table table;
    table.update({boiler("21.4", 1)});
    CHECK(table.frame("title", 80, 24) == lines{"title", "boiler  online, a request takes 31 ms",
                                                "  supply      21.4 \xC2\xB0"
                                                "C       0.4 s",
                                                "  pump                             exception 2: illegal data address"});
    table.update({boiler("21.4", 2)});
    CHECK(table.frame("title", 80, 24)[2].starts_with("  supply"));
    table.update({boiler("21.5", 3)});
    CHECK(table.frame("title", 80, 24)[2].starts_with("* supply"));
    for (int i = 0; i < 4; ++i) table.update({boiler("21.5", 3)});
    CHECK(table.frame("title", 80, 24)[2].starts_with("  supply"));
}

TEST_CASE("watch: a frame fits every window", "[watch]") {
    watch_table table;
    auto device = boiler("21.4", 1);
    for (int i = 0; i < 30; ++i) device.points.push_back({"point_" + std::to_string(i), "W", "1", "", 0, 1});
    table.update({device});
    for (std::size_t columns = 0; columns < 90; columns += 7)
        for (std::size_t rows = 0; rows < 40; rows += 3) {
            const auto frame = table.frame("a title that is rather long, longer than most", columns, rows);
            CHECK(frame.size() <= rows);
            for (const auto& line : frame) CHECK(config::count_characters(line) <= columns);
        }
    CHECK(table.frame("a long title", 6, 1) == lines{"a lon~"});
    CHECK(table.frame("t", 80, 10).back().find("more lines") != std::string::npos);
}

TEST_CASE("watch: lines are for what is new", "[watch]") {
    watch_table table;
    table.update({boiler("21.4", 1)});
    CHECK(table.news("12:00:00") == lines{"12:00:00 boiler supply 21.4 \xC2\xB0"
                                          "C",
                                          "12:00:00 boiler pump error: exception 2: illegal data address"});
    table.update({boiler("21.4", 1)});
    CHECK(table.news("12:00:01").empty());
    auto dead = boiler("21.4", 1);
    dead.problem = "no answer within 500 ms";
    table.update({dead});
    CHECK(table.news("12:00:02") == lines{"12:00:02 boiler error: no answer within 500 ms"});
    CHECK(table.json_news("T") == lines{"{\"ts\":\"T\",\"device\":\"boiler\",\"error\":\"no answer within 500 ms\"}"});
    table.update({dead});
    CHECK(table.news("12:00:03").empty());
    table.update({boiler("21.4", 2)});  // read again, the same value
    CHECK(table.json_news("T") ==
          lines{"{\"ts\":\"T\",\"device\":\"boiler\",\"point\":\"supply\",\"value\":21.4,\"unit\":\"\xC2\xB0"
                "C\"}"});
}

TEST_CASE("watch: control characters are shown, not obeyed", "[watch]") {
    CHECK(gateway::visible("a\x1b[2Jb\tc") == "a\\x1b[2Jb\\x09c");
    CHECK(gateway::visible("\xC2\x9B"
                           "31m") == "\\x9b31m");
    CHECK(gateway::visible("\xE2\x80\xAE"
                           "abc") == "\\u202eabc");
    CHECK(gateway::visible("\xFF\xC3\xA4") == "\\xff\xC3\xA4");
    watch_table table;
    watch_device evil{"a\nb", "online", "no\x1b[H", -1, 0, {}};
    evil.points.push_back({"p\x7f", "\x1b", "\"v\xC2\x9B\"", "", 0, 1});
    table.update({evil});
    for (const auto& line : table.frame("t", 100, 10))
        for (const char c : line) CHECK((static_cast<unsigned char>(c) >= ' ' && c != '\x7f'));
}

TEST_CASE("watch: ages", "[watch]") {
    CHECK(gateway::age_text(400) == "0.4 s");
    CHECK(gateway::age_text(12'345) == "12 s");
    CHECK(gateway::age_text(180'000) == "3 min");
    CHECK(gateway::age_text(7'200'000) == "2 h");
}

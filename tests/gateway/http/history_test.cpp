// tests/gateway/http/history_test.cpp: steps, rates, gaps and bounds of the history.
#include "gateway/http/history.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace {

using namespace gateway;
using namespace std::chrono_literals;

store::ledger counts(std::uint64_t accepted, std::uint64_t acknowledged) {
    store::ledger made;
    made.accepted = accepted;
    made.acknowledged = acknowledged;
    made.queued = accepted - acknowledged;
    return made;
}

/// The last so many items of an array in the text.
std::string tail(const std::string& text, const std::string& name, std::size_t items) {
    const auto from = text.find('[', text.find('"' + name + '"')) + 1;
    std::string list = text.substr(from, text.find(']', from) - from);
    auto at = list.size();
    for (std::size_t i = 0; i < items && at != std::string::npos; ++i) at = list.rfind(',', at - 1);
    return at == std::string::npos ? list : list.substr(at + 1);
}

std::size_t items(const std::string& text, const std::string& name) {
    const auto from = text.find('[', text.find('"' + name + '"'));
    return 1 + static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(from),
                                                   text.begin() + static_cast<std::ptrdiff_t>(text.find(']', from)), ','));
}

}  // namespace

TEST_CASE("history: depth at most, rates, and whether the broker was there all the time", "[gateway][history]") {
    const history::time_point start{};
    history past(start);
    past.note(counts(0, 0), true, start);
    CHECK(past.next() == start + 10s);
    past.note(counts(100, 50), true, start + 10s);
    past.note(counts(200, 50), false, start + 15s);
    past.note(counts(250, 250), true, start + 20s);
    const auto text = past.text(history::span::hour, start + 25s, 1'000'025'000);
    CHECK(tail(text, "queued", 2) == "50,150");
    CHECK(tail(text, "accepted_per_s", 2) == "10,15");
    CHECK(tail(text, "delivered_per_s", 2) == "5,20");
    CHECK(tail(text, "online", 3) == "null,1,0");
    CHECK(text.find(R"("until":"1970-01-12T13:47:00.000Z")") != std::string::npos);  // 5 s before
    CHECK(items(text, "queued") == 360);
}

TEST_CASE("history: a held-up process and a salvaged queue leave gaps, not lies", "[gateway][history]") {
    const history::time_point start{};
    history past(start);
    past.note(counts(0, 0), true, start);
    past.note(counts(10, 0), true, start + 10s);
    past.note(counts(900, 0), true, start + 50s);
    past.note(counts(910, 0), true, start + 60s);
    past.note(counts(5, 0), true, start + 70s);
    past.note(counts(15, 0), true, start + 80s);
    const auto text = past.text(history::span::hour, start + 80s, 80'000);
    CHECK(tail(text, "accepted_per_s", 8) == "1,null,null,null,null,1,null,1");
}

TEST_CASE("history: a day has steps of five minutes, and what is older is gone", "[gateway][history]") {
    const history::time_point start{};
    history past(start);
    std::uint64_t accepted = 0;
    auto now = start;
    past.note(counts(0, 0), true, now);
    for (int i = 0; i < 26 * 360; ++i) {
        now += 10s;
        ++accepted;
        past.note(counts(accepted, accepted / 2), true, now);
    }
    const auto day = past.text(history::span::day, now, 0);
    CHECK(items(day, "queued") == 288);
    CHECK(day.find("null") == std::string::npos);
    CHECK(items(past.text(history::span::hour, now, 0), "online") == 360);
    CHECK(past.text(history::span::hour, now, 0).find("null") == std::string::npos);
}

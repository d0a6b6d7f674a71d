// tests/gateway/delivery/timestamps_test.cpp: the mark of a time that may be wrong, and putting it right: only what is our own,
// and once.
#include "gateway/delivery/timestamps.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using store::stamp;

namespace {

constexpr stamp wrong{5123, 10'000, false};
constexpr std::int64_t offset = 1'795'378'500'123;  // of the boot: 10 s in it is 2026-11-22T20:15:10.123Z

std::string after_correction(std::string payload, const stamp& taken = wrong, std::optional<std::int64_t> by = offset) {
    const std::string before = payload;
    const bool changed = correct_timestamp(payload, taken, by);
    CHECK(changed == (payload != before));
    return payload;
}

}  // namespace

TEST_CASE("timestamps: one that may be wrong says so", "[gateway][clock]") {
    std::string text;
    append_timestamp(text, "ts", {offset + 10'000, 10'000, true});
    CHECK(text == R"("ts":"2026-11-22T20:15:10.123Z")");
    append_timestamp(text = "", "since", wrong);
    CHECK(text == R"("since":"1970-01-01T00:00:05.123Z","ts_quality":"unsynchronised")");
}

TEST_CASE("timestamps: put right once the boot's clock is known", "[gateway][clock]") {
    CHECK(after_correction(R"({"ts":"1970-01-01T00:00:05.123Z","ts_quality":"unsynchronised","value":21.4})") ==
          R"({"ts":"2026-11-22T20:15:10.123Z","value":21.4})");
    CHECK(after_correction(R"({"ts":"1970-01-01T00:00:05.123Z","ts_quality":"unsynchronised"})") ==
          R"({"ts":"2026-11-22T20:15:10.123Z"})");
    // As an earlier version wrote it, without the mark.
    CHECK(after_correction(R"({"ts":"1970-01-01T00:00:05.123Z","value":"ts_quality"})") ==
          R"({"ts":"2026-11-22T20:15:10.123Z","value":"ts_quality"})");
    // Before 1970.
    CHECK(after_correction(R"({"ts":"1970-01-01T00:00:00.000Z","ts_quality":"unsynchronised","key":"a-b-1","value":1})",
                           {-99, 10'000, false}) == R"({"ts":"2026-11-22T20:15:10.123Z","key":"a-b-1","value":1})");
}

TEST_CASE("timestamps: what was right, can't be known or isn't ours stays as it is", "[gateway][clock]") {
    const std::string ours = R"({"ts":"1970-01-01T00:00:05.123Z","ts_quality":"unsynchronised","value":21.4})";
    CHECK(after_correction(ours, wrong, std::nullopt) == ours);
    CHECK(after_correction(ours, {5123, 10'000, true}) == ours);
    for (const std::string other : {
             "",
             "21.4",
             "{",
             R"({"ts":"1970-01-01T00:00:05.124Z","ts_quality":"unsynchronised","value":21.4})",  // of another moment
             R"( {"ts":"1970-01-01T00:00:05.123Z","value":21.4})",
             R"({"value":21.4,"ts":"1970-01-01T00:00:05.123Z"})",
             R"({"ts":"1970-01-01T00:00:05.123Z")",
             R"({"ts":"1970-01-01T00:00:05.123Z" ,"value":21.4})",
             R"({"ts":"1970-01-01T00:00:05.123Z","ts_quality":"unsynchronised")",
             R"({"ts":"1970-01-01T00:00:05.123Z","ts_quality":"unsynchronised" })",
             R"({"tS":"1970-01-01T00:00:05.123Z","value":21.4})",
         }) {
        CAPTURE(other);
        CHECK(after_correction(other) == other);
    }
}

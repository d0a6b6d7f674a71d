// tests/mqtt/topic_test.cpp: topic names, filters, and which matches which: the examples of the specification (4.7) and the
// edges between them.
// Not here: packets that carry them (codec_refusal_test.cpp).
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "mqtt/topic.hpp"

using namespace mqtt;

namespace {

std::vector<std::string> levels_of(const std::string& text) {
    std::vector<std::string> levels(1);
    for (const char c : text)
        if (c == '/')
            levels.emplace_back();
        else
            levels.back() += c;
    return levels;
}

/// Section 4.7 once more, by recursion over lists of levels.
bool matches_from(const std::vector<std::string>& filter, const std::vector<std::string>& topic, std::size_t at) {
    if (at < filter.size() && filter[at] == "#") return true;
    if (at == filter.size() || at == topic.size()) return at == filter.size() && at == topic.size();
    if (filter[at] != "+" && filter[at] != topic[at]) return false;
    return matches_from(filter, topic, at + 1);
}

bool expected(const std::string& filter, const std::string& topic) {
    if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;
    return matches_from(levels_of(filter), levels_of(topic), 0);
}

/// Every text of up to four of these pieces.
std::vector<std::string> texts(const std::vector<std::string>& pieces) {
    std::vector<std::string> result;
    std::size_t begin = 0;
    for (const auto& piece : pieces) result.push_back(piece);
    for (int length = 2; length <= 4; ++length) {
        const auto end = result.size();
        for (auto at = begin; at < end; ++at)
            for (const auto& piece : pieces) result.push_back(result[at] + piece);
        begin = end;
    }
    return result;
}

}  // namespace

TEST_CASE("topic: names", "[mqtt][topic]") {
    for (const auto* name : {"a", "/", "a//b", "$SYS/x", "a b"}) CHECK(is_valid_topic_name(name));
    for (const auto* name : {"", "#", "a/+/b", "a+", "\xff"}) CHECK_FALSE(is_valid_topic_name(name));
    CHECK_FALSE(is_valid_topic_name(std::string_view("a\0b", 3)));
}

TEST_CASE("topic: filters", "[mqtt][topic]") {
    for (const auto* filter : {"#", "+", "a/#", "+/+", "/+", "a//b", "$share/g/#", "$share/g//", "$share", "$shared"})
        CHECK(is_valid_topic_filter(filter));
    for (const auto* filter : {"", "a#", "#/a", "a/#/b", "+a", "a/b+", "##", "\xff", "$share/g", "$share/g#/a", "$share/g/a#",
                               "$share/", "$share//a", "$share/g/", "$share/+/a"})
        CHECK_FALSE(is_valid_topic_filter(filter));
    CHECK_FALSE(is_valid_topic_filter(std::string_view("a/\0", 3)));
}

TEST_CASE("topic: a filter matches the names that the specification says", "[mqtt][topic]") {
    // 4.7.1.2
    for (const auto* name : {"sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wimbledon"})
        CHECK(matches("sport/tennis/player1/#", name));
    CHECK(matches("sport/#", "sport"));
    CHECK(matches("#", "sport/tennis"));
    // 4.7.1.3
    CHECK(matches("sport/tennis/+", "sport/tennis/player1"));
    CHECK(matches("sport/tennis/+", "sport/tennis/player2"));
    CHECK_FALSE(matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    CHECK_FALSE(matches("sport/+", "sport"));
    CHECK(matches("sport/+", "sport/"));
    CHECK(matches("+/tennis/#", "sport/tennis"));
    CHECK(matches("sport/+/player1", "sport/tennis/player1"));
    CHECK(matches("+/+", "/finance"));
    CHECK(matches("/+", "/finance"));
    CHECK_FALSE(matches("+", "/finance"));
    // 4.7.2
    CHECK_FALSE(matches("#", "$SYS/uptime"));
    CHECK_FALSE(matches("+/monitor/Clients", "$SYS/monitor/Clients"));
    CHECK(matches("$SYS/#", "$SYS/monitor"));
    CHECK(matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
    // 4.7.3
    CHECK_FALSE(matches("ACCOUNTS", "Accounts"));
    CHECK(matches("Accounts payable", "Accounts payable"));
    CHECK_FALSE(matches("/finance", "finance"));
}

TEST_CASE("topic: a shared subscription matches by its filter part", "[mqtt][topic]") {
    CHECK(matches("$share/consumer1/sport/tennis/+", "sport/tennis/ball"));
    CHECK(matches("$share/consumer1/#", "sport"));
    CHECK(matches("$share/consumer1//finance", "/finance"));
    CHECK_FALSE(matches("$share/consumer1//finance", "finance"));
    CHECK_FALSE(matches("$share/consumer1/#", "$SYS/uptime"));
    CHECK(matches("$share/consumer1/$SYS/#", "$SYS/uptime"));
    CHECK_FALSE(matches("$share/consumer1/a", "consumer1/a"));
    CHECK(matches("$shared/#", "$shared/a"));  // another topic, not a share
}

TEST_CASE("topic: matching agrees with the rules on every short name and filter", "[mqtt][topic]") {
    std::size_t matched = 0;
    std::size_t tried = 0;
    for (const auto& filter : texts({"a", "b", "/", "+", "#", "$"})) {
        if (!is_valid_topic_filter(filter)) continue;
        for (const auto& topic : texts({"a", "b", "/", "$"})) {
            ++tried;
            const bool match = matches(filter, topic);
            if (match != expected(filter, topic)) FAIL(filter << " and " << topic);
            if (match) ++matched;
        }
    }
    CHECK(tried > 100'000);
    CHECK(matched > 1000);
}

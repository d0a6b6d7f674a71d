// tests/adapters/serial_pattern_test.cpp: regular expressions: what they match, what they refuse, and that they don't run away.
// Not here: points that use them (serial_fields_test.cpp).
#include "adapters/serial/pattern.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <regex>

using serial::pattern;

namespace {

std::string fault_of(std::string_view text) {
    std::string fault;
    const bool made = pattern::compile(text, fault).has_value();
    CHECK(made == fault.empty());
    return fault;
}

/// The groups, between bars; "no": no match.
std::string search(std::string_view expression, std::string_view text) {
    std::string fault;
    const auto made = pattern::compile(expression, fault);
    INFO(expression << ": " << fault);
    REQUIRE(made);
    const auto found = made->search(text);
    if (!found) return "no";
    std::string all;
    for (const auto& group : *found) all.append(all.empty() && &group == &found->front() ? "" : "|").append(group);
    return all;
}

}  // namespace

TEST_CASE("serial pattern: what it matches", "[serial][pattern]") {
    CHECK(search("b", "abc") == "b");
    CHECK(search("^b", "abc") == "no");
    CHECK(search("a|b|cd", "xcd") == "cd");
    CHECK(search("(a+)(b*)", "xaab") == "aab|aa|b");
    CHECK(search("(a+?)(a*)", "aaa") == "aaa|a|aa");
    CHECK(search("(?:ab)+(c)", "ababc") == "ababc|c");
    CHECK(search("x(a)?y", "xy") == "xy|");
    CHECK(search("[0-9]+\\.[0-9]{2}", "v=12.345") == "12.34");
    CHECK(search("a{2,3}", "aaaa") == "aaa");
    CHECK(search("a{2,}", "aaaa") == "aaaa");
    CHECK(search("a{2}b", "aab") == "aab");
    CHECK(search("^ab{2}$", "ab") == "no");
    CHECK(search("[^,]*,([^,]*)", "one,two,three") == "one,two|two");
    CHECK(search("[]a]+", "]a]") == "]a]");
    CHECK(search("[a-]+", "-a") == "-a");
    CHECK(search("\\d\\w\\s\\D\\W\\S", "1a xx.y") == "no");
    CHECK(search("\\d\\w\\s\\D\\W\\S", "1a x.y") == "1a x.y");
    CHECK(search("\\x41\\(\\$", "A($") == "A($");
    CHECK(search("^T: (.*)$", "H: 1\r\nT: 21.4\r\nX") == "T: 21.4\r|21.4\r");
    CHECK(search("^T: (\\S*)$", "H: 1\r\nT: 21.4\r\nX") == "T: 21.4|21.4");
    CHECK(search("", "abc").empty());
    CHECK(search("(a|ab)(c|bcd)(d*)", "abcd") == "abcd|a|bcd|");
}

TEST_CASE("serial pattern: what it refuses, and where", "[serial][pattern]") {
    CHECK(fault_of("(a") == "a parenthesis that isn't closed (at character 3)");
    CHECK(fault_of("a)") == "a closing parenthesis without an opening one (at character 2)");
    CHECK(fault_of("*a") == "nothing to repeat (at character 1)");
    CHECK(fault_of("a**") == "nothing to repeat (at character 3)");
    CHECK(fault_of("[a") == "a bracket that isn't closed (at character 3)");
    CHECK_FALSE(fault_of("[z-a]").empty());
    CHECK_FALSE(fault_of("a{3,2}").empty());
    CHECK_FALSE(fault_of("a{,2}").empty());
    CHECK_FALSE(fault_of("a{0}").empty());
    CHECK_FALSE(fault_of("a{101}").empty());
    CHECK_FALSE(fault_of("a{").empty());
    CHECK_FALSE(fault_of("\\").empty());
    CHECK_FALSE(fault_of("\\q").empty());
    CHECK_FALSE(fault_of("\\xZZ").empty());
    CHECK_FALSE(fault_of("((((((((((a))))))))))").empty());
    CHECK_FALSE(fault_of(std::string(1000, '(')).empty());
    CHECK_FALSE(fault_of("(?:" + std::string(30, '(')).empty());
    CHECK_FALSE(fault_of("(a{100}){100}").empty());
}

TEST_CASE("serial pattern: as the standard library's, on small expressions", "[serial][pattern]") {
    std::mt19937 random(1);
    const auto pick = [&](std::string_view from) { return from[random() % from.size()]; };
    std::size_t matched = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string expression;
        for (unsigned long i = 0, size = 1 + random() % 5; i < size; ++i) {
            if (random() % 6 == 0 && !expression.empty() && expression.back() != '|') expression += '|';
            expression += random() % 5 == 0 ? std::string("(") + pick("ab") + pick("ab") + ")" : std::string(1, pick("ab."));
            if (random() % 3 == 0) expression += pick("*+?");
        }
        std::string text;
        for (unsigned long i = 0, size = random() % 7; i < size; ++i) text += pick("abc");
        INFO(expression << " in " << text);
        std::smatch wanted;
        const bool found = std::regex_search(text, wanted, std::regex(expression));
        std::string all = found ? "" : "no";
        for (std::size_t i = 0; found && i < wanted.size(); ++i) all += (i > 0 ? "|" : "") + wanted[i].str();
        // A group within a repetition keeps its last turn in both.
        REQUIRE(search(expression, text) == all);
        matched += found ? 1 : 0;
    }
    CHECK(matched > 1000);
}

TEST_CASE("serial pattern: doesn't run away", "[serial][pattern]") {
    CHECK(search("(a*)*b", std::string(2000, 'a')) == "no");
    CHECK(search("(a|a)*$", std::string(2000, 'a') + "b").size() < 10);
    CHECK(search("(?:a?){50}a{50}", std::string(50, 'a')) == std::string(50, 'a'));
}

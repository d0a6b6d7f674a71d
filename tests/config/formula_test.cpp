// tests/config/formula_test.cpp: what formulas come to, and what is said of those that aren't any.
// Not here: which points there are (files_test.cpp: bad_formulas.yaml).
#include "config/formula.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>

using config::formula;

namespace {

formula parsed(std::string_view text) {
    formula::problem what;
    auto made = formula::parse(text, what);
    INFO(text << ": " << what.message);
    REQUIRE(made);
    return std::move(*made);
}

std::optional<double> value(std::string_view text, std::vector<double> inputs) { return parsed(text).value(inputs); }

/// "4+2 message"
std::string problem_of(std::string_view text) {
    formula::problem what;
    CHECK_FALSE(formula::parse(text, what));
    CHECK(what.at <= text.size());
    return std::to_string(what.at) + '+' + std::to_string(what.size) + ' ' + what.message;
}

}  // namespace

TEST_CASE("formula: numbers, operators, functions", "[config][formula]") {
    CHECK(value("voltage * current / 1000", {230, 5}) == 1.15);
    CHECK(value("a+b*2", {1, 2}) == 5.0);
    CHECK(value("(a+b)*2", {1, 2}) == 6.0);
    CHECK(value("-a ^ 2", {3}) == -9.0);
    CHECK(value("a ^ b ^ a", {2, 3}) == 512.0);
    CHECK(value("a*1.5e3", {2}) == 3000.0);
    CHECK(value("a*1.5e-3", {2}) == 0.003);
    CHECK(value(".5*a", {3}) == 1.5);
    CHECK(value("max(a, b, 7)", {3, 9}) == 9.0);
    CHECK(value("avg(a,b)", {3, 9}) == 6.0);
    CHECK(value("sqrt(a^2+b^2)", {3, 4}) == 5.0);
    CHECK(value("a > 5 && b < 3 ? a : -1", {6, 2}) == 6.0);
    CHECK(value("a == b", {2, 2}) == 1.0);
    CHECK(value("a != b || a >= 3", {2, 2}) == 0.0);
    CHECK(value("2*pi*a", {1}) == 2 * 3.141592653589793);
    CHECK(value("ln(a)", {1}) == 0.0);
    CHECK(value("rint(a)", {2.4}) == 2.0);
}

TEST_CASE("formula: names", "[config][formula]") {
    const auto names = [](std::string_view text) {
        const auto made = parsed(text);
        std::string all;
        for (const auto& one : made.inputs())
            all += one.name + '@' + std::to_string(one.at) + '+' + std::to_string(one.size) + ' ';
        return all;
    };
    CHECK(names("a + meter2.power + {phase-1} + {hall 3.t.x} + a") == "a@0+1 meter2.power@4+12 phase-1@19+9 hall 3.t.x@31+12 ");
    CHECK(names("v1 - v0") == "v1@0+2 v0@5+2 ");  // not those that stand for them
    CHECK(value("v1 - v0", {5, 3}) == 2.0);
    CHECK(names("max*max(max,1)") == "max@0+3 ");  // a function is one where a parenthesis follows
    CHECK(names("{pi} + pi") == "pi@0+4 ");
    CHECK(names("{\xC3\xA9 1}") == "\xC3\xA9 1@0+6 ");
}

TEST_CASE("formula: what has no finite value has none", "[config][formula]") {
    CHECK(value("a / b", {1, 0}) == std::nullopt);
    CHECK(value("a / b", {0, 0}) == std::nullopt);
    CHECK(value("sqrt(a)", {-1}) == std::nullopt);
    CHECK(value("ln(a)", {0}) == std::nullopt);
    CHECK(value("a * a", {1e300}) == std::nullopt);
    CHECK(value("a + 1", {std::numeric_limits<double>::quiet_NaN()}) == std::nullopt);
    CHECK(value("a / 0 + a", {1}) == std::nullopt);
    CHECK(value("b == 0 ? 0 : a / b", {0, 1}) == 0.0);  // in the order in which they stand: b is 0
}

TEST_CASE("formula: what is none", "[config][formula]") {
    CHECK(problem_of("a = 3") == "2+1 a formula can't assign; '==' compares");
    CHECK(problem_of("a +") == "2+1 the formula ends where something is missing");
    CHECK(problem_of("a b").substr(0, 4) == "2+1 ");
    CHECK(problem_of("a & b") == "2+1 write '&&' instead of '&'");
    CHECK(problem_of("!a") == "0+1 there is no '!'; compare with 0 instead: 'x == 0'");
    CHECK(problem_of("a; b").find("1+1 ';' has no meaning in a formula") == 0);
    CHECK(problem_of("\"a\" + b").find("0+1 ") == 0);
    CHECK(problem_of("a \xE2\x88\x92 b").find("2+3 ") == 0);
    CHECK(problem_of("1 + 2") == "0+5 a formula needs a point to work with");
    CHECK(problem_of("") == "0+0 a formula needs a point to work with");
    CHECK(problem_of("foo(a)").find("0+3 there is no function 'foo'; there are 'abs', 'min'") == 0);
    CHECK(problem_of("sqr(a)") == "0+3 there is no function 'sqr' (did you mean 'sqrt'?)");
    CHECK(problem_of("log(a)") == "0+3 'log' could mean several functions; write 'ln', 'log10' or 'log2'");
    CHECK(problem_of("a, b") == "0+4 the formula has several results; a comma only stands between the arguments of a function");
    CHECK(problem_of("{a") == "0+1 '{' is not closed by '}'");
    CHECK(problem_of("{}") == "0+2 '{}' names no point");
    CHECK(problem_of("a * 1.2.3") == "7+1 an operator is missing before this");
    CHECK(problem_of(std::string(1001, 'a')) == "0+1001 the formula has 1001 bytes; at most 1000");
    CHECK(problem_of(std::string(51, '(') + "a" + std::string(51, ')')) == "50+1 the parentheses are deeper than 50");
    CHECK(value(std::string(50, '(') + "a" + std::string(50, ')'), {4}) == 4.0);
    std::string many = "a0";
    for (int i = 1; i <= 100; ++i) many += "+a" + std::to_string(i);
    CHECK(problem_of(many).find("the formula names more than 100 points") != std::string::npos);
}

TEST_CASE("formula: anything at all is a formula or a problem", "[config][formula]") {
    std::mt19937_64 random(4711);
    const std::string letters = "ab1.0e+-*/^()<>=!&|?:,{} \"';_\\\n\xC3\xA9$%#~@[]";
    const std::vector<std::string> words{"a", "b", "max(", "sin", "(",  ")", "+",  "*",     ",", "?",
                                         ":", "1", "2e3",  "&&",  "==", " ", "pi", "{x-y}", "-"};
    int good = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto left = random() % 12; left > 0; --left)
            text += round % 2 == 0 ? std::string(1, letters[random() % letters.size()]) : words[random() % words.size()];
        CAPTURE(text);
        formula::problem what;
        const auto made = formula::parse(text, what);
        if (made) {
            ++good;
            const std::vector<double> inputs(made->inputs().size(), 2.5);
            const auto result = made->value(inputs);
            if (result && !std::isfinite(*result)) FAIL("not finite");
        } else {
            if (what.message.empty() || what.at > text.size() || what.at + what.size > text.size() + 1)
                FAIL("no proper problem: " << what.message);
        }
    }
    CHECK(good > 200);
}

// config/formula.cpp: names and characters are checked here, one by one; what is left, which has nothing but numbered variables,
// known functions and harmless operators, is muParser's. Not here: the values of points.
#include "config/formula.hpp"

#include <muParser.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "config/findings.hpp"
#include "config/suggest.hpp"

namespace config {
namespace {

constexpr std::size_t most_inputs = 100;
constexpr std::size_t deepest = 50;  // parentheses
constexpr std::array<std::string_view, 22> functions{"abs",   "min",   "max",  "sum",  "avg",  "sqrt", "exp",  "ln",
                                                     "log2",  "log10", "sin",  "cos",  "tan",  "asin", "acos", "atan",
                                                     "atan2", "sinh",  "cosh", "tanh", "sign", "rint"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Turns a formula into one that has no names of its own but v0, v1 …
class translator {
public:
    translator(std::string_view from, formula::problem& what) : from_(from), problem_(what) {}

    bool run();

    std::string text;                        // "v0*v1/1000"
    std::vector<std::size_t> origins;        // where each of its characters comes from
    std::vector<formula::reference> inputs;  // v0, v1 …

private:
    bool fail(std::size_t at, std::size_t size, std::string message) {
        problem_ = {at, size, std::move(message)};
        return false;
    }
    char peek(std::size_t ahead = 0) const { return at_ + ahead < from_.size() ? from_[at_ + ahead] : '\0'; }
    void put(std::string_view what, std::size_t from) {
        text += what;
        origins.insert(origins.end(), what.size(), from);
    }
    bool take_word();
    bool take_braces();
    bool take_function(std::string_view name, std::size_t at);
    bool take_operator();
    void take_number();
    bool refer_to(std::string_view name, std::size_t at, std::size_t size);

    std::string_view from_;
    formula::problem& problem_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
};

bool translator::run() {
    if (from_.size() > formula::longest)
        return fail(0, from_.size(),
                    "the formula has " + std::to_string(from_.size()) + " bytes; at most " + std::to_string(formula::longest));
    while (at_ < from_.size()) {
        const char c = peek();
        if (c == ' ') {
            put(" ", at_++);
        } else if (is_letter(c)) {
            if (!take_word()) return false;
        } else if (c == '{') {
            if (!take_braces()) return false;
        } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
            take_number();
        } else if (!take_operator()) {
            return false;
        }
    }
    if (inputs.empty()) return fail(0, from_.size(), "a formula needs a point to work with");
    return true;
}

bool translator::take_word() {
    const std::size_t begin = at_;
    while (is_letter(peek()) || is_digit(peek()) || (peek() == '.' && is_letter(peek(1)))) ++at_;
    const auto word = from_.substr(begin, at_ - begin);
    std::size_t next = at_;
    while (next < from_.size() && from_[next] == ' ') ++next;
    if (next < from_.size() && from_[next] == '(') return take_function(word, begin);
    if (word != "pi") return refer_to(word, begin, word.size());
    put(word, begin);
    return true;
}

bool translator::take_function(std::string_view name, std::size_t at) {
    if (std::find(functions.begin(), functions.end(), name) != functions.end()) {
        put(name, at);
        return true;
    }
    if (name == "log") return fail(at, name.size(), "'log' could mean several functions; write 'ln', 'log10' or 'log2'");
    const std::vector<std::string> known(functions.begin(), functions.end());
    const auto hint = did_you_mean(name, known);
    return fail(at, name.size(), "there is no function " + quoted(name) + (hint.empty() ? "; there are " + one_of(known) : hint));
}

bool translator::take_braces() {
    const std::size_t begin = at_;
    const auto end = from_.find('}', begin);
    if (end == std::string_view::npos) return fail(begin, 1, "'{' is not closed by '}'");
    at_ = end + 1;
    const auto name = from_.substr(begin + 1, end - begin - 1);
    if (name.empty()) return fail(begin, 2, "'{}' names no point");
    return refer_to(name, begin, at_ - begin);
}

bool translator::refer_to(std::string_view name, std::size_t at, std::size_t size) {
    auto found = std::find_if(inputs.begin(), inputs.end(), [&](const auto& one) { return one.name == name; });
    if (found == inputs.end()) {
        if (inputs.size() == most_inputs)
            return fail(at, size, "the formula names more than " + std::to_string(most_inputs) + " points");
        found = inputs.insert(inputs.end(), {std::string(name), at, size});
    }
    put("v" + std::to_string(found - inputs.begin()), at);
    return true;
}

/// muParser has the rest of the say: "1.2.3" is two numbers, which it refuses.
void translator::take_number() {
    while (is_digit(peek()) || peek() == '.') {
        put(from_.substr(at_, 1), at_);
        ++at_;
    }
    const bool sign = peek(1) == '+' || peek(1) == '-';
    if ((peek() != 'e' && peek() != 'E') || !is_digit(peek(sign ? 2 : 1))) return;
    for (std::size_t left = sign ? 2 : 1; left > 0 || is_digit(peek()); left = left > 0 ? left - 1 : 0) {
        put(from_.substr(at_, 1), at_);
        ++at_;
    }
}

bool translator::take_operator() {
    constexpr std::array<std::string_view, 6> doubled{"==", "!=", "<=", ">=", "&&", "||"};
    const auto two = from_.substr(at_, 2);
    if (std::find(doubled.begin(), doubled.end(), two) != doubled.end()) {
        put(two, at_);
        at_ += 2;
        return true;
    }
    const char c = peek();
    if (c == '=') return fail(at_, 1, "a formula can't assign; '==' compares");
    if (c == '&' || c == '|')
        return fail(at_, 1, "write " + quoted(std::string(2, c)) + " instead of " + quoted(std::string(1, c)));
    if (c == '!') return fail(at_, 1, "there is no '!'; compare with 0 instead: 'x == 0'");
    if (std::string_view("+-*/^()<>,?:").find(c) == std::string_view::npos) {
        std::size_t size = 1;  // all of a character that takes several bytes
        while (at_ + size < from_.size() && (static_cast<unsigned char>(from_[at_ + size]) & 0xC0u) == 0x80u) ++size;
        return fail(at_, size,
                    quoted(from_.substr(at_, size)) + " has no meaning in a formula; a name with it stands in braces: '{a-b}'");
    }
    if (c == '(' && ++depth_ > deepest) return fail(at_, 1, "the parentheses are deeper than " + std::to_string(deepest));
    if (c == ')' && depth_ > 0) --depth_;
    put(from_.substr(at_, 1), at_);
    ++at_;
    return true;
}

/// muParser's own messages speak of tokens and of a text that the user hasn't written.
std::string meaning_of(const mu::ParserError& error) {
    switch (error.GetCode()) {
        case mu::ecUNEXPECTED_EOF:
            return "the formula ends where something is missing";
        case mu::ecMISSING_PARENS:
            return "a parenthesis is not closed";
        case mu::ecUNEXPECTED_PARENS:
            return "a parenthesis is out of place";
        case mu::ecUNEXPECTED_OPERATOR:
            return "an operator is out of place";
        case mu::ecUNEXPECTED_VAL:
        case mu::ecUNEXPECTED_VAR:
        case mu::ecUNEXPECTED_FUN:
            return "an operator is missing before this";
        case mu::ecUNEXPECTED_ARG:
        case mu::ecUNEXPECTED_ARG_SEP:
            return "a comma is out of place";
        case mu::ecTOO_MANY_PARAMS:
            return "the function has too many arguments";
        case mu::ecTOO_FEW_PARAMS:
            return "the function has too few arguments";
        case mu::ecMISSING_ELSE_CLAUSE:
            return "'?' has no ':' behind it";
        case mu::ecMISPLACED_COLON:
            return "':' has no '?' before it";
        default:
            return "the formula can't be understood here";
    }
}

}  // namespace

struct formula::engine {
    mu::Parser parser;
    std::vector<double> variables;
};

formula::formula() : engine_(std::make_unique<engine>()) {}
formula::formula(formula&&) noexcept = default;
formula& formula::operator=(formula&&) noexcept = default;
formula::~formula() = default;

std::optional<formula> formula::parse(std::string_view text, problem& what) {
    translator from(text, what);
    if (!from.run()) return std::nullopt;
    formula made;
    made.inputs_ = std::move(from.inputs);
    made.engine_->variables.resize(made.inputs_.size(), 1);
    try {
        for (std::size_t i = 0; i < made.inputs_.size(); ++i)
            made.engine_->parser.DefineVar("v" + std::to_string(i), &made.engine_->variables[i]);
        made.engine_->parser.DefineConst("pi", 3.141592653589793);
        made.engine_->parser.SetExpr(from.text);
        made.engine_->parser.Eval();
        if (made.engine_->parser.GetNumResults() > 1) {
            what = {0, text.size(), "the formula has several results; a comma only stands between the arguments of a function"};
            return std::nullopt;
        }
    } catch (const mu::ParserError& error) {
        const auto at = static_cast<std::size_t>(std::max(error.GetPos(), 0));
        const std::size_t origin = at < from.origins.size() ? from.origins[at] : text.size() - 1;
        what = {origin, 1, meaning_of(error)};
        return std::nullopt;
    }
    return made;
}

std::optional<double> formula::value(std::span<const double> of_inputs) const {
    assert(of_inputs.size() == inputs_.size());
    std::copy(of_inputs.begin(), of_inputs.end(), engine_->variables.begin());
    try {
        const double result = engine_->parser.Eval();
        if (std::isfinite(result)) return result;
    } catch (const mu::ParserError&) {
        // What has no result has no value.
    }
    return std::nullopt;
}

}  // namespace config

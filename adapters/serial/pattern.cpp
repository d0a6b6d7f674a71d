// adapters/serial/pattern.cpp: a compiler to a small program, and the run of all its walkers at once (Thompson, Pike).
// Not here: what is done with the groups (fields.cpp).
#include "adapters/serial/pattern.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "adapters/serial/check.hpp"

namespace serial {
namespace {

constexpr std::size_t most_groups = 9;
constexpr std::size_t most_steps = 500;
constexpr int most_depth = 20;
constexpr unsigned most_repeats = 100;

}  // namespace

/// Recursive descent; a fragment of program is a vector whose jumps are relative, so that it can be repeated.
class pattern_compiler {
public:
    pattern_compiler(std::string_view text, std::string& fault) : text_(text), fault_(fault) {}

    std::optional<pattern> compile() {
        fault_.clear();
        fragment body = alternatives(0);
        if (fault_.empty() && at_ < text_.size()) fail("a closing parenthesis without an opening one");
        if (!fault_.empty()) return std::nullopt;
        fragment whole{{op::save, 0, 0}};
        append(whole, body);
        whole.push_back({op::save, 1, 0});
        whole.push_back({op::match, 0, 0});
        for (std::size_t i = 0; i < whole.size(); ++i) {
            if (whole[i].what != op::split && whole[i].what != op::jump) continue;
            whole[i].a += static_cast<std::uint32_t>(i);
            whole[i].b += static_cast<std::uint32_t>(i);
        }
        made_.steps_ = std::move(whole);
        return std::move(made_);
    }

private:
    using op = pattern::op;
    using set = pattern::set;
    using fragment = std::vector<pattern::step>;

    void fail(const std::string& why) {
        if (fault_.empty()) fault_ = why + " (at character " + std::to_string(at_ + 1) + ")";
    }
    bool more() const { return fault_.empty() && at_ < text_.size(); }
    bool take(char c) {
        if (!more() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void append(fragment& to, const fragment& what) {
        to.insert(to.end(), what.begin(), what.end());
        if (to.size() > most_steps) fail("the expression is too large");
    }
    static std::uint32_t relative(std::size_t to) { return static_cast<std::uint32_t>(to); }

    fragment alternatives(int depth) {
        if (depth > most_depth) fail("parentheses are nested too deeply");
        fragment left = sequence(depth);
        while (take('|')) {
            const fragment right = sequence(depth);
            fragment both{{op::split, 1, relative(left.size() + 2)}};
            append(both, left);
            both.push_back({op::jump, relative(right.size() + 1), 0});
            append(both, right);
            left = std::move(both);
        }
        return left;
    }

    fragment sequence(int depth) {
        fragment all;
        while (more() && text_[at_] != '|' && text_[at_] != ')') append(all, repeated(depth));
        return all;
    }

    fragment repeated(int depth) {
        const fragment one = single(depth);
        unsigned least = 1, most = 1;
        if (take('*'))
            least = 0, most = 0;
        else if (take('+'))
            most = 0;
        else if (take('?'))
            least = 0;
        else if (!take_count(least, most))
            return one;
        const bool lazy = take('?');
        if (more() && (text_[at_] == '*' || text_[at_] == '+')) fail("nothing to repeat");
        return times(one, least, most, lazy);
    }

    bool take_count(unsigned& least, unsigned& most) {
        if (!take('{')) return false;
        const auto number = [this](unsigned& to) {
            const char* const begin = text_.data() + at_;
            const auto [stop, error] = std::from_chars(begin, text_.data() + text_.size(), to);
            if (error != std::errc() || to > most_repeats)
                fail("a repetition is {n} or {m,n}, up to " + std::to_string(most_repeats));
            at_ += static_cast<std::size_t>(stop - begin);
        };
        number(least);
        most = least;
        if (take(',')) {
            if (more() && text_[at_] == '}')
                most = 0;
            else
                number(most);
        }
        if (!take('}') || (most != 0 && most < least) || (most == 0 && least == 0 && text_[at_ - 2] != ','))
            fail("a repetition is {n} or {m,n}");
        return true;
    }

    /// `most` 0: without limit.
    fragment times(const fragment& one, unsigned least, unsigned most, bool lazy) {
        const auto choice = [lazy](std::uint32_t go, std::uint32_t leave) {
            return lazy ? pattern::step{op::split, leave, go} : pattern::step{op::split, go, leave};
        };
        fragment all;
        for (unsigned i = 0; i < least && fault_.empty(); ++i) append(all, one);
        if (most == 0) {
            all.push_back(choice(1, relative(one.size() + 2)));
            append(all, one);
            all.push_back({op::jump, static_cast<std::uint32_t>(-static_cast<std::int32_t>(one.size() + 1)), 0});
            return all;
        }
        // From the inside out: (x(x)?)?
        fragment optional;
        for (unsigned i = least; i < most && fault_.empty(); ++i) {
            fragment outer{choice(1, relative(one.size() + optional.size() + 1))};
            append(outer, one);
            append(outer, optional);
            optional = std::move(outer);
        }
        append(all, optional);
        return all;
    }

    fragment single(int depth) {
        const char c = text_[at_];
        if (take('(')) return group(depth);
        if (take('^')) return {{op::line_begin, 0, 0}};
        if (take('$')) return {{op::line_end, 0, 0}};
        if (c == '*' || c == '+' || c == '?' || c == '{') {
            fail("nothing to repeat");
            return {};
        }
        if (take('[')) return of_set(bracket());
        if (take('.')) {
            set any;
            any.set();
            any.reset('\n');
            return of_set(any);
        }
        return of_set(character());
    }

    fragment group(int depth) {
        const bool plain = text_.substr(at_).starts_with("?:");
        if (plain) at_ += 2;
        if (!plain && made_.groups_ == most_groups) fail("more than " + std::to_string(most_groups) + " groups");
        const auto number = static_cast<std::uint32_t>(plain ? 0 : ++made_.groups_);
        fragment all;
        if (!plain) all.push_back({op::save, 2 * number, 0});
        append(all, alternatives(depth + 1));
        if (!plain) all.push_back({op::save, 2 * number + 1, 0});
        if (!take(')')) fail("a parenthesis that isn't closed");
        return all;
    }

    fragment of_set(const set& which) {
        made_.sets_.push_back(which);
        return {{op::byte, static_cast<std::uint32_t>(made_.sets_.size() - 1), 0}};
    }

    /// One character or class, escapes included.
    set character() {
        set one;
        const char c = text_[at_++];
        if (c != '\\') return one.set(static_cast<unsigned char>(c));
        if (!more()) {
            fail("an escape without its character");
            return one;
        }
        const char which = text_[at_++];
        switch (which) {
            case 'd':
            case 'D':
                for (unsigned i = '0'; i <= '9'; ++i) one.set(i);
                return which == 'd' ? one : ~one;
            case 'w':
            case 'W':
                for (unsigned i = 0; i < 128; ++i)
                    if ((i >= '0' && i <= '9') || (i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z') || i == '_') one.set(i);
                return which == 'w' ? one : ~one;
            case 's':
            case 'S':
                for (const char blank : std::string_view(" \t\r\n\v\f")) one.set(static_cast<unsigned char>(blank));
                return which == 's' ? one : ~one;
            case 'r':
                return one.set('\r');
            case 'n':
                return one.set('\n');
            case 't':
                return one.set('\t');
            case 'x': {
                const unsigned high = at_ < text_.size() ? hex_digit(text_[at_]) : 16;
                const unsigned low = at_ + 1 < text_.size() ? hex_digit(text_[at_ + 1]) : 16;
                if (high > 15 || low > 15) fail("\\x needs two hexadecimal digits");
                at_ += 2;
                return fault_.empty() ? one.set(high * 16 + low) : one;
            }
            default:
                if ((which >= 'a' && which <= 'z') || (which >= 'A' && which <= 'Z') || (which >= '0' && which <= '9'))
                    fail(std::string("\\") + which + " isn't known");
                return one.set(static_cast<unsigned char>(which));
        }
    }

    set bracket() {
        set all;
        const bool negated = take('^');
        bool first = true;
        while (more() && (text_[at_] != ']' || first)) {
            first = false;
            const std::size_t begin = at_;
            const set one = character();
            if (at_ + 1 >= text_.size() || text_[at_] != '-' || text_[at_ + 1] == ']') {
                all |= one;
                continue;
            }
            ++at_;
            const set last = character();
            if (one.count() != 1 || last.count() != 1) {
                at_ = begin;
                fail("a range has one character at either end");
                break;
            }
            unsigned low = 0, high = 0;
            while (!one.test(low)) ++low;
            while (!last.test(high)) ++high;
            if (high < low) fail("a range goes from the lower to the higher character");
            for (unsigned i = low; i <= high; ++i) all.set(i);
        }
        if (!take(']')) fail("a bracket that isn't closed");
        return negated ? ~all : all;
    }

    std::string_view text_;
    std::string& fault_;
    std::size_t at_ = 0;
    pattern made_;
};

/// The walkers of a search, in the order of their preference.
class pattern_run {
public:
    pattern_run(const pattern& of, std::string_view text) : of_(of), text_(text), marked_(of.steps_.size()) {}

    std::optional<std::vector<std::string_view>> search() {
        std::optional<places> found;
        for (std::size_t at = 0; at <= text_.size(); ++at) {
            ++round_;
            next_.clear();
            // Walkers that began further left come first; a new one begins as long as none has matched.
            for (walker& one : current_) add(one.step, at, std::move(one.saved));
            if (!found) add(0, at, places(2 * of_.groups_ + 2, npos));
            std::swap(current_, next_);
            std::vector<walker> going;
            for (walker& one : current_) {
                const auto& step = of_.steps_[one.step];
                if (step.what == pattern::op::match) {
                    found = std::move(one.saved);
                    break;  // those behind are worse
                }
                if (at < text_.size() && of_.sets_[step.a].test(static_cast<unsigned char>(text_[at])))
                    going.push_back({one.step + 1, std::move(one.saved)});
            }
            current_ = std::move(going);
            if (current_.empty() && found) break;
        }
        if (!found) return std::nullopt;
        std::vector<std::string_view> groups;
        for (std::size_t i = 0; i < found->size(); i += 2) {
            const bool took_part = (*found)[i] != npos && (*found)[i + 1] != npos;
            groups.push_back(took_part ? text_.substr((*found)[i], (*found)[i + 1] - (*found)[i]) : std::string_view());
        }
        return groups;
    }

private:
    static constexpr std::size_t npos = std::string_view::npos;
    using places = std::vector<std::size_t>;
    struct walker {
        std::uint32_t step = 0;
        places saved;
    };

    /// Follows what takes no byte. Depth is bounded by the program's length.
    void add(std::uint32_t number, std::size_t at, places saved) {
        if (marked_[number] == round_) return;
        marked_[number] = round_;
        const auto& step = of_.steps_[number];
        switch (step.what) {
            case pattern::op::jump:
                return add(step.a, at, std::move(saved));
            case pattern::op::split:
                add(step.a, at, saved);
                return add(step.b, at, std::move(saved));
            case pattern::op::save:
                saved[step.a] = at;
                return add(number + 1, at, std::move(saved));
            case pattern::op::line_begin:
                if (at == 0 || text_[at - 1] == '\n') add(number + 1, at, std::move(saved));
                return;
            case pattern::op::line_end:
                if (at == text_.size() || text_[at] == '\n' || text_.substr(at).starts_with("\r\n"))
                    add(number + 1, at, std::move(saved));
                return;
            case pattern::op::byte:
            case pattern::op::match:
                next_.push_back({number, std::move(saved)});
        }
    }

    const pattern& of_;
    std::string_view text_;
    std::vector<std::uint64_t> marked_;
    std::uint64_t round_ = 0;
    std::vector<walker> current_, next_;
};

std::optional<pattern> pattern::compile(std::string_view text, std::string& fault) {
    return pattern_compiler(text, fault).compile();
}

std::optional<std::vector<std::string_view>> pattern::search(std::string_view text) const {
    return pattern_run(*this, text).search();
}

}  // namespace serial

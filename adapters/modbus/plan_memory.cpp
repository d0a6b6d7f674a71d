// adapters/modbus/plan_memory.cpp: see the header.
// Not here: where the text is kept.
#include "adapters/modbus/plan_memory.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace modbus {
namespace {

constexpr std::string_view version = "1";
constexpr std::string_view letters = "cdhi";  // in the order of the function codes
constexpr std::size_t most_entries = 2000;    // of a kind and table; a text of the greatest length has fewer

/// Writes whole lines as long as they fit.
class line_writer {
public:
    explicit line_writer(std::size_t bound) : bound_(bound) {}
    template <typename... Numbers>
    void line(std::string_view word, std::size_t table, Numbers... numbers) {
        std::string text(word);
        text += ' ';
        text += letters[table];
        ((text += ' ' + std::to_string(numbers)), ...);
        text += '\n';
        if (text_.size() + text.size() <= bound_) text_ += text;
    }
    void head() { text_ = std::string(version) + '\n'; }
    std::string take() { return std::move(text_); }

private:
    std::size_t bound_;
    std::string text_;
};

/// The words of a line, read one by one.
class line_reader {
public:
    explicit line_reader(std::string_view line) : rest_(line) {}
    std::string_view word() {
        const auto end = std::min(rest_.find(' '), rest_.size());
        const auto found = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return found;
    }
    /// Nothing: there is no such number.
    std::optional<std::uint32_t> number(std::uint32_t least, std::uint32_t most) {
        const auto text = word();
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
        return value;
    }
    bool at_end() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

using memory = learned_obstacles::memory;

std::optional<refusal> read_refusal(line_reader& from, nanoseconds now) {
    const auto code = from.number(1, 3), times = from.number(1, 16);
    if (!code || !times || !from.at_end()) return std::nullopt;
    const auto often = static_cast<std::uint8_t>(*times);
    return refusal{static_cast<std::uint8_t>(*code), often, now + pause_after(often)};
}

void read_line(std::array<memory, 4>& to, std::string_view line, nanoseconds now) {
    line_reader from(line);
    const auto kind = from.word(), table_word = from.word();
    const auto letter = table_word.size() == 1 ? letters.find(table_word[0]) : std::string_view::npos;
    if (letter == std::string_view::npos) return;
    memory& known = to[letter];
    if (kind == "limit") {
        const auto good = from.number(0, 2000), bad = from.number(1, 2000);
        if (!good || !bad || !from.at_end() || *good >= *bad) return;
        known.most_answered = *good;
        known.least_refused = *bad;
        known.limited = true;
    } else if (kind == "hole") {
        const auto address = from.number(0, 65535);
        if (address && from.at_end() && known.holes.size() < most_entries) known.holes.push_back(*address);
    } else if (kind == "none") {
        const auto address = from.number(0, 65535), count = from.number(1, 2000);
        if (!address || !count || *address + *count > 65536 || known.unsupported.size() >= most_entries) return;
        const item which{static_cast<std::uint16_t>(*address), static_cast<std::uint16_t>(*count)};
        const bool twice = std::any_of(known.unsupported.begin(), known.unsupported.end(),
                                       [&](const auto& each) { return each.first == which; });
        if (const auto why = read_refusal(from, now); why && !twice) known.unsupported.emplace_back(which, *why);
    } else if (kind == "function") {
        if (const auto why = read_refusal(from, now)) known.function = why;
    }
}

}  // namespace

std::string text_of(const device_learned& what, std::size_t bound) {
    line_writer out(bound);
    out.head();
    for (std::size_t table = 0; table < what.size(); ++table) {
        const memory known = what[table].remembered();
        if (known.function) out.line("function", table, known.function->code, known.function->times);
        if (known.limited) out.line("limit", table, known.most_answered, known.least_refused);
        for (const auto hole : known.holes) out.line("hole", table, hole);
        for (const auto& [which, why] : known.unsupported)
            out.line("none", table, which.address, which.count, why.code, why.times);
    }
    return out.take();
}

bool says_nothing(std::string_view text) { return text.size() <= version.size() + 1; }

void recall(device_learned& to, std::string_view text, nanoseconds now) {
    std::array<memory, 4> known;
    bool first = true;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (first && line != version) return;
        if (!first) read_line(known, line, now);
        first = false;
    }
    for (std::size_t table = 0; table < to.size(); ++table) to[table].recall(std::move(known[table]));
}

}  // namespace modbus

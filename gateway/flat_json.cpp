// gateway/flat_json.cpp: a reader over the bytes, without recursion.
#include "gateway/flat_json.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace gateway {
namespace {

void put_character(std::string& to, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { to.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

class json_reader {
public:
    explicit json_reader(std::string_view text) : rest_(text) {}

    std::optional<value> next_value() {
        if (take("null")) return value{no_value{}};
        if (take("true")) return value{true};
        if (take("false")) return value{false};
        if (rest_.starts_with('"')) {
            auto text = next_text();
            if (!text) return std::nullopt;
            return value{std::move(*text)};
        }
        return next_number();
    }

    std::optional<std::string> next_text() {
        if (!take("\"")) return std::nullopt;
        std::string text;
        while (!rest_.empty()) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') return text;
            if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
            if (c != '\\') {
                text.push_back(c);
            } else if (!next_escape(text)) {
                return std::nullopt;
            }
        }
        return std::nullopt;
    }

    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void skip_blanks() {
        while (!rest_.empty() &&
               (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\n' || rest_.front() == '\r'))
            rest_.remove_prefix(1);
    }
    bool at_end() const { return rest_.empty(); }

private:
    bool next_escape(std::string& to) {
        if (rest_.empty()) return false;
        const char c = rest_.front();
        rest_.remove_prefix(1);
        switch (c) {
            case '"':
            case '\\':
            case '/':
                to.push_back(c);
                return true;
            case 'b':
                to.push_back('\b');
                return true;
            case 'f':
                to.push_back('\f');
                return true;
            case 'n':
                to.push_back('\n');
                return true;
            case 'r':
                to.push_back('\r');
                return true;
            case 't':
                to.push_back('\t');
                return true;
            case 'u':
                return next_unicode(to);
            default:
                return false;
        }
    }

    bool next_unicode(std::string& to) {
        const auto first = next_hex();
        if (!first || *first == 0 || (*first >= 0xDC00 && *first <= 0xDFFF)) return false;
        if (*first < 0xD800 || *first > 0xDBFF) {
            put_character(to, *first);
            return true;
        }
        const auto second = take("\\u") ? next_hex() : std::nullopt;
        if (!second || *second < 0xDC00 || *second > 0xDFFF) return false;
        put_character(to, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
        return true;
    }

    std::optional<std::uint32_t> next_hex() {
        std::uint32_t code = 0;
        if (rest_.size() < 4) return std::nullopt;
        const auto [end, failed] = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
        if (failed != std::errc() || end != rest_.data() + 4) return std::nullopt;
        rest_.remove_prefix(4);
        return code;
    }

    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    /// As JSON writes it: no sign +, no leading 0, digits on both sides of a point.
    std::optional<value> next_number() {
        std::size_t at = 0;
        const auto digits = [&] {
            const std::size_t from = at;
            while (at < rest_.size() && is_digit(rest_[at])) ++at;
            return at - from;
        };
        const auto is = [&](char c) { return at < rest_.size() && rest_[at] == c; };
        if (is('-')) ++at;
        const bool zero = is('0');
        const std::size_t whole = digits();
        if (whole == 0 || (zero && whole > 1)) return std::nullopt;
        bool integer = true;
        if (is('.')) {
            integer = false;
            ++at;
            if (digits() == 0) return std::nullopt;
        }
        if (is('e') || is('E')) {
            integer = false;
            ++at;
            if (is('+') || is('-')) ++at;
            if (digits() == 0) return std::nullopt;
        }
        const std::string_view text = rest_.substr(0, at);
        rest_.remove_prefix(at);
        return number_of(text, integer);
    }

    static std::optional<value> number_of(std::string_view text, bool integer) {
        const auto read = [&](auto to) -> std::optional<value> {
            const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), to);
            if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
            return value{to};
        };
        if (integer) {
            if (auto whole = read(std::int64_t{0})) return whole;
            if (auto whole = read(std::uint64_t{0})) return whole;
        }
        return read(double{0});
    }

    std::string_view rest_;
};

}  // namespace

const value* flat_object::find(std::string_view name) const {
    for (const auto& [key, what] : members)
        if (key == name) return &what;
    return nullptr;
}

std::optional<value> read_json_value(std::string_view text) {
    json_reader from(text);
    from.skip_blanks();
    auto found = from.next_value();
    from.skip_blanks();
    if (!found || !from.at_end()) return std::nullopt;
    return found;
}

std::optional<flat_object> read_flat_object(std::string_view text, std::size_t most) {
    json_reader from(text);
    from.skip_blanks();
    if (!from.take("{")) return std::nullopt;
    flat_object found;
    from.skip_blanks();
    if (!from.take("}")) {
        do {
            from.skip_blanks();
            auto name = from.next_text();
            from.skip_blanks();
            if (!name || found.find(*name) != nullptr || found.members.size() == most || !from.take(":")) return std::nullopt;
            from.skip_blanks();
            auto what = from.next_value();
            if (!what) return std::nullopt;
            found.members.emplace_back(std::move(*name), std::move(*what));
            from.skip_blanks();
        } while (from.take(","));
        if (!from.take("}")) return std::nullopt;
    }
    from.skip_blanks();
    if (!from.at_end()) return std::nullopt;
    return found;
}

}  // namespace gateway

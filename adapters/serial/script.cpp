// adapters/serial/script.cpp: see script.hpp.
// Not here: whether a message or a step fits its device (definition.cpp).
#include "adapters/serial/script.hpp"

#include <charconv>

namespace serial {
namespace {

/// The words and strings of a line, and where they are.
class line_reader {
public:
    line_reader(std::string_view line, std::string& fault) : line_(line), fault_(fault) { fault_.clear(); }

    bool good() const { return fault_.empty(); }
    bool at_end() {
        while (at_ < line_.size() && line_[at_] == ' ') ++at_;
        return at_ == line_.size();
    }
    void fail(const std::string& why) {
        if (fault_.empty()) fault_ = why + " (at character " + std::to_string(begin_ + 1) + " of \"" + std::string(line_) + "\")";
    }

    /// A word, or an equals sign; empty: a string or the end is there.
    std::string word() {
        at_end();
        begin_ = at_;
        if (at_ < line_.size() && line_[at_] == '=') return std::string(1, line_[at_++]);
        while (at_ < line_.size() && line_[at_] != ' ' && line_[at_] != '"' && line_[at_] != '=') ++at_;
        return std::string(line_.substr(begin_, at_ - begin_));
    }
    /// Takes the word if it is this one.
    bool take(std::string_view wanted) {
        const std::size_t before = at_;
        if (word() == wanted) return true;
        at_ = before;
        return false;
    }
    void want(std::string_view wanted) {
        if (!take(wanted)) fail("\"" + std::string(wanted) + "\" belongs here");
    }
    bool at_string() { return !at_end() && line_[at_] == '"'; }

    /// What stands between quotes, escapes and all.
    std::string_view string(const char* what) {
        at_end();
        begin_ = at_;
        if (at_ >= line_.size() || line_[at_] != '"') {
            fail(std::string(what) + " belongs here, in double quotes");
            return {};
        }
        const std::size_t first = ++at_;
        while (at_ < line_.size() && line_[at_] != '"') at_ += line_[at_] == '\\' ? 2 : 1;
        if (at_ >= line_.size()) {
            fail("a double quote that isn't closed");
            at_ = line_.size();
            return {};
        }
        return line_.substr(first, at_++ - first);
    }

    /// Strings in a row are one: a long one can be spread over lines.
    byte_pattern bytes(const char* what) {
        const bool hex = take("hex");
        byte_pattern all;
        do {
            std::string why;
            const byte_pattern part = parse_bytes(string(what), hex, why);
            if (!why.empty()) fail(why);
            all.insert(all.end(), part.begin(), part.end());
        } while (good() && at_string());
        if (good() && all.empty()) fail("no bytes");
        return all;
    }

    std::string plain_bytes(const char* what) {
        const byte_pattern made = bytes(what);
        if (!good()) return "";
        if (!is_literal(made)) fail("nothing can be filled in here; write \\{ for the character");
        std::string text;
        for (const byte_piece& piece : made) text += piece.text;
        return text;
    }

    std::size_t number(const char* what, std::size_t least, std::size_t most, int digits = 10) {
        const std::string text = word();
        std::size_t made = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), made, digits);
        if (error != std::errc() || stop != text.data() + text.size() || made < least || made > most)
            fail(std::string(what) + " belongs here, " + std::to_string(least) + " to " + std::to_string(most));
        return made;
    }

    std::string name() {
        const std::string text = word();
        if (text.empty() ||
            text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != text.npos)
            fail("a name belongs here, of letters, digits, _ and -");
        return text;
    }

    std::chrono::nanoseconds duration() {
        const std::string text = word();
        std::uint32_t count = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        const std::string_view unit(stop, static_cast<std::size_t>(text.data() + text.size() - stop));
        const std::uint32_t most = unit == "s" ? 60 : 60'000;
        if (error != std::errc() || (unit != "ms" && unit != "s") || count > most) {
            fail("a time up to 60s belongs here, such as 300ms or 2s");
            return {};
        }
        return unit == "s" ? std::chrono::nanoseconds(std::chrono::seconds(count)) : std::chrono::milliseconds(count);
    }

private:
    std::string_view line_;
    std::string& fault_;
    std::size_t at_ = 0;
    std::size_t begin_ = 0;  // of what was read last
};

/// The line's speed; whether the system has it is found out when the port is set.
std::uint32_t read_baud(line_reader& from) { return static_cast<std::uint32_t>(from.number("a baud rate", 50, 4'000'000)); }

void read_bauds(line_reader& from, step& to) {
    to.name = from.name();
    to.character = from.number("the number of a character", 1, 200);
    while (from.good() && !from.at_end()) {
        const std::string from_character = from.word();
        if (from_character.size() != 1) from.fail("a character, =, and a baud rate belong here");
        from.want("=");
        const std::uint32_t baud = read_baud(from);
        if (from.good()) to.bauds.emplace_back(from_character[0], baud);
    }
    if (from.good() && to.bauds.empty()) from.fail("say which character means which speed: 0=300 1=600");
}

}  // namespace

message parse_message(std::string_view line, std::string& fault) {
    line_reader from(line, fault);
    message made;
    made.name = from.name();
    while (from.good() && !from.at_end()) {
        if (from.take("prefix")) {
            made.prefix = from.plain_bytes("the beginning of the message");
        } else if (from.take("pattern")) {
            std::string why;
            made.pattern = pattern::compile(from.string("a regular expression"), why);
            if (!why.empty()) from.fail(why);
        } else if (from.take("byte")) {
            const std::size_t at = from.number("an offset", 0, 65535);
            from.want("=");
            made.byte = {at, static_cast<std::uint8_t>(from.number("a hexadecimal byte", 0, 255, 16))};
        } else if (from.take("field")) {
            const std::size_t at = from.number("the number of a field", 0, 999);
            from.want("=");
            made.field = {at, from.plain_bytes("the field's text")};
        } else if (from.take("send")) {
            made.send = from.bytes("what is to be sent");
        } else if (from.take("sample")) {
            made.sample = from.bytes("a sample of the message");
        } else {
            const std::string word = from.word();
            from.fail("\"" + word + "\" isn't known here; a message has prefix, pattern, byte, field, send, sample");
        }
    }
    return made;
}

step parse_step(std::string_view line, std::string& fault) {
    line_reader from(line, fault);
    step made;
    if (from.take("send")) {
        made.bytes = from.bytes("what is to be sent");
    } else if (from.take("expect")) {
        if (from.take("line")) {
            made.is = step::kind::expect_line;
            if (from.take("as")) made.name = from.name();
            if (from.take("sample")) made.sample = from.bytes("a sample of the line");
        } else if (from.take("frame")) {
            made.is = step::kind::expect_frame;
        } else {
            made.is = step::kind::expect_bytes;
            made.bytes = from.bytes("line, frame, or the bytes to wait for");
        }
    } else if (from.take("delay")) {
        made.is = step::kind::delay;
        made.time = from.duration();
    } else if (from.take("quiet")) {
        made.is = step::kind::quiet;
        made.time = from.duration();
    } else if (from.take("baud")) {
        const bool kept = from.take("from");
        made.is = kept ? step::kind::baud_from : step::kind::baud;
        if (kept)
            read_bauds(from, made);
        else
            made.baud = read_baud(from);
    } else {
        const std::string word = from.word();
        from.fail("\"" + word + "\" isn't known here; a step is send, expect, delay, quiet or baud");
    }
    if (from.good() && !from.at_end()) {
        const std::string word = from.word();
        from.fail("\"" + word + "\" is too much here");
    }
    return made;
}

}  // namespace serial

// adapters/serial/bytes.cpp: see bytes.hpp.
// Not here: what the bytes are for.
#include "adapters/serial/bytes.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace serial {
namespace {

class byte_reader {
public:
    byte_reader(std::string_view text, bool hex, std::string& fault) : text_(text), hex_(hex), fault_(fault) {}

    byte_pattern read() {
        fault_.clear();
        while (at_ < text_.size() && fault_.empty()) {
            if (text_[at_] == '{')
                read_place();
            else if (hex_)
                read_hex();
            else
                read_character();
        }
        if (size_ > bytes_max) fail("more than " + std::to_string(bytes_max) + " bytes");
        return std::move(pattern_);
    }

private:
    void fail(const std::string& why) {
        if (fault_.empty()) fault_ = why + " (at character " + std::to_string(at_ + 1) + ")";
    }

    void add(char byte) {
        ++size_;
        if (pattern_.empty() || pattern_.back().is != byte_piece::kind::literal) pattern_.emplace_back();
        pattern_.back().text += byte;
    }

    void read_hex() {
        if (text_[at_] == ' ') {
            ++at_;
            return;
        }
        const unsigned high = hex_digit(text_[at_]);
        const unsigned low = at_ + 1 < text_.size() ? hex_digit(text_[at_ + 1]) : 16;
        if (high > 15 || low > 15) return fail("hexadecimal bytes have two digits each, such as 0A");
        add(static_cast<char>(high * 16 + low));
        at_ += 2;
    }

    void read_character() {
        const char c = text_[at_];
        if ((static_cast<unsigned char>(c) & 0x80u) != 0) return fail("write bytes beyond ASCII in hexadecimal: hex 42 4D");
        if (c == '}') return fail("a closing brace without an opening one; write \\} for the character");
        if (c != '\\') {
            add(c);
            ++at_;
            return;
        }
        read_escape();
    }

    void read_escape() {
        const char which = at_ + 1 < text_.size() ? text_[at_ + 1] : ' ';
        constexpr std::string_view letters = "rnt\\\"{}", bytes = "\r\n\t\\\"{}";
        if (const std::size_t found = letters.find(which); found != std::string_view::npos) {
            add(bytes[found]);
            at_ += 2;
            return;
        }
        const unsigned high = which == 'x' && at_ + 2 < text_.size() ? hex_digit(text_[at_ + 2]) : 16;
        const unsigned low = which == 'x' && at_ + 3 < text_.size() ? hex_digit(text_[at_ + 3]) : 16;
        if (high > 15 || low > 15) return fail("after \\ comes one of r n t \\ \" { }, or x and two hexadecimal digits");
        add(static_cast<char>(high * 16 + low));
        at_ += 4;
    }

    void read_place() {
        const std::size_t end = text_.find('}', at_);
        if (end == std::string_view::npos) return fail("a brace that isn't closed; write \\{ for the character");
        const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
        if (const std::size_t dots = inside.find(".."); dots != std::string_view::npos)
            read_moving(inside.substr(0, dots), inside.substr(dots + 2));
        else
            read_name(inside);
        at_ = end + 1;
    }

    void read_name(std::string_view inside) {
        byte_piece piece;
        piece.is = inside == "check" ? byte_piece::kind::check : byte_piece::kind::name;
        const std::size_t dot = inside.find('.');
        piece.text = inside.substr(0, dot);
        if (piece.text.empty()) return fail("{} needs a name");
        if (dot != std::string_view::npos) {
            const std::string_view number = inside.substr(dot + 1);
            const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), piece.character);
            if (error != std::errc() || stop != number.data() + number.size() || piece.character == 0)
                return fail("after the point comes the number of a character, from 1");
        }
        pattern_.push_back(piece);
    }

    /// A number without its point; nothing: it is none.
    std::optional<std::uint64_t> without_point(std::string_view number) const {
        std::string digits(number);
        std::erase(digits, '.');
        std::uint64_t result = 0;
        const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result, hex_ ? 16 : 10);
        if (error != std::errc() || stop != digits.data() + digits.size() || digits.size() > 16) return std::nullopt;
        return result;
    }

    void read_moving(std::string_view low, std::string_view high) {
        const auto decimals_of = [](std::string_view text) {
            const std::size_t point = text.find('.');
            return point == std::string_view::npos ? 0 : text.size() - point - 1;
        };
        const auto least = without_point(low), most = without_point(high);
        const bool alike = low.size() == high.size() && decimals_of(low) == decimals_of(high) && (!hex_ || low.size() % 2 == 0);
        if (!least || !most || *least > *most || !alike)
            return fail("a moving number has two ends with equally many digits, the least first: {000.0..120.0}");
        byte_piece piece;
        piece.is = byte_piece::kind::moving;
        piece.hex = hex_;
        piece.decimals = static_cast<std::uint8_t>(decimals_of(low));
        piece.digits = static_cast<std::uint8_t>(low.size() - (piece.decimals > 0 ? 1 : 0));
        piece.least = *least;
        piece.most = *most;
        pattern_.push_back(piece);
    }

    std::string_view text_;
    bool hex_;
    std::string& fault_;
    std::size_t at_ = 0;
    std::size_t size_ = 0;
    byte_pattern pattern_;
};

/// A triangle of 60 steps between the two ends.
std::uint64_t moved(const byte_piece& piece, std::uint64_t step) {
    const std::uint64_t phase = step % 60;
    const std::uint64_t up = phase < 30 ? phase : 60 - phase;
    const std::uint64_t range = piece.most - piece.least;
    return piece.least + range / 30 * up + range % 30 * up / 30;
}

std::string written(const byte_piece& piece, std::uint64_t number) {
    std::string text;
    if (piece.hex) {
        for (unsigned byte = piece.digits / 2u; byte-- > 0;) text += static_cast<char>((number >> (8 * byte)) & 0xFFu);
        return text;
    }
    text = std::to_string(number);
    if (text.size() < piece.digits) text.insert(0, piece.digits - text.size(), '0');
    if (piece.decimals > 0) text.insert(text.size() - piece.decimals, 1, '.');
    return text;
}

}  // namespace

byte_pattern parse_bytes(std::string_view text, bool hex, std::string& fault) { return byte_reader(text, hex, fault).read(); }

std::string parse_plain_bytes(std::string_view text, std::string& fault) {
    const bool hex = text.starts_with("hex ");
    const byte_pattern pattern = parse_bytes(hex ? text.substr(4) : text, hex, fault);
    if (fault.empty() && !is_literal(pattern)) fault = "nothing can be filled in here; write \\{ for the character";
    if (fault.empty() && pattern.empty()) fault = "no bytes";
    return fault.empty() ? pattern.front().text : "";
}

std::string filled(const byte_pattern& pattern, const filling& with) {
    std::string bytes;
    std::uint64_t index = 0;
    for (const byte_piece& piece : pattern) {
        switch (piece.is) {
            case byte_piece::kind::literal:
                bytes += piece.text;
                break;
            case byte_piece::kind::name: {
                const std::string text = with.named ? with.named(piece.text) : "";
                if (piece.character == 0)
                    bytes += text;
                else if (piece.character <= text.size())
                    bytes += text[piece.character - 1];
                break;
            }
            case byte_piece::kind::check:
                if (with.check != nullptr) bytes += check_value(*with.check, bytes);
                break;
            case byte_piece::kind::moving:
                // Neighbours don't move alike: a mix-up of fields shows.
                bytes += written(piece, moved(piece, with.step + 7 * index++));
        }
    }
    return bytes;
}

bool is_literal(const byte_pattern& pattern) {
    return std::all_of(pattern.begin(), pattern.end(),
                       [](const byte_piece& piece) { return piece.is == byte_piece::kind::literal; });
}

}  // namespace serial

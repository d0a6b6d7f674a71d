// adapters/serial/fields_place.cpp: finding a piece of a frame's text: by separators, and by key.
// Not here: what the piece means (fields.cpp).
#include "adapters/serial/fields.hpp"

namespace serial {
namespace {

/// A key without its medium and channel ("1-0:") and its period of storage ("*255").
std::string_view bare(std::string_view key) {
    if (const std::size_t colon = key.find(':'); colon != key.npos) key.remove_prefix(colon + 1);
    return key.substr(0, key.find('*'));
}

bool is_meant(std::string_view written, std::string_view key) {
    const bool whole = key.find(':') != key.npos || key.find('*') != key.npos;
    return whole ? written == key : bare(written) == key;
}

std::string_view without_controls(std::string_view line) {
    while (!line.empty() && static_cast<unsigned char>(line.front()) <= ' ') line.remove_prefix(1);
    while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.remove_suffix(1);
    return line;
}

/// False: what is in the parentheses isn't well formed, which makes nothing of all of it.
bool take_values(std::string_view line, std::vector<std::string_view>& to) {
    while (!line.empty()) {
        const std::size_t close = line.find(')');
        if (line.front() != '(' || close == line.npos || line.find('(', 1) < close) return false;
        to.push_back(line.substr(1, close - 1));
        line.remove_prefix(close + 1);
    }
    return true;
}

}  // namespace

std::optional<std::string_view> nth_field(std::string_view text, std::string_view separator, std::size_t number) {
    const bool blanks = separator == " ";
    for (std::size_t index = 0;; ++index) {
        if (blanks) text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        std::size_t end = text.find(separator);
        const bool quoted = text.starts_with('"') && text.find('"', 1) != text.npos;
        if (quoted) end = text.find(separator, text.find('"', 1));
        if (index == number) {
            std::string_view found = text.substr(0, end);
            if (quoted && found.size() >= 2 && found.ends_with('"')) found = found.substr(1, found.size() - 2);
            return blanks && found.empty() ? std::nullopt : std::optional(found);
        }
        if (end == text.npos) return std::nullopt;
        text.remove_prefix(end + separator.size());
    }
}

std::optional<std::vector<std::string_view>> values_of(std::string_view text, std::string_view key, bool& ambiguous) {
    std::optional<std::vector<std::string_view>> found;
    std::vector<std::string_view>* going = nullptr;  // those that the next line may go on with
    std::vector<std::string_view> other;
    const auto end = [&] {
        if (going == &other && found && other != *found) ambiguous = true;
        going = nullptr;
    };
    while (!text.empty()) {
        const std::size_t feed = std::min(text.find('\n'), text.size());
        const std::string_view line = without_controls(text.substr(0, feed));
        text.remove_prefix(std::min(feed + 1, text.size()));
        if (line.starts_with('(')) {
            if (going != nullptr && !take_values(line, *going)) return std::nullopt;
            continue;
        }
        end();
        const std::size_t open = line.find('(');
        if (open == line.npos || line.starts_with('/') || !is_meant(line.substr(0, open), key)) continue;
        other.clear();
        going = found ? &other : &found.emplace();
        if (!take_values(line.substr(open), *going)) return std::nullopt;
    }
    end();
    return found;
}

}  // namespace serial

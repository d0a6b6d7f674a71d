// config/source.cpp: cuts the text into lines, once.
#include "config/source.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace config {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::size_t length_of(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

bool is_scalar_value(std::uint32_t code, std::size_t bytes) {
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    return code >= smallest[bytes] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

/// How many bytes at the start are ASCII, in steps of eight: lines of megabytes have to be counted through, too.
std::size_t ascii_run(std::string_view text) {
    std::size_t size = 0;
    for (; size + 8 <= text.size(); size += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, text.data() + size, 8);
        if ((eight & 0x8080808080808080u) != 0) break;
    }
    return size;
}

}  // namespace

character first_character(std::string_view text) {
    assert(!text.empty());
    const auto lead = static_cast<unsigned char>(text.front());
    const character broken{lead, 1, false};
    const std::size_t bytes = length_of(lead);
    if (bytes == 0 || bytes > text.size()) return broken;
    if (bytes == 1) return {lead, 1, true};
    std::uint32_t code = lead & (0x7Fu >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0u) != 0x80u) return broken;
        code = code << 6 | (next & 0x3Fu);
    }
    return is_scalar_value(code, bytes) ? character{code, bytes, true} : broken;
}

std::string_view without_first(std::string_view text, std::size_t characters) {
    while (characters > 0 && !text.empty()) {
        const auto plain = ascii_run(text.substr(0, characters));
        characters -= plain;
        text.remove_prefix(plain);
        if (plain > 0) continue;
        text.remove_prefix(first_character(text).bytes);
        --characters;
    }
    return text;
}

std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    while (!text.empty()) {
        const auto plain = ascii_run(text);
        count += plain;
        text.remove_prefix(plain);
        if (plain > 0) continue;
        text.remove_prefix(first_character(text).bytes);
        ++count;
    }
    return count;
}

std::string_view take_line(std::string_view& rest) {
    const auto end = std::min(rest.find_first_of("\r\n"), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end);
    rest.remove_prefix(rest.starts_with("\r\n") ? 2 : rest.empty() ? 0 : 1);
    return line;
}

std::string_view without_mark(std::string_view text) {
    return text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text;
}

source::source(std::string_view text) : text_(without_mark(text)) {
    for (auto rest = text_; !rest.empty();) lines_.push_back(take_line(rest));
    if (lines_.empty()) lines_.push_back(text_);
}

place source::nearest(place wanted) const {
    place found = wanted;
    if (wanted.where.line < 1) found.where = {1, 1};
    if (wanted.where.line > line_count()) found.where = {line_count(), static_cast<std::size_t>(-1)};
    const auto length = count_characters(line(found.where.line));
    found.where.column = std::clamp<std::size_t>(found.where.column, 1, length + 1);
    const auto room = length + 1 - found.where.column;
    found.width = std::clamp<std::size_t>(found.width, 1, std::max<std::size_t>(room, 1));
    return found;
}

}  // namespace config

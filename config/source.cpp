#include "config/source.hpp"

#include <algorithm>
#include <cassert>

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

std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) text.remove_prefix(first_character(text).bytes);
    return count;
}

source::source(std::string_view text) : text_(text) {
    if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
    std::string_view rest = text_;
    while (!rest.empty()) {
        const auto end = rest.find_first_of("\r\n");
        lines_.push_back(rest.substr(0, end));
        if (end == std::string_view::npos) break;
        rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    }
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

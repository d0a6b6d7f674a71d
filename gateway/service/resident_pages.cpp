// gateway/service/resident_pages.cpp: see resident_pages.hpp.
#include "gateway/service/resident_pages.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <tuple>

namespace gateway {
namespace {

std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

std::optional<std::uintptr_t> hex(std::string_view text) {
    std::uintptr_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Of a line `7f31-7f42 r-xp 00000000 08:01 1234    /usr/lib/library.so`; nothing: it is another line, or another kind of
/// mapping.
std::optional<page_range> range_of(std::string_view line) {
    const auto dash = line.find('-');
    const auto blank = line.find(' ');
    if (dash == std::string_view::npos || blank == std::string_view::npos || dash > blank || line.size() < blank + 5)
        return std::nullopt;
    const auto from = hex(line.substr(0, dash));
    const auto to = hex(line.substr(dash + 1, blank - dash - 1));
    const auto rights = line.substr(blank + 1, 4);
    const bool is_file = line.find(" /") != std::string_view::npos;
    if (!from || !to || !is_file || rights[0] != 'r' || rights[1] != '-' || rights[3] != 'p') return std::nullopt;
    return page_range{*from, *to};
}

}  // namespace

std::vector<page_range> clean_files_in(std::string_view smaps) {
    std::vector<page_range> found;
    std::optional<page_range> at;
    while (!smaps.empty()) {
        const auto line = take_line(smaps);
        const auto word = line.substr(0, line.find(' '));
        if (!word.ends_with(':')) at = range_of(line);
        // What was written to while it was being linked, and is read-only since, would be lost.
        if (at && word == "Anonymous:" && line.find(" 0 kB") != std::string_view::npos) found.push_back(*at);
    }
    return found;
}

bool lies_in(const std::vector<page_range>& ranges, std::uintptr_t address) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const auto& each) { return each.from <= address && address < each.to; });
}

void release_start_pages() {
    std::ifstream file("/proc/self/smaps");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto clean = clean_files_in(text);
    // An emulator's addresses are none of ours (qemu-user with 32-bit programs): then even this code isn't where they say.
    if (!lies_in(clean, reinterpret_cast<std::uintptr_t>(&release_start_pages))) return;
    for (const auto& each : clean)
        std::ignore = ::madvise(reinterpret_cast<void*>(each.from), each.to - each.from, MADV_DONTNEED);  // else they stay
    malloc_trim(0);
}

}  // namespace gateway

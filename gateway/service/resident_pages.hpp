// gateway/service/resident_pages.hpp: gives pages of program and libraries back that only starting needed: reading the command
// line and the config, checking, linking. They are clean copies of files, so nothing is lost, and what is needed comes back by
// itself. Not here: the heap (malloc_trim).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace gateway {

struct page_range {
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    bool operator==(const page_range&) const = default;
};

/// Of /proc/self/smaps: mappings of files that can't be written to, and of which this process has no pages of its own. Pure.
std::vector<page_range> clean_files_in(std::string_view smaps);
bool lies_in(const std::vector<page_range>& ranges, std::uintptr_t address);

/// Once the start is over, and after a reload. Not while libraries are being loaded.
void release_start_pages();

}  // namespace gateway

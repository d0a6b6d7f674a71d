// store/fault.cpp: the header, and the WAL.
#include "store/fault.hpp"

#include "store/page_source.hpp"
#include "store/retention.hpp"
#include "store/schema.hpp"

namespace store {
namespace {

constexpr std::size_t header_size = 100;

/// Of a queue's header the numbers that never change. SQLite takes some of them for those of a file that can only be read, or
/// of one with another kind of pages.
bool header_is_sound(std::string_view header) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(header[at]); };
    const bool layout = read_16(header, 16) == page_size && byte(18) <= 2 && byte(19) <= 2 && byte(20) == 0 && byte(21) == 64 &&
                        byte(22) == 32 && byte(23) == 32;
    return layout && read_32(header, 44) <= 4 && read_32(header, 56) <= 1;
}

bool is_queue(std::string_view header) {
    return header.starts_with("SQLite format 3") && read_32(header, 68) == static_cast<std::uint32_t>(application_id);
}

}  // namespace

before_opening look_before_opening(files& in, const std::string& path) {
    std::string header(header_size, '\0');
    const auto file = in.open(path);
    const bool is_there = file && file->size() > 0;
    const bool has_header = is_there && file->read(0, header.data(), header_size) == header_size;
    if (is_there && !has_header) {
        // The very first write to a new file may have been cut off. Its journal is synced before it, and SQLite takes it back.
        const auto journal = in.open(path + "-journal");
        if (journal && journal->size() > 0) return {};
        return {"it is cut off in its header"};
    }
    if (has_header && is_queue(header) && !header_is_sound(header)) return {"its header is damaged"};

    page_source pages(in, path);
    if (!is_there) {
        // SQLite would remove the WAL.
        if (pages.wal_has_content()) return {"the file is gone or empty, and its WAL is not"};
        return {};
    }
    if (pages.wal_is_damaged()) return {"its WAL is damaged before its end"};
    // A header that a power cut has torn is that of a WAL that starts over, when all of the old one is in the file.
    if (pages.wal_header_is_damaged() && !pages.wal_adds_nothing()) return {"the header of its WAL is damaged"};
    if (is_queue(header) && !pages.is_complete()) return {"it is shorter than it says"};
    return {std::nullopt, pages.has_wal() && (pages.wal_header_is_damaged() || !pages.wal_has_content()), pages.has_wal()};
}

}  // namespace store

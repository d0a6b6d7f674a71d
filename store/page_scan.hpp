// store/page_scan.hpp: finds the rows of a queue in a page of an SQLite file by the page's own numbers alone, however damaged
// what leads to it is. Pure. Nothing here is believed: a row counts only by its checksum (salvage.hpp).
// Not here: which pages there are, and which are up to date (page_source.hpp).
//
// Of SQLite's file format (sqlite.org/fileformat2.html) this needs: the leaf of a table (type 0x0D, cells by the pointers
// after its header), the record (types in front, values behind), overflow pages (the next one's number, then bytes).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace store {

constexpr std::uint8_t table_leaf = 0x0D;
constexpr std::uint8_t table_interior = 0x05;

std::uint16_t read_16(std::string_view from, std::size_t at);
std::uint32_t read_32(std::string_view from, std::size_t at);

struct leaf_cell {
    std::int64_t key = 0;
    std::uint64_t size = 0;      // of its payload
    std::string_view local;      // as much of that as lies in the page
    std::uint32_t overflow = 0;  // the page where it goes on; 0: it doesn't
};

struct leaf_scan {
    std::vector<leaf_cell> cells;  // those that can be
    bool sound = true;             // nothing in it contradicts itself
};

/// Requires: a page of 4096 bytes, not the first of the file. No payload is larger than `most`.
leaf_scan scan_leaf(std::string_view page, std::uint64_t most);

/// `note`: an audit entry or a memory, as `count` says.
enum class row_kind : std::uint8_t { log, text, dead_letter, note };

/// A row of a queue's tables as its cell says it is.
struct row_header {
    row_kind kind = row_kind::log;
    std::int64_t count = 0;  // log; of a note its kind
    std::int64_t crc = 0;
    std::size_t data_at = 0;  // in the payload, to whose end it reaches
};
/// Nothing: no row of a queue looks so.
std::optional<row_header> row_header_of(const leaf_cell& cell);

}  // namespace store

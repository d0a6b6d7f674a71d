// store/wal_scan.hpp: what a WAL holds, frame by frame, and whether it is damaged. SQLite reads one up to the first frame that
// isn't right and takes this for its end: what was committed behind it would be gone without a word.
// Not here: what the pages say (page_scan.hpp).
//
// Each frame's checksum goes on from the one that stands in the frame before it, so each can be checked by itself. A power cut
// leaves at most one transaction in part, the last, for none begins before the one before it is synced. So a frame that isn't
// right is damage if a whole transaction follows it, and then something of another one. Damage to the last transaction alone
// can't be told from a power cut; it is as if that commit had never been.
#pragma once

#include <cstdint>
#include <vector>

#include "store/files.hpp"

namespace store {

struct wal_frame {
    std::uint32_t page = 0;  // as it says
    bool sound = false;
};

struct wal_scan {
    std::vector<wal_frame> frames;  // up to the last commit that is sound; those before it needn't be
    bool header_is_sound = true;
    bool damaged = false;  // surely: see above. Not told of a WAL whose header isn't sound; there what it holds decides
};

constexpr std::uint64_t wal_header_size = 32;
constexpr std::uint64_t frame_header_size = 24;

/// Where the page of a frame is in the file.
std::uint64_t offset_of_frame(std::size_t index);

wal_scan scan_wal(raw_file& wal);

}  // namespace store

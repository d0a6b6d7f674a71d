// store/memory_table.hpp: the table of memories: short texts under names, which the gateway wants to have again after a restart.
// Not here: what they mean, and who remembers what.
//
//     memory(name INTEGER PRIMARY KEY, kind INTEGER, crc INTEGER, data TEXT)
// name: -1 less 61 bits of the name's FNV-1a hash; kind: 2; data: the name, a line feed, the text; crc: segment.hpp,
// note_checksum(). The keys are hashes, so that a name is found without an index, which salvage couldn't read; two names with one
// hash (by chance never) would be one memory, and whoever recalls the other one gets nothing. They are negative, so that a
// damaged one isn't taken for a message that was lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/queue.hpp"
#include "store/sqlite.hpp"

namespace store {

constexpr std::int64_t memory_kind = 2;  // in the column where a segment has its count

class memory_table {
public:
    explicit memory_table(connection& file) : file_(file) {}
    result<void> prepare();

    struct bounds {
        std::uint64_t memories = 0;
        std::uint64_t bytes = 0;
    };
    /// In the place of what was remembered under this name. False, and nothing changes: there is no room.
    result<bool> remember(const memory& what, const bounds& within);
    result<void> forget(std::string_view name);

    /// What fails its checksum is as if it weren't there.
    result<std::vector<memory>> read();

private:
    connection& file_;
    statement put_, erase_, all_, others_;
};

}  // namespace store

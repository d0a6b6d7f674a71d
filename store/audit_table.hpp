// store/audit_table.hpp: the table of audit entries: what was done to the devices, a text each, in a ring: the oldest go.
// Not here: what an entry says (whoever writes it).
//
//     audit(number INTEGER PRIMARY KEY, kind INTEGER, crc INTEGER, data TEXT)
// kind: 1; data: the entry; crc: segment.hpp, note_checksum(). Numbers ascend; after damage the last ones may be given again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/queue.hpp"
#include "store/sqlite.hpp"

namespace store {

constexpr std::int64_t audit_kind = 1;  // in the column where a segment has its count

class audit_table {
public:
    explicit audit_table(connection& file) : file_(file) {}
    result<void> prepare();

    struct bounds {
        std::uint64_t entries = 0;
        std::uint64_t bytes = 0;
    };
    /// Of the table as it is; counted when it is first needed, and carried on from there.
    struct state {
        std::int64_t last = 0;
        std::uint64_t entries = 0;
        std::uint64_t bytes = 0;
        bool operator==(const state&) const = default;
    };
    result<state> count();
    /// The oldest go until it fits.
    result<void> add(const std::string& entry, const bounds& within, state& in);

    /// The newest of those below `before`, at most `most` of them, the newest first. One whose checksum fails is passed over.
    result<std::vector<audit_entry>> read(audit_number before, std::size_t most);

private:
    result<bool> remove_oldest(state& in);
    connection& file_;
    statement count_, put_, oldest_, erase_, below_;
};

}  // namespace store

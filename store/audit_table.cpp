// store/audit_table.cpp: rows of the table of audit entries, in and out.
#include "store/audit_table.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "store/segment.hpp"

namespace store {
namespace {

std::int64_t checksum(std::int64_t number, std::string_view data) {
    return static_cast<std::int64_t>(note_checksum(number, audit_kind, data));
}

}  // namespace

result<void> audit_table::prepare() {
    using entry = std::pair<statement*, const char*>;
    const std::array all{
        entry{&count_, "SELECT coalesce(max(number), 0), count(*), coalesce(sum(length(CAST(data AS BLOB))), 0) FROM audit"},
        entry{&put_, "INSERT INTO audit(number, kind, crc, data) VALUES(?1, ?2, ?3, CAST(?4 AS TEXT))"},
        entry{&oldest_, "SELECT number, length(CAST(data AS BLOB)) FROM audit ORDER BY number LIMIT 1"},
        entry{&erase_, "DELETE FROM audit WHERE number = ?1"},
        entry{&below_, "SELECT number, crc, CAST(data AS BLOB) FROM audit WHERE number < ?1 ORDER BY number DESC"},
    };
    for (const auto& [to, sql] : all)
        if (const auto ready = to->prepare(file_, sql); !ready) return ready;
    return {};
}

result<audit_table::state> audit_table::count() {
    auto found = count_.select();
    if (!found) return found.error();
    if (const auto row = found->next(); !row) return row.error();
    return state{found->integer(0), static_cast<std::uint64_t>(found->integer(1)), static_cast<std::uint64_t>(found->integer(2))};
}

result<void> audit_table::add(const std::string& entry, const bounds& within, state& in) {
    assert(!entry.empty() && entry.size() <= longest_audit_entry);
    if (within.entries == 0 || entry.size() > within.bytes) return {};
    while (in.entries >= within.entries || in.bytes + entry.size() > within.bytes) {
        const auto removed = remove_oldest(in);
        if (!removed) return removed.error();
        if (!*removed) break;
    }
    ++in.last;
    ++in.entries;
    in.bytes += entry.size();
    return put_.execute(in.last, audit_kind, checksum(in.last, entry), std::string_view(entry));
}

/// False: there is none, whatever was counted.
result<bool> audit_table::remove_oldest(state& in) {
    std::int64_t oldest = 0;
    std::uint64_t bytes = 0;
    {
        auto found = oldest_.select();
        if (!found) return found.error();
        const auto row = found->next();
        if (!row) return row.error();
        if (!*row) {
            in.entries = in.bytes = 0;
            return false;
        }
        oldest = found->integer(0);
        bytes = static_cast<std::uint64_t>(found->integer(1));
    }
    in.entries -= std::min<std::uint64_t>(1, in.entries);
    in.bytes -= std::min(bytes, in.bytes);
    if (const auto erased = erase_.execute(oldest); !erased) return erased.error();
    return true;
}

result<std::vector<audit_entry>> audit_table::read(audit_number before, std::size_t most) {
    std::vector<audit_entry> found;
    auto rows = below_.select(number(before));
    if (!rows) return rows.error();
    while (found.size() < most) {
        const auto row = rows->next();
        if (!row) return row.error();
        if (!*row) break;
        const std::int64_t at = rows->integer(0);
        const std::string_view data = rows->bytes(2);
        if (checksum(at, data) == rows->integer(1)) found.push_back({audit_number{at}, std::string(data)});
    }
    return found;
}

}  // namespace store

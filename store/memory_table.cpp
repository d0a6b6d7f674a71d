// store/memory_table.cpp: rows of the table of memories, in and out.
#include "store/memory_table.hpp"

#include <array>
#include <cassert>
#include <utility>

#include "store/segment.hpp"

namespace store {
namespace {

std::int64_t key_of(std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char each : name) hash = (hash ^ static_cast<std::uint8_t>(each)) * 0x100000001b3;
    return -1 - static_cast<std::int64_t>(hash >> 3);
}

std::int64_t checksum(std::int64_t key, std::string_view data) {
    return static_cast<std::int64_t>(note_checksum(key, memory_kind, data));
}

}  // namespace

result<void> memory_table::prepare() {
    using entry = std::pair<statement*, const char*>;
    const std::array all{
        entry{&put_, "INSERT OR REPLACE INTO memory(name, kind, crc, data) VALUES(?1, ?2, ?3, CAST(?4 AS TEXT))"},
        entry{&erase_, "DELETE FROM memory WHERE name = ?1"},
        entry{&others_, "SELECT count(*), coalesce(sum(length(CAST(data AS BLOB))), 0) FROM memory WHERE name <> ?1"},
        entry{&all_, "SELECT name, crc, CAST(data AS BLOB) FROM memory WHERE kind = ?1"},
    };
    for (const auto& [to, sql] : all)
        if (const auto ready = to->prepare(file_, sql); !ready) return ready;
    return {};
}

result<bool> memory_table::remember(const memory& what, const bounds& within) {
    assert(is_memory(what));
    const std::int64_t key = key_of(what.name);
    const std::string data = what.name + '\n' + what.text;
    {
        auto there = others_.select(key);
        if (!there) return there.error();
        if (const auto row = there->next(); !row) return row.error();
        const auto memories = static_cast<std::uint64_t>(there->integer(0));
        const auto bytes = static_cast<std::uint64_t>(there->integer(1));
        if (memories + 1 > within.memories || bytes + data.size() > within.bytes) return false;
    }
    if (const auto put = put_.execute(key, memory_kind, checksum(key, data), std::string_view(data)); !put) return put.error();
    return true;
}

result<void> memory_table::forget(std::string_view name) { return erase_.execute(key_of(name)); }

result<std::vector<memory>> memory_table::read() {
    std::vector<memory> found;
    auto rows = all_.select(memory_kind);
    if (!rows) return rows.error();
    for (;;) {
        const auto row = rows->next();
        if (!row) return row.error();
        if (!*row) return found;
        const std::int64_t key = rows->integer(0);
        const std::string_view data = rows->bytes(2);
        const auto end = data.find('\n');
        if (checksum(key, data) != rows->integer(1) || end == std::string_view::npos) continue;
        if (key_of(data.substr(0, end)) != key) continue;
        found.push_back({std::string(data.substr(0, end)), std::string(data.substr(end + 1))});
    }
}

}  // namespace store

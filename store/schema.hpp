// store/schema.hpp: the queue file: its tables, its version, and how it is opened.
// Not here: what the rows mean (segment.hpp, record.hpp) and the statements that use them (log.hpp).
//
// An SQLite database, application_id 0x54694761 ("TiGa"), user_version 5, beside it -wal and -shm (SQLite's), .lock (held
// by the process that writes) and .reserve. Five tables:
//
//     log(first INTEGER PRIMARY KEY, count INTEGER, crc INTEGER, data BLOB)
//         first >= 1   a segment: `count` messages with the sequence numbers first, first + 1, …; data: segment.hpp.
//                      One row for each group commit, or several if it is larger than 256 KiB.
//         first == 0   counters; data: record.hpp
//         first  < 0   -1 - (256 × destination + lane): cursor; -65537 - destination: session; -65793 - destination: held
//                      identifiers (both are 0 so far); -131073: inbox; -131074: dead letters; -131075: the clock in the last
//                      boots; data: record.hpp
//                      -131090: what became of the damaged file that this one was made from
//         first below -2^61   -2^62 + n: a segment of the inbox with the messages n, n + 1, …; inbox.hpp
//     text(id INTEGER PRIMARY KEY, crc INTEGER, text TEXT)
//         topics and boot identifiers, which segments of the log refer to by number; no number is ever given to another text
//     dead_letter(number INTEGER PRIMARY KEY, crc INTEGER, data BLOB)
//         data: dead_letters.hpp
//     audit(number INTEGER PRIMARY KEY, kind INTEGER, crc INTEGER, data TEXT)     audit_table.hpp
//     memory(name INTEGER PRIMARY KEY, kind INTEGER, crc INTEGER, data TEXT)      memory_table.hpp
//
// crc is the CRC-32 of key, count and data, so that what a card has garbled is never sent: it also lets each row be believed by
// itself when the tree that leads to it is damaged (salvage.hpp). Files beside it then: quarantine.hpp. The small columns stand
// before the BLOB, so that they can be read without it.
//
// Counters and cursors are rows of the log, not tables: SQLite writes whole pages, and with psow=0 one more for each commit.
// As the lowest keys they share a leaf with the oldest segments, which are removed when a cursor moves; on a healthy link
// the whole log is one page, and a commit that appends, removes and moves the cursor writes two frames (8.2 KB), where tables
// of their own make it four (16.5 KB). For the same reason a commit that only appends leaves the counters alone (record.hpp).
// The inbox lives there for the same reason: its newest segment is the neighbour of the records, and a commit that receives a
// command writes two frames, too. Dead letters, which lie about for weeks, have a table of their own instead: among the
// records they would take the log's one page for themselves, and every commit would write a frame more.
// Passed over as well: a row for each message (nine times the bytes when it drains), states in the rows (eighteen times).
//
// Version 1 had no dead letters, inbox, held identifiers, expiry (segment.hpp) and count of what expired (record.hpp);
// version 2 lacks the counts from dropped_aged on, and the clock in earlier boots; version 3 has no audit and no memory; version
// 4 has no count of what was purged. Each is brought up to 5 when it is opened for writing, the counters with it: they say the
// version a second time.
//
// How it is opened is part of the format's promise; each point survived power cuts in simulation, its absence didn't:
//   - psow=0 and synchronous=FULL: one sync of the WAL for each commit, and no sector shared by two commits.
//   - A checkpoint at open, before the first write: the WAL then starts over, and no new commit shares a torn sector with
//     an old one.
//   - The WAL is grown once in the file's life and then overwritten in place: RESTART, not TRUNCATE, and it stays when the
//     queue is closed. A commit of one message that extends it costs the device 32 KB (ext4's journal included), one that
//     overwrites it 8.3 KB: 12 MB more after each start that finds no WAL. Growing it ahead would cost 4 MB and the time to
//     write them. The last commit before closing starts the WAL over, so that the next start finds one page in it to bring
//     in. Only one beyond 16 MiB (one huge commit) is cut down.
//   - secure_delete=OFF: Debian's SQLite has it on, and it overwrites what is freed: nine times the bytes when draining.
//   - On a full device a reserve file, `<path>.reserve` of 10 MiB, is given up, and the file keeps its size (full_disk.cpp): in a
//     WAL also a removal has to be written, so without it a full device stays full. 1 MiB was too little for a checkpoint.
//   - max_page_count somewhat above the bound: rows can still be removed, and cursors moved, when the bound is reached.
#pragma once

#include <cstdint>

#include "store/sqlite.hpp"
#include "store/tuning.hpp"

namespace store {

constexpr std::int64_t application_id = 0x54694761;
constexpr std::int64_t schema_version = 5;
constexpr std::int64_t first_version_with_dead_letters = 2;
constexpr std::int64_t first_version_with_notes = 4;  // audit, memory

struct opening {
    bool created = false;          // there was no file
    bool checkpoint_owed = false;  // the device had no room for it; nothing may be committed before checkpoint() has succeeded
};

/// Opens or makes the file by way of this VFS, brings it up to this version, and sets all pragmas.
result<opening> open_for_writing(connection& to, const options& how, const tuning& with, const char* vfs);

/// Moves the WAL into the file, so that the next commit starts the WAL over.
result<void> checkpoint(connection& of);

/// The normal bound of the file, and any other.
result<void> bound_pages(connection& of, const options& how);
result<void> limit_pages(connection& of, std::uint64_t pages);

/// A new file with all tables and without a WAL, in a transaction that is open: finish_blank() ends it. If the power goes
/// before, there is nothing of use.
result<void> open_blank(connection& to, const std::string& path, const tuning& with);
/// Durable when it returns success.
result<void> finish_blank(connection& of);

/// Prepares for a start that has nothing to catch up with. Requires: a small commit follows, then the closing.
void rewind_wal(connection& of);

/// Whether it says so in a second place, which a newer version would have written anew: the counters' record.
bool has_counters_of_this_version(connection& of);

/// Requires: open. An error if it isn't a queue, or is a newer one; not if it is an older one.
result<void> check_version(connection& of);

}  // namespace store

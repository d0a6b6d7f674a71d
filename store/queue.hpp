// store/queue.hpp: the durable message log in one SQLite file: append, read, move cursors, all in group commits; beside it the
// inbox of messages received and not yet handled, and the dead letters that nobody would take.
// Knows nothing of MQTT packets, threads or clocks; one caller at a time, every call may block on the disk.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/error.hpp"

namespace store {

template <typename T>
using result = boost::system::result<T, error>;

/// A message's place in the log: 1, 2, 3 … in the order of acceptance, never given twice, also not after a crash; but those that
/// a caller gives out itself (transaction::first) are, if it ends before it has committed them.
enum class sequence : std::int64_t {};
constexpr std::int64_t number(sequence s) { return static_cast<std::int64_t>(s); }

/// When a reading was taken, so that a wrong clock can be put right later.
struct stamp {
    std::int64_t wall_ms = 0;       // Unix time as the board believed it
    std::int64_t monotonic_ms = 0;  // CLOCK_BOOTTIME
    bool synchronised = false;      // was the wall clock known to be right
    bool operator==(const stamp&) const = default;
};

struct message {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 1;
    bool retain = false;
    stamp taken;
    std::optional<std::uint32_t> expiry = std::nullopt;  // seconds from `taken`; who sends it judges it, the store doesn't
    std::string properties = {};                         // encoded by the caller, kept as they are
    bool operator==(const message&) const = default;
};

/// What counts where bytes of messages are limited.
inline std::size_t size_of(const message& m) { return m.topic.size() + m.payload.size() + m.properties.size(); }

struct stored_message {
    store::sequence sequence{0};
    store::message message;
    bool of_this_boot = true;  // taken in the boot that options::boot_id names; false also if that isn't known
    /// Of the boot in which it was taken, if it is known: boot_clock::offset_ms. See age.hpp.
    std::optional<std::int64_t> boot_offset_ms = std::nullopt;
    bool operator==(const stored_message&) const = default;
};

/// A boot of the board in which its clock was known to be right at least once.
struct boot_clock {
    std::string boot_id;
    std::int64_t offset_ms = 0;  // Unix time less CLOCK_BOOTTIME, when that was known first
    bool operator==(const boot_clock&) const = default;
};

/// A received message's place in the inbox: 1, 2, 3 …, never given twice, also not after a crash.
enum class inbox_number : std::int64_t {};
constexpr std::int64_t number(inbox_number n) { return static_cast<std::int64_t>(n); }

using received_message = message;  // `taken`: when it came in

/// In the inbox, and not handled yet.
struct waiting_message {
    inbox_number number{0};
    received_message message;
    bool operator==(const waiting_message&) const = default;
};

/// A dead letter's number: 1, 2, 3 …, never given twice.
enum class dead_letter_number : std::int64_t {};
constexpr std::int64_t number(dead_letter_number n) { return static_cast<std::int64_t>(n); }

/// A message that is given up, and why.
struct parking {
    store::sequence sequence{0};
    std::uint8_t reason_code = 0;
    std::string reason;                                    // only its first 200 bytes are kept
    std::optional<store::message> message = std::nullopt;  // if it isn't in the log (transaction::first)
    bool operator==(const parking&) const = default;
};

struct dead_letter {
    dead_letter_number number{0};
    store::sequence sequence{0};  // that it had in the log
    store::message message;
    std::uint8_t reason_code = 0;
    std::string reason;
    bool operator==(const dead_letter&) const = default;
};

/// An audit entry's number: 1, 2, 3 ….
enum class audit_number : std::int64_t {};
constexpr std::int64_t number(audit_number n) { return static_cast<std::int64_t>(n); }

/// Something that was done, or refused, in words of the caller's: valid UTF-8 without NUL. The newest are kept.
struct audit_entry {
    audit_number number{0};
    std::string text;
    bool operator==(const audit_entry&) const = default;
};
constexpr std::size_t longest_audit_entry = 4096;

/// A text under a name, of the caller's own.
struct memory {
    std::string name;
    std::string text;
    bool operator==(const memory&) const = default;
};
constexpr std::size_t longest_memory_name = 200;
constexpr std::size_t longest_memory = 16'384;
/// Whether it can be kept: both valid UTF-8 without NUL, which the caller sees to; the name one line.
inline bool is_memory(const memory& what) {
    return !what.name.empty() && what.name.size() <= longest_memory_name && what.text.size() <= longest_memory &&
           what.name.find('\n') == std::string::npos;
}

/// How far a destination's lane has got. All at or below `acked` are finished; all at or below `released` have had their
/// PUBREC; those at or below `maybe_sent` may have been seen by the broker. The lists hold what is ahead of its watermark.
struct cursor {
    sequence acked{0};
    sequence released{0};
    sequence maybe_sent{0};
    std::vector<sequence> acked_beyond;     // ascending
    std::vector<sequence> released_beyond;  // in the order in which they were released
    bool operator==(const cursor&) const = default;
};

/// The session that a broker may hold for us. Without a record none may be resumed.
struct session_record {
    std::string client_id;
    std::string broker;
    std::uint64_t epoch = 0;
    bool operator==(const session_record&) const = default;
};

/// accepted = acknowledged + queued + dropped, always: counted in the transactions that move the messages.
struct ledger {
    std::uint64_t accepted = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t queued = 0;
    std::uint64_t dropped_oldest = 0;     // evicted: the queue was full
    std::uint64_t dropped_newest = 0;     // not taken in: the queue was full
    std::uint64_t dropped_refused = 0;    // the broker said no, for good
    std::uint64_t dropped_session = 0;    // in flight when the broker lost the session, and the policy says drop
    std::uint64_t dropped_expired = 0;    // their time was over before they could be delivered
    std::uint64_t dropped_aged = 0;       // older than options::max_age
    std::uint64_t dropped_thinned = 0;    // full_policy::thin took them from between others
    std::uint64_t dropped_damaged = 0;    // the file was damaged where they were
    std::uint64_t dropped_purged = 0;     // somebody wanted them gone
    std::uint64_t dropped_unwritten = 0;  // they waited in memory for a disk that took nothing, until there was no more room
    std::uint64_t dropped() const {
        return dropped_oldest + dropped_newest + dropped_refused + dropped_session + dropped_expired + dropped_aged +
               dropped_thinned + dropped_damaged + dropped_purged + dropped_unwritten;
    }
    bool balanced() const { return accepted == acknowledged + queued + dropped(); }
    bool operator==(const ledger&) const = default;
};

/// What a cursor's move settled.
struct settled {
    std::uint64_t acknowledged = 0;
    std::uint64_t refused = 0;
    std::uint64_t session = 0;
    std::uint64_t expired = 0;
    bool operator==(const settled&) const = default;
};

/// The messages that wait in the inbox.
struct inbox_counts {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;  // of the bound; what was received in one commit gives its bytes back when all of it is handled
    bool operator==(const inbox_counts&) const = default;
};

/// Dead letters are messages that the ledger has as refused; these are no further drops.
struct dead_letter_counts {
    std::uint64_t messages = 0;     // that can be read
    std::uint64_t bytes = 0;        // of the bound
    std::uint64_t crowded_out = 0;  // there was no room for them any more, the oldest first
    std::uint64_t not_found = 0;    // gone or damaged before they could be parked
    bool operator==(const dead_letter_counts&) const = default;
};

/// All of it is durable, or none. Everything is optional. The exception: if the inbox has no room for all of `receive`, none
/// of these is taken and `held` is left as it was, for it may speak of them; the rest is durable. What is handled in the same
/// transaction has made room by then.
struct transaction {
    std::vector<message> append;  // in order; QoS 1 and 2 only
    /// Of the first message of `append`, or, without one, of the next that there will be; 0: the next of the log. All numbers
    /// between the newest of the log and this one were given out by the caller to messages that need no row any more, since the
    /// cursor finishes them; the ledger has them as accepted.
    sequence first{0};
    /// So many of `append` were given their numbers by the caller, and may be known by them elsewhere: none of these is refused.
    /// If there is no room for them the transaction fails (errc::full).
    std::size_t numbered = 0;
    bool handed_out = false;  // the caller keeps what is appended and may send it: it is not evicted, as if read() had given it
    std::optional<store::cursor> cursor;
    std::optional<session_record> session;
    store::settled settled;
    std::vector<parking> park;  // copied to the dead letters; the cursor finishes each of them now, and wasn't beyond before
    std::vector<received_message> receive;           // into the inbox, in order
    std::optional<std::vector<std::uint16_t>> held;  // replaces the inbound identifiers whose release hasn't come; order is kept
    std::vector<inbox_number> handled;               // the application has done with these; unknown ones are passed over
    std::vector<dead_letter_number> remove_dead_letters;
    bool remove_all_dead_letters = false;  // of those there were before this transaction
    std::vector<std::string> audit;        // further entries; none is empty or longer than longest_audit_entry
    std::vector<memory> remember;          // each in the place of what has its name; is_memory()
    std::vector<std::string> forget;       // names; before `remember`
    std::uint64_t unwritten = 0;           // messages that never got into one: counted as accepted, and as dropped_unwritten
    std::optional<stamp> now;              // messages older than options::max_age go; once a minute is often enough
    bool purge = false;  // every message that nobody may have seen goes; if there are many, more_to_purge asks for another time
    std::optional<std::int64_t> boot_offset_ms;  // of this boot, if options::boot_id names it; kept for the last 16 boots
};

/// What a queue has had written to the device, as SQLite's calls say: to the database, the WAL and a journal. The file system's
/// own writing comes on top.
struct write_counts {
    std::uint64_t bytes = 0;
    std::uint64_t syncs = 0;
    bool operator==(const write_counts&) const = default;
};

/// A stretch of the log whose resolution was halved: of each topic every second message went, and those that stay have the
/// numbers from `from` on without a gap, in their old order.
struct thinning {
    sequence from{0};  // the stretch, ends included
    sequence to{0};
    std::uint64_t messages = 0;  // that went; 0: it was too few, so all stay and keep their numbers
    bool starts_over = false;    // the next message of every topic stays; otherwise it alternates on from the stretch before
    bool operator==(const thinning&) const = default;
};

struct commit_report {
    sequence first{0};          // of the messages appended
    std::size_t appended = 0;   // the first `appended` of transaction.append got sequences first, first + 1, …
    std::size_t refused = 0;    // the rest, dropped by drop_newest (counted as accepted and dropped)
    std::uint64_t evicted = 0;  // messages dropped by drop_oldest …
    sequence evicted_from{0};   // … all within this range, ends included
    sequence evicted_to{0};
    std::uint64_t damaged = 0;           // messages of segments that were found damaged since the commit before, and are dropped
    std::uint64_t received_damaged = 0;  // likewise, of the inbox
    std::uint64_t aged = 0;              // messages dropped by max_age, older than those evicted …
    sequence aged_from{0};               // … all within this range, ends included
    sequence aged_to{0};
    bool more_aged = false;                               // there may be more of them: give the time again soon
    std::uint64_t purged = 0;                             // messages dropped by transaction.purge
    bool more_to_purge = false;                           // not all that it asks for fitted into one transaction
    std::optional<std::chrono::milliseconds> oldest_age;  // if the time was given: of the oldest segment that may be dropped
    std::uint64_t thinned = 0;                            // messages dropped by thin …
    std::vector<thinning> thinnings;                      // … in this order
    std::uint64_t bytes_used = 0;                         // of the bound, after this commit
    inbox_number first_received{0};                       // of the messages received
    std::size_t received = 0;  // all of transaction.receive, with the numbers first_received, first_received + 1, …; or 0
    inbox_counts inbox;        // after this commit
    std::vector<std::string> not_remembered;  // names of transaction.remember that had no room
    write_counts written;                     // since open(), this commit included
    bool disk_full = false;                   // the device has no room: the file doesn't grow until try_to_heal() finds some
};

enum class full_policy : std::uint8_t {
    drop_oldest,
    drop_newest,
    thin,  // halve the resolution of what is there, from the oldest on; what that can't bring is dropped as by drop_oldest
};

struct options {
    std::string path;
    std::uint64_t max_bytes = 2ull << 30;  // of the database file; at least 1 MiB
    full_policy when_full = full_policy::drop_oldest;
    std::string boot_id;  // of this boot of the board; kept with the messages
    // Inbox and dead letters count into max_bytes as well; at most a quarter of it is the inbox's, an eighth the dead letters'.
    std::uint64_t inbox_max_bytes = 16u << 20;
    std::uint64_t dead_letters_max = 1000;
    std::uint64_t dead_letters_max_bytes = 4u << 20;
    // So do audit entries and memories, each at most a sixteenth.
    std::uint64_t audit_max = 5000;
    std::uint64_t audit_max_bytes = 2u << 20;
    std::uint64_t memories_max = 4096;
    std::uint64_t memories_max_bytes = 1u << 20;
    std::chrono::milliseconds max_age{0};  // of queued messages that nobody may have seen; 0: without end
    // Of a file beside the queue that is given up when the device is full, so that the queue can go on in the room that it has;
    // no more than max_bytes. 0: none, and a full device is an error like others. Twice the WAL of 1000 pages, and some more,
    // is enough in any case: 10 MiB.
    std::uint64_t reserve_bytes = 0;
};

/// The queue file was damaged. It was moved aside, and what of it could be found again is in a new one, with the numbers that
/// it had. How far the session had got is in doubt, so none may be resumed.
struct damage {
    std::string reason;          // what was wrong, for a person
    std::string moved_to;        // the damaged file; its WAL, if it had one, is beside it
    std::uint64_t salvaged = 0;  // messages of the log that are still to be delivered …
    std::uint64_t repeated = 0;  // … of which so many may have arrived already
    std::uint64_t lost = 0;      // neither finished nor found; in the ledger as dropped_damaged
    std::uint64_t received_lost = 0;
    std::uint64_t dead_letters_lost = 0;
    bool exact = false;        // otherwise there may be more of each, which nobody can know
    bool ledger_lost = false;  // the ledger's counts, too: it begins with what was found
    bool is_news = true;       // else an earlier opening has told it; it is told until the damaged file is removed
    bool operator==(const damage&) const = default;
};

/// What open() found.
struct recovery {
    bool created = false;  // there was no file
    store::cursor cursor;
    std::optional<session_record> session;
    store::ledger ledger;
    sequence last{0};  // the newest message ever appended
    std::vector<std::uint16_t> held;
    inbox_counts inbox;          // to be read by read_inbox()
    bool disk_full = false;      // as in commit_report: there is no room for the reserve
    std::string reserve_failed;  // why the reserve couldn't be made, if the device isn't full; the queue goes on without it
    std::optional<std::int64_t> boot_offset_ms;  // of this boot, if an earlier process has told it
    std::optional<store::damage> damage = std::nullopt;
};

/// What anyone may look at beside a running service.
struct statistics {
    store::ledger ledger;
    store::cursor cursor;
    std::optional<session_record> session;
    std::uint64_t bytes_used = 0;
    std::uint64_t max_bytes = 0;
    std::optional<stamp> oldest;  // of the oldest message still queued
    std::string oldest_boot;      // identifies the boot in which it was taken
    std::vector<boot_clock> boots;
    sequence last{0};
    std::vector<std::uint16_t> held;
    inbox_counts inbox;
    dead_letter_counts dead_letters;
    std::uint64_t bytes_written = 0;  // in the file's life, as of when the counters were last written; since format 3
};

struct tuning;  // for tests: store/tuning.hpp

class queue {
public:
    /// Opens or makes the queue file and leaves it ready for the first commit. Fails if another process has it open
    /// for writing, if it is of a newer version or another program's, or can't be written. A damaged file is moved aside, and
    /// what of it can be found again is in a new one: `found.damage`. (That needs room for a copy: else it fails as full.)
    static result<queue> open(const options& how, recovery& found);

    /// What open() does with a damaged file, when commit() or read() has come upon damage. Nothing that is known in memory is
    /// lost. If it fails, all else fails as damaged until it is tried again with success.
    result<void> salvage(const error& why, recovery& found);

    /// Reads the figures of a queue file beside a running service, without disturbing it.
    static result<statistics> inspect(const std::string& path);
    /// As read(), likewise, without those that are finished.
    static result<std::vector<stored_message>> inspect_messages(const std::string& path, sequence from, std::size_t most_messages,
                                                                std::size_t most_bytes);
    /// As read_dead_letters(), likewise.
    static result<std::vector<dead_letter>> inspect_dead_letters(const std::string& path, dead_letter_number from,
                                                                 std::size_t most);
    /// As read_audit(), likewise.
    static result<std::vector<audit_entry>> inspect_audit(const std::string& path, audit_number before, std::size_t most);

    queue(queue&&) noexcept;
    queue& operator=(queue&&) noexcept;
    ~queue();

    /// Durable when it returns success: synced to the device. On failure nothing of the transaction is, and the queue can
    /// go on being used. (If the device fails in the sync itself, nobody can know what it kept; a retry writes it again.)
    /// Room is made by dropping messages that read() has not given out and that no cursor says may be sent: the oldest, or as
    /// full_policy says. They alone may be dropped for their age, too, and get other numbers when others are thinned out.
    /// Requires: cursor.acked doesn't go back, and is a number that was given out; the cursor finishes what is parked.
    result<commit_report> commit(const transaction& work);

    /// Messages from `from` on, in order; at most `most_messages`, and no more than `most_bytes` of topic, payload
    /// and properties unless the first alone is larger. Gaps left by eviction are skipped. Empty: there is none yet.
    /// Messages whose checksum fails are left out, and the next commit drops them (commit_report::damaged). errc::damaged: the
    /// file as such is; salvage().
    result<std::vector<stored_message>> read(sequence from, std::size_t most_messages, std::size_t most_bytes);

    /// Messages of the inbox that aren't handled, with numbers from `from` on; for the rest as read().
    result<std::vector<waiting_message>> read_inbox(inbox_number from, std::size_t most_messages, std::size_t most_bytes);

    /// Dead letters with numbers from `from` on, the oldest first. One whose checksum fails is errc::damaged once it is the
    /// first.
    result<std::vector<dead_letter>> read_dead_letters(dead_letter_number from, std::size_t most);

    /// The newest audit entries of those numbered below `before`, the newest first. What fails its checksum is left out.
    result<std::vector<audit_entry>> read_audit(audit_number before, std::size_t most);

    /// All that is remembered. What fails its checksum is left out.
    result<std::vector<memory>> recall();

    /// To be called now and then while commit_report::disk_full: makes the reserve again and lets the file grow if there is
    /// room. False: there isn't yet.
    bool try_to_heal();

    /// The first message that isn't finished, without giving it out; nothing: there is none, or it can't be read.
    result<std::optional<stored_message>> oldest();

    /// Counts from memory; no disk access.
    store::ledger ledger() const;
    dead_letter_counts dead_letters() const;
    write_counts written() const;

private:
    class file;
    friend result<queue> open_tuned(const options& how, const tuning& with, recovery& found);
    explicit queue(std::unique_ptr<file> opened);
    std::unique_ptr<file> file_;
};

}  // namespace store

// store/queue.hpp: the durable message log in one SQLite file: append, read, move cursors, all in group commits.
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

/// A message's place in the log: 1, 2, 3 … in the order of acceptance, never given twice, also not after a crash.
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
    bool operator==(const message&) const = default;
};

struct stored_message {
    store::sequence sequence{0};
    store::message message;
    bool operator==(const stored_message&) const = default;
};

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
    std::uint64_t dropped_oldest = 0;   // evicted: the queue was full
    std::uint64_t dropped_newest = 0;   // not taken in: the queue was full
    std::uint64_t dropped_refused = 0;  // the broker said no, for good
    std::uint64_t dropped_session = 0;  // in flight when the broker lost the session, and the policy says drop
    std::uint64_t dropped() const { return dropped_oldest + dropped_newest + dropped_refused + dropped_session; }
    bool balanced() const { return accepted == acknowledged + queued + dropped(); }
    bool operator==(const ledger&) const = default;
};

/// What a cursor's move settled.
struct settled {
    std::uint64_t acknowledged = 0;
    std::uint64_t refused = 0;
    std::uint64_t session = 0;
    bool operator==(const settled&) const = default;
};

/// All of it is durable, or none. Everything is optional.
struct transaction {
    std::vector<message> append;  // in order; QoS 1 and 2 only
    std::optional<store::cursor> cursor;
    std::optional<session_record> session;
    store::settled settled;
};

struct commit_report {
    sequence first{0};          // of the messages appended
    std::size_t appended = 0;   // the first `appended` of transaction.append got sequences first, first + 1, …
    std::size_t refused = 0;    // the rest, dropped by drop_newest (counted as accepted and dropped)
    std::uint64_t evicted = 0;  // messages dropped by drop_oldest …
    sequence evicted_from{0};   // … all within this range, ends included
    sequence evicted_to{0};
    std::uint64_t bytes_used = 0;  // of the bound, after this commit
};

enum class full_policy : std::uint8_t { drop_oldest, drop_newest };

struct options {
    std::string path;
    std::uint64_t max_bytes = 2ull << 30;  // of the database file; at least 1 MiB
    full_policy when_full = full_policy::drop_oldest;
    std::string boot_id;  // of this boot of the board; kept with the messages
};

/// What open() found.
struct recovery {
    bool created = false;  // there was no file
    store::cursor cursor;
    std::optional<session_record> session;
    store::ledger ledger;
    sequence last{0};  // the newest message ever appended
};

/// What anyone may look at beside a running service.
struct statistics {
    store::ledger ledger;
    store::cursor cursor;
    std::optional<session_record> session;
    std::uint64_t bytes_used = 0;
    std::uint64_t max_bytes = 0;
    std::optional<stamp> oldest;  // of the oldest message still queued
    sequence last{0};
};

struct tuning;  // for tests: store/tuning.hpp

class queue {
public:
    /// Opens or makes the queue file and leaves it ready for the first commit. Fails if another process has it open
    /// for writing, if it is of a newer version, if it is damaged or can't be written.
    static result<queue> open(const options& how, recovery& found);

    /// Reads the figures of a queue file beside a running service, without disturbing it.
    static result<statistics> inspect(const std::string& path);

    queue(queue&&) noexcept;
    queue& operator=(queue&&) noexcept;
    ~queue();

    /// Durable when it returns success: synced to the device. On failure nothing of the transaction is, and the queue can
    /// go on being used. (If the device fails in the sync itself, nobody can know what it kept; a retry writes it again.)
    /// Room is made by dropping the oldest messages that read() has not given out and that no cursor says may be sent.
    /// Requires: cursor.acked doesn't go back, and is a number that was given out.
    result<commit_report> commit(const transaction& work);

    /// Messages from `from` on, in order; at most `most_messages`, and no more than `most_bytes` of topic and payload
    /// unless the first alone is larger. Gaps left by eviction are skipped. Empty: there is none yet.
    /// A segment whose checksum fails is errc::damaged.
    result<std::vector<stored_message>> read(sequence from, std::size_t most_messages, std::size_t most_bytes);

    /// Counts from memory; no disk access.
    store::ledger ledger() const;

private:
    class file;
    friend result<queue> open_tuned(const options& how, const tuning& with, recovery& found);
    explicit queue(std::unique_ptr<file> opened);
    std::unique_ptr<file> file_;
};

}  // namespace store

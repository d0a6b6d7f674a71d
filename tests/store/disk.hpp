// tests/store/disk.hpp: an SQLite VFS in memory that behaves as badly as a disk may: it loses and tears what wasn't synced
// when the power goes, fills up, and fails at a chosen operation. One seed, one behaviour.
// Not a file system: one process, one connection to each file.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "store/files.hpp"

namespace test {

class disk {
public:
    explicit disk(std::uint64_t seed);
    ~disk();
    disk(const disk&) = delete;
    disk& operator=(const disk&) = delete;

    const char* name() const { return name_.c_str(); }
    /// The same files by their names. A rename survives a cut for sure once the folder is synced, and none without those
    /// before it.
    store::files& files() { return by_name_; }
    /// What is there, to look at and to change as a dying card would. Requires: it is closed.
    std::string& content(const std::string& file) { return nodes_.at(file).content; }
    bool exists(const std::string& file) const;
    void make_durable();

    /// The power goes in the n-th operation from now that changes something, maybe in its middle; n = 1: in the next.
    void cut_power_in(std::uint64_t operations) { cut_at_ = operations_ + operations; }
    void cut_power() { dead_ = true; }
    bool is_dead() const { return dead_; }
    bool lost_power() const { return dead_ && !stopped_; }
    /// The process is killed: nothing that it does any more reaches the disk, but all that it has written survives.
    void stop_process() {
        if (!dead_) dead_ = stopped_ = true;
    }
    /// The same in the n-th operation from now, maybe in its middle.
    void stop_process_in(std::uint64_t operations) { stop_at_ = operations_ + operations; }
    /// Decides what has survived. All files must be closed. Also ends a process (without a cut, all of it survives).
    void power_on();

    /// A torn sector may garble its neighbours within 4096 bytes.
    bool garbles_neighbours = false;
    /// Says that it has synced and hasn't.
    bool lies_about_syncs = false;
    /// Bytes in all files; more is SQLITE_FULL.
    std::optional<std::uint64_t> capacity;
    /// All operations that change something fail, until this is false again.
    bool takes_nothing = false;
    /// From the n-th operation from now on that changes something, so many fail with an I/O error; those after them don't.
    void fail_in(std::uint64_t operations, std::uint64_t times = 1) {
        fail_at_ = operations_ + operations;
        failures_left_ = times;
    }
    /// The same of reads.
    void fail_reads_in(std::uint64_t reads, std::uint64_t times = 1) {
        fail_reads_at_ = reads_ + reads;
        read_failures_left_ = times;
    }
    void call_off_reads() { fail_reads_at_.reset(); }
    /// Whatever was to happen doesn't.
    void call_off();
    /// New dice, for what is left to chance from here on.
    void reseed(std::uint64_t seed) { random_.seed(seed); }

    struct counts {
        std::uint64_t bytes = 0;
        std::uint64_t wal_bytes = 0;
        std::uint64_t wal_syncs = 0;
        std::uint64_t other_syncs = 0;
        std::optional<std::int64_t> first_wal_offset;  // of the first write to a WAL since the counts were cleared
    };
    counts count;
    std::uint64_t operations() const { return operations_; }
    std::uint64_t size_of(const std::string& file) const;
    std::uint64_t bytes_used() const;  // of capacity

    /// The files of another disk, as a process sees them now.
    void begin_as(const disk& other);
    /// Overwrites so many bytes of a file, in one place or up to forty. Requires: it exists.
    void damage(const std::string& file, std::size_t bytes);
    /// Changes a byte of `text`, which a file holds, in each copy of it.
    void damage_text(const std::string& file, const std::string& text);

private:
    friend struct disk_calls;
    class named_files final : public store::files {
    public:
        explicit named_files(disk& on) : disk_(on) {}
        std::unique_ptr<store::raw_file> open(const std::string& path) override;
        store::result<void> rename(const std::string& from, const std::string& to) override;
        store::result<void> remove(const std::string& path) override;
        store::result<void> sync_folder(const std::string& path) override;
        std::vector<std::string> beginning_with(const std::string& path) override;

    private:
        disk& disk_;
    };
    struct renamed {
        std::string from, to;
    };
    struct written {
        std::size_t offset;
        std::string data;
    };
    struct node {
        std::string content;             // as processes see it
        std::string durable;             // as it was at the last sync
        std::vector<written> unsynced;   // since, in order
        std::vector<std::size_t> sizes;  // after each change of size since
        std::size_t smallest = 0;        // of sizes and the durable one
        bool exists = true;
        bool durably_exists = false;
        int open = 0;
        std::vector<std::unique_ptr<char[]>> shared;  // the -shm
    };

    bool may_change();  // false: the power is gone
    bool fails_now();
    bool read_fails_now();
    void die();
    int write(node& to, bool wal, const char* data, std::size_t size, std::size_t offset);
    void change(node& in, const char* data, std::size_t size, std::size_t offset);
    void resize(node& in, std::size_t size);
    void rename(const std::string& from, const std::string& to);
    void sync(node& what);
    void survive(node& what);
    void keep_some(const node& of, std::string& left);
    void garble(const node& of, std::string& left);
    std::size_t random(std::size_t below) { return static_cast<std::size_t>(random_() % below); }

    std::string name_;
    sqlite3_vfs vfs_{};
    std::mt19937_64 random_;
    std::map<std::string, node> nodes_;
    named_files by_name_{*this};
    std::vector<renamed> renames_;  // since the folder was synced
    std::uint64_t operations_ = 0;
    std::uint64_t reads_ = 0;
    std::optional<std::uint64_t> cut_at_;
    std::optional<std::uint64_t> stop_at_;
    std::optional<std::uint64_t> fail_at_;
    std::uint64_t failures_left_ = 0;
    std::optional<std::uint64_t> fail_reads_at_;
    std::uint64_t read_failures_left_ = 0;
    bool dying_ = false;    // in this very operation
    bool dead_ = false;     // no operation has an effect any more …
    bool stopped_ = false;  // … for the process is gone; the power isn't
};

}  // namespace test

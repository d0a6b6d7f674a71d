// tests/store/disk.cpp: the calls that SQLite makes on a VFS, and what a power cut leaves.
#include "tests/store/disk.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

namespace test {
namespace {

constexpr std::size_t sector = 512;
constexpr std::size_t block = 4096;

}  // namespace

struct open_file {
    sqlite3_file base;
    disk* owner;
    disk::counts* count;
    void* node;
    bool wal;
    int characteristics;
    int keep_wal;
};

/// C functions, as SQLite wants them.
struct disk_calls {
    static open_file& file(sqlite3_file* f) { return *reinterpret_cast<open_file*>(f); }
    static disk::node& node(sqlite3_file* f) { return *static_cast<disk::node*>(file(f).node); }
    static disk& owner(sqlite3_vfs* v) { return *static_cast<disk*>(v->pAppData); }

    static int close(sqlite3_file* f) {
        --node(f).open;
        return SQLITE_OK;
    }
    static int read(sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
        if (file(f).owner->dead_ || file(f).owner->read_fails_now()) return SQLITE_IOERR_READ;
        const std::string& content = node(f).content;
        const auto from = std::min(static_cast<std::size_t>(offset), content.size());
        const auto there = std::min(static_cast<std::size_t>(size), content.size() - from);
        std::memcpy(to, content.data() + from, there);
        if (there == static_cast<std::size_t>(size)) return SQLITE_OK;
        std::memset(static_cast<char*>(to) + there, 0, static_cast<std::size_t>(size) - there);
        return SQLITE_IOERR_SHORT_READ;
    }
    static int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
        return file(f).owner->write(node(f), file(f).wal, static_cast<const char*>(data), static_cast<std::size_t>(size),
                                    static_cast<std::size_t>(offset));
    }
    static int truncate(sqlite3_file* f, sqlite3_int64 size) {
        disk& on = *file(f).owner;
        if (!on.may_change()) return SQLITE_IOERR_TRUNCATE;
        if (on.fails_now()) return SQLITE_IOERR_TRUNCATE;
        on.resize(node(f), static_cast<std::size_t>(size));
        return SQLITE_OK;
    }
    static int sync(sqlite3_file* f, int) {
        disk& on = *file(f).owner;
        if (!on.may_change()) return SQLITE_IOERR_FSYNC;
        if (on.dying_) {
            on.die();
            return SQLITE_IOERR_FSYNC;
        }
        if (on.fails_now()) return SQLITE_IOERR_FSYNC;
        ++(file(f).wal ? on.count.wal_syncs : on.count.other_syncs);
        if (!on.lies_about_syncs) on.sync(node(f));
        return SQLITE_OK;
    }
    static int file_size(sqlite3_file* f, sqlite3_int64* to) {
        if (file(f).owner->dead_) return SQLITE_IOERR_FSTAT;
        *to = static_cast<sqlite3_int64>(node(f).content.size());
        return SQLITE_OK;
    }
    static int lock(sqlite3_file*, int) { return SQLITE_OK; }
    static int is_reserved(sqlite3_file*, int* to) {
        *to = 0;
        return SQLITE_OK;
    }
    static int control(sqlite3_file* f, int what, void* value) {
        if (what != SQLITE_FCNTL_PERSIST_WAL) return SQLITE_NOTFOUND;
        int& wanted = *static_cast<int*>(value);
        if (wanted >= 0) file(f).keep_wal = wanted;
        wanted = file(f).keep_wal;
        return SQLITE_OK;
    }
    static int sector_size(sqlite3_file*) { return static_cast<int>(block); }
    static int characteristics(sqlite3_file* f) { return file(f).characteristics; }
    static int map_shared(sqlite3_file* f, int region, int size, int extend, void volatile** to) {
        auto& shared = node(f).shared;
        const auto wanted = static_cast<std::size_t>(region) + 1;
        *to = nullptr;
        if (shared.size() < wanted && extend == 0) return SQLITE_OK;
        while (shared.size() < wanted) shared.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
        *to = shared[wanted - 1].get();
        return SQLITE_OK;
    }
    static int lock_shared(sqlite3_file*, int, int, int) { return SQLITE_OK; }
    static void barrier(sqlite3_file*) {}
    static int unmap_shared(sqlite3_file* f, int remove) {
        if (remove != 0) node(f).shared.clear();
        return SQLITE_OK;
    }

    static int open(sqlite3_vfs* v, const char* name, sqlite3_file* f, int flags, int* out_flags) {
        disk& on = owner(v);
        f->pMethods = nullptr;
        if (on.dead_) return SQLITE_CANTOPEN;
        assert(name != nullptr);  // temporary files are in memory
        auto found = on.nodes_.find(name);
        if (found == on.nodes_.end() || !found->second.exists) {
            if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
            found = on.nodes_.try_emplace(name).first;
            found->second.exists = true;
            on.resize(found->second, 0);
        }
        ++found->second.open;
        assert(found->second.open == 1);
        const bool is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
        const bool powersafe = is_database && sqlite3_uri_boolean(name, "psow", 1) != 0;
        new (f) open_file{{&methods},
                          &on,
                          &on.count,
                          &found->second,
                          (flags & SQLITE_OPEN_WAL) != 0,
                          powersafe ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0,
                          0};
        if (out_flags != nullptr) *out_flags = flags;
        return SQLITE_OK;
    }
    static int remove(sqlite3_vfs* v, const char* name, int sync_folder) {
        disk& on = owner(v);
        if (!on.may_change()) return SQLITE_IOERR_DELETE;
        if (on.takes_nothing) return SQLITE_IOERR_DELETE;
        const auto found = on.nodes_.find(name);
        if (found == on.nodes_.end() || !found->second.exists) return SQLITE_IOERR_DELETE_NOENT;
        found->second.exists = false;
        if (sync_folder != 0) found->second.durably_exists = false;
        return SQLITE_OK;
    }
    static int access(sqlite3_vfs* v, const char* name, int, int* to) {
        const auto found = owner(v).nodes_.find(name);
        *to = found != owner(v).nodes_.end() && found->second.exists && !found->second.content.empty() ? 1 : 0;
        return SQLITE_OK;
    }
    static int full_name(sqlite3_vfs*, const char* name, int size, char* to) {
        sqlite3_snprintf(size, to, "%s", name);
        return SQLITE_OK;
    }
    static int randomness(sqlite3_vfs* v, int size, char* to) {
        for (int i = 0; i < size; ++i) to[i] = static_cast<char>(owner(v).random(256));
        return size;
    }
    static int pause(sqlite3_vfs*, int) { return 0; }
    static int time(sqlite3_vfs*, double* to) {
        *to = 2460000.5;
        return SQLITE_OK;
    }
    static int last_error(sqlite3_vfs*, int, char*) { return 0; }

    static const sqlite3_io_methods methods;
};

const sqlite3_io_methods disk_calls::methods = {
    2,           close,           read,       write,       truncate, sync,         file_size, lock,   lock, is_reserved, control,
    sector_size, characteristics, map_shared, lock_shared, barrier,  unmap_shared, nullptr,   nullptr};

disk::disk(std::uint64_t seed) : random_(seed) {
    static int number = 0;
    name_ = "test-disk-" + std::to_string(++number);
    vfs_.iVersion = 1;
    vfs_.szOsFile = sizeof(open_file);
    vfs_.mxPathname = 200;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = disk_calls::open;
    vfs_.xDelete = disk_calls::remove;
    vfs_.xAccess = disk_calls::access;
    vfs_.xFullPathname = disk_calls::full_name;
    vfs_.xRandomness = disk_calls::randomness;
    vfs_.xSleep = disk_calls::pause;
    vfs_.xCurrentTime = disk_calls::time;
    vfs_.xGetLastError = disk_calls::last_error;
    sqlite3_vfs_register(&vfs_, 0);
}

disk::~disk() { sqlite3_vfs_unregister(&vfs_); }

bool disk::may_change() {
    if (dead_) return false;
    ++operations_;
    const auto has_come = [this](const std::optional<std::uint64_t>& at) { return at && operations_ >= *at; };
    if (has_come(cut_at_) || has_come(stop_at_)) dying_ = true;
    return true;
}

void disk::die() {
    stopped_ = !cut_at_ || operations_ < *cut_at_;
    dead_ = true;
}

bool disk::fails_now() {
    if (takes_nothing) return true;
    if (!fail_at_ || operations_ < *fail_at_) return false;
    if (--failures_left_ == 0) fail_at_.reset();
    return true;
}

bool disk::read_fails_now() {
    ++reads_;
    if (!fail_reads_at_ || reads_ < *fail_reads_at_) return false;
    if (--read_failures_left_ == 0) fail_reads_at_.reset();
    return true;
}

void disk::call_off() {
    cut_at_.reset();
    stop_at_.reset();
    fail_at_.reset();
    fail_reads_at_.reset();
    dying_ = false;
}

int disk::write(node& to, bool wal, const char* data, std::size_t size, std::size_t offset) {
    if (!may_change()) return SQLITE_IOERR_WRITE;
    if (fails_now()) return SQLITE_IOERR_WRITE;
    if (capacity && offset + size > to.content.size()) {
        if (bytes_used() + offset + size - to.content.size() > *capacity) return SQLITE_FULL;
    }
    if (dying_) {
        change(to, data, random(size + 1), offset);
        die();
        return SQLITE_IOERR_WRITE;
    }
    change(to, data, size, offset);
    count.bytes += size;
    if (wal) count.wal_bytes += size;
    if (wal && !count.first_wal_offset) count.first_wal_offset = static_cast<std::int64_t>(offset);
    return SQLITE_OK;
}

void disk::change(node& in, const char* data, std::size_t size, std::size_t offset) {
    if (size == 0) return;
    for (std::size_t at = in.content.size(); at < offset + size;) resize(in, at = std::min(at + block, offset + size));
    std::memcpy(in.content.data() + offset, data, size);
    in.unsynced.push_back({offset, std::string(data, size)});
}

void disk::resize(node& in, std::size_t size) {
    in.content.resize(size, '\0');
    in.sizes.push_back(size);
    in.smallest = std::min(in.smallest, size);
}

void disk::sync(node& what) {
    what.durable.resize(what.smallest);
    what.durable.resize(what.content.size(), '\0');
    for (const auto& [offset, data] : what.unsynced) {
        if (offset >= what.content.size()) continue;
        const auto size = std::min(data.size(), what.content.size() - offset);
        std::memcpy(what.durable.data() + offset, what.content.data() + offset, size);
    }
    what.unsynced.clear();
    what.sizes.clear();
    what.smallest = what.durable.size();
    what.durably_exists = true;
}

void disk::survive(node& what) {
    std::string left = what.durable;
    switch (random(4)) {
        case 0:
            break;
        case 1:
            left = what.content;
            break;
        default:
            keep_some(what, left);
    }
    if (garbles_neighbours) garble(what, left);
    what.content = what.durable = std::move(left);
    what.exists = what.durably_exists = true;
    what.unsynced.clear();
    what.sizes.clear();
    what.smallest = what.durable.size();
}

/// Each sector is as it was after some write to it, or before all of them; one in eight is torn within.
void disk::keep_some(const node& of, std::string& left) {
    if (!of.sizes.empty() && random(3) != 0) left.resize(of.sizes[random(of.sizes.size())], '\0');
    std::map<std::size_t, std::size_t> limits;
    for (std::size_t i = 0; i < of.unsynced.size(); ++i) {
        const auto& [offset, data] = of.unsynced[i];
        for (std::size_t at = offset; at < std::min(offset + data.size(), left.size());) {
            const auto size = std::min({sector - at % sector, offset + data.size() - at, left.size() - at});
            const auto limit = limits.try_emplace(at / sector, random(of.unsynced.size() + 1)).first->second;
            const auto kept = i + 1 == limit && random(8) == 0 ? random(size) : size;
            if (i < limit) std::memcpy(left.data() + at, data.data() + (at - offset), kept);
            at += size;
        }
    }
}

void disk::garble(const node& of, std::string& left) {
    for (const auto& [offset, data] : of.unsynced)
        for (std::size_t at = offset / block * block; at < offset + data.size(); at += block) {
            if (random(16) != 0) continue;
            const auto victim = at + random(block / sector) * sector;
            for (std::size_t i = victim; i < std::min(victim + sector, left.size()); ++i)
                left[i] = static_cast<char>(random(256));
        }
}

void disk::power_on() {
    const bool lost_power = this->lost_power();
    if (lost_power)
        for (std::uint64_t lost = random(renames_.size() + 1); lost > 0; --lost) {
            rename(renames_.back().to, renames_.back().from);
            renames_.pop_back();
        }
    renames_.clear();
    for (auto it = nodes_.begin(); it != nodes_.end();) {
        node& what = it->second;
        assert(what.open == 0);
        what.shared.clear();
        const bool survives = !lost_power ? what.exists : what.exists == what.durably_exists ? what.exists : random(2) == 0;
        if (!survives) {
            it = nodes_.erase(it);
            continue;
        }
        if (lost_power) survive(what);
        ++it;
    }
    dead_ = dying_ = stopped_ = false;
    cut_at_.reset();
    stop_at_.reset();
}

std::uint64_t disk::bytes_used() const {
    std::uint64_t used = 0;
    for (const auto& [name, file] : nodes_) used += file.exists ? file.content.size() : 0;
    return used;
}

void disk::begin_as(const disk& other) {
    nodes_.clear();
    for (const auto& [name, of] : other.nodes_) {
        if (!of.exists) continue;
        node& made = nodes_[name];
        made.content = made.durable = of.content;
        made.smallest = of.content.size();
        made.durably_exists = true;
    }
}

void disk::damage(const std::string& file, std::size_t bytes) {
    node& of = nodes_.at(file);
    std::string& content = of.content;
    if (content.empty()) return;
    const auto places = 1 + random(40);
    for (auto n = places; n > 0; --n) {
        const auto from = random(content.size());
        const auto size = std::min<std::size_t>({1 + bytes / places, content.size() - from});
        for (std::size_t i = 0; i < size; ++i) content[from + i] = static_cast<char>(random(256));
    }
    of.durable = content;
}

void disk::damage_text(const std::string& file, const std::string& text) {
    assert(!text.empty());
    node& of = nodes_.at(file);
    std::string& content = of.content;
    const std::size_t which = random(text.size());
    for (auto at = content.find(text); at != std::string::npos; at = content.find(text, at + text.size()))
        content[at + which] ^= 1;
    of.durable = content;
}

bool disk::exists(const std::string& file) const {
    const auto found = nodes_.find(file);
    return found != nodes_.end() && found->second.exists;
}

void disk::make_durable() {
    for (auto& [name, file] : nodes_) {
        file.durable = file.content;
        file.unsynced.clear();
        file.sizes.clear();
        file.smallest = file.durable.size();
        file.durably_exists = file.exists;
    }
}

void disk::rename(const std::string& from, const std::string& to) {
    nodes_.erase(to);
    auto moved = nodes_.extract(from);
    assert(moved.mapped().open == 0);
    moved.key() = to;
    nodes_.insert(std::move(moved));
}

std::uint64_t disk::size_of(const std::string& file) const {
    const auto found = nodes_.find(file);
    return found == nodes_.end() || !found->second.exists ? 0 : found->second.content.size();
}

}  // namespace test

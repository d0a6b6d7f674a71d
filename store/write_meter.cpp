// store/write_meter.cpp: the calls that SQLite makes on a VFS, each handed on.
#include "store/write_meter.hpp"

#include <sqlite3.h>

#include <cerrno>

#include <cassert>
#include <cstdint>
#include <new>
#include <string>

namespace store {

struct metered_vfs {
    sqlite3_vfs calls{};
    sqlite3_vfs* real = nullptr;
    std::string name;
    write_counts counts;
    int error = 0;  // of the last write or sync that failed, if none has succeeded since: errno is another one's when SQLite asks
};

namespace {

/// What SQLite takes for a file. The other VFS's file follows it in the same memory.
struct metered_file {
    sqlite3_file base;
    metered_vfs* owner;
};

constexpr std::size_t alignment = alignof(std::max_align_t);
constexpr std::size_t before_real = (sizeof(metered_file) + alignment - 1) / alignment * alignment;

metered_file& metered(sqlite3_file* f) { return *reinterpret_cast<metered_file*>(f); }
sqlite3_file* real(sqlite3_file* f) { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(f) + before_real); }
const sqlite3_io_methods& calls(sqlite3_file* f) { return *real(f)->pMethods; }
metered_vfs& metered(sqlite3_vfs* v) { return *static_cast<metered_vfs*>(v->pAppData); }
sqlite3_vfs* real(sqlite3_vfs* v) { return metered(v).real; }

/// C functions, as SQLite wants them.
struct meter_calls {
    static int close(sqlite3_file* f) { return calls(f).xClose(real(f)); }
    static int read(sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
        return calls(f).xRead(real(f), to, size, offset);
    }
    static int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
        const int done = calls(f).xWrite(real(f), data, size, offset);
        if (done == SQLITE_OK) metered(f).owner->counts.bytes += static_cast<std::uint64_t>(size);
        return noted(f, done);
    }
    static int truncate(sqlite3_file* f, sqlite3_int64 size) { return noted(f, calls(f).xTruncate(real(f), size)); }
    static int sync(sqlite3_file* f, int how) {
        const int done = calls(f).xSync(real(f), how);
        if (done == SQLITE_OK) ++metered(f).owner->counts.syncs;
        return noted(f, done);
    }
    static int noted(sqlite3_file* f, int done) {
        metered(f).owner->error = done == SQLITE_OK ? 0 : errno;
        return done;
    }
    static int file_size(sqlite3_file* f, sqlite3_int64* to) { return calls(f).xFileSize(real(f), to); }
    static int lock(sqlite3_file* f, int how) { return calls(f).xLock(real(f), how); }
    static int unlock(sqlite3_file* f, int how) { return calls(f).xUnlock(real(f), how); }
    static int is_reserved(sqlite3_file* f, int* to) { return calls(f).xCheckReservedLock(real(f), to); }
    static int control(sqlite3_file* f, int what, void* value) { return calls(f).xFileControl(real(f), what, value); }
    static int sector_size(sqlite3_file* f) { return calls(f).xSectorSize(real(f)); }
    static int characteristics(sqlite3_file* f) { return calls(f).xDeviceCharacteristics(real(f)); }
    static int map_shared(sqlite3_file* f, int region, int size, int extend, void volatile** to) {
        return calls(f).xShmMap(real(f), region, size, extend, to);
    }
    static int lock_shared(sqlite3_file* f, int offset, int count, int flags) {
        return calls(f).xShmLock(real(f), offset, count, flags);
    }
    static void barrier(sqlite3_file* f) { calls(f).xShmBarrier(real(f)); }
    static int unmap_shared(sqlite3_file* f, int remove) { return calls(f).xShmUnmap(real(f), remove); }

    static int open(sqlite3_vfs* v, const char* name, sqlite3_file* f, int flags, int* out_flags);
    static int remove(sqlite3_vfs* v, const char* name, int sync_folder) { return real(v)->xDelete(real(v), name, sync_folder); }
    static int access(sqlite3_vfs* v, const char* name, int how, int* to) { return real(v)->xAccess(real(v), name, how, to); }
    static int full_name(sqlite3_vfs* v, const char* name, int size, char* to) {
        return real(v)->xFullPathname(real(v), name, size, to);
    }
    static int randomness(sqlite3_vfs* v, int size, char* to) { return real(v)->xRandomness(real(v), size, to); }
    static int pause(sqlite3_vfs* v, int microseconds) { return real(v)->xSleep(real(v), microseconds); }
    static int now(sqlite3_vfs* v, double* to) { return real(v)->xCurrentTime(real(v), to); }
    static int last_error(sqlite3_vfs* v, int size, char* to) {
        return metered(v).error != 0 ? metered(v).error : real(v)->xGetLastError(real(v), size, to);
    }

    /// Version 2: with shared memory for the WAL's index, without mapped files, which the queue doesn't use (mmap_size=0).
    static constexpr sqlite3_io_methods methods{
        2,           close,   read,        write,           truncate,   sync,        file_size, lock,         unlock,
        is_reserved, control, sector_size, characteristics, map_shared, lock_shared, barrier,   unmap_shared, nullptr,
        nullptr};
};

int meter_calls::open(sqlite3_vfs* v, const char* name, sqlite3_file* f, int flags, int* out_flags) {
    auto* const made = new (f) metered_file{{nullptr}, &metered(v)};
    metered(v).error = 0;
    real(f)->pMethods = nullptr;
    const int done = real(v)->xOpen(real(v), name, real(f), flags, out_flags);
    if (real(f)->pMethods != nullptr) made->base.pMethods = &methods;  // else it isn't open, and must not be closed
    return done;
}

}  // namespace

write_meter::write_meter() : vfs_(std::make_unique<metered_vfs>()) {}

write_meter::~write_meter() {
    if (vfs_->real != nullptr) sqlite3_vfs_unregister(&vfs_->calls);
}

result<void> write_meter::over(const char* real) {
    assert(vfs_->real == nullptr);
    sqlite3_vfs* const found = sqlite3_vfs_find(real);
    if (found == nullptr)
        return error(errc::io, std::string("SQLite has no VFS ") + (real != nullptr ? real : "of the system's"));
    // Names are known to the whole process, and no two meters live at one address.
    vfs_->name = "tidegate-meter-" + std::to_string(reinterpret_cast<std::uintptr_t>(vfs_.get()));
    sqlite3_vfs& calls = vfs_->calls;
    calls.iVersion = 1;
    calls.szOsFile = static_cast<int>(before_real) + found->szOsFile;
    calls.mxPathname = found->mxPathname;
    calls.zName = vfs_->name.c_str();
    calls.pAppData = vfs_.get();
    calls.xOpen = meter_calls::open;
    calls.xDelete = meter_calls::remove;
    calls.xAccess = meter_calls::access;
    calls.xFullPathname = meter_calls::full_name;
    calls.xRandomness = meter_calls::randomness;
    calls.xSleep = meter_calls::pause;
    calls.xCurrentTime = meter_calls::now;
    calls.xGetLastError = meter_calls::last_error;
    if (sqlite3_vfs_register(&calls, 0) != SQLITE_OK) return error(errc::io, "SQLite can't take a VFS: out of memory");
    vfs_->real = found;
    return {};
}

const char* write_meter::name() const { return vfs_->name.c_str(); }

write_counts write_meter::counts() const { return vfs_->counts; }

}  // namespace store

// store/write_path.cpp: the calls that SQLite makes on a VFS, handed on at once or, writes to the WAL, when it is time.
#include "store/write_path.hpp"

#include <sqlite3.h>

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "store/write_run.hpp"

namespace store {

struct write_path_vfs {
    sqlite3_vfs calls{};
    sqlite3_vfs* real = nullptr;
    std::string name;
    write_counts counts;
    int error = 0;  // of the last write or sync that failed, if none has succeeded since: errno is another one's when SQLite asks

    bool gathers = false;
    write_run run;
    sqlite3_file* run_of = nullptr;  // the file in which it belongs, if it isn't empty
    sqlite3_file* wal = nullptr;     // if it is open, and so is the database
    sqlite3_file* database = nullptr;
    bool may_gather_wal = true;       // false from its sync on until the commit is shown
    bool in_full_checkpoint = false;  // as far as one can know yet
    struct failure {
        int code = SQLITE_OK;
        int error = 0;
    };
    failure owed;  // of a gathered write that failed in a call that couldn't say so
};

namespace {

/// What SQLite takes for a file. The other VFS's file follows it in the same memory.
struct passing_file {
    sqlite3_file base;
    write_path_vfs* owner;
};

constexpr int checkpoint_lock = 1;  // WAL_CKPT_LOCK of the format of the -shm: held from a checkpoint's beginning to its end

constexpr std::size_t alignment = alignof(std::max_align_t);
constexpr std::size_t before_real = (sizeof(passing_file) + alignment - 1) / alignment * alignment;

write_path_vfs& path_of(sqlite3_file* f) { return *reinterpret_cast<passing_file*>(f)->owner; }
sqlite3_file* real(sqlite3_file* f) { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(f) + before_real); }
const sqlite3_io_methods& calls(sqlite3_file* f) { return *real(f)->pMethods; }
write_path_vfs& path_of(sqlite3_vfs* v) { return *static_cast<write_path_vfs*>(v->pAppData); }
sqlite3_vfs* real(sqlite3_vfs* v) { return path_of(v).real; }

/// C functions, as SQLite wants them.
struct path_calls {
    static int close(sqlite3_file* f) {
        write_path_vfs& path = path_of(f);
        const int written = settle(f);
        if (path.wal == f) path.wal = nullptr;
        if (path.database == f) path.database = nullptr;
        const int closed = calls(f).xClose(real(f));
        return written != SQLITE_OK ? written : closed;
    }
    static int read(sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
        if (const int written = settle(f); written != SQLITE_OK) return written;
        return calls(f).xRead(real(f), to, size, offset);
    }
    static int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
        const std::string_view piece(static_cast<const char*>(data), static_cast<std::size_t>(size));
        if (gathered(f, piece, offset)) return SQLITE_OK;
        if (const int written = write_out(path_of(f)); written != SQLITE_OK) return written;
        if (gathered(f, piece, offset)) return SQLITE_OK;
        return write_now(f, data, size, offset);
    }
    static bool gathered(sqlite3_file* f, std::string_view piece, sqlite3_int64 offset) {
        write_path_vfs& path = path_of(f);
        const bool may = (f == path.wal && path.may_gather_wal) || (f == path.database && path.in_full_checkpoint);
        if (!may || path.owed.code != SQLITE_OK || (!path.run.empty() && path.run_of != f)) return false;
        if (!path.run.take(piece, offset)) return false;
        path.run_of = f;
        return true;
    }
    static int truncate(sqlite3_file* f, sqlite3_int64 size) {
        if (const int written = settle(f); written != SQLITE_OK) return written;
        return noted(f, calls(f).xTruncate(real(f), size));
    }
    static int sync(sqlite3_file* f, int how) {
        if (const int written = settle(f); written != SQLITE_OK) return written;
        if (path_of(f).wal == f) path_of(f).may_gather_wal = false;
        const int done = calls(f).xSync(real(f), how);
        if (done == SQLITE_OK) ++path_of(f).counts.syncs;
        return noted(f, done);
    }
    static int noted(sqlite3_file* f, int done) {
        path_of(f).error = done == SQLITE_OK ? 0 : errno;
        return done;
    }
    static int write_now(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
        const int done = calls(f).xWrite(real(f), data, size, offset);
        if (done == SQLITE_OK) path_of(f).counts.bytes += static_cast<std::uint64_t>(size);
        return noted(f, done);
    }
    /// Before a call that would see that what of this file is gathered isn't there.
    static int settle(sqlite3_file* f) {
        write_path_vfs& path = path_of(f);
        const bool concerns = f == path.wal || f == path.database;
        return concerns && (path.run_of == f || path.owed.code != SQLITE_OK) ? write_out(path) : SQLITE_OK;
    }
    /// If it can't be written it is gone, as a write's bytes are that fails.
    static int write_out(write_path_vfs& path) {
        if (path.owed.code != SQLITE_OK) {
            const auto owed = std::exchange(path.owed, {});
            path.error = owed.error;
            return owed.code;
        }
        if (path.run.empty()) return SQLITE_OK;
        const std::string_view all = path.run.bytes();
        const int done = write_now(path.run_of, all.data(), static_cast<int>(all.size()), path.run.offset());
        path.run.clear();
        path.run_of = nullptr;
        return done;
    }
    /// Others may look now. With synced commits only what nobody counts on is left: pages of a transaction that found no room in
    /// memory, or of a checkpoint that has failed.
    static void show(write_path_vfs& path) {
        path.may_gather_wal = true;
        if (path.run.empty()) return;
        if (const int done = write_out(path); done != SQLITE_OK) path.owed = {done, path.error};
    }
    static int file_size(sqlite3_file* f, sqlite3_int64* to) {
        if (const int written = settle(f); written != SQLITE_OK) return written;
        return calls(f).xFileSize(real(f), to);
    }
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
        write_path_vfs& path = path_of(f);
        show(path);
        const int done = calls(f).xShmLock(real(f), offset, count, flags);
        if (offset == checkpoint_lock)
            path.in_full_checkpoint = path.gathers && done == SQLITE_OK && (flags & SQLITE_SHM_LOCK) != 0;
        if (done != SQLITE_OK) path.in_full_checkpoint = false;  // mostly busy: a reader needs what the WAL hides
        return done;
    }
    static void barrier(sqlite3_file* f) {
        show(path_of(f));
        calls(f).xShmBarrier(real(f));
    }
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
        return path_of(v).error != 0 ? path_of(v).error : real(v)->xGetLastError(real(v), size, to);
    }

    /// Version 2: with shared memory for the WAL's index, without mapped files, which the queue doesn't use (mmap_size=0).
    static constexpr sqlite3_io_methods methods{
        2,           close,   read,        write,           truncate,   sync,        file_size, lock,         unlock,
        is_reserved, control, sector_size, characteristics, map_shared, lock_shared, barrier,   unmap_shared, nullptr,
        nullptr};
};

int path_calls::open(sqlite3_vfs* v, const char* name, sqlite3_file* f, int flags, int* out_flags) {
    write_path_vfs& path = path_of(v);
    auto* const made = new (f) passing_file{{nullptr}, &path};
    path.error = 0;
    real(f)->pMethods = nullptr;
    const int done = real(v)->xOpen(real(v), name, real(f), flags, out_flags);
    if (real(f)->pMethods != nullptr) made->base.pMethods = &methods;  // else it isn't open, and must not be closed
    if (done == SQLITE_OK && path.gathers) {
        if ((flags & SQLITE_OPEN_WAL) != 0 && path.wal == nullptr) path.wal = f;
        if ((flags & SQLITE_OPEN_MAIN_DB) != 0 && path.database == nullptr) path.database = f;
    }
    return done;
}

}  // namespace

write_path::write_path() : vfs_(std::make_unique<write_path_vfs>()) {}

write_path::~write_path() {
    if (vfs_->real != nullptr) sqlite3_vfs_unregister(&vfs_->calls);
}

result<void> write_path::over(const char* real, gather what) {
    assert(vfs_->real == nullptr);
    sqlite3_vfs* const found = sqlite3_vfs_find(real);
    if (found == nullptr)
        return error(errc::io, std::string("SQLite has no VFS ") + (real != nullptr ? real : "of the system's"));
    // Names are known to the whole process, and no two of these live at one address.
    vfs_->name = "tidegate-" + std::to_string(reinterpret_cast<std::uintptr_t>(vfs_.get()));
    sqlite3_vfs& calls = vfs_->calls;
    calls.iVersion = 1;
    calls.szOsFile = static_cast<int>(before_real) + found->szOsFile;
    calls.mxPathname = found->mxPathname;
    calls.zName = vfs_->name.c_str();
    calls.pAppData = vfs_.get();
    calls.xOpen = path_calls::open;
    calls.xDelete = path_calls::remove;
    calls.xAccess = path_calls::access;
    calls.xFullPathname = path_calls::full_name;
    calls.xRandomness = path_calls::randomness;
    calls.xSleep = path_calls::pause;
    calls.xCurrentTime = path_calls::now;
    calls.xGetLastError = path_calls::last_error;
    if (sqlite3_vfs_register(&calls, 0) != SQLITE_OK) return error(errc::io, "SQLite can't take a VFS: out of memory");
    vfs_->real = found;
    vfs_->gathers = what == gather::runs;
    return {};
}

const char* write_path::name() const { return vfs_->name.c_str(); }

write_counts write_path::counts() const { return vfs_->counts; }

}  // namespace store

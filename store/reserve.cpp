// store/reserve.cpp: through SQLite's VFS, so that it is on the same disk as the queue, also in tests.
#include "store/reserve.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <tuple>
#include <vector>

namespace store {
namespace {

constexpr std::size_t piece = 64 << 10;

/// Bytes that no file system can compress or leave out.
std::vector<char> noise() {
    std::vector<char> bytes(piece);
    std::uint64_t state = 0x9E3779B97F4A7C15;
    for (std::size_t at = 0; at + sizeof state <= bytes.size(); at += sizeof state) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        std::memcpy(bytes.data() + at, &state, sizeof state);
    }
    return bytes;
}

/// A file as SQLite's VFS gives it; closed when it goes.
class vfs_file {
public:
    explicit vfs_file(sqlite3_vfs* on) : vfs_(on), memory_(std::make_unique<std::max_align_t[]>(size_of(on))) {}
    ~vfs_file() {
        if (file()->pMethods != nullptr) std::ignore = file()->pMethods->xClose(file());  // what counts is synced
    }
    vfs_file(const vfs_file&) = delete;
    vfs_file& operator=(const vfs_file&) = delete;

    /// `path` must stay.
    int open(const char* path) {
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_SUPER_JOURNAL;
        return vfs_->xOpen(vfs_, path, file(), flags, nullptr);
    }
    /// Writes what is missing, or cuts off what is too much.
    int resize(std::int64_t wanted) {
        const auto& call = *file()->pMethods;
        sqlite3_int64 size = 0;
        int code = call.xFileSize(file(), &size);
        if (code != SQLITE_OK || size == wanted) return code;
        if (size > wanted) code = call.xTruncate(file(), wanted);
        const std::vector<char> bytes = noise();
        for (; code == SQLITE_OK && size < wanted; size += static_cast<std::int64_t>(piece))
            code = call.xWrite(file(), bytes.data(), static_cast<int>(std::min<std::int64_t>(piece, wanted - size)), size);
        return code == SQLITE_OK ? call.xSync(file(), SQLITE_SYNC_NORMAL) : code;
    }

private:
    static std::size_t size_of(const sqlite3_vfs* on) {
        return static_cast<std::size_t>(on->szOsFile) / sizeof(std::max_align_t) + 1;
    }
    sqlite3_file* file() const { return reinterpret_cast<sqlite3_file*>(memory_.get()); }

    sqlite3_vfs* vfs_;
    std::unique_ptr<std::max_align_t[]> memory_;
};

}  // namespace

reserve::reserve(const std::string& path_of_queue, std::uint64_t bytes, const char* vfs)
    : path_(path_of_queue + ".reserve"), bytes_(bytes), vfs_(vfs) {}

result<void> reserve::make() {
    if (bytes_ == 0 || is_there_) return {};
    if (lacks_room()) return error(errc::full, path_ + ": the device has no room for it; free some space on the device");
    auto done = fill();
    if (done) {
        is_there_ = true;
    } else {
        give_up();
    }
    return done;
}

result<void> reserve::fill() {
    sqlite3_vfs* const on = sqlite3_vfs_find(vfs_);
    assert(on != nullptr);
    vfs_file file(on);
    errno = 0;
    int code = file.open(path_.c_str());
    if (code == SQLITE_OK) code = file.resize(static_cast<std::int64_t>(bytes_));
    if (code == SQLITE_OK) return {};
    const bool full = (code & 0xFF) == SQLITE_FULL || errno == ENOSPC || errno == EDQUOT;
    return error(full ? errc::full : errc::io, path_ + ": can't be written: " + sqlite3_errstr(code));
}

void reserve::give_up() {
    is_there_ = false;
    if (bytes_ == 0) return;
    sqlite3_vfs* const on = sqlite3_vfs_find(vfs_);
    std::ignore = on->xDelete(on, path_.c_str(), 0);  // if it isn't there, or can't go, there is no room to gain
}

bool reserve::lacks_room() const {
    if (vfs_ != nullptr) return false;  // a test's disk says so when it is written to
    struct stat there {};
    const auto size = ::stat(path_.c_str(), &there) == 0 ? static_cast<std::uint64_t>(there.st_size) : 0;
    if (size >= bytes_) return false;
    struct statvfs device {};
    const auto folder = std::filesystem::path(path_).parent_path();
    if (::statvfs(folder.empty() ? "." : folder.c_str(), &device) != 0) return false;
    const std::uint64_t missing = bytes_ - size;
    return std::uint64_t{device.f_bavail} * device.f_frsize < missing + missing / 2;
}

}  // namespace store

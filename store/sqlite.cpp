// store/sqlite.cpp: the calls into SQLite.
#include "store/sqlite.hpp"

#include <sqlite3.h>

#include <cassert>
#include <cerrno>
#include <tuple>
#include <utility>

namespace store {
namespace {

constexpr int busy_timeout_ms = 2000;  // somebody reads with a tool of his own, or another process is starting

/// A path as an SQLite URI, whatever characters it has. A relative one gets "./" so that ":memory:" is a file, too.
std::string uri_of(const std::string& path, connection::access how) {
    std::string uri = path.starts_with('/') ? "file://" : "file:./";
    for (const char c : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
                           c == '-' || c == '_';
        constexpr char digits[] = "0123456789ABCDEF";
        const auto byte = static_cast<std::uint8_t>(c);
        if (plain) {
            uri += c;
        } else {
            uri += '%';
            uri += digits[byte >> 4];
            uri += digits[byte & 15];
        }
    }
    // psow=0: a sector that tears may take its neighbours' bytes along; SQLite then never shares a sector between commits.
    // readonly_shm: without it SQLite would make a -shm of its own, which may then belong to the wrong user.
    switch (how) {
        case connection::access::immutable:
            return uri + "?immutable=1";
        case connection::access::read_only:
            return uri + "?readonly_shm=1";
        default:
            return uri + "?psow=0";
    }
}

errc class_of_cannot_open(int system_error) {
    switch (system_error) {
        case ENOENT:
        case ENOTDIR:
            return errc::missing;
        case EACCES:
        case EPERM:
        case EROFS:
            return errc::read_only;
        case ENOSPC:
            return errc::full;
        default:
            return errc::io;
    }
}

/// SQLite knows only some of these by a code of its own.
errc class_of_failed_io(int system_error) {
    switch (system_error) {
        case ENOSPC:
        case EDQUOT:
            return errc::full;
        case EROFS:
            return errc::read_only;
        default:
            return errc::io;
    }
}

errc class_of(int code, int system_error) {
    switch (code & 0xFF) {
        case SQLITE_FULL:
            return errc::full;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_MISMATCH:
        case SQLITE_CONSTRAINT:
        case SQLITE_ERROR:
        case SQLITE_FORMAT:
        case SQLITE_TOOBIG:
            return errc::damaged;  // our SQL is right, so the tables that it finds aren't
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return errc::read_only;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return errc::in_use;
        case SQLITE_CANTOPEN:
            return class_of_cannot_open(system_error);
        case SQLITE_IOERR:
            return class_of_failed_io(system_error);
        default:
            return errc::io;
    }
}

/// SQLite doesn't keep the system's error of a commit that fails, so the VFS is asked (write_path.cpp keeps it).
int system_error_of(sqlite3* handle, int code) {
    sqlite3_vfs* vfs = nullptr;
    const bool io = (code & 0xFF) == SQLITE_IOERR;
    if (io && sqlite3_file_control(handle, "main", SQLITE_FCNTL_VFS_POINTER, &vfs) == SQLITE_OK && vfs != nullptr) {
        if (const int last = vfs->xGetLastError(vfs, 0, nullptr); last != 0) return last;
    }
    return sqlite3_system_errno(handle);
}

const char* remedy_for(errc code, int system_error) {
    if (code == errc::read_only && system_error == EROFS)
        return "the file system is read-only, mostly after an error: see the system's log, check the device (fsck), mount it "
               "writable again, or replace it";
    switch (code) {
        case errc::full:
            return "free some space on the device or lower buffer.max_bytes";
        case errc::damaged:
            return "";  // who sees it depends on who looks: the service salvages it, and says so itself
        case errc::read_only:
            return "make the file and its folder writable for the user that runs Tidegate";
        case errc::in_use:
            return "end the other program that has the file open";
        case errc::missing:
            return "create the folder, or choose one that exists";
        default:
            return "check the device and the system's log";
    }
}

}  // namespace

connection::~connection() {
    // Statements are gone by now, so closing can fail only in the last checkpoint, and the next opening makes up for that.
    std::ignore = sqlite3_close(handle_);
}

result<void> connection::open(const std::string& path, access how, const char* vfs) {
    assert(handle_ == nullptr);
    path_ = path;
    const int mode = how == access::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    const int flags = mode | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(uri_of(path, how).c_str(), &handle_, flags, vfs);
    if (code != SQLITE_OK) return failure(code);
    if (const int busy = sqlite3_busy_timeout(handle_, busy_timeout_ms); busy != SQLITE_OK) return failure(busy);
    if (how == access::read_write && sqlite3_db_readonly(handle_, "main") == 1) return failure(SQLITE_READONLY);
    return {};
}

result<void> connection::keep_wal() {
    int yes = 1;
    const int code = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_PERSIST_WAL, &yes);
    if (code != SQLITE_OK) return failure(code);
    return {};
}

void connection::leave_wal() {
    if (handle_ == nullptr) return;
    // An old SQLite that doesn't know this copies what of the WAL is right into the file; salvage reads both.
    std::ignore = sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

result<void> connection::run(const char* sql) {
    const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure(code);
    return {};
}

result<std::int64_t> connection::integer(const char* sql) {
    statement once;
    if (const auto ready = once.prepare(*this, sql); !ready) return ready.error();
    auto found = once.select();
    if (!found) return found.error();
    const auto row = found->next();
    if (!row) return row.error();
    return *row ? found->integer(0) : 0;
}

result<std::string> connection::text(const char* sql) {
    statement once;
    if (const auto ready = once.prepare(*this, sql); !ready) return ready.error();
    auto found = once.select();
    if (!found) return found.error();
    const auto row = found->next();
    if (!row) return row.error();
    return *row ? std::string(found->bytes(0)) : std::string();
}

void connection::roll_back() {
    if (sqlite3_get_autocommit(handle_) != 0) return;
    // If even this fails, the next transaction finds an open one, fails, and rolls back again.
    std::ignore = sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

error connection::failure(int code) const {
    const int system_error = handle_ != nullptr ? system_error_of(handle_, code) : 0;
    const errc kind = class_of(code, system_error);
    const bool has_words = handle_ != nullptr && sqlite3_extended_errcode(handle_) == code;
    const std::string words = has_words ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
    const std::string remedy = remedy_for(kind, system_error);
    return {kind, path_ + ": " + words + " (SQLite " + std::to_string(code) + ")" + (remedy.empty() ? "" : "; " + remedy)};
}

rows::rows(rows&& other) noexcept : connection_(other.connection_), running_(std::exchange(other.running_, nullptr)) {}

rows::~rows() {
    std::ignore = sqlite3_reset(running_);  // repeats the error of the last step, which next() has returned
}

result<bool> rows::next() {
    const int code = sqlite3_step(running_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return connection_->failure(code);
}

std::int64_t rows::integer(int column) const { return sqlite3_column_int64(running_, column); }

std::string_view rows::bytes(int column) const {
    const void* data = sqlite3_column_blob(running_, column);
    const int size = sqlite3_column_bytes(running_, column);
    if (data == nullptr || size <= 0) return {};
    return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

statement::~statement() {
    std::ignore = sqlite3_finalize(prepared_);  // as with reset: the error was returned when it happened
}

result<void> statement::prepare(const connection& to, const char* sql) {
    assert(prepared_ == nullptr);
    connection_ = &to;
    const int code = sqlite3_prepare_v3(to.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared_, nullptr);
    if (code != SQLITE_OK) return to.failure(code);
    return {};
}

int statement::bind(int index, std::int64_t value) { return sqlite3_bind_int64(prepared_, index, value); }

int statement::bind(int index, std::string_view bytes) {
    const char* data = bytes.data() != nullptr ? bytes.data() : "";  // a null pointer would be an SQL NULL
    return sqlite3_bind_blob64(prepared_, index, data, bytes.size(), SQLITE_STATIC);
}

}  // namespace store

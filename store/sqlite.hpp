// store/sqlite.hpp: SQLite as values: a connection, statements that stay prepared, rows; every return code becomes an error.
// Knows no table and no pragma (schema.hpp, log.hpp). Of the library's files this one's .cpp, write_path.cpp and reserve.cpp
// alone include sqlite3.h.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/error.hpp"
#include "store/queue.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace store {

class connection {
public:
    enum class access : std::uint8_t {
        read_write,
        read_only,  // writes nothing at all, not even beside the file; the WAL must be there
        immutable,  // … and must not be there: nobody may be writing
    };

    connection() = default;
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    /// The last connection to close a file moves its WAL into it, and removes the WAL unless keep_wal().
    ~connection();

    /// Opens or, with read_write, makes the file. `vfs` null: the system's. Requires: not open yet.
    result<void> open(const std::string& path, access how, const char* vfs);

    result<void> keep_wal();
    /// Closing is to change nothing: the file is damaged, and what is there is evidence.
    void leave_wal();

    /// Runs statements without results, or whose results don't matter.
    result<void> run(const char* sql);
    /// The first column of the first row; nothing if there is no row.
    result<std::int64_t> integer(const char* sql);
    result<std::string> text(const char* sql);

    /// Undoes a transaction that failed, if SQLite hasn't done so by itself.
    void roll_back();

    const std::string& path() const { return path_; }
    sqlite3* handle() const { return handle_; }
    error failure(int code) const;

private:
    std::string path_;
    sqlite3* handle_ = nullptr;
};

/// One run of a statement; the statement is reset, and with it any read lock gone, when the rows go.
class rows {
public:
    rows(rows&& other) noexcept;
    rows& operator=(rows&&) = delete;
    ~rows();
    /// False: no more. Requires: the last call returned true, or there was none.
    result<bool> next();
    std::int64_t integer(int column) const;
    /// Valid until the next call of next().
    std::string_view bytes(int column) const;

private:
    friend class statement;
    rows(const connection& to, sqlite3_stmt* running) : connection_(&to), running_(running) {}
    const connection* connection_;
    sqlite3_stmt* running_;
};

/// Requires: goes before its connection; one run at a time.
class statement {
public:
    statement() = default;
    statement(const statement&) = delete;
    statement& operator=(const statement&) = delete;
    ~statement();

    result<void> prepare(const connection& to, const char* sql);

    /// The values must stay until the rows are gone. Integers bind as such, anything else as a blob.
    template <typename... Values>
    result<rows> select(const Values&... values) {
        int index = 0;
        int code = 0;
        ((code = code == 0 ? bind(++index, values) : code), ...);
        if (code != 0) return connection_->failure(code);
        return rows(*connection_, prepared_);
    }

    template <typename... Values>
    result<void> execute(const Values&... values) {
        auto running = select(values...);
        if (!running) return running.error();
        if (const auto done = running->next(); !done) return done.error();
        return {};
    }

private:
    int bind(int index, std::int64_t value);
    int bind(int index, std::string_view bytes);
    const connection* connection_ = nullptr;
    sqlite3_stmt* prepared_ = nullptr;
};

}  // namespace store

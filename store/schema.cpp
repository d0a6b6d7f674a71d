// store/schema.cpp: pragmas and tables, in the order that makes the file safe.
#include "store/schema.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "store/log.hpp"
#include "store/retention.hpp"

namespace store {
namespace {

constexpr std::int64_t largest_warm_wal = 16 << 20;
constexpr std::int64_t absurd_version = 1000;  // no Tidegate will ever write it: damage
constexpr std::int64_t spare_pages = 128;      // for texts, cursors and the tree, when segments have used up the bound

// A fresh file gets these before its first page is written; later they can't be changed.
constexpr char settings_at_birth[] =
    "PRAGMA page_size=4096;"
    "PRAGMA auto_vacuum=INCREMENTAL;";

constexpr char settings[] =
    "PRAGMA secure_delete=OFF;"
    "PRAGMA cache_size=-1024;"
    "PRAGMA mmap_size=0;"
    "PRAGMA journal_size_limit=-1;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF;";

constexpr char dead_letter_table_of_2[] =
    "CREATE TABLE dead_letter(number INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL);";

constexpr char note_tables_of_4[] =
    "CREATE TABLE audit(number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, crc INTEGER NOT NULL, data TEXT NOT NULL);"
    "CREATE TABLE memory(name INTEGER PRIMARY KEY, kind INTEGER NOT NULL, crc INTEGER NOT NULL, data TEXT NOT NULL);";

constexpr char tables[] =
    "CREATE TABLE log(first INTEGER PRIMARY KEY, count INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL);"
    "CREATE TABLE text(id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, text TEXT NOT NULL);";

/// True also for a file without a byte, which a power cut at the first start can leave behind.
result<bool> is_blank(connection& file) {
    const auto version = file.integer("PRAGMA user_version");
    if (!version) return version.error();
    const auto application = file.integer("PRAGMA application_id");
    if (!application) return application.error();
    if (*version != 0 || *application != 0) return false;
    const auto tables_there = file.integer("SELECT count(*) FROM sqlite_schema");
    if (!tables_there) return tables_there.error();
    return *tables_there == 0;
}

/// Whatever its header says.
result<bool> has_tables(connection& of) {
    const auto there =
        of.integer("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('log', 'text', 'dead_letter')");
    if (!there) return there.error();
    return *there >= 2;
}

// Changing to WAL is the one transaction with a rollback journal. With less than EXTRA the journal could come back after a
// power cut and undo it, together with what was moved into the file since.
result<void> use_wal(connection& file) {
    if (const auto set = file.run("PRAGMA synchronous=EXTRA"); !set) return set;
    const auto mode = file.text("PRAGMA journal_mode=WAL");
    if (!mode) return mode.error();
    if (*mode != "wal") return error(errc::io, file.path() + ": the file system can't share memory, which SQLite's WAL needs");
    return {};
}

result<void> set_pragmas(connection& file, const tuning& with) {
    if (const auto done = file.run(settings); !done) return done;
    const std::string own = std::string("PRAGMA synchronous=") + with.synchronous +
                            ";PRAGMA wal_autocheckpoint=" + std::to_string(with.checkpoint_pages);
    return file.run(own.c_str());
}

}  // namespace

// If somebody reads at this very moment the checkpoint stays incomplete. That is no reason not to start: what it guards
// against takes a power cut in the past, a device that garbles neighbouring sectors, and another one soon.
result<void> checkpoint(connection& file) {
    struct stat wal {};
    const bool oversized = ::stat((file.path() + "-wal").c_str(), &wal) == 0 && wal.st_size > largest_warm_wal;
    return file.run(oversized ? "PRAGMA wal_checkpoint(TRUNCATE)" : "PRAGMA wal_checkpoint(RESTART)");
}

namespace {

std::string set_version() {
    return "PRAGMA application_id=" + std::to_string(application_id) + ";PRAGMA user_version=" + std::to_string(schema_version) +
           ";COMMIT";
}

// One transaction: a file either is blank or has all that a queue needs.
result<void> create_tables(connection& file, std::uint64_t max_bytes) {
    const std::string begin = std::string("BEGIN IMMEDIATE;") + tables + dead_letter_table_of_2 + note_tables_of_4;
    if (const auto made = file.run(begin.c_str()); !made) return made;
    log_table log(file);
    if (const auto ready = log.prepare(log_table::purpose::writing); !ready) return ready;
    counters figures;
    figures.max_bytes = max_bytes;
    if (const auto saved = log.save(figures); !saved) return saved;
    return file.run(set_version().c_str());
}

/// An older file gets what it lacks, all in one transaction.
result<void> bring_up_to_date(connection& file) {
    const auto version = file.integer("PRAGMA user_version");
    if (!version) return version.error();
    if (*version == schema_version) return {};
    std::string lacking = "BEGIN IMMEDIATE;";
    if (*version < first_version_with_dead_letters) lacking += dead_letter_table_of_2;
    if (*version < first_version_with_notes) lacking += note_tables_of_4;
    if (const auto made = file.run(lacking.c_str()); !made) return made;
    log_table log(file);
    if (const auto ready = log.prepare(log_table::purpose::writing); !ready) return ready;
    const auto known = log.load();
    if (!known) {
        file.roll_back();
        return known.error();
    }
    if (const auto saved = log.save(known->figures); !saved) return saved;
    return file.run(("PRAGMA user_version=" + std::to_string(schema_version) + ";COMMIT").c_str());
}

}  // namespace

result<void> limit_pages(connection& file, std::uint64_t pages) {
    return file.run(("PRAGMA max_page_count=" + std::to_string(pages)).c_str());
}

result<void> bound_pages(connection& file, const options& how) {
    const auto pages = file.integer("PRAGMA page_count");
    if (!pages) return pages.error();
    const auto bound = std::max(static_cast<std::int64_t>(how.max_bytes / page_size), *pages);
    const auto beside = static_cast<std::int64_t>(pages_beside_log(how));
    return limit_pages(file, static_cast<std::uint64_t>(bound + beside + spare_pages));
}

result<opening> open_for_writing(connection& to, const options& how, const tuning& with, const char* vfs) {
    if (const auto opened = to.open(how.path, connection::access::read_write, vfs); !opened) return opened.error();
    const auto blank = is_blank(to);
    if (!blank) return blank.error();
    if (!*blank) {
        if (const auto ours = check_version(to); !ours) return ours.error();
    } else if (const auto born = to.run(settings_at_birth); !born) {
        return born.error();
    }
    if (const auto wal = use_wal(to); !wal) return wal.error();
    if (const auto kept = to.keep_wal(); !kept) return kept.error();
    if (const auto set = set_pragmas(to, with); !set) return set.error();
    opening found{*blank, false};
    if (with.checkpoint_at_open) {
        const auto done = checkpoint(to);
        found.checkpoint_owed = !done && done.error().code() == errc::full && !*blank;
        if (!done && !found.checkpoint_owed) return done.error();
    }
    if (*blank) {
        if (const auto made = create_tables(to, how.max_bytes); !made) return made.error();
    } else if (const auto current = bring_up_to_date(to); !current) {
        return current.error();
    }
    if (const auto bounded = bound_pages(to, how); !bounded) return bounded.error();
    return found;
}

result<void> open_blank(connection& to, const std::string& path, const tuning& with) {
    if (const auto opened = to.open(path, connection::access::read_write, with.vfs); !opened) return opened;
    if (const auto born = to.run(settings_at_birth); !born) return born;
    if (const auto set = to.run(settings); !set) return set;
    // Without a journal and with one sync at its end: whoever is cut off begins again.
    const std::string begin = std::string("PRAGMA journal_mode=OFF;PRAGMA synchronous=FULL;BEGIN EXCLUSIVE;") + tables +
                              dead_letter_table_of_2 + note_tables_of_4;
    return to.run(begin.c_str());
}

result<void> finish_blank(connection& of) { return of.run(set_version().c_str()); }

void rewind_wal(connection& of) {
    std::ignore = of.run("PRAGMA wal_checkpoint(RESTART)");  // if it fails, the next start has more to catch up with
}

bool has_counters_of_this_version(connection& of) {
    statement once;
    if (!once.prepare(of, "SELECT count, crc, data FROM log WHERE first = 0")) return false;
    auto found = once.select();
    if (!found) return false;
    const auto row = found->next();
    if (!row || !*row) return false;
    const std::string_view data = found->bytes(2);
    return row_checksum(0, found->integer(0), data) == found->integer(1) && decode_counters(data);
}

result<void> check_version(connection& of) {
    const auto application = of.integer("PRAGMA application_id");
    if (!application) return application.error();
    if (*application != application_id) {
        const auto ours = has_tables(of);
        if (!ours) return ours.error();
        if (*ours) return error(errc::damaged, of.path() + ": has a queue's tables, but says that it is something else");
        return error(errc::foreign, of.path() + ": is an SQLite database, but not a Tidegate queue; choose another file");
    }
    const auto version = of.integer("PRAGMA user_version");
    if (!version) return version.error();
    if (*version > schema_version && *version < absurd_version)
        return error(errc::newer, of.path() + ": has format " + std::to_string(*version) + ", this Tidegate knows " +
                                      std::to_string(schema_version) + "; install the newer version, or choose another file");
    if (*version < 1 || *version >= absurd_version)
        return error(errc::damaged, of.path() + ": has the unknown format " + std::to_string(*version));
    const auto page = of.integer("PRAGMA page_size");
    if (!page) return page.error();
    if (*page != static_cast<std::int64_t>(page_size))
        return error(errc::damaged,
                     of.path() + ": has pages of " + std::to_string(*page) + " bytes; was it rebuilt by another program?");
    return {};
}

}  // namespace store

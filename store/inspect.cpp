// store/inspect.cpp: the figures, messages, dead letters and audit entries of a queue file, read beside a running service or
// without one. Writes nothing, takes no lock that a writer waits for, and leaves no file behind: files made here might belong to
// another user, and the service couldn't open them then.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "store/audit_table.hpp"
#include "store/dead_letters.hpp"
#include "store/log.hpp"
#include "store/queue.hpp"
#include "store/retention.hpp"
#include "store/schema.hpp"

namespace store {
namespace {

bool exists(const std::string& path) {
    struct stat file {};
    return ::stat(path.c_str(), &file) == 0;
}

bool has_wal(const std::string& path) {
    struct stat wal {};
    return ::stat((path + "-wal").c_str(), &wal) == 0 && wal.st_size > 0;
}

error cannot_read(const std::string& path, int why) {
    if (why == EACCES) return {errc::read_only, path + ": permission denied; run as the user that runs Tidegate, or as root"};
    return {why == ENOENT || why == ENOTDIR ? errc::missing : errc::io,
            path + ": " + std::strerror(why) + "; the service makes it when it first runs"};
}

/// The messages from `from` on that aren't finished; see queue::read() for the bounds.
result<std::vector<stored_message>> queued_messages(log_table& log, const contents& known, std::int64_t from,
                                                    std::size_t most_messages, std::size_t most_bytes,
                                                    std::string* boot_of_last = nullptr) {
    dictionary texts;
    if (const auto loaded = log.load_texts(texts); !loaded) return loaded.error();
    std::vector<stored_message> found;
    std::size_t bytes = 0;
    const cursor& at = known.cursor;
    from = std::max(from, number(at.acked) + 1);
    for (;;) {
        auto segment = log.segment_from(part::log, from);
        // What comes before damage is good; the next call, which begins with it, reports it.
        if (!segment && found.empty()) return segment.error();
        if (!segment || !*segment) return found;
        while ((*segment)->position() <= (*segment)->last()) {
            stored_message next;
            if (!(*segment)->next(texts, next)) {
                if (found.empty()) return log.damaged("a message can't be decoded");
                return found;
            }
            const bool done = std::binary_search(at.acked_beyond.begin(), at.acked_beyond.end(), next.sequence);
            if (number(next.sequence) < from || done) continue;
            bytes += size_of(next.message);
            if (bytes > most_bytes && !found.empty()) return found;
            next.of_this_boot = false;  // nobody has said which boot this is
            next.boot_offset_ms = offset_of(known.boots, (*segment)->boot());
            found.push_back(std::move(next));
            if (boot_of_last != nullptr) *boot_of_last = (*segment)->boot();
            if (found.size() >= most_messages) return found;
        }
        from = (*segment)->last() + 1;
    }
}

result<void> find_oldest(log_table& log, const contents& known, statistics& to) {
    const auto found = queued_messages(log, known, 1, 1, 0, &to.oldest_boot);
    if (!found) return found.error();
    if (!found->empty()) to.oldest = found->front().message.taken;
    return {};
}

result<std::vector<stored_message>> read_messages(connection& file, sequence from, std::size_t most_messages,
                                                  std::size_t most_bytes) {
    if (const auto ours = check_version(file); !ours) return ours.error();
    log_table log(file);
    if (const auto ready = log.prepare(log_table::purpose::reading); !ready) return ready.error();
    const auto known = log.load();
    if (!known) return known.error();
    return queued_messages(log, *known, number(from), most_messages, most_bytes);
}

result<statistics> read_figures(connection& file) {
    if (const auto ours = check_version(file); !ours) return ours.error();
    log_table log(file);
    if (const auto ready = log.prepare(log_table::purpose::reading); !ready) return ready.error();
    const auto known = log.load();
    if (!known) return known.error();
    const auto pages = log.pages_used();
    if (!pages) return pages.error();
    statistics found;
    if (const auto done = find_oldest(log, *known, found); !done) return done.error();
    found.ledger = known->ledger();
    found.cursor = known->cursor;
    found.session = known->session;
    found.bytes_used = *pages * page_size;
    found.max_bytes = known->figures.max_bytes;
    found.boots = known->boots;
    found.last = sequence{known->figures.last};
    found.held = known->held;
    found.inbox = known->inbox.counts;
    found.dead_letters = known->dead_letters.counts;
    found.bytes_written = known->figures.bytes_written;
    return found;
}

result<std::vector<dead_letter>> read_letters(connection& file, dead_letter_number from, std::size_t most) {
    if (const auto ours = check_version(file); !ours) return ours.error();
    const auto version = file.integer("PRAGMA user_version");
    if (!version) return version.error();
    if (*version < first_version_with_dead_letters) return std::vector<dead_letter>();  // there was no such table
    dead_letter_table letters(file);
    if (const auto ready = letters.prepare(); !ready) return ready.error();
    return letters.read(from, most);
}

result<std::vector<audit_entry>> read_entries(connection& file, audit_number before, std::size_t most) {
    if (const auto ours = check_version(file); !ours) return ours.error();
    const auto version = file.integer("PRAGMA user_version");
    if (!version) return version.error();
    if (*version < first_version_with_notes) return std::vector<audit_entry>();  // there was no such table
    audit_table audit(file);
    if (const auto ready = audit.prepare(); !ready) return ready.error();
    return audit.read(before, most);
}

/// All of one moment. The read transaction is over when this returns, so that it never holds up a checkpoint.
template <typename Read>
auto read_file(const std::string& path, connection::access how, Read read) -> decltype(read(std::declval<connection&>())) {
    connection file;
    if (const auto opened = file.open(path, how, nullptr); !opened) return opened.error();
    if (const auto begun = file.run("BEGIN"); !begun) return begun.error();
    auto found = read(file);
    file.roll_back();
    return found;
}

template <typename Read>
auto read_beside(const std::string& path, Read read) -> decltype(read(std::declval<connection&>())) {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) return cannot_read(path, errno);
    if (!S_ISREG(file.st_mode)) return cannot_read(path, EISDIR);
    if (file.st_size == 0 && !has_wal(path))
        return error(errc::missing, path + ": is empty; the service fills it when it first runs");
    // Without a WAL the file is complete and nobody writes. If a WAL appears meanwhile, somebody does, and we look again.
    if (!has_wal(path)) {
        auto found = read_file(path, connection::access::immutable, read);
        if (!has_wal(path)) return found;
    }
    auto found = read_file(path, connection::access::read_only, read);
    // Who takes no lock may come upon the WAL's index while the service writes it; SQLite calls that read-only, too.
    for (int more = 5; more > 0 && !found && found.error().code() == errc::read_only && exists(path + "-shm"); --more)
        found = read_file(path, connection::access::read_only, read);
    if (found || exists(path + "-shm")) return found;
    return error(errc::read_only, path +
                                      ": wasn't closed in order, and to look at it would mean to write; the next start of the "
                                      "service puts it in order");
}

/// Who only looks can do nothing about damage.
template <typename T>
result<T> with_remedy(result<T> found) {
    if (found || found.error().code() != errc::damaged) return found;
    return error(errc::damaged, found.error().detail() + "; the service saves what it can of it when it comes upon this");
}

}  // namespace

result<statistics> queue::inspect(const std::string& path) { return with_remedy(read_beside(path, read_figures)); }

result<std::vector<stored_message>> queue::inspect_messages(const std::string& path, sequence from, std::size_t most_messages,
                                                            std::size_t most_bytes) {
    return with_remedy(read_beside(path, [&](connection& file) { return read_messages(file, from, most_messages, most_bytes); }));
}

result<std::vector<dead_letter>> queue::inspect_dead_letters(const std::string& path, dead_letter_number from, std::size_t most) {
    return read_beside(path, [&](connection& file) { return read_letters(file, from, most); });
}

result<std::vector<audit_entry>> queue::inspect_audit(const std::string& path, audit_number before, std::size_t most) {
    return with_remedy(read_beside(path, [&](connection& file) { return read_entries(file, before, most); }));
}

}  // namespace store

// tests/store/torn_wal_test.cpp: a WAL whose header was torn when it started over, and what lies behind the new one's frames.
// Not here: what a power cut may do to a file else (power_cut_test.cpp), and damage (salvage_test.cpp).
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "store/queue.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace test;

namespace {

namespace fs = std::filesystem;

constexpr std::streamoff wal_header = 32;
constexpr std::streamoff frame = 24 + 4096;

store::queue open(const std::string& path, store::recovery& found) {
    return must(store::queue::open({path, 4 << 20, store::full_policy::drop_oldest, "boot"}, found));
}

/// As SIGKILL leaves it: all that was written, and no more.
void kill_into(const std::string& from, const std::string& to) {
    for (const char* const ending : {"", "-wal"}) {
        fs::remove(to + ending);
        fs::copy_file(from + ending, to + ending);
    }
}

std::string bytes_of(const std::string& path, std::streamoff at, std::size_t size) {
    std::string found(size, '\0');
    std::ifstream(path, std::ios::binary).seekg(at).read(found.data(), static_cast<std::streamsize>(size));
    return found;
}

void overwrite(const std::string& path, std::streamoff at, const std::string& with) {
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
        .seekp(at)
        .write(with.data(), static_cast<std::streamsize>(with.size()));
}

}  // namespace

TEST_CASE("torn WAL: leftovers of the one before, under the same salts, are no damage", "[store][power]") {
    folder here;
    store::recovery found;
    const std::string path = here.file("queue.db");
    {
        auto queue = open(path, found);
        for (std::uint64_t n = 1; n <= 20; ++n) must(queue.commit(appending(n, 1)));
        kill_into(path, here.file("killed.db"));
    }
    const std::string killed = here.file("killed.db");
    {
        // All of the WAL is moved into the file; then the process dies before it writes anything.
        auto queue = open(killed, found);
        CHECK(found.ledger.queued == 20);
        kill_into(killed, path);
    }
    // The next one dies half-way through the header of the WAL that starts over: the count is new, the rest is old.
    std::string count = bytes_of(path + "-wal", 12, 4);
    ++count[3];
    overwrite(path + "-wal", 12, count);
    {
        auto queue = open(path, found);
        CHECK(!found.damage);
        CHECK(found.ledger.queued == 20);
        must(queue.commit(appending(21, 1)));
        must(queue.commit(appending(22, 1)));
        kill_into(path, killed);
    }
    // And one dies half-way through the header of a frame, with more of the old ones behind it if there are any.
    const std::streamoff torn = wal_header + 4 * frame;
    if (fs::file_size(killed + "-wal") >= static_cast<std::uintmax_t>(torn + frame))
        overwrite(killed + "-wal", torn, bytes_of(killed + "-wal", torn - frame, 12));
    auto queue = open(killed, found);
    CHECK(!found.damage);
    CHECK(found.ledger.queued == 22);
    CHECK(numbers(must(queue.read(at(1), 100, SIZE_MAX))).size() == 22);
}

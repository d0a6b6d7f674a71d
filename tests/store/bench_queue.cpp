// tests/store/bench_queue.cpp: what the queue costs: rates, bytes and syncs for each message, memory, time to open.
// Not a test: run by hand as `bench_queue FOLDER`, on the device that matters. Bytes and syncs repeat; rates are the machine's.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "store/queue.hpp"
#include "store/tuning.hpp"
#include "tests/store/disk.hpp"

namespace {

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point start) { return std::chrono::duration<double>(clock::now() - start).count(); }

std::uint64_t figure_of(const char* file, const std::string& name) {
    std::ifstream from(file);
    for (std::string word; from >> word;) {
        std::uint64_t value = 0;
        if (word == name && from >> value) return value;
    }
    return 0;
}

std::uint64_t bytes_written() { return figure_of("/proc/self/io", "write_bytes:"); }
std::uint64_t resident_kb() { return figure_of("/proc/self/status", "VmRSS:"); }

template <typename T>
T must(store::result<T> what) {
    if (what) return std::move(*what);
    std::fprintf(stderr, "%s\n", what.error().detail().c_str());
    std::exit(1);
}

/// What a gateway with 100 points sends.
store::transaction batch_of(std::size_t count) {
    static std::uint64_t n = 0;
    store::transaction made;
    for (std::size_t i = 0; i < count; ++i, ++n)
        made.append.push_back({"plant7/boiler" + std::to_string(n % 10) + "/point" + std::to_string(n % 100),
                               R"({"ts":"2026-11-22T20:15:10.123Z","value":)" + std::to_string(n % 1000) + ".5}",
                               1,
                               false,
                               {static_cast<std::int64_t>(1'790'000'000'000 + n), static_cast<std::int64_t>(n), true}});
    return made;
}

store::queue open(const std::string& path) {
    store::recovery found;
    return must(store::queue::open({path, 8ull << 30, store::full_policy::drop_oldest, "boot"}, found));
}

void remove_queue(const std::string& path) {
    for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + end);
}

void enqueue(const std::string& path, std::size_t batch, std::size_t messages) {
    remove_queue(path);
    auto queue = open(path);
    for (int i = 0; i < 1200; ++i) must(queue.commit(batch_of(1)));  // the WAL has its size now
    const auto bytes = bytes_written();
    const auto start = clock::now();
    for (std::size_t done = 0; done < messages; done += batch) must(queue.commit(batch_of(batch)));
    const double took = seconds_since(start);
    const auto commits = static_cast<double>((messages + batch - 1) / batch);
    const auto written = static_cast<double>(bytes_written() - bytes);
    std::printf("enqueue %5zu/commit: %9.0f msg/s  %8.3f ms/commit  %8.0f B/msg  %8.0f B/commit  rss %llu kB\n", batch,
                static_cast<double>(messages) / took, 1000 * took / commits, written / static_cast<double>(messages),
                written / commits, static_cast<unsigned long long>(resident_kb()));
}

void drain(const std::string& path, std::size_t batch) {
    auto queue = open(path);
    const auto there = queue.ledger().queued;
    const auto bytes = bytes_written();
    const auto start = clock::now();
    std::int64_t acked = 0;
    for (std::uint64_t left = there; left > 0;) {
        const auto some = must(queue.read(store::sequence{acked + 1}, batch, SIZE_MAX));
        acked = number(some.back().sequence);
        store::transaction work;
        work.cursor = store::cursor{some.back().sequence, store::sequence{0}, some.back().sequence, {}, {}};
        work.settled.acknowledged = some.size();
        must(queue.commit(work));
        left -= some.size();
    }
    const double took = seconds_since(start);
    std::printf("drain   %5zu/commit: %9.0f msg/s  %8.0f B/msg  balanced %d\n", batch, static_cast<double>(there) / took,
                static_cast<double>(bytes_written() - bytes) / static_cast<double>(there), queue.ledger().balanced() ? 1 : 0);
}

/// A healthy link: each commit appends, and acknowledges what the one before appended.
void steady(const std::string& path, std::size_t batch, int commits) {
    remove_queue(path);
    auto queue = open(path);
    std::int64_t last = 0;
    const auto once = [&] {
        store::transaction work = batch_of(batch);
        work.cursor = store::cursor{store::sequence{last}, store::sequence{0}, store::sequence{last}, {}, {}};
        work.settled.acknowledged = last == 0 ? 0 : batch;
        must(queue.commit(work));
        last += static_cast<std::int64_t>(batch);
    };
    for (int i = 0; i < 1200; ++i) once();
    const auto bytes = bytes_written();
    const auto start = clock::now();
    for (int i = 0; i < commits; ++i) once();
    std::printf("steady  %5zu/commit: %8.3f ms/commit  %8.0f B/commit\n", batch, 1000 * seconds_since(start) / commits,
                static_cast<double>(bytes_written() - bytes) / commits);
}

/// The largest number of segments for so many messages. Unsafe, since quick.
void fill_singly(const std::string& path, int messages) {
    remove_queue(path);
    store::tuning with;
    with.synchronous = "OFF";
    store::recovery found;
    auto queue = must(open_tuned({path, 8ull << 30, store::full_policy::drop_oldest, "boot"}, with, found));
    for (int i = 0; i < messages; ++i) must(queue.commit(batch_of(1)));
}

void time_to_open(const std::string& path, const char* what) {
    for (int round = 0; round < 3; ++round) {
        const auto start = clock::now();
        auto queue = open(path);
        const double opened = seconds_since(start);
        const auto first = must(queue.read(store::sequence{1}, 100, SIZE_MAX));
        std::printf("open    %s: %.2f ms, first %zu messages after %.2f ms, rss %llu kB\n", what, 1000 * opened, first.size(),
                    1000 * seconds_since(start), static_cast<unsigned long long>(resident_kb()));
    }
}

void count_syncs() {
    for (const bool acknowledging : {false, true}) {
        test::disk disk(1);
        store::tuning with;
        with.vfs = disk.name();
        store::recovery found;
        auto queue = must(open_tuned({"queue.db", 64 << 20, store::full_policy::drop_oldest, "boot"}, with, found));
        for (int i = 0; i < 200; ++i) must(queue.commit(batch_of(1)));
        disk.count = {};
        constexpr int commits = 200;
        for (int i = 1; i <= commits; ++i) {
            store::transaction work = batch_of(1);
            if (acknowledging) {
                work.cursor = store::cursor{store::sequence{199 + i}, store::sequence{0}, store::sequence{199 + i}, {}, {}};
                work.settled.acknowledged = i == 1 ? 200 : 1;
            }
            must(queue.commit(work));
        }
        std::printf("counted, %s: %.2f WAL syncs, %.2f other syncs, %.0f WAL bytes a commit\n",
                    acknowledging ? "steady " : "enqueue", static_cast<double>(disk.count.wal_syncs) / commits,
                    static_cast<double>(disk.count.other_syncs) / commits, static_cast<double>(disk.count.wal_bytes) / commits);
    }
}

/// A broker that sends: each commit receives `batch` messages of QoS 2. They are handled by the next commit, or pile up.
void receive(std::size_t batch, bool handling) {
    test::disk disk(1);
    store::tuning with;
    with.vfs = disk.name();
    store::recovery found;
    auto queue = must(open_tuned({"queue.db", 64 << 20, store::full_policy::drop_oldest, "boot"}, with, found));
    std::vector<store::inbox_number> waiting;
    const auto once = [&] {
        store::transaction work;
        work.receive = batch_of(batch).append;
        work.held.emplace();
        for (std::size_t i = 0; i < batch; ++i) work.held->push_back(static_cast<std::uint16_t>(i + 1));
        if (handling) work.handled.swap(waiting);
        const auto done = must(queue.commit(work));
        if (done.received != batch) std::exit(1);
        for (std::size_t i = 0; i < batch; ++i)
            waiting.push_back(store::inbox_number{number(done.first_received) + static_cast<std::int64_t>(i)});
    };
    for (int i = 0; i < 200; ++i) once();
    disk.count = {};
    constexpr int commits = 1000;
    const auto start = clock::now();
    for (int i = 0; i < commits; ++i) once();
    std::printf("counted, receive %3zu/commit, %s: %.2f WAL syncs, %8.0f WAL bytes a commit, %7.0f B/msg; %.4f ms in memory\n",
                batch, handling ? "handled" : "waiting", static_cast<double>(disk.count.wal_syncs) / commits,
                static_cast<double>(disk.count.wal_bytes) / commits,
                static_cast<double>(disk.count.wal_bytes) / commits / static_cast<double>(batch),
                1000 * seconds_since(start) / commits);
}

/// At its bound, whichever way it makes room. Counted on a disk in memory, so the time is what it costs to compute.
void full(store::full_policy policy, const char* name, std::size_t batch) {
    test::disk disk(1);
    store::tuning with;
    with.vfs = disk.name();
    store::recovery found;
    auto queue = must(open_tuned({"queue.db", 64 << 20, policy, "boot"}, with, found));
    for (bool room = true; room;) {
        const auto done = must(queue.commit(batch_of(1000)));
        room = done.evicted + done.thinned == 0;
    }
    for (int i = 0; i < 200; ++i) must(queue.commit(batch_of(batch)));
    disk.count = {};
    std::vector<double> took;
    std::uint64_t most_bytes = 0;
    std::uint64_t thinned = 0;
    std::uint64_t evicted = 0;
    constexpr std::size_t commits = 2000;
    for (std::size_t i = 0; i < commits; ++i) {
        const auto before = disk.count.wal_bytes;
        const auto work = batch_of(batch);
        const auto start = clock::now();
        const auto done = must(queue.commit(work));
        took.push_back(1000 * seconds_since(start));
        most_bytes = std::max(most_bytes, static_cast<std::uint64_t>(disk.count.wal_bytes - before));
        thinned += done.thinned;
        evicted += done.evicted;
    }
    std::sort(took.begin(), took.end());
    double sum = 0;
    for (const double each : took) sum += each;
    std::printf(
        "counted, full 64 MiB, %-11s %4zu/commit: %7.0f WAL bytes a commit, at most %7llu; %.3f ms mean, %.3f p50, %.3f p99, "
        "%.3f at most; %llu thinned, %llu evicted\n",
        name, batch, static_cast<double>(disk.count.wal_bytes) / commits, static_cast<unsigned long long>(most_bytes),
        sum / commits, took[commits / 2], took[commits * 99 / 100], took.back(), static_cast<unsigned long long>(thinned),
        static_cast<unsigned long long>(evicted));
}

}  // namespace

int main(int count, char** words) {
    if (count != 2) {
        std::fprintf(stderr, "usage: bench_queue FOLDER\n");
        return 2;
    }
    const std::string path = std::string(words[1]) + "/bench-queue.db";
    std::printf("before: rss %llu kB\n", static_cast<unsigned long long>(resident_kb()));
    count_syncs();
    for (const std::size_t batch : {1u, 10u, 100u}) {
        receive(batch, true);
        receive(batch, false);
    }
    for (const std::size_t batch : {1u, 10u, 100u, 1000u}) {
        full(store::full_policy::drop_oldest, "drop_oldest", batch);
        full(store::full_policy::thin, "thin", batch);
    }
    remove_queue(path);
    time_to_open(path, "new, then empty");
    steady(path, 1, 2000);
    steady(path, 10, 2000);
    enqueue(path, 1, 3000);
    enqueue(path, 10, 20000);
    enqueue(path, 100, 200000);
    drain(path, 100);
    enqueue(path, 1000, 1'000'000);
    time_to_open(path, "with 1M in 1000s");
    drain(path, 1000);
    fill_singly(path, 1'000'000);
    time_to_open(path, "with 1M one by one");
    remove_queue(path);
    return 0;
}

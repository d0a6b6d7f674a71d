// tests/store/store_targets.cpp: measures the queue against its targets, prints target, figure and verdict, and exits 1 if one
// is missed. Rates are ratios to a raw append log in the same run, in interleaved rounds, by medians.
// Not here: the file system that it measures on (tests/store/targets mounts one of its own); what isn't a target
// (bench_queue.cpp).
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/queue.hpp"
#include "store/tuning.hpp"
#include "tests/store/verdicts.hpp"

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t payload_size = 200;
constexpr std::size_t record_size = payload_size + 20;  // of the raw log: number, two times, length

double seconds_since(clock::time_point start) { return std::chrono::duration<double>(clock::now() - start).count(); }

double median(std::vector<double> of) {
    std::sort(of.begin(), of.end());
    return of[of.size() / 2];
}

template <typename T>
T must(store::result<T> what) {
    if (what) return std::move(*what);
    std::fprintf(stderr, "%s\n", what.error().detail().c_str());
    std::exit(2);
}

void must(bool did, const char* what) {
    if (did) return;
    std::perror(what);
    std::exit(2);
}

double resident_kb() {
    std::ifstream from("/proc/self/status");
    for (std::string word; from >> word;) {
        double value = 0;
        if (word == "VmRSS:" && from >> value) return value;
    }
    return 0;
}

// ---- What is measured ----

store::transaction batch_of(std::size_t count) {
    store::transaction made;
    for (std::size_t i = 0; i < count; ++i) {
        std::string payload(payload_size, '\0');
        for (std::size_t at = 0; at < payload_size; ++at) payload[at] = static_cast<char>(' ' + (i * 31 + at * 7) % 90);
        const std::string topic = "plant7/boiler" + std::to_string(i % 10) + "/point" + std::to_string(i % 100);
        const auto n = static_cast<std::int64_t>(i);
        made.append.push_back({topic, payload, 1, false, {1'790'000'000'000 + n, n, true}});
    }
    return made;
}

store::options options_for(const std::string& path) { return {path, 16ull << 30, store::full_policy::drop_oldest, "boot"}; }

store::queue open(const std::string& path) {
    store::recovery found;
    return must(store::queue::open(options_for(path), found));
}

void remove_queue(const std::string& path) {
    for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + end);
}

/// The limit of what a file can do: one write and one fdatasync for each commit, nothing else.
class raw_log {
public:
    explicit raw_log(const std::string& path) : file_(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600)) {
        must(file_ >= 0, "raw log: open");
    }
    ~raw_log() { ::close(file_); }
    raw_log(const raw_log&) = delete;
    raw_log& operator=(const raw_log&) = delete;
    bool commit(const store::transaction& work) {
        buffer_.clear();
        for (const store::message& m : work.append) {
            const std::uint32_t size = static_cast<std::uint32_t>(m.payload.size());
            const std::int64_t header[] = {m.taken.wall_ms, m.taken.monotonic_ms};
            buffer_.append(reinterpret_cast<const char*>(header), sizeof header);
            buffer_.append(reinterpret_cast<const char*>(&size), sizeof size);
            buffer_.append(m.payload);
        }
        const auto written = ::write(file_, buffer_.data(), buffer_.size());
        return written == static_cast<ssize_t>(buffer_.size()) && ::fdatasync(file_) == 0;
    }

private:
    int file_;
    std::string buffer_;
};

/// Sectors written to a block device that nothing else uses; without one, what the queue has had written.
class device {
public:
    device(std::string folder, std::string stat_file) : folder_(std::move(folder)), stat_file_(std::move(stat_file)) {}
    bool is_real() const { return !stat_file_.empty(); }
    /// Of the bytes that `work` makes the device write. The file system keeps nothing back.
    double bytes_of(const store::queue& queue, const std::function<void()>& work) const {
        const double before = total(queue);
        work();
        return total(queue) - before;
    }

private:
    double total(const store::queue& queue) const {
        if (!is_real()) return static_cast<double>(queue.written().bytes);
        const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        must(folder >= 0 && ::syncfs(folder) == 0, "syncfs");
        ::close(folder);
        std::ifstream from(stat_file_);
        double value = 0;
        for (int field = 1; field <= 7; ++field) from >> value;
        must(static_cast<bool>(from), "the device's stat file");
        return value * 512;
    }
    std::string folder_;
    std::string stat_file_;
};

/// Until the WAL has its size, and is overwritten from then on.
void warm_up(store::queue& queue) {
    const store::transaction one = batch_of(1);
    for (int i = 0; i < 1200; ++i) must(queue.commit(one));
}

void drain(store::queue& queue, std::size_t batch) {
    std::int64_t acked = 0;
    for (std::uint64_t left = queue.ledger().queued; left > 0;) {
        const auto some = must(queue.read(store::sequence{acked + 1}, batch, SIZE_MAX));
        acked = number(some.back().sequence);
        store::transaction work;
        work.cursor = store::cursor{some.back().sequence, store::sequence{0}, some.back().sequence, {}, {}};
        work.settled.acknowledged = some.size();
        must(queue.commit(work));
        left -= some.size();
    }
}

// ---- The targets ----

void measure_rates(const std::string& folder, int rounds, test::verdicts& to) {
    struct load {
        std::size_t batch;
        int commits;
        double target;
    };
    for (const load& one : {load{1, 400, 1.0}, load{100, 200, 1.0}, load{1000, 50, 0.35}}) {
        const store::transaction work = batch_of(one.batch);
        remove_queue(folder + "/rate.db");
        auto queue = open(folder + "/rate.db");
        warm_up(queue);
        raw_log raw(folder + "/rate.raw");
        const auto rate = [&](auto& log) {
            const auto start = clock::now();
            for (int i = 0; i < one.commits; ++i) must(static_cast<bool>(log.commit(work)), "commit");
            return one.commits * static_cast<double>(one.batch) / seconds_since(start);
        };
        std::vector<double> ratios, queue_rates;
        for (int round = 0; round < rounds; ++round) {
            const double of_raw = rate(raw);
            queue_rates.push_back(rate(queue));
            ratios.push_back(queue_rates.back() / of_raw);
        }
        const std::string batch = std::to_string(one.batch) + " a commit";
        to.at_least("enqueue, " + batch + ", of raw log + fdatasync", one.target, median(ratios), "x");
        test::verdicts::note("  that is", median(queue_rates), "messages/s");
        std::filesystem::remove(folder + "/rate.raw");
    }
    remove_queue(folder + "/rate.db");
}

void measure_bytes(const std::string& folder, const device& on, test::verdicts& to) {
    const std::string path = folder + "/bytes.db";
    const std::string whose = on.is_real() ? "device bytes" : "bytes of SQLite's writes";
    const auto per_commit = [&](std::size_t batch, int commits) {
        remove_queue(path);
        auto queue = open(path);
        warm_up(queue);
        const store::transaction work = batch_of(batch);
        return on.bytes_of(queue, [&] {
            for (int i = 0; i < commits; ++i) must(queue.commit(work));
        }) / commits;
    };
    to.at_most(whose + " of a commit of 1", 10'000, per_commit(1, 4000), "B");
    test::verdicts::note("  of a commit of 10", per_commit(10, 2000), "B");
    test::verdicts::note("  of a commit of 100", per_commit(100, 1000), "B");
    to.at_most(whose + " a message, 1000 a commit", 2.2 * record_size, per_commit(1000, 200) / 1000, "B");
    {
        auto queue = open(path);
        const auto messages = static_cast<double>(queue.ledger().queued);
        to.at_most(whose + " a message, drained 1000 a commit", 100, on.bytes_of(queue, [&] { drain(queue, 1000); }) / messages,
                   "B");
    }
    remove_queue(path);
    auto queue = open(path);
    warm_up(queue);
    const store::transaction one = batch_of(1);
    constexpr int most = 2000;
    const auto syncs_of = [&] {
        const auto before = queue.written().syncs;
        must(queue.commit(one));
        return queue.written().syncs - before;
    };
    int alone = 0;
    std::uint64_t all = 0;
    for (int i = 0; i < most; ++i) {
        const auto syncs = syncs_of();
        all += syncs;
        alone += syncs == 1 ? 1 : 0;
    }
    // One in 500 commits (1000 pages) is followed by a checkpoint, which syncs twice, and the next one begins the WAL anew.
    to.at_least("commits of 1 with exactly one sync", 100.0 * (1 - 3.0 / 500), 100.0 * alone / most, "%");
    to.at_most("syncs a commit, checkpoints included", 1.01, static_cast<double>(all) / most, "");
}

// ---- A long outage ----

/// Unsafe, since quick: nothing is synced.
void fill(const std::string& path, std::int64_t messages) {
    store::tuning with;
    with.synchronous = "OFF";
    store::recovery found;
    auto queue = must(open_tuned(options_for(path), with, found));
    const store::transaction work = batch_of(1000);
    for (std::int64_t done = number(found.last); done < messages; done += 1000) must(queue.commit(work));
}

/// What `work` says, from a process of its own, so that its memory is its own.
double in_child(const std::function<double()>& work) {
    int pipes[2];
    must(::pipe(pipes) == 0, "pipe");
    const pid_t child = ::fork();
    must(child >= 0, "fork");
    if (child == 0) {
        const double found = work();
        must(::write(pipes[1], &found, sizeof found) == sizeof found, "pipe");
        ::_exit(0);
    }
    ::close(pipes[1]);
    double found = 0;
    must(::read(pipes[0], &found, sizeof found) == sizeof found, "a child process");
    ::close(pipes[0]);
    ::waitpid(child, nullptr, 0);
    return found;
}

/// Appends, reads and acknowledges, and says what all that has added to the process, in MB.
double memory_of(const std::string& path) {
    return in_child([&] {
        const store::transaction work = batch_of(1000);
        const double before = resident_kb();
        auto queue = open(path);
        for (int i = 0; i < 200; ++i) must(queue.commit(work));
        std::int64_t acked = 0;
        for (int i = 0; i < 20; ++i) {
            const auto some = must(queue.read(store::sequence{acked + 1}, 300, SIZE_MAX));
            acked = number(some.back().sequence);
            store::transaction moving;
            moving.cursor = store::cursor{some.back().sequence, store::sequence{0}, some.back().sequence, {}, {}};
            moving.settled.acknowledged = some.size();
            must(queue.commit(moving));
        }
        return (resident_kb() - before) / 1024;
    });
}

/// A process that was killed while it wrote leaves a WAL behind. Seconds from there to the first hundred messages.
double open_after_kill(const std::string& path) {
    int pipes[2];
    must(::pipe(pipes) == 0, "pipe");
    const pid_t child = ::fork();
    must(child >= 0, "fork");
    if (child == 0) {
        auto queue = open(path);
        const store::transaction work = batch_of(100);
        for (int i = 0;; ++i) {
            must(queue.commit(work));
            if (i == 60) must(::write(pipes[1], "!", 1) == 1, "pipe");  // several hundred pages in the WAL
        }
    }
    char ready = 0;
    must(::read(pipes[0], &ready, 1) == 1, "a child process");
    must(::kill(child, SIGKILL) == 0, "kill");
    ::waitpid(child, nullptr, 0);
    ::close(pipes[0]);
    ::close(pipes[1]);
    const auto start = clock::now();
    auto queue = open(path);
    must(must(queue.read(store::sequence{1}, 100, SIZE_MAX)).size() == 100, "first batch");
    return seconds_since(start);
}

void measure_backlog(const std::string& folder, std::int64_t messages, int rounds, test::verdicts& to) {
    const std::string small = folder + "/small.db";
    const std::string large = folder + "/large.db";
    remove_queue(small);
    remove_queue(large);
    fill(small, 10'000);
    const auto start = clock::now();
    fill(large, messages);
    const std::string backlog = std::to_string(messages / 1000) + " thousand queued";
    test::verdicts::note("filled without syncs, " + backlog, static_cast<double>(messages) / seconds_since(start), "messages/s");
    test::verdicts::note("  file", static_cast<double>(std::filesystem::file_size(large)) / 1e6, "MB");
    {
        auto few = open(small);
        auto many = open(large);
        warm_up(few);
        warm_up(many);
        const store::transaction work = batch_of(100);
        const auto rate = [&](store::queue& queue) {
            const auto began = clock::now();
            for (int i = 0; i < 100; ++i) must(queue.commit(work));
            return 10'000 / seconds_since(began);
        };
        std::vector<double> ratios, rates;
        for (int round = 0; round < 2 * rounds; ++round) {
            const double of_few = rate(few);
            rates.push_back(rate(many));
            ratios.push_back(rates.back() / of_few);
        }
        to.at_least("enqueue with " + backlog + ", of 10 thousand's", 0.8, median(ratios), "x");
        test::verdicts::note("  that is, 100 a commit", median(rates), "messages/s");
    }
    std::vector<double> opened;
    for (int kill = 0; kill < 5; ++kill) opened.push_back(1000 * open_after_kill(large));
    to.at_most("open to first batch after kill -9, " + backlog, 100, *std::max_element(opened.begin(), opened.end()),
               "ms (worst of 5)");
    remove_queue(small);
    fill(small, 10'000);
    to.at_most("memory that the store adds, 10 thousand queued", 4, memory_of(small), "MB");
    to.at_most("memory that the store adds, " + backlog, 4, memory_of(large), "MB");
    remove_queue(small);
    remove_queue(large);
}

std::optional<std::string> option(std::vector<std::string>& words, const std::string& name) {
    const auto at = std::find(words.begin(), words.end(), name);
    if (at == words.end() || at + 1 == words.end()) return std::nullopt;
    std::string value = *(at + 1);
    words.erase(at, at + 2);
    return value;
}

}  // namespace

int main(int count, char** arguments) {
    std::vector<std::string> words(arguments + 1, arguments + count);
    if (words.size() == 3 && words[0] == "fill") {
        fill(words[1], std::stoll(words[2]));
        return 0;
    }
    const std::string small = option(words, "--own").value_or(".");
    const std::string stat_file = option(words, "--device").value_or("");
    const std::string large = option(words, "--large").value_or(small);
    const std::int64_t backlog = std::stoll(option(words, "--backlog").value_or("10000000"));
    const int rounds = std::stoi(option(words, "--rounds").value_or("9"));
    const std::string parts = option(words, "--parts").value_or("bytes,rates,backlog");
    if (!words.empty()) {
        std::fprintf(stderr,
                     "usage: store_targets [--own FOLDER [--device /sys/block/NAME/stat]] [--large FOLDER] [--backlog MESSAGES] "
                     "[--rounds N] [--parts bytes,rates,backlog]\n       store_targets fill QUEUE MESSAGES\n");
        return 2;
    }
    test::verdicts found;
    const auto wanted = [&](const char* part) { return parts.find(part) != std::string::npos; };
    if (wanted("bytes")) measure_bytes(small, device(small, stat_file), found);
    if (wanted("rates")) measure_rates(small, rounds, found);
    if (wanted("backlog")) measure_backlog(large, backlog, rounds, found);
    std::printf(found.all_met() ? "All targets are met.\n" : "A target is missed.\n");
    return found.all_met() ? 0 : 1;
}

// tests/adapters/faults/main.cpp: the program modbus_faults: runs seeds over simulated lines and says what came of them.
// Not here: a run (run.hpp).
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/adapters/faults/recovery.hpp"
#include "tests/adapters/faults/run.hpp"

namespace {

const char* const usage =
    "usage: modbus_faults [--seeds A-B] [--mix TRANSPORT|all] [--each N] [--until-failure] [--no-shrink] [--trace]\n"
    "                     [--at-least injected=N]\n"
    "  --seeds A-B      the seeds to run, both included (default 1-100)\n"
    "  --mix TRANSPORT  rtu, ascii, tcp, rtu_over_tcp, ascii_over_tcp, udp, rtu_over_udp; all: in turn, by seed (default)\n"
    "  --each N         faults injected in a run (default 100)\n"
    "  --until-failure  stops at the first seed that fails\n"
    "  --no-shrink      doesn't tell the story of a failing seed\n"
    "  --trace          tells every run's story\n"
    "exit code: 0 nothing is wrong, 1 something is, 2 usage\n";

struct order {
    std::uint64_t first = 1, last = 100, each = 100, least = 0;
    std::string mix = "all";
    bool until_failure = false, tells = true, traces = false;
};

std::optional<order> read(int count, char** words) {
    order made;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const bool more = i + 1 < count;
        char* rest = nullptr;
        if (word == "--until-failure") {
            made.until_failure = true;
        } else if (word == "--no-shrink") {
            made.tells = false;
        } else if (word == "--trace") {
            made.traces = true;
        } else if (word == "--seeds" && more) {
            made.first = made.last = std::strtoull(words[++i], &rest, 10);
            if (*rest == '-') made.last = std::strtoull(rest + 1, &rest, 10);
            if (*rest != '\0' || made.last < made.first) return std::nullopt;
        } else if (word == "--each" && more) {
            made.each = std::strtoull(words[++i], &rest, 10);
            if (*rest != '\0' || made.each == 0) return std::nullopt;
        } else if (word == "--at-least" && more) {
            const std::string_view wanted = words[++i];
            if (wanted.rfind("injected=", 0) != 0) return std::nullopt;
            made.least = std::strtoull(words[i] + 9, nullptr, 10);
        } else if (word == "--mix" && more) {
            made.mix = words[++i];
            const bool known = std::any_of(faults::transports.begin(), faults::transports.end(),
                                           [&](const faults::transport& each) { return each.name == made.mix; });
            if (!known && made.mix != "all") return std::nullopt;
        } else {
            return std::nullopt;
        }
    }
    return made;
}

const faults::transport& transport_of(const order& what, std::uint64_t seed) {
    for (const auto& each : faults::transports)
        if (each.name == what.mix) return each;
    return faults::transports[seed % faults::transports.size()];
}

/// What runs now, for when an assertion of the product ends it.
std::string running;

extern "C" void on_abort(int) {
    std::printf("caught: %s: an assertion failed\n", running.c_str());
    std::fflush(stdout);
    std::_Exit(1);
}

void print(const faults::transport& how, const faults::figures& seen) {
    std::printf(
        "%s: %llu faults, %llu reads: %llu good, %llu exceptions (%llu of an older request), %llu silent, %llu down; wrong "
        "values %llu\n",
        std::string(how.name).c_str(), static_cast<unsigned long long>(seen.injected()),
        static_cast<unsigned long long>(seen.reads), static_cast<unsigned long long>(seen.good),
        static_cast<unsigned long long>(seen.exceptions), static_cast<unsigned long long>(seen.foreign_exceptions),
        static_cast<unsigned long long>(seen.silent), static_cast<unsigned long long>(seen.down),
        static_cast<unsigned long long>(seen.wrong));
    std::printf("  %-18s %9s %9s %16s %18s %14s %9s %15s\n", "fault", "injected", "episodes", "good meanwhile",
                "first after good", "within 2 T", "worst", "bound");
    for (const auto& row : faults::fault_table) {
        const auto& of = seen.kinds[static_cast<std::size_t>(row.kind)];
        if (of.episodes == 0) continue;
        const auto& bound = faults::bound_for(row.kind, how);
        std::printf("  %-18s %9llu %9llu %14.1f %% %16.1f %% %12.1f %% %7.2f T %5.0f T + %zu (%zu)\n",
                    std::string(row.name).c_str(), static_cast<unsigned long long>(of.injected),
                    static_cast<unsigned long long>(of.episodes),
                    100.0 * static_cast<double>(of.answered) / static_cast<double>(std::max<std::uint64_t>(of.reads, 1)),
                    100.0 * static_cast<double>(of.first_read) / static_cast<double>(of.episodes),
                    100.0 * static_cast<double>(of.prompt) / static_cast<double>(of.episodes), of.worst, bound.timeouts,
                    bound.reads_before, of.reads_before);
    }
}

void tell(const faults::transport& how, const order& what, std::uint64_t seed, bool whole) {
    constexpr std::size_t end_of_story = 120;
    const auto again = faults::run(how, seed, what.each, true);
    // Up to the first complaint, and a little beyond.
    std::size_t last = again.story.size();
    for (std::size_t i = 0; i < last && !whole; ++i)
        if (again.story[i].find("****") != std::string::npos) last = i + 1;
    const std::size_t first = whole || last < end_of_story ? 0 : last - end_of_story;
    for (std::size_t i = first; i < last; ++i) std::printf("  %s\n", again.story[i].c_str());
}

int run_all(const order& what) {
    std::vector<faults::figures> seen(faults::transports.size());
    std::uint64_t failures = 0;
    for (std::uint64_t seed = what.first; seed <= what.last; ++seed) {
        const auto& how = transport_of(what, seed);
        running = "seed " + std::to_string(seed) + " mix " + std::string(how.name);
        const auto of = faults::run(how, seed, what.each, false);
        seen[static_cast<std::size_t>(&how - faults::transports.data())].add(of.seen);
        if (what.traces) tell(how, what, seed, true);
        if (of.complaints.empty()) continue;
        ++failures;
        std::printf("caught: %s: %s\n", running.c_str(), of.complaints.front().c_str());
        std::fflush(stdout);
        if (what.tells && !what.traces) tell(how, what, seed, false);
        if (what.until_failure) break;
    }
    faults::figures sum;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i].reads > 0) print(faults::transports[i], seen[i]);
        sum.add(seen[i]);
    }
    std::printf(
        "within 2 T: the first good read was over within two time-outs and its own exchange. worst: time-outs beside exchanges.\n"
        "bound: time-outs, and reads that may go before it; of these (so many) were seen:\n");
    for (const faults::recovery_bound* each : faults::recovery_bounds)
        std::printf("  %.0f T + %zu  %s\n", each->timeouts, each->reads_before, std::string(each->why).c_str());
    std::printf("all: %llu faults, wrong values %llu, seeds that failed %llu\n", static_cast<unsigned long long>(sum.injected()),
                static_cast<unsigned long long>(sum.wrong), static_cast<unsigned long long>(failures));
    if (failures > 0) return 1;
    if (sum.injected() < what.least)
        std::fprintf(stderr, "modbus_faults: too few faults: a run in which nothing happens proves nothing\n");
    return sum.injected() < what.least ? 1 : 0;
}

}  // namespace

int main(int count, char** words) {
    const auto what = read(count, words);
    if (!what) {
        std::fputs(usage, stderr);
        return 2;
    }
    std::signal(SIGABRT, on_abort);
    return run_all(*what);
}

// tests/sim/main.cpp: the program sim: runs seeds of the simulation and says what happened in them.
// Not here: the simulation (world.hpp).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/mix.hpp"
#include "tests/sim/shrink.hpp"
#include "tests/sim/world.hpp"

namespace {

using namespace sim;

constexpr std::size_t most_runs_to_shrink = 600;

const char* const usage =
    "usage: sim [--seeds A-B] [--mix NAME|all] [--fault NAME] [--until-failure] [--no-shrink] [--trace] [--json]\n"
    "  --seeds A-B      the seeds to run, both included (default 1-200)\n"
    "  --mix NAME       one mix of faults; all: the mixes in turn, by seed (default)\n"
    "  --fault NAME     a deliberate mistake of ours, which must be found out\n"
    "  --until-failure  stops at the first seed that fails\n"
    "  --no-shrink      doesn't look for a shorter run that fails as well\n"
    "  --trace          tells every run, not only the failing ones\n"
    "  --json           one object: the counts of each mix, and the failures\n"
    "exit code: 0 nothing is wrong, 1 something is, 2 usage\n";

struct request {
    std::uint64_t first = 1;
    std::uint64_t last = 200;
    std::string mix = "all";
    sim::mistake mistake = sim::mistake::none;
    bool until_failure = false;
    bool shrinks = true;
    bool traces = false;
    bool json = false;
};

struct failure {
    std::uint64_t seed = 0;
    std::string mix;
    std::string complaint;
};

std::optional<request> read(int count, char** words) {
    request made;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const bool more = i + 1 < count;
        if (word == "--until-failure") {
            made.until_failure = true;
        } else if (word == "--no-shrink") {
            made.shrinks = false;
        } else if (word == "--trace") {
            made.traces = true;
        } else if (word == "--json") {
            made.json = true;
        } else if (word == "--seeds" && more) {
            char* rest = nullptr;
            made.first = made.last = std::strtoull(words[++i], &rest, 10);
            if (*rest == '-') made.last = std::strtoull(rest + 1, &rest, 10);
            if (*rest != '\0' || made.last < made.first) return std::nullopt;
        } else if (word == "--mix" && more) {
            made.mix = words[++i];
            const auto& known = mix_names();
            bool found = made.mix == "all";
            for (const auto& each : known) found = found || each == made.mix;
            if (!found) return std::nullopt;
        } else if (word == "--fault" && more) {
            const auto named = mistake_named(words[++i]);
            if (!named) return std::nullopt;
            made.mistake = *named;
        } else {
            return std::nullopt;
        }
    }
    return made;
}

std::string mix_of(const request& what, std::uint64_t seed) {
    return what.mix == "all" ? mix_names()[seed % mix_names().size()] : what.mix;
}

outcome run(const setting& with, std::uint64_t seed, const script& steps, bool traced) {
    return world(with, seed, traced).run(steps);
}

void print_trace(const outcome& of) {
    for (const auto& line : of.trace) std::printf("  %s\n", line.c_str());
}

/// The run of a failing seed, as short as it can be made.
void tell_failure(const request& what, std::uint64_t seed, const setting& with, const script& steps) {
    std::printf("seed %llu, mix %s: %s\n", static_cast<unsigned long long>(seed), with.mix.c_str(), in_words(with).c_str());
    script left = steps;
    if (what.shrinks) {
        const auto found = shrink(steps, most_runs_to_shrink,
                                  [&](const script& some) { return !run(with, seed, some, false).complaints.empty(); });
        std::printf("shrunk from %zu steps to %zu in %zu runs\n", steps.size(), found.steps.size(), found.runs);
        left = found.steps;
    }
    std::string names;
    for (const auto& each : left) names += (names.empty() ? "" : ", ") + std::string(name_of(each.what));
    std::printf("steps: %s\n", names.c_str());
    const outcome again = run(with, seed, left, true);
    print_trace(again);
    for (const auto& each : again.complaints) std::printf("  %s\n", each.c_str());
}

std::string escaped(const std::string& text) {
    std::string made;
    for (const char c : text) {
        if (c == '"' || c == '\\') made += '\\';
        made += c == '\n' ? ' ' : c;
    }
    return made;
}

void print_json(const std::map<std::string, counts>& seen, const std::vector<failure>& failures) {
    std::printf("{\"mixes\":{");
    const char* between = "";
    for (const auto& [mix, of] : seen) {
        std::printf("%s\n  \"%s\":{", between, mix.c_str());
        const char* comma = "";
        for (const auto& [name, value] : listed(of)) {
            std::printf("%s\"%s\":%llu", comma, name.c_str(), static_cast<unsigned long long>(value));
            comma = ",";
        }
        std::printf("}");
        between = ",";
    }
    std::printf("},\n \"failures\":[");
    between = "";
    for (const auto& each : failures) {
        std::printf("%s\n  {\"seed\":%llu,\"mix\":\"%s\",\"complaint\":\"%s\"}", between,
                    static_cast<unsigned long long>(each.seed), each.mix.c_str(), escaped(each.complaint).c_str());
        between = ",";
    }
    std::printf("]}\n");
}

void print_table(const std::map<std::string, counts>& seen, const std::vector<failure>& failures) {
    counts sum;
    for (const auto& [mix, of] : seen) {
        std::printf("%-11s", mix.c_str());
        for (const auto& [name, value] : listed(of))
            if (value > 0) std::printf(" %s=%llu", name.c_str(), static_cast<unsigned long long>(value));
        std::printf("\n");
        sum.add(of);
    }
    std::printf("runs %llu, events %llu, power cuts %llu, failures %zu\n", static_cast<unsigned long long>(sum.runs),
                static_cast<unsigned long long>(sum.events), static_cast<unsigned long long>(sum.power_cuts), failures.size());
}

int run_all(const request& what) {
    std::map<std::string, counts> seen;
    std::vector<failure> failures;
    for (std::uint64_t seed = what.first; seed <= what.last; ++seed) {
        const std::string mix = mix_of(what, seed);
        const setting with = draw(mix, seed, what.mistake);
        const script steps = make_script(with.how_often, with.steps, seed);
        const outcome of = run(with, seed, steps, what.traces);
        seen[mix].add(of.seen);
        if (what.traces && !what.json) {
            std::printf("seed %llu, mix %s: %s\n", static_cast<unsigned long long>(seed), mix.c_str(), in_words(with).c_str());
            print_trace(of);
            std::printf("hash %016llx\n", static_cast<unsigned long long>(of.hash));
        }
        if (of.complaints.empty()) continue;
        failures.push_back({seed, mix, of.complaints.front()});
        if (!what.json) {
            std::printf("caught: seed %llu mix %s: %s\n", static_cast<unsigned long long>(seed), mix.c_str(),
                        of.complaints.front().c_str());
            std::fflush(stdout);
            if (what.shrinks) tell_failure(what, seed, with, steps);
        }
        if (what.until_failure) break;
    }
    what.json ? print_json(seen, failures) : print_table(seen, failures);
    return failures.empty() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    const auto what = read(count, words);
    if (!what) {
        std::fputs(usage, stderr);
        return 2;
    }
    return run_all(*what);
}

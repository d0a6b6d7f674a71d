// adapters/process/process.cpp: a bus whose devices a program of the user's talks to: candidates in, a line to the program, its
// answer out. Not here: the child process (program.cpp), the lines (lines.cpp).
//
// The program is started by the first poll, and again when it has ended: the host spaces such attempts. One that doesn't answer
// in time counts as a silent device; after three such in a row it is ended and started anew, since it hangs. An answer that comes
// later is known by its identifier and dropped: a value is never taken for another poll's.
#include <algorithm>
#include <memory>
#include <utility>

#include "adapters/adapter.hpp"
#include "adapters/process/definition.hpp"
#include "adapters/process/keys.hpp"
#include "adapters/process/lines.hpp"
#include "adapters/process/program.hpp"

namespace process {
namespace {

using tidegate::outcome;
using tidegate::write_outcome;

constexpr unsigned hangs_after = 3;          // answers in a row that didn't come
constexpr std::size_t lines_at_most = 1000;  // passed over while waiting for one answer

class bus final : public tidegate::bus {
public:
    explicit bus(bus_definition definition) : definition_(std::move(definition)) {}

    void plan(std::span<const std::uint32_t> points, const tidegate::plan_listener& to) override {
        to.request("a line to " + definition_.command[0], points, 0, 0);
    }
    outcome poll(std::span<const tidegate_candidate> candidates, std::uint32_t flags, const tidegate::readings& to) override;
    write_outcome write(std::span<const tidegate_write_item> items, bool check_only, const tidegate::write_report& to) override;
    void interrupt() noexcept override { program_.interrupt(); }

private:
    using clock = std::chrono::steady_clock;
    enum class exchange : std::uint8_t { answered, silent, down, interrupted };
    exchange start(std::string& why);
    exchange ask(std::uint64_t id, const std::string& line, answer& got, std::string& why);
    exchange lost(std::string& why);
    void report(const poll_answer& got, std::span<const std::uint32_t> asked, const tidegate::readings& to) const;

    const bus_definition definition_;
    program program_;
    std::uint64_t requests_ = 0;
    unsigned unanswered_ = 0;  // in a row
};

/// The program has ended, or is ended now since nothing can be made of it.
bus::exchange bus::lost(std::string& why) {
    const std::string how = program_.end();
    why = why.empty() ? "the program " + how : why + "; the program " + how;
    return exchange::down;
}

bus::exchange bus::start(std::string& why) {
    if (program_.running()) return exchange::answered;
    why = program_.start(definition_.command);
    if (!why.empty()) return exchange::down;
    unanswered_ = 0;
    if (!program_.say(start_line(definition_))) return lost(why);
    const auto until = clock::now() + definition_.timeout;
    std::string line;
    switch (program_.hear(line, line_max, until)) {
        case program::came::interrupted:
            return exchange::interrupted;
        case program::came::ended:
            return lost(why);
        case program::came::time:
            why = "the program didn't say within its timeout that it is ready";
            return lost(why);
        case program::came::line:
            break;
    }
    const spoken first = understand(line);
    const auto* is = std::get_if<ready>(&first);
    if (is != nullptr && is->failed.empty()) return exchange::answered;
    why = is != nullptr ? "the program can't begin: " + is->failed : R"(the program's first line isn't {"ready":true})";
    return lost(why);
}

bus::exchange bus::ask(std::uint64_t id, const std::string& line, answer& got, std::string& why) {
    if (!program_.say(line)) return lost(why);
    const auto until = clock::now() + definition_.timeout;
    for (std::size_t lines = 0; lines < lines_at_most; ++lines) {
        std::string heard;
        switch (program_.hear(heard, line_max, until)) {
            case program::came::interrupted:
                return exchange::interrupted;
            case program::came::ended:
                return lost(why);
            case program::came::time:
                why = "no answer from the program in time";
                return ++unanswered_ < hangs_after ? exchange::silent : lost(why);
            case program::came::line:
                break;
        }
        spoken what = understand(heard);
        if (auto* wrong = std::get_if<nonsense>(&what)) {
            why = "the program says what can't be understood: " + wrong->why;
            return lost(why);
        }
        auto* found = std::get_if<answer>(&what);
        if (found == nullptr || found->id != id) continue;  // late
        unanswered_ = 0;
        got = std::move(*found);
        return exchange::answered;
    }
    why = "the program talks without end";
    return lost(why);
}

outcome bus::poll(std::span<const tidegate_candidate> candidates, std::uint32_t flags, const tidegate::readings& to) {
    std::string why;
    const bool probe = (flags & TIDEGATE_PROBE) != 0;
    std::vector<std::uint32_t> asked;
    for (const auto& candidate : candidates)
        if (candidate.due_in <= 0 || asked.empty()) asked.push_back(candidate.point);
    if (probe) asked.resize(1);
    answer got;
    exchange how = start(why);
    if (how == exchange::answered) {
        const std::uint64_t id = ++requests_;
        how = ask(id, poll_line(id, definition_, definition_.points[asked[0]].device, asked, probe), got, why);
    }
    if (how == exchange::interrupted) return outcome::interrupted;
    if (how != exchange::answered) {
        to.note(why);
        return how == exchange::down ? outcome::bus_down : outcome::device_silent;
    }
    const auto* read = std::get_if<poll_answer>(&got.what);
    if (read == nullptr) {
        to.note("the program answers a poll as if it were a write");
        return outcome::device_silent;
    }
    if (read->status == poll_status::done) {
        report(*read, asked, to);
        return outcome::done;
    }
    to.note(read->reason);
    return read->status == poll_status::down ? outcome::bus_down : outcome::device_silent;
}

void bus::report(const poll_answer& got, std::span<const std::uint32_t> asked, const tidegate::readings& to) const {
    const auto named = [](const std::string& name) { return [&name](const auto& each) { return each.first == name; }; };
    for (const auto index : asked) {
        const auto& name = definition_.points[index].name;
        const auto found = std::find_if(got.values.begin(), got.values.end(), named(name));
        if (found != got.values.end()) {
            to.value(index, tidegate::abi_value(found->second));
            continue;
        }
        const auto failed = std::find_if(got.failures.begin(), got.failures.end(), named(name));
        to.failure(index, failed != got.failures.end() ? failed->second
                                                       : "the program's answer has neither a value nor a failure for it");
    }
}

write_outcome bus::write(std::span<const tidegate_write_item> items, bool check_only, const tidegate::write_report& to) {
    if (check_only) return write_outcome::accepted;  // only the program knows, and asking it is no check
    std::vector<std::pair<std::uint32_t, value>> values;
    for (const auto& item : items) values.emplace_back(item.point, tidegate::value_of<value>(item.value));
    std::string why;
    answer got;
    exchange how = start(why);
    if (how == exchange::interrupted) return write_outcome::interrupted;
    if (how != exchange::answered) {
        to.note(why);
        return write_outcome::bus_down;
    }
    const std::uint64_t id = ++requests_;
    const std::string line = write_line(id, definition_, definition_.points[items[0].point].device, values);
    to.sending(line.substr(0, line.size() - 1));
    how = ask(id, line, got, why);
    if (how == exchange::interrupted) return write_outcome::interrupted;
    const auto* done = std::get_if<write_answer>(&got.what);
    if (how != exchange::answered || done == nullptr) {
        to.note(why.empty() ? "the program answers a write as if it were a poll" : why);
        return write_outcome::unanswered;
    }
    if (!done->reason.empty()) to.note(done->reason);
    switch (done->status) {
        case write_status::accepted:
            return write_outcome::accepted;
        case write_status::rejected:
            return write_outcome::rejected;
        case write_status::refused:
            return write_outcome::refused;
        case write_status::unanswered:
            break;
    }
    return write_outcome::unanswered;
}

std::unique_ptr<tidegate::bus> make(const tidegate_bus_config& config, tidegate::faults& to) {
    auto definition = read_definition(config, to);
    if (to.count() > 0) return nullptr;
    return std::make_unique<bus>(std::move(definition));
}

}  // namespace
}  // namespace process

extern "C" __attribute__((visibility("default"))) const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi) {
    static const tidegate_adapter adapter =
        tidegate::describe<process::make>("process", TIDEGATE_VERSION, process::config_keys(), tidegate::serves::no);
    return host_abi == TIDEGATE_ADAPTER_ABI ? &adapter : nullptr;
}

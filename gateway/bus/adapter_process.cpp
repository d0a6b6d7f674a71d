// gateway/bus/adapter_process.cpp: see adapter_process.hpp.
#include "gateway/bus/adapter_process.hpp"

#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "gateway/bus/adapter_faults.hpp"
#include "gateway/bus/adapter_wire.hpp"
#include "gateway/bus/point_numbers.hpp"
#include "gateway/clock.hpp"
#include "gateway/limits.hpp"

extern char** environ;

namespace gateway {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using time_point = std::chrono::steady_clock::time_point;

std::string end_in_words(int status) {
    if (WIFSIGNALED(status))
        return "ended by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ')';
    return "ended with code " + std::to_string(WEXITSTATUS(status));
}

/// One run of an adapter's process. One thread, but for interrupt().
class adapter_run {
public:
    explicit adapter_run(const adapter_patience& patience) : after_interruption_(patience.interrupted) {}
    ~adapter_run() { end(); }
    adapter_run(const adapter_run&) = delete;
    adapter_run& operator=(const adapter_run&) = delete;

    bool running() const { return pid_ > 0; }
    bool interrupted() const { return interrupted_; }
    /// Empty: it runs.
    std::string start(const std::string& program, const std::string& object);
    /// Asks, and waits for the answer. Nothing: it has ended or was ended; `why` says how.
    std::optional<std::string> ask(wire_kind kind, std::string_view content, nanoseconds patience, std::string& why);
    void interrupt();

private:
    bool send(std::string_view bytes);
    std::optional<std::string> wait_for(wire_kind kind, nanoseconds patience, std::string& why);
    std::string end();

    const nanoseconds after_interruption_;
    std::mutex writing_;  // interrupt() comes from another thread
    int socket_ = -1;
    pid_t pid_ = -1;
    std::string received_;
    std::atomic<bool> interrupted_ = false;
};

std::string adapter_run::start(const std::string& program, const std::string& object) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return std::string("no socket: ") + strerror(errno);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    // Its stdout could be somebody's data; stderr is where words for people belong.
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    posix_spawn_file_actions_adddup2(&actions, 2, 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
    posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    std::string command = "adapter-process", name = program, which = object;
    char* arguments[] = {name.data(), command.data(), which.data(), nullptr};
    pid_t started = -1;
    const int failed = posix_spawn(&started, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed != 0) {
        close(ends[0]);
        return "can't start " + program + ": " + strerror(failed);
    }
    const std::lock_guard lock(writing_);
    socket_ = ends[0];
    pid_ = started;
    received_.clear();
    return {};
}

/// How it ended, or was ended.
std::string adapter_run::end() {
    if (!running()) return "isn't running";
    {
        const std::lock_guard lock(writing_);
        close(socket_);
        socket_ = -1;
    }
    int status = 0;
    // Whoever crashed has done so by now, and whoever was told to leave by the closed socket leaves soon.
    for (int tries = 0; waitpid(pid_, &status, WNOHANG) == 0; ++tries) {
        if (tries == 50) kill(pid_, SIGKILL);
        std::ignore = ::poll(nullptr, 0, 10);
    }
    pid_ = -1;
    return end_in_words(status);
}

bool adapter_run::send(std::string_view bytes) {
    const std::lock_guard lock(writing_);
    while (socket_ >= 0 && !bytes.empty()) {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return socket_ >= 0;
}

void adapter_run::interrupt() {
    interrupted_ = true;
    send(framed(wire_kind::interrupt, ""));
}

std::optional<std::string> adapter_run::ask(wire_kind kind, std::string_view content, nanoseconds patience, std::string& why) {
    if (!send(framed(kind, content))) {
        why = "the adapter's process " + end();
        return std::nullopt;
    }
    return wait_for(kind, patience, why);
}

std::optional<std::string> adapter_run::wait_for(wire_kind kind, nanoseconds patience, std::string& why) {
    time_point until = steady_now() + patience;
    bool bad = false, hurried = false;
    for (;;) {
        if (auto frame = take_frame(received_, bad)) {
            if (frame->kind == kind) return std::move(frame->content);
            bad = true;
        }
        if (bad) {
            why = "the adapter's process talks nonsense; it " + end();
            return std::nullopt;
        }
        if (interrupted_ && !std::exchange(hurried, true)) until = std::min(until, steady_now() + after_interruption_);
        const nanoseconds left = until - steady_now();
        if (left <= 0ns) {
            kill(pid_, SIGKILL);
            end();
            why = "the adapter didn't come back in time; its process was ended";
            return std::nullopt;
        }
        pollfd wanted{socket_, POLLIN, 0};
        // Now and then a look at whether there was an interruption meanwhile.
        const auto slice = std::min<nanoseconds>(left + 1ms, 500ms);
        if (::poll(&wanted, 1, static_cast<int>(slice / 1ms)) <= 0) continue;
        char chunk[65536];
        const ssize_t count = recv(socket_, chunk, sizeof chunk, MSG_DONTWAIT);
        if (count > 0) {
            received_.append(chunk, static_cast<std::size_t>(count));
        } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
            why = "the adapter's process " + end();
            return std::nullopt;
        }
    }
}

class process_bus final : public adapter_bus {
public:
    process_bus(std::string object, std::string program, const adapter_patience& patience, const config::bus& config)
        : object_(std::move(object)),
          program_(std::move(program)),
          patience_(patience),
          config_(to_wire(config)),
          numbers_(config),
          run_(patience) {}

    /// The first start: a fault of the config is one of the file.
    using fault_sink = std::function<void(std::uint32_t scope, std::size_t index, std::string_view path, std::string message)>;
    bool begin(const fault_sink& to);

    void poll(std::span<const tidegate_candidate> candidates, bool probe, poll_result& to) override;
    bool can_write() const override { return can_write_; }
    adapter_bus::write_result write(std::span<const write_item> items, bool check_only) override;
    void recall(std::size_t device, const std::string& text) override { learned_[device] = text; }
    std::vector<planned_request> plan(std::span<const point_index> points) override;
    bool can_serve() const override { return false; }
    bool serve(const std::function<void(std::string_view)>&, const std::function<void(std::string_view)>&) override {
        return false;
    }
    void interrupt() override { run_.interrupt(); }

private:
    bool revive(std::string& why);

    const std::string object_, program_;
    const adapter_patience patience_;
    const std::string config_;
    const point_numbers numbers_;
    adapter_run run_;
    std::map<std::size_t, std::string> learned_;  // by device
    bool told_learned_ = false;
    bool can_write_ = false;
};

bool process_bus::begin(const fault_sink& to) {
    std::string why = run_.start(program_, object_);
    std::optional<std::string> answer;
    if (why.empty()) answer = run_.ask(wire_kind::create, config_, patience_.reply, why);
    if (!answer) {
        to(TIDEGATE_BUS, 0, "", why);
        return false;
    }
    wire_reader from(*answer);
    can_write_ = from.number() != 0;
    const std::size_t faults = from.count();
    for (std::size_t i = 0; i < faults && !from.bad(); ++i) {
        const auto scope = static_cast<std::uint32_t>(from.number());
        const auto index = from.index();
        const auto path = from.text();
        to(scope, index, path, from.text());
    }
    told_learned_ = false;
    return faults == 0 && !from.bad();
}

/// False: it can't be had now, and `why`.
bool process_bus::revive(std::string& why) {
    const auto refused = [&](std::uint32_t, std::size_t, std::string_view, std::string message) { why = std::move(message); };
    if (!run_.running() && !begin(refused)) return false;
    if (std::exchange(told_learned_, true)) return true;
    for (const auto& [device, text] : learned_)
        if (!run_.ask(wire_kind::recall, wire_writer().number(device).text(text).take(), patience_.reply, why)) return false;
    return true;
}

void process_bus::poll(std::span<const tidegate_candidate> candidates, bool probe, poll_result& to) {
    to.readings.clear();
    to.failures.clear();
    to.learned.clear();
    to.exchanges.clear();
    to.note.clear();
    to.has_stamp = false;
    to.outcome = TIDEGATE_BUS_DOWN;
    if (!revive(to.note)) return;
    wire_writer request;
    request.number(probe ? 1 : 0).number(candidates.size());
    for (const auto& each : candidates)
        request.number(numbers_.number_of(each.point)).signed_number(each.due_in).signed_number(each.period);
    const auto answer = run_.ask(wire_kind::poll, request.take(), patience_.call, to.note);
    if (!answer) {
        if (run_.interrupted()) to.outcome = TIDEGATE_INTERRUPTED;
        return;
    }
    wire_reader from(*answer);
    poll_result_from(from, to);
    // Its own side has dropped what wasn't asked for.
    for (auto& reading : to.readings) reading.point = numbers_.point_of(reading.point);
    for (auto& failed : to.failures) failed.point = numbers_.point_of(failed.point);
    to.has_stamp = !to.readings.empty() || !to.failures.empty();
    if (to.has_stamp) to.taken = stamp_now();
    for (const auto& [device, text] : to.learned) learned_[device] = text;
}

adapter_bus::write_result process_bus::write(std::span<const write_item> items, bool check_only) {
    write_result result;
    result.outcome = TIDEGATE_WRITE_BUS_DOWN;
    if (!revive(result.note)) return result;
    wire_writer request;
    request.number(check_only ? 1 : 0).number(items.size());
    for (const auto& item : items) request.number(numbers_.number_of(item.point)).value(item.value);
    const auto answer = run_.ask(wire_kind::write, request.take(), patience_.call, result.note);
    if (!answer) {
        result.outcome = TIDEGATE_WRITE_UNANSWERED;  // nobody knows how far it had come
        return result;
    }
    wire_reader from(*answer);
    return write_result_from(from);
}

std::vector<adapter_bus::planned_request> process_bus::plan(std::span<const point_index> points) {
    std::string why;  // a plan is for people to look at: none is what there is to say
    if (!revive(why)) return {};
    wire_writer request;
    request.number(points.size());
    for (const auto point : points) request.number(numbers_.number_of(point));
    const auto answer = run_.ask(wire_kind::plan, request.take(), patience_.reply, why);
    if (!answer) return {};
    wire_reader from(*answer);
    auto requests = planned_requests_from(from);
    for (auto& planned : requests)
        for (auto& point : planned.points) point = numbers_.point_of(point);
    return requests;
}

}  // namespace

std::unique_ptr<process_adapter> process_adapter::look_at(const std::filesystem::path& object, const std::string& program,
                                                          const adapter_patience& patience, std::string& why) {
    std::unique_ptr<process_adapter> found(new process_adapter(object.string(), program, patience));
    adapter_run run(patience);
    why = run.start(program, object.string());
    if (!why.empty()) return nullptr;
    const auto answer = run.ask(wire_kind::describe, "", patience.reply, why);
    if (!answer) return nullptr;
    wire_reader from(*answer);
    why = from.text();
    if (!why.empty()) return nullptr;
    found->words_ = vocabulary_from(from);
    return found;
}

std::unique_ptr<adapter_bus> process_adapter::open(const config::bus& config, std::vector<config::diagnostic>& faults) const {
    auto bus = std::make_unique<process_bus>(object_, program_, patience_, config);
    const point_numbers numbers(config);
    const fault_collector collector{config, numbers, faults};
    const auto report = [&](std::uint32_t scope, std::size_t index, std::string_view path, std::string message) {
        collector.add(scope, index, path, std::move(message));
    };
    if (!bus->begin(report)) return nullptr;
    return bus;
}

}  // namespace gateway

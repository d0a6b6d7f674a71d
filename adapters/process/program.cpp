// adapters/process/program.cpp: see program.hpp.
#include "adapters/process/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <tuple>

namespace process {
namespace {

constexpr std::size_t complaint_max = 4096;
constexpr int end_patience = 100;  // × 10 ms, after its input was closed

void close_descriptor(int& which) {
    if (which >= 0) ::close(which);
    which = -1;
}

std::vector<std::string> environment() {
    std::vector<std::string> all{"PYTHONUNBUFFERED=1"};
    for (const char* name : {"PATH", "HOME", "LANG", "TZ"})
        if (const char* value = std::getenv(name)) all.push_back(std::string(name) + '=' + value);
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

}  // namespace

program::program() : interrupted_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (interrupted_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

program::~program() {
    end();
    ::close(interrupted_);
}

std::string program::start(const std::vector<std::string>& command) {
    int stdio[2], complaints[2];
    // A socket rather than pipes: writing to a program that has ended is then an error and no signal.
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stdio) != 0) return std::strerror(errno);
    if (::pipe2(complaints, O_CLOEXEC | O_NONBLOCK) != 0) {
        ::close(stdio[0]);
        ::close(stdio[1]);
        return std::strerror(errno);
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, stdio[1], 0);
    posix_spawn_file_actions_adddup2(&actions, stdio[1], 1);
    posix_spawn_file_actions_adddup2(&actions, complaints[1], 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    auto words = command;
    auto variables = environment();
    const int failed =
        ::posix_spawnp(&pid_, command[0].c_str(), &actions, &attributes, pointers(words).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    ::close(stdio[1]);
    ::close(complaints[1]);
    in_ = stdio[0];
    complaints_ = complaints[0];
    heard_.clear();
    complained_.clear();
    if (failed == 0) return {};
    pid_ = -1;
    close_descriptor(in_);
    close_descriptor(complaints_);
    return "can't start " + command[0] + ": " + std::strerror(failed);
}

std::string program::end() {
    if (!running()) return "isn't running";
    close_descriptor(in_);
    int status = 0;
    for (int tries = 0; ::waitpid(pid_, &status, WNOHANG) == 0; ++tries) {
        if (tries == end_patience) ::kill(-pid_, SIGKILL);
        std::ignore = ::poll(nullptr, 0, 10);
    }
    ::kill(-pid_, SIGKILL);  // what it has started and left behind
    pid_ = -1;
    listen_to_complaints();
    close_descriptor(complaints_);
    std::string how = WIFSIGNALED(status)
                          ? "ended by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ')'
                          : "ended with code " + std::to_string(WEXITSTATUS(status));
    if (const auto last = last_complaint(); !last.empty()) how += ": " + last;
    return how;
}

bool program::say(const std::string& line) {
    std::size_t said = 0;
    while (in_ >= 0 && said < line.size()) {
        const ssize_t count = ::send(in_, line.data() + said, line.size() - said, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            said += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return false;
        // It doesn't read. A line is less than what the socket holds, so it hasn't for some time.
        pollfd room{in_, POLLOUT, 0};
        if (::poll(&room, 1, 1000) <= 0) return false;
    }
    return said == line.size();
}

program::came program::hear(std::string& line, std::size_t most, std::chrono::steady_clock::time_point until) {
    for (;;) {
        if (const auto end = heard_.find('\n'); end != std::string::npos) {
            line = heard_.substr(0, end);
            heard_.erase(0, end + 1);
            if (!line.empty() && line.back() == '\r') line.pop_back();
            return came::line;
        }
        if (heard_.size() > most) return came::ended;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
        std::array<pollfd, 3> wanted{pollfd{interrupted_, POLLIN, 0}, pollfd{in_, POLLIN, 0}, pollfd{complaints_, POLLIN, 0}};
        const int ready = ::poll(wanted.data(), wanted.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready > 0 && wanted[0].revents != 0) return came::interrupted;
        if (ready > 0 && wanted[2].revents != 0) listen_to_complaints();
        if (ready > 0 && wanted[1].revents != 0) {
            std::array<char, 16384> chunk;
            const ssize_t count = ::recv(in_, chunk.data(), chunk.size(), MSG_DONTWAIT);
            if (count > 0)
                heard_.append(chunk.data(), static_cast<std::size_t>(count));
            else if (count == 0 || (errno != EAGAIN && errno != EINTR))
                return came::ended;
        } else if (left <= 0) {
            return came::time;
        }
    }
}

void program::interrupt() const {
    const std::uint64_t one = 1;
    // It can fail only when the counter is full: raised already.
    [[maybe_unused]] const auto written = ::write(interrupted_, &one, sizeof one);
}

/// Keeps the end of what it says on stderr: when it ends, that is what says why.
void program::listen_to_complaints() {
    std::array<char, 4096> chunk;
    ssize_t count = 0;
    while (complaints_ >= 0 && (count = ::read(complaints_, chunk.data(), chunk.size())) > 0) {
        complained_.append(chunk.data(), static_cast<std::size_t>(count));
        if (complained_.size() > complaint_max) complained_.erase(0, complained_.size() - complaint_max);
    }
    if (count == 0) close_descriptor(complaints_);
}

std::string program::last_complaint() const {
    constexpr std::size_t most = 300;
    std::string_view rest = complained_;
    while (!rest.empty() && (rest.back() == '\n' || rest.back() == '\r')) rest.remove_suffix(1);
    const auto begin = rest.rfind('\n');
    if (begin != std::string_view::npos) rest.remove_prefix(begin + 1);
    return std::string(rest.substr(0, most));
}

}  // namespace process

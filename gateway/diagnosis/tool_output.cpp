// gateway/diagnosis/tool_output.cpp: see tool_output.hpp.
#include "gateway/diagnosis/tool_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <tuple>

#include "gateway/clock.hpp"

namespace gateway {
namespace {

struct pipe_ends {
    int ends[2] = {-1, -1};
    pipe_ends() { std::ignore = ::pipe2(ends, O_CLOEXEC); }
    ~pipe_ends() {
        close_end(0);
        close_end(1);
    }
    void close_end(int which) {
        if (ends[which] >= 0) ::close(ends[which]);
        ends[which] = -1;
    }
};

/// Reads until the end, the bound or the time.
void gather(int from, std::chrono::steady_clock::time_point until, std::size_t most, tool_output& to) {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_now()).count();
        pollfd waiting{from, POLLIN, 0};
        const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left)) : 0;
        if (ready < 0 && errno == EINTR) continue;
        to.cut = ready <= 0 || to.text.size() >= most;
        if (to.cut) return;
        char some[16384];
        const ssize_t count = ::read(from, some, sizeof some);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        to.text.append(some, std::min(static_cast<std::size_t>(count), most - to.text.size()));
    }
}

}  // namespace

tool_output run_tool(const std::vector<std::string>& words, std::chrono::milliseconds patience, std::size_t most) {
    tool_output result;
    pipe_ends out;
    if (out.ends[0] < 0) return result;
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    // The same words in every country; no pager; nothing of our environment, where secrets may be.
    const char* const environment[] = {"LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                       "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0", nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDERR_FILENO);
    pid_t child = -1;
    const int error =
        ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), const_cast<char* const*>(environment));
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return result;
    result.found = true;
    out.close_end(1);
    gather(out.ends[0], steady_now() + patience, most, result);
    if (result.cut) ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

}  // namespace gateway

// gateway/service/service_notify.cpp: see service_notify.hpp.
#include "gateway/service/service_notify.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <tuple>

namespace gateway {
namespace {

using namespace std::chrono_literals;

constexpr auto queued_told_every = 10s;  // a number that grows with each reading would wake systemd each time

std::string status_part(std::string_view status) {
    std::string line(status.substr(0, 500));
    std::replace(line.begin(), line.end(), '\n', ' ');
    return "STATUS=" + line;
}

std::optional<std::int64_t> whole_number(const char* text) {
    if (!text) return std::nullopt;
    const std::string_view all(text);
    std::int64_t found = 0;
    const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), found);
    if (error != std::errc() || end != all.data() + all.size()) return std::nullopt;
    return found;
}

std::string counted(std::uint64_t number, const char* one, const char* several) {
    return std::to_string(number) + ' ' + (number == 1 ? one : several);
}

}  // namespace

std::string ready_text(std::string_view status) { return "READY=1\n" + status_part(status); }

std::string reloading_text(std::chrono::steady_clock::time_point now) {
    const auto monotonic = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic);
}

std::string stopping_text(std::string_view status) { return "STOPPING=1\n" + status_part(status); }

std::string status_text(std::string_view status) { return status_part(status); }

std::string patience_text(std::chrono::microseconds how_long) {
    return "EXTEND_TIMEOUT_USEC=" + std::to_string(how_long.count());
}

std::string in_words(const service_figures& now) {
    std::string text = now.online ? "connected to " : "no connection to ";
    text += now.broker + "; " + counted(now.queued, "message", "messages") + " queued; ";
    text += counted(now.devices_online, "device", "devices") + " online";
    if (now.devices_offline > 0) text += ", " + std::to_string(now.devices_offline) + " offline";
    return text;
}

std::optional<std::string> status_line::tell(const service_figures& now, time_point at) {
    if (told_) {
        service_figures but_queue = now;
        but_queue.queued = told_->queued;
        const bool is_news = but_queue != *told_;
        const bool is_due = now != *told_ && at - told_at_ >= queued_told_every;
        // A device or a broker that flaps is news once a second.
        if (!is_due && !(is_news && at - told_at_ >= 1s)) return std::nullopt;
    }
    told_ = now;
    told_at_ = at;
    return in_words(now);
}

std::optional<std::chrono::microseconds> watchdog_of(const char* microseconds, const char* for_pid, std::int64_t pid) {
    const auto time = whole_number(microseconds);
    const auto whose = whole_number(for_pid);
    if (!time || *time <= 0 || (for_pid && (!whose || *whose != pid))) return std::nullopt;
    return std::chrono::microseconds(*time);
}

service_notify::service_notify() {
    if (const char* socket = std::getenv("NOTIFY_SOCKET"); socket && (*socket == '/' || *socket == '@')) socket_ = socket;
    if (has_listener()) watchdog_ = watchdog_of(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID"), ::getpid());
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
        std::ignore = ::unsetenv(name);  // fails only for a name that is none
}

void service_notify::send(std::string_view text) const {
    if (!has_listener()) return;
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (socket_.size() >= sizeof where.sun_path) return;
    std::memcpy(where.sun_path, socket_.data(), socket_.size());
    if (where.sun_path[0] == '@') where.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    // READY=1 is worth a little patience, but a systemd that doesn't read must not stop the loop.
    const timeval patience{1, 0};
    std::ignore = ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);  // then it waits longer
    std::ignore = ::sendto(socket, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&where),
                           length);  // lost if nobody takes it
    ::close(socket);
}

}  // namespace gateway

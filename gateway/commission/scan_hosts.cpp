// gateway/commission/scan_hosts.cpp: nonblocking connects and poll().
#include "gateway/commission/scan_hosts.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <tuple>

namespace gateway {
namespace {

using clock = std::chrono::steady_clock;

struct attempt {
    std::size_t host = 0;
    int socket = -1;
    clock::time_point until;
};

/// "tcp://host:port", "tcp://[::1]:502" → both.
std::pair<std::string, std::string> parts_of(const std::string& typed) {
    auto rest = typed.substr(typed.find("://") + 3);
    const auto colon = rest.rfind(':');
    auto port = colon == std::string::npos || rest.back() == ']' ? "502" : rest.substr(colon + 1);
    auto host = rest.substr(0, rest.back() == ']' ? std::string::npos : colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    return {host, port};
}

/// A socket that connects, or is connected; -1: the name isn't known, or nobody listens there.
int begin(const std::string& typed) {
    const auto [host, port] = parts_of(typed);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    const int one = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (one < 0) return -1;
    if (::connect(one, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS) return one;
    ::close(one);
    return -1;
}

bool is_connected(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace

std::vector<std::string> hosts_that_listen(const std::vector<std::string>& hosts, std::chrono::milliseconds timeout,
                                           const std::function<void()>& done, const std::function<bool()>& stopped) {
    std::vector<bool> good(hosts.size(), false);
    std::vector<attempt> open;
    std::size_t next = 0;
    while ((next < hosts.size() || !open.empty()) && !stopped()) {
        while (next < hosts.size() && open.size() < hosts_at_once) {
            const int socket = begin(hosts[next]);
            if (socket >= 0)
                open.push_back({next, socket, clock::now() + timeout});
            else
                done();
            ++next;
        }
        std::vector<pollfd> waits;
        for (const auto& one : open) waits.push_back({one.socket, POLLOUT, 0});
        constexpr int heartbeat = 50;  // ms, to see time-outs and a stop
        std::ignore = ::poll(waits.data(), waits.size(), heartbeat);
        const auto now = clock::now();
        for (std::size_t i = open.size(); i-- > 0;) {
            const bool over = waits[i].revents != 0;
            if (!over && now < open[i].until) continue;
            good[open[i].host] = over && is_connected(open[i].socket);
            ::close(open[i].socket);
            open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
            done();
        }
    }
    for (const auto& one : open) ::close(one.socket);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < hosts.size(); ++i)
        if (good[i]) out.push_back(hosts[i]);
    return out;
}

}  // namespace gateway

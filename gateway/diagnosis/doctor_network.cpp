// gateway/diagnosis/doctor_network.cpp: see doctor_network.hpp.
#include "gateway/diagnosis/doctor_network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "gateway/clock.hpp"
#include "mqtt/transport_resolve.hpp"

namespace gateway {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point began) {
    return std::chrono::duration<double, std::milli>(steady_now() - began).count();
}

std::string text_of(const mqtt::raw_endpoint& at) {
    char host[NI_MAXHOST] = "";
    const auto* address = reinterpret_cast<const sockaddr*>(at.data());
    if (::getnameinfo(address, static_cast<socklen_t>(at.size()), host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0) return "?";
    return host;
}

/// "" or why not.
std::string connect_to(const mqtt::raw_endpoint& at, std::chrono::milliseconds patience) {
    const auto* address = reinterpret_cast<const sockaddr*>(at.data());
    const int socket = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) return std::strerror(errno);
    int error = ::connect(socket, address, static_cast<socklen_t>(at.size())) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        pollfd waiting{socket, POLLOUT, 0};
        socklen_t size = sizeof error;
        if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0)
            error = ETIMEDOUT;
        else if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = errno;
    }
    ::close(socket);
    return error == 0 ? "" : std::strerror(error);
}

}  // namespace

network_try try_host(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience) {
    network_try result;
    std::vector<mqtt::raw_endpoint> addresses;
    const auto began = steady_now();
    const auto until = began + patience;
    {
        boost::asio::io_context loop{1};
        bool done = false;
        const mqtt::lookup asking(loop, host, port, [&](std::string_view error, const std::vector<mqtt::raw_endpoint>& found) {
            done = true;
            result.name_fault = error;
            addresses = mqtt::families_by_turns(found);
        });
        const auto guard = boost::asio::make_work_guard(loop);
        while (!done && loop.run_one_until(until) > 0) {
        }
        if (!done) result.name_fault = "no answer from the name server in time";
    }
    result.name_ms = milliseconds_since(began);
    for (const auto& each : addresses) result.addresses += (result.addresses.empty() ? "" : ", ") + text_of(each);
    for (const auto& each : addresses) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_now());
        if (left.count() <= 0) break;
        const auto asked = steady_now();
        // A network that swallows one family must not eat the time of the other.
        result.fault = connect_to(each, std::min(left, std::max(left / 2, std::chrono::milliseconds(1000))));
        if (!result.fault.empty()) continue;
        result.connect_ms = milliseconds_since(asked);
        result.connected = text_of(each);
        break;
    }
    return result;
}

}  // namespace gateway

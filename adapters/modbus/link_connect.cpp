// adapters/modbus/link_connect.cpp: see link_connect.hpp.
// Not here: what is said over the connection.
#include "adapters/modbus/link_connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "adapters/modbus/link_answer.hpp"

namespace modbus {

tcp_connection::opened tcp_connection::open(std::chrono::nanoseconds timeout, const interruption& interrupted) {
    assert(!is_open());
    const time_point until = now() + timeout;
    auto [looking_interrupted, fault, addresses] = lookup_.resolve(until, interrupted);
    opened result{looking_interrupted, std::move(fault)};
    if (result.interrupted || !result.fault.empty()) return result;
    for (std::size_t index = 0; index < addresses.size(); ++index) {
        // Each address gets its share of the time that is left.
        const auto share = nanoseconds(until - now()) / static_cast<std::int64_t>(addresses.size() - index);
        result = connect(addresses[index], now() + share, interrupted);
        if (result.interrupted) return result;
        if (result.fault.empty()) {
            set_options(timeout);
            return result;
        }
        close();
    }
    return result;
}

tcp_connection::opened tcp_connection::connect(const host_address& to, time_point until, const interruption& interrupted) {
    socket_ = ::socket(to.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return {false, name() + ": " + system_words(errno)};
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to.bytes), to.size) == 0) return {};
    if (errno != EINPROGRESS) return {false, name() + ": " + system_words(errno)};
    switch (wait_for(socket_, POLLOUT, until, interrupted)) {
        case woken::interrupted:
            close();
            return {true, ""};
        case woken::time:
            return {false, name() + ": no connection in time"};
        case woken::ready:
            break;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return {false, name() + ": " + system_words(error)};
    return {};
}

/// A device that lost its power says nothing: keep-alive finds out while nothing is asked, the user time-out while something is.
void tcp_connection::set_options(std::chrono::nanoseconds timeout) const {
    const auto set = [this](int level, int option, int value) {
        // None of these is worth going without the connection.
        [[maybe_unused]] const int done = ::setsockopt(socket_, level, option, &value, sizeof value);
    };
    // A request that wasn't even taken in within two time-outs has been given up, and the connection with it.
    constexpr std::int64_t least_user_timeout = 2'000;
    const std::int64_t milliseconds = std::max(2 * timeout.count() / 1'000'000, least_user_timeout);
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(std::min<std::int64_t>(milliseconds, 3'600'000)));
}

void tcp_connection::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

bool tcp_connection::send(const std::uint8_t* bytes, std::size_t size) const {
    const ssize_t sent = ::send(socket_, bytes, size, MSG_NOSIGNAL);
    if (sent >= 0 && static_cast<std::size_t>(sent) < size) errno = EAGAIN;
    return sent >= 0 && static_cast<std::size_t>(sent) == size;
}

ssize_t tcp_connection::receive(std::uint8_t* to, std::size_t size) const { return ::recv(socket_, to, size, MSG_DONTWAIT); }

std::string tcp_connection::name() const { return endpoint_name(host_, port_); }

}  // namespace modbus

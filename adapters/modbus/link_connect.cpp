// adapters/modbus/link_connect.cpp: see link_connect.hpp.
// Not here: what is said over the connection.
#include "adapters/modbus/link_connect.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

#include "adapters/modbus/link_answer.hpp"

namespace modbus {
namespace {

using std::chrono::nanoseconds;

struct looked_up {
    int error = 0;  // EAI_…
    addrinfo* list = nullptr;
};

looked_up look_up(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    looked_up result;
    result.error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &result.list);
    return result;
}

}  // namespace

/// getaddrinfo can block for many seconds and can't be interrupted; it gets a thread that nobody waits for. (getaddrinfo_a
/// would do the same, but its threads are unknown to the thread sanitizer, which crashes.)
struct tcp_connection::lookup {
    std::atomic<int> owners = 1;
    interruption done;
    std::atomic<bool> complete = false;  // orders what follows; `done` wakes
    int error = 0;
    std::vector<address> found;

    void run(const std::string& host, std::uint16_t port, int flags) {
        const looked_up result = look_up(host, port, flags);
        error = result.error;
        for (const addrinfo* one = result.list; one != nullptr; one = one->ai_next) {
            address& entry = found.emplace_back();
            entry.size = std::min<socklen_t>(one->ai_addrlen, sizeof entry.bytes);
            entry.family = one->ai_family;
            std::memcpy(&entry.bytes, one->ai_addr, entry.size);
        }
        if (result.list != nullptr) ::freeaddrinfo(result.list);
        complete.store(true, std::memory_order_release);
        done.raise();
    }

    /// False: the system has no thread to spare.
    bool run_apart(const std::string& host, std::uint16_t port) {
        owners = 2;
        try {
            std::thread([this, host, port] {
                run(host, port, 0);
                release()(this);
            }).detach();
            return true;
        } catch (const std::system_error&) {
            owners = 1;
            return false;
        }
    }
};

void tcp_connection::release::operator()(lookup* one) const {
    if (one->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete one;
}

tcp_connection::opened tcp_connection::open(nanoseconds timeout, const interruption& interrupted) {
    assert(!is_open());
    const time_point until = now() + timeout;
    std::vector<address> addresses;
    opened result = resolve(until, interrupted, addresses);
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

tcp_connection::opened tcp_connection::resolve(time_point until, const interruption& interrupted, std::vector<address>& found) {
    if (!lookup_) {
        lookup_.reset(new lookup);
        lookup_->run(host_, port_, AI_NUMERICHOST);
        if (lookup_->error == EAI_NONAME) {
            lookup_.reset(new lookup);
            if (!lookup_->run_apart(host_, port_)) {
                lookup_.reset();
                return {false, name() + ": the name can't be resolved: no thread for it"};
            }
        }
    }
    switch (wait_for(lookup_->done.descriptor(), POLLIN, until, interrupted)) {
        case woken::interrupted:
            return {true, ""};
        case woken::time:
            return {false, name() + ": the name is still being resolved"};
        case woken::ready:
            break;
    }
    const auto result = std::move(lookup_);
    [[maybe_unused]] const bool complete = result->complete.load(std::memory_order_acquire);
    assert(complete);
    if (result->error == EAI_SYSTEM) return {false, name() + ": the name can't be resolved"};
    if (result->error != 0) return {false, name() + ": " + ::gai_strerror(result->error)};
    if (result->found.empty()) return {false, name() + ": the name has no address"};
    found = std::move(result->found);
    return {};
}

tcp_connection::opened tcp_connection::connect(const address& to, time_point until, const interruption& interrupted) {
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
void tcp_connection::set_options(nanoseconds timeout) const {
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

std::string tcp_connection::name() const {
    const bool is_ipv6 = host_.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

}  // namespace modbus

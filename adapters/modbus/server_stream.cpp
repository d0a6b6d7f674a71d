// adapters/modbus/server_stream.cpp: simulated devices behind a listening socket: Modbus TCP, and RTU frames over TCP.
// Not here: the framings (server_framing), and a line's pace.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/link_wait.hpp"
#include "adapters/modbus/server_framing.hpp"

namespace modbus {
namespace {

constexpr std::size_t clients_max = 64;
constexpr std::size_t unsent_max = 65536;  // of a client that asks and doesn't read

struct endpoint {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    std::string name;    // of the host, as in "127.0.0.1" or "[::1]"
    bool moved = false;  // the configured host was no loopback address
};

/// A twin listens on this machine alone: what it serves isn't real, and nobody authorises its clients.
endpoint loopback_endpoint(const std::string& host, std::uint16_t port) {
    endpoint where;
    in6_addr six{};
    if (::inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six)) {
        auto& address = reinterpret_cast<sockaddr_in6&>(where.bytes);
        address.sin6_family = AF_INET6;
        address.sin6_addr = six;
        address.sin6_port = htons(port);
        where.size = sizeof address;
        where.name = "[::1]";
        return where;
    }
    auto& address = reinterpret_cast<sockaddr_in&>(where.bytes);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    where.size = sizeof address;
    const bool is_loopback =
        ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1 && (ntohl(address.sin_addr.s_addr) >> 24) == 127;
    where.moved = !is_loopback && host != "localhost";
    where.name = is_loopback ? host : "127.0.0.1";
    if (!is_loopback) address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return where;
}

std::uint16_t port_of(int socket) {
    sockaddr_storage bytes{};
    socklen_t size = sizeof bytes;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bytes), &size) != 0) return 0;
    return ntohs(bytes.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bytes).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(bytes).sin_port);
}

class listener {
public:
    listener() = default;
    ~listener() { close(); }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    /// 0, or errno.
    int open(const endpoint& where) {
        close();
        socket_ = ::socket(where.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int yes = 1;
        const bool listening = socket_ >= 0 && ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                               ::bind(socket_, reinterpret_cast<const sockaddr*>(&where.bytes), where.size) == 0 &&
                               ::listen(socket_, 16) == 0;
        return listening ? 0 : errno;
    }
    int descriptor() const { return socket_; }

private:
    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    int socket_ = -1;
};

class client {
public:
    explicit client(int socket) : socket_(socket) {}
    ~client() {
        if (socket_ >= 0) ::close(socket_);
    }
    client(client&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), in_(std::move(other.in_)), out_(std::move(other.out_)) {}
    client& operator=(client&& other) noexcept {
        std::swap(socket_, other.socket_);
        in_.swap(other.in_);
        out_.swap(other.out_);
        return *this;
    }

    pollfd interest() const {
        const short in = out_.size() < unsent_max ? POLLIN : short{0};
        const short out = out_.empty() ? short{0} : POLLOUT;
        return {socket_, static_cast<short>(in | out), 0};
    }

    /// False: it is gone, or isn't one of ours.
    bool on_ready(short events, served by, stream_framing framing) {
        if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) {
            std::array<std::uint8_t, 4096> chunk;
            const ssize_t count = ::recv(socket_, chunk.data(), chunk.size(), 0);
            if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return false;
            if (count > 0) in_.insert(in_.end(), chunk.begin(), chunk.begin() + count);
            if (!framing(by, in_, out_)) return false;
        }
        return flush();
    }

private:
    bool flush() {
        if (out_.empty()) return true;
        const ssize_t count = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        out_.erase(out_.begin(), out_.begin() + count);
        return true;
    }

    int socket_;
    std::vector<std::uint8_t> in_, out_;
};

class stream_server final : public server {
public:
    stream_server(std::string scheme, std::string host, std::uint16_t port, stream_framing framing)
        : scheme_(std::move(scheme)), host_(std::move(host)), port_(port), framing_(framing) {}

    bool run(register_source& values, const server_events& events) override {
        listener door;
        if (!open(door, events)) return false;
        std::vector<client> clients;
        std::vector<pollfd> ready;
        for (;;) {
            ready.assign({{interrupted_.descriptor(), POLLIN, 0}, {door.descriptor(), POLLIN, 0}});
            for (const client& one : clients) ready.push_back(one.interest());
            if (::poll(ready.data(), ready.size(), -1) < 0) continue;
            if (ready[0].revents != 0) return true;
            // From the back, so that the place of those still to come doesn't change.
            for (std::size_t index = clients.size(); index-- > 0;) {
                const short what = ready[2 + index].revents;
                if (what != 0 && !clients[index].on_ready(what, {values, counters_}, framing_)) {
                    clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(index));
                }
            }
            if (ready[1].revents != 0) accept(door, clients);
        }
    }

    void interrupt() override { interrupted_.raise(); }
    server_counts counts() const override { return counters_.now(); }

private:
    bool open(listener& door, const server_events& events) const {
        endpoint where = loopback_endpoint(host_, port_);
        int error = door.open(where);
        if (error != 0 && where.moved) {
            // The address is another than configured already; a port that nobody may have is no reason to fail.
            note(events, "port " + std::to_string(port_) + " on 127.0.0.1: " + system_words(error) + "; taking a free one");
            where = loopback_endpoint(host_, 0);
            error = door.open(where);
        }
        if (error != 0) {
            const char* const remedy = error == EACCES       ? "; a port from 1024 on needs no privilege"
                                       : error == EADDRINUSE ? "; give it another port, or stop what listens there"
                                                             : "";
            note(events, "can't listen on " + where.name + ":" + std::to_string(port_) + ": " + system_words(error) + remedy);
            return false;
        }
        if (where.moved) note(events, host_ + " is not of this machine's loopback: serving it on 127.0.0.1");
        announce(events, scheme_ + " " + where.name + ":" + std::to_string(port_of(door.descriptor())));
        return true;
    }

    void accept(const listener& door, std::vector<client>& clients) const {
        const int socket = ::accept4(door.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) return;
        client arrived(socket);
        if (clients.size() >= clients_max) return;  // closed at once, as a full device does
        const int yes = 1;
        [[maybe_unused]] const int set = ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        clients.push_back(std::move(arrived));
    }

    std::string scheme_, host_;
    std::uint16_t port_;
    stream_framing framing_;
    interruption interrupted_;
    server_counters counters_;
};

}  // namespace

std::unique_ptr<server> make_server(const tcp_settings& where) {
    return std::make_unique<stream_server>("tcp", where.host, where.port, serve_mbap);
}

std::unique_ptr<server> make_server(const rtu_over_tcp_settings& where) {
    return std::make_unique<stream_server>("rtu_over_tcp", where.host, where.port, serve_rtu_stream);
}

}  // namespace modbus

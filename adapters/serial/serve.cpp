// adapters/serial/serve.cpp: simulated devices behind a pseudo-terminal, or behind a socket that listens on this machine.
// Not here: what they say (simulate.cpp).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "adapters/serial/channel.hpp"
#include "adapters/serial/serve_pty.hpp"
#include "adapters/serial/simulate.hpp"
#include "adapters/serial/wait.hpp"

namespace serial {
namespace {

constexpr std::size_t clients_max = 8;

/// How often the devices send by themselves; nothing: they don't.
std::optional<nanoseconds> pace_of(const bus_definition& devices) {
    for (const device& one : devices.devices)
        if (one.mode == device_mode::listen) return one.sample_every;
    return std::nullopt;
}

/// What doesn't go out at once is dropped, as on a line that nobody reads.
void write_out(int descriptor, const std::string& bytes) {
    [[maybe_unused]] const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
}

class pty_server final : public server {
public:
    explicit pty_server(port_settings where) : where_(std::move(where)) {}

    bool run(const bus_definition& devices, const server_events& events) override {
        published_pty terminal;
        if (const std::string fault = terminal.open(where_.port); !fault.empty()) {
            events.note(fault);
            return false;
        }
        events.listening(where_.port);
        simulator inside(devices);
        const auto pace = pace_of(devices);
        time_point next = std::chrono::steady_clock::now();
        for (;;) {
            const time_point until = pace ? next : std::chrono::steady_clock::now() + std::chrono::hours(1);
            switch (wait_for(terminal.master(), POLLIN, until, interrupted_)) {
                case woken::interrupted:
                    return true;
                case woken::ready: {
                    std::array<char, 4096> chunk;
                    const ssize_t count = ::read(terminal.master(), chunk.data(), chunk.size());
                    if (count <= 0) break;
                    write_out(terminal.master(), inside.answer({chunk.data(), static_cast<std::size_t>(count)}));
                    break;
                }
                case woken::time:
                    if (!pace) break;
                    write_out(terminal.master(), inside.speak());
                    next += *pace;
            }
        }
    }
    void interrupt() noexcept override { interrupted_.raise(); }

private:
    port_settings where_;
    interruption interrupted_;
};

class socket_owner {
public:
    explicit socket_owner(int socket) : socket_(socket) {}
    ~socket_owner() {
        if (socket_ >= 0) ::close(socket_);
    }
    socket_owner(const socket_owner&) = delete;
    socket_owner& operator=(const socket_owner&) = delete;
    int descriptor() const { return socket_; }

private:
    int socket_;
};

struct client {
    client(int socket, const bus_definition& devices) : connection(socket), inside(devices) {}
    socket_owner connection;
    simulator inside;
};

class tcp_server final : public server {
public:
    explicit tcp_server(tcp_settings where) : where_(std::move(where)) {}

    /// On this machine alone: what it serves isn't real, and nobody authorises its clients.
    bool run(const bus_definition& devices, const server_events& events) override {
        const socket_owner door(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        int error = listen(door.descriptor(), where_.port);
        const bool is_here = where_.host == "127.0.0.1" || where_.host == "localhost";
        if (error != 0 && !is_here) {
            events.note("port " + std::to_string(where_.port) + " on 127.0.0.1: " + system_words(error) + "; taking a free one");
            error = listen(door.descriptor(), 0);
        }
        if (error != 0) {
            events.note("can't listen on 127.0.0.1:" + std::to_string(where_.port) + ": " + system_words(error) +
                        "; give it another port, or stop what listens there");
            return false;
        }
        if (!is_here) events.note(where_.host + " is not of this machine's loopback: serving it on 127.0.0.1");
        events.listening("tcp 127.0.0.1:" + std::to_string(port_of(door.descriptor())));
        serve(door.descriptor(), devices);
        return true;
    }
    void interrupt() noexcept override { interrupted_.raise(); }

private:
    static int listen(int socket, std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int yes = 1;
        const bool listening = ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                               ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                               ::listen(socket, 8) == 0;
        return listening ? 0 : errno;
    }
    static std::uint16_t port_of(int socket) {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        [[maybe_unused]] const int known = ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
        return ntohs(address.sin_port);
    }

    void serve(int door, const bus_definition& devices) {
        const auto pace = pace_of(devices);
        time_point next = std::chrono::steady_clock::now();
        std::vector<std::unique_ptr<client>> clients;
        std::vector<pollfd> ready;
        for (;;) {
            ready.assign({{interrupted_.descriptor(), POLLIN, 0}, {door, POLLIN, 0}});
            for (const auto& one : clients) ready.push_back({one->connection.descriptor(), POLLIN, 0});
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now()).count();
            const int wait = pace ? static_cast<int>(std::max<std::int64_t>(left, 0)) : -1;
            if (::poll(ready.data(), ready.size(), wait) < 0) continue;
            if (ready[0].revents != 0) return;
            // From the back, so that the place of those still to come doesn't change.
            for (std::size_t i = clients.size(); i-- > 0;)
                if (ready[2 + i].revents != 0 && !answer(*clients[i]))
                    clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i));
            if (ready[1].revents != 0) accept(door, devices, clients);
            if (!pace || std::chrono::steady_clock::now() < next) continue;
            for (const auto& one : clients) send_out(one->connection.descriptor(), one->inside.speak());
            next += *pace;
        }
    }

    static void send_out(int socket, const std::string& bytes) {
        [[maybe_unused]] const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    static bool answer(client& of) {
        std::array<char, 4096> chunk;
        const ssize_t count = ::recv(of.connection.descriptor(), chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        if (count == 0) return false;
        send_out(of.connection.descriptor(), of.inside.answer({chunk.data(), static_cast<std::size_t>(count)}));
        return true;
    }

    static void accept(int door, const bus_definition& devices, std::vector<std::unique_ptr<client>>& clients) {
        const int socket = ::accept4(door, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) return;
        auto arrived = std::make_unique<client>(socket, devices);
        if (clients.size() < clients_max) clients.push_back(std::move(arrived));  // else it is closed at once
    }

    tcp_settings where_;
    interruption interrupted_;
};

}  // namespace

std::unique_ptr<server> make_server(const port_settings& where) { return std::make_unique<pty_server>(where); }
std::unique_ptr<server> make_server(const tcp_settings& where) { return std::make_unique<tcp_server>(where); }

}  // namespace serial

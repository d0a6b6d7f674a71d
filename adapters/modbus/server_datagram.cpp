// adapters/modbus/server_datagram.cpp: simulated devices behind a UDP socket: MBAP or RTU frames, each a datagram.
// Not here: the framings (server_framing).
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <utility>

#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/link_wait.hpp"
#include "adapters/modbus/server_endpoint.hpp"
#include "adapters/modbus/server_framing.hpp"

namespace modbus {
namespace {

constexpr std::size_t pending_max = 1000;

class udp_socket {
public:
    explicit udp_socket(const endpoint& where)
        : socket_(::socket(where.bytes.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        const bool bound = socket_ >= 0 && ::bind(socket_, reinterpret_cast<const sockaddr*>(&where.bytes), where.size) == 0;
        error_ = bound ? 0 : errno;
    }
    ~udp_socket() {
        if (socket_ >= 0) ::close(socket_);
    }
    udp_socket(const udp_socket&) = delete;
    udp_socket& operator=(const udp_socket&) = delete;
    int error() const { return error_; }
    int descriptor() const { return socket_; }

private:
    int socket_;
    int error_ = 0;
};

class datagram_server final : public server {
public:
    datagram_server(std::string scheme, const host_settings& where, envelope frames)
        : scheme_(std::move(scheme)), host_(where.host), port_(where.port), frames_(frames) {}

    bool run(register_source& values, const server_events& events) override {
        const endpoint where = loopback_endpoint(host_, port_);
        const udp_socket at_port(where);
        const bool moves = at_port.error() != 0 && where.moved;
        if (moves)
            note(events,
                 "port " + std::to_string(port_) + " on 127.0.0.1: " + system_words(at_port.error()) + "; taking a free one");
        const udp_socket anywhere(loopback_endpoint(host_, 0));
        const udp_socket& door = moves ? anywhere : at_port;
        if (door.error() != 0) {
            note(events, "can't listen on " + where.name + ":" + std::to_string(port_) + ": " + system_words(door.error()) +
                             remedy_of(door.error()));
            return false;
        }
        if (where.moved) note(events, host_ + " is not of this machine's loopback: serving it on 127.0.0.1");
        announce(events, scheme_ + " " + where.name + ":" + std::to_string(port_of(door.descriptor())));
        for (;;) {
            const time_point until = pending_.empty() ? now() + std::chrono::hours(1) : pending_.front().at;
            switch (wait_for(door.descriptor(), POLLIN, until, interrupted_)) {
                case woken::interrupted:
                    return true;
                case woken::ready:
                    receive(door.descriptor(), {values, counters_});
                    break;
                case woken::time:
                    break;
            }
            send_due(door.descriptor());
        }
    }

    void interrupt() override { interrupted_.raise(); }
    server_counts counts() const override { return counters_.now(); }

private:
    struct address {
        sockaddr_storage bytes{};
        socklen_t size = sizeof(sockaddr_storage);
    };
    struct pending {
        time_point at;
        address to;
        std::vector<std::uint8_t> bytes;
    };

    void receive(int socket, served by) {
        std::array<std::uint8_t, 512> datagram;
        address from;
        const ssize_t count =
            ::recvfrom(socket, datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&from.bytes), &from.size);
        if (count <= 0) return;
        const auto leaves = answer_frame(frames_, by, bytes_view(datagram).first(static_cast<std::size_t>(count)));
        for (const departure& each : leaves) {
            if (pending_.size() >= pending_max) return;
            const time_point at = now() + each.after;
            const auto after = std::upper_bound(pending_.begin(), pending_.end(), at,
                                                [](time_point one, const pending& other) { return one < other.at; });
            pending_.insert(after, {at, from, each.bytes});
        }
    }

    void send_due(int socket) {
        while (!pending_.empty() && pending_.front().at <= now()) {
            const pending next = std::move(pending_.front());
            pending_.pop_front();
            // What can't be sent is lost, as datagrams are.
            [[maybe_unused]] const ssize_t sent = ::sendto(socket, next.bytes.data(), next.bytes.size(), MSG_NOSIGNAL,
                                                           reinterpret_cast<const sockaddr*>(&next.to.bytes), next.to.size);
        }
    }

    std::string scheme_, host_;
    std::uint16_t port_;
    envelope frames_;
    interruption interrupted_;
    server_counters counters_;
    std::deque<pending> pending_;  // by time
};

}  // namespace

std::unique_ptr<server> make_server(const udp_settings& where) {
    return std::make_unique<datagram_server>("udp", where, envelope::mbap);
}

std::unique_ptr<server> make_server(const rtu_over_udp_settings& where) {
    return std::make_unique<datagram_server>("rtu_over_udp", where, envelope::rtu);
}

}  // namespace modbus

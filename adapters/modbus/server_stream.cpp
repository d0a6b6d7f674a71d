// adapters/modbus/server_stream.cpp: simulated devices behind a listening socket: Modbus TCP, and RTU or ASCII over TCP.
// Not here: the framings (server_framing), and a line's pace.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <optional>
#include <utility>

#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/link_wait.hpp"
#include "adapters/modbus/server_endpoint.hpp"
#include "adapters/modbus/server_framing.hpp"

namespace modbus {
namespace {

constexpr std::size_t clients_max = 64;
constexpr std::size_t unsent_max = 65536;  // of a client that asks and doesn't read
constexpr std::size_t pending_max = 1000;  // answers that wait for their time

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
        : socket_(std::exchange(other.socket_, -1)),
          in_(std::move(other.in_)),
          out_(std::move(other.out_)),
          pending_(std::move(other.pending_)) {}
    client& operator=(client&& other) noexcept {
        std::swap(socket_, other.socket_);
        in_.swap(other.in_);
        out_.swap(other.out_);
        pending_.swap(other.pending_);
        return *this;
    }

    pollfd interest() const {
        const short in = out_.size() < unsent_max && pending_.size() < pending_max ? POLLIN : short{0};
        const short out = out_.empty() ? short{0} : POLLOUT;
        return {socket_, static_cast<short>(in | out), 0};
    }
    std::optional<time_point> next_due() const { return pending_.empty() ? std::nullopt : std::optional(pending_.front().at); }

    /// False: it is gone, or isn't one of ours.
    bool on_ready(short events, served by, stream_framing framing) {
        if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) {
            std::array<std::uint8_t, 4096> chunk;
            const ssize_t count = ::recv(socket_, chunk.data(), chunk.size(), 0);
            if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return false;
            if (count > 0) in_.insert(in_.end(), chunk.begin(), chunk.begin() + count);
            std::vector<departure> leaves;
            if (!framing(by, in_, leaves)) return false;
            for (departure& each : leaves) keep(std::move(each));
        }
        return on_time();
    }

    /// Sends what is due. False: the connection is to be closed, or is gone.
    bool on_time() {
        while (!pending_.empty() && pending_.front().at <= now()) {
            const departure leaves = std::move(pending_.front().what);
            pending_.pop_front();
            out_.insert(out_.end(), leaves.bytes.begin(), leaves.bytes.end());
            if (leaves.hangs_up) {
                [[maybe_unused]] const bool sent = flush();
                return false;
            }
        }
        return flush();
    }

private:
    struct pending {
        time_point at;
        departure what;
    };
    void keep(departure what) {
        const time_point at = now() + what.after;
        const auto after = std::upper_bound(pending_.begin(), pending_.end(), at,
                                            [](time_point one, const pending& other) { return one < other.at; });
        pending_.insert(after, {at, std::move(what)});
    }
    bool flush() {
        if (out_.empty()) return true;
        const ssize_t count = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (count < 0) return errno == EAGAIN || errno == EINTR;
        out_.erase(out_.begin(), out_.begin() + count);
        return true;
    }

    int socket_;
    std::vector<std::uint8_t> in_, out_;
    std::deque<pending> pending_;  // by time
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
            if (wait(ready, clients) < 0) continue;
            if (ready[0].revents != 0) return true;
            // From the back, so that the place of those still to come doesn't change.
            for (std::size_t index = clients.size(); index-- > 0;) {
                const short what = ready[2 + index].revents;
                const bool stays =
                    what != 0 ? clients[index].on_ready(what, {values, counters_}, framing_) : clients[index].on_time();
                if (!stays) {
                    clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(index));
                }
            }
            if (ready[1].revents != 0) accept(door, clients);
        }
    }

    void interrupt() override { interrupted_.raise(); }
    server_counts counts() const override { return counters_.now(); }

private:
    /// Until something comes in, or something has to go out.
    static int wait(std::vector<pollfd>& ready, const std::vector<client>& clients) {
        std::optional<time_point> due;
        for (const client& one : clients) {
            const auto at = one.next_due();
            if (at && (!due || *at < *due)) due = at;
        }
        const auto left = due ? std::max(nanoseconds(*due - now()), nanoseconds(0)) : nanoseconds(0);
        const timespec limit{static_cast<time_t>(left.count() / 1'000'000'000), static_cast<long>(left.count() % 1'000'000'000)};
        return ::ppoll(ready.data(), ready.size(), due ? &limit : nullptr, nullptr);
    }

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
            note(events,
                 "can't listen on " + where.name + ":" + std::to_string(port_) + ": " + system_words(error) + remedy_of(error));
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

std::unique_ptr<server> make_server(const ascii_over_tcp_settings& where) {
    return std::make_unique<stream_server>("ascii_over_tcp", where.host, where.port, serve_ascii_stream);
}

}  // namespace modbus

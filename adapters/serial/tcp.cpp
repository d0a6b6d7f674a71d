// adapters/serial/tcp.cpp: the channel over a TCP connection: of an instrument, or of a serial server.
// Not here: a serial port (port.cpp).
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#include "adapters/serial/channel.hpp"
#include "adapters/serial/wait.hpp"

namespace serial {
namespace {

struct address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    int family = 0;
};

/// A name on its way to being addresses. getaddrinfo can take many seconds and can't be interrupted: it gets a thread that nobody
/// waits for, and which keeps this alive.
struct lookup {
    interruption done;
    std::atomic<bool> complete = false;  // orders what follows
    int error = 0;
    std::vector<address> found;

    void run(const std::string& host, std::uint16_t port, int flags) {
        addrinfo hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = flags | AI_NUMERICSERV;
        addrinfo* list = nullptr;
        error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
        for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
            address& entry = found.emplace_back();
            entry.size = std::min<socklen_t>(one->ai_addrlen, sizeof entry.bytes);
            entry.family = one->ai_family;
            std::memcpy(&entry.bytes, one->ai_addr, entry.size);
        }
        if (list != nullptr) ::freeaddrinfo(list);
        complete.store(true, std::memory_order_release);
        done.raise();
    }
};

class tcp_channel final : public channel {
public:
    explicit tcp_channel(const tcp_settings& where) : where_(where) {}
    ~tcp_channel() override { close(); }
    tcp_channel(const tcp_channel&) = delete;
    tcp_channel& operator=(const tcp_channel&) = delete;

    std::string open(nanoseconds timeout) override {
        const time_point until = now() + timeout;
        std::vector<address> addresses;
        std::string fault = resolve(until, addresses);
        for (std::size_t i = 0; i < addresses.size() && !interrupted(); ++i) {
            // Each address gets its share of the time that is left.
            const auto share = nanoseconds(until - now()) / static_cast<std::int64_t>(addresses.size() - i);
            fault = connect(addresses[i], now() + share);
            if (fault.empty()) return "";
            close();
        }
        return name() + ": " + fault;
    }

    void close() override {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    bool is_open() const override { return socket_ >= 0; }
    time_point now() const override { return std::chrono::steady_clock::now(); }

    heard read(std::string& to, time_point until) override {
        switch (wait_for(socket_, POLLIN, until, interrupted_)) {
            case woken::interrupted:
                return heard::interrupted;
            case woken::time:
                return heard::nothing;
            case woken::ready:
                return take(to);
        }
        return heard::lost;
    }

    bool write(std::string_view bytes) override {
        const time_point until = now() + std::chrono::seconds(10);
        while (!bytes.empty()) {
            const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
            if (count > 0) continue;
            if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
            if (wait_for(socket_, POLLOUT, until, interrupted_) != woken::ready) return false;
        }
        return true;
    }

    /// What has come so far, and no more: a sender that never pauses must not hold this up.
    void discard() override {
        std::string dropped;
        for (int i = 0; i < 64 && take(dropped) == heard::bytes; ++i) dropped.clear();
    }

    std::string set_baud(std::uint32_t) override { return ""; }
    bool forgets_when_closed() const override { return true; }
    std::string name() const override {
        const bool is_ipv6 = where_.host.find(':') != std::string::npos;
        return (is_ipv6 ? "[" + where_.host + "]" : where_.host) + ":" + std::to_string(where_.port);
    }
    bool interrupted() const override { return interrupted_.raised(); }
    void interrupt() noexcept override { interrupted_.raise(); }

private:
    heard take(std::string& to) {
        std::array<char, 4096> chunk;
        const ssize_t count = ::recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return heard::nothing;
        if (count <= 0) return heard::lost;
        to.append(chunk.data(), static_cast<std::size_t>(count));
        return heard::bytes;
    }

    /// A name that takes longer than this goes on being resolved, for the next call.
    std::string resolve(time_point until, std::vector<address>& to) {
        if (!lookup_) {
            lookup_ = std::make_shared<lookup>();
            lookup_->run(where_.host, where_.port, AI_NUMERICHOST);
            if (lookup_->error == EAI_NONAME && !resolve_apart()) return "the name can't be resolved: no thread for it";
        }
        if (wait_for(lookup_->done.descriptor(), POLLIN, until, interrupted_) != woken::ready)
            return "the name is still being resolved";
        const auto result = std::exchange(lookup_, nullptr);
        if (!result->complete.load(std::memory_order_acquire) || result->error == EAI_SYSTEM) return "the name can't be resolved";
        if (result->error != 0) return ::gai_strerror(result->error);
        to = result->found;
        return to.empty() ? "the name has no address" : "";
    }

    bool resolve_apart() {
        lookup_ = std::make_shared<lookup>();
        try {
            std::thread([work = lookup_, host = where_.host, port = where_.port] { work->run(host, port, 0); }).detach();
            return true;
        } catch (const std::system_error&) {
            lookup_ = nullptr;
            return false;
        }
    }

    std::string connect(const address& to, time_point until) {
        socket_ = ::socket(to.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (socket_ < 0) return system_words(errno);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to.bytes), to.size) != 0) {
            if (errno != EINPROGRESS) return system_words(errno);
            if (wait_for(socket_, POLLOUT, until, interrupted_) != woken::ready) return "no connection in time";
            int error = 0;
            socklen_t size = sizeof error;
            if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
            if (error != 0) return system_words(error);
        }
        set_options();
        return "";
    }

    /// An instrument that lost its power says nothing: keep-alive finds out while nothing is asked, the user time-out while
    /// something is.
    void set_options() const {
        const auto set = [this](int level, int option, int number) {
            // None of these is worth going without the connection.
            [[maybe_unused]] const int done = ::setsockopt(socket_, level, option, &number, sizeof number);
        };
        set(IPPROTO_TCP, TCP_NODELAY, 1);
        set(SOL_SOCKET, SO_KEEPALIVE, 1);
        set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
        set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
        set(IPPROTO_TCP, TCP_KEEPCNT, 3);
        set(IPPROTO_TCP, TCP_USER_TIMEOUT, 10'000);
    }

    tcp_settings where_;
    interruption interrupted_;
    int socket_ = -1;
    std::shared_ptr<lookup> lookup_;
};

}  // namespace

std::unique_ptr<channel> make_channel(const tcp_settings& where) { return std::make_unique<tcp_channel>(where); }

}  // namespace serial

// tests/adapters/support/fake_device.hpp: the other end of a line, which does what a script says when it is asked something.
// Not here: a line's pace, and any clock: a device is "late" because the script answers at another event, never after a time.
#pragma once

#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/modbus/link_wait.hpp"
#include "adapters/modbus/rtu_frame.hpp"

namespace modbus {

using bytes = std::vector<std::uint8_t>;

inline bytes with_crc(bytes frame) {
    append_crc(frame);
    return frame;
}

inline bytes operator+(bytes left, const bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// The RTU answer to a read of registers.
inline bytes registers_frame(std::uint8_t unit, std::uint8_t function, const std::vector<std::uint16_t>& values) {
    bytes frame{unit, function, static_cast<std::uint8_t>(values.size() * 2)};
    for (const std::uint16_t value : values) {
        frame.push_back(static_cast<std::uint8_t>(value >> 8));
        frame.push_back(static_cast<std::uint8_t>(value & 0xFFu));
    }
    return with_crc(frame);
}

/// On any thread, hence without Catch's checks, which are for the test's own.
inline void write_all(int descriptor, const bytes& what) {
    const ssize_t count = ::write(descriptor, what.data(), what.size());
    if (count == static_cast<ssize_t>(what.size())) return;
    std::perror("the fake device can't write");
    std::abort();
}

/// A descriptor that is closed at the end, or before.
class owned_descriptor {
public:
    explicit owned_descriptor(int descriptor = -1) : descriptor_(descriptor) {}
    owned_descriptor(owned_descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    owned_descriptor& operator=(owned_descriptor&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~owned_descriptor() { close(); }
    void close() {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = -1;
    }
    int get() const { return descriptor_; }

private:
    int descriptor_;
};

struct socket_pair {
    owned_descriptor ours, theirs;
    socket_pair() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
        ours = owned_descriptor(ends[0]);
        theirs = owned_descriptor(ends[1]);
    }
};

/// A raw pty, as a simulator makes it, with its name.
struct raw_pty {
    owned_descriptor master, slave;
    std::string name;
    raw_pty() {
        termios raw{};
        ::cfmakeraw(&raw);
        raw.c_cflag |= CREAD | CLOCAL;
        int one = -1, other = -1;
        std::array<char, 64> path{};
        REQUIRE(::openpty(&one, &other, path.data(), &raw, nullptr) == 0);
        master = owned_descriptor(one);
        slave = owned_descriptor(other);
        name = path.data();
    }
};

/// Reads RTU requests (8 bytes each) from a descriptor on a thread of its own, and passes each to the script, which must not
/// use Catch's checks.
class fake_device {
public:
    using script = std::function<void(const bytes& request)>;

    fake_device(int descriptor, script on_request)
        : descriptor_(descriptor), on_request_(std::move(on_request)), thread_([this] { run(); }) {}
    ~fake_device() { stop(); }
    void stop() {
        stopped_.raise();
        if (thread_.joinable()) thread_.join();
    }
    /// The requests so far. Only after stop().
    const std::vector<bytes>& requests() const { return requests_; }

private:
    void run() {
        bytes begun;
        while (wait_for(descriptor_, POLLIN, now() + std::chrono::hours(1), stopped_) == woken::ready) {
            std::array<std::uint8_t, 256> chunk;
            const ssize_t count = ::read(descriptor_, chunk.data(), chunk.size());
            if (count <= 0) return;
            begun.insert(begun.end(), chunk.begin(), chunk.begin() + count);
            while (begun.size() >= request_size) {
                const bytes request(begun.begin(), begun.begin() + request_size);
                begun.erase(begun.begin(), begun.begin() + request_size);
                requests_.push_back(request);
                on_request_(request);
            }
        }
    }

    int descriptor_;
    script on_request_;
    interruption stopped_;
    std::vector<bytes> requests_;
    std::thread thread_;
};

}  // namespace modbus

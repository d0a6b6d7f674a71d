// adapters/modbus/channel_udp.cpp: see channel_udp.hpp.
// Not here: looking names up (link_resolve).
#include "adapters/modbus/channel_udp.hpp"

#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "adapters/modbus/link_answer.hpp"

namespace modbus {
namespace {

/// Dropped in one call at most, so that a flood can't keep it.
constexpr int dropped_max = 64;

}  // namespace

channel::opened udp_channel::open(std::chrono::nanoseconds timeout, const interruption& interrupted) {
    assert(!is_open());
    auto [stopped, fault, addresses] = lookup_.resolve(now() + timeout, interrupted);
    if (stopped || !fault.empty()) return {stopped, std::move(fault)};
    for (const host_address& one : addresses) {
        fault = connect(one);
        if (fault.empty()) return {};
    }
    return {false, name() + ": " + fault};
}

std::string udp_channel::connect(const host_address& to) {
    socket_ = ::socket(to.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ >= 0 && ::connect(socket_, reinterpret_cast<const sockaddr*>(&to.bytes), to.size) == 0) return "";
    const int error = errno;
    close();
    return system_words(error);
}

void udp_channel::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

bool udp_channel::send(bytes_view bytes) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent >= 0 && static_cast<std::size_t>(sent) == bytes.size();
}

ssize_t udp_channel::receive(std::span<std::uint8_t> to) {
    for (int dropped = 0; dropped < dropped_max; ++dropped) {
        const ssize_t size = ::recv(socket_, to.data(), to.size(), MSG_DONTWAIT | MSG_TRUNC);
        if (size < 0 || (size > 0 && static_cast<std::size_t>(size) <= to.size())) return size;
    }
    errno = EAGAIN;
    return -1;
}

}  // namespace modbus

// adapters/modbus/channel_udp.cpp: see channel_udp.hpp.
// Not here: looking names up (link_resolve).
#include "adapters/modbus/channel_udp.hpp"

#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <memory>
#include <utility>

#include "adapters/modbus/link_answer.hpp"

namespace modbus {
namespace {

/// Dropped in one call at most, so that a flood can't keep it.
constexpr int dropped_max = 64;

}  // namespace

udp_channel::udp_channel(const host_settings& where) : name_(endpoint_name(where.host, where.port)) {
    const auto lookup = std::make_shared<host_lookup>(where.host, where.port, SOCK_DGRAM);
    resolve_ = [lookup](time_point until, const interruption& interrupted) { return lookup->resolve(until, interrupted); };
}

channel::opened udp_channel::open(std::chrono::nanoseconds timeout, const interruption& interrupted) {
    assert(!is_open());
    auto [stopped, fault, addresses] = resolve_(now() + timeout, interrupted);
    if (stopped || !fault.empty()) return {stopped, std::move(fault)};
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        fault = connect(addresses[turn_ % addresses.size()]);
        if (fault.empty()) return {};
        ++turn_;
    }
    return {false, name() + ": " + fault};
}

std::string udp_channel::connect(const host_address& to) {
    socket_ = ::socket(to.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    heard_ = false;
    if (socket_ >= 0 && ::connect(socket_, reinterpret_cast<const sockaddr*>(&to.bytes), to.size) == 0) return "";
    const int error = errno;
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
    return system_words(error);
}

void udp_channel::close() {
    if (socket_ < 0) return;
    if (!heard_) ++turn_;
    ::close(socket_);
    socket_ = -1;
}

bool udp_channel::send(bytes_view bytes) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent >= 0 && static_cast<std::size_t>(sent) == bytes.size();
}

ssize_t udp_channel::receive(std::span<std::uint8_t> to) {
    for (int dropped = 0; dropped < dropped_max; ++dropped) {
        const ssize_t size = ::recv(socket_, to.data(), to.size(), MSG_DONTWAIT | MSG_TRUNC);
        heard_ = heard_ || size >= 0;
        if (size < 0 || (size > 0 && static_cast<std::size_t>(size) <= to.size())) return size;
    }
    errno = EAGAIN;
    return -1;
}

}  // namespace modbus

// adapters/modbus/server_endpoint.hpp: where simulated devices listen: an address of this machine's loopback, and a port.
// Not here: the socket.
#pragma once

#include <cstdint>
#include <string>

#include <sys/socket.h>

namespace modbus {

struct endpoint {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    std::string name;    // of the host, as in "127.0.0.1" or "[::1]"
    bool moved = false;  // the configured host was no loopback address
};

/// A twin listens on this machine alone: what it serves isn't real, and nobody authorises its clients.
endpoint loopback_endpoint(const std::string& host, std::uint16_t port);
std::uint16_t port_of(int socket);
/// What to do about an address that can't be had: "; …" or nothing.
std::string remedy_of(int error);

}  // namespace modbus

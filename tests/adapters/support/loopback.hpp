// tests/adapters/support/loopback.hpp: sockets of the loopback interface on ports that the system chooses, for a test's other
// side. Not here: what is said over them.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "tests/adapters/support/fake_device.hpp"

namespace modbus {

/// A socket bound to a free port of 127.0.0.1; of SOCK_STREAM it listens.
struct loopback_socket {
    owned_descriptor socket;
    std::uint16_t port = 0;
    explicit loopback_socket(int type = SOCK_STREAM, std::uint16_t at = 0) : socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
        const int yes = 1;
        REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(at);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        if (type == SOCK_STREAM) REQUIRE(::listen(socket.get(), 8) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port = ntohs(address.sin_port);
    }
    owned_descriptor accept() const { return owned_descriptor(::accept(socket.get(), nullptr, nullptr)); }
};

}  // namespace modbus

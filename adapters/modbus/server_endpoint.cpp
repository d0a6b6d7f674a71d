// adapters/modbus/server_endpoint.cpp: see server_endpoint.hpp.
// Not here: the socket.
#include "adapters/modbus/server_endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>

namespace modbus {

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

std::string remedy_of(int error) {
    if (error == EACCES) return "; a port from 1024 on needs no privilege";
    if (error == EADDRINUSE) return "; give it another port, or stop what listens there";
    return "";
}

}  // namespace modbus

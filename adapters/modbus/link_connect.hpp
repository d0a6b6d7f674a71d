// adapters/modbus/link_connect.hpp: a TCP connection, opened within a time and interruptibly, with the options a field bus needs.
// Not here: what is said over it.
#pragma once

#include <string>

#include <sys/socket.h>
#include <sys/types.h>

#include "adapters/modbus/link_resolve.hpp"
#include "adapters/modbus/link_wait.hpp"

namespace modbus {

class tcp_connection {
public:
    tcp_connection(std::string host, std::uint16_t port)
        : lookup_(host, port, SOCK_STREAM), host_(std::move(host)), port_(port) {}
    ~tcp_connection() { close(); }
    tcp_connection(const tcp_connection&) = delete;
    tcp_connection& operator=(const tcp_connection&) = delete;

    struct opened {
        bool interrupted = false;
        std::string fault;  // empty and not interrupted: it is open
    };
    /// Requires: not open. A name that takes longer than `timeout` to resolve goes on being resolved, for the next call.
    tcp_connection::opened open(std::chrono::nanoseconds timeout, const interruption& interrupted);
    void close();
    bool is_open() const { return socket_ >= 0; }
    int descriptor() const { return socket_; }
    /// All of it, or false and errno. A peer that takes none of so few bytes is stuck: EAGAIN.
    bool send(const std::uint8_t* bytes, std::size_t size) const;
    /// What is there, without waiting; 0: the other side has closed; -1: errno, EAGAIN if there is nothing.
    ssize_t receive(std::uint8_t* to, std::size_t size) const;
    /// "10.0.0.5:502"
    std::string name() const;

private:
    tcp_connection::opened connect(const host_address& to, time_point until, const interruption& interrupted);
    void set_options(std::chrono::nanoseconds timeout) const;

    host_lookup lookup_;
    std::string host_;
    std::uint16_t port_;
    int socket_ = -1;
};

}  // namespace modbus

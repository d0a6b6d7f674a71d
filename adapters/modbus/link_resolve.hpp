// adapters/modbus/link_resolve.hpp: a host's name as addresses, within a time and interruptibly.
// Not here: connecting to one of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "adapters/modbus/link_wait.hpp"

namespace modbus {

struct host_address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    int family = 0;
};

/// Host and port as a person writes them: "10.0.0.5:502", "[fe80::1]:502".
std::string endpoint_name(const std::string& host, std::uint16_t port);

class host_lookup {
public:
    /// `type`: SOCK_STREAM or SOCK_DGRAM.
    host_lookup(std::string host, std::uint16_t port, int type) : host_(std::move(host)), port_(port), type_(type) {}

    struct outcome {
        bool interrupted = false;
        std::string fault;  // for a person; empty and not interrupted: `found` holds at least one
        std::vector<host_address> found;
    };
    /// A name that isn't resolved by `until` goes on being resolved, for the next call.
    host_lookup::outcome resolve(time_point until, const interruption& interrupted);

private:
    struct question;
    struct release {
        void operator()(question* one) const;
    };
    std::string host_;
    std::uint16_t port_;
    int type_;
    std::unique_ptr<question, release> asked_;  // also its thread's, while that runs: the last of the two deletes it
};

}  // namespace modbus

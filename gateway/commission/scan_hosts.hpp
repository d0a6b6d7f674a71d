// gateway/commission/scan_hosts.hpp: which of many hosts take a TCP connection: some at once, each with a bound on its time.
// Not here: what they speak (scan_bus.hpp).
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace gateway {

/// Of "tcp://host:port" those that took the connection, in their order. `done` is called for each that is through; `stopped`
/// ends it early. Nothing is sent.
std::vector<std::string> hosts_that_listen(const std::vector<std::string>& hosts, std::chrono::milliseconds timeout,
                                           const std::function<void()>& done, const std::function<bool()>& stopped);
constexpr std::size_t hosts_at_once = 64;

}  // namespace gateway

// mqtt/transport_resolve.hpp: a host name → addresses, without holding up the loop or the end of the process.
// Asio's resolver isn't used: it does one look-up after the other, and the end of the io_context waits for the one under way.
// With the uplink away that is half a minute a look-up, in just the moment in which servers are tried in turn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/transport.hpp"

namespace mqtt {

/// An address and port as the system keeps them (a sockaddr).
using raw_endpoint = std::vector<std::byte>;

/// IPv6 and IPv4 by turns, each in the order given: a network that swallows one of them costs one patience, not one for each
/// address (RFC 8305, 4).
std::vector<raw_endpoint> families_by_turns(const std::vector<raw_endpoint>& found);

/// Destroying it gives the look-up up: its handler won't be called, and its thread ends by itself.
class lookup {
public:
    /// Called from the loop: an error in words, or at least one address, in the order in which to try them.
    using handler = std::function<void(std::string_view error, const std::vector<raw_endpoint>& found)>;

    lookup(boost::asio::io_context& loop, const std::string& host, std::uint16_t port, handler done);
    ~lookup();
    lookup(const lookup&) = delete;
    lookup& operator=(const lookup&) = delete;

private:
    struct shared;
    std::shared_ptr<shared> shared_;
};

/// TCP to addresses that are known already; the host and port of open() don't matter.
std::unique_ptr<transport> make_tcp_transport(boost::asio::io_context& loop, std::vector<raw_endpoint> known,
                                              tcp_settings how = {});

}  // namespace mqtt

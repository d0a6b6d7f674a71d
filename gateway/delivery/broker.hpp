// gateway/delivery/broker.hpp: what the config says of the broker as settings of the client, and what a broker grants of them.
// Not here: the connection itself (mqtt/client.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "config/read.hpp"
#include "mqtt/session.hpp"
#include "mqtt/transport_stack.hpp"

namespace gateway {

/// Names the broker that keeps the session: all servers of one destination share it.
std::string broker_name(const config::destination& to);

/// Fetches the secrets. Throws std::runtime_error with a message for the user if one can't be had.
mqtt::options session_options(const config::file& config, const mqtt::will& will);

/// One for each server, in order. Fetches the secrets; throws likewise, also if no connection could be made with them.
std::vector<mqtt::connection_settings> connections(const config::destination& to);

/// Warns of files that the config names for TLS and that can't be read here and now: they are read anew with each
/// connection, by the user that the service runs as.
void check_tls_files(const config::destination& to, std::vector<config::diagnostic>& out);

/// Which of the promises in the config a broker doesn't keep.
struct broker_limits {
    std::optional<std::uint32_t> session_expiry;  // seconds; shorter than was asked for
    std::optional<int> maximum_qos;               // lower than is used
    bool no_retain = false;
    bool operator==(const broker_limits&) const = default;
};
broker_limits limits_of(const mqtt::online& told, const config::file& config);

}  // namespace gateway

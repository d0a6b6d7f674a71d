// gateway/command/broker_options.hpp: what `tidegate pub` and `tidegate sub` are told of a broker, as typed → what the client
// needs. Not here: the command line itself (main.cpp), and the service's broker, which the config file describes.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/command/command_store.hpp"
#include "gateway/command/option_error.hpp"
#include "mqtt/transport_stack.hpp"
#include "mqtt/types.hpp"

namespace gateway {

/// Texts as they were typed; empty: not given. Secrets are references: `@env:NAME`, `@file:/path`, `@cred:NAME`.
struct broker_options {
    std::string url;
    std::string version = "5";
    std::string client_id;
    std::string username, password;
    std::string authentication;
    std::string ca, crl, certificate, key, key_password, server_name;
    std::string verify = "full";
    std::vector<std::string> alpn;
    std::string proxy, proxy_username, proxy_password;
    std::vector<std::string> headers;
    std::string keepalive = "60s";
    std::string session_expiry;
    std::string timeout;                       // of the whole command
    std::string state;                         // a queue file
    std::vector<std::string> user_properties;  // of CONNECT
    std::string will_topic, will_payload, will_delay;
    int will_qos = 0;
    bool will_retain = false;
    bool retry = false;
    bool verbose = false;
};

struct broker_settings {
    mqtt::options session;
    std::vector<mqtt::connection_settings> connections;  // of servers that share their sessions, tried in turn
    std::optional<std::chrono::milliseconds> timeout;
    std::optional<command_store> state;
    bool retry = false;
    bool verbose = false;
};

/// `role`: "pub" or "sub", part of the client identifier where none was given. Fetches the secrets.
option_result<broker_settings> settings_of(const broker_options& typed, const char* role);

/// "NAME=VALUE", in order.
option_result<std::vector<std::pair<std::string, std::string>>> pairs_of(const std::vector<std::string>& typed,
                                                                         const char* option);
option_result<std::chrono::seconds> seconds_of(const std::string& typed, const char* option);

}  // namespace gateway

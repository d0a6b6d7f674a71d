// config/model.hpp: what a config file says, as plain structs with units in their types.
// Not here: how it is read (read.hpp) and what it means to a bus (the adapters).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace config {

/// A place in the config file. Counts from 1; a column counts characters, not bytes. Line 0: no place (a default).
struct position {
    std::size_t line = 0;
    std::size_t column = 0;
    bool operator==(const position&) const = default;
};

/// A secret is never in the file, only where to find it: `@env:NAME`, `@file:/path`, `@cred:NAME`.
struct secret_reference {
    enum class source : std::uint8_t { environment, file, credential };
    source from = source::environment;
    std::string name;
    position where;
    bool operator==(const secret_reference&) const = default;
};

/// A key that belongs to an adapter: the adapter says what it may be (vocabulary.hpp), this is what the user wrote.
struct setting {
    std::string path;          // "register", "serial.port"
    std::string text;          // as written
    std::int64_t integer = 0;  // integers, booleans, durations (ns), the key of a map entry
    double number = 0;         // numbers
    position where;            // of the value
};

enum class payload_format : std::uint8_t { json, raw };
enum class publish_mode : std::uint8_t { every_poll, on_change };

struct deadband {
    double amount = 0;  // in the point's unit, or in percent of the last published value
    bool percent = false;
    bool operator==(const deadband&) const = default;
};

/// How readings become messages. A device overrides the defaults, a point overrides its device; after reading, each
/// point's rules are complete.
struct publish_rules {
    std::string topic = "{gateway}/{device}/{point}";
    payload_format format = payload_format::json;
    int qos = 1;
    bool retain = false;
    publish_mode mode = publish_mode::every_poll;
    deadband band;
    std::chrono::milliseconds min_interval{0};  // on_change: at most one message in this time
    std::chrono::milliseconds max_interval{0};  // on_change: at least one message in this time; 0: none
    position topic_where;
    bool operator==(const publish_rules&) const = default;
};

struct point {
    std::string name;
    std::chrono::nanoseconds every{0};  // 0: as fast as the bus allows
    std::string unit;                   // of measurement; may be empty
    publish_rules publish;
    std::vector<setting> settings;  // the adapter's keys
    position where;
};

struct device {
    std::string name;
    std::vector<setting> settings;
    std::vector<point> points;
    position where;
};

struct bus {
    std::string name;
    std::string adapter;
    std::vector<setting> settings;
    std::vector<device> devices;
    position where;
    position adapter_where;
};

struct server {
    std::string host;
    std::uint16_t port = 1883;
    bool operator==(const server&) const = default;
};

enum class mqtt_version : std::uint8_t { v3_1_1 = 4, v5 = 5 };
enum class session_loss : std::uint8_t { resend, drop };

struct destination {
    std::string name = "default";
    std::vector<server> servers;  // at least one; tried in turn
    mqtt_version version = mqtt_version::v5;
    std::string client_id;  // default: the gateway's id
    std::string username;   // empty: none
    std::optional<secret_reference> password;
    std::chrono::seconds keepalive{60};  // 0: off
    std::chrono::seconds session_expiry{std::chrono::hours{24 * 7}};
    session_loss on_session_loss = session_loss::resend;
    position where;
};

enum class when_full : std::uint8_t { drop_oldest, drop_newest };

struct buffer {
    std::string path = "/var/lib/tidegate/queue.db";
    std::uint64_t max_bytes = 2ull << 30;
    when_full policy = when_full::drop_oldest;
    std::chrono::milliseconds commit_every{100};
    position where;
};

struct file {
    std::string gateway_id;
    destination mqtt;
    config::buffer buffer;
    std::vector<bus> buses;
};

}  // namespace config

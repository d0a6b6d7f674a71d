// config/model.hpp: what a config file says, as plain structs with units in their types.
// Not here: how it is read (read.hpp) and what it means to a bus (the adapters).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/held.hpp"

namespace config {

/// A place in the config file, or in a template that it uses. Counts from 1; a column counts characters, not bytes. Line 0: no
/// place (a default).
struct position {
    std::size_t line = 0;
    std::size_t column = 0;
    std::size_t file = 0;  // 0: the config file; else which of the templates that were read, from 1
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
/// Where a message bears the key by which consumers know it again: nowhere, as a user property (MQTT 5), or in its JSON.
enum class idempotency_key : std::uint8_t { none, property, json };

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
    std::chrono::seconds expiry{0};             // from the reading on; 0: none
    config::idempotency_key key = idempotency_key::none;
    position topic_where;
    position key_where;
    position qos_where;
    bool operator==(const publish_rules&) const = default;
};

/// What gives way on a bus that can't do everything: low first.
enum class priority : std::uint8_t { high, normal, low };

/// `only_if: "mode == 1"`: what another point of the device must read.
struct interlock {
    enum class comparison : std::uint8_t { equal, unequal, less, at_most, greater, at_least };
    std::string point;
    comparison how = comparison::equal;
    std::string value;  // as written
    position where = {};
    bool operator==(const interlock&) const = default;
};

/// What is written when no broker has been there for so long.
struct fail_safe {
    std::string value;  // as written
    std::chrono::nanoseconds after{0};
    bool operator==(const fail_safe&) const = default;
};

/// What a command may do to a writable point, in the point's own unit.
struct write_rules {
    std::optional<double> least, most, step, max_change;
    std::vector<std::string> allowed;                                  // as written; empty: whatever the others allow
    std::chrono::nanoseconds every{std::chrono::seconds{1}};           // at most one write in this time
    std::chrono::nanoseconds ttl{std::chrono::seconds{10}};            // of a command that says when it was made
    bool verify = true;                                                // by reading back
    std::chrono::nanoseconds verify_delay{0};                          // before the first reading
    std::chrono::nanoseconds verify_timeout{std::chrono::seconds{5}};  // from the first reading on
    double tolerance = 0;                                              // within which a reading is what was written
    std::optional<interlock> only_if;
    std::optional<config::fail_safe> fail_safe;
    bool dangerous = false;  // a command must say so, too
    position where;
};

/// Which readings of a point are believed, and how they are rounded. Of numbers only.
struct plausibility {
    std::optional<double> least, most;
    std::optional<double> max_step;  // from one reading to the next
    bool monotonic = false;          // a counter, which never falls
    std::optional<int> round;        // digits behind the point
    bool operator==(const plausibility&) const = default;
};

/// What a point is worked out from instead of being read.
struct computation {
    /// A point of the same bus, by its number in its device's list.
    struct input {
        std::size_t device = 0;  // on its bus
        std::size_t point = 0;
        bool operator==(const input&) const = default;
    };
    std::string formula;        // formula.hpp reads it
    std::vector<input> inputs;  // in the order of its formula::inputs()
    position where;
};

struct point {
    std::string name;
    std::chrono::nanoseconds every{0};  // 0: as fast as the bus allows
    std::string unit;                   // of measurement; may be empty
    shared<publish_rules> publish;
    rare<write_rules> writable;            // nothing: no command may write it
    rare<config::plausibility> plausible;  // nothing: every reading is believed
    rare<computation> compute;             // then it has no settings, and `every` is the shortest of its own device's inputs
    std::vector<setting> settings;         // the adapter's keys
    position where;
    config::priority priority = config::priority::normal;
};

struct device {
    std::string name;
    std::vector<setting> settings;
    std::vector<point> points;
    position where;
    std::string template_name = {};  // empty: none
    position template_where = {};
    std::string digest = {};  // of what its adapter is told, by which a changed config is known
                              // (gateway/service/config_digest.hpp); outlives `settings`
};

struct bus {
    std::string name;
    std::string adapter;
    std::vector<setting> settings;
    std::vector<device> devices;
    position where;
    position adapter_where;
    std::chrono::nanoseconds longest_timeout{0};  // of those that it or a device is given; outlives `settings`, as does `digest`
    std::string digest = {};                      // of all that makes its thread another one (gateway/service/config_digest.hpp)
};

enum class scheme : std::uint8_t { mqtt, mqtts, ws, wss };
constexpr bool is_tls(scheme what) { return what == scheme::mqtts || what == scheme::wss; }
constexpr bool is_websocket(scheme what) { return what == scheme::ws || what == scheme::wss; }

struct server {
    std::string host;  // an IPv6 address without brackets
    std::uint16_t port = 1883;
    config::scheme scheme = scheme::mqtt;
    std::string path = {};  // of a WebSocket, with its query
    bool operator==(const server&) const = default;
};

enum class mqtt_version : std::uint8_t { v3_1_1 = 4, v5 = 5 };
enum class session_loss : std::uint8_t { resend, drop };
enum class redirects : std::uint8_t { follow, ignore };
enum class login : std::uint8_t { password, scram_sha_256 };

/// What of the broker's certificate is checked. `chain_only`: who vouches for it, and when, but not its name.
enum class tls_verify : std::uint8_t { full, chain_only, none };

/// A file or folder that a key names; empty: none.
struct named_file {
    std::string path;
    position where;
    bool operator==(const named_file&) const = default;
};

struct tls {
    named_file ca;  // a folder, too; empty: whom the system trusts
    named_file crl;
    named_file certificate;
    named_file key;  // empty: it is in `certificate`
    std::optional<secret_reference> key_password;
    std::vector<std::string> alpn;
    std::string server_name;  // empty: the host of the URL
    tls_verify verify = tls_verify::full;
};

struct proxy {
    std::string host;
    std::uint16_t port = 3128;
    std::string username;  // empty: none
    std::optional<secret_reference> password;
    position where;
};

/// A field of the HTTP request that opens a WebSocket: its text, or where that is.
struct header {
    std::string name;
    std::string text;
    std::optional<secret_reference> secret;
    position where;
    bool operator==(const header&) const = default;
};

struct destination {
    std::string name = "default";
    std::vector<server> servers;  // at least one; tried in turn
    mqtt_version version = mqtt_version::v5;
    std::string client_id;  // default: the gateway's id
    std::string username;   // empty: none
    std::optional<secret_reference> password;
    config::tls tls;
    std::optional<config::proxy> proxy;
    std::vector<header> websocket_headers;
    std::chrono::seconds keepalive{60};  // 0: off
    std::chrono::seconds session_expiry{std::chrono::hours{24 * 7}};
    session_loss on_session_loss = session_loss::resend;
    int max_qos = 2;
    std::optional<std::uint16_t> max_in_flight;  // nothing: 100, or 20 in MQTT 3.1.1, where the broker can't say what it takes
    std::uint16_t receive_maximum = 20;
    std::uint16_t topic_aliases = 32;
    std::chrono::seconds will_delay{0};
    config::redirects redirects = redirects::follow;
    config::login login = login::password;
    bool status_topics = true;  // false: only readings are published, and no will is left
    int poison_after = 3;       // 0: never
    position where;
};

enum class when_full : std::uint8_t { drop_oldest, drop_newest, thin };

enum class durability : std::uint8_t { always, on_outage };

struct buffer {
    std::string path = "/var/lib/tidegate/queue.db";
    std::uint64_t max_bytes = 2ull << 30;
    std::chrono::milliseconds max_age{0};  // 0: none
    when_full policy = when_full::drop_oldest;
    config::durability durability = durability::always;
    std::chrono::milliseconds commit_every{100};
    position where;
};

/// The status page, its interface and the metrics.
struct http {
    std::string host;           // an address, without brackets
    std::uint16_t port = 8377;  // 0: any that is free
    bool loopback = true;
    std::optional<secret_reference> token;
    named_file certificate;  // empty: no TLS
    named_file key;          // empty: it is in `certificate`
    bool writes = false;     // whether it takes commands
    position where;
    /// Wherever in the file it stands.
    bool operator==(const http& other) const {
        const auto same_token = token.has_value() == other.token.has_value() &&
                                (!token || (token->from == other.token->from && token->name == other.token->name));
        return same_token && host == other.host && port == other.port && certificate.path == other.certificate.path &&
               key.path == other.key.path && writes == other.writes;
    }
};

/// When the board's clock counts as right. `automatic`: when the system says so; `trusted`: always, for sites without a time
/// server whose battery clock is right.
enum class clock_trust : std::uint8_t { automatic, trusted };

/// A device template, as its file says; which keys its devices have is in the devices that use it.
struct template_file {
    std::string name;
    std::string path;
    std::string text;
    std::string extends;  // the name of another; empty: none
    std::string description;
    std::string manufacturer;
    std::string model;
    std::string adapter;  // of the buses that it is for; empty: any
    std::vector<std::string> sources;
    std::vector<std::string> notes;
    std::vector<std::pair<std::string, std::string>> defaults;  // how the device leaves its factory, in words
};

struct file {
    std::string gateway_id;
    clock_trust clock = clock_trust::automatic;
    bool writes = false;                              // whether there are commands at all
    std::chrono::milliseconds command_timeout{5000};  // how long one may wait for its bus
    destination mqtt;
    config::buffer buffer;
    std::vector<bus> buses;
    std::optional<config::http> http;  // nothing: off
};

}  // namespace config

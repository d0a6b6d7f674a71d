// config/schema.cpp: the table of all keys.
#include "config/schema.hpp"

namespace config {
namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t second = 1'000 * millisecond;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t day = 86'400 * second;
constexpr std::int64_t longest_period = 366 * day;
constexpr std::int64_t longest_age = 3660 * day;
constexpr std::int64_t longest_text = 65'535;                   // of an MQTT string, in bytes
constexpr std::int64_t longest_session = 0xFFFF'FFFF * second;  // MQTT: never expires
constexpr std::int64_t longest_expiry = 0xFFFF'FFFF * second;
constexpr std::int64_t longest_path = 4096;
constexpr std::int64_t longest_formula = 1000;
constexpr std::int64_t most_in_flight = 1000;
constexpr std::int64_t most_aliases = 1000;
constexpr std::int64_t mebibyte = 1 << 20;
constexpr std::int64_t largest_database = mebibyte << 20;

// clang-format off
const std::vector<definition>& keys() {
    static const std::vector<definition> all = {
        {.section = section::file, .form = form::map, .path = "gateway", .required = true, .help = "The gateway itself."},
        {.section = section::gateway, .form = form::text, .path = "id", .required = true,
         .help = "Its name: in topics, and the MQTT client identifier unless that is set.", .synonyms = {"name"}},
        {.section = section::gateway, .form = form::choice, .path = "clock", .choices = {"auto", "trusted"}, .fallback = "auto",
         .help = "When the board's clock counts as right: auto, when the system says so; trusted, always.",
         .synonyms = {"time", "ntp", "rtc", "timesync"}},

        {.section = section::file, .form = form::map, .path = "mqtt", .required = true, .help = "Where messages go.",
         .unbuilt_list = "a list of destinations is designed but not built yet; this version has one: write its keys right below 'mqtt'",
         .synonyms = {"broker", "server", "brokers", "destination"}},
        {.section = section::mqtt, .form = form::url, .path = "url", .help = "The broker: mqtt://host[:1883], mqtts://, ws:// or wss://.",
         .synonyms = {"host", "hostname", "broker", "server", "address", "uri", "port"}},
        {.section = section::mqtt, .form = form::url_list, .path = "urls", .help = "Several brokers instead, tried in turn.",
         .synonyms = {"hosts", "brokers", "servers"}},
        {.section = section::mqtt, .form = form::choice, .path = "version", .choices = {"5", "3.1.1"}, .fallback = "5",
         .help = "Of the MQTT protocol.", .synonyms = {"protocol", "protocol_version"}},
        {.section = section::mqtt, .form = form::text, .path = "client_id", .most = longest_text,
         .help = "The MQTT client identifier; the gateway's id by default.", .synonyms = {"id"}},
        {.section = section::mqtt, .form = form::text, .path = "username", .most = longest_text,
         .help = "The user name for the broker.", .synonyms = {"user", "login"}},
        {.section = section::mqtt, .form = form::secret, .path = "password",
         .help = "Where the password is: @env:NAME, @file:/path or @cred:NAME.", .synonyms = {"pass", "secret"}},
        {.section = section::mqtt, .form = form::choice, .path = "authentication", .choices = {"password", "scram-sha-256"},
         .fallback = "password", .help = "How the gateway logs in; scram-sha-256 never shows the password (MQTT 5).",
         .synonyms = {"auth", "auth_method", "authentication_method"}},
        {.section = section::mqtt, .form = form::map, .path = "tls", .help = "Of mqtts:// and wss://: whom to trust, and who we are.",
         .synonyms = {"ssl", "cafile"}},
        {.section = section::mqtt, .form = form::text, .path = "tls.ca", .most = longest_path,
         .help = "Who may vouch for the broker: a file or a folder of certificates; by default whom the system trusts.",
         .synonyms = {"cafile", "ca_file", "capath", "ca_cert", "ca_certs", "ca_certificate", "root_ca"}},
        {.section = section::mqtt, .form = form::text, .path = "tls.crl", .most = longest_path,
         .help = "A file of revoked certificates.", .synonyms = {"crlfile", "crl_file"}},
        {.section = section::mqtt, .form = form::text, .path = "tls.cert", .most = longest_path,
         .help = "The gateway's certificate, for a broker that asks for one.",
         .synonyms = {"certificate", "crt", "certfile", "cert_file", "client_cert", "client_certificate"}},
        {.section = section::mqtt, .form = form::text, .path = "tls.key", .most = longest_path,
         .help = "The file of its key; by default that of the certificate.",
         .synonyms = {"keyfile", "key_file", "private_key", "client_key"}},
        {.section = section::mqtt, .form = form::secret, .path = "tls.key_password",
         .help = "Where the key's password is: @env:NAME, @file:/path or @cred:NAME.", .synonyms = {"password", "passphrase"}},
        {.section = section::mqtt, .form = form::text_list, .path = "tls.alpn", .help = "Protocols to offer, the favourite first."},
        {.section = section::mqtt, .form = form::text, .path = "tls.server_name", .most = 253,
         .help = "The name that the broker's certificate must have; by default the URL's host.",
         .synonyms = {"servername", "sni", "hostname", "host"}},
        {.section = section::mqtt, .form = form::choice, .path = "tls.verify", .choices = {"full", "chain_only", "none"},
         .fallback = "full", .help = "What of the broker's certificate is checked.",
         .synonyms = {"insecure", "tls_insecure", "skip_verify", "insecure_skip_verify", "verify_mode"}},
        {.section = section::mqtt, .form = form::map, .path = "proxy", .help = "An HTTP proxy on the way to the broker.",
         .synonyms = {"http_proxy", "https_proxy"}},
        {.section = section::mqtt, .form = form::url, .path = "proxy.url", .help = "The proxy: http://host[:3128].",
         .synonyms = {"host", "address", "server", "port"}},
        {.section = section::mqtt, .form = form::text, .path = "proxy.username", .most = 255, .help = "The user name for the proxy.",
         .synonyms = {"user", "login"}},
        {.section = section::mqtt, .form = form::secret, .path = "proxy.password",
         .help = "Where its password is: @env:NAME, @file:/path or @cred:NAME.", .synonyms = {"pass", "secret"}},
        {.section = section::mqtt, .form = form::map, .path = "websocket", .help = "Of ws:// and wss://.", .synonyms = {"ws"}},
        {.section = section::mqtt, .form = form::text_by_name, .path = "websocket.headers",
         .help = "Further fields of the request that opens the WebSocket; a value may be a reference to a secret."},
        {.section = section::mqtt, .form = form::duration, .path = "keepalive", .least = 0, .most = 65'535 * second,
         .step = second, .fallback = "60s", .help = "The longest silence towards the broker; 0s turns it off.",
         .synonyms = {"keep_alive", "keep_alive_interval"}},
        {.section = section::mqtt, .form = form::duration, .path = "session_expiry", .least = 0, .most = longest_session,
         .step = second, .fallback = "7d", .help = "How long the broker keeps the session while the gateway is away.",
         .synonyms = {"clean_session", "clean_start"}},
        {.section = section::mqtt, .form = form::choice, .path = "on_session_loss", .choices = {"resend", "drop"},
         .fallback = "resend", .help = "What becomes of messages in flight when the broker has lost the session."},
        {.section = section::mqtt, .form = form::duration, .path = "will_delay", .least = 0, .most = longest_session, .step = second,
         .fallback = "0s", .help = "How long the broker waits before it says that the gateway is offline (MQTT 5).",
         .synonyms = {"will", "will_delay_interval", "last_will"}},
        {.section = section::mqtt, .form = form::integer, .path = "max_qos", .least = 0, .most = 2, .fallback = "2",
         .help = "The highest QoS that the broker takes; messages of a higher one go with this.", .synonyms = {"maximum_qos"}},
        {.section = section::mqtt, .form = form::integer, .path = "max_in_flight", .least = 1, .most = most_in_flight,
         .help = "Messages sent and not yet acknowledged, at most; 100 by default, 20 in MQTT 3.1.1.",
         .synonyms = {"inflight", "max_inflight", "max_inflight_messages", "window"}},
        {.section = section::mqtt, .form = form::integer, .path = "receive_maximum", .least = 1, .most = 65'535, .fallback = "20",
         .help = "Messages towards the gateway that it has not yet acknowledged, at most (MQTT 5)."},
        {.section = section::mqtt, .form = form::integer, .path = "topic_aliases", .least = 0, .most = most_aliases, .fallback = "32",
         .help = "Topics that are sent as a number once the broker knows them, at most; 0: none (MQTT 5).",
         .synonyms = {"topic_alias_maximum", "max_topic_aliases"}},
        {.section = section::mqtt, .form = form::choice, .path = "redirects", .choices = {"follow", "ignore"}, .fallback = "follow",
         .help = "What to do when the broker names another server (MQTT 5).", .synonyms = {"redirect", "server_reference"}},
        {.section = section::mqtt, .form = form::integer, .path = "poison_after", .least = 0, .most = 100, .fallback = "3",
         .help = "A message on which the broker closes so many connections in a row is put aside; 0: never."},

        {.section = section::file, .form = form::map, .path = "buffer", .help = "The durable queue.",
         .synonyms = {"queue", "store", "storage", "cache"}},
        {.section = section::buffer, .form = form::text, .path = "path", .fallback = "/var/lib/tidegate/queue.db",
         .help = "Its file.", .synonyms = {"file", "filename"}},
        {.section = section::buffer, .form = form::size, .path = "max_bytes", .least = mebibyte, .most = largest_database,
         .fallback = "2GiB", .help = "The largest size of that file.", .synonyms = {"size", "max_size", "limit"}},
        {.section = section::buffer, .form = form::duration, .path = "max_age", .least = minute, .most = longest_age, .step = second,
         .zero_allowed = true, .fallback = "0s", .help = "Messages that have waited longer are dropped; 0s: none are for their age.",
         .synonyms = {"max_time", "retention", "max_retention", "retention_time", "keep"}},
        {.section = section::buffer, .form = form::choice, .path = "when_full", .choices = {"drop_oldest", "drop_newest", "thin"},
         .fallback = "drop_oldest", .help = "What goes when the queue is full; thin: every second message of each topic, the oldest first.",
         .synonyms = {"policy", "overflow", "drop_policy", "on_full"}},
        {.section = section::buffer, .form = form::choice, .path = "durability", .choices = {"always", "on_outage"}, .fallback = "always",
         .help = "Whether every message is written before it is sent, or only what isn't acknowledged within 'commit_every' (QoS 0 and 1)."},
        {.section = section::buffer, .form = form::duration, .path = "commit_every", .least = millisecond, .most = 10 * second,
         .step = millisecond, .fallback = "100ms", .help = "The most that a power cut can lose: the readings of this time."},
        {.section = section::buffer, .form = form::unbuilt, .path = "qos0", .unbuilt = "this version never stores messages of qos 0"},

        {.section = section::file, .form = form::map, .path = "publish",
         .help = "How readings become messages; a device overrides it with its own, a point with the same keys inline.",
         .synonyms = {"output", "message", "messages"}},
        {.section = section::publish, .form = form::topic, .path = "topic", .fallback = "{gateway}/{device}/{point}",
         .help = "With {gateway}, {bus}, {device}, {point}; without {point}: one message a device and poll, with all its points."},
        {.section = section::publish, .form = form::choice, .path = "format", .choices = {"json", "raw"}, .fallback = "json",
         .help = "Of the payload: with a time stamp, or the bare value.", .synonyms = {"payload"}},
        {.section = section::publish, .form = form::integer, .path = "qos", .least = 0, .most = 2, .fallback = "1",
         .help = "How often a message arrives: at most once, at least once, exactly once."},
        {.section = section::publish, .form = form::boolean, .path = "retain", .fallback = "false",
         .help = "Whether the broker keeps the last message for new subscribers.", .synonyms = {"retained"}},
        {.section = section::publish, .form = form::choice, .path = "mode", .choices = {"every_poll", "on_change"},
         .fallback = "every_poll", .help = "Which readings are published.", .synonyms = {"publish_mode"}},
        {.section = section::publish, .form = form::deadband, .path = "deadband", .fallback = "0",
         .help = "on_change: how much a value must differ, in its unit (0.5) or in percent of the last one sent (2%).",
         .synonyms = {"threshold", "tolerance", "hysteresis", "delta"}},
        {.section = section::publish, .form = form::duration, .path = "min_interval", .least = 0, .most = longest_period,
         .step = millisecond, .fallback = "0s", .help = "on_change: at most one message in this time."},
        {.section = section::publish, .form = form::duration, .path = "max_interval", .least = 0, .most = longest_period,
         .step = millisecond, .fallback = "0s", .help = "on_change: at least one message in this time; 0s: none is due.",
         .synonyms = {"heartbeat"}},
        {.section = section::publish, .form = form::duration, .path = "expiry", .least = 0, .most = longest_expiry, .step = second,
         .fallback = "0s", .help = "How long a message is worth delivering, from its reading on; 0s: for ever.",
         .synonyms = {"ttl", "message_expiry", "message_expiry_interval", "lifetime"}},
        {.section = section::publish, .form = form::choice, .path = "idempotency_key", .choices = {"none", "property", "json"},
         .fallback = "none", .help = "Whether a message bears a key of its own, by which a repetition is known.",
         .synonyms = {"message_id", "dedup_key", "deduplication_key"}},

        {.section = section::file, .form = form::named, .path = "buses", .required = true,
         .help = "The serial lines and network connections, each with a name.", .synonyms = {"bus", "connections", "networks"}},
        {.section = section::bus, .form = form::text, .path = "adapter", .required = true,
         .help = "Which adapter speaks to the bus; its keys stand beside.", .synonyms = {"type", "protocol", "driver", "plugin"}},
        {.section = section::bus, .form = form::named, .path = "devices", .required = true,
         .help = "What is on the bus, each with a name.", .synonyms = {"slaves", "nodes", "meters"}},
        {.section = section::device, .form = form::duration, .path = "every", .least = millisecond, .most = longest_period,
         .zero_allowed = true, .help = "How often its points are read; 0s: as fast as the bus allows.",
         .synonyms = {"interval", "poll_interval", "polling_interval", "period", "cycle", "rate", "refresh"}},
        {.section = section::device, .form = form::unbuilt, .path = "template",
         .unbuilt = "write the points under 'points' for now"},
        {.section = section::device, .form = form::map, .path = "publish", .help = "As at the top, for this device."},
        {.section = section::device, .form = form::named, .path = "points", .required = true, .replaced_by = "template",
         .help = "What is read from the device, each with a name.", .synonyms = {"registers", "tags", "values", "measurements", "fields"}},
        {.section = section::point, .form = form::duration, .path = "every", .least = millisecond, .most = longest_period,
         .zero_allowed = true, .help = "How often the point is read; its device's by default.",
         .synonyms = {"interval", "poll_interval", "polling_interval", "period", "cycle", "rate", "refresh"}},
        {.section = section::point, .form = form::text, .path = "unit", .most = 64, .help = "Of measurement, such as W or \xC2\xB0" "C.",
         .empty_allowed = true, .synonyms = {"units", "unit_of_measurement"}},
        {.section = section::point, .form = form::text, .path = "compute", .most = longest_formula,
         .help = "A formula over other points, such as \"voltage * current / 1000\", instead of an address.",
         .synonyms = {"formula", "expression", "expr", "calculate", "calc", "computed"}},
        {.section = section::point, .form = form::number, .path = "valid.min",
         .help = "The least value that is believed; what is less is not published.", .synonyms = {"minimum", "low", "least", "lower"}},
        {.section = section::point, .form = form::number, .path = "valid.max",
         .help = "The greatest value that is believed.", .synonyms = {"maximum", "high", "most", "upper"}},
        {.section = section::point, .form = form::number, .path = "max_step",
         .help = "The most by which a value differs from the one before; a greater step is believed when the next reading bears it out.",
         .synonyms = {"max_change", "max_delta", "spike"}},
        {.section = section::point, .form = form::boolean, .path = "monotonic", .fallback = "false",
         .help = "Whether the value never falls; a lower one is believed when the next reading bears it out.",
         .synonyms = {"total_increasing", "counter", "increasing"}},
        {.section = section::point, .form = form::integer, .path = "round", .least = 0, .most = 15,
         .help = "Digits behind the decimal point; all by default.",
         .synonyms = {"precision", "decimals", "digits", "accuracy_decimals"}},

        {.section = section::file, .form = form::unbuilt, .path = "http", .unbuilt = "this version has no status page",
         .synonyms = {"web", "metrics", "status"}},
    };
    return all;
}
// clang-format on

}  // namespace

std::span<const definition> schema() { return keys(); }

}  // namespace config

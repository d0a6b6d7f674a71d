// gateway/command/broker_options.cpp: each option's text is read once, with the option's name in what is said against it.
// Not here: what the client makes of it (mqtt/).
#include "gateway/command/broker_options.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "config/address.hpp"
#include "config/units.hpp"
#include "gateway/delivery/queue_damage.hpp"
#include "gateway/delivery/scram_login.hpp"
#include "gateway/random_bytes.hpp"
#include "gateway/secrets.hpp"
#include "mqtt/codec.hpp"
#include "mqtt/topic.hpp"

namespace gateway {
namespace {

std::string random_name(const char* role) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string name = std::string("tidegate-") + role + '-';
    for (const char byte : random_bytes(8)) name += digits[static_cast<unsigned char>(byte) & 15u];
    return name;
}

/// Only a reference: an argument is seen by everyone who can list processes.
option_result<std::string> secret_of(const std::string& typed, const char* option) {
    const auto reference = config::parse_secret(typed);
    if (!reference.value) return option_error::because(std::string(option) + ": " + reference.problem);
    auto secret = fetch(*reference.value);
    if (!secret) return option_error::because(std::string(option) + ": " + secret.error().message());
    return std::move(*secret);
}

option_result<std::chrono::milliseconds> duration_of(const std::string& typed, const char* option) {
    const auto parsed = config::parse_duration(typed);
    if (!parsed.value) return option_error::because(std::string(option) + ": " + parsed.problem);
    return std::chrono::duration_cast<std::chrono::milliseconds>(*parsed.value);
}

}  // namespace

void throw_exception_from_error(const option_error& what, const boost::source_location&) {
    throw std::runtime_error(what.message());
}

option_result<std::chrono::seconds> seconds_of(const std::string& typed, const char* option) {
    const auto duration = duration_of(typed, option);
    if (!duration) return duration.error();
    return std::chrono::duration_cast<std::chrono::seconds>(*duration);
}

option_result<std::vector<std::pair<std::string, std::string>>> pairs_of(const std::vector<std::string>& typed,
                                                                         const char* option) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const std::string& each : typed) {
        const std::size_t equals = each.find('=');
        if (equals == std::string::npos || equals == 0)
            return option_error::because(std::string(option) + ": '" + each + "' is not of the form NAME=VALUE");
        pairs.emplace_back(each.substr(0, equals), each.substr(equals + 1));
    }
    return pairs;
}

namespace {

constexpr std::size_t longest_text = 65535;  // bytes

option_result<void> set_login(const broker_options& typed, mqtt::options& session) {
    session.username = typed.username;
    if (!typed.password.empty()) {
        if (typed.username.empty() && session.version != mqtt::version::v5)
            return option_error::because("MQTT 3.1.1 has no password without a name: give --username, too");
        auto secret = secret_of(typed.password, "--password");
        if (!secret) return secret.error();
        if (secret->size() > longest_text) return option_error::because("--password: longer than MQTT's 65535 bytes");
        session.password = std::move(*secret);
    }
    if (typed.authentication.empty()) return {};
    if (typed.authentication != "scram-sha-256")
        return option_error::because("--auth: '" + typed.authentication + "' is not a method; scram-sha-256 is");
    if (session.version != mqtt::version::v5) return option_error::because("--auth needs MQTT 5");
    if (session.username.empty() || !session.password) return option_error::because("--auth needs --username and --password");
    use_scram(session);
    return {};
}

/// What the protocol has no room for would be a bug further down.
option_result<void> check_text(const std::string& text, const std::string& option) {
    if (text.size() > longest_text) return option_error::because(option + ": longer than MQTT's 65535 bytes");
    if (!mqtt::is_valid_utf8(text)) return option_error::because(option + ": not UTF-8");
    return {};
}

option_result<void> set_will(const broker_options& typed, mqtt::options& session) {
    if (typed.will_topic.empty()) {
        if (!typed.will_payload.empty() || !typed.will_delay.empty() || typed.will_qos != 0 || typed.will_retain)
            return option_error::because("the options of a will need --will-topic");
        return {};
    }
    if (!mqtt::is_valid_topic_name(typed.will_topic))
        return option_error::because("--will-topic: '" + typed.will_topic + "' is no topic: it must not be empty or hold + or #");
    if (typed.will_payload.size() > longest_text) return option_error::because("--will-payload: longer than MQTT's 65535 bytes");
    if (!typed.will_delay.empty() && session.version != mqtt::version::v5)
        return option_error::because("--will-delay needs MQTT 5: leave out --mqtt");
    session.will = mqtt::will{typed.will_topic, typed.will_payload, static_cast<mqtt::qos>(typed.will_qos), typed.will_retain};
    if (typed.will_delay.empty()) return {};
    const auto delay = seconds_of(typed.will_delay, "--will-delay");
    if (!delay) return delay.error();
    session.will_properties.will_delay_interval = static_cast<std::uint32_t>(delay->count());
    return {};
}

option_result<void> set_times(const broker_options& typed, broker_settings& to) {
    const auto keepalive = seconds_of(typed.keepalive, "--keepalive");
    if (!keepalive) return keepalive.error();
    to.session.keepalive = *keepalive;
    // With a state file the session is to outlive the command, else it ends with it.
    to.session.session_expiry = typed.state.empty() ? std::chrono::seconds{0} : std::chrono::hours{24 * 7};
    if (!typed.session_expiry.empty()) {
        const auto expiry = seconds_of(typed.session_expiry, "--session-expiry");
        if (!expiry) return expiry.error();
        to.session.session_expiry = *expiry;
    }
    if (!typed.timeout.empty()) {
        const auto timeout = duration_of(typed.timeout, "--timeout");
        if (!timeout) return timeout.error();
        to.timeout = *timeout;
    }
    return {};
}

option_result<void> set_tls(const broker_options& typed, mqtt::connection_settings& to) {
    const bool any = !typed.ca.empty() || !typed.crl.empty() || !typed.certificate.empty() || !typed.key.empty() ||
                     !typed.key_password.empty() || !typed.server_name.empty() || !typed.alpn.empty() || typed.verify != "full";
    if (any && !mqtt::is_tls(to.endpoint.scheme))
        return option_error::because("options of TLS need a URL with mqtts:// or wss://");
    std::error_code error;
    (std::filesystem::is_directory(typed.ca, error) ? to.tls.ca_folder : to.tls.ca_file) = typed.ca;
    to.tls.crl_file = typed.crl;
    to.tls.certificate_file = typed.certificate;
    to.tls.key_file = typed.key;
    to.tls.alpn = typed.alpn;
    to.tls.server_name = typed.server_name;
    if (!typed.key_password.empty()) {
        auto secret = secret_of(typed.key_password, "--key-password");
        if (!secret) return secret.error();
        to.tls.key_password = std::move(*secret);
    }
    if (typed.verify == "chain_only" || typed.verify == "none") {
        to.tls.verify_host = mqtt::tls_check::off;
        if (typed.verify == "none") to.tls.verify_chain = mqtt::tls_check::off;
    } else if (typed.verify != "full") {
        return option_error::because("--verify: '" + typed.verify + "' is not one of full, chain_only, none");
    }
    return {};
}

option_result<void> set_proxy(const broker_options& typed, mqtt::connection_settings& to) {
    if (typed.proxy.empty()) {
        if (!typed.proxy_username.empty() || !typed.proxy_password.empty())
            return option_error::because("--proxy-username and --proxy-password need --proxy");
        return {};
    }
    constexpr std::string_view scheme = "http://";
    const std::string_view url = typed.proxy;
    // A proxy's address has the form of a broker's, under another scheme.
    const auto address = url.starts_with(scheme) ? mqtt::parse_endpoint("mqtt://" + std::string(url.substr(scheme.size())))
                                                 : mqtt::parse_endpoint("");
    if (!address) return option_error::because("--proxy: write http://host:port");
    mqtt::proxy_settings proxy;
    proxy.host = address->host;
    const std::string port = std::to_string(address->port);
    if (url.ends_with(':' + port)) proxy.port = address->port;
    proxy.username = typed.proxy_username;
    if (!typed.proxy_password.empty()) {
        auto secret = secret_of(typed.proxy_password, "--proxy-password");
        if (!secret) return secret.error();
        proxy.password = std::move(*secret);
    }
    to.proxy = std::move(proxy);
    return {};
}

option_result<void> check_texts(const mqtt::options& session) {
    if (const auto done = check_text(session.client_id, "--client-id"); !done) return done;
    if (const auto done = check_text(session.username, "--username"); !done) return done;
    if (session.will) {
        if (const auto done = check_text(session.will->topic, "--will-topic"); !done) return done;
    }
    for (const auto& [name, value] : session.connect_properties.user) {
        if (const auto done = check_text(name, "--connect-property"); !done) return done;
        if (const auto done = check_text(value, "--connect-property"); !done) return done;
    }
    return {};
}

/// A session that is kept is found again by its client identifier.
option_result<void> set_state(const broker_options& typed, const char* role, broker_settings& to) {
    to.session.broker = typed.url;
    to.session.client_id = typed.client_id;
    to.session.keeping = typed.state.empty() ? mqtt::keeping::in_memory : mqtt::keeping::durable;
    if (!typed.state.empty()) {
        auto opened = command_store::open(typed.state);
        if (!opened) return opened.error();
        if (const auto& damage = opened->found().damage; damage && damage->is_news)
            std::fprintf(stderr, "--state: %s\n", queue_damage{damage}.words().c_str());
        const auto& session = opened->found().session;
        if (session && typed.client_id.empty()) to.session.client_id = session->client_id;
        to.state.emplace(std::move(*opened));
    }
    if (to.session.client_id.empty()) to.session.client_id = random_name(role);
    return {};
}

/// Several URLs with commas between them are of one cluster. All are encrypted or none, lest whoever blocks the one is sent
/// what is meant for the other.
option_result<std::vector<mqtt::endpoint>> endpoints_of(const std::string& typed) {
    std::vector<mqtt::endpoint> endpoints;
    for (std::size_t start = 0; start <= typed.size();) {
        const std::size_t end = std::min(typed.find(',', start), typed.size());
        const auto endpoint = mqtt::parse_endpoint(std::string_view(typed).substr(start, end - start));
        if (!endpoint) return option_error::because("the broker's URL: " + endpoint.error().what());
        if (!endpoints.empty() && mqtt::is_tls(endpoint->scheme) != mqtt::is_tls(endpoints.front().scheme))
            return option_error::because("of several URLs all must be encrypted, or none");
        endpoints.push_back(*endpoint);
        start = end + 1;
    }
    return endpoints;
}

}  // namespace

option_result<broker_settings> settings_of(const broker_options& typed, const char* role) {
    broker_settings to;
    const auto endpoints = endpoints_of(typed.url);
    if (!endpoints) return endpoints.error();
    mqtt::connection_settings way;
    way.endpoint = endpoints->front();
    if (typed.version != "5" && typed.version != "3.1.1")
        return option_error::because("--mqtt: '" + typed.version + "' is no version; 5 and 3.1.1 are");
    to.session.version = typed.version == "5" ? mqtt::version::v5 : mqtt::version::v3_1_1;
    if (const auto done = set_state(typed, role, to); !done) return done.error();
    to.retry = typed.retry;
    to.verbose = typed.verbose;
    if (const auto done = set_login(typed, to.session); !done) return done.error();
    if (const auto done = set_times(typed, to); !done) return done.error();
    if (const auto done = set_will(typed, to.session); !done) return done.error();
    if (const auto done = set_tls(typed, way); !done) return done.error();
    if (const auto done = set_proxy(typed, way); !done) return done.error();
    auto properties = pairs_of(typed.user_properties, "--connect-property");
    if (!properties) return properties.error();
    if (!properties->empty() && typed.version != "5")
        return option_error::because("--connect-property needs MQTT 5: leave out --mqtt");
    to.session.connect_properties.user = std::move(*properties);
    auto headers = pairs_of(typed.headers, "--header");
    if (!headers) return headers.error();
    for (auto& [name, value] : *headers) {
        if (value.starts_with('@')) {
            auto secret = secret_of(value, "--header");
            if (!secret) return secret.error();
            value = std::move(*secret);
        }
        way.websocket_headers.push_back({std::move(name), std::move(value)});
    }
    if (!headers->empty() && !mqtt::is_websocket(endpoints->front().scheme))
        return option_error::because("--header needs a URL with ws:// or wss://");
    if (const auto done = check_texts(to.session); !done) return done.error();
    way.keepalive = to.session.keepalive;
    for (const auto& endpoint : *endpoints) {
        way.endpoint = endpoint;
        if (const auto fault = mqtt::fault_in(way); !fault.empty()) return option_error::because(fault);
        to.connections.push_back(way);
    }
    to.session.servers = to.connections.size();
    return to;
}

}  // namespace gateway

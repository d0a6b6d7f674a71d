// gateway/delivery/broker.cpp: config and secrets → options and connection settings.
#include "gateway/delivery/broker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "config/source.hpp"
#include "gateway/delivery/scram_login.hpp"
#include "gateway/secrets.hpp"

namespace gateway {
namespace {

namespace fs = std::filesystem;

std::string fetch_or_throw(const config::secret_reference& from, const std::string& key) {
    auto secret = fetch(from);
    if (!secret) throw std::runtime_error(key + ": " + secret.error().message());
    return std::move(*secret);
}

std::optional<std::string> fetch_or_throw(const std::optional<config::secret_reference>& from, const std::string& key) {
    return from ? std::optional(fetch_or_throw(*from, key)) : std::nullopt;
}

mqtt::scheme to_mqtt(config::scheme from) {
    switch (from) {
        case config::scheme::mqtt:
            return mqtt::scheme::mqtt;
        case config::scheme::mqtts:
            return mqtt::scheme::mqtts;
        case config::scheme::ws:
            return mqtt::scheme::ws;
        case config::scheme::wss:
            return mqtt::scheme::wss;
    }
    return mqtt::scheme::mqtt;
}

bool is_folder(const std::string& path) {
    std::error_code unknown;  // then it is a file that can't be read, and the connection says so
    return path.ends_with('/') || fs::is_directory(path, unknown);
}

mqtt::tls_settings tls_settings_of(const config::tls& from) {
    mqtt::tls_settings to;
    (is_folder(from.ca.path) ? to.ca_folder : to.ca_file) = from.ca.path;
    to.crl_file = from.crl.path;
    to.certificate_file = from.certificate.path;
    to.key_file = from.key.path;
    to.key_password = fetch_or_throw(from.key_password, "mqtt.tls.key_password").value_or("");
    to.alpn = from.alpn;
    to.server_name = from.server_name;
    if (from.verify == config::tls_verify::none) to.verify_chain = mqtt::tls_check::off;
    if (from.verify != config::tls_verify::full) to.verify_host = mqtt::tls_check::off;
    return to;
}

mqtt::proxy_settings proxy_settings_of(const config::proxy& from) {
    return {from.host, from.port, from.username, fetch_or_throw(from.password, "mqtt.proxy.password")};
}

std::vector<mqtt::http_field> headers_of(const config::destination& from) {
    std::vector<mqtt::http_field> to;
    for (const auto& one : from.websocket_headers)
        to.push_back({one.name, one.secret ? fetch_or_throw(*one.secret, "mqtt.websocket.headers." + one.name) : one.text});
    return to;
}

int highest_qos_used(const config::file& config) {
    int highest = 1;  // of the gateway's own status
    for (const auto& bus : config.buses)
        for (const auto& device : bus.devices)
            for (const auto& point : device.points) highest = std::max(highest, point.publish->qos);
    return std::min(highest, config.mqtt.max_qos);
}

/// "" or why it can't be read.
std::string fault_in_file(const std::string& path) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) return std::strerror(ENOENT);
    if (error) return error.message();
    if (fs::is_directory(status)) return std::strerror(EISDIR);
    if (!std::ifstream(path)) return std::strerror(errno);
    return {};
}

std::string fault_in_folder(const std::string& path) {
    std::error_code error;
    const fs::directory_iterator first(path, error);
    return error ? error.message() : "";
}

}  // namespace

std::string broker_name(const config::destination& to) {
    std::string name;
    for (const auto& server : to.servers) {
        if (!name.empty()) name += ',';
        name += server.host + ':' + std::to_string(server.port);
    }
    return name;
}

mqtt::options session_options(const config::file& config, const mqtt::will& will) {
    const config::destination& to = config.mqtt;
    mqtt::options how;
    how.version = to.version == config::mqtt_version::v5 ? mqtt::version::v5 : mqtt::version::v3_1_1;
    how.client_id = to.client_id;
    how.broker = broker_name(to);
    how.username = to.username;
    how.password = fetch_or_throw(to.password, "mqtt.password");
    if (to.login == config::login::scram_sha_256) use_scram(how);
    how.keepalive = to.keepalive;
    how.session_expiry = to.session_expiry;
    how.highest_qos = static_cast<mqtt::qos>(to.max_qos);
    if (to.status_topics) {
        how.will = will;
        how.will->qos = std::min(will.qos, how.highest_qos);
    }
    if (to.status_topics && to.will_delay.count() > 0)
        how.will_properties.will_delay_interval = static_cast<std::uint32_t>(to.will_delay.count());
    how.session_loss =
        to.on_session_loss == config::session_loss::resend ? mqtt::on_session_loss::resend : mqtt::on_session_loss::drop;
    how.redirects = to.redirects == config::redirects::follow ? mqtt::redirects::follow : mqtt::redirects::ignore;
    if (to.max_in_flight) how.window = how.assumed_receive_maximum = *to.max_in_flight;
    how.inbound_window = to.receive_maximum;
    how.aliases_out = to.topic_aliases;
    how.poison_after = to.poison_after;
    how.servers = to.servers.size();
    return how;
}

std::vector<mqtt::connection_settings> connections(const config::destination& to) {
    mqtt::connection_settings way;
    way.tls = tls_settings_of(to.tls);
    if (to.proxy) way.proxy = proxy_settings_of(*to.proxy);
    way.websocket_headers = headers_of(to);
    way.keepalive = to.keepalive;
    std::vector<mqtt::connection_settings> all;
    for (const auto& server : to.servers) {
        way.endpoint = {to_mqtt(server.scheme), server.host, server.port, server.path};
        if (const auto fault = mqtt::fault_in(way); !fault.empty()) throw std::runtime_error("mqtt: " + fault);
        all.push_back(way);
    }
    return all;
}

void check_tls_files(const config::destination& to, std::vector<config::diagnostic>& out) {
    const auto check = [&](const config::named_file& named, bool may_be_folder) {
        if (named.path.empty()) return;
        const bool folder = may_be_folder && is_folder(named.path);
        const auto fault = folder ? fault_in_folder(named.path) : fault_in_file(named.path);
        if (fault.empty()) return;
        out.push_back({config::severity::warning, named.where, config::count_characters(named.path),
                       "'" + named.path + "' can't be read now: " + fault + "; without it there is no connection"});
    };
    check(to.tls.ca, true);
    check(to.tls.crl, false);
    check(to.tls.certificate, false);
    check(to.tls.key, false);
}

broker_limits limits_of(const mqtt::online& told, const config::file& config) {
    broker_limits found;
    const auto asked = config.mqtt.session_expiry.count();
    if (told.properties.session_expiry_interval && *told.properties.session_expiry_interval < asked)
        found.session_expiry = told.properties.session_expiry_interval;
    if (told.properties.maximum_qos && *told.properties.maximum_qos < highest_qos_used(config))
        found.maximum_qos = *told.properties.maximum_qos;
    found.no_retain = told.properties.retain_available.value_or(1) == 0;
    return found;
}

}  // namespace gateway

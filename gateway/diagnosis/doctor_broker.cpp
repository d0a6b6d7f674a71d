// gateway/diagnosis/doctor_broker.cpp: the way to each broker, a step at a time: name, connection, TLS, login, permission to
// publish; and the hosts of the buses. Not here: the protocol and TLS (mqtt/), and looking up (doctor_network.hpp).
//
// The login has a client identifier of its own and a session that ends with its connection, so that the service's session is left
// as it is. Whether we may publish can be told only by publishing: one message to tidegate/<gateway>/doctor, not retained.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <ctime>
#include <memory>
#include <random>
#include <stdexcept>

#include "gateway/clock.hpp"
#include "gateway/delivery/broker.hpp"
#include "gateway/diagnosis/doctor.hpp"
#include "gateway/diagnosis/doctor_network.hpp"
#include "gateway/random_bytes.hpp"
#include "mqtt/client.hpp"
#include "mqtt/codec.hpp"
#include "mqtt/session.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;

void worsen(finding& what, verdict to, const std::string& remedy) {
    if (to <= what.verdict) return;
    what.verdict = to;
    what.remedy = remedy;
}

std::string tried(double milliseconds) {
    char text[32];
    std::snprintf(text, sizeof text, " in %.0f ms", milliseconds);
    return text;
}

/// Name and connection. False: there is nothing to say anything to.
bool check_host(const std::string& what, const std::string& host, std::uint16_t port, const std::string& refused, findings& to) {
    const network_try seen = try_host(host, port, longest_check);
    finding name{what + " name", verdict::ok, host + " is " + seen.addresses + tried(seen.name_ms), {}};
    if (seen.addresses.empty()) {
        name.found = host + ": " + seen.name_fault;
        worsen(name, verdict::failed, "check the name, then the name server: resolvectl status; getent hosts " + host);
        to.push_back(std::move(name));
        return false;
    }
    to.push_back(std::move(name));
    finding connection{what + " connection", verdict::ok, {}, {}};
    const std::string port_text = std::to_string(port);
    if (seen.connected.empty()) {
        connection.found = host + ':' + port_text + ": " + seen.fault;
        const bool was_refused = seen.fault == "Connection refused";
        worsen(connection, verdict::failed,
               was_refused ? refused
                           : "check the cable, the route and the firewall: ip route get " +
                                 seen.addresses.substr(0, seen.addresses.find(',')));
    } else {
        connection.found = seen.connected + ", port " + port_text + ", answers" + tried(seen.connect_ms);
    }
    to.push_back(std::move(connection));
    return to.back().verdict != verdict::failed;
}

/// All of the server's certificates, in the order in which they were judged.
finding judged(const std::string& broker, const std::vector<mqtt::shown_certificate>& chain, const std::string& error) {
    finding found{broker + " TLS", verdict::ok, {}, {}};
    const std::int64_t now = stamp_now().wall_ms / 1000;
    for (const auto& each : chain) {
        found.found += (found.found.empty() ? "" : "; ") +
                       std::string(each.depth == 0 ? "its certificate: " : "vouched for by: ") + each.words + ", " +
                       days_left(each.valid_to, now);
        if (each.valid_to - now < renew_before)
            worsen(found, verdict::warning,
                   each.depth == 0 ? "have the broker's certificate renewed"
                                   : "have the authority's certificate renewed, and mqtt.tls.ca brought up to date");
    }
    if (error.empty()) return found;
    found.found = error;
    found.verdict = verdict::failed;
    found.remedy = error.find("isn't valid before") != std::string::npos ? "set the clock: timedatectl"
                   : error.find("isn't for") != std::string::npos
                       ? "put the name that is in its certificate into mqtt.url, or into mqtt.tls.server_name"
                   : error.find("authorities trusted") != std::string::npos
                       ? "put the broker's authority into a file, and that into mqtt.tls.ca"
                   : error.find("expired") != std::string::npos
                       ? "have the broker's certificate renewed; is this clock right?"
                       : "openssl s_client -connect HOST:PORT -showcerts, for what the broker shows";
    return found;
}

/// Opens all layers up to the broker's, and says nothing over them. Adds the finding of TLS, if there is TLS. False: no way.
bool check_layers(const std::string& broker, mqtt::connection_settings way, findings& to) {
    const bool is_tls = mqtt::is_tls(way.endpoint.scheme);
    if (!is_tls && !mqtt::is_websocket(way.endpoint.scheme) && !way.proxy) return true;
    std::vector<mqtt::shown_certificate> chain;
    way.tls.on_certificate = [&](const mqtt::shown_certificate& each) { chain.push_back(each); };
    boost::asio::io_context loop{1};
    const auto guard = boost::asio::make_work_guard(loop);
    bool done = false;
    std::string error = "no answer in time";
    {
        const auto transport = mqtt::make_transport(loop, way);
        transport->open(way.endpoint.host, way.endpoint.port, [&](std::string_view why) {
            done = true;
            error = why;
        });
        const auto until = steady_now() + longest_check;
        while (!done && loop.run_one_until(until) > 0) {
        }
    }
    const bool tls_is_fine =
        is_tls && !chain.empty() && error.find("certificate") == std::string::npos && error.find("TLS") == std::string::npos;
    if (is_tls) to.push_back(judged(broker, chain, tls_is_fine ? "" : error));
    if (error.empty()) return true;
    if (!is_tls || tls_is_fine)
        to.push_back({broker + (way.proxy ? " proxy or WebSocket" : " WebSocket"), verdict::failed, error,
                      "check the path in mqtt.url, mqtt.websocket.headers and mqtt.proxy"});
    return false;
}

/// Logs in, publishes one message, and leaves.
class login {
public:
    login(mqtt::options how, const mqtt::connection_settings& way, std::string topic)
        : v5_(how.version == mqtt::version::v5),
          topic_(std::move(topic)),
          timer_(loop_),
          session_(std::move(how), {}, std::random_device{}()),
          client_(
              loop_, {way}, session_, [this](const mqtt::effect& what) { on_effect(what); }, [this] { on_ready(); }) {}

    void run() {
        timer_.expires_after(longest_check - 2s);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) leave();
        });
        client_.start();
        loop_.run();
    }

    bool online = false;
    mqtt::online granted;
    std::string fault = "no answer in time";
    std::optional<mqtt::reason> code;
    enum class permission : std::uint8_t { unknown, yes, no } may_publish = permission::unknown;
    std::string refusal;

private:
    void on_effect(const mqtt::effect& what) {
        if (const auto* const on = std::get_if<mqtt::online>(&what)) {
            online = true;
            granted = *on;
        }
        if (const auto* const off = std::get_if<mqtt::offline>(&what)) {
            if (!online) fault = off->reason;
            code = off->code;
            if (online && published_ && may_publish == permission::unknown) {
                may_publish = permission::no;
                refusal = "the broker closed the connection on it: " + off->reason;
            }
            leave();
        }
        if (const auto* const no = std::get_if<mqtt::message_refused>(&what)) {
            may_publish = permission::no;
            refusal = no->reason;
        }
    }

    void on_ready() {
        if (leaving_ || !online) return;
        if (topic_.empty()) return leave();
        if (!published_ && session_.accepts()) {
            published_ = true;
            mqtt::publication message;
            message.topic = topic_;
            message.payload = R"({"check":"may this gateway publish?"})";
            session_.publish(session_.next(), message, steady_now());
            client_.flush();
            return;
        }
        if (!published_ || mqtt::number(session_.finished()) < 1) return;
        if (may_publish == permission::unknown && v5_) may_publish = permission::yes;
        leave();
    }

    void leave() {
        if (leaving_) return;
        leaving_ = true;
        timer_.cancel();
        client_.stop(1s, [this] { loop_.stop(); });
    }

    const bool v5_;
    const std::string topic_;
    boost::asio::io_context loop_{1};
    boost::asio::steady_timer timer_;
    mqtt::session session_;
    mqtt::client client_;
    bool published_ = false;
    bool leaving_ = false;
};

std::string remedy_of(const login& came) {
    if (!came.code) return "is this a broker, and of this scheme (mqtt, mqtts, ws, wss)? Its log says more";
    switch (*came.code) {
        case mqtt::reason::bad_user_name_or_password:
            return "check mqtt.username and the secret of mqtt.password";
        case mqtt::reason::not_authorized:
            return "check mqtt.username and mqtt.password; some brokers admit known client ids only, and doctor's isn't the "
                   "gateway's";
        case mqtt::reason::client_identifier_not_valid:
            return "the broker admits known client ids only: doctor's isn't the gateway's, whose login the service's log tells "
                   "of";
        case mqtt::reason::unsupported_protocol_version:
            return "mqtt.version: 3.1.1";
        default:
            return "the broker's log says more";
    }
}

void check_login(const std::string& broker, const config::file& config, const mqtt::connection_settings& way, findings& to) {
    mqtt::options how = session_options(config, {});
    how.will.reset();
    how.will_properties = {};
    how.client_id = how.client_id.substr(0, 14) + "-dr-";
    for (const char each : random_bytes(2)) {
        char digits[4];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(each)));
        how.client_id += digits;  // 23 characters at most, which every broker takes
    }
    how.keeping = mqtt::keeping::in_memory;
    how.session_expiry = std::chrono::seconds(0);
    how.redirects = mqtt::redirects::ignore;
    how.servers = 1;
    const std::string name = how.client_id;
    const bool may_try = config.mqtt.status_topics;  // else topics of the gateway's own are not for this broker
    login came(std::move(how), way, may_try ? "tidegate/" + config.gateway_id + "/doctor" : "");
    came.run();
    finding found{broker + " login", verdict::ok, {}, {}};
    if (!came.online) {
        found.found = came.fault + (came.code ? " (reason code " + std::to_string(static_cast<int>(*came.code)) + ')' : "");
        worsen(found, verdict::failed, remedy_of(came));
        return to.push_back(std::move(found));
    }
    found.found =
        "logged in as " + name + (config.mqtt.username.empty() ? ", without a user name" : ", user " + config.mqtt.username);
    const broker_limits limits = limits_of(came.granted, config);
    if (limits.session_expiry) {
        found.found += "; it keeps sessions " + std::to_string(*limits.session_expiry) + " s only";
        worsen(found, verdict::warning,
               "have the broker keep sessions as long as mqtt.session_expiry says, or an outage beyond it costs exactly-once");
    }
    if (limits.maximum_qos) {
        found.found += "; it takes at most QoS " + std::to_string(*limits.maximum_qos);
        worsen(found, verdict::warning, "mqtt.max_qos: " + std::to_string(*limits.maximum_qos));
    }
    if (limits.no_retain) {
        found.found += "; it retains no messages";
        worsen(found, verdict::warning, "the status topics can't be retained: whoever subscribes later doesn't see them");
    }
    to.push_back(std::move(found));
    finding publish{broker + " publish", verdict::ok, "a message to tidegate/" + config.gateway_id + "/doctor was taken", {}};
    switch (came.may_publish) {
        case login::permission::yes:
            break;
        case login::permission::no:
            publish.found = "it isn't taken: " + came.refusal;
            worsen(publish, verdict::failed,
                   "let this user publish to tidegate/" + config.gateway_id +
                       "/# and the topics of `publish`, in the broker's access list");
            break;
        case login::permission::unknown:
            if (!may_try) {
                publish.found = "not tried: mqtt.status_topics is none";
                break;
            }
            publish.found = config.mqtt.version == config::mqtt_version::v5
                                ? "no answer to a message in time"
                                : "can't be told: MQTT 3.1.1 has no answer that says no";
            if (config.mqtt.version == config::mqtt_version::v5) worsen(publish, verdict::warning, "the broker's log says more");
            break;
    }
    to.push_back(std::move(publish));
}

}  // namespace

std::string days_left(std::int64_t valid_to, std::int64_t now) {
    constexpr std::int64_t day = 86'400;
    if (valid_to < now) return "expired " + std::to_string((now - valid_to) / day) + " days ago";
    return std::to_string((valid_to - now) / day) + " days left";
}

void check_broker(const patient& of, findings& to) {
    if (!of.config) return;
    const config::destination& mqtt_config = of.config->mqtt;
    std::vector<mqtt::connection_settings> ways;
    std::string missing;
    try {
        ways = connections(mqtt_config);
        std::ignore = session_options(*of.config, {});  // the login's secrets, too, before anything is connected
    } catch (const std::exception& why) {
        missing = why.what();
    }
    if (mqtt_config.proxy &&
        !check_host("proxy", mqtt_config.proxy->host, mqtt_config.proxy->port, "check mqtt.proxy, and that the proxy runs", to))
        return;
    for (std::size_t i = 0; i < mqtt_config.servers.size(); ++i) {
        const auto& server = mqtt_config.servers[i];
        const std::string name = mqtt_config.servers.size() > 1 ? "broker " + std::to_string(i + 1) : "broker";
        // Behind a proxy, the proxy looks up and connects.
        if (!mqtt_config.proxy && !check_host(name, server.host, server.port,
                                              "start the broker, or check the port in mqtt.url: nobody listens there", to))
            continue;
        if (!missing.empty()) {
            to.push_back({name + " login", verdict::warning, "not tried: " + missing,
                          "run doctor where the secret can be had: as the service's user, or as root"});
            continue;
        }
        if (check_layers(name, ways[i], to)) check_login(name, *of.config, ways[i], to);
    }
}

void check_network_devices(const patient& of, findings& to) {
    if (!of.config) return;
    struct way {
        const char* map;
        std::uint16_t usual;  // 0: it must be written
    };
    static constexpr way ways[] = {{"tcp", 502}, {"tls", 802}, {"rtu_over_tcp", 0}, {"ascii_over_tcp", 0}};
    for (const auto& bus : of.config->buses) {
        for (const auto& [map, usual] : ways) {
            const auto* host = setting_of(bus, std::string(map) + ".host");
            if (!host) continue;
            const auto* port = setting_of(bus, std::string(map) + ".port");
            const auto number = static_cast<std::uint16_t>(port ? port->integer : usual);
            // Many devices admit one client only, and that is the service.
            if (of.service_runs)
                to.push_back({"device " + bus.name,
                              verdict::ok,
                              host->text + ':' + std::to_string(number) + " is the service's: not tried",
                              {}});
            else
                std::ignore = check_host(
                    "device " + bus.name, host->text, number,
                    "is it on, and is this its port? Nobody listens at " + host->text + ':' + std::to_string(number), to);
        }
    }
}

}  // namespace gateway

// tests/gateway/delivery/broker_test.cpp: what a config becomes for the client, and what a broker doesn't grant of it.
#include "gateway/delivery/broker.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/support/temporary_folder.hpp"

using namespace gateway;
using namespace std::chrono_literals;

namespace {

const mqtt::will offline{"tidegate/plant7/status", "offline", mqtt::qos::at_least_once, true};

config::file file_with(std::vector<config::server> servers) {
    config::file file;
    file.gateway_id = "plant7";
    file.mqtt.client_id = "plant7";
    file.mqtt.servers = std::move(servers);
    return file;
}

config::file file_with_qos(int qos) {
    auto file = file_with({{"b"}});
    config::point point;
    point.publish.change().qos = qos;
    file.buses.push_back({"meters", "modbus", {}, {{"boiler", {}, {point}, {}}}, {}, {}});
    return file;
}

config::secret_reference variable(const char* name) { return {config::secret_reference::source::environment, name, {}}; }

void write(const std::string& path) { std::ofstream(path) << "x"; }

}  // namespace

TEST_CASE("broker: what isn't set leaves the session as the client has it", "[gateway][broker]") {
    const auto how = session_options(file_with({{"b"}}), offline);
    CHECK(how.version == mqtt::version::v5);
    CHECK(how.highest_qos == mqtt::qos::exactly_once);
    CHECK((how.window == 100 && how.assumed_receive_maximum == 20 && how.inbound_window == 20 && how.aliases_out == 32));
    CHECK(how.redirects == mqtt::redirects::follow);
    CHECK(how.poison_after == 3);
    CHECK(how.will == offline);
    CHECK(how.will_properties == mqtt::property_set{});
    CHECK(how.broker == "b:1883");
    CHECK_FALSE(how.password.has_value());
}

TEST_CASE("broker: with SCRAM the name and the password go into the exchange, and nowhere else", "[gateway][broker]") {
    setenv("TIDEGATE_TEST_SCRAM", "pencil", 1);
    auto file = file_with({{"b"}});
    file.mqtt.username = "user";
    file.mqtt.password = variable("TIDEGATE_TEST_SCRAM");
    file.mqtt.login = config::login::scram_sha_256;
    const auto how = session_options(file, offline);
    CHECK(how.username.empty());
    CHECK_FALSE(how.password.has_value());
    REQUIRE(how.authentication);
    const auto one = how.authentication(), another = how.authentication();
    CHECK(one->method() == "SCRAM-SHA-256");
    const std::string first = one->first();
    CHECK(first.starts_with("n,,n=user,r="));
    CHECK(first != another->first());
}

TEST_CASE("broker: each key of the session reaches it", "[gateway][broker]") {
    auto file = file_with({{"a", 8883, config::scheme::mqtts}, {"b", 443, config::scheme::wss, "/mqtt"}});
    auto& mqtt_keys = file.mqtt;
    mqtt_keys.version = config::mqtt_version::v3_1_1;
    mqtt_keys.max_qos = 0;
    mqtt_keys.max_in_flight = 200;
    mqtt_keys.receive_maximum = 5;
    mqtt_keys.topic_aliases = 7;
    mqtt_keys.redirects = config::redirects::ignore;
    mqtt_keys.will_delay = 30s;
    mqtt_keys.poison_after = 0;
    mqtt_keys.on_session_loss = config::session_loss::drop;
    const auto how = session_options(file, offline);
    CHECK(how.version == mqtt::version::v3_1_1);
    CHECK(how.highest_qos == mqtt::qos::at_most_once);
    CHECK(how.will->qos == mqtt::qos::at_most_once);
    CHECK((how.window == 200 && how.assumed_receive_maximum == 200 && how.inbound_window == 5 && how.aliases_out == 7));
    CHECK(how.redirects == mqtt::redirects::ignore);
    CHECK(how.will_properties.will_delay_interval == 30u);
    CHECK(how.poison_after == 0);
    CHECK(how.session_loss == mqtt::on_session_loss::drop);
    CHECK(how.broker == "a:8883,b:443");
    CHECK(how.servers == 2);

    mqtt_keys.status_topics = false;
    const auto silent = session_options(file, offline);
    CHECK_FALSE(silent.will.has_value());
    CHECK_FALSE(silent.will_properties.will_delay_interval.has_value());
}

TEST_CASE("broker: each server is reached by the means that all of them have", "[gateway][broker]") {
    support::temporary_folder folder;
    ::setenv("TIDEGATE_TEST_KEY", "hunter2", 1);
    ::setenv("TIDEGATE_TEST_TOKEN", "Bearer x", 1);
    auto file = file_with({{"a", 8883, config::scheme::mqtts}, {"b", 443, config::scheme::wss, "/mqtt?x"}});
    auto& tls = file.mqtt.tls;
    tls.ca.path = folder.path();
    tls.crl.path = "crl";
    tls.certificate.path = "cert";
    tls.key.path = "key";
    tls.key_password = variable("TIDEGATE_TEST_KEY");
    tls.alpn = {"mqtt"};
    tls.server_name = "broker.example";
    file.mqtt.proxy = config::proxy{"proxy", 8080, "me", variable("TIDEGATE_TEST_KEY"), {}};
    file.mqtt.websocket_headers = {{"X-Site", "plant7", {}, {}}, {"Authorization", "", variable("TIDEGATE_TEST_TOKEN"), {}}};
    file.mqtt.keepalive = 90s;
    const auto all = connections(file.mqtt);
    REQUIRE(all.size() == 2);
    CHECK(all[0].endpoint == mqtt::endpoint{mqtt::scheme::mqtts, "a", 8883, ""});
    CHECK(all[1].endpoint == mqtt::endpoint{mqtt::scheme::wss, "b", 443, "/mqtt?x"});
    for (const auto& one : all) {
        CHECK((one.tls.ca_folder == folder.path() && one.tls.ca_file.empty() && one.tls.crl_file == "crl"));
        CHECK((one.tls.certificate_file == "cert" && one.tls.key_file == "key" && one.tls.key_password == "hunter2"));
        CHECK((one.tls.alpn == std::vector<std::string>{"mqtt"} && one.tls.server_name == "broker.example"));
        CHECK((one.tls.verify_chain == mqtt::tls_check::on && one.tls.verify_host == mqtt::tls_check::on));
        REQUIRE(one.proxy.has_value());
        CHECK((one.proxy->host == "proxy" && one.proxy->port == 8080 && one.proxy->username == "me" &&
               one.proxy->password == "hunter2"));
        CHECK(one.websocket_headers == std::vector<mqtt::http_field>{{"X-Site", "plant7"}, {"Authorization", "Bearer x"}});
        CHECK(one.keepalive == 90s);
    }
}

TEST_CASE("broker: an authority is a file unless it is a folder", "[gateway][broker]") {
    support::temporary_folder folder;
    auto to = file_with({{"a", 8883, config::scheme::mqtts}}).mqtt;
    for (const auto& path : {folder.file("missing.pem"), std::string()}) {
        to.tls.ca.path = path;
        CHECK(connections(to)[0].tls.ca_file == path);
        CHECK(connections(to)[0].tls.ca_folder.empty());
    }
    to.tls.ca.path = folder.file("missing") + "/";
    CHECK(connections(to)[0].tls.ca_folder == to.tls.ca.path);
}

TEST_CASE("broker: less is verified only where the config says so", "[gateway][broker]") {
    auto to = file_with({{"a", 8883, config::scheme::mqtts}}).mqtt;
    to.tls.verify = config::tls_verify::chain_only;
    CHECK(connections(to)[0].tls.verify_chain == mqtt::tls_check::on);
    CHECK(connections(to)[0].tls.verify_host == mqtt::tls_check::off);
    to.tls.verify = config::tls_verify::none;
    CHECK(connections(to)[0].tls.verify_chain == mqtt::tls_check::off);
    CHECK(connections(to)[0].tls.verify_host == mqtt::tls_check::off);
}

TEST_CASE("broker: a secret that isn't there, or can't be sent, ends the start with its key's name", "[gateway][broker]") {
    ::unsetenv("TIDEGATE_TEST_MISSING");
    ::setenv("TIDEGATE_TEST_LINES", "a\r\nX: b", 1);
    auto file = file_with({{"a", 443, config::scheme::wss, "/mqtt"}});
    const auto words = [](const auto& act) -> std::string {
        try {
            act();
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "";
    };
    file.mqtt.password = variable("TIDEGATE_TEST_MISSING");
    CHECK(words([&] { session_options(file, offline); }).starts_with("mqtt.password: the environment variable"));
    file.mqtt.tls.key_password = variable("TIDEGATE_TEST_MISSING");
    CHECK(words([&] { connections(file.mqtt); }).starts_with("mqtt.tls.key_password: "));
    file.mqtt.tls.key_password.reset();
    file.mqtt.proxy = config::proxy{"p", 1, "", variable("TIDEGATE_TEST_MISSING"), {}};
    CHECK(words([&] { connections(file.mqtt); }).starts_with("mqtt.proxy.password: "));
    file.mqtt.proxy->password = variable("TIDEGATE_TEST_LINES");
    CHECK(words([&] { connections(file.mqtt); }) == "mqtt: the proxy's username or password holds a control character");
    file.mqtt.proxy.reset();
    file.mqtt.websocket_headers = {{"X-Api-Key", "", variable("TIDEGATE_TEST_LINES"), {}}};
    CHECK(words([&] { connections(file.mqtt); }) == "mqtt: the value of the header X-Api-Key holds a control character");
}

TEST_CASE("broker: files that can't be read are told with their places", "[gateway][broker]") {
    support::temporary_folder folder;
    auto to = file_with({{"a", 8883, config::scheme::mqtts}}).mqtt;
    to.tls.ca = {folder.file("ca.pem"), {3, 1}};
    to.tls.crl = {folder.path(), {4, 1}};
    to.tls.certificate = {folder.file("cert.pem"), {5, 1}};
    to.tls.key = {folder.file("key.pem"), {6, 1}};
    const auto told = [&] {
        std::vector<config::diagnostic> found;
        check_tls_files(to, found);
        return found;
    };
    const auto all = told();
    REQUIRE(all.size() == 4);
    CHECK(all[0] == config::diagnostic{config::severity::warning,
                                       {3, 1},
                                       to.tls.ca.path.size(),
                                       "'" + to.tls.ca.path +
                                           "' can't be read now: No such file or directory; without it there is no connection"});
    CHECK(all[1].message ==
          "'" + folder.path().string() + "' can't be read now: Is a directory; without it there is no connection");
    for (const auto* name : {"ca.pem", "cert.pem", "key.pem"}) write(folder.file(name));
    CHECK(told().size() == 1);
    to.tls.crl = {folder.file("ca.pem"), {4, 1}};
    to.tls.ca = {folder.path(), {3, 1}};
    CHECK(told().empty());
    to.tls.ca = {folder.file("missing/"), {3, 1}};
    CHECK(told().size() == 1);
    to.tls = {};
    CHECK(told().empty());
}

TEST_CASE("broker: what it doesn't grant is told where it matters", "[gateway][broker]") {
    mqtt::online told;
    CHECK(limits_of(told, file_with_qos(2)) == broker_limits{});
    told.properties.session_expiry_interval = 7 * 24 * 3600;
    told.properties.maximum_qos = 1;
    told.properties.retain_available = 1;
    CHECK(limits_of(told, file_with_qos(1)) == broker_limits{});
    CHECK(limits_of(told, file_with_qos(2)) == broker_limits{{}, 1, false});
    auto limited = file_with_qos(2);
    limited.mqtt.max_qos = 1;
    CHECK(limits_of(told, limited) == broker_limits{});
    told.properties.session_expiry_interval = 7 * 24 * 3600 - 1;
    told.properties.maximum_qos = 0;
    told.properties.retain_available = 0;
    CHECK(limits_of(told, file_with_qos(0)) == broker_limits{7 * 24 * 3600 - 1, 0, true});
}

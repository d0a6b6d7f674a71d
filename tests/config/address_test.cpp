// tests/config/address_test.cpp: broker URLs and references to secrets.
#include "config/address.hpp"

#include <catch2/catch.hpp>

using namespace config;

TEST_CASE("address: a URL names a host and maybe a port", "[config][address]") {
    CHECK(parse_url("mqtt://broker.example").value == server{"broker.example", 1883});
    CHECK(parse_url("mqtt://10.0.0.5:1884").value == server{"10.0.0.5", 1884});
    CHECK(parse_url("mqtt://my_broker:65535").value == server{"my_broker", 65535});
    CHECK(parse_url("mqtt://[::1]").value == server{"::1", 1883});
    CHECK(parse_url("mqtt://[fe80::1%eth0]:1884").value == server{"fe80::1%eth0", 1884});
}

TEST_CASE("address: a URL says how the broker is spoken to", "[config][address]") {
    CHECK(parse_url("mqtt://host/").value == server{"host", 1883, scheme::mqtt, ""});
    CHECK(parse_url("mqtts://host").value == server{"host", 8883, scheme::mqtts, ""});
    CHECK(parse_url("mqtts://[::1]:1884/").value == server{"::1", 1884, scheme::mqtts, ""});
    CHECK(parse_url("ws://host").value == server{"host", 80, scheme::ws, "/mqtt"});
    CHECK(parse_url("ws://host/").value == server{"host", 80, scheme::ws, "/"});
    CHECK(parse_url("wss://host?x=1").value == server{"host", 443, scheme::wss, "/mqtt?x=1"});
    CHECK(parse_url("wss://host:8443/a/b%20c?x=/&y=?").value == server{"host", 8443, scheme::wss, "/a/b%20c?x=/&y=?"});
}

TEST_CASE("address: a proxy is an HTTP proxy", "[config][address]") {
    CHECK(parse_proxy_url("http://proxy.example").value == proxy_address{"proxy.example", 3128});
    CHECK(parse_proxy_url("http://[::1]:8080/").value == proxy_address{"::1", 8080});
    for (const auto* bad : {"", "proxy.example", "proxy.example:3128", "https://p", "socks5://p", "http://", "http://p:0",
                            "http://p/x", "http://p//", "http://me:hunter2@p"}) {
        INFO(bad);
        const auto read = parse_proxy_url(bad);
        CHECK_FALSE(read.value.has_value());
        CHECK_FALSE(read.problem.empty());
        CHECK(read.problem.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("address: any other URL is refused", "[config][address]") {
    for (const auto* bad : {"",
                            "mqtt",
                            "mqtt:",
                            "mqtt://",
                            "mqtt://:1883",
                            "mqtt://host:",
                            "mqtt://host:0",
                            "mqtt://host:65536",
                            "mqtt://host:+1",
                            "mqtt://host:0x10",
                            "mqtt://host: 1",
                            "mqtt://ho st",
                            "mqtt://.host",
                            "mqtt://a..b",
                            "mqtt://h\xC3\xB6st",
                            "mqtt://host?x",
                            "mqtt://host#x",
                            "mqtt://::1",
                            "mqtt://[::1",
                            "mqtt://[::1]x",
                            "mqtt://[::1]:",
                            "mqtt://[host]",
                            "mqtt://[::1%]",
                            "mqtt://host/mqtt",
                            "mqtts://host/mqtt",
                            "ws://",
                            "ws:///mqtt",
                            "ws://host:/mqtt",
                            "ws://host#x",
                            "ws://host/a b",
                            "ws://host/\xC3\xB6",
                            "wss://me@host",
                            "ssl://host",
                            "http://host",
                            "MQTT://host",
                            "broker",
                            "broker:1883",
                            "://host",
                            "mqtt//host"}) {
        INFO(bad);
        const auto read = parse_url(bad);
        CHECK_FALSE(read.value.has_value());
        CHECK_FALSE(read.problem.empty());
    }
}

TEST_CASE("address: a password in a URL isn't repeated", "[config][address]") {
    for (const auto* text :
         {"mqtt://me:hunter2@host", "mqtts://me:hunter2@host:1", "me:hunter2@host", "mqtt://me:hun/ter2@host",
          "http://hunter2@host/x", "ws://me:hunter2@host/x", "https://host/x?token=hunter2", "host/x?hunter2"}) {
        const auto read = parse_url(text);
        CHECK_FALSE(read.value.has_value());
        CHECK(read.problem.find("ter2") == std::string::npos);
    }
}

TEST_CASE("address: a secret is a reference", "[config][address]") {
    using from = secret_reference::source;
    CHECK(parse_secret("@env:MQTT_PASSWORD").value == secret_reference{from::environment, "MQTT_PASSWORD", {}});
    CHECK(parse_secret("@file:/run/secrets/mqtt").value == secret_reference{from::file, "/run/secrets/mqtt", {}});
    CHECK(parse_secret("@cred:mqtt-password").value == secret_reference{from::credential, "mqtt-password", {}});
    for (const auto* bad : {"hunter2", "@hunter2", "@env:", "@env:1X", "@env:A B", "@env:A=B", "@file:", "@file:x",
                            "@cred:", "@cred:../x", "@cred:..", "@ENV:X", "env:X"}) {
        INFO(bad);
        const auto read = parse_secret(bad);
        CHECK_FALSE(read.value.has_value());
        CHECK(read.problem.find("hunter2") == std::string::npos);
    }
}

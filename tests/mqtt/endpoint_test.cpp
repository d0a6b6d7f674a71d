// tests/mqtt/endpoint_test.cpp: URLs and server references, right and wrong.
// Not here: what is done with an endpoint (transport_layers_test.cpp).
#include "mqtt/endpoint.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace mqtt;

namespace {

std::string error_of(std::string_view url) {
    const auto result = parse_endpoint(url);
    return result ? "no error" : result.error().what();
}

}  // namespace

TEST_CASE("endpoint: a URL gives scheme, host, port and path", "[mqtt][endpoint]") {
    struct row {
        const char* url;
        endpoint expected;
    };
    const std::vector<row> rows = {
        {"mqtt://broker", {scheme::mqtt, "broker", 1883, ""}},
        {"mqtts://broker.example", {scheme::mqtts, "broker.example", 8883, ""}},
        {"ws://broker", {scheme::ws, "broker", 80, "/mqtt"}},
        {"wss://broker", {scheme::wss, "broker", 443, "/mqtt"}},
        {"mqtt://broker/", {scheme::mqtt, "broker", 1883, ""}},
        {"mqtt://10.1.2.3:1884", {scheme::mqtt, "10.1.2.3", 1884, ""}},
        {"MQTTS://Broker-1.example:1", {scheme::mqtts, "Broker-1.example", 1, ""}},
        {"mqtt://broker:65535", {scheme::mqtt, "broker", 65535, ""}},
        {"mqtt://[::1]", {scheme::mqtt, "::1", 1883, ""}},
        {"mqtt://[::1]:1884", {scheme::mqtt, "::1", 1884, ""}},
        {"wss://[fe80::1%eth0]:8084/a", {scheme::wss, "fe80::1%eth0", 8084, "/a"}},
        {"mqtt://[::ffff:10.0.0.1]", {scheme::mqtt, "::ffff:10.0.0.1", 1883, ""}},
        {"ws://broker:8080/", {scheme::ws, "broker", 8080, "/"}},
        {"wss://broker/a/b?token=x:y@z", {scheme::wss, "broker", 443, "/a/b?token=x:y@z"}},
        {"wss://broker?token=x", {scheme::wss, "broker", 443, "/mqtt?token=x"}},
    };
    for (const auto& one : rows) {
        CAPTURE(one.url);
        const auto result = parse_endpoint(one.url);
        REQUIRE(result.has_value());
        CHECK(*result == one.expected);
    }
}

TEST_CASE("endpoint: a wrong URL is told with what would be right", "[mqtt][endpoint]") {
    struct row {
        std::string url;
        const char* error;
    };
    constexpr const char* port = "the port must be a number from 1 to 65535";
    constexpr const char* all = "mqtt://, mqtts://, ws:// or wss://";
    const std::vector<row> rows = {
        {"", all},
        {"broker", all},
        {"broker:1883", all},
        {"gopher://broker", all},
        {"://broker", all},
        {"tcp://broker", "unknown scheme \"tcp://\": write mqtt://"},
        {"mqtt+tcp://broker", "write mqtt://"},
        {"SSL://broker", "unknown scheme \"ssl://\": write mqtts://"},
        {"tls://broker", "write mqtts://"},
        {"mqtt+ssl://broker", "write mqtts://"},
        {"mqtt+tls://broker", "write mqtts://"},
        {"http://broker", "write ws://"},
        {"https://broker", "write wss://"},
        {"mqtt://", "the host is missing"},
        {"mqtt://:1883", "the host is missing"},
        {"ws:///mqtt", "the host is missing"},
        {"mqtt://broker:", port},
        {"mqtt://broker:0", port},
        {"mqtt://broker:65536", port},
        {"mqtt://broker:-1", port},
        {"mqtt://broker:1883x", port},
        {"mqtt://broker: 1883", port},
        {"mqtt://[::1]:", port},
        {"mqtt://::1", "must be in brackets"},
        {"mqtt://fe80::1:1883", "must be in brackets"},
        {"mqtt://[::1", "the bracket of the IPv6 address isn't closed"},
        {"mqtt://[broker]", "no IPv6 address"},
        {"mqtt://[::1%]", "no IPv6 address"},
        {"mqtt://[]", "no IPv6 address"},
        {"mqtt://[::1]1883", "may follow the brackets"},
        {"mqtt://bro ker", "a host name holds"},
        {"mqtt://br\xc3\xb6ker", "a host name holds"},
        {"mqtt://broker\r\n", "a host name holds"},
        {"mqtt://" + std::string(254, 'a'), "at most 253"},
        {"mqtt://broker/topic", "mqtt:// takes no path"},
        {"mqtts://broker?x", "mqtts:// takes no path"},
        {"ws://broker/a b", "percent-encode"},
        {"ws://broker/a#b", "percent-encode"},
        {"ws://broker/\xc3\xb6", "percent-encode"},
        {"ws://broker/a\r\nHost: x", "percent-encode"},
        {"ws://broker/" + std::string(8192, 'a'), "longer than 8 KiB"},
    };
    for (const auto& one : rows) {
        CAPTURE(one.url);
        CHECK_THAT(error_of(one.url), Catch::Contains(one.error));
    }
}

TEST_CASE("endpoint: a login in a URL is refused, and not repeated", "[mqtt][endpoint]") {
    for (const auto* url :
         {"mqtt://me:hush@broker", "wss://me:hush@broker:443/mqtt", "mqtt://hush@broker", "mqtt://me:hush:@[::1]"}) {
        CAPTURE(url);
        CHECK_THAT(error_of(url), Catch::Contains("set username and password") && !Catch::Contains("hush"));
    }
    CHECK_THAT(error_of("hush://me:hush@broker"), !Catch::Contains("hush"));
}

TEST_CASE("endpoint: is shown as a URL with its port, without the query", "[mqtt][endpoint]") {
    CHECK(url_of({scheme::mqtt, "broker", 1883, ""}) == "mqtt://broker:1883");
    CHECK(url_of({scheme::wss, "::1", 443, "/a?token=hush"}) == "wss://[::1]:443/a");
}

TEST_CASE("endpoint: the first well-formed server of a Server Reference is taken; scheme and path stay", "[mqtt][endpoint]") {
    const endpoint by{scheme::wss, "old", 9443, "/a"};
    const auto at = [](std::string host, std::uint16_t port) { return endpoint{scheme::wss, std::move(host), port, "/a"}; };
    CHECK(referred_endpoint(by, "new.example") == at("new.example", 443));
    CHECK(referred_endpoint(by, "new.example:8443") == at("new.example", 8443));
    CHECK(referred_endpoint(by, "10.10.151.22:8883 [fe80::9610:3eff:fe1c]:1883") == at("10.10.151.22", 8883));
    CHECK(referred_endpoint(by, "[fe80::9610:3eff:fe1c]:1883") == at("fe80::9610:3eff:fe1c", 1883));
    CHECK(referred_endpoint(by, "[::1]") == at("::1", 443));
    CHECK(referred_endpoint(by, "  bad:port b@d mqtt://bad [ good:1  other:2") == at("good", 1));
    CHECK(referred_endpoint(by, "") == std::nullopt);
    CHECK(referred_endpoint(by, "  ") == std::nullopt);
    CHECK(referred_endpoint(by, "a\r\nb") == std::nullopt);
    CHECK(referred_endpoint({scheme::mqtt, "old", 9, ""}, "new") == endpoint{scheme::mqtt, "new", 1883, ""});
}

// tests/mqtt/proxy_test.cpp: what an HTTP proxy is asked, and what its answers come to.
// Not here: bytes on their way (transport_layers_test.cpp).
#include "mqtt/proxy.hpp"

#include <catch2/catch.hpp>

using namespace mqtt;

namespace {

proxy_settings with_login() {
    proxy_settings how;
    how.host = "proxy";
    how.username = "Aladdin";
    how.password = "open sesame";
    return how;
}

proxy_settings without_login() {
    proxy_settings how;
    how.host = "proxy";
    return how;
}

std::string refusal(const proxy_settings& how, int status, std::string phrase, std::vector<http_field> fields = {}) {
    return proxy_refusal(how, "broker", 8883, {status, std::move(phrase), std::move(fields)});
}

}  // namespace

TEST_CASE("proxy: the request names host and port, and bears a login if there is one", "[mqtt][proxy]") {
    CHECK(proxy_request(without_login(), "broker", 8883) == "CONNECT broker:8883 HTTP/1.1\r\nHost: broker:8883\r\n\r\n");
    CHECK(proxy_request(without_login(), "::1", 80) == "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n");
    // RFC 7617, 2: its example of a login.
    CHECK(proxy_request(with_login(), "b", 1) ==
          "CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
    auto no_password = with_login();
    no_password.password.reset();
    CHECK_THAT(proxy_request(no_password, "b", 1), Catch::Contains("Basic QWxhZGRpbjo=\r\n"));
}

TEST_CASE("proxy: any 2xx grants the tunnel, the others are told in words", "[mqtt][proxy]") {
    CHECK(refusal(without_login(), 200, "Connection established") == "");
    CHECK(refusal(without_login(), 299, "") == "");
    CHECK(refusal(without_login(), 101, "") == "the proxy proxy:3128 refused a connection to broker:8883: \"101\"");
    CHECK(refusal(without_login(), 301, "Moved") == "the proxy proxy:3128 refused a connection to broker:8883: \"301 Moved\"");
    CHECK(refusal(without_login(), 403, "Forbidden") ==
          "the proxy proxy:3128 does not allow a connection to broker:8883: \"403 Forbidden\"");
    CHECK(refusal(without_login(), 407, "Login") == "the proxy proxy:3128 wants a login: set its username and password");
    CHECK(refusal(with_login(), 407, "Login", {{"proxy-authenticate", "Basic realm=\"x\""}}) ==
          "the proxy proxy:3128 refused the username or the password");
    CHECK(refusal(with_login(), 407, "Login", {{"proxy-authenticate", "Negotiate"}, {"proxy-authenticate", "BASIC realm=x"}}) ==
          "the proxy proxy:3128 refused the username or the password");
    CHECK(refusal(with_login(), 407, "Login", {{"proxy-authenticate", "NTLM abc"}}) ==
          "the proxy proxy:3128 wants a login by \"NTLM\": only Basic is supported");
    for (const int status : {502, 503, 504})
        CHECK(refusal(without_login(), status, "Sorry") ==
              "the proxy proxy:3128 can't connect to broker:8883: \"" + std::to_string(status) + " Sorry\"");
}

TEST_CASE("proxy: no answer brings the login into the words", "[mqtt][proxy]") {
    for (int status = 100; status < 600; ++status) {
        const auto words = refusal(with_login(), status, "x", {{"proxy-authenticate", "Basic"}});
        CHECK_THAT(words, !Catch::Contains("sesame") && !Catch::Contains("QWxhZGRpb"));
    }
}

TEST_CASE("proxy: settings that make no request are refused, without the password", "[mqtt][proxy]") {
    const auto fault = [](auto change) {
        auto how = with_login();
        change(how);
        return fault_in(how);
    };
    CHECK(fault([](auto&) {}) == "");
    CHECK(fault([](auto& how) { how.host = ""; }) == "the proxy's host is no host name");
    CHECK(fault([](auto& how) { how.host = "a\r\nb"; }) == "the proxy's host is no host name");
    CHECK(fault([](auto& how) { how.port = 0; }) == "the proxy's port must be 1 to 65535");
    CHECK(fault([](auto& how) { how.username = "a:b"; }) == "a proxy's username can't hold a ':'");
    CHECK(fault([](auto& how) { how.username = "a\n"; }) == "the proxy's username or password holds a control character");
    CHECK(fault([](auto& how) { how.password = "hush\r\n"; }) == "the proxy's username or password holds a control character");
    CHECK(fault([](auto& how) { how.password = std::string(1024, 'x'); }) ==
          "the proxy's username and password are longer than 1 KiB");
}

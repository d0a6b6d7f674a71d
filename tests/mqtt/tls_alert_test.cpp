// tests/mqtt/tls_alert_test.cpp: servers that refuse us, that speak another version of TLS, or none.
// Not here: servers that we refuse (tls_refusal_test.cpp).
#include <array>
#include <catch2/catch.hpp>
#include <random>

#include "mqtt/tls_words.hpp"
#include "mqtt/transport.hpp"
#include "tests/mqtt/support/tls_world.hpp"

using namespace mqtt;
using namespace mqtt::test;
using namespace std::string_literals;

namespace {

/// A server that answers with these bytes.
std::string answered_with(const std::string& bytes) {
    tls_engine client(plant().files(), {}, "broker.example");
    client.feed(bytes_of(bytes));
    CHECK_FALSE(client.is_open());
    CHECK(client.write("secret") == 0);
    return client.error();
}

std::string alert(char description) { return "\x15\x03\x03\x00\x02\x02"s + description; }

constexpr const char* ours = "; ours is that of CN=gateway 7, issued by CN=Plant CA, valid from 2020-01-01 to 2099-01-01";

/// Of a TLS 1.2 handshake with a server that doesn't like what it sees of the client.
std::string error_with(const server_settings& how, const tls_files& files) {
    tls_server server(how);
    tls_engine client(files, {}, "broker.example");
    exchange(client, server);
    CHECK(server.received().empty());
    CHECK_FALSE(server.is_open());
    CHECK_FALSE(client.is_open());
    return client.error();
}

/// The version in a record's header means nothing, and isn't protected (RFC 8446 5.1).
bool is_version(std::string_view records, std::size_t at) {
    for (std::size_t record = 0; record + 5 <= records.size();) {
        if (at == record + 1 || at == record + 2) return true;
        const auto byte = [&](std::size_t which) { return static_cast<std::size_t>(static_cast<unsigned char>(records[which])); };
        record += 5 + (byte(record + 3) << 8) + byte(record + 4);
    }
    return false;
}

}  // namespace

TEST_CASE("tls alert: the server demands a client certificate, and there is none", "[mqtt][tls]") {
    auto how = plant().server();
    how.client_authority = plant().authority.certificate;
    const auto words = [](const std::string& name) {
        return "the server refused the connection (TLS alert " + name +
               "): it demands a client certificate, and none is set: set certificate_file and key_file";
    };
    SECTION("TLS 1.2: told during the handshake") {
        tls_server server(how);
        tls_engine client(plant().files(), {}, "broker.example");
        server.feed(client.take_bytes());
        client.feed(bytes_of(server.take_bytes()));
        CHECK_FALSE(client.take_bytes().empty());
        client.feed(bytes_of(alert(40)));  // as OpenSSL does
        CHECK_FALSE(client.is_open());
        CHECK(client.error() == words("handshake_failure"));
    }
    SECTION("TLS 1.3: told when the client thinks that the handshake is done, and by the first read") {
        how = plant().server(GENERATE(from_range(tls_versions())));
        tls_server server(how);
        tls_engine client(plant().files(), {}, "broker.example");
        exchange(client, server);
        REQUIRE(client.is_open());
        server.send_alert(116);
        CHECK(exchange(client, server) == "");
        CHECK(client.error() == words("certificate_required"));
    }
}

TEST_CASE("tls alert: the server refuses the client's certificate", "[mqtt][tls]") {
    const auto files = plant().with_own(plant().files(), plant().gateway);
    const auto words =
        "the server refused the connection (TLS alert unknown_ca): it doesn't trust the issuer of the client certificate"s + ours;
    SECTION("during the handshake") {
        auto how = plant().server();
        how.client_authority = make_authority("CN=Other CA").certificate;
        CHECK(error_with(how, files) == words);
    }
    SECTION("after it") {
        tls_server server(plant().server(GENERATE(from_range(tls_versions()))));
        tls_engine client(files, {}, "broker.example");
        exchange(client, server);
        server.send_alert(48);
        exchange(client, server);
        CHECK(client.error() == words);
    }
}

TEST_CASE("tls alert: the client's certificate has expired", "[mqtt][tls]") {
    auto how = plant().server();
    how.client_authority = plant().authority.certificate;
    const auto old = make_identity({.subject = "CN=gateway 7", .names = {}, .what_for = purpose::client, .to = "20210304050607"},
                                   &plant().authority);
    CHECK(error_with(how, plant().with_own(plant().files(), old)) ==
          "the server refused the connection (TLS alert certificate_expired): the client certificate has expired, or isn't valid "
          "yet by its clock; ours is that of CN=gateway 7, issued by CN=Plant CA, valid from 2020-01-01 to 2021-03-04");
}

TEST_CASE("tls alert: each has its words, and an unknown one its number", "[mqtt][tls]") {
    CHECK(answered_with(alert(40)) ==
          "the server refused the connection (TLS alert handshake_failure): it finds no cipher or key exchange that both allow");
    CHECK(answered_with(alert(70)) ==
          "the server refused the connection (TLS alert protocol_version): it offers no TLS version that is allowed here (1.2 or "
          "newer)");
    CHECK(answered_with(alert(112)) ==
          "the server refused the connection (TLS alert unrecognized_name): it doesn't know the name it was asked for "
          "(server_name)");
    CHECK(answered_with(alert(99)) == "the server refused the connection (TLS alert 99)");
}

TEST_CASE("tls alert: in the midst of things an alert isn't about certificates", "[mqtt][tls]") {
    const tls_circumstances midst{
        .anything_received = true, .server_accepted = true, .data_received = true, .own_certificate = {}};
    CHECK(alert_words(40, midst) ==
          "the server ended the connection (TLS alert handshake_failure): it finds no cipher or key exchange that both allow");
    CHECK(alert_words(80, midst) == "the server ended the connection (TLS alert internal_error): it has an error of its own");
}

TEST_CASE("tls alert: an older version is refused", "[mqtt][tls]") {
    // A ServerHello of TLS 1.1.
    const auto hello = "\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"s + std::string(32, 'r') + "\x00\xc0\x13\x00"s;
    CHECK(answered_with(hello) == "the server offers no TLS version that is allowed here (1.2 or newer)");
}

TEST_CASE("tls alert: a server that doesn't speak TLS", "[mqtt][tls]") {
    SECTION("answers in its own language") {
        CHECK(answered_with("HTTP/1.1 400 Bad Request\r\n\r\n") ==
              "the server doesn't speak TLS on this port; its answer begins \"HTTP/1.1 400 Bad Request\"");
        CHECK(answered_with("\x20\x02\x00\x02"s) == "the server doesn't speak TLS on this port; its answer begins \" ???\"");
        CHECK(answered_with("220 mail") == "the server doesn't speak TLS on this port; its answer begins \"220 mail\"");
    }
    SECTION("closes the connection, as an MQTT broker does") {
        tls_engine client(plant().files(), {}, "broker.example");
        client.feed_end();
        CHECK(client.error() == "the server closed the connection without an answer to TLS: does it speak TLS on this port?");
    }
}

TEST_CASE("tls alert: a server that closes without a word once it had our certificate, or none", "[mqtt][tls]") {
    auto how = plant().server();
    how.client_authority = plant().authority.certificate;
    const bool has_certificate = GENERATE(true, false);
    tls_server server(how);
    tls_engine client(has_certificate ? plant().with_own(plant().files(), plant().gateway) : plant().files(), {},
                      "broker.example");
    server.feed(client.take_bytes());
    client.feed(bytes_of(server.take_bytes()));
    REQUIRE(client.error() == "");
    client.feed_end();
    if (has_certificate) {
        CHECK(
            client.error() ==
            "the server closed the connection during the TLS handshake; maybe it doesn't accept the client certificate, that of "
            "CN=gateway 7, issued by CN=Plant CA, valid from 2020-01-01 to 2099-01-01");
    } else {
        CHECK(
            client.error() ==
            "the server closed the connection during the TLS handshake; maybe it demands a client certificate, and none is set: "
            "set certificate_file and key_file");
    }
}

TEST_CASE("tls alert: garbage at any step of the handshake ends it", "[mqtt][tls]") {
    const auto version = GENERATE(from_range(tls_versions()));
    std::mt19937 random(20261122);
    const auto garbage = [&](std::size_t size) {
        std::string bytes(size, '\0');
        for (auto& byte : bytes) byte = static_cast<char>(random());
        return bytes;
    };
    // Before, in the place of, or in the midst of each of the server's flights.
    for (int flight = 0; flight < 2; ++flight) {
        for (int round = 0; round < 30; ++round) {
            tls_server server(plant().server(version));
            tls_engine client(plant().files(), {}, "broker.example");
            for (int i = 0; i < flight; ++i) {
                server.feed(client.take_bytes());
                client.feed(bytes_of(server.take_bytes()));
            }
            server.feed(client.take_bytes());
            auto bytes = server.take_bytes();
            if (client.is_open() || bytes.empty()) continue;  // TLS 1.3 has one flight
            const auto kept = random() % bytes.size();
            bytes = bytes.substr(0, kept) + garbage(1 + random() % 400);
            client.feed(bytes_of(bytes));
            client.feed_end();
            CHECK_FALSE(client.is_open());
            CHECK(client.error() != "");
            CHECK(client.write("secret") == 0);
        }
    }
}

TEST_CASE("tls alert: a changed bit anywhere in the server's handshake ends it", "[mqtt][tls]") {
    const auto version = GENERATE(from_range(tls_versions()));
    std::mt19937 random(3);
    for (std::size_t at = 0;; at += 11) {
        tls_server server(plant().server(version));
        tls_engine client(plant().files(), {}, "broker.example");
        server.feed(client.take_bytes());
        auto bytes = server.take_bytes();
        if (at >= bytes.size()) break;
        if (is_version(bytes, at)) continue;
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        client.feed(bytes_of(bytes));
        exchange(client, server);
        CAPTURE(at);
        client.feed_end();
        CHECK_FALSE(client.is_open());
        CHECK(client.error() != "");
        CHECK(server.received().empty());
    }
}

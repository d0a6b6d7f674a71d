// tests/mqtt/tls_engine_test.cpp: the engine's handshakes and bytes, against a server in memory.
// Not here: which certificates are refused, and in which words (tls_refusal_test.cpp).
#include "mqtt/tls_engine.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "mqtt/transport.hpp"
#include "tests/mqtt/support/tls_world.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

/// Both ends, the handshake done.
struct open_pair {
    explicit open_pair(server_settings how = plant().server()) : server(how), client(plant().files(), {}, "broker.example") {
        exchange(client, server);
        REQUIRE(client.error().empty());
        REQUIRE(client.is_open());
    }
    tls_server server;
    tls_engine client;
};

/// The error of the read.
std::string read_error(tls_engine& client) {
    std::array<std::byte, 16> some{};
    CHECK(client.read(some) == 0);
    return client.error();
}

/// What the server says to what the client has said.
std::string flight(tls_engine& client, tls_server& server) {
    server.feed(client.take_bytes());
    return server.take_bytes();
}

}  // namespace

TEST_CASE("tls engine: shakes hands and carries bytes both ways, however they are cut", "[mqtt][tls]") {
    const auto version = GENERATE(from_range(tls_versions()));
    const auto step = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{16384});
    tls_server server(plant().server(version));
    tls_engine client(plant().files(), {}, "broker.example");
    CHECK(client.error() == "");
    CHECK_FALSE(client.is_open());
    CHECK(exchange(client, server, step) == "");
    REQUIRE(client.error() == "");
    REQUIRE(client.is_open());
    REQUIRE(server.is_open());

    CHECK(client.write("ping") == 4);
    server.write("pong");
    CHECK(exchange(client, server, step) == "pong");
    CHECK(server.received() == "ping");
    CHECK(client.error() == "");
}

TEST_CASE("tls engine: takes no more of the application than a bounded buffer holds, and all of it in turns", "[mqtt][tls]") {
    open_pair two;
    const std::string much(1'000'000, 'x');
    std::size_t taken = 0;
    int turns = 0;
    for (; taken < much.size() && turns < 100; ++turns) {
        taken += two.client.write(std::string_view(much).substr(taken));
        if (taken < much.size()) CHECK(two.client.write("y") == 0);  // full, until what waits is sent
        const auto bytes = two.client.take_bytes();
        CHECK(bytes.size() < 64 * 1024 + 17 * 1024);
        two.server.feed(bytes);
    }
    CHECK(taken == much.size());
    CHECK(turns > 10);
    CHECK((two.server.received() == much));
}

TEST_CASE("tls engine: wants no more of the peer while the application hasn't read what came", "[mqtt][tls]") {
    open_pair two;
    two.server.write(std::string(20'000, 'a'));
    const auto bytes = two.server.take_bytes();
    CHECK(two.client.wants_bytes());
    two.client.feed(bytes_of(bytes));
    CHECK_FALSE(two.client.wants_bytes());
    std::array<std::byte, 1000> some{};
    std::size_t size = 0;
    for (int i = 0; i < 19; ++i) size += two.client.read(some);
    CHECK(size > 16'384);
    CHECK_FALSE(two.client.wants_bytes());
    while (const auto more = two.client.read(some)) size += more;
    CHECK(size == 20'000);
    CHECK(two.client.wants_bytes());
    CHECK(two.client.error() == "");
}

TEST_CASE("tls engine: the peer's announced end is an end in order, any other is told as what it is", "[mqtt][tls]") {
    const auto version = GENERATE(from_range(tls_versions()));
    open_pair two(plant().server(version));
    SECTION("announced") {
        two.server.write("last");
        two.server.close_notify();
        CHECK(exchange(two.client, two.server) == "last");
        CHECK(read_error(two.client) == closed_by_peer);
        CHECK(two.client.write("x") == 0);
    }
    SECTION("cut between two records") {
        two.client.feed_end();
        CHECK(read_error(two.client) ==
              "the peer closed the connection without TLS's notice of the end: something may be missing");
        CHECK(two.client.write("x") == 0);
    }
    SECTION("cut within a record: its bytes are not told") {
        two.server.write("secret");
        const auto bytes = two.server.take_bytes();
        two.client.feed(bytes_of(std::string_view(bytes).substr(0, bytes.size() - 1)));
        two.client.feed_end();
        CHECK(read_error(two.client) ==
              "the peer closed the connection without TLS's notice of the end: something may be missing");
    }
}

TEST_CASE("tls engine: the end of writing is announced to the peer, and reading goes on", "[mqtt][tls]") {
    const auto version = GENERATE(from_range(tls_versions()));
    open_pair two(plant().server(version));
    CHECK(two.client.write("last") == 4);
    two.client.end_of_writing();
    two.server.write("answer");
    CHECK(exchange(two.client, two.server) == "answer");
    CHECK(two.server.received() == "last");
    CHECK(two.server.was_told_the_end());
    CHECK(two.client.error() == "");
}

TEST_CASE("tls engine: a changed byte of the application's is no byte of the application's", "[mqtt][tls]") {
    const auto version = GENERATE(from_range(tls_versions()));
    open_pair two(plant().server(version));
    two.server.write("secret");
    auto bytes = two.server.take_bytes();
    const auto at = GENERATE(std::size_t{5}, std::size_t{12}, std::size_t{20});
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    two.client.feed(bytes_of(bytes));
    CHECK(read_error(two.client) == "the TLS connection failed: SSL - Verification of the message MAC failed");
    CHECK(exchange(two.client, two.server) == "");
    CHECK(two.server.error() == "SSL - A fatal alert message was received from our peer");
}

TEST_CASE("tls engine: a name is asked for by SNI, an address never is", "[mqtt][tls]") {
    const auto [host, server_name, asked] =
        GENERATE(table<std::string, std::string, std::string>({{"broker.example", "", "broker.example"},
                                                               {"broker.example.", "", "broker.example"},
                                                               {"10.0.0.5", "broker.example", "broker.example"},
                                                               {"127.0.0.1", "", ""},
                                                               {"::1", "", ""},
                                                               {"fe80::1%eth0", "", ""}}));
    tls_server server(plant().server());
    tls_engine client(plant().files(), {.server_name = server_name, .verify_host = tls_check::off}, host);
    exchange(client, server);
    CHECK(client.error() == "");
    CHECK(server.name() == asked);
}

TEST_CASE("tls engine: the server selects one of the protocols offered, or none", "[mqtt][tls]") {
    const auto version = GENERATE(from_range(tls_versions()));
    auto how = plant().server(version);
    const tls_settings offers{.alpn = {"mqtt", "x-amzn-mqtt-ca"}};
    SECTION("the one that it knows") {
        how.alpn = {"http/1.1", "x-amzn-mqtt-ca"};
        tls_server server(how);
        tls_engine client(plant().files(), offers, "broker.example");
        exchange(client, server);
        CHECK(client.is_open());
        CHECK(server.protocol() == "x-amzn-mqtt-ca");
    }
    SECTION("a server without the extension is taken all the same (RFC 7301 3.1)") {
        tls_server server(how);
        tls_engine client(plant().files(), offers, "broker.example");
        exchange(client, server);
        CHECK(client.is_open());
    }
    SECTION("a server that knows none of them says so") {
        how.alpn = {"http/1.1"};
        tls_server server(how);
        tls_engine client(plant().files(), offers, "broker.example");
        exchange(client, server);
        CHECK(client.error() ==
              "the server refused the connection (TLS alert no_application_protocol): it knows none of the protocols offered "
              "(alpn)");
    }
    SECTION("a name that can't be offered") {
        const tls_engine client(plant().files(), {.alpn = {GENERATE(std::string(), std::string(256, 'x'))}}, "broker.example");
        CHECK(client.error() == "alpn: a protocol's name has 1 to 255 bytes");
    }
}

TEST_CASE("tls engine: a protocol that wasn't offered can't be selected", "[mqtt][tls]") {
    auto how = plant().server();
    how.alpn = {"mqtt"};
    tls_server server(how);
    tls_engine client(plant().files(), {.alpn = {"mqtt"}}, "broker.example");
    auto bytes = flight(client, server);
    const auto at = bytes.find("\4mqtt");
    REQUIRE(at != std::string::npos);
    bytes[at + 4] = 'x';
    client.feed(bytes_of(bytes));
    CHECK_FALSE(client.is_open());
    CHECK_THAT(client.error(), Catch::StartsWith("the TLS handshake failed: SSL - "));
}

TEST_CASE("tls engine: a client certificate is shown when the server asks for it", "[mqtt][tls]") {
    const auto version = GENERATE(from_range(tls_versions()));
    auto how = plant().server(version);
    how.client_authority = plant().authority.certificate;
    tls_server server(how);
    auto files = plant().with_own(plant().files(), plant().gateway);
    SECTION("certificate and key in two files") {}
    SECTION("and in one") {
        files.certificate->bytes += plant().gateway.key;
        files.key = files.certificate;
    }
    SECTION("the key before the certificate") {
        files.certificate->bytes = plant().gateway.key + files.certificate->bytes;
        files.key = files.certificate;
    }
    tls_engine client(files, {}, "broker.example");
    exchange(client, server);
    CHECK(client.error() == "");
    CHECK(server.error() == "");
    CHECK(server.is_open());
}

TEST_CASE("tls engine: a server that wants to renegotiate is told no, and the connection goes on", "[mqtt][tls]") {
    auto how = plant().server();
    how.may_renegotiate = true;
    open_pair two(how);
    two.server.ask_for_renegotiation();
    CHECK(exchange(two.client, two.server) == "");
    CHECK(two.client.write("still here") == 10);
    exchange(two.client, two.server);
    CHECK(two.client.error() == "");
    CHECK(two.server.received() == "still here");
}

TEST_CASE("tls engine: a server that asks again and again, and reads no answer, fills no memory", "[mqtt][tls]") {
    auto how = plant().server();
    how.may_renegotiate = true;
    open_pair two(how);
    std::array<std::byte, 16> some{};
    std::size_t asked = 0;
    for (; asked < 20'000 && two.client.wants_bytes(); ++asked) {
        two.server.ask_for_renegotiation();
        two.client.feed(bytes_of(two.server.take_bytes()));
        CHECK(two.client.read(some) == 0);
    }
    CHECK(asked > 1000);
    CHECK(asked < 5000);  // each answer has 30 bytes
    const auto answers = two.client.take_bytes();
    CHECK(answers.size() < 64 * 1024 + 17 * 1024);
    CHECK(two.client.read(some) == 0);
    CHECK(two.client.wants_bytes());
    // What comes after it is neither lost nor out of order.
    two.server.feed(answers);
    CHECK(two.server.error() == "");
    CHECK(two.client.write("still here") == 10);
    exchange(two.client, two.server);
    CHECK(two.client.error() == "");
    CHECK(two.server.received() == "still here");
}

/// The client gets `cut` bytes of the handshake, and then the end. Returns whether it was open before.
bool is_open_after(std::size_t cut, tls_version version) {
    tls_server server(plant().server(version));
    tls_engine client(plant().files(), {}, "broker.example");
    for (auto bytes = flight(client, server); !bytes.empty() && cut > 0; bytes = flight(client, server)) {
        const auto some = std::string_view(bytes).substr(0, cut);
        cut -= some.size();
        client.feed(bytes_of(some));
    }
    const bool result = client.is_open();
    client.feed_end();
    if (result) return true;
    CHECK(client.write("secret") == 0);
    CHECK_THAT(client.error(), Catch::StartsWith("the server closed the connection"));
    return false;
}

TEST_CASE("tls engine: the stream may end at every byte of the handshake, and is never taken for open", "[mqtt][tls]") {
    tls_server server(plant().server());
    tls_engine first(plant().files(), {}, "broker.example");
    const auto recorded = flight(first, server);
    // Up to the key exchange, which signs the client's random number, one server's bytes are as good as another's; then each
    // cut needs a handshake of its own.
    REQUIRE(recorded.size() > 500);
    std::size_t cut = 0;
    for (; cut < recorded.size() - 100; ++cut) {
        tls_engine client(plant().files(), {}, "broker.example");
        client.feed(bytes_of(std::string_view(recorded).substr(0, cut)));
        client.feed_end();
        CAPTURE(cut);
        CHECK_FALSE(client.is_open());
        CHECK(client.write("secret") == 0);
        CHECK_THAT(client.error(), Catch::StartsWith("the server closed the connection"));
    }
    while (!is_open_after(cut, tls_version::v1_2)) ++cut;
    CHECK(cut > recorded.size() + 40);
}

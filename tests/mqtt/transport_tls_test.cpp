// tests/mqtt/transport_tls_test.cpp: TLS as a transport: over loopback TCP, under a client, and over a layer that a test holds
// in its hand.
// Not here: TLS itself (tls_engine_test.cpp).
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "mqtt/client.hpp"
#include "mqtt/tls.hpp"
#include "tests/mqtt/client_peer.hpp"
#include "tests/mqtt/support/tls_peer.hpp"
#include "tests/mqtt/support/tls_world.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

class trust {
public:
    trust() { authority(plant().authority); }
    void authority(const identity& who) const {
        std::ofstream(folder_.file("ca.pem"), std::ios::binary | std::ios::trunc) << who.certificate;
    }
    /// The peers listen on an address that isn't in the certificate.
    tls_settings settings() const { return {.ca_file = folder_.file("ca.pem"), .server_name = "broker.example"}; }

private:
    support::temporary_folder folder_;
};

/// What the handlers have told.
struct told {
    std::optional<std::string> opened;
    std::optional<std::string> read_error;
    std::optional<std::string> written;
    std::string bytes;
};

void read_all(transport& from, told& into) {
    from.read([&](std::string_view error, std::span<const std::byte> bytes) {
        if (!error.empty()) {
            CHECK(bytes.empty());
            into.read_error = error;
            return;
        }
        CHECK_FALSE(bytes.empty());
        into.bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        read_all(from, into);
    });
}

void open(transport& what, told& into, std::uint16_t port = 1) {
    what.open("127.0.0.1", port, [&](std::string_view error) { into.opened = error; });
    CHECK(!into.opened);  // never from within the call
}

/// A connection over TCP.
struct connected {
    explicit connected(server_settings how = plant().server()) : peer(loop, std::move(how)) {
        open(*stream, what, peer.port());
        REQUIRE(run_until(loop, [&] { return what.opened.has_value(); }));
        REQUIRE(what.opened == "");
        REQUIRE(run_until(loop, [&] { return peer.server().is_open(); }));
    }
    bool until(const std::function<bool()>& holds) { return run_until(loop, holds); }

    trust files;
    asio::io_context loop;
    tls_peer peer;
    std::unique_ptr<transport> stream = make_tls_transport(loop, make_tcp_transport(loop), files.settings());
    told what;
};

/// A layer below that does nothing by itself.
class held : public transport {
public:
    struct hand {
        opened_handler opened;
        read_handler read;
        written_handler written;
        std::string bytes;  // written, not yet looked at
        int reads = 0;
        bool ended = false;
        bool gone = false;

        void finish_write(std::string_view error = "") { std::exchange(written, nullptr)(error); }
        void give(std::string_view some) { std::exchange(read, nullptr)("", bytes_of(some)); }
        void fail_read(std::string_view error) { std::exchange(read, nullptr)(error, {}); }
    };
    explicit held(std::shared_ptr<hand> whose) : hand_(std::move(whose)) {}
    ~held() override { hand_->gone = true; }
    void open(const std::string&, std::uint16_t, opened_handler done) override { hand_->opened = std::move(done); }
    void read(read_handler done) override {
        CHECK_FALSE(hand_->read);
        ++hand_->reads;
        hand_->read = std::move(done);
    }
    void write(std::string_view bytes, written_handler done) override {
        CHECK_FALSE(hand_->written);
        CHECK_FALSE(hand_->ended);
        hand_->bytes += bytes;
        hand_->written = std::move(done);
    }
    void end_of_writing() override {
        CHECK_FALSE(hand_->written);
        CHECK_FALSE(hand_->ended);
        hand_->ended = true;
    }

private:
    std::shared_ptr<hand> hand_;
};

/// TLS over such a layer, with a server that the test feeds.
struct by_hand {
    explicit by_hand(std::optional<tls_settings> how = {}, server_settings server_how = plant().server())
        : server(std::move(server_how)),
          stream(make_tls_transport(loop, std::make_unique<held>(below), how ? *how : files.settings())) {
        open(*stream, what);
    }
    /// Carries bytes until nothing moves any more.
    void run() {
        for (bool moved = true; moved && !below->gone;) {
            moved = false;
            run_ready(loop);
            if (below->written) {
                moved = true;
                server.feed(std::exchange(below->bytes, {}));
                below->finish_write();
            }
            waiting += server.take_bytes();
            if (below->read && !waiting.empty() && !below->gone) {
                moved = true;
                const auto some = waiting.substr(0, 16384);
                waiting.erase(0, some.size());
                below->give(some);
            }
        }
    }
    void shake_hands() {
        below->opened("");
        run();
        REQUIRE(what.opened == "");
        REQUIRE(server.is_open());
    }

    trust files;
    asio::io_context loop;
    std::shared_ptr<held::hand> below = std::make_shared<held::hand>();
    tls_server server;
    std::unique_ptr<transport> stream;
    std::string waiting;  // for the client
    told what;
};

}  // namespace

TEST_CASE("tls transport: bytes go both ways over TCP, however many", "[mqtt][tls]") {
    const auto version = GENERATE(from_range(tls_versions()));
    connected two(plant().server(version));
    read_all(*two.stream, two.what);
    const std::string much(3'000'000, 'x');
    two.stream->write(much, [&](std::string_view error) { two.what.written = error; });
    CHECK(!two.what.written);
    CHECK(two.until([&] { return two.peer.server().received().size() == much.size() && two.what.written; }));
    CHECK(two.what.written == "");
    CHECK((two.peer.server().received() == much));
    two.peer.write(much);
    CHECK(two.until([&] { return two.what.bytes.size() == much.size(); }));
    CHECK((two.what.bytes == much));
    CHECK(!two.what.read_error);
    SECTION("the peer's announced end") {
        two.peer.close_notify();
        two.peer.close();
        CHECK(two.until([&] { return two.what.read_error.has_value(); }));
        CHECK(two.what.read_error == closed_by_peer);
    }
    SECTION("its end without a word") {
        two.peer.close();
        CHECK(two.until([&] { return two.what.read_error.has_value(); }));
        CHECK(two.what.read_error == "the peer closed the connection without TLS's notice of the end: something may be missing");
    }
    SECTION("a reset") {
        two.peer.reset();
        CHECK(two.until([&] { return two.what.read_error.has_value(); }));
        CHECK(two.what.read_error == "Connection reset by peer");
    }
    SECTION("our own end, after which reading goes on") {
        two.stream->end_of_writing();
        CHECK(two.until([&] { return two.peer.saw_the_end(); }));
        CHECK(two.peer.server().was_told_the_end());
        two.peer.write("last");
        CHECK(two.until([&] { return two.what.bytes.ends_with("last"); }));
    }
}

TEST_CASE("tls transport: a renewed file counts with the next connection", "[mqtt][tls]") {
    asio::io_context loop;
    const trust files;
    tls_peer peer(loop, plant().server());
    const auto connect = [&] {
        told what;
        const auto stream = make_tls_transport(loop, make_tcp_transport(loop), files.settings());
        open(*stream, what, peer.port());
        REQUIRE(run_until(loop, [&] { return what.opened.has_value(); }));
        return *what.opened;
    };
    files.authority(make_authority("CN=Other CA"));
    CHECK_THAT(connect(), Catch::StartsWith("the server's certificate is refused: its issuer CN=Plant CA isn't among"));
    files.authority(plant().authority);
    CHECK(connect() == "");
    CHECK(peer.connections() == 2);
}

TEST_CASE("tls transport: a client over it sends its CONNECT to whom it believes, and not a byte to anybody else",
          "[mqtt][tls]") {
    asio::io_context loop;
    const trust files;
    tls_peer peer(loop, plant().server());
    options how;
    how.client_id = "gw";
    how.broker = "b";
    how.password = "secret";
    session protocol(how, {}, 1);
    std::optional<std::string> offline_reason;
    auto settings = files.settings();
    const bool is_believed = GENERATE(true, false);
    if (!is_believed) settings.server_name = "other.example";
    connection_settings to;
    to.endpoint = {scheme::mqtts, "127.0.0.1", peer.port()};
    std::optional<client> client_;
    client_.emplace(
        loop, std::vector{to}, protocol,
        [&](const effect& what) {
            if (const auto* one = std::get_if<save>(&what)) protocol.on_durable(one->position, std::chrono::steady_clock::now());
            if (const auto* one = std::get_if<offline>(&what)) offline_reason = one->reason;
        },
        [] {}, [&](const connection_settings&) { return make_tls_transport(loop, make_tcp_transport(loop), settings); });
    client_->start();
    if (is_believed) {
        CHECK(run_until(loop, [&] { return peer.received_in_all() > 0; }));
        CHECK(peer.server().received().substr(0, 1) == "\x10");  // CONNECT
        peer.close();
        CHECK(run_until(loop, [&] { return offline_reason.has_value(); }));
        CHECK_THAT(*offline_reason, Catch::Contains("without TLS's notice of the end"));
    } else {
        CHECK(run_until(loop, [&] { return offline_reason.has_value(); }));
        CHECK_THAT(*offline_reason,
                   Catch::Contains("the server's certificate is refused: it isn't for other.example; it is that of "));
        CHECK(run_until(loop, [&] { return peer.connections() > 0 && !peer.server().error().empty(); }));
        CHECK(peer.received_in_all() == 0);
    }
}

TEST_CASE("tls transport: a file that is wrong is told without a connection", "[mqtt][tls]") {
    by_hand one(tls_settings{.ca_file = "/nowhere/ca.pem"});
    CHECK_FALSE(one.below->opened);
    run_ready(one.loop);
    CHECK(one.what.opened == "ca_file /nowhere/ca.pem can't be read: No such file or directory");
    CHECK_FALSE(one.below->opened);
}

TEST_CASE("tls transport: an error of the layer below is told in its words", "[mqtt][tls]") {
    by_hand one;
    SECTION("while it opens") {
        one.below->opened("Connection refused");
        CHECK(one.what.opened == "Connection refused");
    }
    SECTION("before the server answers, as a plain MQTT broker does") {
        one.below->opened("");
        one.below->fail_read("Connection reset by peer");
        CHECK(one.what.opened ==
              "the connection broke during the TLS handshake: Connection reset by peer; does the server speak TLS on this port?");
    }
    SECTION("during the handshake") {
        one.below->opened("");
        one.below->give("\x16");
        one.below->fail_read("Connection reset by peer");
        CHECK(one.what.opened == "the connection broke during the TLS handshake: Connection reset by peer");
    }
    SECTION("the end of the stream during the handshake") {
        one.below->opened("");
        one.below->finish_write("Broken pipe");
        CHECK(!one.what.opened);  // the read may know more
        one.below->fail_read(closed_by_peer);
        CHECK(one.what.opened == "the server closed the connection without an answer to TLS: does it speak TLS on this port?");
    }
    SECTION("by a write") {
        one.shake_hands();
        one.stream->write("x", [&](std::string_view error) { one.what.written = error; });
        run_ready(one.loop);
        one.below->finish_write("Broken pipe");
        CHECK(one.what.written == "Broken pipe");
    }
    SECTION("by a read") {
        one.shake_hands();
        read_all(*one.stream, one.what);
        run_ready(one.loop);
        one.below->fail_read("Connection timed out");
        CHECK(one.what.read_error == "Connection timed out");
        read_all(*one.stream, one.what);  // to ask again changes nothing
        one.what.read_error.reset();
        run_ready(one.loop);
        CHECK(one.what.read_error == "Connection timed out");
        CHECK_FALSE(one.below->read);
    }
}

TEST_CASE("tls transport: the server is told of a refusal before the transport's owner is", "[mqtt][tls]") {
    const trust files;
    auto settings = files.settings();
    settings.server_name = "other.example";
    by_hand one(settings);
    one.below->opened("");
    one.server.feed(std::exchange(one.below->bytes, {}));
    one.below->finish_write();
    CHECK(one.server.error() == "");
    one.below->give(one.server.take_bytes());
    CHECK(!one.what.opened);
    one.server.feed(std::exchange(one.below->bytes, {}));
    CHECK(one.server.error() == "SSL - A fatal alert message was received from our peer");
    one.below->finish_write();
    REQUIRE(one.what.opened);
    CHECK_THAT(*one.what.opened, Catch::StartsWith("the server's certificate is refused: it isn't for other.example; "));
    CHECK(one.below->reads == 1);
}

TEST_CASE("tls transport: nothing is read that nobody waits for", "[mqtt][tls]") {
    by_hand one;
    one.shake_hands();
    CHECK_FALSE(one.below->read);
    const int before = one.below->reads;
    one.server.write(std::string(40'000, 'a'));
    one.run();
    CHECK(one.below->reads == before);
    std::string got;
    const auto read_once = [&] {
        one.stream->read([&](std::string_view, std::span<const std::byte> bytes) {
            got.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        });
        CHECK((got.empty() || got.back() == 'a'));
    };
    read_once();
    CHECK(got.empty());  // never from within the call
    one.run();
    CHECK(got.size() == 16'384);
    const int after = one.below->reads;
    CHECK(after <= before + 2);
    one.run();
    CHECK(one.below->reads == after);
    for (int i = 0; i < 4 && got.size() < 40'000; ++i) {
        read_once();
        one.run();
    }
    CHECK(got == std::string(40'000, 'a'));
}

TEST_CASE("tls transport: a server that asks again and again, and reads no answer, isn't listened to for ever", "[mqtt][tls]") {
    auto how = plant().server();
    how.may_renegotiate = true;
    by_hand one({}, how);
    one.shake_hands();
    read_all(*one.stream, one.what);
    one.stream->write("first", [&](std::string_view error) { one.what.written = error; });
    run_ready(one.loop);
    int asked = 0;
    for (; asked < 20'000 && one.below->read; ++asked) {
        one.server.ask_for_renegotiation();
        one.below->give(one.server.take_bytes());
        run_ready(one.loop);
    }
    CHECK(asked > 1000);
    CHECK(asked < 5000);
    one.run();  // now the server reads
    CHECK(one.server.received() == "first");
    CHECK(one.what.written == "");
    one.server.write("last");
    one.run();
    CHECK(one.what.bytes == "last");
}

TEST_CASE("tls transport: bytes that have come are told from the loop, not from within the call", "[mqtt][tls]") {
    by_hand one;
    one.shake_hands();
    one.server.write("first");
    one.server.write("second");
    std::string got;
    const auto handler = [&](std::string_view, std::span<const std::byte> bytes) {
        got.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    one.stream->read(handler);
    one.run();
    CHECK(got == "first");
    one.stream->read(handler);  // "second" has come with the first
    CHECK(got == "first");
    run_ready(one.loop);
    CHECK(got == "second");
}

TEST_CASE("tls transport: a write is done when the layer below has taken all of it", "[mqtt][tls]") {
    by_hand one;
    one.shake_hands();
    const std::string much(200'000, 'x');
    one.stream->write(much, [&](std::string_view error) { one.what.written = error; });
    run_ready(one.loop);
    std::size_t turns = 0;
    for (; one.below->written && turns < 50; ++turns) {
        CHECK(!one.what.written);
        CHECK(one.below->bytes.size() < 64 * 1024 + 17 * 1024);
        one.server.feed(std::exchange(one.below->bytes, {}));
        one.below->finish_write();
        run_ready(one.loop);
    }
    CHECK(turns > 2);
    CHECK(one.what.written == "");
    CHECK((one.server.received() == much));
}

TEST_CASE("tls transport: after the peer's end nothing can be written", "[mqtt][tls]") {
    by_hand one;
    one.shake_hands();
    read_all(*one.stream, one.what);
    one.server.close_notify();
    one.run();
    CHECK(one.what.read_error == closed_by_peer);
    one.stream->write("x", [&](std::string_view error) { one.what.written = error; });
    CHECK(!one.what.written);
    one.run();
    CHECK(one.what.written == closed_by_peer);
}

TEST_CASE("tls transport: the end of writing is passed on once the peer was told", "[mqtt][tls]") {
    by_hand one;
    one.shake_hands();
    one.stream->end_of_writing();
    run_ready(one.loop);
    CHECK_FALSE(one.below->ended);
    one.server.feed(std::exchange(one.below->bytes, {}));
    CHECK(one.server.was_told_the_end());
    one.below->finish_write();
    run_ready(one.loop);
    CHECK(one.below->ended);
}

TEST_CASE("tls transport: no handler is called once it is destroyed", "[mqtt][tls]") {
    int calls = 0;
    by_hand one;
    const auto destroy = [&] {
        one.stream.reset();
        CHECK(one.below->gone);
    };
    SECTION("before it is open") {
        destroy();
        run_ready(one.loop);
        CHECK(!one.what.opened);
    }
    SECTION("when a file was wrong") {
        by_hand other(tls_settings{.ca_file = "/nowhere/ca.pem"});
        other.stream.reset();
        run_ready(other.loop);
        CHECK(!other.what.opened);
    }
    SECTION("while it reads and writes") {
        one.shake_hands();
        one.server.write("x");
        one.stream->read([&](std::string_view, std::span<const std::byte>) { ++calls; });
        one.stream->write("x", [&](std::string_view) { ++calls; });
        destroy();
        run_ready(one.loop);
        CHECK(calls == 0);
    }
    SECTION("by the read's handler, with more to tell") {
        one.shake_hands();
        one.stream->write("x", [&](std::string_view) { ++calls; });
        one.server.write("x");
        one.server.write("y");
        one.stream->read([&](std::string_view, std::span<const std::byte>) {
            ++calls;
            destroy();
        });
        run_ready(one.loop);
        REQUIRE(one.below->read);
        one.below->give(one.server.take_bytes());
        run_ready(one.loop);
        CHECK(calls == 1);
    }
    SECTION("by the write's handler") {
        one.shake_hands();
        one.stream->write("x", [&](std::string_view) {
            ++calls;
            destroy();
        });
        one.run();
        CHECK(calls == 1);
    }
}

TEST_CASE("tls transport: the handler of open may destroy it", "[mqtt][tls]") {
    const bool succeeds = GENERATE(true, false);
    asio::io_context loop;
    const trust files;
    auto settings = files.settings();
    if (!succeeds) settings.server_name = "other.example";
    tls_peer peer(loop, plant().server());
    auto stream = make_tls_transport(loop, make_tcp_transport(loop), settings);
    int calls = 0;
    stream->open("127.0.0.1", peer.port(), [&](std::string_view error) {
        CHECK(error.empty() == succeeds);
        ++calls;
        stream.reset();
    });
    CHECK(run_until(loop, [&] { return calls == 1; }));
    run_ready(loop);
    CHECK(calls == 1);
}

// tests/mqtt/client_batch_test.cpp: how the client moves many messages: the window in quarters, acknowledgements by the half.
// Not here: one message at a time (client_test.cpp).
#include <algorithm>

#include "mqtt/client.hpp"
#include "mqtt/transport.hpp"
#include "tests/mqtt/client_peer.hpp"

using namespace mqtt;
using namespace mqtt::test;
using namespace std::chrono_literals;

namespace {

time_point now() { return std::chrono::steady_clock::now(); }

/// What the client has asked of its transport; the test plays the system and the broker.
struct system {
    transport::opened_handler opened;
    transport::read_handler read;
    transport::written_handler written;
    std::size_t expected = 0;
    std::string bytes;  // all that was written and isn't taken yet

    void receive(const std::string& packets) {
        std::exchange(read, nullptr)("", std::as_bytes(std::span(packets)));
        while (written) std::exchange(written, nullptr)("");
    }
    /// How many packets were written since the last call.
    std::size_t take() {
        framer cut(1u << 20);
        cut.feed(std::as_bytes(std::span(bytes)));
        std::size_t count = 0;
        while (cut.next().value()) ++count;
        bytes.clear();
        return count;
    }
};

class recorded_transport final : public transport {
public:
    explicit recorded_transport(system& of) : system_(of) {}
    ~recorded_transport() override { system_ = {}; }
    void open(const std::string&, std::uint16_t, opened_handler done) override { system_.opened = std::move(done); }
    void read(read_handler done) override { system_.read = std::move(done); }
    void expect(std::size_t bytes) override { system_.expected = bytes; }
    void write(std::string_view bytes, written_handler done) override {
        system_.bytes += bytes;
        system_.written = std::move(done);
    }
    void end_of_writing() override {}

private:
    system& system_;
};

/// A gateway that always has a message to send; online once made.
struct sender_of_many {
    asio::io_context loop;
    system held;
    session protocol;
    client carrier;
    std::int64_t limit = 1'000'000;  // messages in the log

    explicit sender_of_many(std::uint16_t window)
        : protocol(with(window), known(), 1),
          carrier(
              loop, {connection_settings()}, protocol,
              [this](const effect& what) {
                  if (const auto* asked = std::get_if<save>(&what)) protocol.on_durable(asked->position, now());
              },
              [this] { publish(); }, [this](const connection_settings&) { return std::make_unique<recorded_transport>(held); }) {
        go_online();
    }
    void go_online() {
        carrier.start();
        held.opened("");
        held.written("");
        connack welcome;
        welcome.session_present = true;
        held.bytes.clear();
        held.receive(encoded(welcome, version::v5));
    }
    void publish() {
        while (protocol.accepts() && number(protocol.next()) <= limit)
            protocol.publish(protocol.next(), {.topic = "t", .payload = "p"}, now());
    }
    /// PUBACKs for messages `first` to `last` of the log.
    static std::string acknowledgements(int first, int last) {
        std::string bytes;
        for (int at = first; at <= last; ++at) {
            puback one;
            one.id = static_cast<packet_id>(lane_range{}.first + at);
            bytes += encoded(one, version::v5);
        }
        return bytes;
    }

    static options with(std::uint16_t window) {
        options how;
        how.client_id = "gw";
        how.broker = "b";
        how.window = window;
        return how;
    }
    static saved_state known() {
        saved_state saved;
        saved.session = session_record{"gw", "b", 1};
        saved.newest = sequence{0};
        return saved;
    }
};

}  // namespace

TEST_CASE("client: a window that was full is filled again when a quarter of it is free", "[mqtt][client]") {
    sender_of_many gateway(20);
    CHECK(gateway.held.take() == 20);
    gateway.held.receive(gateway.acknowledgements(1, 4));
    CHECK(gateway.held.take() == 0);
    CHECK(gateway.protocol.in_flight() == 16);
    gateway.held.receive(gateway.acknowledgements(5, 5));
    CHECK(gateway.held.take() == 5);
    SECTION("and again") {
        gateway.held.receive(gateway.acknowledgements(6, 9));
        CHECK(gateway.held.take() == 0);
        gateway.held.receive(gateway.acknowledgements(10, 10));
        CHECK(gateway.held.take() == 5);
    }
    SECTION("a message published meanwhile by its owner isn't held up") {
        gateway.held.receive(gateway.acknowledgements(6, 6));
        gateway.publish();
        gateway.carrier.flush();
        CHECK(gateway.held.take() == 1);
    }
}

TEST_CASE("client: a window that was not full when the log ran dry takes the next message at once", "[mqtt][client]") {
    sender_of_many gateway(40);
    REQUIRE(gateway.held.take() == 40);
    gateway.limit = 40;
    gateway.held.receive(gateway.acknowledgements(1, 10));
    CHECK(gateway.held.take() == 0);
    gateway.limit = 1'000'000;
    gateway.held.receive(gateway.acknowledgements(11, 11));
    CHECK(gateway.held.take() == 11);
}

TEST_CASE("client: a small window is filled again at each acknowledgement", "[mqtt][client]") {
    sender_of_many gateway(8);
    CHECK(gateway.held.take() == 8);
    gateway.held.receive(gateway.acknowledgements(1, 1));
    CHECK(gateway.held.take() == 1);
}

TEST_CASE("client: with many messages in flight it waits for half of their acknowledgements", "[mqtt][client]") {
    sender_of_many gateway(200);
    REQUIRE(gateway.held.take() == 200);
    gateway.held.receive(gateway.acknowledgements(1, 10));
    CHECK(gateway.held.expected == 190 / 2 * 4);
    gateway.limit = 200;
    gateway.held.receive(gateway.acknowledgements(11, 184));
    CHECK(gateway.held.expected == 16 / 2 * 4);
    SECTION("with few, for none") {
        gateway.held.receive(gateway.acknowledgements(185, 185));
        CHECK(gateway.held.expected == 0);
    }
}

TEST_CASE("transport: less than is expected is read all the same, a little later", "[mqtt][transport]") {
    asio::io_context loop;
    peer other(loop);
    const auto tcp_stream = make_tcp_transport(loop);
    bool opened = false;
    tcp_stream->open("127.0.0.1", other.port(), [&](std::string_view error) { opened = error.empty(); });
    REQUIRE(run_until(loop, [&] { return opened && other.is_connected(); }));
    std::string read;
    const auto read_once = [&] {
        tcp_stream->read([&](std::string_view error, std::span<const std::byte> bytes) {
            CHECK(error.empty());
            read.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        });
    };
    for (int round = 1; round <= 2; ++round) {
        const auto from = now();
        tcp_stream->expect(1000);
        read_once();
        other.send_bytes("abcd");
        CHECK(run_until(loop, [&] { return read.size() == 4u * static_cast<unsigned>(round); }));
        CHECK(now() - from >= 500us);  // it waited; a busy machine only makes it longer
    }
}

// tests/mqtt/client_test.cpp: the client with a real session, over loopback TCP against a scripted peer, and over a transport
// that a test holds in its hand.
// Not here: what a session decides (session tests), and TCP by itself (client_transport_test.cpp).
#include "mqtt/client.hpp"

#include "mqtt/transport.hpp"
#include "tests/mqtt/client_peer.hpp"
#include "tests/mqtt/support/transport_in_hand.hpp"

using namespace mqtt;
using namespace mqtt::test;
using namespace std::chrono_literals;

namespace {

options quick() {
    options how;
    how.client_id = "gw";
    how.broker = "b";
    how.first_retry = 1ms;
    how.last_retry = 1ms;
    return how;
}

/// What an earlier process has left: a session that a broker may resume at once. Without it the first connection only has the
/// broker drop what it holds.
saved_state known() {
    saved_state saved;
    saved.session = session_record{"gw", "b", 1};
    saved.newest = sequence{0};
    return saved;
}

connection_settings server(const char* host, std::uint16_t port) {
    connection_settings to;
    to.endpoint.host = host;
    to.endpoint.port = port;
    return to;
}

/// An owner of session and client, as the gateway is one: a save is durable as soon as it is asked for, and the messages of
/// its log are published as the session wants them.
class owner {
public:
    owner(asio::io_context& loop, std::vector<connection_settings> servers, options how, client::transport_maker make = {},
          saved_state saved = known())
        : loop_(loop),
          session_(std::move(how), std::move(saved), 1),
          client_(
              std::in_place, loop, std::move(servers), session_, [this](const effect& what) { on_effect(what); },
              [this] { on_ready(); }, std::move(make)) {}

    template <typename T>
    std::vector<T> all() const {
        std::vector<T> result;
        for (const auto& one : seen_)
            if (const auto* found = std::get_if<T>(&one)) result.push_back(*found);
        return result;
    }
    template <typename T>
    bool has() const {
        return !all<T>().empty();
    }
    std::uint64_t acknowledged() const {
        std::uint64_t sum = 0;
        for (const auto& one : all<save>()) sum += one.acknowledged;
        return sum;
    }
    void add(qos level, std::string payload) { log_.push_back({level, std::move(payload)}); }
    void publish_new() {
        on_ready();
        client_->flush();
    }
    void stop(std::chrono::milliseconds patience = 10s) {
        client_->stop(patience, [this] { ++stopped_; });
    }

    asio::io_context& loop_;
    session session_;
    std::optional<client> client_;
    std::function<void()> when_effect_;
    std::function<void()> when_ready_;
    int ready_ = 0;
    int stopped_ = 0;

private:
    struct logged {
        qos level;
        std::string payload;
    };

    void on_effect(const effect& what) {
        seen_.push_back(what);
        if (when_effect_) when_effect_();
        if (!client_) return;
        if (const auto* asked = std::get_if<save>(&what)) {
            session_.on_durable(asked->position, std::chrono::steady_clock::now());
            client_->flush();
        }
    }
    void on_ready() {
        ++ready_;
        if (when_ready_) when_ready_();
        while (client_ && session_.accepts() && number(session_.next()) <= static_cast<std::int64_t>(log_.size())) {
            const auto at = session_.next();
            const auto& one = log_[static_cast<std::size_t>(number(at)) - 1];
            session_.publish(at, {.topic = "t", .payload = one.payload, .qos = one.level}, std::chrono::steady_clock::now());
            client_->flush();
        }
    }

    std::vector<logged> log_;
    effects seen_;
};

puback ack_of(const publish& what) {
    puback result;
    result.id = what.id;
    return result;
}

connack welcome_back() {
    connack answer;
    answer.session_present = true;
    return answer;
}

void accept_session(peer& broker) {
    broker.take_a<mqtt::connect>();
    broker.send(welcome_back());
}

}  // namespace

TEST_CASE("client: begins a session, publishes, and hears the acknowledgement", "[mqtt][client]") {
    asio::io_context loop;
    const auto how = GENERATE(version::v3_1_1, version::v5);
    peer broker(loop, how);
    auto options = quick();
    options.version = how;
    owner gateway(loop, {server("127.0.0.1", broker.port())}, options, {}, {});
    gateway.add(qos::at_least_once, "one");
    gateway.add(qos::exactly_once, "two");
    gateway.client_->start();
    const auto dropping = broker.take_a<mqtt::connect>();
    CHECK(dropping.client_id == "gw");
    CHECK(dropping.clean_start);
    broker.send(connack{});
    CHECK(broker.take_a<disconnect>().reason == reason::success);
    const auto lasting = broker.take_a<mqtt::connect>();
    CHECK(broker.connections() == 2);
    CHECK_FALSE(lasting.clean_start);
    CHECK_FALSE(gateway.has<online>());
    broker.send(connack{});
    const auto first = broker.take_a<publish>();
    CHECK(first.payload == "one");
    CHECK(first.qos == qos::at_least_once);
    CHECK_FALSE(first.dup);
    const auto second = broker.take_a<publish>();
    CHECK(second.payload == "two");
    broker.send(ack_of(first));
    pubrec received;
    received.id = second.id;
    broker.send(received);
    CHECK(broker.take_a<pubrel>().id == second.id);
    pubcomp complete;
    complete.id = second.id;
    broker.send(complete);
    CHECK(run_until(loop, [&] { return gateway.acknowledged() == 2; }));
    CHECK(gateway.all<online>().size() == 1);
    CHECK_FALSE(gateway.has<offline>());
    CHECK_FALSE(gateway.has<session_lost>());
    SECTION("what the owner publishes later goes out by flush") {
        gateway.add(qos::at_least_once, "three");
        gateway.publish_new();
        CHECK(broker.take_a<publish>().payload == "three");
    }
    SECTION("a message that no log holds, too") {
        CHECK(gateway.session_.publish_unlogged({.topic = "s", .payload = "x", .qos = qos::at_most_once}, {}));
        gateway.client_->flush();
        CHECK(broker.take_a<publish>().topic == "s");
    }
    SECTION("stop sends DISCONNECT, closes in order, and tells once") {
        gateway.stop();
        CHECK(gateway.stopped_ == 0);
        CHECK(broker.take_a<disconnect>().reason == reason::success);
        CHECK(run_until(loop, [&] { return gateway.stopped_ == 1; }));
        CHECK(broker.ended());
        broker.stop_listening();
        run_ready(loop);
        CHECK(loop.stopped());  // nothing is left that would keep it running
        gateway.client_->flush();
        run_ready(loop);
        CHECK(gateway.stopped_ == 1);
    }
}

TEST_CASE("client: a lost connection is made anew, and what was in flight goes again", "[mqtt][client]") {
    asio::io_context loop;
    peer broker(loop);
    owner gateway(loop, {server("127.0.0.1", broker.port())}, quick());
    gateway.add(qos::at_least_once, "one");
    gateway.client_->start();
    accept_session(broker);
    CHECK(broker.take_a<publish>().payload == "one");
    const bool reset = GENERATE(false, true);
    reset ? broker.reset() : broker.close();
    CHECK(run_until(loop, [&] { return gateway.has<offline>(); }));
    CHECK(gateway.all<offline>().front().reason == (reset ? "Connection reset by peer" : "the peer closed the connection"));
    accept_session(broker);
    const auto again = broker.take_a<publish>();
    CHECK(again.payload == "one");
    CHECK(again.dup);
    broker.send(ack_of(again));
    CHECK(run_until(loop, [&] { return gateway.acknowledged() == 1; }));
    CHECK(gateway.all<online>().size() == 2);
}

TEST_CASE("client: a port that nobody listens on is offline, with the system's words; then it tries the next", "[mqtt][client]") {
    asio::io_context loop;
    peer broker(loop);
    auto how = quick();
    how.servers = 2;
    owner gateway(loop, {server("127.0.0.1", free_port(loop)), server("127.0.0.1", broker.port())}, how);
    gateway.client_->start();
    CHECK(run_until(loop, [&] { return gateway.has<offline>(); }));
    CHECK(gateway.all<offline>().front().reason == "Connection refused");
    accept_session(broker);
    CHECK(run_until(loop, [&] { return gateway.has<online>(); }));
    CHECK(gateway.all<online>().front().server == 1);
}

TEST_CASE("client: what a broker says before it closes is heard", "[mqtt][client]") {
    asio::io_context loop;
    peer broker(loop);
    owner gateway(loop, {server("127.0.0.1", broker.port())}, quick());
    gateway.client_->start();
    broker.take_a<mqtt::connect>();
    connack refusal;
    refusal.reason = reason::not_authorized;
    broker.send(refusal);
    broker.close();
    CHECK(run_until(loop, [&] { return gateway.has<offline>(); }));
    CHECK_THAT(gateway.all<offline>().front().reason, Catch::Contains("not authorized"));
}

TEST_CASE("client: stop at any time ends, and tells once", "[mqtt][client]") {
    asio::io_context loop;
    peer broker(loop);
    owner gateway(loop, {server("127.0.0.1", broker.port())}, quick());
    SECTION("before the start") {}
    SECTION("while it connects") { gateway.client_->start(); }
    SECTION("while it waits for CONNACK") {
        gateway.client_->start();
        broker.take_a<mqtt::connect>();
    }
    SECTION("while it waits to try again") {
        gateway.client_->start();
        broker.take_a<mqtt::connect>();
        broker.close();
        CHECK(run_until(loop, [&] { return gateway.has<offline>(); }));
    }
    SECTION("from a handler") {
        gateway.client_->start();
        gateway.when_ready_ = [&] {
            if (gateway.ready_ == 1) gateway.stop();
        };
        accept_session(broker);
        CHECK(run_until(loop, [&] { return gateway.ready_ > 0; }));
        CHECK(run_until(loop, [&] { return gateway.stopped_ == 1; }));
        CHECK(broker.take_a<disconnect>().reason == reason::success);
        return;
    }
    gateway.stop();
    CHECK(gateway.stopped_ == 0);
    CHECK(run_until(loop, [&] { return gateway.stopped_ == 1; }));
    broker.stop_listening();
    if (broker.is_connected()) broker.close();
    run_ready(loop);
    CHECK(loop.stopped());  // nothing is left that would keep it running
    CHECK(gateway.stopped_ == 1);
}

TEST_CASE("client: a peer that neither reads nor closes can't hold up a stop", "[mqtt][client]") {
    asio::io_context loop;
    peer broker(loop);
    owner gateway(loop, {server("127.0.0.1", broker.port())}, quick());
    gateway.client_->start();
    SECTION("it doesn't close") {
        broker.stay_open();
        accept_session(broker);
    }
    SECTION("it doesn't read") {
        accept_session(broker);
        broker.stop_reading();
        CHECK(run_until(loop, [&] { return gateway.has<online>(); }));
        for (int i = 0; i < 30; ++i) gateway.add(qos::at_least_once, std::string(1'000'000, 'x'));
        gateway.publish_new();
    }
    CHECK(run_until(loop, [&] { return gateway.has<online>(); }));
    gateway.stop(20ms);
    CHECK(run_until(loop, [&] { return gateway.stopped_ == 1; }));
}

TEST_CASE("client: may be destroyed at any time, by its handlers, too", "[mqtt][client]") {
    asio::io_context loop;
    peer broker(loop);
    owner gateway(loop, {server("127.0.0.1", broker.port())}, quick());
    gateway.add(qos::at_least_once, "one");
    const auto destroy = [&] { gateway.client_.reset(); };
    SECTION("before the start") { destroy(); }
    SECTION("while it connects") {
        gateway.client_->start();
        destroy();
    }
    SECTION("while it reads") {
        gateway.client_->start();
        accept_session(broker);
        broker.take_a<publish>();
        destroy();
    }
    SECTION("while it waits to try again") {
        gateway.client_->start();
        broker.take_a<mqtt::connect>();
        broker.close();
        CHECK(run_until(loop, [&] { return gateway.has<offline>(); }));
        destroy();
    }
    SECTION("by the handler of an effect") {
        int effects_then = 0;
        gateway.when_effect_ = [&] {
            ++effects_then;
            destroy();
        };
        gateway.client_->start();
        accept_session(broker);
        CHECK(run_until(loop, [&] { return !gateway.client_; }));
        CHECK(effects_then == 1);
    }
    SECTION("by the ready handler") {
        gateway.when_ready_ = destroy;
        gateway.client_->start();
        accept_session(broker);
        CHECK(run_until(loop, [&] { return !gateway.client_; }));
    }
    SECTION("after stop, before its answer") {
        gateway.client_->start();
        gateway.stop();
        destroy();
    }
    CHECK(!gateway.client_);
    run_ready(loop);
    CHECK(gateway.stopped_ == 0);
}

// ---- Over a transport in the hand: what TCP can't be made to do on demand. ----

namespace {

struct by_hand {
    asio::io_context loop;
    hand held;
    owner gateway;

    explicit by_hand(saved_state saved = known())
        : gateway(
              loop, {server("a", 1)}, quick(),
              [this](const connection_settings&) { return std::make_unique<transport_in_hand>(held); }, std::move(saved)) {}

    void go_online() {
        gateway.client_->start();
        held.open();
        held.finish_write();
        held.receive(welcome_back());
    }
};

}  // namespace

TEST_CASE("client: the connection that drops a session is closed in order before the next is opened", "[mqtt][client]") {
    by_hand t(saved_state{});
    t.gateway.client_->start();
    t.held.open();
    t.held.finish_write();
    t.held.receive(connack{});
    CHECK(t.held.events == std::vector<std::string>{"open a", "write", "write"});
    CHECK(to_hex(t.held.last_write) == to_hex(hex("e0 00")));
    t.held.finish_write();
    CHECK(t.held.events == std::vector<std::string>{"open a", "write", "write", "end"});
    std::exchange(t.held.read, nullptr)("the peer closed the connection", {});
    CHECK(t.held.events == std::vector<std::string>{"open a", "write", "write", "end", "closed", "open a"});
    CHECK_FALSE(t.gateway.has<offline>());
    t.held.open();
    t.held.finish_write();
    t.held.receive(connack{});
    CHECK(t.gateway.has<online>());
    CHECK_FALSE(t.gateway.has<session_lost>());
}

TEST_CASE("client: all that a wake-up made due is one write", "[mqtt][client]") {
    by_hand t;
    for (int i = 0; i < 50; ++i) t.gateway.add(qos::at_least_once, "m" + std::to_string(i));
    t.go_online();
    CHECK(t.held.events == std::vector<std::string>{"open a", "write", "write"});
    framer in(1u << 20);
    in.feed(as_bytes(t.held.last_write));
    int packets = 0;
    while (in.next().value()) ++packets;
    CHECK(packets == 50);
    CHECK(t.gateway.ready_ == 1);  // once a wake-up, however often it flushes
}

TEST_CASE("client: what is more than one write follows in order, each byte once", "[mqtt][client]") {
    by_hand t;
    for (int i = 0; i < 5; ++i) t.gateway.add(qos::at_least_once, std::string(100'000, static_cast<char>('a' + i)));
    t.go_online();
    while (t.held.written) {
        CHECK(t.held.last_write.size() <= 64 * 1024);
        t.held.finish_write();
    }
    framer in(1u << 20);
    in.feed(as_bytes(t.held.all_written));
    std::string order;
    for (auto next = in.next(); next.value(); next = in.next()) {
        const auto read = decode(**next, version::v5, sender::client);
        REQUIRE(read.has_value());
        if (const auto* message = std::get_if<publish>(&*read)) order += message->payload[0];
    }
    CHECK(order == "abcde");
}

TEST_CASE("client: a message of QoS 0 counts as sent when the system has taken it", "[mqtt][client]") {
    by_hand t;
    t.gateway.add(qos::at_most_once, "x");
    t.go_online();
    CHECK(t.gateway.acknowledged() == 0);
    t.held.finish_write();
    CHECK(t.gateway.acknowledged() == 1);
}

TEST_CASE("client: after a failed write the peer's last words are still read", "[mqtt][client]") {
    by_hand t;
    t.gateway.add(qos::at_least_once, "x");
    t.go_online();
    std::exchange(t.held.written, nullptr)("Broken pipe");
    CHECK(t.held.alive);
    CHECK_FALSE(t.gateway.has<offline>());
    SECTION("a DISCONNECT tells why") {
        disconnect why;
        why.reason = reason::session_taken_over;
        t.held.receive(why);
        if (t.held.alive) std::exchange(t.held.read, nullptr)("the peer closed the connection", {});
        CHECK_THAT(t.gateway.all<offline>().at(0).reason, Catch::Contains(std::string(phrase(reason::session_taken_over))));
    }
    SECTION("or only the end comes") {
        std::exchange(t.held.read, nullptr)("the peer closed the connection", {});
        CHECK(t.gateway.all<offline>().at(0).reason == "Broken pipe");
    }
    CHECK_FALSE(t.held.alive);
    CHECK(t.gateway.all<offline>().size() == 1);
}

TEST_CASE("client: at a stop what was shown is written before the end, and DISCONNECT last", "[mqtt][client]") {
    by_hand t;
    t.gateway.add(qos::at_least_once, "x");
    t.go_online();
    t.held.events.clear();
    t.gateway.stop();
    CHECK(t.held.events.empty());  // the write before is still under way
    t.held.finish_write();
    CHECK(t.held.events == std::vector<std::string>{"write"});
    CHECK(to_hex(t.held.last_write) == to_hex(hex("e0 00")));
    t.held.finish_write();
    CHECK(t.held.events == std::vector<std::string>{"write", "end"});
    CHECK(t.gateway.stopped_ == 0);
    std::exchange(t.held.read, nullptr)("the peer closed the connection", {});
    CHECK(t.held.events == std::vector<std::string>{"write", "end", "closed"});
    run_ready(t.loop);
    CHECK(t.gateway.stopped_ == 1);
}

TEST_CASE("client: a stop while it connects closes at once", "[mqtt][client]") {
    by_hand t;
    t.gateway.client_->start();
    t.gateway.stop();
    CHECK(t.held.events == std::vector<std::string>{"open a", "closed"});
    run_ready(t.loop);
    CHECK(t.gateway.stopped_ == 1);
}

TEST_CASE("client: a write that doesn't end holds a stop up no longer than its patience", "[mqtt][client]") {
    by_hand t;
    t.gateway.add(qos::at_least_once, "x");
    t.go_online();
    t.gateway.stop(1ms);
    // The timer goes off once, perhaps after one that was set before; a second later something else would end it.
    for (int i = 0; i < 5 && t.gateway.stopped_ == 0; ++i) t.loop.run_one_for(10s);
    CHECK(t.gateway.stopped_ == 1);
}

TEST_CASE("client: effects come in order, also those that a handler's call has caused", "[mqtt][client]") {
    by_hand t;
    t.gateway.add(qos::at_least_once, "x");
    t.go_online();
    std::uint64_t last = 0;
    for (const auto& one : t.gateway.all<save>()) {
        CHECK(static_cast<std::uint64_t>(one.position) == last + 1);
        last = static_cast<std::uint64_t>(one.position);
    }
    CHECK(last > 0);
    CHECK(t.gateway.has<online>());
}

// tests/mqtt/allocation_test.cpp: in the steady state a message costs no allocation: the session by itself, and the client over
// loopback. Every operator new of this program is counted.
// Not here: what is sent (session and client tests); the broker here only acknowledges.
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <string>

#include "mqtt/client.hpp"
#include "mqtt/session.hpp"

namespace {

std::uint64_t allocations = 0;

void* allocate_or_not(std::size_t size) noexcept {
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}
void* allocate(std::size_t size) {
    if (void* const memory = allocate_or_not(size)) return memory;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate_or_not(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate_or_not(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::int64_t warm_up = 5'000;  // until every queue has the size that it keeps
constexpr std::int64_t counted = 10'000;

mqtt::time_point now() { return std::chrono::steady_clock::now(); }

mqtt::options with_window() {
    mqtt::options how;
    how.client_id = "gw";
    how.broker = "b";
    how.window = 200;
    return how;
}

mqtt::saved_state known() {
    mqtt::saved_state saved;
    saved.session = mqtt::session_record{"gw", "b", 1};
    saved.newest = mqtt::sequence{0};
    return saved;
}

/// Reads packets and answers each, without an allocation once its strings have grown.
class broker {
public:
    void on_bytes(std::string_view bytes) {
        in_.append(bytes);
        std::size_t at = 0;
        for (std::size_t size = packet_size(at); size > 0; size = packet_size(at)) {
            answer(at, size);
            at += size;
        }
        in_.erase(0, at);
    }
    std::string& answers() { return out_; }

private:
    std::size_t length_size(std::size_t at) const { return (static_cast<unsigned char>(in_[at + 1]) & 0x80u) != 0 ? 2 : 1; }
    /// 0: it isn't whole yet. None here is longer than 16383 bytes.
    std::size_t packet_size(std::size_t at) const {
        if (in_.size() - at < 2 || in_.size() - at < 1 + length_size(at)) return 0;
        const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(in_[at + i])); };
        const std::size_t length = length_size(at) == 1 ? byte(1) : (byte(1) & 0x7fu) + byte(2) * 128;
        const std::size_t size = 1 + length_size(at) + length;
        return in_.size() - at < size ? 0 : size;
    }
    void answer(std::size_t at, std::size_t size) {
        const unsigned first = static_cast<unsigned char>(in_[at]);
        const std::size_t body = at + 1 + length_size(at);
        if (first >> 4 == 1) out_.append("\x20\x03\x01\x00\x00", 5);  // CONNACK: session present, success, no properties
        if (first >> 4 == 6) acknowledge(0x70, body);                 // PUBREL → PUBCOMP
        if (first >> 4 != 3) return;
        const std::size_t topic = static_cast<unsigned char>(in_[body + 1]);
        REQUIRE(topic + 4 < size);
        const unsigned level = first >> 1 & 3u;
        if (level == 1) acknowledge(0x40, body + 2 + topic);
        if (level == 2) acknowledge(0x50, body + 2 + topic);
    }
    void acknowledge(unsigned first, std::size_t identifier) {
        out_ += static_cast<char>(first);
        out_ += '\x02';
        out_.append(in_, identifier, 2);
    }

    std::string in_;
    std::string out_;
};

/// Publishes without end; what it is asked to save is durable at once.
struct publisher {
    mqtt::qos level;
    mqtt::session session{with_window(), known(), 1};
    std::string payload = std::string(100, 'x');
    mqtt::effects due = {};

    explicit publisher(mqtt::qos how) : level(how) {}
    void publish() {
        while (session.accepts())
            session.publish(session.next(), {.topic = "plant7/boiler/supply", .payload = payload, .qos = level}, now());
    }
    void on_effect(const mqtt::effect& what) {
        if (const auto* asked = std::get_if<mqtt::save>(&what)) session.on_durable(asked->position, now());
    }
    std::int64_t finished() const { return number(session.next()) - 1 - static_cast<std::int64_t>(session.in_flight()); }
};

/// One turn of a driver of a session: effects, messages, bytes out; answers in, at most so many bytes.
void turn(publisher& gateway, broker& hub, std::size_t most) {
    for (gateway.session.take_effects(gateway.due); !gateway.due.empty(); gateway.session.take_effects(gateway.due))
        for (const auto& each : gateway.due) gateway.on_effect(each);
    gateway.publish();
    const auto bytes = gateway.session.unsent();
    hub.on_bytes(bytes);
    gateway.session.sent(bytes.size(), now());
    const auto answers = std::string_view(hub.answers()).substr(0, most);
    gateway.session.on_bytes(std::as_bytes(std::span(answers)), now());
    hub.answers().erase(0, answers.size());
}

/// How many allocations `turn` makes for each of `counted` messages.
template <typename Turn>
double allocations_each(const publisher& gateway, Turn turn) {
    while (gateway.finished() < warm_up) turn();
    const auto before = allocations;
    const auto from = gateway.finished();
    while (gateway.finished() < from + counted) turn();
    return static_cast<double>(allocations - before) / static_cast<double>(gateway.finished() - from);
}

}  // namespace

TEST_CASE("allocations are counted", "[mqtt][allocation]") {
    const auto before = allocations;
    const std::string text(100, 'x');
    CHECK(allocations - before == 1);
}

TEST_CASE("session: a message in the steady state costs no allocation", "[mqtt][allocation]") {
    const auto level = GENERATE(mqtt::qos::at_least_once, mqtt::qos::exactly_once);
    const std::size_t most = GENERATE(std::size_t{4}, std::size_t{65536});  // answers one by one, and all at once
    CAPTURE(static_cast<int>(level), most);
    publisher gateway(level);
    broker hub;
    gateway.session.start(now());
    gateway.session.on_opened(now());
    CHECK(allocations_each(gateway, [&] { turn(gateway, hub, most); }) == 0);
}

TEST_CASE("client: a message in the steady state costs no allocation", "[mqtt][allocation]") {
    const auto level = GENERATE(mqtt::qos::at_least_once, mqtt::qos::exactly_once);
    CAPTURE(static_cast<int>(level));
    asio::io_context loop(1);
    tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    publisher gateway(level);
    mqtt::connection_settings to;
    to.endpoint = {mqtt::scheme::mqtt, "127.0.0.1", acceptor.local_endpoint().port()};
    mqtt::client carrier(
        loop, {to}, gateway.session, [&](const mqtt::effect& what) { gateway.on_effect(what); }, [&] { gateway.publish(); });
    carrier.start();
    tcp::socket link(loop);
    bool connected = false;
    acceptor.async_accept(link, [&](const boost::system::error_code& error) { connected = !error; });
    while (!connected) loop.run_one();
    link.non_blocking(true);

    broker hub;
    std::array<char, 65536> in{};
    const auto turn = [&] {
        loop.poll();
        boost::system::error_code error;
        const std::size_t size = link.read_some(asio::buffer(in), error);
        REQUIRE((!error || error == asio::error::would_block));
        hub.on_bytes({in.data(), size});
        if (hub.answers().empty()) return;
        hub.answers().erase(0, link.write_some(asio::buffer(hub.answers()), error));
        REQUIRE(!error);
    };
    CHECK(allocations_each(gateway, turn) == 0);
}

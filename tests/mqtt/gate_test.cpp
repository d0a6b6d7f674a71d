// tests/mqtt/gate_test.cpp: what waits for durability, and in which order it goes.
// Not here: who needs which position (session_delivery_test.cpp).
#include "mqtt/gate.hpp"

#include <catch2/catch.hpp>

using namespace mqtt;

namespace {

constexpr auto q1 = qos::at_least_once;
log_position at(std::uint64_t n) { return log_position{n}; }

std::string take(gate& g) {
    const std::string text(g.unsent());
    g.sent(text.size());
    return text;
}

}  // namespace

TEST_CASE("gate: a packet is shown when its position is durable", "[mqtt][gate]") {
    gate g;
    SECTION("what needs nothing goes at once, past what waits") {
        g.push_publish(at(1), sequence{1}, q1, "P");
        g.push_pubrel(at(1), "R");
        g.push_control("C");
        CHECK(take(g) == "C");
        CHECK(g.size() == 2);
        g.on_durable(at(1));
        CHECK(take(g) == "PR");
        CHECK(g.size() == 0);
    }
    SECTION("PUBLISHes keep their order, and so do PUBRELs; one kind doesn't hold up the other") {
        g.push_publish(at(2), sequence{1}, q1, "a");
        g.push_publish(at(0), sequence{2}, q1, "b");
        g.push_pubrel(at(1), "x");
        g.push_pubrel(at(0), "y");
        CHECK(take(g).empty());
        g.on_durable(at(1));
        CHECK(take(g) == "xy");
        g.on_durable(at(2));
        CHECK(take(g) == "ab");
    }
    SECTION("freed together, a PUBLISH goes before a PUBREL of a later position") {
        g.push_pubrel(at(3), "R");
        g.push_publish(at(2), sequence{1}, q1, "P");
        g.on_durable(at(3));
        CHECK(take(g) == "PR");
    }
    SECTION("a position that was durable before stays so") {
        g.on_durable(at(5));
        g.on_durable(at(4));
        g.push_publish(at(5), sequence{1}, q1, "P");
        CHECK(take(g) == "P");
    }
    SECTION("shown() is about what can have left") {
        g.push_publish(at(0), sequence{3}, q1, "P");
        g.push_publish(at(1), sequence{4}, q1, "Q");
        CHECK(g.shown() == sequence{3});
        g.clear();
        CHECK(g.shown() == sequence{0});
        CHECK(g.unsent().empty());
    }
}

TEST_CASE("gate: bytes are written in any portions", "[mqtt][gate]") {
    gate g;
    std::string all, seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string text = std::to_string(i) + ',';
        g.push_control(text);
        all += text;
        const std::size_t n = std::min<std::size_t>(g.unsent().size(), static_cast<std::size_t>(i % 5));
        seen += g.unsent().substr(0, n);
        g.sent(n);
    }
    seen += g.unsent();
    CHECK(seen == all);
}

TEST_CASE("gate: QoS 0 is settled by the write of its last byte", "[mqtt][gate]") {
    gate g;
    g.push_publish(at(0), sequence{0}, qos::at_most_once, "unlogged");
    g.push_publish(at(0), sequence{7}, qos::at_most_once, "logged");
    CHECK(g.unlogged() == 1);
    g.sent(8);
    CHECK(g.unlogged() == 0);
    CHECK(g.pop_written() == std::nullopt);
    g.sent(5);
    CHECK(g.pop_written() == std::nullopt);
    g.sent(1);
    CHECK(g.pop_written() == sequence{7});
    CHECK(g.pop_written() == std::nullopt);
}

TEST_CASE("gate: before a DISCONNECT what waits is dropped, but for unlogged messages that wait only for their turn",
          "[mqtt][gate]") {
    gate g;
    g.push_publish(at(1), sequence{1}, q1, "waits");
    g.push_publish(at(0), sequence{0}, q1, "status");
    g.push_publish(at(1), sequence{0}, q1, "status too early");
    g.push_pubrel(at(1), "R");
    g.drop_waiting();
    g.push_control("D");
    g.on_durable(at(1));
    CHECK(take(g) == "statusD");
    CHECK(g.size() == 0);
}

// tests/mqtt/support/transport_in_hand.hpp: a transport that a test holds in its hand: what TCP can't be made to do on demand.
// Not here: sockets (client_peer.hpp, byte_peer.hpp).
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "mqtt/transport.hpp"
#include "tests/mqtt/codec_support.hpp"

namespace mqtt::test {

/// What was done to the transport, and the handlers that were left with it.
struct hand {
    std::vector<std::string> events;
    transport::opened_handler opened;
    transport::read_handler read;
    transport::written_handler written;
    std::string last_write;
    std::string all_written;
    bool alive = false;

    void open() { std::exchange(opened, nullptr)(""); }
    void receive(const packet& what) { receive_bytes(encoded(what, version::v5)); }
    void receive_bytes(const std::string& bytes) { std::exchange(read, nullptr)("", as_bytes(bytes)); }
    void finish_write() { std::exchange(written, nullptr)(""); }
};

class transport_in_hand final : public transport {
public:
    explicit transport_in_hand(hand& holder) : hand_(holder) { hand_.alive = true; }
    ~transport_in_hand() override {
        hand_.events.push_back("closed");
        hand_.alive = false;
        hand_.opened = nullptr;
        hand_.read = nullptr;
        hand_.written = nullptr;
    }
    void open(const std::string& host, std::uint16_t, opened_handler done) override {
        hand_.events.push_back("open " + host);
        hand_.opened = std::move(done);
    }
    void read(read_handler done) override {
        REQUIRE(!hand_.read);
        hand_.read = std::move(done);
    }
    void write(std::string_view bytes, written_handler done) override {
        REQUIRE(!hand_.written);  // one at a time
        hand_.events.push_back("write");
        hand_.last_write = bytes;
        hand_.all_written += bytes;
        hand_.written = std::move(done);
    }
    void end_of_writing() override {
        REQUIRE(!hand_.written);
        hand_.events.push_back("end");
    }

private:
    hand& hand_;
};

}  // namespace mqtt::test

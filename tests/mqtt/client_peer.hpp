// tests/mqtt/client_peer.hpp: the other end of the client's connection: a listener on a loopback port that reads packets and
// answers what a test tells it to.
// Not here: a broker's judgement; the test is the broker.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mqtt/framer.hpp"
#include "tests/mqtt/codec_support.hpp"

namespace mqtt::test {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Runs the loop until the condition holds. The time is only the bound for a test that fails.
inline bool run_until(asio::io_context& loop, const std::function<bool()>& holds) {
    for (int turns = 0; turns < 1'000'000; ++turns) {
        if (holds()) return true;
        loop.restart();
        if (loop.run_one_for(std::chrono::seconds(10)) == 0) return holds();
    }
    return false;
}

/// Runs what is ready, without a wait.
inline void run_ready(asio::io_context& loop) {
    loop.restart();
    loop.poll();
}

class peer {
public:
    explicit peer(asio::io_context& loop, version how = version::v5)
        : loop_(loop), how_(how), acceptor_(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        accept();
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    std::size_t connections() const { return connections_; }
    bool is_connected() const { return socket_ && socket_->is_open() && !ended_; }
    /// The client has closed, and said so in order.
    bool ended() const { return ended_; }
    std::size_t bytes_read() const { return bytes_; }

    /// The next packet of the client, after those that were taken before.
    packet take() {
        REQUIRE(run_until(loop_, [this] { return !packets_.empty(); }));
        auto result = packets_.front();
        packets_.pop_front();
        return result;
    }
    template <typename T>
    T take_a() {
        const auto next = take();
        REQUIRE(std::holds_alternative<T>(next));
        return std::get<T>(next);
    }
    bool has_packets() const { return !packets_.empty(); }

    void send(const packet& what) { send_bytes(encoded(what, how_)); }
    void send_bytes(const std::string& bytes) {
        boost::system::error_code error;
        asio::write(*socket_, asio::buffer(bytes), error);
    }
    void close() { socket_->close(); }
    void reset() {
        socket_->set_option(tcp::socket::linger(true, 0));
        socket_->close();
    }
    void stop_listening() { acceptor_.close(); }
    void stop_reading() { reads_ = false; }
    /// Doesn't answer the client's end of stream by its own.
    void stay_open() { stays_open_ = true; }

private:
    void accept() {
        acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
            if (error) return;
            ++connections_;
            ended_ = false;
            framer_.reset();
            socket_.emplace(std::move(socket));
            if (reads_) read();
            accept();
        });
    }
    void read() {
        socket_->async_read_some(asio::buffer(in_),
                                 [this, of = connections_](const boost::system::error_code& error, std::size_t size) {
                                     if (of != connections_) return;
                                     if (error) {
                                         ended_ = error == asio::error::eof;
                                         if (!stays_open_) socket_->close();
                                         return;
                                     }
                                     bytes_ += size;
                                     framer_.feed(std::span<const std::byte>(in_).first(size));
                                     for (auto next = framer_.next(); next.value(); next = framer_.next()) {
                                         auto read = decode(**next, how_, sender::client);
                                         REQUIRE(read.has_value());
                                         packets_.push_back(std::move(*read));
                                     }
                                     if (reads_) this->read();
                                 });
    }

    asio::io_context& loop_;
    version how_;
    tcp::acceptor acceptor_;
    std::optional<tcp::socket> socket_;
    framer framer_{1u << 28};
    std::array<std::byte, 65536> in_{};
    std::deque<packet> packets_;
    std::size_t connections_ = 0;
    std::size_t bytes_ = 0;
    bool ended_ = false;
    bool reads_ = true;
    bool stays_open_ = false;
};

/// A port of the loopback address on which nobody listens: it was free a moment ago.
inline std::uint16_t free_port(asio::io_context& loop) {
    return tcp::acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)).local_endpoint().port();
}

}  // namespace mqtt::test

// tests/mqtt/support/byte_peer.hpp: the other end of a transport: a listener on a loopback port that keeps the bytes it reads
// and sends what a test tells it to.
// Not here: packets (client_peer.hpp).
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>

#include "tests/mqtt/client_peer.hpp"

namespace mqtt::test {

class byte_peer {
public:
    explicit byte_peer(asio::io_context& loop)
        : loop_(loop), acceptor_(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), socket_(loop) {
        acceptor_.async_accept(socket_, [this](const boost::system::error_code& error) {
            if (!error) read();
        });
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    const std::string& bytes() const { return bytes_; }
    /// The client has closed, and said so in order.
    bool ended() const { return ended_; }

    /// What came up to and with `end`; it is taken away.
    std::string take_until(const std::string& end) {
        REQUIRE(run_until(loop_, [&] { return bytes_.find(end) != std::string::npos; }));
        return take(bytes_.find(end) + end.size());
    }
    std::string take(std::size_t size) {
        REQUIRE(run_until(loop_, [&] { return bytes_.size() >= size; }));
        auto result = bytes_.substr(0, size);
        bytes_.erase(0, size);
        return result;
    }
    void send(const std::string& bytes) {
        boost::system::error_code error;
        asio::write(socket_, asio::buffer(bytes), error);
    }
    void close() { socket_.close(); }

private:
    void read() {
        socket_.async_read_some(asio::buffer(in_), [this](const boost::system::error_code& error, std::size_t size) {
            ended_ = error == asio::error::eof;
            if (error) return;
            bytes_.append(in_.data(), size);
            read();
        });
    }

    asio::io_context& loop_;
    tcp::acceptor acceptor_;
    tcp::socket socket_;
    std::array<char, 65536> in_{};
    std::string bytes_;
    bool ended_ = false;
};

}  // namespace mqtt::test

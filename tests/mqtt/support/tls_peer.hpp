// tests/mqtt/support/tls_peer.hpp: a TLS server on a loopback port, on the test's own loop.
// Not here: TLS (tls_server.hpp); who is connected (tls_world.hpp).
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <string>

#include "tests/mqtt/support/tls_server.hpp"

namespace mqtt::test {

namespace asio = boost::asio;
using asio::ip::tcp;

class tls_peer {
public:
    tls_peer(asio::io_context& loop, server_settings how)
        : how_(std::move(how)), acceptor_(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        accept();
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    std::size_t connections() const { return connections_; }
    tls_server& server() { return *server_; }
    bool saw_the_end() const { return saw_the_end_; }  // of TCP
    std::size_t received_in_all() const { return received_before_ + (server_ ? server_->received().size() : 0); }

    void write(std::string_view bytes) {
        server_->write(bytes);
        send();
    }
    void close_notify() {
        server_->close_notify();
        send();
    }
    void close() { socket_->close(); }
    void reset() {
        socket_->set_option(tcp::socket::linger(true, 0));
        socket_->close();
    }

private:
    void accept() {
        acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
            if (error) return;
            ++connections_;
            received_before_ = received_in_all();
            server_ = std::make_unique<tls_server>(how_);
            socket_.emplace(std::move(socket));
            read();
            accept();
        });
    }
    void read() {
        socket_->async_read_some(asio::buffer(in_), [this](const boost::system::error_code& error, std::size_t size) {
            if (error) {
                saw_the_end_ = error == asio::error::eof;
                return;
            }
            server_->feed(std::string_view(in_.data(), size));
            send();
            read();
        });
    }
    /// Loopback takes what a test writes at once, or while the client reads.
    void send() {
        out_ += server_->take_bytes();
        if (writing_ || out_.empty()) return;
        writing_ = true;
        sending_ = std::exchange(out_, {});
        asio::async_write(*socket_, asio::buffer(sending_), [this](const boost::system::error_code& error, std::size_t) {
            writing_ = false;
            if (!error) send();
        });
    }

    const server_settings how_;
    tcp::acceptor acceptor_;
    std::unique_ptr<tls_server> server_;
    std::optional<tcp::socket> socket_;
    std::array<char, 65536> in_{};
    std::string out_;
    std::string sending_;
    bool writing_ = false;
    bool saw_the_end_ = false;
    std::size_t connections_ = 0;
    std::size_t received_before_ = 0;
};

}  // namespace mqtt::test

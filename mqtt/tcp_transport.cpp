// mqtt/tcp_transport.cpp: plain TCP on Boost.Asio.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "mqtt/transport.hpp"

namespace mqtt {
namespace {

using boost::asio::ip::tcp;

// A peer that vanished is found in half a minute: by keep-alive while nothing is on its way, else by the time-out of what is.
constexpr int keepalive_idle_seconds = 15;
constexpr int keepalive_interval_seconds = 5;
constexpr int keepalive_probes = 3;
constexpr unsigned unacknowledged_milliseconds = 30'000;

std::string phrase_of(const boost::system::error_code& error) {
    if (!error) return {};
    if (error == boost::asio::error::eof) return "connection closed by the broker";
    return error.message();
}

class tcp_transport final : public transport, public std::enable_shared_from_this<tcp_transport> {
public:
    explicit tcp_transport(boost::asio::io_context& loop) : resolver_(loop), socket_(loop) {}

    void open(const server_address& to, done opened) override {
        resolver_.async_resolve(to.host, std::to_string(to.port),
                                [self = shared_from_this(), name = to.host, opened = std::move(opened)](
                                    const boost::system::error_code& error, const tcp::resolver::results_type& found) {
                                    if (self->closed_) return;
                                    if (error) return opened("can't resolve " + name + ": " + error.message());
                                    self->connect(found, opened);
                                });
    }

    void read(std::span<std::byte> to, read_done got) override {
        socket_.async_read_some(boost::asio::buffer(to.data(), to.size()),
                                [self = shared_from_this(), got = std::move(got)](const boost::system::error_code& error, std::size_t bytes) {
                                    if (!self->closed_) got(phrase_of(error), bytes);
                                });
    }

    void write(std::string_view bytes, done written) override {
        boost::asio::async_write(socket_, boost::asio::buffer(bytes.data(), bytes.size()),
                                 [self = shared_from_this(), written = std::move(written)](const boost::system::error_code& error, std::size_t) {
                                     if (!self->closed_) written(phrase_of(error));
                                 });
    }

    void close() override {
        closed_ = true;
        resolver_.cancel();
        boost::system::error_code lost;  // it is being given up
        std::ignore = socket_.shutdown(tcp::socket::shutdown_both, lost);
        std::ignore = socket_.close(lost);
    }

private:
    void connect(const tcp::resolver::results_type& found, const done& opened) {
        boost::asio::async_connect(socket_, found, [self = shared_from_this(), opened](const boost::system::error_code& error, const tcp::endpoint&) {
            if (self->closed_) return;
            if (!error) self->set_options();
            opened(phrase_of(error));
        });
    }

    /// An option that the system doesn't know costs some speed, or some time until a dead peer is noticed; no correctness.
    void set_options() {
        const auto set = [fd = socket_.native_handle()](int at, int name, auto to) { std::ignore = setsockopt(fd, at, name, &to, sizeof to); };
        set(IPPROTO_TCP, TCP_NODELAY, 1);
        set(SOL_SOCKET, SO_KEEPALIVE, 1);
        set(IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_seconds);
        set(IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_seconds);
        set(IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
        set(IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_milliseconds);
    }

    tcp::resolver resolver_;
    tcp::socket socket_;
    bool closed_ = false;
};

}  // namespace

std::shared_ptr<transport> make_tcp_transport(boost::asio::io_context& loop) { return std::make_shared<tcp_transport>(loop); }

}  // namespace mqtt

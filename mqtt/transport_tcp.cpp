// mqtt/transport_tcp.cpp: TCP on Boost.Asio: connects to each address of a host in turn, and notices a peer that is gone.
// Not here: names → addresses (transport_resolve.hpp).
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cassert>
#include <chrono>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

#include "mqtt/transport.hpp"
#include "mqtt/transport_resolve.hpp"

namespace mqtt {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::size_t read_size = 16 * 1024;
constexpr auto most_wait = 500us;  // of a read for bytes that are expected

std::string words(const error_code& error) { return error == asio::error::eof ? std::string(closed_by_peer) : error.message(); }

template <typename T>
void set_option(tcp::socket& socket, int level, int name, T value) {
    // A kernel that doesn't know one of them still gives a connection that works.
    std::ignore = setsockopt(socket.native_handle(), level, name, &value, sizeof value);
}

/// The first probe goes out halfway, and two more follow. Linux takes the user time-out as the end of probing, too.
void set_options(tcp::socket& socket, std::chrono::seconds silence) {
    const auto seconds = [](std::chrono::seconds d) { return static_cast<int>(std::max(d, 1s).count()); };
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds(silence / 2));
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, seconds(silence / 6));
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned>(std::chrono::milliseconds(silence).count()));
}

tcp::endpoint endpoint_of(const raw_endpoint& raw) {
    tcp::endpoint result;
    assert(raw.size() <= result.capacity());
    std::memcpy(result.data(), raw.data(), raw.size());
    result.resize(raw.size());
    return result;
}

/// The stream itself; its handlers in the loop share it, so that the buffers outlive the transport by a turn.
class stream : public std::enable_shared_from_this<stream> {
public:
    stream(asio::io_context& loop, std::vector<raw_endpoint> known, tcp_settings how)
        : loop_(loop), how_(how), socket_(loop), patience_(loop), wait_(loop), addresses_(std::move(known)) {}

    void open(const std::string& host, std::uint16_t port, transport::opened_handler done);
    void read(transport::read_handler done);
    void expect(std::size_t bytes);
    void write(std::string_view bytes, transport::written_handler done);
    void end_of_writing();
    void close();

private:
    void connect_to_next();
    bool begin_connecting();
    void on_connected(const error_code& error, std::size_t attempt);
    void give_up_address(std::string why);
    void on_opened(std::string_view error);
    void on_read(const error_code& error, std::size_t size);
    void on_written(const error_code& error);
    void wake_at(std::size_t bytes);
    void limit_wait();

    asio::io_context& loop_;
    const tcp_settings how_;
    tcp::socket socket_;
    asio::steady_timer patience_;
    asio::steady_timer wait_;
    bool waiting_ = false;     // wait_ is set
    std::size_t wake_at_ = 1;  // bytes, as the system knows it
    std::optional<lookup> lookup_;
    std::vector<raw_endpoint> addresses_;
    std::size_t attempt_ = 0;  // the index of the address that is being tried
    std::string error_;        // of the address before it
    bool closed_ = false;

    transport::opened_handler opened_;
    transport::read_handler read_;
    transport::written_handler written_;
    std::array<std::byte, read_size> in_;
    std::string out_;
};

void stream::open(const std::string& host, std::uint16_t port, transport::opened_handler done) {
    opened_ = std::move(done);
    if (!addresses_.empty()) {
        asio::post(loop_, [self = shared_from_this()] {
            if (!self->closed_) self->connect_to_next();
        });
        return;
    }
    lookup_.emplace(loop_, host, port, [this](std::string_view error, const std::vector<raw_endpoint>& found) {
        const auto self = shared_from_this();
        if (!error.empty()) return on_opened(error);
        addresses_ = found;
        connect_to_next();
    });
}

void stream::connect_to_next() {
    while (attempt_ < addresses_.size())
        if (begin_connecting()) return;
    on_opened(error_);
}

/// False: it failed at once, and the next address is due.
bool stream::begin_connecting() {
    const auto endpoint = endpoint_of(addresses_[attempt_]);
    error_code error;
    std::ignore = socket_.close(error);  // of the address before
    if (socket_.open(endpoint.protocol(), error)) {
        error_ = words(error);
        ++attempt_;
        return false;
    }
    socket_.async_connect(endpoint, [self = shared_from_this(), attempt = attempt_](const error_code& result) {
        self->on_connected(result, attempt);
    });
    if (attempt_ + 1 == addresses_.size()) return true;
    patience_.expires_after(how_.address_patience);
    patience_.async_wait([self = shared_from_this(), attempt = attempt_](const error_code& result) {
        if (!result && !self->closed_ && attempt == self->attempt_) self->give_up_address("Connection timed out");
    });
    return true;
}

void stream::on_connected(const error_code& error, std::size_t attempt) {
    if (closed_ || attempt != attempt_ || !opened_) return;
    patience_.cancel();
    if (error) return give_up_address(words(error));
    set_options(socket_, how_.silence);
    on_opened("");
}

void stream::give_up_address(std::string why) {
    error_ = std::move(why);
    ++attempt_;
    connect_to_next();
}

void stream::on_opened(std::string_view error) {
    const auto call = std::exchange(opened_, nullptr);
    call(error);
}

void stream::read(transport::read_handler done) {
    assert(!read_);
    read_ = std::move(done);
    socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](const error_code& error, std::size_t size) {
        self->on_read(error, size);
    });
}

void stream::on_read(const error_code& error, std::size_t size) {
    if (closed_) return;
    const auto call = std::exchange(read_, nullptr);
    const auto bytes = std::span<const std::byte>(in_).first(size);
    error ? call(words(error), {}) : call("", bytes);
}

/// The broker's acknowledgements are four bytes each, and it may write each of them on its own. To be woken for each costs the
/// broker as much as the message itself, for it is the broker's write that wakes us: measured with mosquitto, it takes
/// half as many messages a second.
void stream::expect(std::size_t bytes) {
    wake_at(std::max<std::size_t>(bytes, 1));
    if (wake_at_ > 1) limit_wait();
}

void stream::wake_at(std::size_t bytes) {
    if (wake_at_ == bytes) return;
    wake_at_ = bytes;
    set_option(socket_, SOL_SOCKET, SO_RCVLOWAT, static_cast<int>(bytes));
}

/// Also because the peer's congestion window may be smaller than what is waited for: it counts packets, however small, and
/// opens only once we have read.
void stream::limit_wait() {
    if (std::exchange(waiting_, true)) return;
    wait_.expires_after(most_wait);
    wait_.async_wait([self = shared_from_this()](const error_code&) {
        self->waiting_ = false;
        if (!self->closed_) self->wake_at(1);
    });
}

void stream::write(std::string_view bytes, transport::written_handler done) {
    assert(!written_);
    written_ = std::move(done);
    out_.assign(bytes);
    asio::async_write(socket_, asio::buffer(out_),
                      [self = shared_from_this()](const error_code& error, std::size_t) { self->on_written(error); });
}

void stream::on_written(const error_code& error) {
    if (closed_) return;
    const auto call = std::exchange(written_, nullptr);
    call(error ? words(error) : "");
}

void stream::end_of_writing() {
    error_code error;
    std::ignore = socket_.shutdown(tcp::socket::shutdown_send, error);  // a peer that is gone is told by the read
}

void stream::close() {
    closed_ = true;
    lookup_.reset();
    patience_.cancel();
    wait_.cancel();
    error_code error;
    std::ignore = socket_.close(error);  // nothing is owed to this connection any more
    opened_ = nullptr;
    read_ = nullptr;
    written_ = nullptr;
}

class tcp_transport final : public transport {
public:
    tcp_transport(asio::io_context& loop, std::vector<raw_endpoint> known, tcp_settings how)
        : stream_(std::make_shared<stream>(loop, std::move(known), how)) {}
    ~tcp_transport() override { stream_->close(); }

    void open(const std::string& host, std::uint16_t port, opened_handler done) override {
        stream_->open(host, port, std::move(done));
    }
    void read(read_handler done) override { stream_->read(std::move(done)); }
    void expect(std::size_t bytes) override { stream_->expect(bytes); }
    void write(std::string_view bytes, written_handler done) override { stream_->write(bytes, std::move(done)); }
    void end_of_writing() override { stream_->end_of_writing(); }

private:
    std::shared_ptr<stream> stream_;
};

}  // namespace

std::unique_ptr<transport> make_tcp_transport(asio::io_context& loop, tcp_settings how) {
    return make_tcp_transport(loop, std::vector<raw_endpoint>(), how);
}

std::unique_ptr<transport> make_tcp_transport(asio::io_context& loop, std::vector<raw_endpoint> known, tcp_settings how) {
    return std::make_unique<tcp_transport>(loop, std::move(known), how);
}

}  // namespace mqtt

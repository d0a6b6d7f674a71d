// mqtt/transport_websocket.cpp: carries a WebSocket's bytes between two transports; answers pings as long as it is read.
// Not here: frames and handshakes (websocket.hpp).
#include "mqtt/transport_websocket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <chrono>
#include <optional>
#include <random>
#include <utility>

#include "mqtt/websocket.hpp"

namespace mqtt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto close_patience = 200ms;  // for a peer that doesn't take our last Close frame

/// Handlers of the loop and of the transport below share it. There is one write below at a time; what is made while it is
/// under way waits for its end.
class stream : public std::enable_shared_from_this<stream> {
public:
    stream(asio::io_context& loop, std::unique_ptr<transport> below, websocket_settings how)
        : loop_(loop), patience_(loop), below_(std::move(below)), how_(std::move(how)) {}

    void open(const std::string& host, std::uint16_t port, transport::opened_handler done);
    void read(transport::read_handler done);
    void write(std::string_view bytes, transport::written_handler done);
    void end_of_writing();
    void close();

private:
    void on_below_open(std::string_view error);
    void read_below();
    void on_bytes(std::string_view error, std::span<const std::byte> bytes);
    void on_handshake();
    void deliver();
    void deliver_end();
    void write_below();
    void on_written(std::string_view error);
    void report_open(std::string_view error);
    template <typename Function>
    void later(Function what);

    asio::io_context& loop_;
    asio::steady_timer patience_;
    std::unique_ptr<transport> below_;
    const websocket_settings how_;
    std::random_device random_;
    std::optional<websocket> protocol_;
    bool closed_ = false;

    transport::opened_handler opened_;
    transport::read_handler read_;
    std::string payload_;    // not yet handed on
    std::string end_below_;  // why `below` ended

    transport::written_handler written_;
    std::string frame_;            // of the caller's write, until it is handed to `below`
    bool writing_ = false;         // below
    bool writing_frame_ = false;   // … and what is being written holds the caller's
    bool end_is_overdue_ = false;  // the Close frame has had its chance
};

template <typename Function>
void stream::later(Function what) {
    asio::post(loop_, [self = shared_from_this(), what] {
        if (!self->closed_) what(*self);
    });
}

void stream::open(const std::string& host, std::uint16_t port, transport::opened_handler done) {
    opened_ = std::move(done);
    protocol_.emplace(how_, host, port, [this] { return static_cast<std::uint32_t>(random_()); });
    if (protocol_->end()) return later([](stream& self) { self.report_open(*self.protocol_->end()); });
    below_->open(host, port, [self = shared_from_this()](std::string_view error) { self->on_below_open(error); });
}

void stream::on_below_open(std::string_view error) {
    if (!error.empty()) return report_open(error);
    writing_ = true;
    below_->write(protocol_->request(), [self = shared_from_this()](std::string_view failed) { self->on_written(failed); });
    read_below();
}

void stream::read_below() {
    below_->read(
        [self = shared_from_this()](std::string_view error, std::span<const std::byte> bytes) { self->on_bytes(error, bytes); });
}

void stream::on_bytes(std::string_view error, std::span<const std::byte> bytes) {
    if (error.empty()) {
        protocol_->feed(bytes, payload_);
    } else {
        end_below_ = error;
    }
    if (opened_) return on_handshake();
    write_below();
    deliver();
}

void stream::on_handshake() {
    if (!end_below_.empty())
        return report_open("no answer to the WebSocket handshake (is this the WebSocket port?): " + end_below_);
    if (protocol_->is_open()) {
        write_below();  // it may already have been closed again
        return report_open("");
    }
    if (protocol_->end()) return report_open(std::string(*protocol_->end()));
    read_below();
}

void stream::report_open(std::string_view error) {
    const auto call = std::exchange(opened_, nullptr);
    call(error);
}

void stream::read(transport::read_handler done) {
    assert(!read_);
    read_ = std::move(done);
    const bool is_due = !payload_.empty() || !end_below_.empty() || protocol_->end();
    is_due ? later([](stream& self) { self.deliver(); }) : read_below();
}

void stream::deliver() {
    if (!read_) return;
    if (!payload_.empty()) {
        const auto call = std::exchange(read_, nullptr);
        const auto payload = std::exchange(payload_, {});
        return call("", std::as_bytes(std::span(payload)));
    }
    if (!end_below_.empty() || protocol_->end()) return deliver_end();
    read_below();  // it was no data
}

/// The reader may close the connection as soon as it hears of the end: first our Close frame goes out, if it can.
void stream::deliver_end() {
    if (writing_ && end_below_.empty() && !end_is_overdue_) {
        patience_.expires_after(close_patience);
        patience_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error || self->closed_) return;
            self->end_is_overdue_ = true;
            self->deliver();
        });
        return;
    }
    patience_.cancel();
    const auto call = std::exchange(read_, nullptr);
    const std::string words = protocol_->end().value_or(end_below_);
    call(words, {});
}

void stream::write(std::string_view bytes, transport::written_handler done) {
    assert(!written_);
    written_ = std::move(done);
    // After the peer's Close nothing more goes out, and the read tells.
    if (protocol_->closes()) return;
    frame_ = protocol_->frame(bytes);
    write_below();
}

void stream::end_of_writing() {
    assert(!written_ || protocol_->closes());
    protocol_->close();
    write_below();
}

void stream::write_below() {
    if (writing_) return;
    writing_frame_ = !frame_.empty() && !protocol_->closes();
    std::string bytes = writing_frame_ ? std::exchange(frame_, {}) : std::string();
    bytes += protocol_->take_control();
    if (bytes.empty()) return;
    writing_ = true;
    below_->write(bytes, [self = shared_from_this()](std::string_view error) { self->on_written(error); });
}

void stream::on_written(std::string_view error) {
    writing_ = false;
    const bool was_frame = std::exchange(writing_frame_, false);
    if (!protocol_->is_open()) return;  // the request; if it failed, the read tells
    if (error.empty()) write_below();
    if (protocol_->end() && read_) later([](stream& self) { self.deliver(); });
    if (!was_frame) return;
    const auto call = std::exchange(written_, nullptr);
    call(error);
}

void stream::close() {
    closed_ = true;
    patience_.cancel();
    opened_ = nullptr;
    read_ = nullptr;
    written_ = nullptr;
    below_.reset();
}

class websocket_transport final : public transport {
public:
    websocket_transport(asio::io_context& loop, std::unique_ptr<transport> below, websocket_settings how)
        : stream_(std::make_shared<stream>(loop, std::move(below), std::move(how))) {}
    ~websocket_transport() override { stream_->close(); }

    void open(const std::string& host, std::uint16_t port, opened_handler done) override {
        stream_->open(host, port, std::move(done));
    }
    void read(read_handler done) override { stream_->read(std::move(done)); }
    void write(std::string_view bytes, written_handler done) override { stream_->write(bytes, std::move(done)); }
    void end_of_writing() override { stream_->end_of_writing(); }

private:
    std::shared_ptr<stream> stream_;
};

}  // namespace

std::unique_ptr<transport> make_websocket_transport(asio::io_context& loop, std::unique_ptr<transport> below,
                                                    websocket_settings how) {
    return std::make_unique<websocket_transport>(loop, std::move(below), std::move(how));
}

}  // namespace mqtt

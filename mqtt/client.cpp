// mqtt/client.cpp: carries a session's transport effects out: one transport at a time, one write at a time, one timer.
// Not here: any decision of the protocol (session.hpp), and sockets (transport_tcp.cpp).
#include "mqtt/client.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "mqtt/transport.hpp"

namespace mqtt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t largest_write = 64 * 1024;  // copied by the transport, hence bounded
constexpr auto close_patience = 1s;

// Many messages in flight move in batches: a quarter of the window at a time, and acknowledgements by the half.
constexpr std::size_t many_in_flight = 16;
constexpr std::size_t smallest_acknowledgement = 4;  // bytes: PUBACK, PUBREC, PUBCOMP

time_point now() { return std::chrono::steady_clock::now(); }

}  // namespace

/// Each event ends with turn(), which does all that the event has made due. The session hears that bytes are sent when the
/// system has taken them; those on their way when a connection breaks are dropped, since the session sends what wasn't
/// acknowledged again: nothing is lost, and nothing is written twice to one connection.
class client::carrier : public std::enable_shared_from_this<client::carrier> {
public:
    carrier(asio::io_context& loop, std::vector<connection_settings> servers, session& protocol, effect_handler on_effect,
            ready_handler on_ready, transport_maker make)
        : loop_(loop),
          servers_(std::move(servers)),
          session_(protocol),
          on_effect_(std::move(on_effect)),
          on_ready_(std::move(on_ready)),
          make_(std::move(make)),
          timer_(loop) {}

    void start();
    void turn();
    void stop(std::chrono::milliseconds patience, std::function<void()> done, const farewell& words);
    void abandon();

private:
    void carry_out_effects();
    bool is_ready() const;
    void carry_out(const open_transport& what);
    void carry_out(const close_transport&);

    void on_opened(std::string_view error);
    void read();
    void on_read(std::string_view error, std::span<const std::byte> bytes);
    void write();
    void on_written(std::string_view error);
    void end_when_written();
    void lost(std::string_view words);

    std::optional<time_point> next_deadline() const;
    void arm();
    void on_timer();
    void report_stopped();

    asio::io_context& loop_;
    const std::vector<connection_settings> servers_;
    session& session_;
    const effect_handler on_effect_;
    const ready_handler on_ready_;
    const transport_maker make_;
    bool abandoned_ = false;  // the client is gone; so may be the session

    effects due_;
    bool turning_ = false;
    bool again_ = false;

    std::unique_ptr<transport> transport_;
    struct connection_state {
        bool open = false;
        bool closing = false;                  // close_transport was asked for
        bool ended = false;                    // the peer was told that no more will come
        std::size_t filled_to = 0;             // messages in flight when the session took no more; 0: it would
        std::size_t writing = 0;               // bytes on their way to the system
        std::string write_error;               // no more can be written; what the peer said before it is still to be read
        std::optional<time_point> give_up_at;  // the end of all patience with this connection
    };
    connection_state connection_;

    asio::steady_timer timer_;
    std::optional<time_point> armed_;
    bool stopping_ = false;
    std::optional<time_point> stop_at_;
    std::function<void()> stopped_;
};

void client::carrier::start() {
    session_.start(now());
    turn();
}

void client::carrier::stop(std::chrono::milliseconds patience, std::function<void()> done, const farewell& words) {
    assert(!stopping_ && done);
    stopping_ = true;
    stopped_ = std::move(done);
    stop_at_ = now() + patience;
    session_.stop(now(), words);
    turn();
}

void client::carrier::abandon() {
    abandoned_ = true;
    transport_.reset();
    timer_.cancel();
}

/// Effects first and in order, then the chance to publish, once; then all of it is written at once. A call from within a
/// handler only makes the loop below go round again.
void client::carrier::turn() {
    again_ = true;
    if (turning_) return;
    const auto self = shared_from_this();
    turning_ = true;
    for (bool told = false; again_ && !abandoned_;) {
        again_ = false;
        carry_out_effects();
        if (abandoned_ || told || !is_ready()) continue;
        told = true;
        again_ = true;
        on_ready_();
        if (!abandoned_) connection_.filled_to = session_.accepts() ? 0 : session_.in_flight();
    }
    turning_ = false;
    if (abandoned_) return;
    write();
    end_when_written();
    arm();
    report_stopped();
}

/// A window that was full is filled again when a quarter of it is free: a write for each acknowledgement would cost us, and
/// the broker that is woken by it, more than the messages.
bool client::carrier::is_ready() const {
    const std::size_t full = connection_.filled_to;
    return session_.accepts() && (full < many_in_flight || session_.in_flight() <= full - full / 4);
}

void client::carrier::carry_out_effects() {
    for (session_.take_effects(due_); !due_.empty(); session_.take_effects(due_)) {
        for (const auto& one : due_) {
            if (const auto* open = std::get_if<open_transport>(&one)) {
                carry_out(*open);
            } else if (const auto* close = std::get_if<close_transport>(&one)) {
                carry_out(*close);
            } else {
                on_effect_(one);
            }
            if (abandoned_) return;
        }
    }
}

// ---- One connection ----

void client::carrier::carry_out(const open_transport& what) {
    assert(!transport_ && what.server < servers_.size());
    connection_settings to = servers_[what.server];
    if (!what.instead.empty()) {
        // What can't be understood is answered by trying where we were: the broker will say it again, or not.
        if (const auto named = referred_endpoint(to.endpoint, what.instead)) to.endpoint = *named;
    }
    transport_ = make_ ? make_(to) : make_transport(loop_, to);
    connection_ = {};
    transport_->open(to.endpoint.host, to.endpoint.port, [this](std::string_view error) { on_opened(error); });
}

void client::carrier::carry_out(const close_transport&) {
    if (!transport_) return;  // it was lost as the session made up its mind
    if (!connection_.open) return lost("");
    connection_.closing = true;
    connection_.give_up_at = now() + close_patience;
}

void client::carrier::on_opened(std::string_view error) {
    if (error.empty()) {
        connection_.open = true;
        session_.on_opened(now());
        read();
    } else {
        lost(error);
    }
    turn();
}

void client::carrier::read() {
    const std::size_t in_flight = session_.in_flight();
    transport_->expect(in_flight < many_in_flight ? 0 : in_flight / 2 * smallest_acknowledgement);
    transport_->read([this](std::string_view error, std::span<const std::byte> bytes) { on_read(error, bytes); });
}

void client::carrier::on_read(std::string_view error, std::span<const std::byte> bytes) {
    if (error.empty()) {
        session_.on_bytes(bytes, now());
        read();
    } else {
        // The write's error came first, and says more than the end of the stream that follows it.
        lost(connection_.write_error.empty() ? error : connection_.write_error);
    }
    turn();
}

void client::carrier::write() {
    if (!connection_.open || connection_.ended || connection_.writing > 0 || !connection_.write_error.empty()) return;
    const auto bytes = session_.unsent().substr(0, largest_write);
    if (bytes.empty()) return;
    connection_.writing = bytes.size();
    transport_->write(bytes, [this](std::string_view error) { on_written(error); });
}

void client::carrier::on_written(std::string_view error) {
    const auto size = std::exchange(connection_.writing, 0);
    if (error.empty()) {
        session_.sent(size, now());
    } else {
        connection_.write_error = error;
        if (!connection_.give_up_at) connection_.give_up_at = now() + close_patience;
    }
    turn();
}

/// The peer gets to see the end of the stream, and we wait for its own: to close with bytes unread would reset the
/// connection, and could take the DISCONNECT from the peer.
void client::carrier::end_when_written() {
    if (!connection_.closing || connection_.ended || connection_.writing > 0 || !connection_.write_error.empty()) return;
    transport_->end_of_writing();
    connection_.ended = true;
}

void client::carrier::lost(std::string_view words) {
    const std::string kept(words);  // may be the connection's own
    transport_.reset();
    connection_ = {};
    session_.on_closed(kept, now());
}

// ---- Time ----

std::optional<time_point> client::carrier::next_deadline() const {
    std::optional<time_point> first;
    for (const auto& one : {session_.next_deadline(), connection_.give_up_at, stop_at_})
        if (one && (!first || *one < *first)) first = one;
    return first;
}

/// A deadline that moved away, as keep-alive's does with each write, costs nothing: the timer goes off early, once, and is
/// set anew.
void client::carrier::arm() {
    const auto due = next_deadline();
    if (!due || (armed_ && *armed_ <= *due)) return;
    armed_ = due;
    timer_.expires_at(*due);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error && !self->abandoned_) self->on_timer();
    });
}

void client::carrier::on_timer() {
    const auto is_due = [at = now()](const std::optional<time_point>& deadline) { return deadline && *deadline <= at; };
    armed_.reset();
    session_.on_time(now());
    if (transport_ && is_due(connection_.give_up_at)) lost(connection_.write_error);
    if (transport_ && is_due(stop_at_)) lost("");
    turn();
}

void client::carrier::report_stopped() {
    if (!stopped_ || transport_) return;
    stop_at_.reset();
    timer_.cancel();
    armed_.reset();
    asio::post(loop_, [self = shared_from_this(), done = std::exchange(stopped_, nullptr)] {
        if (!self->abandoned_) done();
    });
}

// ---- The client ----

client::client(asio::io_context& loop, std::vector<connection_settings> servers, session& protocol, effect_handler on_effect,
               ready_handler on_ready, transport_maker make)
    : carrier_(std::make_shared<carrier>(loop, std::move(servers), protocol, std::move(on_effect), std::move(on_ready),
                                         std::move(make))) {}

client::~client() { carrier_->abandon(); }

void client::start() { carrier_->start(); }
void client::flush() { carrier_->turn(); }
void client::stop(std::chrono::milliseconds patience, std::function<void()> done, const farewell& words) {
    carrier_->stop(patience, std::move(done), words);
}

}  // namespace mqtt

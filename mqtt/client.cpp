// mqtt/client.cpp: the loop around a session: an event goes in, its effects are carried out, bytes are written, the timer is set.
#include "mqtt/client.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>

#include "mqtt/transport.hpp"

namespace mqtt {
namespace {

constexpr std::size_t read_size = 16u << 10;
constexpr auto last_write = std::chrono::seconds(1);  // how long close_transport waits for what is unsent

time_point now() { return std::chrono::steady_clock::now(); }

}  // namespace

class client::carrier : public std::enable_shared_from_this<carrier> {
public:
    carrier(boost::asio::io_context& loop, std::vector<server_address> servers, session& protocol, effect_handler on_effect,
            ready_handler on_ready)
        : loop_(loop),
          servers_(std::move(servers)),
          session_(protocol),
          on_effect_(std::move(on_effect)),
          on_ready_(std::move(on_ready)),
          session_timer_(loop),
          close_timer_(loop),
          stop_timer_(loop) {}

    void start() {
        session_.start(now());
        wake();
    }

    void flush() {
        if (!gone_) carry_on();
    }

    void stop(std::chrono::milliseconds patience, std::function<void()> done) {
        stopped_ = std::move(done);
        session_.stop(now());
        carry_on();
        stop_timer_.expires_after(patience);
        stop_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (!error && !self->gone_) self->lose("the broker did not close the connection in time");
        });
        if (!transport_) finish_stop();
    }

    /// The client is being destroyed: nothing may call back any more.
    void abandon() {
        gone_ = true;
        if (transport_) transport_->close();
        transport_.reset();
        session_timer_.cancel();
        close_timer_.cancel();
        stop_timer_.cancel();
    }

private:
    /// Something happened: effects first, then a chance to publish, then bytes and the timer.
    void wake() {
        ready_due_ = true;
        carry_on();
    }

    /// Safe from within the handlers that it calls: the outer call goes on with what they caused.
    void carry_on() {
        if (carrying_) return;
        carrying_ = true;
        for (;;) {
            const effects caused = session_.take_effects();
            for (const effect& each : caused) carry_out(each);
            if (gone_) return;
            if (!caused.empty()) continue;
            if (!ready_due_ || !session_.accepts()) break;
            ready_due_ = false;
            on_ready_();
            if (gone_) return;
        }
        carrying_ = false;
        write();
        set_timer();
    }

    void carry_out(const effect& what) {
        if (gone_) return;
        if (const auto* open = std::get_if<open_transport>(&what)) {
            connect(open->server);
        } else if (std::holds_alternative<close_transport>(what)) {
            close_when_written();
        } else {
            on_effect_(what);
        }
    }

    void connect(std::size_t server) {
        assert(!transport_ && server < servers_.size());
        closing_ = writing_ = open_ = false;
        transport_ = make_tcp_transport(loop_);
        transport_->open(servers_[server], [self = shared_from_this()](const std::string& error) {
            if (self->gone_) return;
            if (!error.empty()) return self->lose(error);
            self->open_ = true;
            self->session_.on_opened(now());
            self->read();
            self->wake();
        });
    }

    void read() {
        transport_->read(input_, [self = shared_from_this()](const std::string& error, std::size_t bytes) {
            if (self->gone_) return;
            if (!error.empty()) return self->lose(error);
            const auto connection = self->transport_;
            self->session_.on_bytes(std::span(self->input_).first(bytes), now());
            self->wake();
            if (!self->gone_ && self->transport_ == connection) self->read();
        });
    }

    /// What is taken from the session here is ours; if the connection breaks, it is lost with the connection.
    void write() {
        if (!open_ || writing_) return;
        const std::string_view unsent = session_.unsent();
        if (unsent.empty()) {
            if (closing_) lose("closed");
            return;
        }
        output_.assign(unsent);
        session_.sent(output_.size(), now());
        writing_ = true;
        transport_->write(output_, [self = shared_from_this()](const std::string& error) {
            if (self->gone_) return;
            self->writing_ = false;
            if (!error.empty()) return self->lose(error);
            self->wake();
        });
    }

    void close_when_written() {
        if (!transport_) return;
        closing_ = true;
        if (!open_) return lose_later();
        close_timer_.expires_after(last_write);
        close_timer_.async_wait([self = shared_from_this(), connection = transport_](const boost::system::error_code& error) {
            if (!error && !self->gone_ && self->transport_ == connection) self->lose("closed");
        });
    }

    /// An attempt that is given up: told after the effects that are being carried out now.
    void lose_later() {
        boost::asio::post(loop_, [self = shared_from_this(), connection = transport_] {
            if (!self->gone_ && self->transport_ == connection) self->lose("closed");
        });
    }

    void lose(const std::string& reason) {
        if (!transport_) return;
        transport_->close();
        transport_.reset();
        open_ = writing_ = closing_ = false;
        close_timer_.cancel();
        session_.on_closed(reason, now());
        wake();
        if (!gone_) finish_stop();
    }

    void finish_stop() {
        if (!stopped_) return;
        stop_timer_.cancel();
        const auto done = std::exchange(stopped_, nullptr);
        boost::asio::post(loop_, [self = shared_from_this(), done] {
            if (!self->gone_) done();
        });
    }

    void set_timer() {
        const auto deadline = session_.next_deadline();
        if (deadline == timer_set_to_) return;
        timer_set_to_ = deadline;
        if (!deadline) {
            session_timer_.cancel();
            return;
        }
        session_timer_.expires_at(*deadline);
        session_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error || self->gone_) return;  // set anew, or the end
            self->timer_set_to_.reset();
            self->session_.on_time(now());
            self->wake();
        });
    }

    boost::asio::io_context& loop_;
    const std::vector<server_address> servers_;
    session& session_;
    effect_handler on_effect_;
    ready_handler on_ready_;
    boost::asio::steady_timer session_timer_, close_timer_, stop_timer_;
    std::optional<time_point> timer_set_to_;
    std::shared_ptr<transport> transport_;
    std::array<std::byte, read_size> input_{};
    std::string output_;
    std::function<void()> stopped_;
    bool open_ = false;      // the transport is open
    bool writing_ = false;   // output_ is on its way
    bool closing_ = false;   // close once all is written
    bool carrying_ = false;  // carry_on is running
    bool ready_due_ = false;
    bool gone_ = false;
};

client::client(boost::asio::io_context& loop, std::vector<server_address> servers, session& protocol, effect_handler on_effect,
               ready_handler on_ready)
    : carrier_(std::make_shared<carrier>(loop, std::move(servers), protocol, std::move(on_effect), std::move(on_ready))) {}

client::~client() { carrier_->abandon(); }

void client::start() { carrier_->start(); }

void client::flush() { carrier_->flush(); }

void client::stop(std::chrono::milliseconds patience, std::function<void()> done) { carrier_->stop(patience, std::move(done)); }

}  // namespace mqtt

// mqtt/session_connection.cpp: a connection's life: open, CONNECT, keep alive, close, wait, again.
// Not here: what the broker says (session_receive.cpp).
#include <algorithm>
#include <cassert>

#include "mqtt/codec.hpp"
#include "mqtt/session_machine.hpp"

namespace mqtt {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t inbound_window = 20;  // messages in flight towards us
constexpr auto stable_after = 30s;
// A broker that chokes on a message closes at once; what ends later is more likely the link.
constexpr auto blame_within = 10s;

std::string in_words(std::chrono::milliseconds d) {
    return d % 1s == 0ms ? std::to_string(d / 1s) + " s" : std::to_string(d.count()) + " ms";
}

template <typename T>
T clamped(std::chrono::seconds d, T most) {
    return static_cast<T>(std::clamp<std::int64_t>(d.count(), 0, most));
}

}  // namespace

session::machine::machine(options how, saved_state saved, std::uint64_t seed)
    : how_(std::move(how)),
      record_(std::move(saved.session)),
      lane_(how_.lane, saved.lane, saved.newest),
      backoff_(how_.first_retry, how_.last_retry, seed),
      framer_(how_.largest_packet_in) {
    assert(how_.servers > 0);
}

void session::machine::start(time_point now) {
    assert(state_ == state::idle);
    open(now);
}

void session::machine::open(time_point now) {
    state_ = state::opening;
    afterwards_ = afterwards::retry;
    fault_ = fault::none;
    close_words_.clear();
    framer_.reset();
    limits_ = {};
    reached_online_ = false;
    progress_ = false;
    answers_ = 0;
    ping_deadline_.reset();
    deadline_ = now + how_.connect_timeout;
    effects_.push_back(open_transport{server_});
}

void session::machine::on_opened(time_point now) {
    if (state_ != state::opening) return;
    state_ = state::handshake;
    deadline_ = now + how_.connect_timeout;
    asked_clean_ = needs_new_session() && !cleaned_;
    send_control(connect_packet());
}

/// Without a record of this very session nothing that the broker holds may be resumed [MQTT-3.2.2-4].
bool session::machine::needs_new_session() const {
    return !record_ || record_->client_id != how_.client_id || record_->broker != how_.broker;
}

connect session::machine::connect_packet() const {
    connect what;
    what.clean_start = asked_clean_;
    what.keep_alive = clamped<std::uint16_t>(how_.keepalive, 0xffff);
    what.client_id = how_.client_id;
    what.password = how_.password;
    what.will = how_.will;
    // 3.1.1 knows no password without a user name.
    const bool name_needed = how_.password && how_.version == version::v3_1_1;
    if (!how_.username.empty() || name_needed) what.username = how_.username;
    if (how_.version == version::v5) {
        what.properties.session_expiry_interval = clamped<std::uint32_t>(how_.session_expiry, 0xffffffff);
        what.properties.receive_maximum = inbound_window;
        what.properties.maximum_packet_size = how_.largest_packet_in;
    }
    return what;
}

/// What is shown to the transport already still goes; nothing follows but a DISCONNECT that tells the broker why.
void session::machine::close(std::string words, std::optional<reason> tell) {
    assert(state_ == state::opening || state_ == state::handshake || state_ == state::online);
    close_words_ = std::move(words);
    gate_.drop_waiting();
    held_.reset();
    ping_deadline_.reset();
    const bool may_tell = state_ != state::opening && (how_.version == version::v5 || tell == reason::success);
    if (tell && may_tell) send_control(disconnect{*tell, {}});
    state_ = state::closing;
    effects_.push_back(close_transport{});
}

void session::machine::stop() {
    leaving_ = true;
    // The last acknowledgements are kept without waiting for a later save to carry them.
    if (durable_ < position_) request_save(true);
    switch (state_) {
        case state::idle:
        case state::waiting:
            state_ = state::stopped;
            break;
        case state::opening:
        case state::handshake:
        case state::online:
            fault_ = fault::other;
            close("stopped", reason::success);
            break;
        case state::closing:
        case state::stopped:
            break;
    }
}

void session::machine::on_closed(std::string_view reason, time_point now) {
    if (state_ == state::idle || state_ == state::waiting || state_ == state::stopped) return;
    std::string words = std::move(close_words_);
    if (words.empty()) words = reason.empty() ? "the connection was closed" : std::string(reason);
    if (state_ == state::handshake) words = "closed before CONNECT was answered: " + words;
    if (state_ == state::online) fault_ = fault::message;
    if (reached_online_) judge(now);
    forget_connection();

    if (leaving_) {
        state_ = state::stopped;
    } else if (afterwards_ == afterwards::reopen) {
        cleaned_ = true;
        open(now);
    } else {
        schedule_retry(std::move(words), now);
    }
}

/// Was it a message that made the broker close?
void session::machine::judge(time_point now) {
    if (progress_) return;
    abandoned_.clear();  // at fault perhaps; in any case tried
    if (fault_ != fault::message || now - last_written_ > blame_within) return suspect_.acquit();
    // With a PUBREL unanswered it isn't clear which packet the broker minded.
    const auto oldest = lane_.released().empty() ? lane_.oldest_unanswered(gate_.shown()) : std::nullopt;
    const auto convicted = suspect_.on_closed(oldest);
    if (!convicted) return;
    refuse(*convicted, reason::unspecified_error, "the broker closed the connection three times on this message");
    abandon(*convicted);
}

void session::machine::forget_connection() {
    const std::size_t lost = unlogged_.in_flight() + gate_.unlogged();
    if (lost > 0) effects_.push_back(unlogged_lost{lost});
    lane_.interrupt(gate_.shown());
    gate_.clear();
    unlogged_.clear();
    held_.reset();
}

void session::machine::schedule_retry(std::string words, time_point now) {
    cleaned_ = false;
    if (reached_online_ && now - online_since_ >= stable_after) backoff_.reset();
    if (!reached_online_) server_ = (server_ + 1) % how_.servers;
    const auto delay = afterwards_ == afterwards::retry_slowly ? backoff_.next_slow() : backoff_.next();
    state_ = state::waiting;
    deadline_ = now + delay;
    effects_.push_back(offline{std::move(words), delay});
}

void session::machine::on_time(time_point now) {
    switch (state_) {
        case state::waiting:
            if (now >= deadline_) open(now);
            break;
        case state::opening:
            if (now >= deadline_) close("no connection within " + in_words(how_.connect_timeout), std::nullopt);
            break;
        case state::handshake:
            if (now >= deadline_) close("no answer to CONNECT within " + in_words(how_.connect_timeout), std::nullopt);
            break;
        case state::online:
            keep_alive(now);
            break;
        case state::idle:
        case state::closing:
        case state::stopped:
            break;
    }
}

void session::machine::keep_alive(time_point now) {
    if (ping_deadline_) {
        if (now < *ping_deadline_) return;
        fault_ = fault::other;
        return close("no answer to PINGREQ in " + in_words(ping_patience()), std::nullopt);
    }
    if (limits_.keepalive == 0s || now < last_written_ + limits_.keepalive) return;
    send_control(pingreq{});
    last_written_ = now;
    ping_deadline_ = now + ping_patience();
}

std::chrono::milliseconds session::machine::ping_patience() const {
    const std::chrono::milliseconds half = std::chrono::milliseconds{limits_.keepalive} / 2;
    return std::max<std::chrono::milliseconds>(5s, std::min<std::chrono::milliseconds>(half, 30s));
}

std::optional<time_point> session::machine::next_deadline() const {
    switch (state_) {
        case state::waiting:
        case state::opening:
        case state::handshake:
            return deadline_;
        case state::online:
            if (ping_deadline_) return ping_deadline_;
            if (limits_.keepalive > 0s) return last_written_ + limits_.keepalive;
            break;
        case state::idle:
        case state::closing:
        case state::stopped:
            break;
    }
    return std::nullopt;
}

}  // namespace mqtt

// mqtt/session_connection.cpp: a connection's life: open, CONNECT, keep alive, close, wait, again.
// Not here: what the broker says (session_receive.cpp).
#include <algorithm>
#include <cassert>

#include "mqtt/codec.hpp"
#include "mqtt/codec_bytes.hpp"
#include "mqtt/session_machine.hpp"

namespace mqtt {
namespace {

using namespace std::chrono_literals;

constexpr auto stable_after = 60s;
constexpr int most_redirections = 5;  // in a row, before our own list is tried again
// A broker that chokes on a message closes at once; what ends later is more likely the link.
constexpr auto blame_within = 10s;

std::string in_words(std::chrono::milliseconds d) {
    return d % 1s == 0ms ? std::to_string(d / 1s) + " s" : std::to_string(d.count()) + " ms";
}

std::chrono::seconds clamped(std::chrono::seconds d, std::int64_t most) {
    return std::chrono::seconds{std::clamp<std::int64_t>(d.count(), 0, most)};
}

}  // namespace

session::machine::machine(options how, saved_state saved, std::uint64_t seed)
    : how_(std::move(how)),
      client_id_(how_.client_id.empty() && saved.session ? saved.session->client_id : how_.client_id),
      record_(std::move(saved.session)),
      lane_(how_.lane, saved.lane, saved.newest),
      inbound_(std::move(saved.held), how_.inbound_window, how_.aliases_in),
      backoff_(how_.first_retry, how_.last_retry, seed),
      suspect_(how_.poison_after),
      framer_(how_.largest_packet_in),
      expiry_(how_.session_expiry),
      highest_qos_(how_.highest_qos) {
    assert(how_.servers > 0 && how_.inbound_window > 0);
}

void session::machine::start(time_point now) {
    assert(state_ == state::idle);
    open(now);
}

void session::machine::open(time_point now) {
    state_ = state::opening;
    afterwards_ = afterwards::retry;
    redirected_ = false;
    sent_away_ = false;
    fault_ = fault::none;
    close_words_.clear();
    close_code_.reset();
    framer_.reset();
    limits_ = {};
    authenticator_.reset();
    inbound_.begin_connection();
    reached_online_ = false;
    progress_ = false;
    proving_link_ = false;
    answers_ = 0;
    ping_deadline_.reset();
    request_deadline_.reset();
    authentication_deadline_.reset();
    deadline_ = now + how_.connect_timeout;
    effects_.push_back(open_transport{server_, instead_});
}

void session::machine::on_opened(time_point now) {
    if (state_ != state::opening) return;
    state_ = state::handshake;
    deadline_ = now + how_.connect_timeout;
    asked_clean_ = is_ephemeral() || (needs_new_session() && !cleaned_);
    if (connect_unanswered_) inbound_.doubt_all();
    connect_unanswered_ = true;
    send_control(connect_packet());
}

/// Without a record of this very session nothing that the broker holds may be resumed [MQTT-3.2.2-4].
bool session::machine::needs_new_session() const {
    return !record_ || record_->client_id != client_id_ || record_->broker != how_.broker;
}

/// In 3.1.1 a client without an identifier has no choice [MQTT-3.1.3-7].
bool session::machine::is_ephemeral() const {
    return how_.session_expiry == 0s || (how_.version == version::v3_1_1 && client_id_.empty());
}

/// As CONNECT can say it.
std::chrono::seconds session::machine::keepalive() const { return clamped(how_.keepalive, 0xffff); }
std::chrono::seconds session::machine::asked_expiry() const {
    return asked_clean_ ? 0s : clamped(how_.session_expiry, 0xffffffff);
}

connect session::machine::connect_packet() {
    connect what;
    what.clean_start = asked_clean_;
    what.keep_alive = static_cast<std::uint16_t>(keepalive().count());
    what.client_id = client_id_;
    what.password = how_.password;
    what.will = how_.will;
    if (what.will) {
        what.will->retain = what.will->retain && will_may_retain_;
        what.will->qos = std::min(what.will->qos, will_qos_);
    }
    // 3.1.1 knows no password without a user name.
    const bool name_needed = how_.password && how_.version == version::v3_1_1;
    if (!how_.username.empty() || name_needed) what.username = how_.username;
    if (how_.version == version::v3_1_1) return what;
    what.properties = how_.connect_properties;
    what.properties.session_expiry_interval = static_cast<std::uint32_t>(asked_expiry().count());
    what.properties.receive_maximum = how_.inbound_window;
    what.properties.maximum_packet_size = how_.largest_packet_in;
    what.properties.topic_alias_maximum = how_.aliases_in;
    if (what.will) what.will_properties = how_.will_properties;
    begin_authentication(what);
    return what;
}

/// What is shown to the transport already still goes; nothing follows but a DISCONNECT that tells the broker why.
void session::machine::close(std::string words, std::optional<reason> tell) {
    assert(state_ == state::opening || state_ == state::handshake || state_ == state::online);
    close_words_ = std::move(words);
    gate_.drop_waiting();
    held_.reset();
    ping_deadline_.reset();
    request_deadline_.reset();
    if (tell && state_ != state::opening) {
        disconnect why{*tell, {}};
        // An authenticator may quote bytes of the broker's.
        const bool is_text = close_words_.size() <= largest_text && is_valid_utf8(close_words_);
        if (is_error(*tell) && is_text) why.properties.reason_string = close_words_;
        send_disconnect(std::move(why));
    }
    state_ = state::closing;
    effects_.push_back(close_transport{});
}

/// In 3.1.1 a DISCONNECT means that all is well, and can't say more. In 5.0 it goes without words where the broker doesn't
/// take so large a packet [MQTT-3.14.2-3], and not at all where that isn't enough [MQTT-3.2.2-15].
void session::machine::send_disconnect(disconnect what) {
    if (how_.version == version::v3_1_1) {
        if (what.reason == reason::success) send_control(disconnect{});
        return;
    }
    scratch_.clear();
    encode(what, how_.version, scratch_);
    if (scratch_.size() > limits_.packet_size) {
        what.properties.reason_string.reset();
        what.properties.user.clear();
        scratch_.clear();
        encode(what, how_.version, scratch_);
    }
    if (scratch_.size() <= limits_.packet_size) gate_.push_control(scratch_);
}

void session::machine::stop(const farewell& words) {
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
            if (state_ != state::opening) {
                disconnect last{words.reason, words.properties};
                // What was to end with the connection can't be made to last now (3.14.2.2.2).
                if (asked_expiry() == 0s || expiry_ == 0s) last.properties.session_expiry_interval.reset();
                gate_.drop_waiting();
                send_disconnect(std::move(last));
            }
            close("stopped", std::nullopt);
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
    if (const auto convicted = suspect_.on_closed(oldest)) give_up(*convicted);
}

/// A broker that has never answered a message of QoS 2 minds the QoS rather than this message (NATS, AWS IoT in 3.1.1).
void session::machine::give_up(sequence at) {
    const bool was_qos_2 = lane_.find(lane_.id_of(at), gate_.shown()).stage == lane::stage::sent_qos_2;
    if (was_qos_2 && !takes_qos_2_) return lower_qos();
    refuse(at, reason::unspecified_error, "the broker closed the connection again and again on this message");
    abandon(at);
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
    choose_server();
    const auto delay = afterwards_ == afterwards::retry_slowly ? backoff_.next_slow() : backoff_.next();
    state_ = state::waiting;
    deadline_ = now + delay;
    effects_.push_back(offline{std::move(words), delay, close_code_});
}

/// A server where we got online is tried again, unless it sent us away. One that failed makes way for the next of our list,
/// also if it was only named by the one whose turn it was: the list must not end at a server that names a dead one.
void session::machine::choose_server() {
    if (redirected_ || (reached_online_ && !sent_away_)) return;
    server_ = (server_ + 1) % how_.servers;
    instead_.clear();
    redirections_ = 0;
}

/// The broker closes, and says where we are wanted (4.11), or only that it is not here.
void session::machine::redirect(const std::string& to, bool permanent) {
    sent_away_ = true;
    redirected_ = how_.redirects == redirects::follow && !to.empty() && ++redirections_ <= most_redirections;
    if (redirected_) instead_ = to;
    if (!to.empty()) effects_.push_back(redirected{to, permanent, redirected_});
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

/// An answer that is late doesn't stop the PINGREQs: with a short keep-alive the broker would miss them [MQTT-3.1.2-20].
void session::machine::keep_alive(time_point now) {
    const auto is_over = [now](const std::optional<time_point>& deadline) { return deadline && now >= *deadline; };
    std::string missing;
    if (is_over(request_deadline_)) missing = "no answer to SUBSCRIBE or UNSUBSCRIBE";
    if (is_over(authentication_deadline_)) missing = "no answer to AUTH";
    if (is_over(ping_deadline_)) missing = "no answer to PINGREQ in " + in_words(ping_patience());
    if (!missing.empty()) {
        fault_ = fault::other;
        return close(std::move(missing), std::nullopt);
    }
    if (limits_.keepalive > 0s && now >= ping_due()) ping(now);
}

/// When nothing was written for so long, as the broker wants it, and also when nothing was read: a stream of QoS 0 through a
/// proxy would never hear that the broker behind it is gone.
time_point session::machine::ping_due() const {
    const time_point quiet_since = ping_deadline_ ? last_written_ : std::min(last_written_, last_read_);
    return quiet_since + limits_.keepalive;
}

void session::machine::ping(time_point now) {
    send_control(pingreq{});
    last_written_ = now;
    if (!ping_deadline_) ping_deadline_ = now + ping_patience();
}

std::chrono::milliseconds session::machine::ping_patience() const {
    const std::chrono::milliseconds half = std::chrono::milliseconds{limits_.keepalive} / 2;
    return std::max<std::chrono::milliseconds>(5s, std::min<std::chrono::milliseconds>(half, 30s));
}

std::optional<time_point> session::machine::online_deadline() const {
    std::optional<time_point> first;
    if (limits_.keepalive > 0s) first = ping_due();
    for (const auto& each : {ping_deadline_, request_deadline_, authentication_deadline_})
        if (each && (!first || *each < *first)) first = each;
    return first;
}

std::optional<time_point> session::machine::next_deadline() const {
    switch (state_) {
        case state::waiting:
        case state::opening:
        case state::handshake:
            return deadline_;
        case state::online:
            return online_deadline();
        case state::idle:
        case state::closing:
        case state::stopped:
            break;
    }
    return std::nullopt;
}

}  // namespace mqtt

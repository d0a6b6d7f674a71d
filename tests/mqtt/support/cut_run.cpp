// tests/mqtt/support/cut_run.cpp: see cut_run.hpp.
// Not here: what is checked at the end (cut_run_end.cpp).
#include "tests/mqtt/support/cut_run.hpp"

#include <algorithm>

namespace mqtt_test {

using namespace mqtt;

namespace {

constexpr std::int64_t first_batch = 4;
constexpr std::int64_t later_batch = 4;
constexpr std::uint16_t window = 3;     // smaller than a batch …
constexpr std::uint16_t lane_size = 3;  // … as is the lane, so that identifiers are used again
const char* const filter = "in/+";

options options_of(const exchange& what) {
    options o = plain_options(what.version);
    o.window = window;
    o.inbound_window = window;
    o.lane.size = lane_size;
    o.session_loss = what.policy;
    return o;
}

broker_manners manners_of(const exchange& what) {
    broker_manners m;
    m.version = what.version;
    m.window_out = window;
    m.aliases = 2;
    return m;
}

}  // namespace

cut_run::cut_run(exchange what, grain how_fine, session_age age, std::vector<strike> strikes)
    : what_(what), grain_(how_fine), strikes_(std::move(strikes)), how_(options_of(what)), broker_(manners_of(what), 1) {
    if (std::any_of(strikes_.begin(), strikes_.end(), [](const strike& each) { return each.loses_session; }))
        barriers_.expect_lost_sessions();
    if (age == session_age::established) establish_session();
}

void cut_run::establish_session() {
    disk_.state.session = session_record{how_.client_id, how_.broker, 1};
    connect first;
    first.properties.session_expiry_interval = 1000;
    broker_.on_open();
    broker_.on_packet(first);
    broker_.on_close();
}

std::vector<std::string> cut_run::run() {
    if (what_.direction == direction::outbound) begin_batch();
    begin_process();
    for (int left = 20'000; is_content(); --left) {
        if (left == 0) {
            complain("no end");
            break;
        }
        if (!step()) break;
        if (is_due_) strike_now();
    }
    if (is_content() && was_struck()) what_.direction == direction::outbound ? check_outbound() : check_inbound();
    complaints_.insert(complaints_.end(), broker_.complaints().begin(), broker_.complaints().end());
    for (const auto& each : barriers_.complaints()) complain(each);
    return std::move(complaints_);
}

void cut_run::begin_process() {
    disk_.state.newest = sequence{what_.direction == direction::outbound ? newest_ : 0};
    barriers_.begin_process(std::min(number(disk_.state.lane.maybe_sent), newest_));
    session_ = std::make_unique<session>(how_, disk_.state, 1);
    if (what_.direction == direction::inbound) session_->subscribe({{filter, what_.qos}}, {}, now_);
    session_->start(now_);
    take_effects();
}

/// The next thing that happens; false: nothing is left to happen.
bool cut_run::step() {
    if (!effects_.empty()) return carry_out_first(), true;
    if (told_ < kept_) return tell(), true;
    const bool late = what_.durability == durability::late;
    if (!late && !saves_.empty()) return keep_first(), true;
    if (link_ == link::opening && !closing_) return open(), true;
    if (link_ == link::open && !up_.empty()) return pass_up(), true;
    if (closing_ || (link_ == link::open && broker_.wants_to_close())) return close(), true;
    if (link_ == link::open && broker_.has_answers()) return pass_down(), true;
    if (session_->accepts() && what_.direction == direction::outbound && number(session_->next()) <= newest_) return feed(), true;
    if (link_ == link::none) return wait(), true;
    if (!saves_.empty()) return keep_first(), true;
    return begin_batch();
}

/// All is at rest: new messages, if only once after the last strike.
bool cut_run::begin_batch() {
    // What a second batch shows before a strike, one strike has shown.
    const int least = strikes_.size() < 2 ? 2 : 1;
    if (batches_ >= least && (batch_since_strike_ || !was_struck())) return false;
    if (what_.direction == direction::inbound && !broker_.is_subscribed(filter)) return complain("not subscribed"), false;
    const std::int64_t last = newest_ + (batches_ == 0 ? first_batch : later_batch);
    while (newest_ < last) {
        ++newest_;
        if (what_.direction == direction::inbound)
            broker_.publish_to_client({newest_, newest_ % 2 == 0 ? "in/a" : "in/b", what_.qos, {}}, now_);
    }
    ++batches_;
    batch_since_strike_ = true;
    return true;
}

// ---- Strikes ----

std::uint64_t cut_run::distance() const { return was_struck() ? UINT64_MAX : strikes_[struck_].at - passed_; }

void cut_run::point() {
    is_due_ = distance() == 1;
    ++passed_;
}

template <typename Pass>
void cut_run::let_through(std::size_t size, std::uint64_t coarse, Pass pass) {
    const std::uint64_t points = grain_ == grain::byte ? size : coarse;
    const std::uint64_t left = distance();
    is_due_ = left <= points;
    passed_ += points;
    pass(left >= points ? size : grain_ == grain::byte ? left : size / 2);
}

void cut_run::strike_now() {
    const strike& how = strikes_[struck_];
    const bool kill = how.how == blow::kill;
    if (kill) {  // what this process knew counts for nothing
        inbox_.crash();
        answered_.clear();
    }
    if (struck_ == 0)
        for (std::int64_t n = 1; n <= newest_; ++n)
            if (is_known(n)) known_.insert(n);
    std::int64_t may_have_been_sent = barriers_.shown().empty() ? 0 : *barriers_.shown().rbegin();
    if (kill) may_have_been_sent = std::min(newest_, number(disk_.state.lane.maybe_sent));
    for (std::int64_t n = 1; n <= newest_ && what_.direction == direction::outbound; ++n) {
        if (is_known(n)) continue;
        const bool drops = how.loses_session && what_.policy == on_session_loss::drop && n <= may_have_been_sent;
        if (drops) dropped_.insert(n);
        const bool again = what_.qos == qos::at_least_once || how.loses_session;
        if (delivered(n) > 0 && again && !drops) doubled_.insert(n);
    }
    for (const std::int64_t n : broker_.outbox().unfinished()) {
        const bool has_it = kill ? inbox_.times_kept(n) > 0 : came_in_.contains(n);
        if (how.loses_session && inbox_.times_kept(n) == 0) gone_[n] = has_it;
        if (!how.loses_session && has_it) doubled_.insert(n);
    }

    ++struck_;
    passed_ = 0;
    is_due_ = false;
    batch_since_strike_ = false;
    if (link_ == link::open) broker_.on_close();
    if (how.loses_session) broker_.lose_session();
    const bool had_link = link_ != link::none;
    link_ = link::none;
    closing_ = false;
    up_.clear();
    if (kill) {
        effects_.clear();
        saves_.clear();
        kept_ = told_ = log_position{0};
        return begin_process();
    }
    std::erase_if(effects_, [](const auto& each) {  // what it would close is gone
        const auto* const e = std::get_if<effect>(&each);
        return e != nullptr && std::holds_alternative<close_transport>(*e);
    });
    if (had_link) session_->on_closed("reset", now_);
    take_effects();
}

// ---- The process and its disk ----

void cut_run::take_effects() {
    for (const auto& each : session_->take_effects()) {
        if (const auto* const o = std::get_if<online>(&each)) barriers_.begin_connection(o->epoch);
        if (const auto* const m = std::get_if<received>(&each)) {
            effects_.emplace_back(in_box(*m));  // its views don't live longer
        } else {
            effects_.emplace_back(each);
        }
    }
    look();
}

void cut_run::carry_out_first() {
    const auto what = std::move(effects_.front());
    effects_.pop_front();
    if (const auto* const m = std::get_if<inbox_message>(&what)) {
        inbox_.take(*m);
        return point();
    }
    const auto& e = std::get<effect>(what);
    if (std::holds_alternative<open_transport>(e)) link_ = link::opening;
    if (std::holds_alternative<close_transport>(e)) closing_ = true;
    if (std::holds_alternative<unexpected_message>(e)) complain("an expected message is unexpected");
    if (std::holds_alternative<message_refused>(e)) complain("a message is refused");
    if (const auto* const s = std::get_if<save>(&e)) {
        saves_.push_back(*s);
        inbox_.on_save(s->position);
    }
    if (effects_.empty() && !inbox_.close()) complain("a message without a save that would keep it");
    point();
}

void cut_run::keep_first() {
    disk_.keep(saves_.front());
    kept_ = saves_.front().position;
    kept_urgent_ = saves_.front().barrier;
    inbox_.on_kept(kept_);
    saves_.pop_front();
    point();
}

void cut_run::tell() {
    told_ = kept_;
    const std::size_t before = session_->unsent().size();
    session_->on_durable(told_, now_);
    const bool is_urgent = kept_urgent_ || std::any_of(saves_.begin(), saves_.end(), [](const save& s) { return s.barrier; });
    if (session_->unsent().size() > before && !is_urgent) complain("a packet waited for a save that doesn't say so");
    take_effects();
    point();
}

void cut_run::feed() {
    const std::int64_t n = number(session_->next());
    const std::string payload = std::to_string(n);
    const std::string topic = topic_of_number(n);
    publication p;
    p.topic = topic;
    p.payload = payload;
    p.qos = what_.qos;
    session_->publish(sequence{n}, p, now_);
    take_effects();
    point();
}

// ---- The link ----

void cut_run::wait() {
    now_ = std::max(now_, *session_->next_deadline());
    session_->on_time(now_);
    take_effects();
}

void cut_run::open() {
    link_ = link::open;
    up_framer_.reset();
    up_looked_ = up_accepted_ = 0;
    broker_.on_open();
    session_->on_opened(now_);
    take_effects();
    point();
}

/// What the session shows may have been sent from now on.
void cut_run::look() {
    if (link_ != link::open) return;
    const auto fresh = session_->unsent().substr(up_looked_);
    up_framer_.feed(std::as_bytes(std::span(fresh)));
    up_looked_ += fresh.size();
    for (;;) {
        const auto frame = up_framer_.next();
        if (!frame || !*frame) return;
        const auto packet = decode(**frame, how_.version, sender::client);
        if (!packet) return complain("a packet that can't be read: " + std::string(packet.error().what()));
        barriers_.on_shown(*packet);
        up_.emplace_back(*packet, (**frame).size());
    }
}

/// With durability at once the bytes go one by one; else a buffer of the transport takes all that there is, and may lose it.
void cut_run::pass_up() {
    const auto [packet, size] = up_.front();
    const bool buffered = what_.durability == durability::late;
    if (buffered && up_accepted_ < size) {
        const std::size_t all = session_->unsent().size();
        up_accepted_ += all;
        up_looked_ -= all;
        session_->sent(all, now_);
        take_effects();
        return point();
    }
    let_through(size, 1, [&](std::size_t bytes) {
        if (buffered) {
            up_accepted_ -= bytes;
        } else {
            up_looked_ -= bytes;
            session_->sent(bytes, now_);
        }
        if (bytes == size) {
            broker_.on_packet(packet);
            up_.pop_front();
        }
        if (!buffered) take_effects();
    });
}

void cut_run::pass_down() {
    std::string bytes;
    broker_.answer(1, bytes, now_);
    let_through(bytes.size(), 2, [&](std::size_t size) {
        session_->on_bytes(std::as_bytes(std::span(bytes)).first(size), now_);
        if (size == bytes.size()) {
            const auto packet = decode(std::as_bytes(std::span(bytes)), how_.version, sender::server);
            if (const auto* const p = std::get_if<publish>(&*packet)) came_in_.insert(number_of(*p));
            const auto answers = [&](packet_id id) {
                // The newest that bears it: older ones are finished.
                for (auto n = barriers_.shown().rbegin(); n != barriers_.shown().rend(); ++n)
                    if (static_cast<std::int64_t>(id) == how_.lane.first + *n % how_.lane.size)
                        return answered_.insert(*n), void();
            };
            if (const auto* const p = std::get_if<puback>(&*packet)) answers(p->id);
            if (const auto* const p = std::get_if<pubrec>(&*packet)) answers(p->id);
        }
        take_effects();
    });
}

void cut_run::close() {
    broker_.on_close();
    link_ = link::none;
    closing_ = false;
    up_.clear();
    session_->on_closed("closed", now_);
    take_effects();
    point();
}

}  // namespace mqtt_test

// tests/mqtt/support/world.cpp: see world.hpp. What could leave is checked at the moment at which it could.
// Not here: what is checked at the end (world_end.cpp), and the broker's own checks (model_broker.cpp).
#include "tests/mqtt/support/world.hpp"

#include <algorithm>

namespace mqtt_test {

using namespace mqtt;

world::world(options how, broker_manners manners, faults what, std::uint64_t seed)
    : how_(std::move(how)), manners_(manners), faults_(what), dice_(seed), broker_(manners, seed + 1) {
    if (manners_.repeats_pubrec) barriers_.expect_late_pubrecs();
    if (faults_.loses_sessions) barriers_.expect_lost_sessions();
    make_session();
}

void world::make_session() {
    disk_.state.newest.reset();
    if (faults_.knows_newest) disk_.state.newest = sequence{newest_};
    const std::int64_t mark = number(disk_.state.lane.maybe_sent);
    barriers_.begin_process(faults_.knows_newest ? std::min(mark, newest_) : mark);
    session_ = std::make_unique<mqtt::session>(how_, disk_.state, dice_.next());
    ++lives_;
    if (faults_.incoming > 0) subscribe_all();
    session_->start(now_);
    take_effects();
}

std::vector<std::string> world::run() {
    for (std::uint64_t i = 0; i < faults_.steps && is_content(); ++i) chaos_step();
    peace_ = true;
    finished_in_chaos_ = static_cast<std::uint64_t>(number(disk_.state.lane.acked));
    taken_in_chaos_ = inbox_.kept().size();
    while (newest_ < faults_.messages) append();
    std::size_t left = 20'000;
    while (left > 0 && is_content() && peaceful_step()) --left;
    if (is_content()) check_end();
    for (const auto& each : barriers_.complaints()) complain(each);
    complaints_.insert(complaints_.end(), broker_.complaints().begin(), broker_.complaints().end());
    return std::move(complaints_);
}

void world::chaos_step() {
    if (dice_.one_in(3)) return move_on(1 + dice_.below(8));
    switch (dice_.below(faults_.incoming > 0 ? 28 : 24)) {
        case 0:
        case 1:
            append();
            break;
        case 2:
        case 3:
        case 4:
        case 5:
            pump(1 + dice_.below(8));
            break;
        case 6:
        case 7:
        case 8:
        case 9:
            write(dice_.one_in(3) ? 1 + dice_.below(12) : 100'000);
            break;
        case 10:
        case 11:
        case 12:
            deliver_up(dice_.one_in(3) ? 1 + dice_.below(20) : 100'000);
            break;
        case 13:
        case 14:
        case 15:
            deliver_down(dice_.one_in(3) ? 1 + dice_.below(9) : 100'000);
            break;
        case 16:
        case 17:
            make_durable(1 + dice_.below(4));
            break;
        case 18:
            tell_durable();
            break;
        case 19:
            transport();
            break;
        case 20:
            time();
            break;
        case 21:
            if (dice_.one_in(faults_.drops_one_in)) drop_link();
            break;
        case 22:
            if (dice_.one_in(faults_.kills_one_in)) dice_.one_in(4) ? stop() : kill();
            break;
        case 23:
            if (faults_.evicts) evict();
            if (faults_.loses_sessions && dice_.one_in(3)) {
                drop_link();
                for (const std::int64_t n : broker_.outbox().unfinished()) lost_with_session_.insert(n);
                broker_.lose_session();
            }
            if (faults_.restarts && dice_.one_in(3)) {
                break_link("broker restarted");
                broker_.restart();
            }
            break;
        case 24:
        case 25:
        case 26:
            for (auto n = 1 + dice_.below(5); n > 0; --n) publish_to_us();
            break;
        case 27:
            if (faults_.unsubscribes && dice_.one_in(3)) change_subscriptions();
            break;
    }
}

/// Everything moves on; false when all is done.
bool world::peaceful_step() {
    while (published_to_us_ < faults_.incoming && broker_.is_subscribed(first_filter)) publish_to_us();
    const bool all_kept = saves_.empty() && number(disk_.state.lane.acked) >= faults_.messages && session_->in_flight() == 0;
    const bool all_taken = published_to_us_ >= faults_.incoming && broker_.outbox().empty();
    if (all_kept && all_taken && session_->is_online() && up_.empty() && !broker_.has_answers()) return false;
    move_on(1000);
    return true;
}

void world::move_on(std::uint64_t most) {
    transport();
    pump(most);
    write(100'000);
    deliver_up(100'000);
    deliver_down(100'000);
    make_durable(most);
    tell_durable();
    if (link_ == link::none && !closing_) time();
}

// ---- Effects ----

void world::take_effects() {
    for (const auto& each : session_->take_effects()) carry_out(each);
    if (!inbox_.close()) complain("a message without a save that would keep it");
    look();
}

void world::carry_out(const effect& what) {
    if (std::holds_alternative<open_transport>(what)) {
        link_ = link::opening;
    } else if (std::holds_alternative<close_transport>(what)) {
        closing_ = true;
    } else if (const auto* const s = std::get_if<save>(&what)) {
        const auto expected = static_cast<std::uint64_t>(saves_.empty() ? kept_ : saves_.back().position) + 1;
        if (static_cast<std::uint64_t>(s->position) != expected) complain("save positions don't follow");
        saves_.push_back(*s);
        inbox_.on_save(s->position);
    } else if (std::holds_alternative<mqtt::qos_lowered>(what)) {
        qos_lowered_ = true;
    } else if (const auto* const m = std::get_if<received>(&what)) {
        inbox_.take(in_box(*m));
    } else if (const auto* const u = std::get_if<unexpected_message>(&what)) {
        inbox_.take(in_box(*u));
        if (!u->topic.starts_with("in/b/") || expects_second_) complain("unexpected: " + u->topic);
    } else if (const auto* const left = std::get_if<unsubscribed>(&what)) {
        if (left->filter == second_filter && !wants_all_) expects_second_ = false;
    } else if (const auto* const o = std::get_if<online>(&what)) {
        barriers_.begin_connection(o->epoch);
    } else if (std::get_if<session_lost>(&what) != nullptr) {
        if (!faults_.loses_sessions) complain("a session was lost that the broker kept");
        ++sessions_lost_;
    } else if (const auto* const r = std::get_if<message_refused>(&what)) {
        refused_told_.insert(number(r->sequence));
        barriers_.on_refused(number(r->sequence));
    }
}

// ---- The log and the disk ----

void world::append() {
    if (newest_ < faults_.messages) ++newest_;
}

/// The oldest that no session was ever given, as a full queue drops them.
void world::evict() {
    for (int i = 0; i < 6; ++i) append();
    const std::int64_t from = given_.empty() ? 1 : *given_.rbegin() + 1 + static_cast<std::int64_t>(dice_.below(2));
    for (std::int64_t n = from; n < std::min(newest_, from + static_cast<std::int64_t>(1 + dice_.below(12))); ++n)
        evicted_.insert(n);
}

void world::make_durable(std::uint64_t most) {
    for (; most > 0 && !saves_.empty(); --most) {
        disk_.keep(saves_.front());
        kept_ = saves_.front().position;
        inbox_.on_kept(kept_);
        saves_.pop_front();
    }
    if (peace_ || dice_.one_in(2)) tell_durable();
}

void world::tell_durable() {
    if (kept_ == told_) return;
    told_ = kept_;
    session_->on_durable(told_, now_);
    take_effects();
}

qos world::qos_of(std::int64_t n) const {
    if (!faults_.mixes_qos) return faults_.qos;
    return n * 7 % 3 == 0 ? qos::at_least_once : qos::exactly_once;
}

void world::pump(std::uint64_t most) {
    for (; most > 0 && session_->accepts(); --most) {
        std::int64_t n = number(session_->next());
        while (n <= newest_ && evicted_.contains(n)) ++n;
        if (n > newest_) break;
        std::string payload = std::to_string(n);
        if (n % 17 == 0) payload += ' ' + std::string(200, 'x');  // too large for brokers with a small Maximum Packet Size
        publication p;
        const std::string topic = topic_of_number(n);
        p.topic = topic;
        p.payload = payload;
        p.qos = qos_of(n);
        if (may_expire(n)) {
            const auto until = expires_at_.try_emplace(n, now_ + std::chrono::seconds{n % 2 == 0 ? -1 : 5}).first->second;
            p.expiry = std::chrono::floor<std::chrono::seconds>(until - now_);
        }
        given_.insert(n);
        session_->publish(sequence{n}, p, now_);
        take_effects();
    }
    if (!peace_ && dice_.one_in(8)) {
        publication p;
        const std::string topic = topic_of_number(static_cast<std::int64_t>(dice_.below(5)));
        p.topic = topic;
        p.payload = "s";
        p.qos = dice_.one_in(2) ? qos::at_least_once : qos::at_most_once;
        if (session_->publish_unlogged(p, now_) && !session_->is_online()) complain("unlogged messages are taken while offline");
        take_effects();
    }
}

// ---- The link ----

void world::transport() {
    if (link_ == link::opening && !closing_) {
        if (!peace_ && dice_.one_in(5)) return break_link("refused");
        link_ = link::open;
        up_framer_.reset();
        up_.clear();
        up_written_ = up_delivered_ = up_shown_ = up_framed_ = 0;
        down_.clear();
        broker_.on_open();
        session_->on_opened(now_);
        take_effects();
    } else if (closing_) {
        if (link_ == link::open) {
            write(100'000);
            deliver_up(100'000);
        }
        break_link("closed as asked");
    } else if (link_ == link::open && broker_.wants_to_close()) {
        break_link("closed by the broker");
    }
}

/// Long after the last message went, so that none is suspected of it.
void world::drop_link() {
    now_ += std::chrono::seconds{11};
    break_link("reset");
}

void world::break_link(std::string_view why) {
    if (link_ == link::none) return;
    if (link_ == link::open) {
        broker_.on_close();
        if (!closing_) ++drops_;
    }
    link_ = link::none;
    closing_ = false;
    up_.clear();
    down_.clear();
    session_->on_closed(why, now_);
    take_effects();
}

void world::look() {
    if (link_ != link::open) return;
    const auto fresh = session_->unsent().substr(up_shown_ - up_written_);
    up_framer_.feed(std::as_bytes(std::span(fresh)));
    up_shown_ += fresh.size();
    for (;;) {
        const auto frame = up_framer_.next();
        if (!frame || !*frame) return;
        const auto packet = decode(**frame, how_.version, sender::client);
        if (!packet) return complain("a packet that can't be read: " + std::string(packet.error().what()));
        up_framed_ += (**frame).size();
        barriers_.on_shown(*packet);
        up_.emplace_back(*packet, up_framed_);
    }
}

void world::write(std::size_t most) {
    if (link_ != link::open) return;
    const std::size_t size = std::min(most, session_->unsent().size());
    up_written_ += size;
    session_->sent(size, now_);
    take_effects();
}

void world::deliver_up(std::size_t most) {
    if (link_ != link::open) return;
    up_delivered_ = std::min<std::uint64_t>(up_written_, up_delivered_ + most);
    while (!up_.empty() && up_.front().second <= up_delivered_) {
        broker_.on_packet(up_.front().first);
        up_.pop_front();
    }
}

void world::deliver_down(std::size_t most) {
    if (link_ != link::open) return;
    broker_.answer(peace_ ? 1000 : dice_.below(6), down_, now_);
    const std::size_t size = std::min(most, down_.size());
    if (size == 0) return;
    const std::string bytes = down_.substr(0, size);
    down_.erase(0, size);
    session_->on_bytes(std::as_bytes(std::span(bytes)), now_);
    take_effects();
}

void world::time() {
    const auto deadline = session_->next_deadline();
    if (deadline && (peace_ || dice_.one_in(2))) now_ = std::max(now_, *deadline);
    now_ += std::chrono::milliseconds{dice_.below(100)};
    session_->on_time(now_);
    take_effects();
}

void world::kill() {
    ++crashes_;
    end_process();
}

/// In order: what is asked for in the end is still done.
void world::stop() {
    ++farewells_;
    session_->stop(now_);
    take_effects();
    if (closing_) transport();
    make_durable(1000);
    end_process();
}

void world::end_process() {
    if (link_ == link::open) broker_.on_close();
    link_ = link::none;
    closing_ = false;
    up_.clear();
    down_.clear();
    saves_.clear();
    inbox_.crash();
    kept_ = told_ = log_position{0};
    make_session();
}

}  // namespace mqtt_test

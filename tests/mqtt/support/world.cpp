// tests/mqtt/support/world.cpp: see world.hpp. The checks here see the bytes at the moment at which they could leave.
// Not here: the broker's own checks (model_broker.cpp).
#include "tests/mqtt/support/world.hpp"

#include <algorithm>

namespace mqtt_test {

using namespace mqtt;

world::world(options how, broker_manners manners, faults what, std::uint64_t seed)
    : how_(std::move(how)), manners_(manners), faults_(what), dice_(seed), broker_(manners, seed + 1) {
    make_session();
}

void world::make_session() {
    disk_.state.newest.reset();
    if (faults_.knows_newest) disk_.state.newest = sequence{newest_};
    mark_at_start_ = number(disk_.state.lane.maybe_sent);
    if (faults_.knows_newest) mark_at_start_ = std::min(mark_at_start_, newest_);
    session_ = std::make_unique<mqtt::session>(how_, disk_.state, dice_.next());
    ++lives_;
    session_->start(now_);
    take_effects();
}

std::vector<std::string> world::run() {
    for (std::uint64_t i = 0; i < faults_.steps && complaints_.empty() && broker_.complaints().empty(); ++i) chaos_step();
    peace_ = true;
    finished_in_chaos_ = static_cast<std::uint64_t>(number(disk_.state.lane.acked));
    while (newest_ < faults_.messages) append();
    std::size_t left = 20'000;
    while (left > 0 && complaints_.empty() && broker_.complaints().empty() && peaceful_step()) --left;
    if (complaints_.empty() && broker_.complaints().empty()) check_end();
    complaints_.insert(complaints_.end(), broker_.complaints().begin(), broker_.complaints().end());
    return std::move(complaints_);
}

void world::chaos_step() {
    if (dice_.one_in(3)) return move_on(1 + dice_.below(8));
    switch (dice_.below(24)) {
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
            if (dice_.one_in(faults_.kills_one_in)) kill();
            break;
        case 23:
            if (faults_.evicts) evict();
            if (faults_.loses_sessions && dice_.one_in(3)) {
                drop_link();
                broker_.lose_session();
            }
            break;
    }
}

/// Everything moves on; false when all is done.
bool world::peaceful_step() {
    const bool done =
        !saves_.empty() ? false : finished_on_disk(faults_.messages) && number(disk_.state.lane.acked) >= faults_.messages;
    if (done && session_->in_flight() == 0) return false;
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
    } else if (const auto* const o = std::get_if<online>(&what)) {
        epoch_ = o->epoch;
        resumed_ = o->session_present;
    } else if (std::get_if<session_lost>(&what) != nullptr) {
        if (!faults_.loses_sessions) complain("a session was lost that the broker kept");
        ++sessions_lost_;
    } else if (const auto* const r = std::get_if<message_refused>(&what)) {
        refused_told_.insert(number(r->sequence));
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
        p.topic = "t";
        p.payload = payload;
        p.qos = qos_of(n);
        given_.insert(n);
        session_->publish(sequence{n}, p, now_);
        take_effects();
    }
    if (!peace_ && dice_.one_in(8)) {
        publication p;
        p.topic = "status";
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
        check_shown(*packet);
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
    broker_.answer(peace_ ? 1000 : dice_.below(6), down_);
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
    if (link_ == link::open) broker_.on_close();
    link_ = link::none;
    closing_ = false;
    up_.clear();
    down_.clear();
    saves_.clear();
    kept_ = told_ = log_position{0};
    make_session();
}

// ---- Checks ----

void world::check_shown(const packet& what) {
    if (const auto* const p = std::get_if<publish>(&what)) check_publish(*p);
    if (const auto* const p = std::get_if<pubrel>(&what)) check_pubrel(*p);
}

bool world::finished_on_disk(std::int64_t n) const {
    const auto& lane = disk_.state.lane;
    return n <= number(lane.acked) || std::count(lane.acked_beyond.begin(), lane.acked_beyond.end(), sequence{n}) > 0;
}

void world::check_publish(const publish& what) {
    if (what.qos != qos::at_most_once && (!disk_.state.session || disk_.state.session->epoch != epoch_)) {
        complain("a message before the session record is durable");
    }
    if (what.payload.starts_with('s')) return;
    const std::int64_t n = number_of(what);
    const std::string name = "message " + std::to_string(n);
    const auto& lane = disk_.state.lane;
    if (n > number(lane.maybe_sent)) complain(name + " is sent before the mark is durable");
    if (finished_on_disk(n)) complain(name + " is sent though it is finished");
    if (static_cast<std::int64_t>(what.id) != how_.lane.first + n % how_.lane.size) complain(name + " with another identifier");
    for (std::int64_t other = n - how_.lane.size; other > number(lane.acked); other -= how_.lane.size) {
        if (shown_.contains(other) && !finished_on_disk(other)) {
            complain(name + " with the identifier of " + std::to_string(other) + ", which a restart would send again");
        }
    }
    if (what.dup && !shown_.contains(n) && n > mark_at_start_) complain(name + " with DUP, but it was never sent");
    if (how_.session_loss == on_session_loss::resend && faults_.loses_sessions == false && refused_told_.contains(n) &&
        finished_on_disk(n)) {
        complain(name + " is sent though it was refused");
    }
    shown_.insert(n);
}

void world::check_pubrel(const pubrel& what) {
    if (what.reason != reason::success || how_.version == version::v3_1_1) {
        const bool expected = manners_.repeats_pubrec || !refused_told_.empty();
        if (what.reason != reason::success && !expected) complain("PUBREL for an unknown identifier");
        if (what.reason != reason::success) return;
    }
    const std::int64_t id = static_cast<std::int64_t>(what.id) - how_.lane.first;
    const auto& lane = disk_.state.lane;
    // Whoever bears this identifier on disk must be released or finished there: none may be merely sent.
    for (std::int64_t n = number(lane.acked) + 1; n <= number(lane.acked) + how_.lane.size && n <= newest_; ++n) {
        if (n % how_.lane.size != id || finished_on_disk(n) || !shown_.contains(n)) continue;
        const bool released =
            n <= number(lane.released) || std::count(lane.released_beyond.begin(), lane.released_beyond.end(), sequence{n}) > 0;
        if (!released) complain("PUBREL of message " + std::to_string(n) + " before its release is durable");
    }
}

void world::check_end() {
    const auto& lane = disk_.state.lane;
    if (number(lane.acked) < faults_.messages || !saves_.empty()) return complain("no progress: stopped at " + in_words(lane));
    if (!lane.acked_beyond.empty() || !lane.released_beyond.empty()) complain("the lists are not empty: " + in_words(lane));
    const auto fed = static_cast<std::uint64_t>(faults_.messages) - evicted_.size();
    const std::uint64_t settled = disk_.acknowledged + disk_.refused + disk_.lost;
    if (settled != fed) {
        complain("settled " + std::to_string(disk_.acknowledged) + " + " + std::to_string(disk_.refused) + " + " +
                 std::to_string(disk_.lost) + ", but " + std::to_string(fed) + " were fed");
    }
    if (!std::is_sorted(broker_.order().begin(), broker_.order().end())) complain("first deliveries out of order");
    const bool may_drop = faults_.loses_sessions && how_.session_loss == on_session_loss::drop;
    std::uint64_t missing = 0;
    for (std::int64_t n = 1; n <= faults_.messages; ++n) {
        if (evicted_.contains(n)) continue;
        const auto found = broker_.delivered().find(n);
        const int times = found == broker_.delivered().end() ? 0 : found->second;
        const bool refused = broker_.refused().contains(n) || refused_told_.contains(n);
        if (times == 0 && !refused) ++missing;
        if (times == 0 && !refused && !may_drop) complain("message " + std::to_string(n) + " is lost");
        if (times > 1 && qos_of(n) == qos::exactly_once && !faults_.loses_sessions) {
            complain("message " + std::to_string(n) + " is delivered " + std::to_string(times) + " times");
        }
    }
    if (missing > disk_.lost) complain("more are missing than were counted as lost");
}

}  // namespace mqtt_test

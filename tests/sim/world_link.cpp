// tests/sim/world_link.cpp: a world's network, byte by byte, and what befalls its broker.
// Not here: the broker's own rules (model_broker.hpp), and what must be durable before a packet leaves (barriers.hpp).
#include <algorithm>

#include "mqtt/codec.hpp"
#include "tests/sim/content.hpp"
#include "tests/sim/trace_words.hpp"
#include "tests/sim/world.hpp"

namespace sim {

using namespace std::chrono_literals;

void world::transport() {
    if (link_ == link::opening && !closing_) {
        if (!peace_ && (now_ < outage_until_ || dice_.one_in(6))) return cut("connection refused");
        link_ = link::open;
        hung_ = false;
        framer_.reset();
        heard_.reset();
        up_.clear();
        down_.clear();
        up_written_ = up_carried_ = up_shown_ = up_framed_ = 0;
        broker_.on_open();
        record_.event('o');
        record_.line([] { return "gateway → broker  connection opens"; });
        process_->session().on_opened(at().now);
        process_->settle(at());
    } else if (closing_) {
        if (link_ == link::open) {
            write(1u << 20);
            carry_up(1u << 20);
        }
        cut("closed as asked");
    } else if (link_ == link::open && !hung_ && broker_.wants_to_close()) {
        cut("closed by the broker");
    }
}

void world::cut(std::string_view why) {
    if (link_ == link::none) return;
    if (link_ == link::open && !closing_) ++seen_.link_cuts;
    lose_what_flies();
    closing_ = false;
    record_.event('c');
    record_.line([&] { return "network  CUT: " + std::string(why); });
    process_->session().on_closed(why, at().now);
    process_->settle(at());
}

/// Some of what was written still arrives; the rest, and all that comes the other way, doesn't.
void world::lose_what_flies() {
    if (link_ == link::open) {
        if (!hung_ && !dice_.one_in(3)) carry_up(dice_.below(up_written_ - up_carried_ + 1));
        broker_.on_close();
    }
    link_ = link::none;
    hung_ = false;
    up_.clear();
    down_.clear();
}

// ---- Up ----

/// Reads what the session shows now: from here on it may have left.
void world::look() {
    if (link_ != link::open) return;
    const auto fresh = process_->session().unsent().substr(up_shown_ - up_written_);
    if (fresh.empty()) return;
    framer_.feed(std::as_bytes(std::span(fresh)));
    up_shown_ += fresh.size();
    for (;;) {
        const auto frame = framer_.next();
        if (!frame || !*frame) return;
        auto packet = mqtt::decode(**frame, what_.how.version, mqtt::sender::client);
        if (!packet) return complain("a packet that can't be read: " + std::string(packet.error().what()));
        up_framed_ += (**frame).size();
        mqtt::packet judged = *packet;
        if (auto* const p = std::get_if<mqtt::publish>(&judged); p != nullptr && !p->payload.starts_with('s')) {
            const auto known = file_.accepted().find(number_in(p->payload));
            if (known == file_.accepted().end()) return complain("a message is sent that isn't durable: " + p->payload);
            if (!is_whole(p->payload)) return complain("a damaged message is sent: " + p->payload);
            p->payload = std::to_string(known->second);  // the barriers know messages by their place in the log
        }
        if (const auto* const c = std::get_if<mqtt::connect>(&judged);
            c != nullptr && c->clean_start && on_disk_.state.session && !on_disk_.state.session->client_id.empty())
            complain("CONNECT throws away a session whose record is durable");
        barriers_.on_shown(judged);
        up_.push_back({std::move(*packet), up_framed_});
    }
}

void world::write(std::size_t most) {
    if (link_ != link::open) return;
    look();
    const auto unsent = process_->session().unsent();
    const std::size_t size = std::min(most, unsent.size());
    if (size == 0) return;
    record_.event('>', size);
    record_.bytes(unsent.substr(0, size));
    up_written_ += size;
    process_->session().sent(size, at().now);
    process_->settle(at());
}

void world::carry_up(std::size_t most) {
    if (link_ != link::open || hung_ || up_carried_ == up_written_) return;
    up_carried_ = std::min<std::uint64_t>(up_written_, up_carried_ + most);
    record_.event('u', up_carried_);
    while (!up_.empty() && up_.front().end <= up_carried_) {
        arrive(up_.front().what);
        up_.pop_front();
    }
}

void world::arrive(const mqtt::packet& what) {
    record_.event('p', what.index());
    record_.line([&] { return "gateway → broker  " + packet_in_words(what, file_); });
    broker_.on_packet(what);
    check_order();
}

/// First arrivals keep the order of the log.
void world::check_order() {
    const auto& order = broker_.order();
    for (; ordered_ < order.size(); ++ordered_) {
        ++seen_.delivered;
        if (ordered_ > 0 && order[ordered_] < order[ordered_ - 1])
            complain("message " + std::to_string(order[ordered_]) + " arrives first after " +
                     std::to_string(order[ordered_ - 1]));
    }
}

// ---- Down ----

void world::carry_down(std::size_t most, std::size_t answers) {
    if (link_ != link::open || hung_) return;
    const std::size_t before = down_.size();
    broker_.answer(answers, down_, at().now);
    if (record_.is_traced()) {
        for (const auto& each : packets_in(down_.substr(before), what_.how.version))
            record_.line([&] { return "gateway ← broker  " + packet_in_words(each, file_); });
    }
    if (connack_lost_ && !down_.empty()) {
        connack_lost_ = false;
        return cut("the broker's answer to CONNECT is lost");
    }
    const std::size_t size = std::min(most, down_.size());
    if (size == 0) return;
    record_.event('<', size);
    const std::string bytes = down_.substr(0, size);
    record_.bytes(bytes);
    down_.erase(0, size);
    hear(bytes);
    process_->session().on_bytes(std::as_bytes(std::span(bytes)), at().now);
    process_->settle(at());
}

/// The broker has lost the session, and its answer to CONNECT that would have said so is lost as well; in the new session a
/// message bears an identifier that is held from the old one. Its first transmission would tell; if that is lost too, its
/// repetition is taken for the old message. That much is known, and accepted (docs/decisions.md).
void world::hear(std::string_view bytes) {
    heard_.feed(std::as_bytes(std::span(bytes)));
    while (const auto frame = heard_.next()) {
        if (!*frame) return;
        const auto packet = mqtt::decode(**frame, what_.how.version, mqtt::sender::server);
        const auto* const p = packet ? std::get_if<mqtt::publish>(&*packet) : nullptr;
        if (p == nullptr || p->qos != mqtt::qos::exactly_once) continue;
        const std::int64_t number = number_in(p->payload);
        if (!p->dup) heard_first_.insert(number);
        const auto& held = file_.state().held;
        const bool is_held = std::find(held.begin(), held.end(), static_cast<std::uint16_t>(p->id)) != held.end();
        if (seen_.sessions_lost == 0 || !is_held || heard_first_.contains(number) || inbox_.times_kept(number) > 0) continue;
        barriers_.excuse(number);
        lost_to_us_.insert(number);
    }
}

void world::offer_one() {
    if (offered_ >= what_.incoming) return;
    mqtt_test::offer what;
    what.number = ++offered_;
    what.qos = dice_.of({mqtt::qos::at_most_once, mqtt::qos::at_least_once, mqtt::qos::exactly_once, mqtt::qos::exactly_once});
    what.topic = "in/a/" + std::to_string(what.number % 4);
    const bool taken = broker_.publish_to_client(what, at().now);
    record_.event('f', taken ? 1 : 0);
    if (taken) routed_[what.number] = what;
}

// ---- The broker ----

/// It keeps what a broker must; all connections are gone.
void world::restart_broker() {
    cut("the broker restarted");
    broker_.restart();
    ++seen_.broker_restarts;
    record_.event('B');
    record_.line([] { return "broker  RESTARTS, and has its sessions"; });
}

void world::lose_session() {
    cut("the broker restarted");
    for (const std::int64_t n : broker_.outbox().unfinished()) lost_to_us_.insert(n);
    // What has arrived and isn't finished in the file comes again: nobody could know.
    for (const auto& [content, times] : broker_.delivered()) {
        const auto known = file_.accepted().find(content);
        if (known == file_.accepted().end() || !file_.is_finished(known->second)) may_double_.insert(content);
    }
    broker_.lose_session();
    connack_lost_ = dice_.one_in(3);  // then nobody hears of it
    ++seen_.sessions_lost;
    record_.event('L');
    record_.line([] { return "broker  RESTARTS, and has LOST its sessions"; });
}

}  // namespace sim

// mqtt/session_subscribe.cpp: SUBSCRIBE and UNSUBSCRIBE on the present connection, and their answers.
// Not here: what is subscribed to (subscriptions.hpp).
#include <utility>

#include "mqtt/session_machine.hpp"

namespace mqtt {
namespace {

constexpr std::chrono::seconds request_patience{30};

}  // namespace

void session::machine::subscribe(std::vector<subscription> what, property_set properties, time_point now) {
    subscriptions_.subscribe(std::move(what), std::move(properties), effects_);
    send_requests(now);
}

void session::machine::unsubscribe(std::vector<std::string> filters, property_set properties, time_point now) {
    subscriptions_.unsubscribe(std::move(filters), std::move(properties), effects_);
    send_requests(now);
}

/// After the session record: a session that the broker begins before we have noted it holds nothing for us.
void session::machine::send_requests(time_point now) {
    if (state_ != state::online) return;
    const bool was_waiting = subscriptions_.is_waiting_for_answer();
    while (const auto next = subscriptions_.next_request(how_.version, limits_.subscriptions, effects_)) {
        scratch_.clear();
        encode(*next, how_.version, scratch_);
        gate_.push_answer(session_position_, gate::is_final::no, scratch_);
    }
    if (!was_waiting && subscriptions_.is_waiting_for_answer()) request_deadline_ = now + request_patience;
}

void session::machine::on(const suback& what, time_point now) { after_answer(subscriptions_.on(what, effects_), now); }

void session::machine::on(const unsuback& what, time_point now) {
    after_answer(subscriptions_.on(what, how_.version, effects_), now);
}

void session::machine::after_answer(std::string_view wrong, time_point now) {
    if (!wrong.empty()) return violation(std::string(wrong));
    request_deadline_.reset();
    if (subscriptions_.is_waiting_for_answer()) request_deadline_ = now + request_patience;
    send_requests(now);
}

}  // namespace mqtt

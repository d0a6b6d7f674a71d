// mqtt/session.cpp: the calls of mqtt::session, each ended by the one save that it made necessary.
// Not here: the state machine itself (session_machine.hpp).
#include "mqtt/session.hpp"

#include <utility>

#include "mqtt/session_machine.hpp"

namespace mqtt {

session::session(options how, saved_state saved, std::uint64_t seed)
    : machine_(std::make_unique<machine>(std::move(how), std::move(saved), seed)) {}
session::~session() = default;

void session::start(time_point now) { machine_->start(now); }

void session::on_opened(time_point now) { machine_->on_opened(now); }

void session::on_bytes(std::span<const std::byte> bytes, time_point now) {
    machine_->on_bytes(bytes, now);
    machine_->emit_save(now);
}

void session::on_closed(std::string_view reason, time_point now) {
    machine_->on_closed(reason, now);
    machine_->emit_save(now);
}

void session::on_time(time_point now) {
    machine_->on_time(now);
    machine_->emit_save(now);
}

void session::on_durable(log_position up_to, time_point now) {
    machine_->on_durable(up_to, now);
    machine_->emit_save(now);
}

void session::stop(time_point now, const farewell& words) {
    machine_->stop(words);
    machine_->emit_save(now);
}

bool session::accepts() const { return machine_->accepts(); }
sequence session::next() const { return machine_->next(); }

void session::publish(sequence at, const publication& message, time_point now) {
    machine_->publish(at, message, now);
    machine_->emit_save(now);
}

bool session::publish_unlogged(const publication& message, time_point) { return machine_->publish_unlogged(message); }

void session::subscribe(std::vector<subscription> what, property_set properties, time_point now) {
    machine_->subscribe(std::move(what), std::move(properties), now);
}
void session::unsubscribe(std::vector<std::string> filters, property_set properties, time_point now) {
    machine_->unsubscribe(std::move(filters), std::move(properties), now);
}
void session::reauthenticate(time_point now) { machine_->reauthenticate(now); }

sequence session::finished() const { return machine_->finished(); }
sequence session::highest_sent() const { return machine_->highest_sent(); }
std::size_t session::in_flight() const { return machine_->in_flight(); }
bool session::is_online() const { return machine_->is_online(); }

effects session::take_effects() { return machine_->take_effects(); }
void session::take_effects(effects& into) { machine_->take_effects(into); }
std::string_view session::unsent() const { return machine_->unsent(); }

void session::sent(std::size_t bytes, time_point now) {
    machine_->sent(bytes, now);
    machine_->emit_save(now);
}

std::optional<time_point> session::next_deadline() const { return machine_->next_deadline(); }

}  // namespace mqtt

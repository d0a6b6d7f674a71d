// gateway/delivery/delivery.cpp: the buffer between the log and the session.
#include "gateway/delivery/delivery.hpp"

#include <algorithm>
#include <cassert>

#include "gateway/delivery/timestamps.hpp"
#include "gateway/limits.hpp"

namespace gateway {
namespace {

std::size_t size_in_memory(const store::message& m) { return size_of(m) + sizeof(store::stored_message); }

mqtt::publication publication_of(const store::message& m) {
    mqtt::publication p;
    p.topic = m.topic;
    p.payload = m.payload;
    p.qos = static_cast<mqtt::qos>(m.qos);
    p.retain = m.retain;
    p.properties = m.properties;
    if (m.expiry) p.expiry = std::chrono::seconds(*m.expiry);
    return p;
}

}  // namespace

std::optional<std::chrono::seconds> life_left(const store::stored_message& of, const store::moment& now) {
    if (!of.message.expiry) return std::nullopt;
    const std::chrono::milliseconds whole = std::chrono::seconds(*of.message.expiry);
    return std::chrono::ceil<std::chrono::seconds>(whole - std::chrono::milliseconds(age_ms(of, now).value_or(0)));
}

delivery::delivery(mqtt::session& session, store::sequence last)
    : session_(session), last_(last), covered_from_(number(last) + 1), covered_to_(number(last)) {}

bool delivery::takes_fresh() const {
    return session_.is_online() && covered_to_ >= number(last_) && buffered_bytes_ <= limits::fresh_bytes;
}

void delivery::on_committed(const store::commit_report& report, std::vector<store::message> messages, bool keep) {
    if (report.appended == 0) return;
    const std::int64_t first = number(report.first);
    last_ = store::sequence{first + static_cast<std::int64_t>(report.appended) - 1};
    if (!keep || covered_to_ + 1 != first) return;
    for (std::size_t i = 0; i < report.appended; ++i) push_back({store::sequence{++covered_to_}, std::move(messages[i])});
}

void delivery::on_read(store::sequence from, std::vector<store::stored_message> messages) {
    reading_ = false;
    const bool continues = covered_to_ + 1 == number(from) && covered_from_ <= number(from);
    if (!continues) {
        buffer_.clear();
        buffered_bytes_ = 0;
        covered_from_ = number(from);
    }
    // Nothing found: the log holds nothing from there to its end, which is last_: a commit that came before this answer
    // has been told before it.
    covered_to_ = messages.empty() ? std::max(number(last_), number(from) - 1) : number(messages.back().sequence);
    for (auto& m : messages) push_back(std::move(m));
}

void delivery::on_read_failed(mqtt::time_point retry) {
    reading_ = false;
    read_not_before_ = retry;
}

void delivery::pump(mqtt::time_point now, const store::stamp& clock) {
    pump_status(now);
    if (read_not_before_ && now >= *read_not_before_) read_not_before_.reset();
    while (session_.accepts()) {
        const std::int64_t next = mqtt::number(session_.next());
        if (held_to_ && next > *held_to_) break;
        while (!buffer_.empty() && number(buffer_.front().sequence) < next) take_front();
        if (next >= covered_from_ && !buffer_.empty()) {
            if (held_to_ && number(buffer_.front().sequence) > *held_to_) break;
            store::stored_message m = take_front();
            correct_timestamp(m.message.payload, m.message.taken, m.of_this_boot ? boot_offset_ms_ : m.boot_offset_ms);
            auto publication = publication_of(m.message);
            publication.expiry = life_left(m, {clock, boot_offset_ms_});
            session_.publish(mqtt::sequence{number(m.sequence)}, publication, now);
            given_ = std::max(given_, number(m.sequence));
            continue;
        }
        read_needed_ = !caught_up();
        break;
    }
}

/// The log holds nothing at or above what the session wants next.
bool delivery::caught_up() const {
    const std::int64_t next = mqtt::number(session_.next());
    return next > number(last_) || (buffer_.empty() && next >= covered_from_ && covered_to_ >= number(last_));
}

std::optional<log_read> delivery::wanted() {
    if (!read_needed_ || reading_ || read_not_before_) return std::nullopt;
    read_needed_ = false;
    reading_ = true;
    const std::int64_t next = mqtt::number(session_.next());
    const std::int64_t from = next >= covered_from_ && next <= covered_to_ + 1 ? covered_to_ + 1 : next;
    return log_read{store::sequence{from}, limits::read_messages, limits::read_bytes};
}

bool delivery::publish_now(store::message message, mqtt::time_point now) {
    correct_timestamp(message.payload, message.taken, boot_offset_ms_);
    return session_.publish_unlogged(publication_of(message), now);
}

void delivery::hold() {
    if (!held_to_) held_to_ = std::max(given_, mqtt::number(session_.highest_sent()));
}

void delivery::set_status(const std::string& topic, std::string text, mqtt::time_point now) {
    status& s = status_[topic];
    if (s.told && s.text == text) return;
    s = {std::move(text), false};
    pump_status(now);
}

void delivery::take_status_of(const delivery& other) {
    status_ = other.status_;
    on_offline();
}

void delivery::on_offline() {
    for (auto& [topic, s] : status_) s.told = false;
}

void delivery::pump_status(mqtt::time_point now) {
    if (!session_.is_online()) return;
    for (auto it = status_.begin(); it != status_.end();) {
        auto& [topic, s] = *it;
        if (!s.told) {
            mqtt::publication p;
            p.topic = topic;
            p.payload = s.text;
            p.retain = true;
            if (!session_.publish_unlogged(p, now)) return;
            s.told = true;
        }
        // An empty one is the topic's end. (If it gets lost with the connection, the topic stays; as QoS 1 it rarely does.)
        it = s.text.empty() ? status_.erase(it) : std::next(it);
    }
}

bool delivery::drained() const { return session_.in_flight() == 0 && caught_up(); }

store::stored_message delivery::take_front() {
    store::stored_message taken = std::move(buffer_.front());
    buffered_bytes_ -= size_in_memory(taken.message);
    covered_from_ = number(taken.sequence) + 1;
    buffer_.pop_front();
    return taken;
}

void delivery::push_back(store::stored_message message) {
    buffered_bytes_ += size_in_memory(message.message);
    buffer_.push_back(std::move(message));
}

}  // namespace gateway

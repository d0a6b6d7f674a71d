// tests/mqtt/support/barriers.hpp: write-ahead gating as a check: what must be durable at the moment at which a packet could
// leave, packet by packet.
// Not here: what the broker makes of the packets (model_broker.hpp).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "mqtt/session.hpp"
#include "tests/mqtt/support/broker_outbox.hpp"
#include "tests/mqtt/support/driver.hpp"
#include "tests/mqtt/support/inbox.hpp"

namespace mqtt_test {

class barriers {
public:
    /// All must outlive it.
    barriers(const mqtt::options& how, const disk& on_disk, const inbox& in, const broker_outbox& broker)
        : how_(how), disk_(on_disk), inbox_(in), broker_(broker) {}

    /// A process starts; what is above `mark` can't have been sent by an earlier one.
    void begin_process(std::int64_t mark) { mark_ = mark; }
    void begin_connection(std::uint64_t epoch) { epoch_ = epoch; }
    void on_refused(std::int64_t number) { refused_.insert(number); }
    void on_shown(const mqtt::packet& what);

    /// The broker repeats PUBRECs, so that some arrive when all is over.
    void expect_late_pubrecs() { late_pubrecs_ = true; }
    /// Sessions are lost, and what was finished may be sent again.
    void expect_lost_sessions() { lost_sessions_ = true; }
    /// What was sent may be gone from the file, and then no restart sends it again.
    void expect_damage() { damage_ = true; }
    /// This message towards us may be taken for another one's repetition.
    void excuse(std::int64_t number) { excused_.insert(number); }

    std::vector<std::string> complaints() const { return complaints_; }
    bool is_content() const { return complaints_.empty(); }
    const std::set<std::int64_t>& shown() const { return shown_; }
    bool is_finished(std::int64_t number) const;
    bool is_released(std::int64_t number) const;

private:
    void on(const mqtt::publish& what);
    void on(const mqtt::pubrel& what);
    void on_answer(mqtt::packet_id id, const char* name);
    void on_session_packet(const char* name);
    bool is_held(mqtt::packet_id id) const;
    void complain(std::string about) { complaints_.push_back(std::move(about)); }

    const mqtt::options& how_;
    const disk& disk_;
    const inbox& inbox_;
    const broker_outbox& broker_;
    bool late_pubrecs_ = false;
    bool lost_sessions_ = false;
    bool damage_ = false;
    std::int64_t mark_ = 0;
    std::uint64_t epoch_ = 0;
    std::set<std::int64_t> shown_;  // to a transport, ever
    std::set<std::int64_t> refused_;
    std::set<std::int64_t> excused_;
    std::vector<std::string> complaints_;
};

}  // namespace mqtt_test

// tests/mqtt/support/world.hpp: a session between a log, a disk and a model broker, in a world where everything fails by dice.
// One seed is one run. Not here: which mixtures of faults are run (model_test.cpp).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mqtt/framer.hpp"
#include "mqtt/session.hpp"
#include "tests/mqtt/support/barriers.hpp"
#include "tests/mqtt/support/driver.hpp"
#include "tests/mqtt/support/inbox.hpp"
#include "tests/mqtt/support/model_broker.hpp"

namespace mqtt_test {

struct faults {
    bool loses_sessions = false;
    bool restarts = false;  // the broker, and it keeps what a broker must
    bool evicts = false;
    std::uint64_t kills_one_in = 4;  // of the steps that may kill; 0: never
    std::uint64_t drops_one_in = 2;
    bool mixes_qos = false;
    mqtt::qos qos = mqtt::qos::exactly_once;
    std::int64_t messages = 40;
    std::uint64_t steps = 200;
    bool knows_newest = true;
    bool expires = false;       // some of our messages have a life of a few seconds
    std::int64_t incoming = 0;  // messages towards us, with QoS 0, 1 and 2
    bool unsubscribes = false;  // in the middle, from a part of them
};

class world {
public:
    world(mqtt::options how, broker_manners manners, faults what, std::uint64_t seed);

    /// Chaos, then peace until all is delivered. Returns what went wrong; empty: nothing.
    std::vector<std::string> run();
    /// For statistics: a run in which nothing happens proves nothing.
    std::uint64_t crashes() const { return crashes_; }
    std::uint64_t farewells() const { return farewells_; }
    std::uint64_t drops() const { return drops_; }
    std::uint64_t evictions() const { return evicted_.size(); }
    std::uint64_t sessions_lost() const { return sessions_lost_; }
    std::uint64_t refusals() const { return refused_told_.size(); }
    std::uint64_t finished_in_chaos() const { return finished_in_chaos_; }
    std::uint64_t expired() const { return disk_.expired; }
    std::uint64_t taken_in_chaos() const { return taken_in_chaos_; }
    std::uint64_t unexpected() const;
    const model_broker& broker() const { return broker_; }

private:
    /// Of the second we take leave at times.
    static constexpr const char* first_filter = "in/a/+";
    static constexpr const char* second_filter = "in/b/+";
    using packet_on_wire = std::pair<mqtt::packet, std::uint64_t>;  // and the offset of its end

    void chaos_step();
    bool peaceful_step();
    void move_on(std::uint64_t most);
    void make_session();
    void take_effects();
    void carry_out(const mqtt::effect& what);

    void append();
    void evict();
    void publish_to_us();
    void change_subscriptions();
    void subscribe_all();
    void pump(std::uint64_t most);
    /// Reads what the session shows now; from here on it may have been sent.
    void look();
    void write(std::size_t most);
    void deliver_up(std::size_t most);
    void deliver_down(std::size_t most);
    void make_durable(std::uint64_t most);
    void tell_durable();
    void transport();
    void break_link(std::string_view why);
    void drop_link();
    void kill();
    void stop();
    void end_process();
    void time();

    void check_end();
    void check_delivered();
    void check_inbox();
    bool is_content() const { return complaints_.empty() && broker_.complaints().empty() && barriers_.is_content(); }
    void complain(std::string about) { complaints_.push_back(std::move(about)); }
    mqtt::qos qos_of(std::int64_t number) const;
    bool may_expire(std::int64_t number) const { return faults_.expires && number % 5 == 0; }

    mqtt::options how_;
    broker_manners manners_;
    faults faults_;
    dice dice_;
    model_broker broker_;
    mqtt::time_point now_{std::chrono::hours{1}};
    std::vector<std::string> complaints_;
    bool peace_ = false;

    // The log and the disk; both survive.
    std::int64_t newest_ = 0;
    std::set<std::int64_t> evicted_;
    std::set<std::int64_t> given_;  // to a session, ever
    std::map<std::int64_t, mqtt::time_point> expires_at_;
    disk disk_;
    inbox inbox_;
    barriers barriers_{how_, disk_, inbox_, broker_.outbox()};
    bool wants_all_ = true;  // by configuration: both filters, or the first alone
    bool ever_left_ = false;

    // What was published to us: routed into the broker's session, or not. Those of a session that was lost may be missing.
    std::map<std::int64_t, offer> routed_;
    std::int64_t published_to_us_ = 0;
    std::set<std::int64_t> lost_with_session_;

    // The process.
    std::unique_ptr<mqtt::session> session_;
    std::uint64_t lives_ = 0;
    std::deque<mqtt::save> saves_;  // not durable
    mqtt::log_position kept_{0};    // durable
    mqtt::log_position told_{0};    // and told
    std::set<std::int64_t> refused_told_;
    bool expects_second_ = false;  // of this process: a message for the second filter isn't unexpected
    bool left_second_ = false;     // by this process
    bool qos_lowered_ = false;     // the session takes the broker for one that knows no QoS 2

    // The link.
    enum class link : std::uint8_t { none, opening, open };
    link link_ = link::none;
    bool closing_ = false;
    mqtt::framer up_framer_{1u << 20};
    std::deque<packet_on_wire> up_;
    std::uint64_t up_written_ = 0;
    std::uint64_t up_delivered_ = 0;
    std::uint64_t up_shown_ = 0;
    std::uint64_t up_framed_ = 0;
    std::string down_;

    std::uint64_t crashes_ = 0;
    std::uint64_t farewells_ = 0;
    std::uint64_t drops_ = 0;
    std::uint64_t sessions_lost_ = 0;
    std::uint64_t finished_in_chaos_ = 0;
    std::uint64_t taken_in_chaos_ = 0;
};

}  // namespace mqtt_test

// tests/mqtt/support/cut_run.hpp: one exchange of messages with a strict broker, struck at given points: the link is cut after a
// byte, or the process is killed there or between two steps; then it recovers and finishes, and the exact outcome is checked.
// No dice: a point is a number, and whoever counts through them has tried them all. Not here: the counting (cut_test.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "mqtt/framer.hpp"
#include "mqtt/session.hpp"
#include "tests/mqtt/support/barriers.hpp"
#include "tests/mqtt/support/driver.hpp"
#include "tests/mqtt/support/inbox.hpp"
#include "tests/mqtt/support/model_broker.hpp"

namespace mqtt_test {

enum class direction : std::uint8_t { outbound, inbound };
/// When what the session wants to be durable is: as soon as it says so; or when nothing else can move any more, save by save.
enum class durability : std::uint8_t { at_once, late };

struct exchange {
    mqtt::version version = mqtt::version::v5;
    mqtt::qos qos = mqtt::qos::exactly_once;
    mqtt_test::direction direction = direction::outbound;
    mqtt_test::durability durability = durability::at_once;
    mqtt::on_session_loss policy = mqtt::on_session_loss::resend;
};

enum class blow : std::uint8_t { cut, kill };
struct strike {
    std::uint64_t at = 1;  // counted from the strike before
    blow how = blow::cut;
    bool loses_session = false;  // the broker, meanwhile
};
/// Where the points are: the end of each step, and of each byte; or of each packet, and before its end if it comes from the
/// broker (on our way up that is the same as before it begins).
enum class grain : std::uint8_t { byte, packet };
/// Whether the exchange includes the very first connections, or begins with a session that both sides have.
enum class session_age : std::uint8_t { fresh, established };

class cut_run {
public:
    cut_run(exchange what, grain how_fine, session_age age, std::vector<strike> strikes);

    /// Returns what went wrong; empty: nothing.
    std::vector<std::string> run();
    /// False: the exchange was over before the last point was reached.
    bool was_struck() const { return struck_ == strikes_.size(); }

private:
    struct struck {};

    void begin_process();
    bool step();
    bool is_quiet() const;
    bool begin_batch();
    void strike_now();
    void take_effects();
    void carry_out_first();
    void look();
    void keep_first();
    void tell();
    void wait();
    void open();
    void pass_up();
    void pass_down();
    void close();
    void feed();

    /// The end of a step.
    void point();
    /// Lets `size` bytes pass by `pass`, up to the strike. `coarse`: how many points they have if not each byte is one.
    template <typename Pass>
    void let_through(std::size_t size, std::uint64_t coarse, Pass pass);
    void establish_session();
    /// How many points are left before the strike; more than enough if there is none.
    std::uint64_t distance() const;

    void check_outbound();
    void check_inbound();
    int expected_outbound(std::int64_t number) const;
    bool is_known(std::int64_t number) const;
    int delivered(std::int64_t number) const;
    void complain(std::string about) { complaints_.push_back(std::move(about)); }
    bool is_content() const { return complaints_.empty() && broker_.complaints().empty() && barriers_.is_content(); }

    const exchange what_;
    const grain grain_;
    const std::vector<strike> strikes_;
    const mqtt::options how_;
    model_broker broker_;
    mqtt::time_point now_{std::chrono::hours{1}};
    std::vector<std::string> complaints_;
    std::size_t struck_ = 0;
    std::uint64_t passed_ = 0;

    // What survives the process.
    disk disk_;
    inbox inbox_;
    barriers barriers_{how_, disk_, inbox_, broker_.outbox()};
    std::int64_t newest_ = 0;  // of our messages, or of those towards us
    int batches_ = 0;
    bool batch_since_strike_ = false;

    // The process.
    std::unique_ptr<mqtt::session> session_;
    std::deque<std::variant<mqtt::effect, inbox_message>> effects_;  // not carried out
    std::deque<mqtt::save> saves_;                                   // not durable
    mqtt::log_position kept_{0};                                     // durable
    mqtt::log_position told_{0};                                     // and told
    bool kept_urgent_ = false;                                       // the last of them: a packet waits for it

    // The link.
    enum class link : std::uint8_t { none, opening, open };
    link link_ = link::none;
    bool closing_ = false;
    mqtt::framer up_framer_{1u << 20};
    std::deque<std::pair<mqtt::packet, std::size_t>> up_;  // and its size
    std::size_t up_looked_ = 0;                            // of unsent()
    std::size_t up_accepted_ = 0;                          // by the transport, and not by the broker yet

    // What the outcome has to be, from what had happened when the strikes came.
    std::set<std::int64_t> answered_;    // outbound: PUBACK or PUBREC has reached this process
    std::set<std::int64_t> came_in_;     // inbound: the PUBLISH has reached a process
    std::set<std::int64_t> doubled_;     // QoS 1, or a lost session: passed on, and nothing is known of it
    std::set<std::int64_t> dropped_;     // by policy
    std::set<std::int64_t> known_;       // after the first strike
    std::map<std::int64_t, bool> gone_;  // inbound, with their session; true: unless it had come in
};

}  // namespace mqtt_test

// tests/sim/world.hpp: the whole gateway behind its adapters, between a disk, a network and a strict broker that all fail by
// dice, on a clock of its own. One seed is one run, bit for bit. Not here: which faults come how often (mix.hpp), what a run's
// steps are (script.hpp).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mqtt/framer.hpp"
#include "tests/mqtt/support/barriers.hpp"
#include "tests/mqtt/support/inbox.hpp"
#include "tests/sim/file_model.hpp"
#include "tests/sim/mix.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/record.hpp"
#include "tests/store/disk.hpp"

namespace sim {

/// What happened. A run in which nothing happens proves nothing.
struct counts {
    std::uint64_t runs = 0, events = 0, power_cuts = 0, kills = 0, stops = 0, link_cuts = 0, hangs = 0;
    std::uint64_t broker_restarts = 0, sessions_lost = 0, commits = 0, commits_failed = 0, reads_failed = 0, copies_damaged = 0,
                  damaged = 0, salvaged = 0, dropped_damaged = 0;
    std::uint64_t outages = 0, accepted = 0, not_accepted = 0, acknowledged = 0, evicted = 0, dropped_newest = 0, refused = 0,
                  expired = 0;
    std::uint64_t dropped_session = 0, delivered = 0, doubled = 0, received = 0, repeated_to_us = 0, handled = 0;
    void add(const counts& other);
};
/// Names and values, in order.
std::vector<std::pair<std::string, std::uint64_t>> listed(const counts& what);

struct outcome {
    std::vector<std::string> complaints;
    counts seen;
    std::uint64_t hash = 0;
    std::vector<std::string> trace;
};

class world final : public witness {
public:
    world(const setting& what, std::uint64_t seed, bool traced);
    ~world() override;

    /// The steps, then peace until all is delivered.
    outcome run(const script& steps);

private:
    /// What can't go on.
    struct run_over {
        std::string why;
    };
    enum class end : std::uint8_t { kill, power_cut, stop };
    enum class link : std::uint8_t { none, opening, open };
    struct packet_under_way {
        mqtt::packet what;
        std::uint64_t end = 0;  // its last byte's place in the stream
    };

    // -- world.cpp: steps --
    void take(const step& next);
    void flow(std::uint64_t rounds);
    void peace();
    bool is_done() const;
    void move_all();
    void append();
    void status();
    void handle(std::size_t most);
    void wait();
    void pass(std::chrono::milliseconds d);
    void work();
    void tell();
    /// Between two events: whether the process is still to live.
    bool point();
    bool is_content() const { return complaints_.empty(); }
    void complain(std::string about);
    void gather();
    moment at() const;

    // -- world_process.cpp: a process's life, and what it does --
    void begin_process();
    void open_file();
    store::result<store::queue> try_to_open(store::recovery& found, std::vector<store::waiting_message>& inbox);
    std::vector<store::stored_message> read_all(store::queue& opened);
    void end_process(end how);
    void die_if_dead();
    void arm_power_cut();
    void kill_soon();
    void stop();
    void on_effect(const mqtt::effect& what) override;
    void on_commit_begun(const store::transaction& what, std::uint64_t saved_up_to) override;
    void on_commit_done(const store::result<store::commit_report>& how) override;
    void on_told(std::uint64_t saved_up_to) override;
    void on_read(store::sequence from, const store::result<std::vector<store::stored_message>>& found) override;
    void on_settled() override;
    void know_state();
    void make_process(store::queue opened, const store::recovery& found);
    void check_bounds();
    void check_taken();
    void check_expired(std::uint64_t with_session);

    // -- world_faults.cpp --
    void hang();
    void begin_outage();
    void set_clock();
    void fill_disk();
    void fail_writes();
    void fail_reads();

    // -- world_damage.cpp: bytes overwritten --
    void damage_a_copy();
    void damage();
    void damage_bytes(test::disk& on);
    void on_salvaged(const store::recovery& found, store::queue& in) override;
    std::string take_as_found(const store::recovery& found, const std::vector<store::stored_message>& log);
    std::optional<std::vector<store::stored_message>> read_damaged(store::queue& opened, store::recovery& found);
    void open_damaged(store::queue opened, store::recovery found);

    // -- world_link.cpp: the network and the broker --
    void transport();
    void look();
    void write(std::size_t most);
    void carry_up(std::size_t most);
    void carry_down(std::size_t most, std::size_t answers);
    void hear(std::string_view bytes);
    void arrive(const mqtt::packet& what);
    void cut(std::string_view why);
    void lose_what_flies();
    void offer_one();
    void lose_session();
    void restart_broker();
    void check_order();

    // -- world_end.cpp: what a run has to show when all is over --
    void check_end();
    void check_delivered();
    void check_received();
    void count_all();

    const setting what_;
    record record_;
    mqtt_test::dice dice_;  // of the step that is taken
    std::vector<std::string> complaints_;
    counts seen_;
    std::chrono::milliseconds now_{3'600'000};
    bool peace_ = false;

    // What outlives the process.
    test::disk disk_;
    file_model file_;
    mqtt_test::disk on_disk_;  // the same in the session's words
    mqtt_test::inbox inbox_;
    mqtt_test::model_broker broker_;
    mqtt_test::barriers barriers_{what_.how, on_disk_, inbox_, broker_.outbox()};
    std::size_t barriers_seen_ = 0;
    std::size_t broker_seen_ = 0;
    std::int64_t content_ = 0;  // the newest reading
    std::int64_t offered_ = 0;
    std::map<std::int64_t, mqtt_test::offer> routed_;            // into the broker's session
    std::set<std::int64_t> heard_first_;                         // by this process, and not as a repetition
    std::set<std::int64_t> lost_to_us_;                          // with a session
    std::set<std::int64_t> may_double_;                          // with a session that the broker lost
    std::set<std::int64_t> refused_here_;                        // told by the session
    std::map<std::int64_t, std::chrono::milliseconds> ends_at_;  // the life of a reading, by its content
    std::size_t ordered_ = 0;
    std::uint64_t boot_ = 1;
    std::chrono::milliseconds boot_at_{0};
    bool full_ = false;
    bool synchronised_ = true;  // the board's clock, with the world's
    std::chrono::milliseconds clock_error_{0};
    std::chrono::milliseconds outage_until_{0};

    // The process.
    std::unique_ptr<process> process_;
    std::uint64_t lives_ = 0;
    std::uint64_t taken_ = 0;            // readings, since it began …
    std::uint64_t accepted_before_ = 0;  // … and those that were accepted before that
    std::uint64_t kill_in_ = 0;          // points; 0: not
    std::uint64_t commit_began_at_ = 0;  // in the disk's operations
    std::uint64_t commits_begun_ = 0;
    bool disk_erred_ = false;   // it was told to, at least
    bool damage_next_ = false;  // the file, when it is closed
    bool counts_exact_ = true;  // of what damage has cost

    // The link.
    link link_ = link::none;
    bool closing_ = false;
    bool hung_ = false;
    bool connack_lost_ = false;  // the next one will be
    mqtt::framer framer_{1u << 20};
    std::deque<packet_under_way> up_;
    std::uint64_t up_written_ = 0;
    std::uint64_t up_carried_ = 0;
    std::uint64_t up_shown_ = 0;
    std::uint64_t up_framed_ = 0;
    std::string down_;
    mqtt::framer heard_{1u << 20};
};

}  // namespace sim

// gateway/write/write_engine.hpp: what becomes of commands: judged, queued, sent one at a time to each bus, read back, answered;
// and the fail-safe values of points when no broker is there. Pure: messages, readings, what the buses say and the time go in;
// orders for the buses and news come out. Not here: a single value's rules (write_rules.hpp), threads (bus_thread.hpp), the inbox
// and the log (writes.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "config/model.hpp"
#include "gateway/service/config_changes.hpp"
#include "gateway/write/write_news.hpp"
#include "gateway/write/write_orders.hpp"
#include "store/age.hpp"

namespace gateway {

/// At most once. A command is written by the process that took it, or never: one that is found in the inbox after a crash may
/// have been sent before, so it is answered as such and not sent again. An id that was sent before is refused, also after a
/// restart. A bus is given one write at a time; the others wait here, where a newer one for the same points takes an older one's
/// place, and where their time can run out.
///
/// Age. A command lives for gateway.command_timeout from its arrival, and no longer than its message's expiry or its `ts` + `ttl`
/// say. A broker that has kept the session delivers what it was given while the gateway was away: for a while after such a
/// connection a command must say by `ts` or expiry that it is young. As long as the board's clock isn't known to be right a `ts`
/// can't be judged: it is believed, but not in that while.
class write_engine {
public:
    using time_point = std::chrono::steady_clock::time_point;
    /// The same moment by all clocks.
    struct moment {
        time_point steady;
        store::moment clock;
    };

    /// `config` outlives it.
    explicit write_engine(const config::file& config);

    /// identity_in() of audit entries, the newest first: these ids were sent.
    void know_sent(const std::vector<std::string>& identities);

    void on_command(const store::waiting_message& what, const moment& now);
    /// Found in the inbox at the start.
    void on_left_behind(const store::waiting_message& what, const moment& now);
    void on_readings(const cycle& done);
    void on_written(const write_event& what, const moment& now);
    void on_read_back(const read_back_event& what, const moment& now);
    void on_online(bool session_present, const moment& now);
    void on_offline(const moment& now);
    void on_time(const moment& now);
    /// No more is sent. Afterwards, when the buses have stopped, finish_all().
    void begin_stop(const moment& now);
    void finish_all(const moment& now);

    /// The config has taken the place of `was`. Commands for a bus that goes on do so under the new rules; those for one that was
    /// stopped are answered: what it had of them has been told by then.
    void follow(const config::file& was, const renumbering& to, const moment& now);

    /// When on_time() is to be called.
    std::optional<time_point> next_deadline() const;
    bool has_writable() const { return has_writable_; }

    std::vector<std::pair<std::size_t, bus_order>> take_orders() { return std::exchange(orders_, {}); }
    std::vector<write_news> take_news() { return std::exchange(news_, {}); }

private:
    struct place {
        std::size_t bus = 0, device = 0;
        const config::device* what = nullptr;
        point_index first = 0;
    };
    struct point_state {
        std::optional<value> current;
        time_point read_at{};
        std::optional<time_point> sent_at;
    };
    struct item {
        point_index point = 0;
        gateway::value value;
        const config::point* what = nullptr;
        bool seen = false;                        // read back as it should be
        std::optional<gateway::value> last_read;  // since it was written
    };
    struct command {
        std::uint64_t ticket = 0;
        std::size_t bus = 0, device = 0;
        std::vector<item> items;
        write_news news;  // as far as it is known
        time_point arrived{};
        time_point deadline{};
        bool fail_safe = false;
        // While it is read back.
        time_point verify_from{}, verify_until{}, next_read{};
        bool reading = false;
    };
    struct bus_state {
        std::deque<command> waiting;
        std::optional<command> on_bus;
        std::vector<command> verifying;
        std::unordered_map<point_index, point_state> points;  // writable, or asked for by an interlock
    };
    struct fail_safe_state {
        std::size_t bus = 0, device = 0;
        point_index point = 0;
        const config::point* what = nullptr;
        std::optional<time_point> due;
    };

    void look_at_config();
    void finish_bus(bus_state& of, std::string_view why, const moment& now);
    std::optional<refusal> judge(command& of, const store::received_message& message, const moment& now);
    std::optional<refusal> find_points(command& of);
    std::optional<refusal> judge_age(command& of, const store::received_message& message, std::chrono::milliseconds waited,
                                     const moment& now);
    std::optional<refusal> judge_item(const command& of, const item& one, const moment& now) const;
    std::optional<refusal> judge_rate(const command& of, const moment& now) const;
    std::optional<refusal> judge_interlock(const command& of, const item& one, const moment& now) const;
    bool changes_nothing(const command& of, const moment& now) const;
    const value* fresh(std::size_t bus, point_index point, std::chrono::nanoseconds period, const moment& now) const;
    command command_of(const store::waiting_message& what, const moment& now) const;
    void enqueue(command what, const moment& now);
    void dispatch(std::size_t bus, const moment& now);
    void begin_verifying(command what, const moment& now);
    void read_back(command& of, const moment& now);
    void look_at_waiting(bus_state& of, const moment& now);
    void look_at_verifying(bus_state& of, const moment& now);
    void look_at_fail_safes(const moment& now);
    void tell(const command& of, write_stage stage, const moment& now);
    void finish(command&& what, write_stage stage, write_reason reason, std::string detail, const moment& now);
    void forget_id(const std::string& identity);
    bool remember_id(const std::string& identity);
    static bool overlaps(const command& a, const command& b);
    static bool covers(const command& a, const command& b);

    const config::file& config_;
    bool has_writable_ = false;
    std::map<std::string, place, std::less<>> devices_;
    std::vector<bus_state> buses_;
    std::vector<fail_safe_state> fail_safes_;
    std::unordered_set<std::string> sent_ids_;
    std::deque<std::string> sent_order_;  // the oldest first
    std::uint64_t tickets_ = 0;
    std::optional<time_point> stale_until_, stale_at_most_;  // after a resumed session
    bool stopping_ = false;
    std::vector<std::pair<std::size_t, bus_order>> orders_;
    std::vector<write_news> news_;
};

}  // namespace gateway

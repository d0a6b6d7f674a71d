// gateway/write/writes.hpp: commands, from the session to the buses and back: through the inbox to the engine, its orders to the
// buses, its news to the broker, the audit and the log. Loop thread. Not here: any decision about a command (write_engine.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "gateway/log.hpp"
#include "gateway/write/inbox_intake.hpp"
#include "gateway/write/write_engine.hpp"
#include "mqtt/session.hpp"
#include "store/queue.hpp"

namespace gateway {

class writes {
public:
    struct paths {
        std::function<void(std::size_t bus, bus_order)> order;
        std::function<void(std::vector<store::message> answers, save_request with)> keep;
        std::function<void(save_request)> save;
        std::function<write_engine::moment()> now;
        std::function<void(const write_news&)> told = [](const write_news&) {};  // each, when its answer is on its way
    };
    writes(const config::file& config, const log& to, paths how);

    /// Before there is a store thread: what was sent before, and what an earlier process left behind in the inbox. A file that
    /// can't be read doesn't stop the start: whoever writes to it next finds that out, and what is left comes by on_read_inbox().
    void look_back(store::queue& in);
    /// Once the paths are there: answers what was left behind.
    void begin();

    /// What to ask the broker for; none: commands are off.
    std::vector<mqtt::subscription> subscriptions() const;

    void on_received(const mqtt::received& what);
    void on_subscribed(const mqtt::subscribed& what);
    void add_to(save_request& request) { intake_.add_to(request); }
    /// False: what the commit has saved for the session may not be acknowledged yet.
    bool on_committed(const committed& done);
    void on_read_inbox(std::vector<store::waiting_message> found);
    /// The session has begun anew; next: read_inbox(1), since what waited may be in the new file.
    void on_salvaged() { intake_.forget(); }

    void on_readings(const cycle& done) { engine_.on_readings(done); }
    void on_written(const write_event& what);
    void on_read_back(const read_back_event& what);
    void on_online(bool session_present);
    void on_offline();
    void on_time();
    void begin_stop();
    void finish_all();
    /// The config has taken the place of `was`, whose threads that aren't in it have been stopped.
    void follow(const config::file& was, const renumbering& to);
    std::optional<write_engine::time_point> next_deadline() const;

private:
    void take(const store::waiting_message& what);
    void carry_out();
    void tell(const write_news& what) const;

    const config::file& config_;
    const log& log_;
    const paths paths_;
    inbox_intake intake_;
    write_engine engine_;
    std::vector<store::waiting_message> left_behind_;
    std::set<std::int64_t> open_;  // numbers that the engine has
    std::optional<write_engine::time_point> retry_at_;
};

}  // namespace gateway

// tests/adapters/faults/plant.hpp: the model devices at the other end of a line, and the fault that besets them.
// Not here: who asks, and whether what it got is right (run.hpp).
//
// A register never holds the same twice: its value is a hash of unit, table, address and of the number of the request it is
// read by. So a value says which request it belongs to, and a stale or foreign one can't pass.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/adapters/faults/fault.hpp"

namespace faults {

/// A request that has come to the devices.
struct request {
    std::uint64_t number = 0;
    asked what;
    time_point at{};                        // its sending
    std::optional<std::uint8_t> exception;  // it was answered with this one
};

/// A fault on its way: of one unit's next answers, or of the line for a time.
struct episode {
    fault kind = fault::lost;
    std::uint8_t unit = 0;
    unsigned remaining = 0;  // answers to befall
    unsigned befallen = 0;
    std::uint8_t code = 0;          // exception
    std::optional<time_point> end;  // once known: from here on all is well
};

struct plant_setting {
    transport how;
    std::uint64_t seed = 0;
    nanoseconds timeout{0};
    nanoseconds gap{0};         // t3.5, serial
    bool queues = true;         // a device that is late answers later requests afterwards; else it ignores them
    bool in_any_order = false;  // transaction numbers allow it
};

class plant {
public:
    plant(const plant_setting& how, line& on);

    void begin(fault kind, std::uint8_t unit);
    const episode& now_on() const { return episode_; }
    /// When the last of it has come in, answers included that had to queue behind a late one. Nothing: not known yet.
    std::optional<time_point> end() const;
    bool over() const { return end() && on_.now() >= *end(); }

    std::uint16_t value_of(const asked& what, std::uint64_t number, std::size_t index) const;
    const std::vector<request>& requests() const { return requests_; }
    bool queues() const { return how_.queues; }
    std::uint64_t injected() const { return injected_; }
    const std::vector<std::string>& complaints() const { return complaints_; }
    std::function<void(const std::string&)> tell;

private:
    void take(const bytes& sent);
    void answer(request& of);
    void befall(request& of, time_point at, const bytes& frame);
    void answer_late(request& of, time_point at, const bytes& frame);
    void answer_damaged(const request& of, time_point at, bytes frame);
    void answer_with_others(const request& of, time_point at, const bytes& frame, const bytes& sent);
    void lose_connection(time_point at, const bytes& frame);
    void begin_outage();
    line::opening open();
    time_point deliver_own(const request& of, time_point at, const bytes& frame);
    time_point deliver(time_point at, bytes what, line::news kind = line::news::data);
    bytes frame_of(const asked& what, std::uint64_t number) const;
    bytes noise(std::size_t most);
    void ends(time_point at);
    time_point on_wire(time_point at, std::size_t bytes) const;

    plant_setting how_;
    line& on_;
    draw draw_;
    episode episode_;
    std::vector<request> requests_;
    std::map<std::uint8_t, time_point> free_at_;  // a unit answers one after the other
    time_point wire_free_{};                      // serial: the end of the last request
    bytes sent_;                                  // the request being answered
    bool dead_ = false;                           // half-open
    std::uint64_t injected_ = 0;
    std::vector<std::string> complaints_;
};

}  // namespace faults

// tests/sim/mix.hpp: named mixes of faults, and what a seed makes of each: versions, QoS, limits, the broker's manners, the disk.
// Not here: the faults themselves (world.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/types.hpp"
#include "store/queue.hpp"
#include "store/tuning.hpp"
#include "tests/mqtt/support/model_broker.hpp"
#include "tests/sim/script.hpp"

namespace sim {

/// Deliberate mistakes of ours, to see that they are found out.
enum class mistake : std::uint8_t {
    none,
    synchronous_normal,
    synchronous_off,
    disk_lies,
    told_before_commit,  // the session hears "durable" when the commit begins
    saves_dropped,       // a failed commit's saves are forgotten
};
std::optional<mistake> mistake_named(std::string_view name);
std::vector<std::string_view> mistake_names();

enum class levels : std::uint8_t { one, two, mixed };

struct setting {
    std::string mix;
    mqtt::options how;
    mqtt_test::broker_manners manners;
    store::options file;
    store::tuning tuning;
    bool disk_lies = false;
    bool garbles_neighbours = false;
    bool damages_copies = false;  // overwrites bytes of copies of the file, to see what they give back
    bool salvages = false;        // what is damaged in the file itself; then all is judged by what must hold in any case
    sim::mistake mistake = mistake::none;
    levels qos = levels::mixed;
    std::uint64_t largest = 60;      // letters in a payload
    std::uint64_t most_at_once = 5;  // readings
    bool expires = false;            // some of the readings, after seconds; and the clock is wrong at each boot
    std::int64_t incoming = 0;       // at most so many messages towards us
    std::uint64_t commit_every_ms = 100;
    weights how_often{};
    std::size_t steps = 0;
};

const std::vector<std::string>& mix_names();
/// Requires: `mix` is one of mix_names().
setting draw(const std::string& mix, std::uint64_t seed, mistake wrong);
/// "3.1.1, QoS 2, window 4, lane of 7 identifiers, …"
std::string in_words(const setting& what);

}  // namespace sim

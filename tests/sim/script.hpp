// tests/sim/script.hpp: a run as a list of steps. Each has dice of its own, so that what it does doesn't depend on which others
// there are: a failing script is still the same story when steps are left out.
// Not here: what a step does (world.cpp), how a script is made smaller (shrink.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sim {

enum class act : std::uint8_t {
    flow,            // everything moves on for a while
    append,          // readings come
    offer,           // somebody publishes for us
    status,          // a message that no log holds
    handle,          // the application handles what is in the inbox
    write,           // to the network …
    carry_up,        // … which carries it, or a part of it
    carry_down,      //
    work,            // the store's thread does one piece of work
    tell,            // the loop hears of it
    wait,            // until something is due
    cut,             // the link breaks
    outage,          // … and doesn't come back for a while
    hang,            // nothing arrives any more, and nobody is told
    kill,            // kill -9, now
    kill_soon,       // … between two events to come, or in the middle of a disk operation
    stop,            // in order
    cut_power,       // now
    cut_power_soon,  // in the middle of a disk operation to come
    restart_broker,  // it keeps what a broker must
    lose_session,    // it doesn't
    fill_disk,       // and empty it again
    fail_writes,     // one or several
    fail_reads,
    set_clock,  // as far as anyone knows it was wrong since the last power cut
    damage,     // bytes of the file change
    count
};
constexpr auto acts = static_cast<std::size_t>(act::count);
std::string_view name_of(act what);

struct step {
    act what = act::flow;
    std::uint64_t dice = 0;
    bool operator==(const step&) const = default;
};
using script = std::vector<step>;

/// How often each kind of step comes, in relation to the others.
using weights = std::array<std::uint32_t, acts>;

script make_script(const weights& how_often, std::size_t steps, std::uint64_t seed);

}  // namespace sim

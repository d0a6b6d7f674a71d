// tests/adapters/faults/run.hpp: one seed: a link asks, a fault at a time befalls the line, and every answer is checked.
// Not here: how the faults are made (plant.hpp), which seeds are run (main.cpp).
//
// What must hold:
//  - Registers returned are those that the devices held for a request sent within this very read(), for this very place.
//  - An exception returned is one that the devices gave to such a request. (Where frames have no transaction number, one that
//    comes after the late window can't be told from an older request's: those are counted.)
//  - Once a fault has ended, its unit is read again in time: recovery.hpp says how that is measured, and how long it may take. A
//    half-open connection has no end of its own: there it is the time from its beginning.
//  - No read takes longer than it may; every request sent is whole and, on a serial line, keeps its distance.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "adapters/modbus/link.hpp"
#include "tests/adapters/faults/plant.hpp"

namespace faults {

struct kind_figures {
    std::uint64_t injected = 0;    // answers befallen, outages
    std::uint64_t episodes = 0;    // of one such or several in a row
    std::uint64_t reads = 0;       // under way while they lasted
    std::uint64_t answered = 0;    // of those, nevertheless
    std::uint64_t first_read = 0;  // episodes after which the first read succeeded
    std::uint64_t prompt = 0;      // after which one succeeded within two time-outs and its own exchange
    double worst = -9;             // in time-outs: from an episode's end to that of the first good read, without own exchanges
    std::size_t reads_before = 0;  // most requests that the link sent within that read before its own
    void add(const kind_figures& other);
};

struct figures {
    std::array<kind_figures, fault_table.size()> kinds;
    std::uint64_t reads = 0, good = 0, exceptions = 0, silent = 0, down = 0;
    std::uint64_t wrong = 0;               // values
    std::uint64_t foreign_exceptions = 0;  // of an older request
    std::uint64_t injected() const;
    void add(const figures& other);
};

struct outcome {
    figures seen;
    std::vector<std::string> complaints;
    std::vector<std::string> story;  // if told
};

/// `injections`: the run ends when so many have happened. `told`: keeps the story.
outcome run(const transport& how, std::uint64_t seed, std::uint64_t injections, bool told);

}  // namespace faults

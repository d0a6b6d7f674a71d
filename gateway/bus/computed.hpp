// gateway/bus/computed.hpp: works out the computed points of a bus from what was read.
// Pure. Not here: the formulas' language (config/formula.hpp), when a cycle is over (bus_thread.hpp).
//
// A computed point goes with the readings of its own device that have the shortest period: it is worked out when each of those
// has come anew since it was last, and is part of the cycle that completes them. Other inputs are as last known, but not older
// than three of their periods and ten seconds; else there is no value this time. A null input makes it null, as does a result
// that isn't finite. Inputs are what would be published of them: rounded, if they are to be.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/formula.hpp"
#include "config/model.hpp"
#include "gateway/bus/plausibility.hpp"
#include "gateway/bus/reading.hpp"

namespace gateway {

class computed_points {
public:
    /// `bus` has been checked.
    explicit computed_points(const config::bus& bus);

    /// What the readings of this cycle make, to be added to them; in the order of the config. `failure`: why one of the device's
    /// can't be worked out or believed, if so, and if it is empty.
    std::vector<reading> follow(const cycle& done, plausibility& check, std::string& failure);

private:
    struct known {
        gateway::value value;
        std::chrono::steady_clock::time_point at{};
        std::chrono::nanoseconds usable_for{0};
        std::uint64_t serial = 0;  // counts its readings; 0: none yet
    };
    struct input {
        point_index point = 0;
        bool leads = false;      // of the shortest period
        std::uint64_t used = 0;  // known::serial when the point was last worked out
    };
    struct computed {
        std::string name;
        point_index point = 0;
        std::size_t device = 0;
        std::vector<input> inputs;
        config::formula formula;
    };
    void remember(const reading& what, std::chrono::steady_clock::time_point at);
    bool is_due(const computed& point, std::chrono::steady_clock::time_point now) const;
    value value_of(computed& point, std::string& failure);

    std::vector<known> known_;        // by point
    std::vector<std::string> names_;  // by point
    std::vector<computed> points_;
    std::vector<double> numbers_;  // scratch
};

}  // namespace gateway

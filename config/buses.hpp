// config/buses.hpp: the part of the file below `buses`: buses, their devices, their points.
// Not here: what points of different devices do to each other (check.hpp).
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/computed.hpp"
#include "config/findings.hpp"
#include "config/model.hpp"
#include "config/tree.hpp"
#include "config/values.hpp"

namespace config {

class bus_reader {
public:
    /// `defaults` are the publish rules of the top level.
    bus_reader(const publish_rules& defaults, std::span<const vocabulary> vocabularies, findings& out)
        : defaults_(defaults), vocabularies_(vocabularies), out_(out) {}

    /// Requires: `buses` is a map.
    std::vector<bus> read(const node& buses);
    /// Whether any point read so far publishes on change.
    bool any_on_change() const { return any_on_change_; }

private:
    struct inheritance {
        publish_rules publish;
        std::optional<std::chrono::nanoseconds> every;
        bool mentions_every = false;  // It may be there and wrong.
    };

    bus read_bus(const entry& from);
    device read_device(const entry& from, const grammar& rules, unknown_keys unknown);
    point read_point(const entry& from, const grammar& rules, unknown_keys unknown, const inheritance& from_device,
                     std::vector<std::string>& without_period);
    const vocabulary* adapter_of(const node& bus) const;
    void check_adapter(const value& adapter, bool known);
    void check_name(const entry& named);
    void check_unique(const entry& device);

    const grammar& rules_of(const vocabulary* adapter) { return rules_.try_emplace(adapter, adapter).first->second; }

    const publish_rules& defaults_;
    std::span<const vocabulary> vocabularies_;
    findings& out_;
    std::map<const vocabulary*, grammar> rules_;
    std::unordered_map<std::string, position> device_names_;
    std::vector<written_formula> formulas_;  // of the bus that is being read
    bool any_on_change_ = false;
};

}  // namespace config

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
#include "config/templates.hpp"
#include "config/tree.hpp"
#include "config/values.hpp"

namespace config {

class bus_reader {
public:
    /// `defaults` are the publish rules of the top level.
    bus_reader(const publish_rules& defaults, std::span<const vocabulary> vocabularies, template_reader& templates, findings& out)
        : defaults_(defaults), vocabularies_(vocabularies), templates_(templates), out_(out) {}

    /// Requires: `buses` is a map.
    std::vector<bus> read(const node& buses);
    /// A bus with one device, which is what the template says and no more, but that a missing period is 0s.
    bus read_alone(const std::string& name, const template_reader::result& from, place at);
    /// Whether any point read so far publishes on change.
    bool any_on_change() const { return any_on_change_; }

private:
    struct inheritance {
        shared<publish_rules> publish;
        std::optional<std::chrono::nanoseconds> every;
        bool mentions_every = false;  // It may be there and wrong.
        config::priority priority = config::priority::normal;
    };

    bus read_bus(const entry& from);
    device read_device(const entry& from, const grammar& rules, unknown_keys unknown, const bus& on);
    device read_joined_device(const entry& from, const grammar& rules, unknown_keys unknown);
    std::optional<node> join_template(const node& own, const entry& named, const bus& on);
    point read_point(const entry& from, const grammar& rules, unknown_keys unknown, const inheritance& from_device,
                     std::vector<std::string>& without_period);
    const vocabulary* adapter_of(const node& bus) const;
    void check_adapter(const value& adapter, bool known);
    void check_name(const entry& named);
    void check_unique(const entry& device);

    const grammar& rules_of(const vocabulary* adapter) { return rules_.try_emplace(adapter, adapter).first->second; }

    const publish_rules& defaults_;
    std::span<const vocabulary> vocabularies_;
    template_reader& templates_;
    findings& out_;
    std::size_t points_of_templates_ = 0;
    std::map<const vocabulary*, grammar> rules_;
    std::unordered_map<std::string, position> device_names_;
    std::vector<written_formula> formulas_;  // of the bus that is being read
    bool any_on_change_ = false;
};

}  // namespace config

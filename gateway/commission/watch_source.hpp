// gateway/commission/watch_source.hpp: where `tidegate watch` has its values from: the running service, which has them anyway, or
// the bus. Not here: how they are shown (watch_table.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/command/watch_options.hpp"
#include "gateway/commission/scan_ask.hpp"
#include "gateway/commission/watch_table.hpp"

namespace gateway {

class watch_source {
public:
    watch_source() = default;
    watch_source(const watch_source&) = delete;
    watch_source& operator=(const watch_source&) = delete;
    virtual ~watch_source() = default;

    /// For the first line: where the values come from.
    virtual std::string title() const = 0;
    /// What is there now. False, with `why`: there is nothing to come any more. May take as long as the bus does.
    virtual bool refresh(std::vector<watch_device>& to, std::string& why) = 0;
};

/// Null, with `why`, if there is no such device; null without: no service of this config runs.
std::unique_ptr<watch_source> watch_service(const watch_options& how, std::string& why);
/// Null, with `why`.
std::unique_ptr<watch_source> watch_bus(const watch_options& how, scan_stop& stop, std::string& why);

}  // namespace gateway

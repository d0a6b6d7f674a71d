// gateway/commission/scan_report.hpp: what a scan found, as lines for a person, as JSON, and as a config to begin with. Pure.
// Not here: what is shown while it runs (scan_screen.hpp).
#pragma once

#include <string>
#include <vector>

#include "gateway/commission/scan_bus.hpp"

namespace gateway {

std::string found_text(const found_unit& one);
std::string report_text(const std::vector<scanned_bus>& all);
/// An object a line: one for each unit, then one for the whole.
std::string report_json(const std::vector<scanned_bus>& all);
/// Valid for `check` if anything was found; what is unsure stands beside as a comment.
std::string stub_text(const std::vector<scanned_bus>& all, const config::vocabulary& words);

}  // namespace gateway

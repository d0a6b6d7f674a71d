// gateway/diagnosis/doctor_report.hpp: all checks in their order, and the report as text and JSON.
// Not here: the checks (doctor.hpp).
#pragma once

#include <functional>
#include <string>

#include "gateway/diagnosis/doctor.hpp"

namespace gateway {

/// Runs all of them; each is told as soon as it is done. Goes on whatever one finds, also if one fails in itself.
findings examine(const std::string& config_path, const std::function<void(const finding&)>& tell);

/// "ok       clock          2026-… synchronised", and beneath it what to do.
std::string in_words(const finding& what);
std::string in_json(const findings& all);
/// "12 checks: 1 failed, 2 warnings"
std::string summary(const findings& all);
bool any_failed(const findings& all);

}  // namespace gateway

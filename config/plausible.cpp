// config/plausible.cpp: see the header.
#include "config/plausible.hpp"

namespace config {

plausibility read_plausibility(const values& keys, findings& out) {
    plausibility to;
    if (const auto* least = keys.find("valid.min")) to.least = least->number;
    const auto* most = keys.find("valid.max");
    if (most != nullptr) to.most = most->number;
    if (to.least && to.most && *to.least >= *to.most)
        out.error(most->at,
                  "'valid': 'max' " + quoted(most->text) + " is not greater than 'min' " + quoted(keys.find("valid.min")->text));
    if (const auto* step = keys.find("max_step")) {
        to.max_step = step->number;
        if (step->number <= 0) out.error(step->at, "'max_step': " + quoted(step->text) + " is not greater than 0");
    }
    if (const auto* monotonic = keys.find("monotonic")) to.monotonic = monotonic->integer != 0;
    if (const auto* round = keys.find("round")) to.round = static_cast<int>(round->integer);
    return to;
}

}  // namespace config

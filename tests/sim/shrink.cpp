// tests/sim/shrink.cpp: see shrink.hpp.
// Not here: changing the steps that stay.
#include "tests/sim/shrink.hpp"

#include <algorithm>

namespace sim {
namespace {

script without(const script& steps, std::size_t from, std::size_t count) {
    script left(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(from));
    left.insert(left.end(), steps.begin() + static_cast<std::ptrdiff_t>(std::min(steps.size(), from + count)), steps.end());
    return left;
}

}  // namespace

shrunk shrink(script steps, std::size_t most_runs, const std::function<bool(const script&)>& fails) {
    std::size_t runs = 0;
    for (std::size_t piece = std::max<std::size_t>(1, steps.size() / 2); runs < most_runs && !steps.empty();) {
        bool smaller = false;
        // From the end: what comes after the failure goes at once.
        for (std::size_t end = steps.size(); end > 0 && runs < most_runs;) {
            const std::size_t from = end > piece ? end - piece : 0;
            script left = without(steps, from, end - from);
            ++runs;
            if (fails(left)) {
                steps = std::move(left);
                smaller = true;
            }
            end = from;
        }
        if (piece > 1) {
            piece /= 2;
        } else if (!smaller) {
            break;
        }
    }
    return {std::move(steps), runs};
}

}  // namespace sim

// tests/sim/shrink.hpp: makes a failing script smaller by leaving steps out, as long as it still fails.
// Not here: what failing means (the caller says).
#pragma once

#include <functional>

#include "tests/sim/script.hpp"

namespace sim {

struct shrunk {
    script steps;
    std::size_t runs = 0;
};

/// Delta debugging: halves, quarters … single steps are left out. At most `most_runs` calls of `fails`.
shrunk shrink(script steps, std::size_t most_runs, const std::function<bool(const script&)>& fails);

}  // namespace sim

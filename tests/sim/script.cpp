// tests/sim/script.cpp: see script.hpp.
// Not here: the mixes' weights (mix.cpp).
#include "tests/sim/script.hpp"

#include <numeric>

#include "tests/mqtt/support/dice.hpp"

namespace sim {

std::string_view name_of(act what) {
    static constexpr std::array<std::string_view, acts> names{
        "flow",           "append",         "offer",        "status",    "handle",      "write",
        "carry up",       "carry down",     "work",         "tell",      "wait",        "cut",
        "outage",         "hang",           "kill",         "kill soon", "stop",        "cut power",
        "cut power soon", "restart broker", "lose session", "fill disk", "fail writes", "fail reads",
        "set clock",      "damage"};
    return names[static_cast<std::size_t>(what)];
}

script make_script(const weights& how_often, std::size_t steps, std::uint64_t seed) {
    mqtt_test::dice dice(seed);
    const std::uint64_t sum = std::accumulate(how_often.begin(), how_often.end(), std::uint64_t{0});
    script made;
    while (made.size() < steps) {
        std::uint64_t at = dice.below(sum);
        std::size_t kind = 0;
        while (at >= how_often[kind]) at -= how_often[kind++];
        made.push_back({static_cast<act>(kind), dice.next()});
    }
    return made;
}

}  // namespace sim

// adapters/modbus/plan_memory.hpp: what was learned of a device as text, so that the host can keep it over a restart.
// Not here: learning (plan_learned.hpp).
//
// Lines of words; the first is the version, 1. A table is a letter: c(oil), d(iscrete), h(olding), i(nput).
//   limit <table> <most answered> <least refused>      counts of one request
//   hole <table> <address>                             no request reaches across it
//   none <table> <address> <count> <code> <times>      refused alone, with this exception, so often in a row
//   function <table> <code> <times>                    the whole table is refused
// A reader passes over lines that it can't make sense of, and over everything if the version is another one: what was learned
// can be learned again. What doesn't fit the bound isn't written.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "adapters/modbus/plan_learned.hpp"

namespace modbus {

using device_learned = std::array<learned_obstacles, 4>;  // by table - 1

std::string text_of(const device_learned& what, std::size_t bound);
bool says_nothing(std::string_view text);
/// `now`: pauses that were under way begin anew.
void recall(device_learned& to, std::string_view text, nanoseconds now);

}  // namespace modbus

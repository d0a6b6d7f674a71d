// adapters/modbus/rehearsal_settings.hpp: how a simulated device behaves, and how badly its line treats what it says.
// Not here: the drawing of what happens to an answer (rehearsal.hpp), and the commands that change it (rehearsal_command.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/modbus/timing.hpp"

namespace modbus {

/// In how many of a million answers something happens.
using odds = std::uint32_t;
constexpr odds always = 1'000'000;
/// "5%", "0.25%" (to four decimals). Nothing: not a percentage from 0 to 100.
std::optional<odds> parse_percentage(std::string_view text);

/// What can happen to an answer. The names are the config's and the commands' words.
enum class mishap : std::uint8_t { late, drop, noise, garble, truncate, foreign, echo, exception, disconnect };
constexpr std::array<std::string_view, 9> mishap_names{"late",    "drop", "noise",     "garble",    "truncate",
                                                       "foreign", "echo", "exception", "disconnect"};

struct rehearsal_settings {
    nanoseconds turnaround{0};  // from a request's end to its answer; on a line never under t3.5
    nanoseconds jitter{0};      // up to so much more
    std::array<odds, mishap_names.size()> chances{};
    nanoseconds late_by{0};           // 0: one and a half time-outs of the bus
    std::uint8_t exception_code = 4;  // device failure
    nanoseconds dead_after{0};        // silent from then on; 0: never
    std::uint16_t max_read = 0;       // more registers are refused (exception 3), of coils 16 times as many; 0: no limit
    bool holes = false;               // what no point lies on is refused (exception 2), even between points
    bool read_only = false;           // writes are refused (exception 2)
    bool ignore_writes = false;       // they are acknowledged, and nothing changes
};

}  // namespace modbus

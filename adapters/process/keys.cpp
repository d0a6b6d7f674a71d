// adapters/process/keys.cpp: the table of keys.
#include "adapters/process/keys.hpp"

#include <array>
#include <cstdint>

namespace process {
namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t second = 1000 * millisecond;

constexpr tidegate_key text(tidegate_scope scope, tidegate_key_type type, const char* path, const char* help) {
    return {scope, static_cast<std::uint32_t>(type), path, "", 0, 0, help};
}

constexpr std::array keys = {
    text(TIDEGATE_BUS, TIDEGATE_KEY_TEXT_LIST, "command",
         "The program and its arguments, such as [python3, /etc/tidegate/weather.py]."),
    tidegate_key{TIDEGATE_BUS, TIDEGATE_KEY_DURATION, "timeout", "", millisecond, 60 * second,
                 "How long the program may take for an answer (default 5s)."},
    text(TIDEGATE_BUS, TIDEGATE_KEY_TEXT_LIST, "options", "Texts for the program (default none)."),
    text(TIDEGATE_DEVICE, TIDEGATE_KEY_TEXT, "address", "Where the device is, in the program's own terms (default none)."),
    text(TIDEGATE_DEVICE, TIDEGATE_KEY_TEXT_LIST, "options", "Texts for the program about the device (default none)."),
    text(TIDEGATE_POINT, TIDEGATE_KEY_TEXT, "address", "What to read, in the program's own terms (default: the point's name)."),
    text(TIDEGATE_POINT, TIDEGATE_KEY_TEXT_LIST, "options", "Texts for the program about the point (default none)."),
};

}  // namespace

std::span<const tidegate_key> config_keys() { return keys; }

}  // namespace process

// adapters/modbus/points_simulate.cpp: reads how `tidegate simulate` has a device behave.
// Not here: what comes of it (rehearsal.cpp).
#include <functional>
#include <string>

#include "adapters/modbus/points.hpp"

namespace modbus {
namespace {

using tidegate::faults;
using tidegate::settings;

/// What both a bus and a device may say; the device's word is the one that counts.
void read_shared(const settings& written, rehearsal_settings& into,
                 const std::function<void(const std::string&, const std::string&)>& wrong) {
    const auto duration = [&](const char* path, nanoseconds& to) {
        if (const auto* found = written.find(path)) to = nanoseconds(found->integer);
    };
    duration("simulate.turnaround", into.turnaround);
    duration("simulate.jitter", into.jitter);
    duration("simulate.late_by", into.late_by);
    duration("simulate.dead_after", into.dead_after);
    for (std::size_t i = 0; i < mishap_names.size(); ++i) {
        const std::string path = "simulate." + std::string(mishap_names[i]);
        const auto* found = written.find(path);
        if (!found) continue;
        const auto chance = parse_percentage(found->text);
        if (chance)
            into.chances[i] = *chance;
        else
            wrong(path, "how often, in percent of the answers, such as 5% or 0.5%, up to 100%");
    }
    if (const auto* code = written.find("simulate.exception_code"))
        into.exception_code = static_cast<std::uint8_t>(code->integer);
}

}  // namespace

rehearsal_settings read_rehearsal(const settings& bus, const settings& device, std::size_t index, faults& to) {
    rehearsal_settings result;
    // Each device would report what is wrong with the bus again.
    read_shared(bus, result, [&](const std::string& path, const std::string& what) {
        if (index == 0) to.bus(path, what);
    });
    read_shared(device, result, [&](const std::string& path, const std::string& what) { to.device(index, path, what); });
    const auto number = [&](const char* path) {
        const auto* found = device.find(path);
        return found ? found->integer : 0;
    };
    result.max_read = static_cast<std::uint16_t>(number("simulate.max_read"));
    result.holes = number("simulate.holes") != 0;
    result.read_only = number("simulate.read_only") != 0;
    result.ignore_writes = number("simulate.ignore_writes") != 0;
    return result;
}

}  // namespace modbus

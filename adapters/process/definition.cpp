// adapters/process/definition.cpp: see definition.hpp.
#include "adapters/process/definition.hpp"

namespace process {
namespace {

using tidegate::settings;

std::vector<std::string> texts(const settings& written, std::string_view path) {
    std::vector<std::string> all;
    for (const auto& setting : written.all())
        if (path == setting.path) all.emplace_back(setting.text);
    return all;
}

std::string text(const settings& written, std::string_view path, std::string otherwise) {
    const auto* found = written.find(path);
    return found ? found->text : std::move(otherwise);
}

}  // namespace

bus_definition read_definition(const tidegate_bus_config& config, tidegate::faults& to) {
    const settings written(config.settings, config.setting_count);
    bus_definition result;
    result.name = config.name;
    result.command = texts(written, "command");
    result.options = texts(written, "options");
    if (const auto* timeout = written.find("timeout")) result.timeout = std::chrono::nanoseconds(timeout->integer);
    if (result.command.empty())
        to.bus("", "a bus of adapter process needs the program to run: command: [python3, /etc/tidegate/weather.py]");
    else if (result.command[0].empty())
        to.bus("command", "the command begins with an empty word; its first word is the program");
    result.points.resize(config.point_count);
    for (std::size_t i = 0; i < config.device_count; ++i) {
        const auto& from = config.devices[i];
        const settings of_device(from.settings, from.setting_count);
        result.devices.push_back({from.name, text(of_device, "address", ""), texts(of_device, "options")});
        for (std::size_t p = from.first_point; p < from.first_point + from.point_count; ++p) {
            const settings of_point(config.points[p].settings, config.points[p].setting_count);
            const std::string name = config.points[p].name;
            result.points[p] = {name, text(of_point, "address", name), texts(of_point, "options"), i};
        }
    }
    return result;
}

}  // namespace process

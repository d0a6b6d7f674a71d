// adapters/modbus/points_requests.cpp: reads which points must be read together, which alone, and what no request may cross.
// Not here: the requests (plan.hpp).
#include <algorithm>
#include <map>
#include <utility>

#include "adapters/modbus/points.hpp"

namespace modbus {
namespace {

using tidegate::faults;
using tidegate::settings;

bool is_set(const settings& written, std::string_view path, bool otherwise) {
    const auto* setting = written.find(path);
    return setting ? setting->integer != 0 : otherwise;
}

std::vector<std::uint32_t> barriers_of(const settings& written, std::uint16_t base, std::size_t index, faults& to) {
    std::vector<std::uint32_t> barriers;
    for (const auto& setting : written.all()) {
        if (std::string_view(setting.path) != "barriers") continue;
        const double number = setting.number - base;
        if (number < 0 || number > 65535 || number != static_cast<double>(static_cast<std::uint32_t>(number)))
            to.device(index, "barriers",
                      "a barrier is a protocol address, 0..65535, that begins a new request; " + std::string(setting.text) +
                          " isn't one");
        else
            barriers.push_back(static_cast<std::uint32_t>(number));
    }
    std::sort(barriers.begin(), barriers.end());
    return barriers;
}

/// A group's points lie in one table, and all of them fit into one request.
void check_group(const std::string& name, const std::vector<std::size_t>& members, const bus_definition& in, faults& to) {
    const point& first = in.points[members.front()];
    for (const std::size_t index : members)
        if (in.points[index].source)
            return to.point(index, "group", "a group is read in one request of registers or coils: this point lies in no table");
    for (const std::size_t index : members)
        if (in.points[index].from != first.from)
            return to.point(index, "group",
                            "group " + name + " begins in the table " + std::string(table_name(first.from)) +
                                ", and one request reads one table: put this point into another group");
    const device& owner = in.devices[first.device];
    const std::uint32_t most = is_bits(first.from) ? std::min(owner.max_read * 16u, 2000u) : owner.max_read;
    if (first.whole.count <= most) return;
    to.point(members.back(), "group",
             "group " + name + " is to be read in one request, but reaches over " + std::to_string(first.whole.count) +
                 (is_bits(first.from) ? " coils" : " registers") + " where the device gives " + std::to_string(most) +
                 " at once");
}

void check_barriers(const bus_definition& in, faults& to) {
    for (std::size_t index = 0; index < in.points.size(); ++index) {
        const point& which = in.points[index];
        if (which.source) continue;
        for (const std::uint32_t barrier : in.devices[which.device].barriers)
            if (which.whole.address < barrier && barrier < which.whole.end())
                return to.point(index, "",
                                protocol_range(which.from, which.whole.address, which.whole.count) +
                                    " is read in one request and lies across the barrier at " + std::to_string(barrier));
    }
}

}  // namespace

void read_request_rules(const tidegate_bus_config& config, bus_definition& to, faults& faults) {
    if (faults.count() > 0) return;  // addresses and lengths are needed
    std::map<std::pair<std::size_t, std::string>, std::vector<std::size_t>> groups;
    for (std::size_t d = 0; d < config.device_count; ++d) {
        const auto& from = config.devices[d];
        const settings of_device(from.settings, from.setting_count);
        to.devices[d].barriers = barriers_of(of_device, to.devices[d].base, d, faults);
        for (std::size_t p = from.first_point; p < from.first_point + from.point_count; ++p) {
            const settings written(config.points[p].settings, config.points[p].setting_count);
            point& which = to.points[p];
            which.whole = {which.address, which.count};
            which.exact = is_set(written, "exact", is_set(of_device, "exact", false));
            if (const auto* group = written.find("group")) groups[{d, group->text}].push_back(p);
        }
    }
    for (const auto& [name, members] : groups) {
        std::uint32_t begin = 65536, end = 0;
        bool exact = false;
        for (const std::size_t index : members) {
            begin = std::min<std::uint32_t>(begin, to.points[index].address);
            end = std::max(end, to.points[index].whole.end());
            exact = exact || to.points[index].exact;
        }
        const std::uint32_t count = std::min(end - begin, 65535u);
        for (const std::size_t index : members) {
            to.points[index].whole = {static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(count)};
            to.points[index].exact = exact;
        }
        check_group(name.second, members, to, faults);
    }
    check_barriers(to, faults);
}

}  // namespace modbus

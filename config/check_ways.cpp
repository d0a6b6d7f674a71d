// config/check_ways.cpp: finds buses that would meet at one port or one host.
// Not here: what a bus says there; an adapter knows only its own bus, so whatever is between two of them is looked for here.
//
// The keys are those that adapters have agreed on: `serial.port`, and `host` and `port` in a map that is named by the protocol.
// Two names of one port (/dev/ttyUSB0, and its name in /dev/serial/by-id) can't be told from here: its lock tells at run time.
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/check.hpp"
#include "config/units.hpp"

namespace config {
namespace {

struct way {
    const config::setting* setting = nullptr;
    const config::bus* bus = nullptr;
};
using ways = std::unordered_map<std::string, way>;  // by what is there; the first of each

std::string one_bus(const way& first) {
    return " (bus " + quoted(first.bus->name) + ", line " + std::to_string(first.setting->where.line) + ")";
}

place of(const setting& one) { return {one.where, count_characters(one.text)}; }

const setting* find(const bus& in, std::string_view path) {
    for (const auto& one : in.settings)
        if (one.path == path) return &one;
    return nullptr;
}

void check_port(const bus& bus, const setting& port, ways& seen, findings& out) {
    const auto [first, fresh] = seen.emplace(port.text, way{&port, &bus});
    if (fresh) return;
    out.error(of(port), "the serial port " + quoted(port.text) + " is another bus's already" + one_bus(first->second) +
                            "; a line has one master: put the devices of both under one bus");
}

/// Not an error: there are devices that take several clients.
void check_host(const bus& bus, const setting& host, ways& seen, findings& out) {
    const auto map = std::string_view(host.path).substr(0, host.path.rfind('.'));
    const auto* port = find(bus, std::string(map) + ".port");
    const std::string_view net = map.ends_with("udp") ? "udp " : "tcp ";
    const std::string door = port != nullptr ? port->text : "usual of " + std::string(map);
    const auto [first, fresh] = seen.emplace(std::string(net) + host.text + ' ' + door, way{&host, &bus});
    if (fresh) return;
    out.warning(of(host), "the host " + quoted(host.text) + (port != nullptr ? ", port " + port->text + "," : "") +
                              " is another bus's already" + one_bus(first->second) +
                              "; many devices take one client only: put the devices of both under one bus, which shares one "
                              "connection");
}

}  // namespace

void check_ways(const file& file, findings& out) {
    ways ports;
    ways hosts;
    for (const auto& bus : file.buses)
        for (const auto& one : bus.settings) {
            if (one.path == "serial.port") check_port(bus, one, ports, out);
            if (one.path.ends_with(".host")) check_host(bus, one, hosts, out);
        }
}

}  // namespace config

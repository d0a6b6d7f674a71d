// adapters/serial/definition.hpp: a bus, its devices and points as the config has them, checked.
// Not here: the keys' table (keys.hpp), and the wire.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/serial/fields.hpp"
#include "adapters/serial/frame.hpp"
#include "adapters/serial/script.hpp"

namespace serial {

struct line_format {
    std::uint32_t baud = 9600;
    char parity = 'N';  // N, E, O
    std::uint8_t data_bits = 8;
    std::uint8_t stop_bits = 1;
};
struct port_settings {
    std::string port;
    line_format line;
};
struct tcp_settings {
    std::string host;
    std::uint16_t port = 0;
};
using wire_settings = std::variant<port_settings, tcp_settings>;

enum class device_mode : std::uint8_t { listen, poll, script };

struct device {
    std::string name;
    device_mode mode = device_mode::listen;
    nanoseconds timeout{0};
    bool silent_ok = false;
    bool echo = false;
    nanoseconds spacing{0};
    nanoseconds sample_every{0};
    std::optional<std::string> address;
    std::string separator = ",";
    std::vector<message> messages;  // at least one
    std::vector<step> script, on_open;
    framing frames;
};

struct point {
    std::string name;
    std::size_t device = 0;
    std::size_t message = 0;  // of its device
    field how;
};

struct bus_definition {
    wire_settings wire;
    std::vector<serial::device> devices;
    std::vector<point> points;
};

/// Reports every fault. What it returns beside one isn't to be used.
bus_definition read_definition(const tidegate_bus_config& config, tidegate::faults& to);

/// Parts of the above. The messages and the framing of the device are read before its points.
device read_device(const tidegate_device_config& config, std::size_t index, tidegate::faults& to);
framing read_framing(const tidegate::settings& written, std::size_t device, tidegate::faults& to);
point read_point(const tidegate_point_config& config, std::size_t index, const device& owner, tidegate::faults& to);
/// Tries the points on the samples of their messages.
void try_samples(const bus_definition& bus, tidegate::faults& to);

bool matches(const message& which, const frame& what, const std::string& separator);
/// The message that it is; -1: none.
int message_of(const device& from, const frame& what);

/// One such message, as the device would send it.
std::string sample_of(const device& from, const message& which, std::uint64_t step);

}  // namespace serial

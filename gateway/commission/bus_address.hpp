// gateway/commission/bus_address.hpp: a bus as it is typed on the command line, tcp://10.0.0.5, → the settings that a config file
// would have of it, and settings → text of a config file. Pure. Not here: whether the values are right; config::read and the
// adapter say that, as of any config (commission_bus.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "config/vocabulary.hpp"
#include "gateway/command/option_error.hpp"

namespace gateway {

struct bus_address {
    std::string adapter;
    std::vector<config::setting> settings;
};

/// tcp://host[:502]  tls://host[:802]?ca=FILE  udp://host[:502]  rtu+tcp://host:port  ascii+tcp://host:port  rtu+udp://host:port
/// rtu:///dev/ttyUSB0?baud=19200&parity=even  ascii:///dev/ttyUSB0  and /dev/ttyUSB0, which is rtu:///dev/ttyUSB0.
/// Behind the question mark: the keys of the bus, or of its serial, tcp, … map. `words`: what the modbus adapter understands.
option_result<bus_address> bus_address_of(std::string_view typed, const config::vocabulary& words);

/// The way back, in its shortest form: "tcp://10.0.0.5:502", "/dev/ttyUSB0". Empty: these settings name no place.
std::string place_of(const std::vector<config::setting>& settings);

/// Replaces or adds a setting.
void set(std::vector<config::setting>& settings, std::string_view path, std::string_view text);
/// Null: it isn't there.
const config::setting* find(const std::vector<config::setting>& settings, std::string_view path);

/// As a config file has them on one line, without the braces around: `serial: { port: "/dev/ttyUSB0" }, timeout: "1s"`.
std::string flow_text(const std::vector<config::setting>& settings, config::scope scope, const config::vocabulary& words);
/// In double quotes, whatever is in it.
std::string quoted_scalar(std::string_view text);

}  // namespace gateway

// adapters/modbus/link_make.hpp: the two kinds of links, by their frames.
// Not here: channels.
#pragma once

#include <memory>
#include <optional>

#include "adapters/modbus/frame_search.hpp"
#include "adapters/modbus/link.hpp"

namespace modbus {

std::unique_ptr<link> make_line_link(line_framing how, std::unique_ptr<channel> over, const bus_manners& manners,
                                     const std::optional<line_format>& port_line);
std::unique_ptr<link> make_mbap_link(std::unique_ptr<channel> over, const bus_manners& manners);

/// Opens the channel, and rests where the settings want that. Empty: it is open, and `found` holds what it said.
std::optional<answer> open_channel(channel& over, const bus_manners& manners, const interruption& interrupted,
                                   channel::opened& found);
/// Adds what was found at the opening to an answer that it may explain.
void annotate(answer& got, const channel::opened& found);

}  // namespace modbus

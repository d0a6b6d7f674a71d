// tests/adapters/faults/subject.cpp: see subject.hpp.
// Not here: the line.
#include "tests/adapters/faults/subject.hpp"

#include <optional>

namespace faults {

std::unique_ptr<modbus::link> make_subject(const transport& how, const subject_setting& with, line& on) {
    modbus::bus_manners manners;
    manners.timeout = with.timeout;
    manners.request_spacing = with.spacing;
    const auto frames = how.frames == framing::rtu     ? modbus::framing::rtu
                        : how.frames == framing::ascii ? modbus::framing::ascii
                                                       : modbus::framing::mbap;
    const auto port_line = how.bytes == carrier::serial ? std::optional(with.line) : std::nullopt;
    return modbus::make_link(frames, std::make_unique<simulated_channel>(on), manners, port_line);
}

}  // namespace faults

// tests/adapters/faults/subject.hpp: the link under test, over a simulated line.
// Not here: the line.
#pragma once

#include <memory>

#include "adapters/modbus/link.hpp"
#include "tests/adapters/faults/fault.hpp"

namespace faults {

struct subject_setting {
    modbus::line_format line;  // serial
    nanoseconds timeout{0};
    nanoseconds spacing{0};
};

/// `on` outlives it.
std::unique_ptr<modbus::link> make_subject(const transport& how, const subject_setting& with, line& on);

}  // namespace faults

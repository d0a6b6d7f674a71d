// adapters/modbus/modbus_trace.hpp: hands the frames of one poll or write to whoever watches the bus.
// Not here: what is a frame (link.hpp), and what a person is shown of it, which is the host's.
#pragma once

#include <utility>

#include "adapters/adapter.hpp"
#include "adapters/modbus/link.hpp"

namespace modbus {

/// For the length of one call: `report` outlives it.
template <typename Report>
class traced_link {
public:
    traced_link(link& of, const Report& report) : of_(of) {
        of_.watch(
            [&report](wire_event what, bytes_view bytes, nanoseconds age) { report.frame(direction(what), bytes, age.count()); });
    }
    ~traced_link() { of_.watch({}); }
    traced_link(const traced_link&) = delete;
    traced_link& operator=(const traced_link&) = delete;

private:
    static tidegate_frame_direction direction(wire_event what) {
        switch (what) {
            case wire_event::sent:
                return TIDEGATE_FRAME_SENT;
            case wire_event::received:
                return TIDEGATE_FRAME_RECEIVED;
            case wire_event::discarded:
                break;
        }
        return TIDEGATE_FRAME_DISCARDED;
    }
    link& of_;
};

}  // namespace modbus

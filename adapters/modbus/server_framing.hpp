// adapters/modbus/server_framing.hpp: requests found among bytes that come in, and what leaves for each.
// Not here: sockets, lines and time; what a PDU is answered with (server_pdu.hpp).
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "adapters/modbus/server.hpp"

namespace modbus {

inline void announce(const server_events& events, const std::string& where) {
    if (events.listening) events.listening(where);
}
inline void note(const server_events& events, const std::string& text) {
    if (events.note) events.note(text);
}

/// server_counts while they are being counted.
struct server_counters {
    std::atomic<std::uint64_t> requests{0}, answers{0}, damaged{0}, early{0}, collisions{0}, out_of_pace{0};
    server_counts now() const { return {requests, answers, damaged, early, collisions, out_of_pace}; }
};

struct served {
    register_source& values;
    server_counters& counters;
};

/// What leaves for one whole frame. Nothing: it was damaged, or for nobody here.
std::vector<departure> answer_frame(envelope how, served by, bytes_view frame);

/// Takes the whole requests from the front of `in`, and puts what leaves for them at the end of `out`. False: this is not a
/// client of ours, and can't be followed any further.
using stream_framing = bool (*)(served by, std::vector<std::uint8_t>& in, std::vector<departure>& out);
bool serve_mbap(served by, std::vector<std::uint8_t>& in, std::vector<departure>& out);
bool serve_rtu_stream(served by, std::vector<std::uint8_t>& in, std::vector<departure>& out);
bool serve_ascii_stream(served by, std::vector<std::uint8_t>& in, std::vector<departure>& out);

}  // namespace modbus

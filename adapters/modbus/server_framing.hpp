// adapters/modbus/server_framing.hpp: what a simulated device answers to bytes, in each framing.
// Not here: sockets, lines and time.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "adapters/modbus/rtu_frame.hpp"
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
    std::atomic<std::uint64_t> requests{0}, answers{0}, damaged{0}, early{0}, collisions{0};
    server_counts now() const { return {requests, answers, damaged, early, collisions}; }
};

struct served {
    register_source& values;
    server_counters& counters;
};

/// The PDU that answers `pdu`. Function codes 1–4; exception 1 to any other. Requires: `pdu` isn't empty.
std::vector<std::uint8_t> answer_pdu(register_source& values, std::uint8_t unit, bytes_view pdu);

/// One RTU frame with its CRC, and the answer to it with its own. Nothing: it was damaged, or for nobody here.
std::vector<std::uint8_t> answer_rtu(served by, bytes_view frame);

/// Takes the whole requests from the front of `in`, and puts their answers at the end of `out`. False: this is not a client of
/// ours, and can't be followed any further.
using stream_framing = bool (*)(served by, std::vector<std::uint8_t>& in, std::vector<std::uint8_t>& out);
bool serve_mbap(served by, std::vector<std::uint8_t>& in, std::vector<std::uint8_t>& out);
bool serve_rtu_stream(served by, std::vector<std::uint8_t>& in, std::vector<std::uint8_t>& out);

}  // namespace modbus

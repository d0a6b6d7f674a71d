// tests/sim/trace_words.hpp: the words of a trace: packets with the place that a message has in the log, and transactions.
// Not here: when they are said (world.cpp and its kin).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mqtt/packet.hpp"
#include "tests/sim/file_model.hpp"

namespace sim {

/// "PUBLISH 17 (seq 42, QoS 2, DUP)", "PUBREC 17" …
std::string packet_in_words(const mqtt::packet& what, const file_model& with);
/// "append 43–45, cursor acked 41 released 42 maybe 50, session #2, settled 3".
std::string in_words(const intent& what, std::int64_t last);
/// The broker's, whole ones only.
std::vector<mqtt::packet> packets_in(std::string_view bytes, mqtt::version how);

}  // namespace sim

// tests/gateway/commission/seen_registers.hpp: registers as guess gets to see them: words, and every candidate decoded by the
// modbus adapter's own code. Not here: what they should be taken for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/commission/guess.hpp"

/// `words` are from one register before the address on; those beyond their end aren't there.
gateway::guess_reading seen(const std::vector<gateway::guess_candidate>& candidates, const std::vector<std::uint16_t>& words);

/// The registers of a value.
std::vector<std::uint16_t> registers_of(const std::string& type, const std::string& order, const gateway::value& what,
                                        std::uint16_t length = 0);

/// "float32 CDAB" of the first, "+1" or "-1" behind it if it lies beside the address.
std::string named(const gateway::guess_candidate& what);

// gateway/commission/scan_identify.hpp: asks a found unit what it is, and registers by which templates are known.
// Not here: what follows from the answers (scan_suggest.hpp).
#pragma once

#include <vector>

#include "gateway/commission/scan_bus.hpp"

namespace gateway {

/// The templates of Modbus devices that are installed, or beside the config.
std::vector<template_facts> template_library_facts(const std::string& config_path, const std::vector<config::vocabulary>& words);

/// Fills identity and suggestions. False: it was broken off.
bool identify(chosen_bus& bus, found_unit& one, const std::vector<template_facts>& templates, std::chrono::milliseconds timeout,
              scan_stop& stop);

}  // namespace gateway

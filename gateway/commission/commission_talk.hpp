// gateway/commission/commission_talk.hpp: what read, guess and write share: finding the bus, the words of an answer, and of its
// absence. Not here: what each asks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/command/commission_options.hpp"

namespace gateway {

constexpr int exit_done = 0, exit_failed = 1, exit_usage = 2;

/// "error: …" to stderr, each further line below it.
void complain(const std::string& what, const std::vector<std::string>& advice = {});

/// Null after a complaint.
std::unique_ptr<chosen_bus> choose(const commission_options& how);
/// The place that was typed; nothing after a complaint. `keys`: further ones of the point, ", type: uint16".
std::optional<register_place> place_on(const chosen_bus& bus, const commission_options& how, const std::string& keys);
/// Null after a complaint. Says through which service, if so.
std::unique_ptr<commission_bus> open(const chosen_bus& bus, const std::vector<wanted_device>& devices);

wanted_device device_of(const register_choice& typed, std::string name);
/// `holding: 107, type: uint16`; of bits without the type.
std::string register_keys(const register_place& in, std::uint32_t address, const std::string& type);

/// Why there is no value: the answer's words, without what only a service's log needs.
std::string reason_in(const std::string& failure);
/// Complains that the device, or the bus, doesn't answer.
void complain_of_silence(const chosen_bus& bus, const commission_bus& asked, const commission_bus::answers& got,
                         const std::string& unit);

std::string hex_word(const value& word);  // "0x4366"
std::string text_of(const value& what);   // for a person: bare, `null` for no value
std::string json_of(const value& what);

}  // namespace gateway

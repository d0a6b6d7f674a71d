// gateway/diagnosis/masking.hpp: takes secrets out of texts that leave the board: configs, units, logs, audit entries. Pure.
// Not here: what goes into a support bundle (command_bundle.cpp).
//
// Two belts: what stands where secrets stand is masked by its place, and what is known to be a secret is masked wherever it
// stands, however it is encoded. References (`@file:/path`) are no secrets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gateway {

constexpr const char* masked_as = "***";

/// Knows secrets, and finds them as they are, in base64 (also within a longer text), hexadecimal, URL and JSON encoding.
class scrubber {
public:
    /// Shorter ones would be found everywhere: they are masked by their place alone.
    static constexpr std::size_t shortest = 4;
    void add(const std::string& secret);
    std::string clean(std::string text) const;

private:
    void add_form(std::string form);
    std::vector<std::string> forms_;  // the longest first
};

/// A config or template as its values, each with its line in the file: no comment, nothing that only looks like YAML. What was
/// masked is added to `secrets`. What can't be read as YAML isn't shown at all.
std::string masked_yaml(std::string_view text, std::vector<std::string>& secrets);

/// A systemd unit without what `Environment=`, `SetCredential=` and their like hold.
std::string masked_unit(std::string_view text, std::vector<std::string>& secrets);

/// An audit entry without values: when, what was written to, what came of it.
std::string masked_audit(std::string_view json);

/// Log lines without the values that commands carry.
std::string masked_log(std::string_view lines);

/// JSON whose members named "value" have none.
std::string without_values(std::string_view json);

}  // namespace gateway

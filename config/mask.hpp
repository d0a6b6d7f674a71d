// config/mask.hpp: hides what looks like a secret in a line of a config file, as messages end up in logs and tickets.
// Not here: refusing it (address.hpp).
#pragma once

#include <string>
#include <string_view>

namespace config {

/// Whether what a key of this name holds is a secret: `password`, `Authorization`, `X-Api-Key`.
bool names_secret(std::string_view key);

/// The line with as many characters, but `*` for the value of a key that names a secret and isn't a reference, for what stands
/// between `://` and `@`, and for the query of a URL.
std::string mask_secrets(std::string_view line);

}  // namespace config

// config/mask.hpp: hides what looks like a secret in a line of a config file, as messages end up in logs and tickets.
// Not here: refusing it (address.hpp).
#pragma once

#include <string>
#include <string_view>

namespace config {

/// The line with as many characters, but `*` for the value of a key like `password` that isn't a reference, and for what
/// stands between `://` and `@`.
std::string mask_secrets(std::string_view line);

}  // namespace config

// gateway/diagnosis/secret_places.hpp: the places that a config's text says secrets are in: `@env:NAME`, `@file:/path`,
// `@cred:NAME`, wherever they stand. Pure. Not here: fetching them (secrets.hpp).
#pragma once

#include <string_view>
#include <vector>

#include "config/model.hpp"

namespace gateway {

/// In the order of the text, each once; `where` says only the line. Comments are passed over.
std::vector<config::secret_reference> secret_places(std::string_view text);

}  // namespace gateway

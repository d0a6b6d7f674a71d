// gateway/service/config_digest.hpp: parts of a config in 16 characters each, by which a changed one is known. Positions don't
// count: a comment or another order of the keys changes nothing. Pure. Not here: what a change means (config_changes.hpp,
// learned.hpp).
#pragma once

#include <string>

#include "config/model.hpp"

namespace gateway {

/// Puts each bus's digest, and each device's. While the settings are there: forget_source() takes them.
void note_digests(config::file& of);

/// Of all that it says; a secret by where it is.
std::string digest_of(const config::destination& what);
std::string digest_of(const config::buffer& what);
/// How its readings become messages.
std::string digest_of_publishing(const config::device& what);
/// What commands may do to its points.
std::string digest_of_writing(const config::device& what);

}  // namespace gateway

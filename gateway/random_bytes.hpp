// gateway/random_bytes.hpp: bytes that nobody can foresee, from the system.
// Not for jitter and the like, which takes a seed and can be repeated.
#pragma once

#include <cstddef>
#include <string>

namespace gateway {

std::string random_bytes(std::size_t size);

}  // namespace gateway

// gateway/version.hpp: the program's version. Not here: those of interfaces (adapters/adapter.h).
#pragma once

#include <string_view>

namespace gateway {

std::string_view version();

}  // namespace gateway

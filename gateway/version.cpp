// gateway/version.cpp: see version.hpp. The build says it.
#include "gateway/version.hpp"

namespace gateway {

std::string_view version() { return TIDEGATE_VERSION; }

}  // namespace gateway

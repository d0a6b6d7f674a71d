#include "gateway/diagnostics_options.hpp"
namespace gateway { int bundle_command(const bundle_options&) { return 0; } }

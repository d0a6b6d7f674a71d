// gateway/command/status_words.hpp: what the gateway looks like now in a few lines, for a person at a terminal: trouble first to
// the eye, devices only if something is wrong with them. Pure. Not here: the whole of it (state_text.hpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/state_text.hpp"

namespace gateway {

std::vector<std::string> status_words(const live& of, std::string_view version, const view_time& now);

}  // namespace gateway

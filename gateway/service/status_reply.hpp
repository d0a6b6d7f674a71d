// gateway/service/status_reply.hpp: answers {"do":"status"} on the control socket: with the state as in docs/api.md, or in words.
// Not here: the texts (state_text.hpp, status_words.hpp).
#pragma once

#include "gateway/service/control_server.hpp"
#include "gateway/service/live.hpp"

namespace gateway {

/// `request` may have "words":true, for lines {"line":"…"}, or "points":false.
void answer_status(const live& of, const flat_object& request, control_server::exchange& with);

}  // namespace gateway

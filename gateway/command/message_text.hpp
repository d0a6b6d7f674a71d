// gateway/command/message_text.hpp: messages as lines for a person and as JSON for a program: what `sub` and `queue peek` share.
// Not here: what the gateway itself publishes (payload.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gateway {

/// On a terminal a message must not move the cursor or change its colours.
std::string for_terminal(std::string_view text);

/// Each adds `,"name":…`.
void append_field(std::string& to, const char* name, std::string_view text);
void append_number(std::string& to, const char* name, std::uint64_t number);
/// What is no text becomes `,"name_base64":"…"`.
void append_bytes(std::string& to, const char* name, std::string_view bytes);

}  // namespace gateway

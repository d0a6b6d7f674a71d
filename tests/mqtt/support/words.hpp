// tests/mqtt/support/words.hpp: effects and packets as short lines of text, so that a story compares whole values.
// Not here: anything that a test could depend on but the text.
#pragma once

#include <string>
#include <vector>

#include "mqtt/packet.hpp"
#include "mqtt/session.hpp"

namespace mqtt_test {

using lines = std::vector<std::string>;

/// "save 3 barrier record plant@broker#1 acked 2 released 4 maybe 257 beyond 4,5 +1 acknowledged".
std::string in_words(const mqtt::effect& what);
/// "PUBLISH 5 q2 dup retain 't/1' 'payload'", "PUBREL 5 0x92", "DISCONNECT 0x82" …
std::string in_words(const mqtt::packet& what);
std::string in_words(const mqtt::lane_state& what);
/// Each with a space before it: " expiry 5 name=value".
std::string in_words(const mqtt::property_set& what);

}  // namespace mqtt_test

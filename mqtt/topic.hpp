// mqtt/topic.hpp: topic names and topic filters (4.7): which are well-formed, and which filter matches which name.
// Not here: UTF-8 (codec.hpp), and who subscribed to what.
#pragma once

#include <string_view>

namespace mqtt {

/// Well-formed UTF-8 of at least one character, without wildcards.
bool is_valid_topic_name(std::string_view topic);
/// A topic filter (4.7.1); in the form "$share/NAME/FILTER" of MQTT 5 (4.8.2) its name and filter are checked apart.
bool is_valid_topic_filter(std::string_view filter);
bool is_shared_subscription(std::string_view filter);

/// Whether a message of this topic is for a subscriber of this filter (4.7.1 to 4.7.3); of a shared subscription its filter
/// part decides. Takes time in proportion to the lengths, and no memory. Requires: both are well-formed.
bool matches(std::string_view filter, std::string_view topic);

}  // namespace mqtt

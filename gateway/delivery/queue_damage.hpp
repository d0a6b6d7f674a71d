// gateway/delivery/queue_damage.hpp: what damage to the queue file has come to, in words for an alarm. Pure.
// Not here: finding and repairing it (store/).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/queue.hpp"

namespace gateway {

/// All that this process knows of.
struct queue_damage {
    std::optional<store::damage> file;  // the last time that the file was moved aside
    std::uint64_t dropped = 0;          // messages in damaged places of a file that was sound otherwise
    std::string words() const;
};

}  // namespace gateway

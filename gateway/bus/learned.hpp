// gateway/bus/learned.hpp: what adapters have learned of their devices, as memories of the queue file, and back at the next
// start. Pure. Not here: what the text means (the adapter knows), and how memories are kept (store/memory_table.hpp).
//
// A memory is named "learned <bus>/<device>"; its first line is a digest of the bus's settings and the device's, its points
// included. What was learned under another digest is of no use: a changed config is learned anew.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "store/queue.hpp"

namespace gateway {

/// Nothing: the text can't be kept (not UTF-8, too long, or under too long a name). Requires: digests (config_digest.hpp).
std::optional<store::memory> memory_of_learned(const config::bus& bus, std::size_t device, const std::string& text);

struct recalled {
    std::size_t bus = 0;
    std::size_t device = 0;
    std::string text;
    bool operator==(const recalled&) const = default;
};
struct recollection {
    std::vector<recalled> learned;   // for adapter_bus::recall()
    std::vector<std::string> stale;  // names to forget: of devices that are gone, or were changed
};
/// Memories of others are left alone.
recollection recall_learned(const std::vector<store::memory>& from, const config::file& config);

}  // namespace gateway

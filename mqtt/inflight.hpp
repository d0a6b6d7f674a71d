// mqtt/inflight.hpp: packet identifiers of what no log holds, in small ranges above every lane's, forgotten with the connection.
// Not here: the identifiers of logged messages, which follow from their sequence numbers (lane.hpp).
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "mqtt/types.hpp"

namespace mqtt {

template <std::uint16_t First, std::size_t Most>
class id_range {
public:
    static constexpr std::uint16_t first = First;
    static constexpr std::size_t most = Most;

    /// Nothing: all are in use.
    std::optional<packet_id> take() {
        if (used_.all()) return std::nullopt;
        // In turn, so that an identifier rests as long as possible before it is used again.
        while (used_.test(next_)) next_ = (next_ + 1) % most;
        used_.set(next_);
        const auto id = static_cast<packet_id>(first + next_);
        next_ = (next_ + 1) % most;
        return id;
    }
    static bool owns(packet_id id) { return index(id) < most; }
    bool is_used(packet_id id) const { return owns(id) && used_.test(index(id)); }
    void give_back(packet_id id) { used_.reset(index(id)); }
    std::size_t in_flight() const { return used_.count(); }
    bool is_full() const { return used_.all(); }
    /// Any of the range, for a packet whose size is all that matters.
    static constexpr packet_id any() { return packet_id{first}; }
    void clear() { used_.reset(); }

private:
    /// Below `first` it wraps to a large number.
    static std::size_t index(packet_id id) { return static_cast<std::size_t>(id) - first; }

    std::bitset<most> used_;
    std::size_t next_ = 0;
};

using unlogged_ids = id_range<60001, 200>;  // messages
using request_ids = id_range<60201, 100>;   // SUBSCRIBE, UNSUBSCRIBE

}  // namespace mqtt

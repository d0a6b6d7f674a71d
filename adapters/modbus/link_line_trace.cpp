// adapters/modbus/link_line_trace.cpp: what whoever watches a line is told of.
// Not here: when there is something to tell (link_line.cpp).
#include <utility>

#include "adapters/modbus/link_line.hpp"

namespace modbus {

void line_exchange::watch(wire_listener to) {
    tell_discarded();
    listener_ = std::move(to);
    noted_ = bytes_.size();  // what is older is nobody's business
}

/// Of the first `count` bytes those that weren't noted yet: what stays at the front may be part of a late frame, and is told
/// once.
void line_exchange::note_discarded(std::size_t count) {
    if (count <= noted_) return;
    if (listener_) {
        constexpr std::size_t longest = 512;
        if (discarded_.size() >= longest) tell_discarded();
        discarded_.insert(discarded_.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(noted_),
                          bytes_.begin() + static_cast<std::ptrdiff_t>(count));
        discarded_at_ = arrivals_[count - 1];
    }
    noted_ = count;
}

void line_exchange::tell_discarded() {
    if (!listener_ || discarded_.empty()) return;
    listener_(wire_event::discarded, discarded_, channel_.now() - discarded_at_);
    discarded_.clear();
}

void line_exchange::tell(wire_event what, bytes_view bytes, time_point at) {
    tell_discarded();
    if (listener_) listener_(what, bytes, channel_.now() - at);
}

}  // namespace modbus

// mqtt/inbound.cpp: a sorted list, a count, and a table.
// Not here: any judgement about packets.
#include "mqtt/inbound.hpp"

#include <algorithm>
#include <utility>

namespace mqtt {

inbound::inbound(std::vector<packet_id> held, std::uint16_t window, std::uint16_t aliases)
    : held_(std::move(held)), window_(window), topics_(aliases) {
    std::sort(held_.begin(), held_.end());
}

bool inbound::hold(packet_id id) {
    const auto at = std::lower_bound(held_.begin(), held_.end(), id);
    if (at != held_.end() && *at == id) return false;
    held_.insert(at, id);
    return true;
}

bool inbound::release(packet_id id) {
    // Of the others it says nothing: they may be from a session before the one in which this one came.
    std::erase(doubtful_, id);
    const auto at = std::lower_bound(held_.begin(), held_.end(), id);
    if (at == held_.end() || *at != id) return false;
    held_.erase(at);
    return true;
}

void inbound::settle_doubt(packet_id id, bool dup) {
    const auto at = std::lower_bound(doubtful_.begin(), doubtful_.end(), id);
    if (at == doubtful_.end() || *at != id) return;
    if (dup) {
        doubtful_.erase(at);
        return;
    }
    std::erase_if(held_, [this](packet_id each) { return std::binary_search(doubtful_.begin(), doubtful_.end(), each); });
    doubtful_.clear();
}

void inbound::begin_connection() {
    used_ = 0;
    gave_back_ = false;
    for (auto& topic : topics_) topic.reset();
    replaced_.clear();
}

bool inbound::use_window() { return gave_back_ || ++used_ <= window_; }

std::string_view inbound::topic_of(std::uint16_t alias) const {
    if (alias == 0 || alias > topics_.size() || !topics_[alias - 1u]) return {};
    return *topics_[alias - 1u];
}

bool inbound::set_topic(std::uint16_t alias, std::string_view topic) {
    if (alias == 0 || alias > topics_.size()) return false;
    auto& place = topics_[alias - 1u];
    if (place && *place == topic) return true;
    if (place) replaced_.push_back(std::move(place));
    place = std::make_unique<const std::string>(topic);
    return true;
}

}  // namespace mqtt

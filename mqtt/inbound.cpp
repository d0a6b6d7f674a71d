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
    const auto at = std::lower_bound(held_.begin(), held_.end(), id);
    if (at == held_.end() || *at != id) return false;
    held_.erase(at);
    return true;
}

void inbound::begin_connection() {
    used_ = 0;
    for (auto& topic : topics_) topic.clear();
    replaced_.clear();
}

bool inbound::use_window() { return ++used_ <= window_; }

/// Never below nothing: the answer to a PUBREL of an earlier connection frees what this one hasn't used (4.9).
void inbound::free_window(std::size_t answers) { used_ -= std::min(used_, answers); }

std::string_view inbound::topic_of(std::uint16_t alias) const {
    return alias == 0 || alias > topics_.size() ? std::string_view() : std::string_view(topics_[alias - 1u]);
}

bool inbound::set_topic(std::uint16_t alias, std::string_view topic) {
    if (alias == 0 || alias > topics_.size()) return false;
    std::string& place = topics_[alias - 1u];
    if (place == topic) return true;
    if (!place.empty()) replaced_.push_back(std::move(place));
    place = topic;
    return true;
}

}  // namespace mqtt

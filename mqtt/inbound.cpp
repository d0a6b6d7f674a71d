// mqtt/inbound.cpp: a sorted list, a count, and a table.
// Not here: any judgement about packets.
#include "mqtt/inbound.hpp"

#include <algorithm>
#include <utility>

namespace mqtt {
namespace {

bool contains(const std::vector<packet_id>& in, packet_id id) { return std::binary_search(in.begin(), in.end(), id); }

bool take(std::vector<packet_id>& from, packet_id id) {
    const auto at = std::lower_bound(from.begin(), from.end(), id);
    if (at == from.end() || *at != id) return false;
    from.erase(at);
    return true;
}

}  // namespace

inbound::inbound(std::vector<packet_id> held, std::uint16_t window, std::uint16_t aliases)
    : held_(std::move(held)), window_(window), topics_(aliases) {
    std::sort(held_.begin(), held_.end());
}

bool inbound::hold(packet_id id, bool dup) {
    const bool doubtful = contains(doubtful_, id);
    if (doubtful && !dup) {
        for (const packet_id each : doubtful_) take(held_, each);
        doubtful_.clear();
    }
    if (doubtful && dup) take(doubtful_, id);
    if (contains(held_, id)) return false;
    held_.insert(std::lower_bound(held_.begin(), held_.end(), id), id);
    return true;
}

bool inbound::release(packet_id id) {
    take(doubtful_, id);
    return take(held_, id);
}

void inbound::release_all() {
    held_.clear();
    doubtful_.clear();
}

void inbound::begin_connection() {
    used_ = 0;
    for (auto& topic : topics_) topic.reset();
    replaced_.clear();
}

bool inbound::use_window() { return ++used_ <= window_; }

/// The answer to a PUBREL of an earlier connection gives the broker one message more, if some of its quota was used when it
/// saw the answer (4.9). Only the broker knows; so it is granted, up to once our window.
void inbound::free_window(std::size_t answers) { used_ = std::max(used_ - static_cast<std::int64_t>(answers), -window_); }

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

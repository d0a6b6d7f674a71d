// gateway/write/local_commands.cpp: see local_commands.hpp.
#include "gateway/write/local_commands.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace gateway {

void local_commands::send(std::string_view device, std::string_view point, std::string_view payload, std::string_view who,
                          time_point now, done to, const std::function<void(const mqtt::received&)>& take) {
    const std::string topic = "tidegate/" + gateway_id_ + "/set/" + std::string(device) + '/' + std::string(point);
    const std::string key = mark_ + std::to_string(++number_);
    waiting_.emplace(key, waiting{now, std::move(to)});
    mqtt::received made;
    made.topic = topic;
    made.payload = payload;
    made.properties.correlation_data = key;
    made.properties.user.emplace_back("who", std::string(who));
    // It has just been made, which the engine couldn't know of one from the broker.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(command_timeout_).count();
    made.properties.message_expiry_interval = static_cast<std::uint32_t>(std::max<std::int64_t>(seconds, 1));
    take(made);
}

void local_commands::on_news(const write_news& what) {
    if (!what.is_final || !what.response_topic.empty()) return;
    const auto found = waiting_.find(what.correlation_data);
    if (found == waiting_.end()) return;
    const done to = std::move(found->second.to);
    waiting_.erase(found);
    to(&what);
}

void local_commands::give_up(time_point since) {
    std::vector<done> late;
    for (auto it = waiting_.begin(); it != waiting_.end();) {
        if (it->second.began >= since) {
            ++it;
            continue;
        }
        late.push_back(std::move(it->second.to));
        it = waiting_.erase(it);
    }
    for (const auto& each : late) each(nullptr);
}

unsigned http_status_of(const write_news& what) {
    switch (what.stage) {
        case write_stage::accepted:
        case write_stage::verified:
            return 200;
        case write_stage::sent:
        case write_stage::timeout:
            return 504;
        case write_stage::rejected:
            break;
    }
    if (what.reason == write_reason::unknown_device || what.reason == write_reason::unknown_point) return 404;
    if (what.reason == write_reason::not_readable || what.reason == write_reason::too_large) return 400;
    return 409;
}

}  // namespace gateway

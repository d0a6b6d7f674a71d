// gateway/delivery/alarms.cpp: see alarms.hpp.
#include "gateway/delivery/alarms.hpp"

#include "gateway/delivery/payload.hpp"
#include "gateway/delivery/queue_options.hpp"
#include "gateway/delivery/timestamps.hpp"
#include "gateway/limits.hpp"
#include "store/age.hpp"

namespace gateway {

std::string_view name_of(alarm which) {
    switch (which) {
        case alarm::queue_filling:
            return "queue_filling";
        case alarm::disk_full:
            return "disk_full";
        case alarm::disk_failing:
            return "disk_failing";
        case alarm::queue_damaged:
            return "queue_damaged";
    }
    return "";
}

std::string reason_of_full(const config::buffer& of) {
    return of.path + ": the device is full; the queue keeps the size that it has, and while that is used up " +
           consequence_of(of.policy) + "; free some space on the device, it heals by itself";
}

std::string reason_of_failure(const store::error& why, const config::buffer& of) {
    const bool newest = of.policy == config::when_full::drop_newest;
    return why.detail() + "; until it takes something again readings wait in memory, and beyond " +
           std::to_string(limits::waiting_bytes >> 20) + " MiB the " + (newest ? "newest" : "oldest") +
           " are dropped; nothing that is stored is lost";
}

std::optional<alarm_message> alarms::raise(alarm which, const std::string& reason, const store::stamp& now) {
    state& is = states_[which];
    if (is.on && is.reason == reason) return std::nullopt;
    if (!is.on) {
        is.on = true;
        is.since = store::corrected(now, boot_offset_ms_);
        ++is.count;
    }
    is.reason = reason;
    return message_of(which, is);
}

std::optional<alarm_message> alarms::clear(alarm which, const store::stamp& now) {
    const auto found = states_.find(which);
    if (found == states_.end() || !found->second.on) return std::nullopt;
    found->second.on = false;
    found->second.since = store::corrected(now, boot_offset_ms_);
    return message_of(which, found->second);
}

std::vector<alarm_message> alarms::set_boot_offset(std::int64_t offset_ms) {
    boot_offset_ms_ = offset_ms;
    std::vector<alarm_message> told;
    for (auto& [which, is] : states_) {
        if (is.since.synchronised) continue;
        is.since = store::corrected(is.since, offset_ms);
        told.push_back(message_of(which, is));
    }
    return told;
}

bool alarms::is_on(alarm which) const {
    const auto found = states_.find(which);
    return found != states_.end() && found->second.on;
}

std::uint64_t alarms::count(alarm which) const {
    const auto found = states_.find(which);
    return found == states_.end() ? 0 : found->second.count;
}

alarm_message alarms::message_of(alarm which, const state& of) const {
    alarm_message made;
    made.topic = "tidegate/" + gateway_id_ + "/alarm/" + std::string(name_of(which));
    made.payload = std::string(R"({"state":")") + (of.on ? "on" : "off") + "\",";
    append_timestamp(made.payload, "since", of.since);
    made.payload += R"(,"count":)" + std::to_string(of.count) + R"(,"reason":)";
    append_json(made.payload, of.on ? value{of.reason} : value{no_value{}});
    made.payload += '}';
    return made;
}

}  // namespace gateway

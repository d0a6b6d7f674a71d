// gateway/app_service.cpp: what systemd and those who look from afar are told of the running service.
// Not here: the words (service_notify.hpp, service_record.hpp).
#include "gateway/app_parts.hpp"
#include "gateway/limits.hpp"
#include "store/age.hpp"

namespace gateway {

service_figures app::figures() const {
    service_figures now{live_->destination().online, broker_name(config_.mqtt), queued(), 0, 0};
    for (const auto& bus : live_->buses())
        for (const auto& device : bus.devices) {
            if (device.state == device_state::online) ++now.devices_online;
            if (device.state == device_state::offline) ++now.devices_offline;
        }
    return now;
}

std::uint64_t app::queued() const {
    const auto newest = number(live_->log().last);
    const auto done = mqtt::number(session_->finished());
    return newest > done ? static_cast<std::uint64_t>(newest - done) : 0;
}

void app::tell_systemd() {
    if (!notify_.has_listener() || stage_ != stage::running) return;
    if (const auto line = status_line_.tell(figures(), steady_now())) notify_.send(status_text(*line));
}

void app::tell_service() {
    set_status("tidegate/" + config_.gateway_id + "/service",
               status_of(record_, store::corrected(started_, clock_->boot_offset_ms()), TIDEGATE_VERSION));
}

/// What is looked after every second or so, whatever else happens.
void app::look_after() {
    if (stage_ != stage::running) return;
    tell_systemd();
    if (!long_run_noted_ && record_.crashes_in_a_row > 0 && steady_now() - live_->started() >= long_run) {
        long_run_noted_ = true;
        save_request request;
        request.remember.push_back(memory_of_long_run(record_));
        store_->save(std::move(request));
    }
    if (notify_.has_listener() || record_.crashes_in_a_row > 0)
        call_at(care_timer_, steady_now() + limits::look_after, [this] { look_after(); });
}

}  // namespace gateway

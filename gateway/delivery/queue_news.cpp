// gateway/delivery/queue_news.cpp: see queue_news.hpp.
#include "gateway/delivery/queue_news.hpp"

#include <chrono>
#include <tuple>
#include <utility>

#include "gateway/delivery/queue_options.hpp"

namespace gateway {

queue_news::queue_news(const config::file& config, const log& to, set_status status)
    : buffer_(config.buffer), log_(to), set_status_(std::move(status)), alarms_(config), watch_(config.buffer) {}

void queue_news::on_opened(const store::recovery& found, const store::stamp& now) {
    if (found.created) {
        log_.info("queue_created", {{"path", buffer_.path}});
    } else {
        log_.info(
            "queue_opened",
            {{"path", buffer_.path}, {"queued", found.ledger.queued}, {"balanced", found.ledger.balanced() ? "yes" : "no"}});
    }
    on_salvaged(found, now);
    if (found.disk_full) raise(alarm::disk_full, reason_of_full(buffer_), now);
    if (!found.reserve_failed.empty())
        log_.warning("reserve_missing",
                     {{"reason", found.reserve_failed},
                      {"consequence", "if the device becomes full, nothing can be written until there is room"}});
}

void queue_news::follow(const config::buffer& now) {
    buffer_ = now;
    watch_ = queue_watch(now);
}

void queue_news::on_salvaged(const store::recovery& found, const store::stamp& now) {
    if (!found.damage) return;
    const store::damage& what = *found.damage;
    damage_.file = what;
    if (what.is_news) {
        std::ignore = alarms_.clear(alarm::queue_damaged, now);  // each time counts
        log_.error("queue_damaged", {{"path", buffer_.path},
                                     {"reason", what.reason},
                                     {"moved_to", what.moved_to},
                                     {"salvaged", what.salvaged},
                                     {"lost", what.lost},
                                     {"may_arrive_twice", what.repeated},
                                     {"exact", what.exact ? "yes" : "no, at least"}});
    }
    raise(alarm::queue_damaged, damage_.words(), now);
}

void queue_news::on_committed(const committed& done, const store::stamp& now) {
    if (!done.in_memory) tell_recovery(done, now);
    if (done.report.damaged > 0) {
        damage_.dropped += done.report.damaged;
        log_.error("messages_damaged", {{"dropped", done.report.damaged}, {"path", buffer_.path}});
        raise(alarm::queue_damaged, damage_.words(), now);
    }
    tell_drops(done.report);
    tell_filling(done.report, now);
}

/// The disk has taken something.
void queue_news::tell_recovery(const committed& done, const store::stamp& now) {
    if (done.unwritten > 0)
        log_.warning("readings_were_dropped", {{"messages", done.unwritten}, {"ledger", "dropped_unwritten"}});
    unwritten_told_ = false;
    failing_.reset();
    clear(alarm::disk_failing, now);
    if (done.report.disk_full) {
        raise(alarm::disk_full, reason_of_full(buffer_), now);
    } else {
        clear(alarm::disk_full, now);
    }
}

/// The first of each kind; how many there are is in the ledger.
void queue_news::tell_drops(const store::commit_report& report) {
    const bool was_full = report.evicted + report.refused + report.thinned > 0;
    if (was_full && !std::exchange(full_told_, true))
        log_.warning("queue_full", {{"path", buffer_.path},
                                    {"policy", name_of(buffer_.policy)},
                                    {"remedy", report.disk_full ? "free some space on the device, and see why the broker is away"
                                                                : "raise buffer.max_bytes, or see why the broker is away"}});
    if (report.aged > 0 && !std::exchange(aged_told_, true))
        log_.warning("messages_too_old", {{"dropped", report.aged},
                                          {"max_age", buffer_.max_age},
                                          {"remedy", "raise buffer.max_age, or see why the broker is away"}});
}

void queue_news::tell_filling(const store::commit_report& report, const store::stamp& now) {
    const auto found = watch_.on_committed(report, queue_watch::time_point(std::chrono::milliseconds(now.monotonic_ms)));
    if (found.news == queue_watch::news::filling) raise(alarm::queue_filling, found.reason, now);
    if (found.news == queue_watch::news::eased) clear(alarm::queue_filling, now);
}

void queue_news::on_failed(const store::error& why, const backlog& behind, const store::stamp& now) {
    // Told once for each kind of failure: every retry may have other words for the same.
    if (failing_ != why.code())
        raise(why.code() == store::errc::full ? alarm::disk_full : alarm::disk_failing, reason_of_failure(why, buffer_), now);
    failing_ = why.code();
    if (behind.unwritten > 0) on_unwritten();
}

void queue_news::on_read_failed(const store::error& why) { log_.error("queue_read_failed", {{"reason", why.detail()}}); }

/// Once for each time that the disk takes nothing.
void queue_news::on_unwritten() {
    if (std::exchange(unwritten_told_, true)) return;
    log_.error("readings_dropped", {{"policy", name_of(buffer_.policy)}, {"reason", "the disk has taken nothing for long"}});
}

void queue_news::on_closed(const backlog& lost) {
    if (lost == backlog{}) return;
    log_.error("readings_lost", {{"messages", lost.waiting + lost.unwritten}, {"reason", "the disk took nothing until the end"}});
}

void queue_news::set_boot_offset(std::int64_t offset_ms) {
    for (auto& told : alarms_.set_boot_offset(offset_ms)) set_status_(told.topic, std::move(told.payload));
}

void queue_news::raise(alarm which, const std::string& reason, const store::stamp& now) {
    auto told = alarms_.raise(which, reason, now);
    if (!told) return;
    set_status_(told->topic, std::move(told->payload));
    log_.error("alarm_raised", {{"alarm", name_of(which)}, {"reason", reason}});
}

void queue_news::clear(alarm which, const store::stamp& now) {
    auto told = alarms_.clear(which, now);
    if (!told) return;
    set_status_(told->topic, std::move(told->payload));
    log_.info("alarm_cleared", {{"alarm", name_of(which)}});
}

}  // namespace gateway

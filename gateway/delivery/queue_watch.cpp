// gateway/delivery/queue_watch.cpp: see queue_watch.hpp.
#include "gateway/delivery/queue_watch.hpp"

#include <array>
#include <cstdio>

#include "gateway/delivery/queue_options.hpp"

namespace gateway {
namespace {

constexpr auto sample_every = std::chrono::minutes(1);
constexpr std::size_t most_samples = 10;
constexpr auto eased_after = std::chrono::minutes(1);

std::uint64_t percent(std::uint64_t part, std::uint64_t of) { return of == 0 ? 0 : part * 100 / of; }

/// One digit behind the point is enough, and says no more than is known.
std::string about(double number, const char* unit) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %s", number, unit);
    return text.data();
}

std::string size_text(std::uint64_t bytes) {
    const auto number = static_cast<double>(bytes);
    return bytes >> 30 > 0 ? about(number / (1 << 30), "GiB") : about(number / (1 << 20), "MiB");
}

std::string time_text(std::chrono::milliseconds time) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
    if (minutes < 120) return std::to_string(minutes) + " min";
    if (minutes < 48 * 60) return std::to_string(minutes / 60) + " h";
    return std::to_string(minutes / (24 * 60)) + " d";
}

}  // namespace

queue_watch::finding queue_watch::on_committed(const store::commit_report& report, time_point now) {
    note(report.bytes_used, now);
    if (report.oldest_age) {
        oldest_age_ = report.oldest_age;
        oldest_age_at_ = now;
    }
    const std::uint64_t used = percent(report.bytes_used, how_.max_bytes);
    // A full device makes the queue full at any size: then that nothing was dropped for a while says that it has eased.
    const bool drops = report.evicted + report.refused + report.thinned > 0;
    if (drops && used < 70) small_and_full_at_ = now;
    const bool was_full_lately = small_and_full_at_ && now - *small_and_full_at_ < eased_after;
    if (level_ != level::low && used < 70 && !was_full_lately) {
        level_ = level::low;
        return {news::eased};
    }
    const level reached = drops ? level::full : used >= 80 ? level::filling : level::low;
    if (reached <= level_) return {};
    level_ = reached;
    return {news::filling, words(report.bytes_used, drops, now)};
}

void queue_watch::note(std::uint64_t bytes, time_point now) {
    if (!samples_.empty() && now - samples_.back().at < sample_every) return;
    samples_.push_back({now, bytes});
    if (samples_.size() > most_samples) samples_.pop_front();
}

std::string queue_watch::words(std::uint64_t bytes, bool full, time_point now) const {
    std::string text =
        "the queue is " + (full ? std::string("full") : std::to_string(percent(bytes, how_.max_bytes)) + " % full");
    text += " (" + size_text(bytes) + " of " + size_text(how_.max_bytes) + ")";
    if (oldest_age_)
        text += ", its oldest messages are " +
                time_text(*oldest_age_ + std::chrono::duration_cast<std::chrono::milliseconds>(now - oldest_age_at_)) + " old";
    const auto left = full ? std::nullopt : time_left(bytes);
    if (left) text += "; at the present rate it is full in " + time_text(*left);
    text += full ? "; " : left ? "; then " : "; once it is full, ";
    return text + consequence_of(how_.policy);
}

/// At the rate of the last minutes; nothing: it isn't known, or the queue isn't growing.
std::optional<std::chrono::milliseconds> queue_watch::time_left(std::uint64_t bytes) const {
    if (samples_.size() < 2 || bytes >= how_.max_bytes) return std::nullopt;
    const sample& first = samples_.front();
    const sample& last = samples_.back();
    if (last.bytes <= first.bytes) return std::nullopt;
    const double rate = static_cast<double>(last.bytes - first.bytes) / std::chrono::duration<double>(last.at - first.at).count();
    const double seconds = static_cast<double>(how_.max_bytes - bytes) / rate;
    constexpr double longest = 3600.0 * 24 * 3650;
    return std::chrono::milliseconds(static_cast<std::int64_t>(1000 * (seconds < longest ? seconds : longest)));
}

}  // namespace gateway

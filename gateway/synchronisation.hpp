// gateway/synchronisation.hpp: is the board's wall clock right? By what the kernel and systemd-timesyncd say of it; and what
// there is to tell when it is set or stepped. Pure: clocks and what the system says come from functions that a test can replace.
// Not here: those functions (clock.hpp), and how old a reading is (store/age.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "config/model.hpp"
#include "store/queue.hpp"

namespace gateway {

/// What the system says.
struct clock_evidence {
    std::optional<bool> kernel;  // whether somebody (NTP, PTP, GPS) keeps its clock right; nothing: it may not be asked
    bool timesyncd = false;      // systemd-timesyncd has set the clock in this boot
    bool operator==(const clock_evidence&) const = default;
};

/// Either will do: timesyncd's word stays when the network has been away for hours, and the kernel's is all that chrony,
/// ntpd and ptp4l give. A battery clock alone proves nothing, however plausible: only the site knows (clock_trust::trusted).
bool is_synchronised(const clock_evidence& found, config::clock_trust how);

/// Stamps moments. Asks the system at most once a second, and at once after a step. Any thread.
class stamper {
public:
    using clocks = std::function<store::stamp()>;  // wall and boot time; `synchronised` is passed over
    using evidence = std::function<clock_evidence()>;
    stamper(clocks read, evidence ask) : read_(std::move(read)), ask_(std::move(ask)) {}

    void trust(config::clock_trust how);
    store::stamp now();
    /// What was said last; by now().
    clock_evidence last_evidence() const;

private:
    bool is_stale(const store::stamp& now) const;

    const clocks read_;
    const evidence ask_;
    mutable std::mutex mutex_;
    config::clock_trust trust_ = config::clock_trust::automatic;
    std::optional<store::stamp> asked_;  // when
    clock_evidence said_;
};

/// What one look at the clock brought.
struct clock_news {
    std::optional<std::int64_t> boot_offset_ms;           // the clock is right for the first time in this boot: keep this
    std::optional<std::chrono::milliseconds> set_by;      // … and it had been seen before that, so much behind
    std::optional<std::chrono::milliseconds> stepped_by;  // it has jumped without becoming right by that
    bool operator==(const clock_news&) const = default;
};

/// Looks at the clock again and again. What the clock has above boot time is taken when it is first right; to slew it changes
/// boot time alike, and what steps it later, an operator's error as well, is told and not followed.
class clock_watch {
public:
    explicit clock_watch(std::optional<std::int64_t> boot_offset_ms) : boot_offset_ms_(boot_offset_ms) {}
    clock_news look(const store::stamp& now);
    std::optional<std::int64_t> boot_offset_ms() const { return boot_offset_ms_; }

private:
    std::optional<std::int64_t> boot_offset_ms_;
    std::optional<std::int64_t> first_ms_;  // what the clock had above boot time at the first look …
    std::int64_t last_ms_ = 0;              // … and at the last
};

}  // namespace gateway

// gateway/delivery/queue_news.hpp: what is told of the queue and its disk: lines in the log, and the retained alarms.
// Not here: what is done about it (store/), and when the alarms are sent (delivery.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "config/model.hpp"
#include "gateway/delivery/alarms.hpp"
#include "gateway/delivery/group_commit.hpp"
#include "gateway/delivery/queue_damage.hpp"
#include "gateway/delivery/queue_watch.hpp"
#include "gateway/log.hpp"
#include "store/queue.hpp"

namespace gateway {

/// `now`: of what is told.
class queue_news {
public:
    /// Sets what a retained topic says, as delivery::set_status() does.
    using set_status = std::function<void(const std::string& topic, std::string text)>;

    queue_news(const config::file& config, const log& to, set_status status);

    void on_opened(const store::recovery& found, const store::stamp& now);
    void on_salvaged(const store::recovery& found, const store::stamp& now);
    void on_committed(const committed& done, const store::stamp& now);
    void on_failed(const store::error& why, const backlog& behind, const store::stamp& now);
    void on_read_failed(const store::error& why);
    /// Messages that wait for the disk had to go from memory.
    void on_unwritten();
    void on_closed(const backlog& lost);
    /// This boot's clock is known: dates the alarms that were told by a wrong one.
    void set_boot_offset(std::int64_t offset_ms);

    /// Another buffer section is in force, and the file is open again.
    void follow(const config::buffer& now);

    /// The last commit did.
    bool has_failed() const { return failing_.has_value(); }

private:
    void tell_recovery(const committed& done, const store::stamp& now);
    void tell_drops(const store::commit_report& report);
    void tell_filling(const store::commit_report& report, const store::stamp& now);
    void raise(alarm which, const std::string& reason, const store::stamp& now);
    void clear(alarm which, const store::stamp& now);

    config::buffer buffer_;
    const log& log_;
    const set_status set_status_;
    alarms alarms_;
    queue_watch watch_;
    queue_damage damage_;
    std::optional<store::errc> failing_;  // how the last commit failed, if it did
    bool unwritten_told_ = false;         // since the disk last took something
    bool full_told_ = false;
    bool aged_told_ = false;
};

}  // namespace gateway

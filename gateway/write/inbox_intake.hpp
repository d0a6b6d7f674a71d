// gateway/write/inbox_intake.hpp: messages on their way from the session into the inbox, so that the broker is told of each only
// when it is there. Pure. Not here: what becomes of them then (writes.hpp).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "gateway/delivery/group_commit.hpp"
#include "store/queue.hpp"

namespace gateway {

/// If the inbox has no room, nothing of what was saved is acknowledged, and all of it is saved again later, in its order: until
/// then the broker has those messages still, and what comes behind them waits as well.
class inbox_intake {
public:
    /// A message of the session's, before the save that it belongs to; or of QoS 0, which belongs to none.
    void on_received(store::received_message what) { arrived_.push_back(std::move(what)); }
    bool has_arrived() const { return !arrived_.empty(); }

    /// Completes a save before it goes to the store: what has arrived goes with it.
    void add_to(save_request& to);

    struct taken {
        std::vector<store::waiting_message> messages;  // in the inbox now
        bool may_acknowledge = true;                   // what the commit saved for the session
    };
    taken on_committed(const committed& done);

    /// After a refusal: to be saved once more, after a pause. Nothing: there was none.
    bool wants_retry() const { return refused_; }
    save_request retry();

    /// The session is gone, and the broker sends all of it again.
    void forget();

private:
    std::vector<store::received_message> arrived_;
    std::deque<store::received_message> saved_;       // not known to be in the inbox
    std::optional<std::vector<std::uint16_t>> held_;  // as of the last save
    std::uint64_t position_ = 0;
    std::uint64_t refusals_ = 0;
    bool refused_ = false;   // there is something to be saved once more …
    bool retrying_ = false;  // … and it is on its way
};

}  // namespace gateway

// mqtt/lane.hpp: the arithmetic of one lane: which messages are finished, released, in flight; which comes next; which
// packet identifier is whose; what of it must be durable before what.
// Not here: packets, connections, time. Nothing of a message is kept but its number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "mqtt/ring.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

/// Everything at or below the watermark `acked` is finished. Above it there is one entry for each message that is in flight,
/// released (PUBREC came, PUBCOMP not yet) or finished out of turn, and one for each run of numbers that the log no longer
/// has. So its size is bounded by the window and by `most_beyond`, not by the sequence numbers.
class lane {
public:
    /// `newest`: the last message in the log at this moment, if known: nothing above it can have been sent.
    lane(lane_range range, const lane_state& saved, std::optional<sequence> newest);

    lane_state state() const;
    packet_id id_of(sequence at) const;

    // -- sending --
    sequence next() const { return next_; }
    /// True if the identifier of `at` is surely free, also after a crash: all that could bear it are durably finished.
    bool fits(sequence at) const;
    /// True if the list of what is finished out of turn has room.
    bool has_room() const { return finished_beyond_ < most_beyond; }
    /// `at` needs no sending: it is finished or released.
    bool is_settled(sequence at) const { return at <= acked_ || covering(at) != nullptr; }
    /// The numbers from next() up to below `at` are not in the log: as good as finished.
    void pass_over(sequence at);
    /// `at` is in flight, or on its way out. Requires: at >= next(), fits(at), not is_settled(at). Passes over what is below.
    void begin(sequence at, qos level);
    /// `at` will never be sent: begin() and finish() in one.
    void skip(sequence at);

    /// True if `at` may have been sent before this connection, in the session that this connection resumed.
    bool is_repeat(sequence at) const { return at <= repeats_up_to_; }
    /// True while there are such messages to send again.
    bool is_repeating() const { return is_repeat(next_); }
    /// True if it is to be skipped, since its session was lost and the policy says drop.
    bool is_dropped(sequence at) const { return at <= dropped_up_to_; }

    // -- acknowledgements --
    enum class stage : std::uint8_t { unknown, unsent_repeat, sent_qos_0, sent_qos_1, sent_qos_2, released };
    struct owner {
        sequence at{0};
        lane::stage stage = stage::unknown;
    };
    /// Whose identifier this is. `unsent_repeat`: a message of an earlier connection of this session, not sent on this one.
    /// `shown`: what is above it has not left yet.
    owner find(packet_id id, sequence shown) const;
    /// PUBREC came; that is durable with the save at `position`.
    void release(sequence at, log_position position);
    /// The broker, or we, have done with it. Requires: it is in flight or released, or is not below next().
    void finish(sequence at);

    /// Released and unfinished, in the order of their PUBRECs, each with the position that makes it durable.
    struct release_point {
        sequence at{0};
        log_position position{0};
    };
    const std::vector<release_point>& released() const { return released_; }
    /// The position that PUBREL for `at` needs. Requires: it is released.
    log_position released_at(sequence at) const;

    std::size_t in_flight() const { return sent_ + released_.size(); }
    /// The oldest that was sent on this connection and has had no answer, at or below `shown`.
    std::optional<sequence> oldest_unanswered(sequence shown) const;

    // -- the life of the session --
    /// The connection is gone: what was sent without an answer is to be sent again. `shown`: what is above it never left.
    void interrupt(sequence shown);
    struct loss {
        std::uint64_t delivered = 0;    // released: the broker had taken them over
        std::uint64_t outstanding = 0;  // may have been sent, and nothing is known of them
    };
    /// The broker kept nothing. Call while interrupted. Nothing sent from now on is a repeat.
    loss lose_session(on_session_loss policy);

    sequence highest_sent() const { return highest_sent_; }
    /// All at or below it are finished.
    sequence acked() const { return acked_; }

    // -- durability --
    /// The mark "may have been sent" doesn't reach far enough beyond `at`. Then raise_mark(), and a save.
    bool needs_mark(sequence at) const;
    void raise_mark(sequence at);
    /// A save at `position` holds state().
    void on_saved(log_position position);
    void on_durable(log_position up_to);
    /// The position that a PUBLISH of `at` needs; `unsaved` if no save holds it yet.
    log_position publishable_at(sequence at, log_position unsaved) const;

    static constexpr std::size_t most_beyond = 1024;
    static constexpr std::int64_t mark_step = 256;
    static constexpr std::int64_t mark_reserve = 128;

private:
    enum class kind : std::uint8_t { sent, released, finished, missing };
    struct entry {
        sequence first{0};
        sequence last{0};  // beyond first only for a run that is missing
        lane::kind kind = kind::sent;
        qos level = qos::exactly_once;
    };
    struct saved_marks {
        log_position position{0};
        sequence acked{0};
        sequence maybe_sent{0};
    };
    /// Nothing bears an identifier, nor would after a crash.
    bool is_idle() const { return entries_.empty() && durable_acked_ == acked_; }
    ring<entry>::iterator lower(sequence at);
    ring<entry>::const_iterator lower(sequence at) const;
    const entry* covering(sequence at) const;
    void insert(const entry& what);
    void step_over();
    void collapse();

    lane_range range_;
    sequence acked_{0};
    sequence maybe_sent_{0};
    sequence next_{1};
    ring<entry> entries_;  // ascending, all above acked_
    std::vector<release_point> released_;
    std::size_t sent_ = 0;
    std::size_t finished_beyond_ = 0;
    sequence highest_sent_{0};
    sequence repeats_up_to_{0};
    sequence dropped_up_to_{0};
    // What a restart would find, and what later saves will make of it.
    sequence durable_acked_{0};
    sequence durable_mark_{0};
    ring<saved_marks> saves_;
};

}  // namespace mqtt

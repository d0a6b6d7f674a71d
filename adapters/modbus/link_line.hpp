// adapters/modbus/link_line.hpp: one request and its answer where frames bear no number: RTU and ASCII, over any channel.
// Not here: opening and closing the channel (link_over_line.cpp). One thread, but for the interruption.
//
// Receiving is ours and not libmodbus's, which takes a late answer for the next request's, gives up at the first frame of
// another unit and leaves the awaited answer in the buffer, and loses an answer to one glitch byte before it.
//
// Adapters of two-wire lines may hear themselves. An echo of a read is never an answer; that of a write of one register or coil
// is, byte for byte, its acknowledgement. It is skipped if the settings tell of the echo, and also if the last request that was
// answered came back before its answer. Where neither is so (the very first request is such a write), the echo passes for the
// acknowledgement, and reading back what was written is what finds a device that has never got it.
#pragma once

#include <optional>
#include <vector>

#include "adapters/modbus/channel.hpp"
#include "adapters/modbus/frame_search.hpp"
#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/link_late.hpp"

namespace modbus {

/// What an exchange keeps to. Where the line is behind a network, its own pace isn't known: character and gap are 0.
struct line_timing {
    nanoseconds character{0};
    nanoseconds gap{0};                // t3.5: the least silence between frames
    nanoseconds spacing{0};            // the least silence before a request
    nanoseconds timeout{500'000'000};  // from the request's end to the answer's first byte
    nanoseconds slack{50'000'000};     // the longest pause within an answer, beside what a receiver's buffer makes of it
    nanoseconds late_window{0};        // at least; the time-out in force makes it as long as that
    nanoseconds silence{50'000'000};   // ends an answer whose length isn't known
    nanoseconds character_timeout{0};  // the longest pause within an ASCII answer; 0: as of RTU
    nanoseconds broadcast_turnaround{200'000'000};
};

class line_exchange {
public:
    enum class echo : bool { unknown, certain };

    /// `over` and `interrupted` outlive this.
    line_exchange(line_framing how, const line_timing& timing, line_exchange::echo heard, channel& over,
                  const interruption& interrupted);

    enum class way : bool { port, connection };
    /// The channel was opened (again). What units owe is remembered beyond that.
    void opened(line_exchange::way over);
    /// As link::transact. Requires: the channel is open. After `down` it is of no use any more.
    answer transact(const transaction& request, nanoseconds timeout);
    /// As link::watch.
    void watch(wire_listener to);

private:
    enum class quiet : std::uint8_t { ready, interrupted, lost, noisy };
    struct wanted {
        const transaction& request;
        looked_for target;
        time_point sent;      // when the request's last byte left, computed
        time_point deadline;  // for the answer's first byte
    };
    struct outcome {
        answer result;
        bool answer_spent = true;  // whatever came, no answer to this request is still to come
    };

    quiet wait_out_late_window(std::uint8_t unit);
    quiet wait_for_silence();
    answer broadcast(const transaction& request);
    answer transact_in_step(const transaction& request, nanoseconds timeout);
    std::optional<answer> bring_into_step(const transaction& request, nanoseconds timeout);
    std::optional<answer> knock(const transaction& request, nanoseconds timeout);
    answer ask(const transaction& request, nanoseconds timeout);
    bool send(const transaction& request, bytes_view frame);
    looked_for target_of(const transaction& request, bytes_view frame) const;
    outcome await(wanted what);
    nanoseconds rest_of(const search& found) const;
    time_point worth_looking_at(const search& found) const;
    time_point limit_of(const search& found, const wanted& what, bool damaged) const;
    outcome give_up(const search& found, const wanted& what, bool damaged) const;
    answer take(search& found, const wanted& what);
    void pass_echo(const search& found, wanted& what);
    bool drain();
    bool receive();
    void note_foreign(const search& found);
    void forget_front(std::size_t count);
    void erase_front(std::size_t count);
    void note_discarded(std::size_t count);
    void tell_discarded();
    void tell(wire_event what, bytes_view bytes, time_point at);
    answer stopped(quiet why);
    answer lost();

    line_framing framing_;
    line_timing timing_;
    line_exchange::echo echo_;
    channel& channel_;
    const interruption& interrupted_;
    late_answers late_;
    bool heard_itself_ = false;         // the last request that was answered came back first
    std::vector<std::uint8_t> bytes_;   // arrived and not settled
    std::vector<time_point> arrivals_;  // when each of them did
    time_point last_active_{};          // the end of the line's last byte, either way

    // For whoever watches:
    wire_listener listener_;               // empty: nobody
    std::size_t noted_ = 0;                // so many of bytes_ are in discarded_, or were
    std::vector<std::uint8_t> discarded_;  // not told yet: noise comes in pieces
    time_point discarded_at_{};

    int error_ = 0;  // errno of the call that failed; 0: end of file

    // Since the request, for the detail of an answer that isn't there:
    std::size_t heard_ = 0;  // bytes
    bool echo_came_ = false;
    std::vector<foreign_frame> overheard_;
};

}  // namespace modbus

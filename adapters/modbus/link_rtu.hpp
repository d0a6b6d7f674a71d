// adapters/modbus/link_rtu.hpp: one RTU request and its answer over a descriptor, be it a serial port or a socket.
// Not here: opening and closing it. One thread, but for the interruption.
//
// Receiving is ours and not libmodbus's, which takes a late answer for the next request's, gives up at the first frame of
// another unit and leaves the awaited answer in the buffer, and loses an answer to one glitch byte before it.
#pragma once

#include <functional>
#include <vector>

#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/link_late.hpp"
#include "adapters/modbus/link_wait.hpp"
#include "adapters/modbus/rtu_frame.hpp"

namespace modbus {

/// What an exchange keeps to. Over a socket the line's own pace isn't known: character and gap are 0.
struct rtu_timing {
    nanoseconds character{0};
    nanoseconds gap{0};                      // t3.5: the least silence between frames
    nanoseconds spacing{0};                  // the least silence before a request
    nanoseconds timeout{500'000'000};        // from the request's end to the answer's first byte
    nanoseconds slack{50'000'000};           // how much longer than its wire time an answer may take, once begun
    nanoseconds late_window{1'000'000'000};  // at least; a longer time-out makes it longer
};

class rtu_exchange {
public:
    /// Sends a whole request; false: errno says why not.
    using sender = std::function<bool(bytes_view request)>;

    /// `interrupted` outlives this.
    rtu_exchange(const rtu_timing& timing, const interruption& interrupted);

    /// The line was opened (again). What units owe is remembered beyond that.
    void attach(int descriptor, sender send);
    void detach();
    bool attached() const { return descriptor_ >= 0; }

    /// As link::read. Requires: attached. After `down` the descriptor is of no use any more, and is detached.
    answer read(const read_request& request, nanoseconds timeout);

    /// Takes in what has arrived unasked; false if the line is lost.
    bool drain();

private:
    enum class quiet : std::uint8_t { ready, interrupted, lost, noisy };
    struct wanted {
        read_request request;
        answer_shape shape;
        time_point sent;      // when the request's last byte left, computed
        time_point deadline;  // for the answer's first byte
    };
    struct outcome {
        answer result;
        bool answer_spent = true;  // whatever came, no answer to this request is still to come
    };

    quiet wait_out_late_window(std::uint8_t unit);
    quiet wait_for_silence();
    answer read_in_step(const read_request& request, nanoseconds timeout);
    answer ask(const read_request& request, nanoseconds timeout);
    answer listen_on(answer first, const read_request& request);
    outcome await(const wanted& what);
    time_point worth_looking_at(const search& found) const;
    time_point limit_of(const search& found, const wanted& what, bool damaged) const;
    outcome give_up(const search& found, const wanted& what, bool damaged) const;
    answer take(const search& found, const wanted& what);
    bool is_echo(const search& found, const wanted& what) const;
    bool receive();
    void note_foreign(const search& found);
    void forget_front(std::size_t count);
    answer stopped(quiet why);
    answer lost();

    rtu_timing timing_;
    const interruption& interrupted_;
    late_answers late_;
    int descriptor_ = -1;
    sender send_;
    std::vector<std::uint8_t> bytes_;   // arrived and not settled
    std::vector<time_point> arrivals_;  // when each of them did
    time_point last_active_{};          // the end of the line's last byte, either way
    int error_ = 0;                     // errno of the call that failed; 0: end of file

    // Since the request, for the detail of an answer that isn't there:
    std::size_t heard_ = 0;  // bytes
    std::vector<foreign_frame> overheard_;
};

}  // namespace modbus

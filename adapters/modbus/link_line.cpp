// adapters/modbus/link_line.cpp: see link_line.hpp.
// Not here: opening and closing the channel.
#include "adapters/modbus/link_line.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <optional>
#include <tuple>
#include <utility>

namespace modbus {
namespace {

/// Beyond this a line that is never quiet is given up for this request.
constexpr nanoseconds babble_max{1'000'000'000};
/// So many pauses of the longest kind an ASCII answer may have.
constexpr int pauses_max = 10;
/// So many characters a receiver may gather before it passes any on.
constexpr std::size_t gathered_max = 64;

}  // namespace

line_exchange::line_exchange(line_framing how, const line_timing& timing, line_exchange::echo heard, channel& over,
                             const interruption& interrupted)
    : framing_(how), timing_(timing), echo_(heard), channel_(over), interrupted_(interrupted) {}

void line_exchange::opened(line_exchange::way over) {
    forget_front(bytes_.size());
    if (over == way::connection) late_.connection_renewed();
    last_active_ = channel_.now();  // Nobody knows what was on the line until now: the first request waits for silence, too.
}

answer line_exchange::transact(const transaction& request, nanoseconds timeout) {
    assert(channel_.is_open() && !request.pdu.empty() && request.pdu.size() <= pdu_max);
    sharpen_timers();
    if (request.unit == 0) return broadcast(request);
    const quiet window = wait_out_late_window(request.unit);
    if (window != quiet::ready) return stopped(window);
    return transact_in_step(request, timeout > nanoseconds(0) ? timeout : timing_.timeout);
}

/// Nobody answers; the devices are left alone until they have done it.
answer line_exchange::broadcast(const transaction& request) {
    const quiet before = wait_for_silence();
    if (before != quiet::ready) return stopped(before);
    const auto frame = frame_of(framing_, request.unit, request.pdu);
    if (!send(request, frame)) return lost();
    answer result;
    result.sent = true;
    if (channel_.wait_until(last_active_ + timing_.broadcast_turnaround, interrupted_) == woken::interrupted) {
        result.status = answer_status::interrupted;
        return result;
    }
    result.status = answer_status::ok;
    // What is heard of the request itself isn't the beginning of anything.
    if (!drain()) return lost();
    forget_front(bytes_.size());
    return result;
}

/// The remedies of link_late.hpp, where an older answer could be taken for this one.
answer line_exchange::transact_in_step(const transaction& request, nanoseconds timeout) {
    switch (late_.remedy_for(request, channel_.now())) {
        case late_remedy::none:
            break;
        case late_remedy::wait:
            return no_answer(answer_status::silent, "left alone, for an older request's answer may still come");
        case late_remedy::odd_read:
            if (auto failed = bring_into_step(request, timeout)) return *std::move(failed);
    }
    answer result = ask(request, timeout);
    if (result.status == answer_status::ok) {
        late_.in_step(request.unit);
        if (const auto read = as_read(request)) late_.answered(*read);
    }
    if (result.status == answer_status::exception) late_.remains_owed(request, channel_.now());
    return result;
}

/// Nothing: nothing older can follow any more. An exception has no shape and may be an older request's: it takes one more of them
/// than answers that are owed, or registers.
std::optional<answer> line_exchange::bring_into_step(const transaction& request, nanoseconds timeout) {
    constexpr unsigned exceptions_max = 8;
    if (auto dead = knock(request, timeout)) return dead;
    const unsigned owed = std::min(late_.owed(request.unit), exceptions_max);
    for (unsigned exceptions = 0; exceptions <= owed; ++exceptions) {
        const auto read = late_.odd_read_for(request, channel_.now());
        if (!read) break;
        answer odd = ask(read_of(*read), timeout);
        odd.sent = false;  // nothing of the request itself
        if (odd.status == answer_status::ok) break;
        if (odd.status != answer_status::exception) return odd;
        late_.remains_owed(read_of(*read), channel_.now());
    }
    late_.in_step(request.unit);
    return std::nullopt;
}

/// Nothing: the unit is alive, or there is no need to know.
std::optional<answer> line_exchange::knock(const transaction& request, nanoseconds timeout) {
    const auto owed = late_.knock_for(request, channel_.now());
    if (!owed) return std::nullopt;
    const transaction knocking = read_of(*owed);
    answer got = ask(knocking, timeout);
    got.sent = false;  // nothing of the request itself
    // It may be an older one's, and then its own is still to come.
    if (got.status == answer_status::ok || got.status == answer_status::exception) {
        late_.remains_owed(knocking, channel_.now());
        return std::nullopt;
    }
    return got;
}

answer line_exchange::ask(const transaction& request, nanoseconds timeout) {
    const quiet before = wait_for_silence();
    if (before != quiet::ready) return stopped(before);
    const auto frame = frame_of(framing_, request.unit, request.pdu);
    if (!send(request, frame)) {
        answer result = lost();
        result.sent = true;
        return result;
    }
    const time_point deadline = last_active_ + timeout;
    outcome out = await({request, target_of(request, frame), last_active_, deadline});
    out.result.sent = true;
    if (!out.answer_spent)
        late_.timed_out(request, channel_.now(), deadline + std::max({timeout, timing_.timeout, timing_.late_window}));
    return std::move(out.result);
}

/// False: errno says why not.
bool line_exchange::send(const transaction& request, bytes_view frame) {
    forget_front(bytes_.size());
    heard_ = 0;
    echo_came_ = false;
    overheard_.clear();
    if (request.sending) request.sending();
    const time_point begin = channel_.now();
    if (!channel_.send(frame)) {
        error_ = errno;
        return false;
    }
    // The call returns when the bytes are in a buffer; on the wire they take their time.
    last_active_ = begin + timing_.character * static_cast<std::int64_t>(frame.size());
    tell(wire_event::sent, frame, last_active_);
    return true;
}

looked_for line_exchange::target_of(const transaction& request, bytes_view frame) const {
    looked_for target;
    target.unit = request.unit;
    target.form = form_of(request.pdu);
    target.request_frame = frame;
    target.echo_expected = !echo_came_ && (echo_ == echo::certain || heard_itself_);
    return target;
}

line_exchange::outcome line_exchange::await(wanted what) {
    bool damaged = false;
    const time_point last_chance = what.deadline + timing_.character * static_cast<std::int64_t>(frame_size(framing_, pdu_max)) +
                                   timing_.slack + timing_.character_timeout * pauses_max + babble_max;
    for (;;) {
        search found = find_answer(framing_, bytes_, what.target);
        note_foreign(found);
        if (found.result == search_result::echo) {
            pass_echo(found, what);
            continue;
        }
        if (found.result != search_result::need_more) return {take(found, what), true};
        damaged = damaged || found.damaged;
        forget_front(found.settled);
        found.at -= std::min(found.at, found.settled);
        if (channel_.now() >= last_chance) {
            note_discarded(bytes_.size());
            return give_up(found, what, damaged);
        }
        if (const time_point when = worth_looking_at(found); when > channel_.now()) {
            if (channel_.wait_until(when, interrupted_) == woken::interrupted) return {was_interrupted(), false};
        }
        switch (channel_.wait_for_input(limit_of(found, what, damaged), interrupted_)) {
            case woken::interrupted:
                return {stopped(quiet::interrupted), false};
            case woken::time:
                if (found.whole_if_silent) return {take(found, what), true};
                note_discarded(bytes_.size());
                return give_up(found, what, damaged);
            case woken::ready:
                // The device may answer all the same, and be heard when the line is open again, unless it has begun to.
                if (!receive()) return {lost(), found.begun};
        }
    }
}

/// The time on the wire of what is missing of an answer, or of as much of it as must show before then.
nanoseconds line_exchange::rest_of(const search& found) const {
    const std::size_t missing = found.size > found.matched ? found.size - found.matched : 0;
    return timing_.character * static_cast<std::int64_t>(std::min(missing, gathered_max));
}

/// The rest of an answer can't be there before its time on the wire: sleeping through it spares a wake-up for every byte.
time_point line_exchange::worth_looking_at(const search& found) const {
    const nanoseconds watched = timing_.character * 3;  // the end, so that the moment of the last byte is known
    if (!found.begun || found.whole_if_silent) return last_active_;
    return last_active_ + std::max(rest_of(found) - watched, nanoseconds(0));
}

/// Until when the next byte is waited for.
time_point line_exchange::limit_of(const search& found, const wanted& what, bool damaged) const {
    if (found.whole_if_silent) return last_active_ + timing_.silence;
    if (found.matched == 0) {
        // An RTU answer is damaged when all of it is there, an ASCII one as soon as a character is.
        const nanoseconds rest = framing_ == line_framing::rtu ? timing_.gap : timing_.slack;
        return damaged ? last_active_ + rest : what.deadline;
    }
    if (channel_.is_datagram()) return what.deadline;  // what is cut is not gone on with
    const bool has_own = timing_.character_timeout > nanoseconds(0);
    const time_point next = last_active_ + (has_own ? timing_.character_timeout : rest_of(found) + timing_.slack);
    return found.begun ? next : std::max(next, what.deadline);
}

line_exchange::outcome line_exchange::give_up(const search& found, const wanted& what, bool damaged) const {
    answer none = no_answer(answer_status::silent, "");
    // What has begun with a right head, or was whole but damaged, was the answer: no other is owed.
    if (found.begun) {
        none.detail = "damaged answer: broke off after " + std::to_string(found.matched) + " of " + std::to_string(found.size) +
                      (framing_ == line_framing::rtu ? " bytes" : " characters");
        return {none, true};
    }
    if (damaged) {
        none.detail = framing_ == line_framing::rtu ? "damaged answer (CRC)" : "damaged answer (LRC)";
        return {none, true};
    }
    none.detail = "no answer within " + in_milliseconds(what.deadline - what.sent);
    const auto other_length = std::find_if(overheard_.begin(), overheard_.end(), [&](const foreign_frame& frame) {
        return frame.kind == frame_kind::answer && frame.unit == what.request.unit &&
               frame.shape.function == what.target.form.function();
    });
    const answer_shape shape = shape_of(what.request);
    if (other_length != overheard_.end() && shape.content == 0 && shape.data_bytes != answer_shape::any) {
        none.detail += ", but one with " + std::to_string(other_length->shape.data_bytes) + " data bytes where " +
                       std::to_string(shape.data_bytes) + " were asked for";
    } else if (other_length != overheard_.end()) {
        none.detail += ", but one that doesn't repeat what was asked";
    } else if (!overheard_.empty()) {
        none.detail += ", only frames of others";
    } else if (echo_ == echo::certain && !echo_came_) {
        none.detail += heard_ == 0 ? ", nor the request's echo: is the line connected?"
                                   : ", and the request's echo came back changed: two talked at once, or the line is bad";
    } else if (echo_came_) {
        none.detail += ", only the request's echo";
    } else if (heard_ > 0) {
        none.detail += std::string(": a damaged answer (") + (framing_ == line_framing::rtu ? "CRC" : "LRC") + ") or noise, " +
                       std::to_string(heard_) + (framing_ == line_framing::rtu ? " bytes" : " characters");
    }
    return {none, false};
}

answer line_exchange::take(search& found, const wanted& what) {
    answer result;
    const bool exception = (found.pdu[0] & exception_bit) != 0;
    if (exception) {
        result = exception_answer(found.pdu[1]);
    } else {
        result.status = answer_status::ok;
        result.pdu = std::move(found.pdu);
    }
    result.turnaround = std::max(nanoseconds(arrivals_[found.at] - what.sent), nanoseconds(0));
    // An acknowledgement that an echo would equal says nothing about echoes.
    if (exception || !what.target.form.may_equal_request()) heard_itself_ = echo_came_;
    forget_front(found.at);
    const std::size_t size = std::min(found.size, bytes_.size());
    if (size > 0) tell(wire_event::received, bytes_view(bytes_).first(size), arrivals_[size - 1]);
    erase_front(size);
    return result;
}

void line_exchange::pass_echo(const search& found, wanted& what) {
    echo_came_ = true;
    what.target.echo_expected = false;
    forget_front(found.at + found.size);
}

line_exchange::quiet line_exchange::wait_out_late_window(std::uint8_t unit) {
    for (;;) {
        const auto until = late_.window_of(unit);
        if (!until || channel_.now() >= *until) return quiet::ready;
        const woken why = channel_.wait_for_input(*until, interrupted_);
        if (why == woken::interrupted) return quiet::interrupted;
        if (why == woken::ready && !drain()) return quiet::lost;
    }
}

line_exchange::quiet line_exchange::wait_for_silence() {
    const nanoseconds silence = std::max(timing_.gap, timing_.spacing);
    const time_point last_chance = channel_.now() + silence + babble_max;
    for (;;) {
        const time_point quiet_at = last_active_ + silence;
        woken why = channel_.wait_for_input(quiet_at, interrupted_);
        // Woken late, something may have come since.
        if (why == woken::time && channel_.now() > quiet_at) why = channel_.wait_for_input(quiet_at, interrupted_);
        if (why == woken::interrupted) return quiet::interrupted;
        if (why == woken::time) return quiet::ready;
        if (!drain()) return quiet::lost;
        if (channel_.now() >= last_chance) return quiet::noisy;
    }
}

/// Takes in what has arrived unasked; false if the line is lost.
bool line_exchange::drain() {
    if (!receive()) return false;
    const search found = find_frames(framing_, bytes_);
    note_foreign(found);
    forget_front(found.settled);
    return true;
}

/// False if the line is lost; nothing to read is no loss.
bool line_exchange::receive() {
    std::array<std::uint8_t, 1024> chunk;
    const ssize_t count = channel_.receive(chunk);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (count <= 0) {
        error_ = count < 0 ? errno : 0;
        return false;
    }
    last_active_ = channel_.now();
    heard_ += static_cast<std::size_t>(count);
    bytes_.insert(bytes_.end(), chunk.begin(), chunk.begin() + count);
    arrivals_.insert(arrivals_.end(), static_cast<std::size_t>(count), last_active_);
    return true;
}

void line_exchange::note_foreign(const search& found) {
    constexpr std::size_t overheard_max = 16;
    for (const foreign_frame& frame : found.foreign) {
        std::ignore = late_.seen(frame);
        if (overheard_.size() < overheard_max) overheard_.push_back(frame);
    }
}

/// They were no answer.
void line_exchange::forget_front(std::size_t count) {
    note_discarded(count);
    erase_front(count);
}

void line_exchange::erase_front(std::size_t count) {
    noted_ -= std::min(noted_, count);
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(count));
    arrivals_.erase(arrivals_.begin(), arrivals_.begin() + static_cast<std::ptrdiff_t>(count));
}

answer line_exchange::stopped(quiet why) {
    switch (why) {
        case quiet::interrupted:
            return was_interrupted();
        case quiet::noisy:
            return no_answer(answer_status::silent, "the line is never quiet: no request was sent");
        case quiet::lost:
            return lost();
        case quiet::ready:
            break;
    }
    assert(false);
    return {};
}

answer line_exchange::lost() {
    channel_.close();
    const std::string why = error_ == 0 ? "closed by the other side" : system_words(error_);
    return no_answer(answer_status::down, "lost: " + why);
}

}  // namespace modbus

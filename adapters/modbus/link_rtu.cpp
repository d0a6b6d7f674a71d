// adapters/modbus/link_rtu.cpp: see link_rtu.hpp.
// Not here: opening and closing the line.
#include "adapters/modbus/link_rtu.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <tuple>
#include <utility>

namespace modbus {
namespace {

/// Beyond this a line that is never quiet is given up for this read.
constexpr nanoseconds babble_max{1'000'000'000};
/// Unit, function and byte count: from here on a beginning is taken for the answer, and not for noise.
constexpr std::size_t head_size = 3;

}  // namespace

rtu_exchange::rtu_exchange(const rtu_timing& timing, const interruption& interrupted)
    : timing_(timing), interrupted_(interrupted) {}

void rtu_exchange::attach(int descriptor, sender send) {
    assert(descriptor >= 0 && descriptor_ < 0);
    descriptor_ = descriptor;
    send_ = std::move(send);
    bytes_.clear();
    arrivals_.clear();
    last_active_ = now();  // Nobody knows what was on the line until now: the first request waits for silence, too.
}

void rtu_exchange::detach() {
    descriptor_ = -1;
    send_ = nullptr;
}

answer rtu_exchange::read(const read_request& request, nanoseconds timeout) {
    assert(attached() && request.count > 0);
    sharpen_timers();
    const quiet window = wait_out_late_window(request.unit);
    if (window != quiet::ready) return stopped(window);
    return read_in_step(request, timeout > nanoseconds(0) ? timeout : timing_.timeout);
}

/// The remedies of link_late.hpp, where an older answer could be taken for this one.
answer rtu_exchange::read_in_step(const read_request& request, nanoseconds timeout) {
    const late_remedy remedy = late_.remedy_for(request);
    if (remedy == late_remedy::odd_read) {
        const answer odd = ask(*late_.odd_read_for(request), timeout);
        if (odd.status == answer_status::silent) late_.odd_read_unanswered(request.unit);
        if (odd.status != answer_status::ok && odd.status != answer_status::exception) return odd;
        late_.in_step(request.unit);
    }
    answer result = ask(request, timeout);
    const bool answered = result.status == answer_status::ok || result.status == answer_status::exception;
    if (answered && remedy == late_remedy::listen_on) {
        result = listen_on(std::move(result), request);
        if (result.status == answer_status::exception) late_.in_step(request.unit);
    }
    if (result.status == answer_status::ok) late_.in_step(request.unit);
    if (result.status == answer_status::exception) late_.exception_came(request);
    return result;
}

answer rtu_exchange::ask(const read_request& request, nanoseconds timeout) {
    const quiet before = wait_for_silence();
    if (before != quiet::ready) return stopped(before);
    forget_front(bytes_.size());
    heard_ = 0;
    overheard_.clear();

    const auto frame = encode_request(request);
    const time_point begin = now();
    if (!send_(frame)) {
        error_ = errno;
        return lost();
    }
    // The call returns when the bytes are in a buffer; on the wire they take their time.
    last_active_ = begin + timing_.character * static_cast<std::int64_t>(frame.size());
    outcome out = await({request, shape_of(request), last_active_, last_active_ + timeout});
    if (!out.answer_spent) late_.timed_out(request, now() + std::max({timeout, timing_.timeout, timing_.late_window}));
    return std::move(out.result);
}

answer rtu_exchange::listen_on(answer first, const read_request& request) {
    for (int others = 0; others < 4; ++others) {
        outcome next = await({request, shape_of(request), last_active_, now() + timing_.timeout});
        if (next.result.status == answer_status::silent) return first;
        first = std::move(next.result);
        if (first.status != answer_status::ok && first.status != answer_status::exception) return first;
    }
    return no_answer(answer_status::silent, "answers keep coming that nobody asked for");
}

rtu_exchange::outcome rtu_exchange::await(const wanted& what) {
    bool damaged = false;
    const time_point last_chance =
        what.deadline + timing_.character * static_cast<std::int64_t>(frame_size(what.shape)) + timing_.slack + babble_max;
    for (;;) {
        search found = find_answer(bytes_, what.request.unit, what.shape);
        note_foreign(found);
        if (found.result != search_result::need_more) {
            if (!is_echo(found, what)) return {take(found, what), true};
            forget_front(found.at + found.size);
            continue;
        }
        damaged = damaged || found.damaged;
        forget_front(found.settled);
        found.at -= std::min(found.at, found.settled);
        if (now() >= last_chance) return give_up(found, what, damaged);
        if (wait_for(-1, 0, worth_looking_at(found), interrupted_) == woken::interrupted) return {was_interrupted(), false};
        switch (wait_for(descriptor_, POLLIN, limit_of(found, what, damaged), interrupted_)) {
            case woken::interrupted:
                return {stopped(quiet::interrupted), false};
            case woken::time:
                return give_up(found, what, damaged);
            case woken::ready:
                if (!receive()) return {lost(), true};
        }
    }
}

/// The rest of an answer can't be there before its time on the wire: sleeping through it spares a wake-up for every byte.
time_point rtu_exchange::worth_looking_at(const search& found) const {
    constexpr std::size_t watched = 3;  // bytes at the end, so that the moment of the last one is known
    const std::size_t missing = found.matched < head_size ? 0 : found.size - found.matched;
    return missing <= watched ? last_active_ : last_active_ + timing_.character * static_cast<std::int64_t>(missing - watched);
}

/// Until when the next byte is waited for.
time_point rtu_exchange::limit_of(const search& found, const wanted& what, bool damaged) const {
    if (found.matched == 0) return damaged ? last_active_ + timing_.gap : what.deadline;
    const time_point begun = arrivals_[found.at];
    const time_point whole = begun + timing_.character * static_cast<std::int64_t>(found.size) + timing_.slack;
    return found.matched >= head_size ? whole : std::max(whole, what.deadline);
}

rtu_exchange::outcome rtu_exchange::give_up(const search& found, const wanted& what, bool damaged) const {
    answer none = no_answer(answer_status::silent, "");
    // What has begun with a right head, or was whole but damaged, was the answer: no other is owed.
    if (found.matched >= head_size) {
        none.detail =
            "damaged answer: broke off after " + std::to_string(found.matched) + " of " + std::to_string(found.size) + " bytes";
        return {none, true};
    }
    if (damaged) {
        none.detail = "damaged answer (CRC)";
        return {none, true};
    }
    none.detail = "no answer within " + in_milliseconds(what.deadline - what.sent);
    const auto other_length = std::find_if(overheard_.begin(), overheard_.end(), [&](const foreign_frame& frame) {
        return frame.kind == frame_kind::answer && frame.unit == what.request.unit;
    });
    if (other_length != overheard_.end()) {
        none.detail += ", but one with " + std::to_string(other_length->shape.data_bytes) + " data bytes where " +
                       std::to_string(what.shape.data_bytes) + " were asked for";
    } else if (!overheard_.empty()) {
        none.detail += ", only frames of others";
    } else if (heard_ > 0) {
        none.detail += ": a damaged answer (CRC) or noise, " + std::to_string(heard_) + " bytes";
    }
    return {none, false};
}

answer rtu_exchange::take(const search& found, const wanted& what) {
    const bytes_view frame = bytes_view(bytes_).subspan(found.at, found.size);
    answer result;
    if (found.result == search_result::exception) {
        result = exception_answer(frame[2]);
    } else {
        result.status = answer_status::ok;
        result.registers = decode_data(what.request, frame.subspan(3, what.shape.data_bytes));
    }
    result.turnaround = std::max(nanoseconds(arrivals_[found.at] - what.sent), nanoseconds(0));
    forget_front(found.at + found.size);
    return result;
}

/// Some two-wire adapters hear themselves. A read of 17 to 24 bits whose address looks like a byte count has a request that is
/// also a well-formed answer; an answer equal to its own request is therefore never believed.
bool rtu_exchange::is_echo(const search& found, const wanted& what) const {
    const auto request = encode_request(what.request);
    const bytes_view frame = bytes_view(bytes_).subspan(found.at, found.size);
    return std::equal(frame.begin(), frame.end(), request.begin(), request.end());
}

rtu_exchange::quiet rtu_exchange::wait_out_late_window(std::uint8_t unit) {
    for (;;) {
        const auto until = late_.window_of(unit);
        if (!until || now() >= *until) return quiet::ready;
        const woken why = wait_for(descriptor_, POLLIN, *until, interrupted_);
        if (why == woken::interrupted) return quiet::interrupted;
        if (why == woken::ready && !drain()) return quiet::lost;
    }
}

rtu_exchange::quiet rtu_exchange::wait_for_silence() {
    const nanoseconds silence = std::max(timing_.gap, timing_.spacing);
    const time_point last_chance = now() + silence + babble_max;
    for (;;) {
        const woken why = wait_for(descriptor_, POLLIN, last_active_ + silence, interrupted_);
        if (why == woken::interrupted) return quiet::interrupted;
        if (why == woken::time) return quiet::ready;
        if (!drain()) return quiet::lost;
        if (now() >= last_chance) return quiet::noisy;
    }
}

bool rtu_exchange::drain() {
    if (!receive()) return false;
    const search found = find_frames(bytes_);
    note_foreign(found);
    forget_front(found.settled);
    return true;
}

/// False if the line is lost; nothing to read is no loss.
bool rtu_exchange::receive() {
    std::array<std::uint8_t, 512> chunk;
    const ssize_t count = ::read(descriptor_, chunk.data(), chunk.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (count <= 0) {
        error_ = count < 0 ? errno : 0;
        return false;
    }
    last_active_ = now();
    heard_ += static_cast<std::size_t>(count);
    bytes_.insert(bytes_.end(), chunk.begin(), chunk.begin() + count);
    arrivals_.insert(arrivals_.end(), static_cast<std::size_t>(count), last_active_);
    return true;
}

void rtu_exchange::note_foreign(const search& found) {
    constexpr std::size_t overheard_max = 16;
    for (const foreign_frame& frame : found.foreign) {
        std::ignore = late_.seen(frame);
        if (overheard_.size() < overheard_max) overheard_.push_back(frame);
    }
}

void rtu_exchange::forget_front(std::size_t count) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(count));
    arrivals_.erase(arrivals_.begin(), arrivals_.begin() + static_cast<std::ptrdiff_t>(count));
}

answer rtu_exchange::stopped(quiet why) {
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

answer rtu_exchange::lost() {
    detach();
    const std::string why = error_ == 0 ? "closed by the other side" : system_words(error_);
    return no_answer(answer_status::down, "lost: " + why);
}

}  // namespace modbus

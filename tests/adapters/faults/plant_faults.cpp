// tests/adapters/faults/plant_faults.cpp: the single faults, as they come over the line.
// Not here: answers as they should be (plant.cpp).
#include <algorithm>
#include <array>

#include "tests/adapters/faults/plant.hpp"

namespace faults {

using std::chrono::milliseconds;

void plant::begin(fault kind, std::uint8_t unit) {
    episode_ = {};
    episode_.kind = kind;
    episode_.unit = unit;
    if (tell)
        tell("---- fault: " + std::string(fault_table[static_cast<std::size_t>(kind)].name) + ", unit " + std::to_string(unit));
    if (is_outage(kind)) {
        ++injected_;
        begin_outage();
        return;
    }
    episode_.remaining = static_cast<unsigned>(draw_.one_in(3) ? draw_.between(2, 5) : 1);
    if (kind == fault::exception) {
        episode_.remaining = static_cast<unsigned>(draw_.between(1, 12));
        episode_.code = static_cast<std::uint8_t>(draw_.one_in(4) ? draw_.between(12, 255) : draw_.between(1, 11));
    }
    if (kind == fault::late_by_far) episode_.remaining = 1;
}

void plant::begin_outage() {
    const time_point now = on_.now();
    // Now and then so long that a unit comes to owe more answers than it is asked new shapes for.
    const std::int64_t most = draw_.one_in(6) ? 150 : 6;
    const time_point end = now + nanoseconds(draw_.between(how_.timeout.count() / 10, most * how_.timeout.count()));
    episode_.end = end;
    switch (episode_.kind) {
        case fault::half_open:
            // A new connection would be a good one at once: what is over is up to the link.
            dead_ = on_.is_open();
            on_.forget_arrivals();
            episode_.end = now;
            break;
        case fault::reset:
            deliver(now, {}, line::news::reset);
            on_.broken = on_.broken || (how_.how.bytes == carrier::stream && draw_.one_in(2));
            episode_.end = now;
            break;
        case fault::refused:
        case fault::limited:
            deliver(now, {}, draw_.one_in(2) ? line::news::closed : line::news::reset);
            break;
        case fault::unplugged:
            deliver(now, {}, line::news::unplugged);
            on_.broken = true;
            break;
        case fault::babble:
            for (time_point at = now; at < end; at += nanoseconds(draw_.between(100'000, 60'000'000))) {
                bytes some = noise(how_.how.bytes == carrier::serial ? 20 : 300);
                if (on_wire(at, some.size()) < end) deliver(at, std::move(some));
            }
            break;
        default:
            break;
    }
}

line::opening plant::open() {
    const nanoseconds usual(how_.how.bytes == carrier::stream ? draw_.between(50'000, 3'000'000) : 100'000);
    if (episode_.end && on_.now() < *episode_.end) {
        if (episode_.kind == fault::refused)
            return {draw_.one_in(3) ? std::chrono::hours(1) : usual, draw_.one_in(3) ? "no route" : "refused"};
        if (episode_.kind == fault::unplugged) return {usual, "no such port"};
        if (episode_.kind == fault::limited) deliver(on_.now() + 2 * usual, {}, line::news::closed);
    }
    return {usual, ""};
}

void plant::befall(request& of, time_point at, const bytes& frame) {
    switch (episode_.kind) {
        case fault::late_in_window:
        case fault::late_after_window:
        case fault::late_by_far:
            return answer_late(of, at, frame);
        case fault::lost:
            return ends(at);
        case fault::exception: {
            of.exception = episode_.code;
            return ends(deliver_own(
                of, at,
                framed(how_.how.frames, of.what.transaction, of.what.unit, exception_pdu(of.what.function, episode_.code))));
        }
        case fault::closed:
            return lose_connection(at, frame);
        case fault::truncated:
        case fault::flipped:
        case fault::noise_inside:
        case fault::wrong_function:
        case fault::wrong_count:
        case fault::wrong_transaction:
        case fault::wrong_protocol:
        case fault::wrong_length:
            return answer_damaged(of, at, frame);
        default:
            return answer_with_others(of, at, frame, sent_);
    }
}

void plant::answer_late(request& of, time_point at, const bytes& frame) {
    const std::int64_t timeout = how_.timeout.count(), window = timeout;
    std::int64_t late = timeout;
    if (episode_.kind == fault::late_in_window) late += draw_.between(window / 50, window * 9 / 10);
    if (episode_.kind == fault::late_after_window) late += draw_.between(window * 101 / 100, window * 2);
    if (episode_.kind == fault::late_by_far) late += 2 * window + draw_.between(0, 12 * timeout);
    if (draw_.one_in(5)) {
        of.exception = std::uint8_t{6};
        return ends(deliver_own(of, at + nanoseconds(late),
                                framed(how_.how.frames, of.what.transaction, of.what.unit, exception_pdu(of.what.function, 6))));
    }
    ends(deliver_own(of, at + nanoseconds(late), frame));
}

void plant::answer_damaged(const request& of, time_point at, bytes frame) {
    const bytes real = frame;
    const framing how = how_.how.frames;
    // Of frames with a good check, the one of another length is the fault; else any good check is bad luck.
    const bool by_chance = episode_.kind == fault::flipped || episode_.kind == fault::noise_inside;
    const bool lies = episode_.kind == fault::wrong_function;
    asked other = of.what;
    do {
        frame = real;
        switch (episode_.kind) {
            case fault::truncated:
                frame.resize(draw_.below(real.size()));
                break;
            case fault::flipped:
                // Up to three bits, or a burst: all of these a CRC finds; one bit, any sum.
                for (auto left = how == framing::ascii ? 1 : draw_.between(1, 3); left > 0; --left)
                    frame[draw_.below(frame.size())] ^=
                        static_cast<std::uint8_t>(1u << draw_.below(how == framing::ascii ? 7 : 8));
                break;
            case fault::noise_inside: {
                const bytes some = noise(6);
                frame.insert(frame.begin() + draw_.between(1, static_cast<std::int64_t>(frame.size()) - 1), some.begin(),
                             some.end());
                break;
            }
            case fault::wrong_function: {
                constexpr std::array<std::uint8_t, 8> functions{1, 2, 3, 4, 5, 16, 17, 43};
                while (other.function == of.what.function) other.function = functions[draw_.below(functions.size())];
                bytes pdu = data_pdu(3, std::vector<std::uint16_t>(of.what.function <= 2 ? 1 : of.what.count, 0x5A5A));
                pdu[0] = other.function;
                frame = framed(how, of.what.transaction, of.what.unit, pdu);
                break;
            }
            case fault::wrong_count: {
                std::vector<std::uint16_t> values(of.what.count);
                bytes pdu = data_pdu(of.what.function, values);
                const std::size_t had = pdu.size();
                if (draw_.one_in(3)) {  // the count alone lies
                    pdu[1] = static_cast<std::uint8_t>(pdu[1] + draw_.between(1, 255));
                } else {
                    while (pdu.size() == had) pdu.resize(static_cast<std::size_t>(draw_.between(3, 250)), 0xA5);
                    if (draw_.one_in(2)) pdu[1] = static_cast<std::uint8_t>(pdu.size() - 2);
                }
                frame = framed(how, of.what.transaction, of.what.unit, pdu);
                break;
            }
            case fault::wrong_transaction:
                // One step away, as by a server that is out of step, or any.
                other.transaction = static_cast<std::uint16_t>(of.what.transaction +
                                                               (draw_.one_in(2) ? draw_.between(1, 3) : draw_.between(-300, -1)));
                frame = framed(how, other.transaction, of.what.unit, bytes(real.begin() + 7, real.end()));
                break;
            case fault::wrong_protocol:
                frame[2 + draw_.below(2)] = static_cast<std::uint8_t>(draw_.between(1, 255));
                break;
            default:
                frame[4] = draw_.one_in(3) ? draw_.byte() : std::uint8_t{0};
                frame[5] = draw_.byte();
        }
    } while (frame == real || (!lies && has_forgery(how, frame, real, of.what.unit, of.what.function,
                                                    by_chance ? forgery::of_any_length : forgery::as_long)));
    // On a stream, what a late answer leaves there may seem to complete one that broke off.
    if (episode_.kind == fault::truncated && how == framing::mbap && how_.how.bytes == carrier::stream && draw_.one_in(3)) {
        other = of.what;
        other.transaction = static_cast<std::uint16_t>(of.what.transaction - 1);
        deliver_own(of, at, frame);
        return ends(deliver(at + nanoseconds(draw_.between(0, how_.timeout.count() / 2)), frame_of(other, of.number)));
    }
    ends(deliver_own(of, at, frame));
}

void plant::answer_with_others(const request& of, time_point at, const bytes& frame, const bytes& sent) {
    const framing how = how_.how.frames;
    asked other = of.what;
    other.unit = static_cast<std::uint8_t>(of.what.unit ^ draw_.between(1, 7));
    if (other.unit == 0) other.unit = 99;
    const bytes foreign = frame_of(other, of.number);
    const nanoseconds pause = std::max(how_.gap, nanoseconds(1'000'000));
    bytes whole = frame;
    switch (episode_.kind) {
        case fault::split: {
            time_point due = at, last = at;
            for (std::size_t begin = 0; begin < frame.size();) {
                const std::size_t size =
                    std::min(frame.size() - begin, 1 + draw_.below(how_.how.bytes == carrier::serial ? 40 : 9));
                const bytes piece(frame.begin() + static_cast<std::ptrdiff_t>(begin),
                                  frame.begin() + static_cast<std::ptrdiff_t>(begin + size));
                last = deliver(due, piece);
                due = last + nanoseconds(draw_.between(0, 1'000'000));
                begin += size;
            }
            free_at_[of.what.unit] = std::max(free_at_[of.what.unit], last);
            return ends(last);
        }
        case fault::duplicated:
            // Without a transaction number, one that comes after the next request can't be told from its answer.
            if (how_.how.bytes == carrier::datagram || how == framing::mbap) {
                const nanoseconds later(how == framing::mbap ? draw_.between(0, 3 * how_.timeout.count()) : 0);
                deliver_own(of, at, frame);
                return ends(deliver(at + later, frame));
            }
            whole.insert(whole.end(), frame.begin(), frame.end());
            break;
        case fault::glued:
            if (how_.how.bytes == carrier::datagram) {
                deliver_own(of, at, frame);
                return ends(deliver(at, foreign));
            }
            whole.insert(whole.end(), foreign.begin(), foreign.end());
            break;
        case fault::foreign_unit:
            ends(deliver(at, foreign));
            if (draw_.one_in(3)) return;
            return ends(deliver_own(of, on_wire(at, foreign.size()) + pause, frame));
        case fault::foreign_traffic: {
            bytes asks = framed(
                how, 0, other.unit,
                {other.function, static_cast<std::uint8_t>(other.address >> 8), static_cast<std::uint8_t>(other.address & 0xFF),
                 static_cast<std::uint8_t>(other.count >> 8), static_cast<std::uint8_t>(other.count & 0xFF)});
            const time_point answered = deliver(at, std::move(asks)) + pause;
            return ends(deliver_own(of, deliver(answered, foreign) + pause, frame));
        }
        case fault::echo:
            deliver(on_.now(), sent);
            return ends(deliver_own(of, at, frame));
        case fault::glitch:
            whole.insert(whole.begin(), 0);
            break;
        case fault::noise_before:
        case fault::noise_after:
            for (;;) {
                const bytes some = noise(24);
                whole = frame;
                whole.insert(episode_.kind == fault::noise_before ? whole.begin() : whole.end(), some.begin(), some.end());
                if (!has_forgery(how, whole, frame, of.what.unit, of.what.function, forgery::of_any_length)) break;
            }
            break;
        default:
            break;
    }
    ends(deliver_own(of, at, whole));
}

void plant::lose_connection(time_point at, const bytes& frame) {
    bytes some(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(draw_.below(frame.size() + 1)));
    const time_point end = deliver(at, std::move(some));
    deliver(end, {}, draw_.one_in(3) ? line::news::reset : line::news::closed);
    ends(end);
}

}  // namespace faults

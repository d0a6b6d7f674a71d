// adapters/modbus/modbus.cpp: carries out a poll: chooses the request, makes it, and reports what came of it.
// Not here: how requests are chosen (modbus_device.cpp) and values decoded (codec.cpp).
#include "adapters/modbus/modbus.hpp"

#include <array>
#include <cassert>
#include <chrono>
#include <deque>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "adapters/modbus/codec.hpp"
#include "adapters/modbus/modbus_trace.hpp"

namespace modbus {

using tidegate::outcome;

/// What is asked, and for whom.
struct bus::request {
    std::span<const tidegate_candidate> candidates;
    const point& first;
    device_memory& device;
    block what;
    nanoseconds timeout;  // 0: as configured
};

namespace {

constexpr std::uint8_t illegal_function = 1, illegal_address = 2, illegal_value = 3, acknowledged = 5, busy = 6;

std::string place(table from, std::uint32_t address, std::uint32_t count) {
    return protocol_range(from, address, count) + ", " + modicon_range(from, address, count);
}

/// For the host's statistics.
void report_exchange(const answer& got, std::size_t device, const tidegate::readings& to) {
    const auto result = [&] {
        switch (got.status) {
            case answer::status::ok:
                return TIDEGATE_ANSWERED;
            case answer::status::exception:
                return TIDEGATE_EXCEPTION;
            case answer::status::down:
                return TIDEGATE_UNREACHABLE;
            default:
                return got.detail.starts_with("damaged") ? TIDEGATE_DAMAGED : TIDEGATE_TIMED_OUT;
        }
    }();
    if (got.status == answer::status::interrupted) return;
    to.exchanged(static_cast<std::uint32_t>(device), result, got.exception_code, got.turnaround.count());
}

}  // namespace

std::string exception_text(std::uint8_t code) {
    const auto meaning = exception_meaning(code);
    return "exception " + std::to_string(code) + (meaning.empty() ? "" : ": " + std::string(meaning));
}

std::string_view exception_meaning(std::uint8_t code) {
    switch (code) {
        case 1:
            return "illegal function";
        case illegal_address:
            return "illegal data address";
        case illegal_value:
            return "illegal data value";
        case 4:
            return "device failure";
        case 5:
            return "acknowledged, not done yet";
        case 6:
            return "device busy";
        case 7:
            return "negative acknowledgement";
        case 8:
            return "memory parity error";
        case 10:
            return "gateway path unavailable";
        case 11:
            return "gateway target didn't answer";
        default:
            return {};
    }
}

bus::bus(bus_definition definition, std::unique_ptr<link> wire, server_maker make_server, clock now)
    : definition_(std::move(definition)),
      values_(definition_),
      link_(std::move(wire)),
      make_server_(std::move(make_server)),
      now_(std::move(now)) {
    for (std::size_t i = 0; i < definition_.devices.size(); ++i) devices_.emplace_back(definition_, i);
    lacks_mask_write_.resize(definition_.devices.size());
    sunspec_.resize(definition_.devices.size());
    for (const auto& point : definition_.points)
        if (point.sunspec) sunspec_[point.device].wanted = true;
}

bus::clock bus::steady_clock() {
    return [] { return nanoseconds(std::chrono::steady_clock::now().time_since_epoch()); };
}

// ---- Polling -----------------------------------------------------------------------------------------------------------

bus::request bus::choose(std::span<const tidegate_candidate> candidates, std::uint32_t flags) {
    const point& first = definition_.points[candidates[0].point];
    device_memory& device = devices_[first.device];
    const std::lock_guard lock(remembering_);
    if ((flags & TIDEGATE_PROBE) != 0) {
        const auto timeout = device.probe_timeout(first.from, first.whole.count, usual_turnaround_here());
        return {candidates.first(1), first, device, {first.whole.address, first.whole.count}, timeout};
    }
    device.polled_in_full();
    return {candidates, first, device, device.block_for(candidates), nanoseconds(0)};
}

/// Of the slowest device heard on a serial line. Behind a TCP gateway each unit may be on another line.
std::optional<nanoseconds> bus::usual_turnaround_here() const {
    std::optional<nanoseconds> slowest;
    if (has_mbap(definition_.wire)) return slowest;
    for (const auto& device : devices_)
        if (device.turnaround()) slowest = std::max(slowest.value_or(nanoseconds(0)), *device.turnaround());
    return slowest;
}

/// What the device said that it doesn't have is not asked for each time; it is reported as what it was then.
std::span<const tidegate_candidate> bus::without_unsupported(std::span<const tidegate_candidate> candidates,
                                                             const tidegate::readings& to) {
    const nanoseconds now = now_();
    const device_memory& device = devices_[definition_.points[candidates[0].point].device];
    wanted_.clear();
    for (const auto& candidate : candidates) {
        const refusal* why = device.let_alone(candidate.point, now);
        if (!why)
            wanted_.push_back(candidate);
        else if (candidate.due_in <= 0)
            to.failure(candidate.point, refusal_text(definition_.points[candidate.point], why->code));
    }
    return wanted_;
}

outcome bus::poll(std::span<const tidegate_candidate> candidates, std::uint32_t flags, const tidegate::readings& to) {
    if ((flags & TIDEGATE_TRACE) == 0) return poll_untraced(candidates, flags, to);
    const traced_link watched(*link_, to);
    return poll_untraced(candidates, flags, to);
}

outcome bus::poll_untraced(std::span<const tidegate_candidate> candidates, std::uint32_t flags, const tidegate::readings& to) {
    const std::size_t device = definition_.points[candidates[0].point].device;
    if (definition_.devices[device].unit == 0 && !has_mbap(definition_.wire)) return poll_all_units(candidates, to);
    if (const auto ended = find_models(candidates, flags, to)) return *ended;
    if ((flags & TIDEGATE_PROBE) == 0) {
        // A probe is to find out whether the device is there: even its refusal says that.
        const std::lock_guard lock(remembering_);
        candidates = without_unsupported(candidates, to);
    }
    if (candidates.empty()) return outcome::done;
    const bool apart = definition_.points[candidates[0].point].source.has_value();
    const outcome came = apart ? poll_source(candidates, flags, to) : poll_tables(candidates, flags, to);
    const std::lock_guard lock(remembering_);
    if (const auto text = devices_[device].news_to_keep()) to.learned(static_cast<std::uint32_t>(device), *text);
    return came;
}

outcome bus::poll_tables(std::span<const tidegate_candidate> candidates, std::uint32_t flags, const tidegate::readings& to) {
    if (link_->most_at_once() > 1 && (flags & TIDEGATE_PROBE) == 0) return poll_together(candidates, to);
    const request asked = choose(candidates, flags);
    const answer got = link_->read(read_for(asked), asked.timeout);
    if (const auto ended = check_models(candidates[0].point, got, to)) return *ended;
    return report(asked, got, to);
}

read_request bus::read_for(const request& asked) const {
    return {definition_.devices[asked.first.device].unit, asked.first.from, asked.what.address, asked.what.count};
}

/// As many blocks of the plan as may be under way at once. The first has candidates[0] in it, and what comes of it is the
/// outcome; of the others, what isn't answered goes unreported: the host asks for it again. If the first one isn't answered,
/// nothing is reported, since the host then asks for all of them again.
outcome bus::poll_together(std::span<const tidegate_candidate> candidates, const tidegate::readings& to) {
    std::vector<request> asked{choose(candidates, 0)};
    std::vector<read_request> reads{read_for(asked[0])};
    std::deque<std::vector<tidegate_candidate>> rests;  // what each but the first is for; a deque leaves them where they are
    while (asked.size() < link_->most_at_once()) {
        std::vector<tidegate_candidate> rest(asked.back().candidates.begin(), asked.back().candidates.end());
        std::erase_if(rest, [&](const tidegate_candidate& each) {
            return each.due_in > 0 || definition_.points[each.point].source || is_covered(asked.back(), each.point);
        });
        if (rest.empty()) break;
        asked.push_back(choose(rests.emplace_back(std::move(rest)), 0));
        reads.push_back(read_for(asked.back()));
    }
    const std::vector<answer> answers = link_->read_all(reads, nanoseconds(0));
    if (const auto ended = check_models(candidates[0].point, answers[0], to)) return *ended;
    const outcome result = report(asked[0], answers[0], to);
    for (std::size_t i = 1; i < answers.size() && result == outcome::done; ++i) {
        const auto status = answers[i].status;
        if (status == answer::status::ok || status == answer::status::exception) std::ignore = report(asked[i], answers[i], to);
    }
    return result;
}

outcome bus::poll_all_units(std::span<const tidegate_candidate> candidates, const tidegate::readings& to) const {
    for (const auto& candidate : candidates)
        to.failure(candidate.point, "unit 0 is all devices of a line: it can be written only");
    return outcome::done;
}

outcome bus::report(const request& asked, const answer& got, const tidegate::readings& to) {
    report_exchange(got, asked.first.device, to);
    switch (got.status) {
        case answer::status::ok:
            return report_values(asked, got, to);
        case answer::status::exception:
            return report_exception(asked, got, to);
        case answer::status::interrupted:
            return outcome::interrupted;
        case answer::status::silent:
            break;
        case answer::status::down:
            to.note(got.detail.empty() ? "the bus can't be reached" : got.detail);
            return outcome::bus_down;
    }
    to.note(got.detail.empty() ? "no answer in time" : got.detail);
    return outcome::device_silent;
}

void bus::recall(std::uint32_t device, std::string_view text) {
    const std::lock_guard lock(remembering_);
    if (device < devices_.size()) devices_[device].recall(text, now_());
}

bool bus::is_covered(const request& asked, std::uint32_t index) const {
    const point& which = definition_.points[index];
    return !which.source && which.from == asked.first.from && asked.what.covers(which.whole.address, which.whole.end());
}

outcome bus::report_values(const request& asked, const answer& got, const tidegate::readings& to) {
    if (got.registers.size() != asked.what.count) {
        to.note("the answer has " + std::to_string(got.registers.size()) + " values instead of " +
                std::to_string(asked.what.count));
        return outcome::device_silent;
    }
    {
        const std::lock_guard lock(remembering_);
        asked.device.heard(got.turnaround);
        asked.device.answered(asked.first.from, asked.what);
    }
    const auto covered = covered_by(asked);
    const outcome factors = read_factors(asked, covered, to);
    if (factors != outcome::done) return factors;
    const std::span<const std::uint16_t> registers(got.registers);
    for (const auto index : covered) {
        const point& which = definition_.points[index];
        const auto reach = registers.subspan(which.address - asked.what.address, which.count);
        const auto decoded = values_.read(index, reach, now_());
        if (decoded.failure.empty())
            to.value(index, tidegate::abi_value(decoded.value));
        else
            to.failure(index, decoded.failure + " (" + place(which.from, which.address, which.count) + ')');
    }
    return outcome::done;
}

/// Reads the factors that the values can't do without and that lie apart: seldom, as they are remembered. After the values, so
/// that a device that is away costs one time-out; the first silence ends it.
outcome bus::read_factors(const request& asked, std::span<const std::uint32_t> covered, const tidegate::readings& to) {
    std::string silence;
    for (const auto& where : values_.wanted(covered, now_())) {
        if (!silence.empty()) {
            values_.not_told(where, silence);
            continue;
        }
        const answer got =
            link_->read({definition_.devices[where.device].unit, where.from, where.address, where.count}, asked.timeout);
        switch (got.status) {
            case answer::status::ok:
                if (got.registers.size() == where.count)
                    values_.told(where, got.registers, now_());
                else
                    values_.not_told(where, "the answer has " + std::to_string(got.registers.size()) + " values");
                break;
            case answer::status::exception:
                values_.not_told(where, exception_text(got.exception_code));
                break;
            case answer::status::silent:
                values_.not_told(where, silence = got.detail.empty() ? "no answer in time" : got.detail);
                break;
            case answer::status::interrupted:
                return outcome::interrupted;
            case answer::status::down:
                to.note(got.detail.empty() ? "the bus can't be reached" : got.detail);
                return outcome::bus_down;
        }
    }
    return outcome::done;
}

std::vector<std::uint32_t> bus::covered_by(const request& asked) const {
    std::vector<std::uint32_t> covered;
    for (const auto& candidate : asked.candidates)
        if (is_covered(asked, candidate.point)) covered.push_back(candidate.point);
    return covered;
}

outcome bus::report_exception(const request& asked, const answer& got, const tidegate::readings& to) {
    const std::string what = exception_text(got.exception_code);
    const auto code = got.exception_code;
    if (says_gateway(code)) {
        // The gateway says this, not the device.
        to.note(what);
        return outcome::device_down;
    }
    if ((code == acknowledged || code == busy) && to.know_busy()) {
        const std::lock_guard lock(remembering_);
        asked.device.heard(got.turnaround);
        to.note(what);
        return outcome::device_busy;
    }
    const auto covered = covered_by(asked);
    const std::string reason = what + " (" + place(asked.first.from, asked.what.address, asked.what.count) + ')';
    if (learn_from(asked, got, covered)) {
        // One of several may be at fault. The others are left unreported, so that the host asks for them again at once,
        // and now in smaller parts.
        to.failure(covered[0], reason + ", now asked in smaller parts");
        return outcome::done;
    }
    const bool lasting = code == illegal_function || code == illegal_address || code == illegal_value;
    if (lasting) doubt_models(asked.first);
    for (const auto index : covered) to.failure(index, lasting ? refusal_text(definition_.points[index], code) : reason);
    return outcome::done;
}

/// The same each time, so that a device's status doesn't change with each refusal.
std::string bus::refusal_text(const point& which, std::uint8_t code) const {
    std::string text =
        exception_text(code) + " (" + place(which.from, which.whole.address, which.whole.count) + "), asked again now and then";
    if (which.count > which.how.registers)
        text += "; what lies between a value and its factors is read along, unless max_gap of the device forbids it";
    return text;
}

/// True: what was asked for will be asked in smaller parts.
bool bus::learn_from(const request& asked, const answer& got, std::span<const std::uint32_t> covered) {
    const std::lock_guard lock(remembering_);
    asked.device.heard(got.turnaround);
    const auto code = got.exception_code;
    if (code != illegal_function && code != illegal_address && code != illegal_value) return false;
    return asked.device.refused(asked.first.from, asked.what, covered, code, now_());
}

// ---- The plan ----------------------------------------------------------------------------------------------------------

void bus::plan(std::span<const std::uint32_t> points, const tidegate::plan_listener& to) {
    const std::lock_guard lock(remembering_);
    for (const auto from : {table::coil, table::discrete, table::input, table::holding}) {
        std::vector<std::uint32_t> of_table;
        for (const auto index : points)
            if (!definition_.points[index].source && definition_.points[index].from == from) of_table.push_back(index);
        if (!of_table.empty()) plan_table(from, of_table, to);
    }
    plan_sources(points, to);
}

void bus::plan_table(table from, std::span<const std::uint32_t> points, const tidegate::plan_listener& to) const {
    const std::size_t device = definition_.points[points[0]].device;
    const auto& memory = devices_[device];
    const bool known = std::holds_alternative<serial_settings>(definition_.wire);
    std::vector<std::uint32_t> rest(points.begin(), points.end());
    for (const auto& block : memory.plan(from, points)) {
        std::vector<std::uint32_t> in_it;
        std::erase_if(rest, [&](std::uint32_t index) {
            const point& which = definition_.points[index];
            const bool covered = block.covers(which.whole.address, which.whole.end());
            if (covered) in_it.push_back(index);
            return covered;
        });
        const std::string what = "unit " + std::to_string(definition_.devices[device].unit) + ", " +
                                 protocol_range(from, block.address, block.count) + " (" +
                                 modicon_range(from, block.address, block.count) + ')';
        to.request(what, in_it, block.count, known ? time_of(memory.cost(), from, block.count).count() : 0);
    }
    assert(rest.empty());
}

}  // namespace modbus

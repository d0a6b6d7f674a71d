// tests/adapters/faults/plant.cpp: requests come in, answers go out, as they should or as the fault makes them.
// Not here: the single faults (plant_faults.cpp).
#include "tests/adapters/faults/plant.hpp"

#include <algorithm>

namespace faults {

using std::chrono::milliseconds;

plant::plant(const plant_setting& how, line& on) : how_(how), on_(on), draw_(how.seed ^ 0x706C616E74u) {
    on_.on_request = [this](const bytes& sent) { take(sent); };
    on_.on_open = [this] { return open(); };
    on_.on_close = [this] { dead_ = false; };
    episode_.end = on.now();
}

std::optional<time_point> plant::end() const {
    if (episode_.remaining > 0 || !episode_.end) return std::nullopt;
    const auto free = free_at_.find(episode_.unit);
    return how_.in_any_order || free == free_at_.end() ? *episode_.end : std::max(*episode_.end, free->second);
}

std::uint16_t plant::value_of(const asked& what, std::uint64_t number, std::size_t index) const {
    const std::uint64_t place = std::uint64_t{what.unit} << 32 | std::uint64_t{what.function} << 24 | (what.address + index);
    const std::uint64_t hash = mixed(mixed(how_.seed ^ place) + number);
    return static_cast<std::uint16_t>(what.function <= 2 ? hash & 1u : hash & 0xFFFFu);
}

bytes plant::frame_of(const asked& what, std::uint64_t number) const {
    std::vector<std::uint16_t> values(what.count);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_of(what, number, i);
    return framed(how_.how.frames, what.transaction, what.unit, data_pdu(what.function, values));
}

time_point plant::on_wire(time_point at, std::size_t count) const {
    return how_.how.bytes == carrier::serial ? at + on_.character() * static_cast<std::int64_t>(count) : at;
}

void plant::take(const bytes& sent) {
    const time_point now = on_.now();
    if (tell) tell("sent " + hex(sent));
    const auto what = read_request_in(how_.how.frames, sent);
    if (!what) {
        complaints_.push_back("what was sent is no whole request: " + hex(sent));
        return;
    }
    request of{requests_.size() + 1, *what, now, std::nullopt};
    time_point arrived = on_wire(now, sent.size());
    bool understood = !dead_;
    if (how_.how.bytes == carrier::serial) {
        // Two at once: neither is understood.
        if (on_.collide(arrived))
            understood = false;
        else if (now < std::max(wire_free_, on_.last_byte()) + how_.gap)
            complaints_.push_back("a request within t3.5 of the last frame");
        wire_free_ = arrived;
    } else {
        arrived += nanoseconds(draw_.between(20'000, draw_.one_in(8) ? 5'000'000 : 500'000));
    }
    of.at = now;
    requests_.push_back(of);
    if (!understood) {
        if (tell) tell(dead_ ? "  the connection is dead" : "  it met other bytes on the line");
        return;
    }
    sent_ = sent;
    const time_point free = free_at_[what->unit];
    if (!how_.in_any_order && !how_.queues && arrived < free) {
        if (tell) tell("  the unit is busy with an earlier request, and doesn't hear it");
        return;
    }
    answer(requests_.back());
}

void plant::answer(request& of) {
    const bool silent =
        episode_.kind == fault::silent && episode_.end && on_.now() < *episode_.end && of.what.unit == episode_.unit;
    if (silent) return;
    const time_point arrived = how_.how.bytes == carrier::serial ? wire_free_ : on_.now() + nanoseconds(100'000);
    const time_point at = arrived + std::max(how_.gap, nanoseconds(draw_.between(500'000, 20'000'000)));
    const bytes frame = frame_of(of.what, of.number);
    if (episode_.remaining > 0 && of.what.unit == episode_.unit) {
        --episode_.remaining;
        ++episode_.befallen;
        ++injected_;
        befall(of, at, frame);
        return;
    }
    deliver_own(of, at, frame);
}

/// An answer of the unit itself: in the order of its requests, unless it may be otherwise.
time_point plant::deliver_own(const request& of, time_point at, const bytes& frame) {
    time_point& free = free_at_[of.what.unit];
    if (!how_.in_any_order) at = std::max(at, free + std::max(how_.gap, nanoseconds(1)));
    const time_point end = deliver(at, frame);
    free = std::max(free, end);
    return end;
}

/// When its last byte will be there.
time_point plant::deliver(time_point at, bytes what, line::news kind) {
    if (dead_) return at;
    if (tell) {
        const auto after = std::chrono::duration_cast<std::chrono::microseconds>(at - on_.now()).count();
        tell("  in " + std::to_string(after) +
             " µs: " + (kind == line::news::data ? hex(what) : std::string(kind == line::news::closed ? "closed" : "lost")));
    }
    const std::size_t size = what.size();
    on_.deliver(at, std::move(what), kind);
    return on_wire(at, size);
}

bytes plant::noise(std::size_t most) {
    bytes some(1 + draw_.below(most));
    for (std::uint8_t& each : some) each = draw_.byte();
    return some;
}

void plant::ends(time_point at) {
    // The last of several decides.
    episode_.end = episode_.end ? std::max(*episode_.end, at) : at;
}

}  // namespace faults

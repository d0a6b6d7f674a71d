// adapters/serial/serial.cpp: see serial.hpp.
// Not here: how bytes become frames and frames values (frame.cpp, fields.cpp).
#include "adapters/serial/serial.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace serial {

using tidegate::outcome;

/// What a poll wants.
struct bus::request {
    std::span<const tidegate_candidate> candidates;
    std::size_t index;  // of the device
    const device& from;
    std::size_t message;
    party& with;
    const tidegate::readings& to;
};

namespace {

// What came within this time after the last poll is no older than that: a device that sends several messages in a row gives them
// to polls in a row. All else that has come while nobody asked is of unknown age.
constexpr nanoseconds fresh = std::chrono::milliseconds(100);

std::string in_milliseconds(nanoseconds time) { return std::to_string(time.count() / 1'000'000) + " ms"; }

std::string named(const message& which) { return which.name.empty() ? "a message" : "message " + which.name; }

/// Instruments have no frames that could be told before they are understood: what comes between two that are sent is told in one
/// piece, unless it is long.
class frame_gatherer {
public:
    frame_gatherer(const channel& over, const tidegate::readings& to) : over_(over), to_(to) {}

    void take(bool sent, std::string_view bytes, time_point at) {
        if (sent) {
            flush();
            return tell(TIDEGATE_FRAME_SENT, bytes, at);
        }
        for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), longest))) {
            if (came_.size() >= longest) flush();
            came_ += bytes.substr(0, longest);
            at_ = at;
        }
    }
    void flush() {
        if (!came_.empty()) tell(TIDEGATE_FRAME_RECEIVED, came_, at_);
        came_.clear();
    }

private:
    static constexpr std::size_t longest = 1024;
    void tell(tidegate_frame_direction direction, std::string_view bytes, time_point at) const {
        to_.frame(direction, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, (over_.now() - at).count());
    }
    const channel& over_;
    const tidegate::readings& to_;
    std::string came_;
    time_point at_{};
};

}  // namespace

bus::bus(bus_definition definition, std::unique_ptr<channel> wire, server_maker make_server)
    : definition_(std::move(definition)), channel_(std::move(wire)), make_server_(std::move(make_server)) {
    parties_.reserve(definition_.devices.size());
    for (const device& one : definition_.devices) parties_.push_back({dialogue(*channel_, one)});
}

std::uint32_t bus::configured_baud() const {
    const auto* port = std::get_if<port_settings>(&definition_.wire);
    return port ? port->line.baud : 0;
}

outcome bus::down(const request& asked, const std::string& why) {
    channel_->close();
    asked.to.note(why);
    return outcome::bus_down;
}

/// Nothing: it is open, and the device has been greeted.
std::optional<outcome> bus::open(const request& asked) {
    if (channel_->interrupted()) return outcome::interrupted;
    if (!channel_->is_open()) {
        const std::string fault = channel_->open(std::max(asked.from.timeout, nanoseconds(std::chrono::seconds(1))));
        if (channel_->interrupted()) return outcome::interrupted;
        if (!fault.empty()) return down(asked, fault);
        late_until_ = {};
        for (std::size_t i = 0; i < parties_.size(); ++i) {
            parties_[i].greeted = false;
            // Of a device that sends when somebody does something with it, nothing is under way.
            parties_[i].talk.restart(!definition_.devices[i].silent_ok);
        }
        ended_ = channel_->now();
    }
    if (asked.with.greeted || asked.from.on_open.empty()) return std::nullopt;
    std::string why;
    const came how = asked.with.talk.run(
        asked.from.on_open, 0, [](const frame&) {}, why);
    if (how == came::interrupted) return outcome::interrupted;
    if (how == came::lost) return down(asked, channel_->name() + ": lost (unplugged?)");
    if (how == came::nothing) {
        asked.to.note("on_open, " + why);
        return outcome::device_silent;
    }
    asked.with.greeted = true;
    ended_ = channel_->now();  // what has come since is what was asked for
    return std::nullopt;
}

outcome bus::poll(std::span<const tidegate_candidate> candidates, std::uint32_t flags, const tidegate::readings& to) {
    if ((flags & TIDEGATE_TRACE) == 0) return poll_untraced(candidates, to);
    dialogue& talk = parties_[definition_.points[candidates[0].point].device].talk;
    frame_gatherer gathered(*channel_, to);
    talk.watch([&](bool sent, std::string_view bytes, time_point at) { gathered.take(sent, bytes, at); });
    struct unwatch {  // also when a poll throws
        dialogue& of;
        ~unwatch() { of.watch({}); }
    } const at_end{talk};
    const outcome result = poll_untraced(candidates, to);
    gathered.flush();
    return result;
}

outcome bus::poll_untraced(std::span<const tidegate_candidate> candidates, const tidegate::readings& to) {
    const point& first = definition_.points[candidates[0].point];
    const request asked{candidates, first.device, definition_.devices[first.device], first.message, parties_[first.device], to};
    if (const auto ended = open(asked)) return *ended;
    harvest brought;
    brought.latest.resize(asked.from.messages.size());
    std::string why;
    const came how = asked.from.mode == device_mode::listen ? listen(asked, brought) : ask(asked, brought, why);
    const outcome result = report(asked, brought, how, why);
    ended_ = channel_->now();
    return result;
}

void bus::take(const request& asked, const frame& what, harvest& to) const {
    // An answer is first of all one to what was asked; without a question, to whatever it looks like.
    const auto& messages = asked.from.messages;
    const bool wanted = asked.from.mode == device_mode::poll && matches(messages[asked.message], what, asked.from.separator);
    const int which = wanted                                 ? static_cast<int>(asked.message)
                      : asked.from.mode == device_mode::poll ? -1
                                                             : message_of(asked.from, what);
    to.any = true;
    if (which < 0)
        to.strange = what.bytes;
    else
        to.latest[static_cast<std::size_t>(which)] = what;
}

came bus::listen(const request& asked, harvest& to) {
    const bool every_one = asked.candidates[0].period == 0;
    if (!every_one && channel_->now() - ended_ > fresh) {
        channel_->discard();
        asked.with.talk.restart(true);
    }
    const time_point until = channel_->now() + asked.from.timeout;
    while (!to.latest[asked.message]) {
        frame found;
        const came how = asked.with.talk.frame(until, found);
        if (how != came::it) return how;
        take(asked, found, to);
    }
    return came::it;
}

/// Waits until nothing of what was asked before can come any more, and the device has had its rest.
came bus::settle(const request& asked) {
    const time_point until = std::max(late_until_, ended_ + asked.from.spacing);
    came how = came::it;
    if (const time_point now = channel_->now(); until > now) how = asked.with.talk.delay(until - now);
    channel_->discard();
    asked.with.talk.restart(false);
    return how;
}

came bus::ask(const request& asked, harvest& to, std::string& why) {
    if (const came how = settle(asked); how != came::it) return how;
    if (asked.from.mode == device_mode::script)
        return asked.with.talk.run(
            asked.from.script, configured_baud(), [&](const frame& found) { take(asked, found, to); }, why);
    if (const came how = asked.with.talk.send(asked.from.messages[asked.message].send); how != came::it) return how;
    const time_point until = channel_->now() + asked.from.timeout;
    while (!to.latest[asked.message]) {
        frame found;
        const came how = asked.with.talk.frame(until, found);
        if (how != came::it) return how;
        take(asked, found, to);
    }
    return came::it;
}

/// True: the most urgent point is among them.
bool bus::report_frames(const request& asked, const harvest& what) const {
    for (const auto& candidate : asked.candidates) {
        const point& which = definition_.points[candidate.point];
        const auto& found = what.latest[which.message];
        if (!found) continue;
        const decoded made = decode(which.how, *found);
        if (made.failure.empty())
            asked.to.value(candidate.point, tidegate::abi_value(made.value));
        else
            asked.to.failure(candidate.point, made.failure);
    }
    return what.latest[asked.message].has_value();
}

outcome bus::report(const request& asked, const harvest& what, came how, std::string why) {
    if (how == came::interrupted) return outcome::interrupted;
    if (how == came::lost) return down(asked, channel_->name() + ": " + (why.empty() ? "lost (unplugged?)" : why));
    const bool covered = report_frames(asked, what);
    const std::string damage = asked.with.talk.take_damage();
    if (how == came::nothing && asked.from.mode != device_mode::listen) late_until_ = channel_->now() + asked.from.timeout;
    if (covered) return outcome::done;
    const message& wanted = asked.from.messages[asked.message];
    std::string reason = why;
    if (reason.empty())
        reason = "no " + (wanted.name.empty() ? "message" : wanted.name) + " in " + in_milliseconds(asked.from.timeout);
    if (!what.strange.empty()) reason += ", but \"" + shown(what.strange) + '"';
    if (!damage.empty()) reason += "; " + damage;
    if (what.any || asked.from.silent_ok) {
        // The device is there. That it has nothing to say may be in order: then there is no reason to tell.
        const bool in_order = !what.any && damage.empty();
        for (const auto& candidate : asked.candidates)
            if (definition_.points[candidate.point].message == asked.message || !what.any)
                asked.to.failure(candidate.point, in_order ? "" : reason);
        return outcome::done;
    }
    if (channel_->forgets_when_closed()) channel_->close();
    asked.to.note(reason);
    return outcome::device_silent;
}

// ---- The plan ----------------------------------------------------------------------------------------------------------

void bus::plan(std::span<const std::uint32_t> points, const tidegate::plan_listener& to) {
    if (points.empty()) return;
    const device& of = definition_.devices[definition_.points[points[0]].device];
    const char* const how = of.mode == device_mode::listen ? "listens for "
                            : of.mode == device_mode::poll ? "asks for "
                                                           : "dialogue for ";
    for (std::size_t m = 0; m < of.messages.size(); ++m) {
        std::vector<std::uint32_t> in_it;
        for (const auto index : points)
            if (definition_.points[index].message == m) in_it.push_back(index);
        if (!in_it.empty()) to.request(how + named(of.messages[m]), in_it, 0, 0);
    }
}

// ---- Simulation --------------------------------------------------------------------------------------------------------

bool bus::serve(const tidegate::simulation& to) {
    if (const std::string why = why_not_simulated(definition_); !why.empty()) {
        to.note(why);
        return false;
    }
    const auto made = make_server_(definition_.wire);
    {
        const std::lock_guard lock(serving_);
        if (interrupted_) return true;
        server_ = made.get();
    }
    struct withdrawal {  // also when run() throws
        bus& from;
        ~withdrawal() {
            const std::lock_guard lock(from.serving_);
            from.server_ = nullptr;
        }
    } const at_end{*this};
    return made->run(definition_,
                     {[&](const std::string& where) { to.listening(where); }, [&](const std::string& text) { to.note(text); }});
}

void bus::interrupt() noexcept {
    channel_->interrupt();
    const std::lock_guard lock(serving_);
    interrupted_ = true;
    if (server_) server_->interrupt();
}

}  // namespace serial

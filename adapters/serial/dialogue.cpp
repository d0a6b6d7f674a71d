// adapters/serial/dialogue.cpp: see dialogue.hpp.
// Not here: ports and connections (port.cpp, tcp.cpp).
#include "adapters/serial/dialogue.hpp"

#include <algorithm>

namespace serial {
namespace {

constexpr std::size_t inbox_max = 65536;  // of what a script passes over

came after(channel::heard what) {
    switch (what) {
        case channel::heard::bytes:
            return came::it;
        case channel::heard::nothing:
            return came::nothing;
        case channel::heard::interrupted:
            return came::interrupted;
        default:
            return came::lost;
    }
}

std::string in_milliseconds(nanoseconds time) { return std::to_string(time.count() / 1'000'000) + " ms"; }

const char* word_of(step::kind kind) {
    switch (kind) {
        case step::kind::send:
            return "send";
        case step::kind::expect_line:
            return "expect line";
        case step::kind::expect_bytes:
            return "expect";
        case step::kind::expect_frame:
            return "expect frame";
        case step::kind::delay:
            return "delay";
        case step::kind::quiet:
            return "quiet";
        default:
            return "baud";
    }
}

}  // namespace

void dialogue::restart(bool midstream) {
    inbox_.clear();
    frames_.restart(midstream);
}

came dialogue::receive(time_point until) {
    const std::size_t before = inbox_.size();
    const came what = after(over_.read(inbox_, until));
    received_ += inbox_.size() - before;
    if (listener_ && inbox_.size() > before) listener_(false, std::string_view(inbox_).substr(before), over_.now());
    if (inbox_.size() > inbox_max) inbox_.erase(0, inbox_.size() - inbox_max);
    return what;
}

std::string dialogue::plain_inbox() const {
    std::string plain = inbox_;
    for (char& byte : plain) byte = without_parity(byte, with_.frames.eighth);
    return plain;
}

std::string dialogue::filled_in(const byte_pattern& what) const {
    const auto named = [this](const std::string& name) {
        const auto found = kept_.find(name);
        return found != kept_.end() ? found->second : name == "address" ? with_.address.value_or("") : std::string();
    };
    return filled(what, {named, &with_.frames.check, 0});
}

came dialogue::send(const byte_pattern& what) {
    std::string bytes = filled_in(what);
    for (char& byte : bytes) byte = with_parity(byte, with_.frames.eighth);
    if (!over_.write(bytes)) return came::lost;
    if (listener_) listener_(true, bytes, over_.now());
    return with_.echo ? take_echo(bytes.size()) : came::it;
}

/// An optical head hears what it sends. It comes first, and may come damaged: so it is told by its length.
came dialogue::take_echo(std::size_t size) {
    const time_point until = over_.now() + with_.timeout;
    while (inbox_.size() < size)
        if (const came what = receive(until); what != came::it) return what;
    inbox_.erase(0, size);
    return came::it;
}

came dialogue::frame(time_point until, serial::frame& to) {
    for (;;) {
        const time_point now = over_.now();
        // Before the bytes that have just come: a silence may have ended a frame before them.
        if (auto found = frames_.next(now)) {
            to = std::move(*found);
            return came::it;
        }
        if (!inbox_.empty()) {
            frames_.feed(inbox_, now);
            inbox_.clear();
            continue;
        }
        if (now >= until) return came::nothing;
        const came what = receive(std::min(until, frames_.wakes().value_or(until)));
        if (what == came::interrupted || what == came::lost) return what;
    }
}

/// At 300 baud a read-out takes minutes: it may, as long as it goes on.
came dialogue::long_frame(serial::frame& to) {
    constexpr int most_timeouts = 60;
    const time_point last = over_.now() + most_timeouts * with_.timeout;
    for (;;) {
        const std::size_t before = received_;
        const came what = frame(std::min(last, over_.now() + with_.timeout), to);
        if (what != came::nothing || received_ == before || over_.now() >= last) return what;
    }
}

came dialogue::line(time_point until, std::string& to) {
    for (;;) {
        const std::string plain = plain_inbox();
        if (const std::size_t feed = plain.find('\n'); feed != std::string::npos) {
            to = plain.substr(0, feed);
            if (to.ends_with('\r')) to.pop_back();
            inbox_.erase(0, feed + 1);
            return came::it;
        }
        if (const came what = receive(until); what != came::it) return what;
        if (over_.now() >= until) return came::nothing;
    }
}

came dialogue::bytes(const std::string& wanted, time_point until) {
    for (;;) {
        if (const std::size_t found = plain_inbox().find(wanted); found != std::string::npos) {
            inbox_.erase(0, found + wanted.size());
            return came::it;
        }
        if (const came what = receive(until); what != came::it) return what;
        if (over_.now() >= until) return came::nothing;
    }
}

came dialogue::quiet(nanoseconds length, time_point until) {
    for (;;) {
        inbox_.clear();
        const time_point silent = over_.now() + length;
        const came what = receive(std::min(silent, until));
        if (what == came::interrupted || what == came::lost) return what;
        if (what == came::nothing) return over_.now() >= silent ? came::it : came::nothing;
        if (over_.now() >= until) return came::nothing;
    }
}

/// What comes meanwhile is kept.
came dialogue::delay(nanoseconds length) {
    const time_point until = over_.now() + length;
    while (over_.now() < until) {
        const came what = receive(until);
        if (what == came::interrupted || what == came::lost) return what;
    }
    return came::it;
}

std::string dialogue::set_baud(std::uint32_t baud) { return over_.set_baud(baud); }

came dialogue::run(const std::vector<step>& script, std::uint32_t baud, const std::function<void(const serial::frame&)>& on_frame,
                   std::string& why) {
    kept_.clear();
    why = baud == 0 ? "" : set_baud(baud);
    if (!why.empty()) return came::lost;
    for (std::size_t i = 0; i < script.size(); ++i) {
        const came what = run_step(script[i], on_frame, why);
        if (what == came::it) continue;
        if (why.empty()) why = "nothing came in " + in_milliseconds(with_.timeout);
        why = "step " + std::to_string(i + 1) + " (" + word_of(script[i].is) + "): " + why;
        return what;
    }
    return came::it;
}

came dialogue::run_step(const step& one, const std::function<void(const serial::frame&)>& on_frame, std::string& why) {
    const time_point until = over_.now() + with_.timeout;
    switch (one.is) {
        case step::kind::send:
            frames_.restart(false);
            return send(one.bytes);
        case step::kind::expect_line:
            return line(until, kept_[one.name]);
        case step::kind::expect_bytes:
            return bytes(filled_in(one.bytes), until);
        case step::kind::expect_frame: {
            serial::frame found;
            const came what = long_frame(found);
            if (what == came::it) on_frame(found);
            if (what == came::nothing) why = take_damage();
            return what;
        }
        case step::kind::delay:
            return delay(one.time);
        case step::kind::quiet:
            return quiet(one.time, until + one.time);
        case step::kind::baud:
            why = set_baud(one.baud);
            return why.empty() ? came::it : came::lost;
        case step::kind::baud_from:
            break;
    }
    const std::string& kept = kept_[one.name];
    for (const auto& [character, baud] : one.bauds) {
        if (one.character > kept.size() || kept[one.character - 1] != character) continue;
        why = set_baud(baud);
        return why.empty() ? came::it : came::lost;
    }
    why = "\"" + shown(kept) + "\" names no speed";
    return came::nothing;
}

}  // namespace serial

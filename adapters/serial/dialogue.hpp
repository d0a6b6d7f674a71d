// adapters/serial/dialogue.hpp: sends, and waits for lines, bytes, frames and silence, each up to a moment; and runs scripts.
// Not here: what a poll needs and reports (serial.hpp).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/serial/channel.hpp"
#include "adapters/serial/definition.hpp"

namespace serial {

/// How waiting for something ended.
enum class came : std::uint8_t { it, nothing, interrupted, lost };

/// One device's. `over` and `with` outlive it.
class dialogue {
public:
    dialogue(channel& over, const device& with) : over_(over), with_(with), frames_(with.frames) {}

    /// Forgets what has come. `midstream`: what comes next may be the rest of a frame.
    void restart(bool midstream);

    came send(const byte_pattern& what);
    came frame(time_point until, serial::frame& to);
    /// Without its line end.
    came line(time_point until, std::string& to);
    came bytes(const std::string& wanted, time_point until);
    /// Until nothing has come for `length`; what comes is dropped.
    came quiet(nanoseconds length, time_point until);
    came delay(nanoseconds length);

    /// Runs a script, each step up to the device's timeout. `on_frame` is told each frame. If it ends early, `why` says at which
    /// step.
    came run(const std::vector<step>& script, std::uint32_t baud, const std::function<void(const serial::frame&)>& on_frame,
             std::string& why);
    /// As channel::set_baud, unless the line has that speed already.
    std::string set_baud(std::uint32_t baud);

    /// From now on told of all that goes over the wire, for somebody who watches it: what was sent, and what came, in the pieces
    /// in which it did. Empty: nobody is.
    using listener = std::function<void(bool sent, std::string_view bytes, time_point at)>;
    void watch(listener to) { listener_ = std::move(to); }

    /// Why frames were passed over since the last call; empty: none was.
    std::string take_damage() { return frames_.take_damage(); }

private:
    came receive(time_point until);
    came take_echo(std::size_t size);
    came run_step(const step& one, const std::function<void(const serial::frame&)>& on_frame, std::string& why);
    came long_frame(serial::frame& to);
    std::string plain_inbox() const;
    std::string filled_in(const byte_pattern& what) const;

    channel& over_;
    const device& with_;
    assembler frames_;
    std::string inbox_;         // as received
    std::size_t received_ = 0;  // bytes, ever
    std::map<std::string, std::string> kept_;
    listener listener_;
};

}  // namespace serial

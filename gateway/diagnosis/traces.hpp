// gateway/diagnosis/traces.hpp: who watches which bus over the control socket: turns the bus's trace on and off, and hands on its
// frames. Loop thread only. Not here: what is shown of them (command_trace.cpp), and the frames themselves (bus_orders.cpp).
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "gateway/bus/bus_thread.hpp"
#include "gateway/service/control_server.hpp"

namespace gateway {

class traces {
public:
    /// A bus by its name, or null.
    using bus_finder = std::function<bus_thread*(const std::string& name)>;
    explicit traces(bus_finder find) : find_(std::move(find)) {}

    /// {"do":"trace","bus":NAME}. Replies with a line a frame until the client goes away:
    /// {"at_us":…,"dir":"sent|received|discarded", "hex":"…"}; {"lost":N} where frames were dropped, because bus, loop or client
    /// had no time for them.
    void begin(const flat_object& request, const std::shared_ptr<control_server::exchange>& with);
    void on_frames(const std::string& bus, const trace_event& what);
    /// Buses may be others now: whoever watches one of that name goes on doing so, and who can't any more hears of it.
    void on_reloaded();

private:
    struct watcher {
        std::string bus;
        std::shared_ptr<control_server::exchange> to;
        std::uint64_t lost = 0;  // not told yet
    };
    void end(const control_server::exchange* which);
    void hand_on(watcher& to, const std::string& line);

    bus_finder find_;
    std::list<watcher> watchers_;
};

/// As it goes over the socket, and as the command would have it of a bus of its own.
std::string trace_line(const adapter_bus::frame& what, time_point now, std::int64_t now_us);

}  // namespace gateway

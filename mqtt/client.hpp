// mqtt/client.hpp: carries a session's transport effects out on Boost.Asio: resolves, connects, reads, writes, keeps time.
// No policy: when to connect, what to send and what to keep is the session's; how the bytes travel is the transports'.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mqtt/session.hpp"
#include "mqtt/transport_stack.hpp"

namespace boost::asio {
class io_context;
}

namespace mqtt {

/// Lives on one io_context run by one thread; every call from that thread. TCP_NODELAY is set; one gathered write a wake-up.
/// Handlers may call the session's publish and on_durable, and any member of this; they may destroy it. The session lives
/// as long as this does.
class client {
public:
    /// Effects that aren't about the transport (save, online, offline, …), in order.
    using effect_handler = std::function<void(const effect&)>;
    /// The window may have room, or next() may have changed: a chance to publish. Called at most once a wake-up.
    using ready_handler = std::function<void()>;
    /// Makes the transport for one connection.
    using transport_maker = std::function<std::unique_ptr<transport>(const connection_settings& to)>;

    /// `make`: empty means make_transport(). Settings without a fault (transport_stack.hpp) are required.
    client(boost::asio::io_context& loop, std::vector<connection_settings> servers, session& protocol, effect_handler on_effect,
           ready_handler on_ready, transport_maker make = {});
    ~client();  // closes the socket at once
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    void start();
    /// Carries out what the session's owner has just caused (publish, on_durable): call after any such call.
    void flush();
    /// Sends DISCONNECT and closes, within `patience`; then `done` is called, once, from the loop. Once only.
    void stop(std::chrono::milliseconds patience, std::function<void()> done, const farewell& words = {});

private:
    class carrier;
    std::shared_ptr<carrier> carrier_;  // shared with the handlers in flight, which may outlive the client by a turn
};

}  // namespace mqtt

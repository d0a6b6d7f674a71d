// gateway/http/http_shared.hpp: texts that many clients ask for at once, each asked of the gateway once; and those who listen to
// events. Pure: the time is an argument. Not here: the clients (http_server.cpp), and the texts (http_service.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "gateway/http/http_exchange.hpp"

namespace gateway {

/// The gateway, as the server sees it. Called on the server's thread; returns at once. What is handed in is called back on that
/// thread, later, by http_server::post(), or never.
class http_backend {
public:
    using reply = std::function<void(unsigned status, shared_text)>;

    virtual ~http_backend() = default;
    /// One of the texts; http_want says which.
    virtual void ask(http_want what, reply to) = 0;
    /// Server-sent events, as they go over the wire. `whole`: all there is, for those who come new; else what has changed since
    /// the last call without. `first`: nobody has listened before. Empty: nothing has.
    virtual void ask_events(bool whole, bool first, reply to) = 0;
    virtual void command(const std::string& device, const std::string& point, std::string payload, const std::string& address,
                         reply to) = 0;
};

class http_shared {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using reply = http_backend::reply;
    /// False: the client is gone.
    using listener = std::function<bool(const shared_text& events)>;

    /// `complete`: what the server adds to a text of the gateway's, once for all who get it. `now`: its clock.
    http_shared(http_backend& backend, std::function<shared_text(http_want, shared_text)> complete,
                std::function<time_point()> now)
        : backend_(backend), complete_(std::move(complete)), now_(std::move(now)) {}

    /// Calls at once with a text that is new enough, or else when there is one.
    void ask(http_want what, reply to);
    /// Texts that nobody has asked for lately are forgotten. False: there are none.
    bool forget_old();

    /// Gets all there is, then what changes.
    void join(listener who);
    std::size_t listeners() const { return joining_.size() + listeners_.size(); }
    /// To be called every limits::http_event_every as long as it says so.
    bool tick();

private:
    struct cached {
        shared_text text;
        unsigned status = 200;
        time_point made{};
        bool asked = false;
        std::vector<reply> waiters;
    };
    void on_text(http_want what, unsigned status, shared_text text, time_point asked);
    void on_whole(const shared_text& text);
    void on_changes(const shared_text& text);
    void tell(std::vector<listener> whom, const shared_text& text);

    http_backend& backend_;
    const std::function<shared_text(http_want, shared_text)> complete_;
    const std::function<time_point()> now_;
    std::map<http_want, cached> texts_;
    std::vector<listener> listeners_, joining_;
    bool whole_asked_ = false, changes_asked_ = false;
    time_point last_event_{};
};

}  // namespace gateway

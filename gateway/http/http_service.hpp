// gateway/http/http_service.hpp: the gateway behind the HTTP server: renders on the loop's thread what the server asks for, keeps
// the history, hands commands on. Loop thread, but for what http_backend says. Not here: HTTP (http_server.hpp), and the texts
// themselves (state_text.hpp, metrics_text.hpp, history.hpp).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/model.hpp"
#include "gateway/log.hpp"
#include "gateway/service/live.hpp"
#include "gateway/write/write_news.hpp"
#include "mqtt/session.hpp"

namespace boost::asio {
class io_context;
}

namespace gateway {

class http_service {
public:
    struct paths {
        /// A command, as if the broker had sent it.
        std::function<void(const mqtt::received&)> command;
        /// What is stuck, or why no readings are taken in, in a phrase; empty: nothing.
        std::function<std::string()> stuck = [] { return std::string(); };
        /// Somebody looks at the queue: its oldest message is of interest.
        std::function<void()> look_at_oldest = [] {};
    };
    /// `of` has an http part. All outlive it.
    http_service(boost::asio::io_context& loop, const live& of, const log& to, paths how);
    ~http_service();
    http_service(const http_service&) = delete;
    http_service& operator=(const http_service&) = delete;

    /// That it can't be served stops nothing else: it is logged.
    void start();
    /// Readings aren't taken in any more.
    void begin_stop();
    void stop();

    void on_write_news(const write_news& what);
    /// The places of buses, devices and points are others now.
    void on_reloaded();

private:
    struct inside;
    std::unique_ptr<inside> inside_;
};

}  // namespace gateway

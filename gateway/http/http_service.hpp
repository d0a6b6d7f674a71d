// gateway/http/http_service.hpp: the gateway behind the HTTP server: renders on the loop's thread what the server asks for, keeps
// the history, hands commands on. Loop thread, but for what http_backend says. Not here: HTTP (http_server.hpp), and the texts
// themselves (state_text.hpp, metrics_text.hpp, history.hpp).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/model.hpp"
#include "gateway/http/http_tls.hpp"
#include "gateway/log.hpp"
#include "gateway/service/live.hpp"
#include "gateway/write/write_news.hpp"
#include "mqtt/session.hpp"

namespace boost::asio {
class io_context;
}

namespace gateway {

/// What the http part of a config refers to: its token, certificate and key.
struct http_secrets {
    std::string token;              // empty: none is asked for
    std::shared_ptr<http_tls> tls;  // null: none
    bool is_same(const http_secrets& other) const {
        const bool same_files = tls && other.tls ? tls->content() == other.tls->content() : tls == other.tls;
        return token == other.token && same_files;
    }
};
/// Nothing: it can't be had, with `why`.
std::optional<http_secrets> load_http_secrets(const config::http& of, std::string& why);

class http_service {
public:
    struct paths {
        /// A command, as if the broker had sent it.
        std::function<void(const mqtt::received&)> command;
        /// Who makes no progress, in a phrase; empty: nobody. Called on any thread: the loop may be who.
        std::function<std::string()> stuck = [] { return std::string(); };
        /// Somebody looks at the queue: its oldest message is of interest.
        std::function<void()> look_at_oldest = [] {};
    };
    /// `of` has an http part. All outlive it.
    http_service(boost::asio::io_context& loop, const live& of, const log& to, paths how);
    ~http_service();
    http_service(const http_service&) = delete;
    http_service& operator=(const http_service&) = delete;

    /// That it can't be served stops nothing else: it is logged, and tried again and again, since the network may come up later
    /// than this. Returns why it can't now; empty: it is.
    std::string start();
    /// Whether it is served, with these.
    bool serves_with(const http_secrets& what) const;
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

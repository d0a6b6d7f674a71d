// gateway/http/http_server.hpp: the HTTP server: a thread of its own, with a lower priority, that accepts, reads, answers and
// streams; whatever clients do to it, it costs the gateway's loop no more than the texts it asks for, each once for all clients.
// Not here: what is said (http_exchange.hpp), what may be asked (http_rules.hpp), and the texts (http_service.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "gateway/http/http_shared.hpp"
#include "gateway/http/http_tls.hpp"

namespace gateway {

class http_server {
public:
    struct settings {
        std::string host;
        std::uint16_t port = 0;
        http_access access;
        std::shared_ptr<http_tls> tls;  // null: none
    };
    /// `backend` outlives it.
    http_server(settings how, http_backend& backend);
    ~http_server();  // stops
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    /// False, with `why`: it can't be served there.
    bool start(std::string& why);
    std::uint16_t port() const;
    /// Calls on the server's thread. From any thread.
    void post(std::function<void()> call);
    /// Closes all connections and joins.
    void stop();

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace gateway

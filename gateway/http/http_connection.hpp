// gateway/http/http_connection.hpp: one client of the HTTP server: its socket, and TLS if there is. Server's thread only. It has
// no buffers of its own while nothing is on its way: it waits until there is something to read, or room to write. Not here: what
// is said (http_exchange.hpp), and who answers (http_server.cpp).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "gateway/http/http_exchange.hpp"
#include "gateway/http/http_tls.hpp"

namespace boost::asio {
class io_context;
}

namespace gateway {

class http_connection : public std::enable_shared_from_this<http_connection> {
public:
    using time_point = http_exchange::time_point;

    class owner {
    public:
        virtual ~owner() = default;
        /// To be answered, now or later, by answer(), refuse() or begin_stream() of its exchange.
        virtual void on_request(const std::shared_ptr<http_connection>& from, const http_decision& what) = 0;
        virtual void on_answered(unsigned status) = 0;
        virtual void on_too_slow() = 0;
        virtual void on_closed(const std::shared_ptr<http_connection>& which) = 0;
        /// For whoever reads now.
        virtual std::span<char> buffer() = 0;
    };

    /// `descriptor`: a connected socket that doesn't block; this closes it. `tls`: null without. `to` outlives it.
    http_connection(boost::asio::io_context& io, int descriptor, std::unique_ptr<http_tls::session> tls,
                    const http_access& access, token_guard& guard, std::string address, owner& to);
    ~http_connection();

    /// Goes on with whatever can be done now, without waiting: writes, and takes requests.
    void advance();
    void close();
    void answer(unsigned status, std::string_view type, shared_text body);
    /// False: it is closed.
    bool push(shared_text events);
    /// To be called now and then: ends what takes too long.
    void sweep(time_point now);

    http_exchange& exchange() { return exchange_; }
    const std::string& address() const { return address_; }

private:
    struct wire;
    bool flush();
    bool write_some(std::string_view bytes, std::size_t& taken);
    void arm_read();
    void on_readable();
    void finish();

    std::unique_ptr<wire> wire_;
    owner* owner_;  // null: closed
    const std::string address_;
    http_exchange exchange_;
    std::unique_ptr<http_tls::session> tls_;
    std::string sealed_;                      // of TLS, to be written
    std::optional<time_point> handshake_by_;  // TLS
    std::optional<time_point> linger_until_;  // all is written, and what still comes is thrown away
    bool advancing_ = false;
    bool reading_ = false;  // is waited for
    bool writing_ = false;  // … room to
};

}  // namespace gateway

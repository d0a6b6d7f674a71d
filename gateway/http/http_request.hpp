// gateway/http/http_request.hpp: bytes of a client to HTTP requests, strictly and bounded. Pure.
// Not here: what is answered (http_rules.hpp), and sockets (http_server.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gateway {

enum class http_method : std::uint8_t { get, head, post, other };

/// A whole request. Fields that nobody here asks for are not kept.
struct http_request {
    http_method method = http_method::other;
    std::string path;  // as it came, without the query; begins with '/'
    std::string query;
    std::string host, origin, content_type, authorization, if_none_match, accept_encoding, fetch_site;
    std::string body;
    bool has_one_host = false;
    bool keep_alive = false;
    bool operator==(const http_request&) const = default;
};

/// The value of `name` in a query, percent signs decoded; empty: it isn't there.
std::string query_value(std::string_view query, std::string_view name);
/// With its percent signs and, in a query, plus signs decoded; empty: they are wrong.
std::string percent_decoded(std::string_view text, bool plus_is_blank);

class http_reader {
public:
    http_reader();
    ~http_reader();
    http_reader(const http_reader&) = delete;
    http_reader& operator=(const http_reader&) = delete;

    void feed(std::string_view bytes);
    enum class outcome : std::uint8_t {
        more,     // bytes are needed
        request,  // one is in `to`; the next may be here already
        bad       // refused with `status`; nothing behind it can be read
    };
    outcome next(http_request& to);
    unsigned status() const { return status_; }
    /// Part of a request is here.
    bool has_begun() const { return !input_.empty() || header_read_; }
    std::size_t waiting_bytes() const { return input_.size(); }

private:
    struct parser;
    void begin();
    std::string input_;
    std::unique_ptr<parser> parser_;
    bool header_read_ = false;
    unsigned status_ = 0;
};

}  // namespace gateway

// gateway/http/http_rules.hpp: what a request wants, and whether it may have it: paths and methods, the token, where it comes
// from. Pure. Not here: the answers themselves.
//
// A page of somebody else's in the same browser must not read or command the gateway: without a token only loopback is served,
// and only under its own names, so that a foreign name that resolves to it (DNS rebinding) gets nothing; a command must be JSON
// and, if it says its origin, ours. With a token a foreign page has nothing to send.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/http/http_assets.hpp"
#include "gateway/http/http_request.hpp"

namespace gateway {

struct http_access {
    std::string token;    // empty: none is asked for, and only the names of loopback are served
    bool writes = false;  // commands are taken
    bool tls = false;
    std::span<const asset> assets = {};  // the page
};

enum class http_want : std::uint8_t { refusal, asset, state, history_hour, history_day, events, metrics, health, ready, command };

struct http_decision {
    http_want want = http_want::refusal;
    unsigned status = 200;  // of a refusal, with a sentence for a person
    std::string reason = {};
    std::vector<std::pair<std::string, std::string>> fields = {};
    const gateway::asset* asset = nullptr;
    std::string device = {}, point = {};  // of a command
};

/// Who sends wrong tokens is refused for a while, whatever it sends then.
class token_guard {
public:
    using time_point = std::chrono::steady_clock::time_point;
    bool is_locked(const std::string& address, time_point now) const;
    void note_wrong(const std::string& address, time_point now);

private:
    struct record {
        std::size_t wrong = 0;
        time_point since{};
    };
    std::map<std::string, record> records_;
};

/// `address`: of the client.
http_decision decide(const http_request& request, const http_access& access, const std::string& address, token_guard& guard,
                     token_guard::time_point now);

/// The beginning of an answer, blank line included.
struct http_head {
    unsigned status = 200;
    std::string_view type = {};
    std::size_t size = 0;
    bool endless = false;  // the body ends with the connection
    bool keep_alive = true;
    std::vector<std::pair<std::string, std::string>> fields = {};
};
std::string head_text(const http_head& of);

std::string_view phrase_of(unsigned status);

}  // namespace gateway

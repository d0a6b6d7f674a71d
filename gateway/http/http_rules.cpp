// gateway/http/http_rules.cpp: see http_rules.hpp.
#include "gateway/http/http_rules.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "gateway/limits.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;

http_decision refuse(unsigned status, std::string reason, std::vector<std::pair<std::string, std::string>> fields = {}) {
    return {http_want::refusal, status, std::move(reason), std::move(fields)};
}

/// The time that this takes tells nothing of where the two differ.
bool same_secret(std::string_view given, std::string_view ours) {
    unsigned char differ = given.size() == ours.size() ? 0 : 1;
    for (std::size_t i = 0; i < ours.size(); ++i)
        differ = static_cast<unsigned char>(differ | (ours[i] ^ (given.empty() ? '\0' : given[i % given.size()])));
    return differ == 0;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::string without_port(std::string_view host) {
    if (host.starts_with('[')) return lower(host.substr(0, host.find(']') + 1));
    return lower(host.substr(0, host.find(':')));
}

bool names_loopback(std::string_view host) {
    const std::string name = without_port(host);
    return name == "localhost" || name == "[::1]" || name.ends_with(".localhost") ||
           (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos);
}

/// What the client shows: in the header; or, for a browser's EventSource that can't set one, in the query of the events.
std::string shown_token(const http_request& request) {
    const std::string_view given = request.authorization;
    if (given.size() > 7 && lower(given.substr(0, 7)) == "bearer ")
        return std::string(given.substr(given.find_first_not_of(' ', 7)));
    return request.path == "/api/events" ? query_value(request.query, "token") : std::string();
}

std::optional<http_decision> judge_token(const http_request& request, const http_access& access, const std::string& address,
                                         token_guard& guard, token_guard::time_point now) {
    if (guard.is_locked(address, now))
        return refuse(429, "too many wrong tokens from this address; wait a minute", {{"Retry-After", "60"}});
    const std::string shown = shown_token(request);
    if (same_secret(shown, access.token)) return std::nullopt;
    if (!shown.empty()) guard.note_wrong(address, now);
    return refuse(401, shown.empty() ? "a token is needed: 'Authorization: Bearer …'" : "this isn't the token",
                  {{"WWW-Authenticate", "Bearer realm=\"tidegate\""}});
}

/// "/api/set/DEVICE/POINT".
std::optional<http_decision> command_target(std::string_view path) {
    constexpr std::string_view prefix = "/api/set/";
    if (!path.starts_with(prefix)) return std::nullopt;
    path.remove_prefix(prefix.size());
    const auto slash = path.find('/');
    if (slash == std::string_view::npos || path.find('/', slash + 1) != std::string_view::npos) return std::nullopt;
    http_decision found{http_want::command};
    found.device = percent_decoded(path.substr(0, slash), false);
    found.point = percent_decoded(path.substr(slash + 1), false);
    // They become levels of a topic.
    const auto is_level = [](const std::string& name) {
        return !name.empty() && name.size() <= 256 && name.find_first_of("/+#") == std::string::npos &&
               std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    };
    if (!is_level(found.device) || !is_level(found.point)) return std::nullopt;
    return found;
}

std::optional<http_decision> judge_origin(const http_request& request, const http_access& access) {
    const std::string ours = (access.tls ? "https://" : "http://") + lower(request.host);
    const bool foreign_site = !request.fetch_site.empty() && request.fetch_site != "same-origin" && request.fetch_site != "none";
    // Behind a proxy that has TLS the page's origin is https, and ours isn't.
    const bool same = request.origin.empty() || lower(request.origin) == ours ||
                      (!access.tls && lower(request.origin) == "https://" + lower(request.host));
    if (!same || foreign_site) return refuse(403, "commands are taken from this gateway's own page, or from programs");
    const std::string type = lower(request.content_type.substr(0, request.content_type.find(';')));
    if (type.substr(0, type.find_last_not_of(' ') + 1) != "application/json")
        return refuse(415, "a command is JSON: 'Content-Type: application/json'");
    return std::nullopt;
}

const asset* find_asset(std::span<const asset> all, std::string_view path) {
    if (path == "/") path = "/index.html";
    const auto found = std::find_if(all.begin(), all.end(), [&](const asset& one) { return one.path == path; });
    return found == all.end() ? nullptr : &*found;
}

struct place {
    std::string_view path;
    http_want want;
    bool open;  // needs no token: it says nothing but that there is a gateway
};
constexpr place places[] = {{"/api/state", http_want::state, false},   {"/api/history", http_want::history_hour, false},
                            {"/api/events", http_want::events, false}, {"/metrics", http_want::metrics, false},
                            {"/healthz", http_want::health, true},     {"/readyz", http_want::ready, true}};

}  // namespace

bool token_guard::is_locked(const std::string& address, time_point now) const {
    const auto found = records_.find(address);
    return found != records_.end() && now - found->second.since < 1min && found->second.wrong >= limits::http_wrong_tokens;
}

void token_guard::note_wrong(const std::string& address, time_point now) {
    auto found = records_.find(address);
    if (found == records_.end() || now - found->second.since >= 1min) {
        std::erase_if(records_, [&](const auto& each) { return now - each.second.since >= 1min; });
        // Full of addresses that were wrong within this minute: who comes new isn't remembered, and the old ones stay locked.
        if (records_.size() >= limits::http_guarded_addresses) return;
        found = records_.insert_or_assign(address, record{0, now}).first;
    }
    ++found->second.wrong;
}

http_decision decide(const http_request& request, const http_access& access, const std::string& address, token_guard& guard,
                     token_guard::time_point now) {
    if (access.token.empty() && !names_loopback(request.host))
        return refuse(421, "without a token this gateway answers as localhost only, and was asked as something else");
    const bool reads = request.method == http_method::get || request.method == http_method::head;
    if (const auto* found = find_asset(access.assets, request.path)) {
        if (!reads) return refuse(405, "this can only be read", {{"Allow", "GET, HEAD"}});
        http_decision made{http_want::asset};
        made.asset = found;
        return made;
    }
    const auto* known =
        std::find_if(std::begin(places), std::end(places), [&](const place& one) { return one.path == request.path; });
    const bool is_place = known != std::end(places);
    auto command = is_place || !access.writes ? std::nullopt : command_target(request.path);
    if (!access.token.empty() && !(is_place && known->open))
        if (auto no = judge_token(request, access, address, guard, now)) return std::move(*no);
    if (command) {
        if (request.method != http_method::post) return refuse(405, "a command is sent by POST", {{"Allow", "POST"}});
        if (auto no = judge_origin(request, access)) return std::move(*no);
        return std::move(*command);
    }
    if (!is_place) return refuse(404, "there is nothing here");
    if (!reads) return refuse(405, "this can only be read", {{"Allow", "GET, HEAD"}});
    http_decision made{known->want};
    if (made.want == http_want::history_hour) {
        const std::string span = query_value(request.query, "span");
        if (span == "24h") made.want = http_want::history_day;
        if (span != "24h" && span != "1h" && !span.empty()) return refuse(400, "span is 1h or 24h");
    }
    return made;
}

std::string_view phrase_of(unsigned status) {
    switch (status) {
        case 200:
            return "OK";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 421:
            return "Misdirected Request";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Status";
    }
}

std::string head_text(const http_head& of) {
    std::string text = "HTTP/1.1 " + std::to_string(of.status) + ' ' + std::string(phrase_of(of.status)) + "\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
        text.append(name).append(": ").append(value).append("\r\n");
    };
    if (!of.type.empty()) add("Content-Type", of.type);
    if (!of.endless && of.status != 304) add("Content-Length", std::to_string(of.size));
    for (const auto& [name, value] : of.fields) add(name, value);
    add("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    add("X-Content-Type-Options", "nosniff");
    add("Referrer-Policy", "no-referrer");
    add("Cross-Origin-Resource-Policy", "same-origin");
    add("Connection", of.keep_alive && !of.endless ? "keep-alive" : "close");
    return text += "\r\n";
}

}  // namespace gateway

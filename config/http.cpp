// config/http.cpp: see http.hpp.
#include "config/http.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "config/address.hpp"

namespace config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<unsigned> number_of(std::string_view digits, std::size_t most_digits, unsigned most) {
    if (digits.empty() || digits.size() > most_digits || !std::all_of(digits.begin(), digits.end(), is_digit))
        return std::nullopt;
    unsigned found = 0;
    for (const char c : digits) found = found * 10 + static_cast<unsigned>(c - '0');
    return found <= most ? std::optional(found) : std::nullopt;
}

bool is_ipv4(std::string_view text) {
    for (int part = 0; part < 4; ++part) {
        const auto end = part < 3 ? text.find('.') : text.size();
        if (end == std::string_view::npos || !number_of(text.substr(0, end), 3, 255)) return false;
        text.remove_prefix(part < 3 ? end + 1 : end);
    }
    return true;
}

/// Eight groups of up to four digits, or fewer with one "::". No zone, no IPv4 at the end.
bool is_ipv6(std::string_view text) {
    const auto gap = text.find("::");
    if (gap != std::string_view::npos && text.find("::", gap + 1) != std::string_view::npos) return false;
    int groups = 0;
    const auto count = [&](std::string_view part) {
        while (!part.empty()) {
            const auto end = std::min(part.find(':'), part.size());
            const auto group = part.substr(0, end);
            const auto hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
            if (group.empty() || group.size() > 4 || !std::all_of(group.begin(), group.end(), hex)) return false;
            ++groups;
            part.remove_prefix(end);
            if (part == ":") return false;
            if (!part.empty()) part.remove_prefix(1);
        }
        return true;
    };
    if (gap == std::string_view::npos) return count(text) && groups == 8;
    return count(text.substr(0, gap)) && count(text.substr(gap + 2)) && groups < 8;
}

constexpr std::string_view example = "write it as '127.0.0.1:8377', '[::1]:8377' or, beyond this machine, '0.0.0.0:8377'";

class http_reader {
public:
    http_reader(const values& keys, findings& out) : keys_(keys), out_(out) {}

    http read(const value& from) {
        to_.where = from.key_at.where;
        read_listen();
        read_token();
        read_tls();
        if (const auto* writes = keys_.find("writes")) to_.writes = writes->text == "enabled";
        check_reach();
        return std::move(to_);
    }

private:
    void read_listen() {
        const auto* listen = keys_.find("listen");
        if (listen == nullptr) return;
        auto read = parse_listen(listen->text);
        if (!read.value) return out_.error(listen->at, "'listen': " + read.problem);
        to_.host = std::move(read.value->host);
        to_.port = read.value->port;
        to_.loopback = is_loopback(to_.host);
    }

    void read_token() {
        const auto* token = keys_.find("token");
        if (token == nullptr) return;
        auto read = parse_secret(token->text);
        // At the key: the line that is shown then hides what may be the secret.
        if (!read.value) return out_.error(token->key_at, "'token': " + read.problem);
        read.value->where = token->at.where;
        to_.token = std::move(read.value);
    }

    void read_tls() {
        if (const auto* file = keys_.find("tls.cert")) to_.certificate = {file->text, file->at.where};
        if (const auto* file = keys_.find("tls.key")) to_.key = {file->text, file->at.where};
        const auto* tls = keys_.find("tls");
        if (tls != nullptr && !keys_.find("tls.cert") && !tls->source->entries.empty() && !out_.any_error())
            out_.error(tls->key_at,
                       "'tls' has no 'cert'; write the file of the server's certificate, such as 'cert: /etc/…/page.pem'");
    }

    /// Who can reach it, and what they would see or hear.
    void check_reach() {
        if (to_.loopback || to_.host.empty()) return;
        const auto* listen = keys_.find("listen");
        if (!keys_.mentions("token"))
            out_.error(listen->at, quoted(listen->text) +
                                       " can be reached by others, and there is no 'token': add one, such as "
                                       "'token: \"@file:/etc/tidegate/http-token\"', or listen at '127.0.0.1:" +
                                       std::to_string(to_.port) + "'");
        else if (!keys_.mentions("tls"))
            out_.warning(listen->at,
                         "without 'tls' the token and all values go over the network as plain text; add "
                         "'tls: { cert: …, key: … }', or serve it on loopback behind a proxy that has TLS");
    }

    const values& keys_;
    findings& out_;
    http to_;
};

}  // namespace

parsed<listen_address> parse_listen(std::string_view text) {
    const auto colon = text.rfind(':');
    const bool bracket = text.starts_with('[');
    if (colon == std::string_view::npos || (bracket && text.find(']') + 1 != colon) || (!bracket && text.find(':') != colon))
        return {{}, quoted(text) + " is not an address with a port; " + std::string(example)};
    const auto port = number_of(text.substr(colon + 1), 5, 65535);
    if (!port) return {{}, "the port " + quoted(text.substr(colon + 1)) + " is not a number from 0 to 65535"};
    const auto host = bracket ? text.substr(1, colon - 2) : text.substr(0, colon);
    listen_address out{host == "localhost" ? "127.0.0.1" : std::string(host), static_cast<std::uint16_t>(*port)};
    if (bracket ? !is_ipv6(host) : !is_ipv4(out.host))
        return {{}, quoted(host) + " is not an address of this machine; " + std::string(example)};
    return {std::move(out), {}};
}

bool is_loopback(std::string_view address) {
    return is_ipv4(address) ? address.starts_with("127.") : address == "::1" || address == "0:0:0:0:0:0:0:1";
}

http read_http(const value& from, const grammar& rules, findings& out) {
    const auto keys = read_map(*from.source, section::http, rules, out, from.key_at, "'http'");
    return http_reader(keys, out).read(from);
}

void check_http(const file& file, findings& out) {
    if (!file.http || !file.http->writes || file.writes) return;
    out.warning({file.http->where, 4}, "'writes: enabled' of 'http' has no effect: 'gateway' has no 'writes: enabled'");
}

}  // namespace config

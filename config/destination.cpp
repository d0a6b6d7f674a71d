// config/destination.cpp: servers and the way to them, logins, TLS, and what the session may do.
// Not here: one URL or reference by itself (address.cpp).
#include "config/destination.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "config/address.hpp"
#include "config/mask.hpp"
#include "config/suggest.hpp"

namespace config {
namespace {

constexpr std::size_t longest_protocol = 255;  // of ALPN, in bytes
constexpr std::size_t most_protocols = 16;
constexpr std::size_t most_headers = 64;
constexpr std::size_t longest_headers = 8 * 1024;  // all of them; common servers take no more

std::chrono::seconds to_seconds(const value& from) {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(from.integer));
}

bool is_in(std::string_view text, std::string_view all) { return text.find_first_not_of(all) == std::string_view::npos; }

/// RFC 9110, 5.6.2.
bool is_header_name(std::string_view name) {
    return !name.empty() && is_in(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~");
}

/// The request that opens a WebSocket says these by itself.
bool is_header_of_ours(std::string_view name) {
    for (const auto* one : {"host", "upgrade", "connection", "content-length", "transfer-encoding"})
        if (distance(name, one) == 0) return true;
    constexpr std::string_view prefix = "sec-websocket-";
    return name.size() >= prefix.size() && distance(name.substr(0, prefix.size()), prefix) == 0;
}

class destination_reader {
public:
    destination_reader(const values& keys, findings& out) : keys_(keys), out_(out) {}

    destination read(const value& from);

private:
    void read_session();
    void read_servers(const value& from);
    void read_server(const node& url);
    void read_login();
    void read_tls();
    void read_alpn();
    void read_proxy();
    void read_headers();
    void read_header(const entry& from);
    void check_schemes();
    void check_tls();
    void warn_of_version();

    std::optional<secret_reference> read_secret(std::string_view path);
    named_file read_file(std::string_view path) const;
    template <class T>
    void read_number(std::string_view path, T& to) const;

    const values& keys_;
    findings& out_;
    destination to_;
};

destination destination_reader::read(const value& from) {
    to_.where = from.key_at.where;
    if (const auto* version = keys_.find("version"))
        to_.version = version->text == "3.1.1" ? mqtt_version::v3_1_1 : mqtt_version::v5;
    read_servers(from);
    read_login();
    read_tls();
    read_proxy();
    read_headers();
    read_session();
    check_schemes();
    warn_of_version();
    return std::move(to_);
}

void destination_reader::read_session() {
    if (const auto* id = keys_.find("client_id")) to_.client_id = id->text;
    if (const auto* keepalive = keys_.find("keepalive")) to_.keepalive = to_seconds(*keepalive);
    if (const auto* expiry = keys_.find("session_expiry")) to_.session_expiry = to_seconds(*expiry);
    if (const auto* delay = keys_.find("will_delay")) to_.will_delay = to_seconds(*delay);
    if (const auto* policy = keys_.find("on_session_loss"))
        to_.on_session_loss = policy->text == "drop" ? session_loss::drop : session_loss::resend;
    if (const auto* statuses = keys_.find("status_topics")) to_.status_topics = statuses->text == "publish";
    if (const auto* redirect = keys_.find("redirects"))
        to_.redirects = redirect->text == "ignore" ? redirects::ignore : redirects::follow;
    if (const auto* most = keys_.find("max_in_flight")) to_.max_in_flight = static_cast<std::uint16_t>(most->integer);
    read_number("max_qos", to_.max_qos);
    read_number("receive_maximum", to_.receive_maximum);
    read_number("topic_aliases", to_.topic_aliases);
    read_number("poison_after", to_.poison_after);
}

// ---- Servers ----

void destination_reader::read_servers(const value& from) {
    const auto* one = keys_.find("url");
    const auto* several = keys_.find("urls");
    if (!keys_.mentions("url") && !keys_.mentions("urls"))
        out_.error(from.key_at, "'mqtt' has no 'url'; write the broker as 'url: mqtt://host:1883'");
    if (one != nullptr && several != nullptr)
        out_.error(several->key_at, "there is 'url' already; put it into 'urls', or remove one");
    if (one != nullptr) read_server(*one->source);
    if (several == nullptr) return;
    if (several->source->items.empty()) out_.error(several->key_at, "'urls' is empty; it needs at least one URL");
    for (const auto& url : several->source->items) read_server(url);
}

void destination_reader::read_server(const node& url) {
    if (url.kind == node_kind::unusable) return;
    if (url.kind != node_kind::scalar || url.null) return out_.error(url.at, "expected a URL such as 'mqtt://host:1883'");
    auto read = parse_url(url.text);
    if (!read.value) return out_.error(url.at, read.problem);
    // Whoever can cut the encrypted way off would else be sent the password on the other.
    if (!to_.servers.empty() && is_tls(to_.servers.front().scheme) != is_tls(read.value->scheme))
        return out_.error(url.at, "either all of 'urls' are encrypted (mqtts://, wss://) or none is");
    to_.servers.push_back(std::move(*read.value));
}

void destination_reader::check_schemes() {
    if (to_.servers.empty()) return;  // That has been said.
    const auto any = [&](bool (*is)(scheme)) {
        return std::any_of(to_.servers.begin(), to_.servers.end(), [&](const server& one) { return is(one.scheme); });
    };
    if (const auto* tls = keys_.find("tls"); tls != nullptr && !any([](scheme one) { return is_tls(one); }))
        out_.error(tls->key_at, "'tls' belongs to a URL that begins with 'mqtts://' or 'wss://'; this one isn't encrypted");
    if (const auto* websocket = keys_.find("websocket");
        websocket != nullptr && !any([](scheme one) { return is_websocket(one); }))
        out_.error(websocket->key_at, "'websocket' belongs to a URL that begins with 'ws://' or 'wss://'");
}

// ---- Logins ----

std::optional<secret_reference> destination_reader::read_secret(std::string_view path) {
    const auto* one = keys_.find(path);
    if (one == nullptr) return std::nullopt;
    auto read = parse_secret(one->text);
    // At the key: the line that is shown with the message then isn't the secret's if that has one of its own.
    if (!read.value) {
        out_.error(one->key_at, quoted(path.substr(path.rfind('.') + 1)) + ": " + read.problem);
        return std::nullopt;
    }
    read.value->where = one->at.where;
    return std::move(read.value);
}

void destination_reader::read_login() {
    if (const auto* name = keys_.find("username")) to_.username = name->text;
    to_.password = read_secret("password");
    if (to_.password && to_.version == mqtt_version::v3_1_1 && !keys_.mentions("username"))
        out_.error(keys_.find("password")->key_at, "'password' needs a 'username' beside it in MQTT 3.1.1");
    const auto* method = keys_.find("authentication");
    if (method == nullptr || method->text != "scram-sha-256") return;
    to_.login = login::scram_sha_256;
    if (to_.version == mqtt_version::v3_1_1)
        out_.error(method->key_at, "'authentication: scram-sha-256' needs MQTT 5");
    else if (to_.username.empty() || !keys_.mentions("password"))
        out_.error(method->key_at, "'authentication: scram-sha-256' needs 'username' and 'password' beside it");
}

// ---- TLS ----

void destination_reader::read_tls() {
    auto& tls = to_.tls;
    tls.ca = read_file("tls.ca");
    tls.crl = read_file("tls.crl");
    tls.certificate = read_file("tls.cert");
    tls.key = read_file("tls.key");
    tls.key_password = read_secret("tls.key_password");
    if (const auto* name = keys_.find("tls.server_name")) tls.server_name = name->text;
    if (const auto* verify = keys_.find("tls.verify")) {
        if (verify->text == "chain_only") tls.verify = tls_verify::chain_only;
        if (verify->text == "none") tls.verify = tls_verify::none;
    }
    read_alpn();
    check_tls();
}

void destination_reader::check_tls() {
    if (to_.tls.certificate.path.empty()) {
        if (!to_.tls.key.path.empty()) out_.error(keys_.find("tls.key")->key_at, "'key' needs a 'cert' beside it");
        if (to_.tls.key_password) out_.error(keys_.find("tls.key_password")->key_at, "'key_password' needs a 'cert' beside it");
    }
    const auto* verify = keys_.find("tls.verify");
    if (to_.tls.verify == tls_verify::chain_only)
        out_.warning(verify->at, "with 'verify: chain_only' whoever has any certificate of the same authority can be the broker");
    if (to_.tls.verify != tls_verify::none) return;
    out_.warning(verify->at, "with 'verify: none' anybody on the way can be the broker, read everything and get the password");
    for (const auto* path : {"tls.ca", "tls.crl"})
        if (const auto* one = keys_.find(path))
            out_.warning(one->key_at, quoted(std::string_view(path).substr(4)) + " has no effect with 'verify: none'");
}

void destination_reader::read_alpn() {
    const auto* alpn = keys_.find("tls.alpn");
    if (alpn == nullptr) return;
    if (alpn->source->items.empty()) out_.error(alpn->key_at, "'alpn' is empty; write its protocols, or remove it");
    if (alpn->source->items.size() > most_protocols)
        return out_.error(alpn->key_at, "'alpn' has " + std::to_string(alpn->source->items.size()) + " protocols; at most " +
                                            std::to_string(most_protocols));
    for (const auto& one : alpn->source->items) {
        if (one.kind == node_kind::unusable) continue;
        if (one.kind != node_kind::scalar || one.null || one.text.empty() || one.text.size() > longest_protocol)
            out_.error(one.at, "expected the name of a protocol, such as 'mqtt' or 'x-amzn-mqtt-ca'");
        else
            to_.tls.alpn.push_back(one.text);
    }
}

// ---- Proxy and WebSocket ----

void destination_reader::read_proxy() {
    const auto* proxy = keys_.find("proxy");
    if (proxy == nullptr) return;
    config::proxy made;
    made.where = proxy->key_at.where;
    if (const auto* name = keys_.find("proxy.username")) {
        made.username = name->text;
        if (made.username.find(':') != std::string::npos) out_.error(name->at, "'username': a proxy's can't contain a ':'");
    }
    made.password = read_secret("proxy.password");
    const auto* url = keys_.find("proxy.url");
    if (url == nullptr) {
        const auto is_url = [](const entry& one) { return one.key == "url"; };
        const auto& entries = proxy->source->entries;
        if (std::none_of(entries.begin(), entries.end(), is_url) && !entries.empty())
            out_.error(proxy->key_at, "'proxy' has no 'url'; write it as 'url: http://host:3128'");
        return;
    }
    auto read = parse_proxy_url(url->source->text);
    if (!read.value) return out_.error(url->at, read.problem);
    made.host = std::move(read.value->host);
    made.port = read.value->port;
    to_.proxy = std::move(made);
}

void destination_reader::read_headers() {
    const auto* headers = keys_.find("websocket.headers");
    if (headers == nullptr) return;
    const auto& entries = headers->source->entries;
    if (entries.empty() && !headers->source->incomplete)
        return out_.error(headers->key_at, "'headers' is empty; write its fields, or remove it");
    if (entries.size() > most_headers)
        return out_.error(headers->key_at,
                          "'headers' has " + std::to_string(entries.size()) + " fields; at most " + std::to_string(most_headers));
    for (const auto& one : entries) read_header(one);
    std::size_t size = 0;
    for (const auto& one : to_.websocket_headers) size += one.name.size() + one.text.size() + 4;
    if (size > longest_headers)
        out_.error(headers->key_at, "'headers' are " + std::to_string(size) + " bytes long; at most " +
                                        std::to_string(longest_headers) + ", as servers take no more");
}

void destination_reader::read_header(const entry& from) {
    if (from.value.kind == node_kind::unusable) return;
    if (!is_header_name(from.key)) return out_.error(from.at, quoted(from.key) + " can't be the name of an HTTP header");
    if (is_header_of_ours(from.key))
        return out_.error(from.at, quoted(from.key) + " is written by the gateway itself; remove it");
    if (from.value.kind != node_kind::scalar || from.value.null)
        return out_.error(from.at, quoted(from.key) + " needs a text, or a reference such as \"@env:NAME\"");
    header made{from.key, from.value.text, {}, from.value.at.where};
    if (names_secret(from.key) || from.value.text.starts_with('@')) {
        auto read = parse_secret(from.value.text);
        if (!read.value && !names_secret(from.key))
            read.problem = "what begins with '@' is a reference: \"@env:NAME\", \"@file:/path\" or \"@cred:NAME\"";
        if (!read.value) return out_.error(from.at, quoted(from.key) + ": " + read.problem);
        read.value->where = made.where;
        made.secret = std::move(read.value);
        made.text.clear();
    }
    to_.websocket_headers.push_back(std::move(made));
}

// ---- All of them ----

void destination_reader::warn_of_version() {
    if (to_.version == mqtt_version::v5) return;
    for (const auto* path : {"will_delay", "receive_maximum", "topic_aliases", "redirects"})
        if (const auto* one = keys_.find(path)) out_.warning(one->key_at, quoted(path) + " has no effect in MQTT 3.1.1");
}

named_file destination_reader::read_file(std::string_view path) const {
    const auto* one = keys_.find(path);
    return one == nullptr ? named_file{} : named_file{one->text, one->at.where};
}

template <class T>
void destination_reader::read_number(std::string_view path, T& to) const {
    if (const auto* one = keys_.find(path)) to = static_cast<T>(one->integer);
}

}  // namespace

destination read_destination(const value& from, const grammar& rules, findings& out) {
    const auto keys = read_map(*from.source, section::mqtt, rules, out, from.key_at, "'mqtt'");
    return destination_reader(keys, out).read(from);
}

}  // namespace config

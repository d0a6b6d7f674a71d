// tests/gateway/http/http_exchange_test.cpp: what one client of the HTTP server gets: answers in order, refusals, bounds of size
// and time.
#include "gateway/http/http_exchange.hpp"

#include <catch2/catch.hpp>

#include "gateway/limits.hpp"

namespace {

using namespace gateway;
using namespace std::chrono_literals;

constexpr asset page{"/index.html", "text/html", "\"abc\"", "<p>hello hello hello</p>", "gz"};

struct client {
    explicit client(http_access how = {}) : access(std::move(how)), exchange(make()) {}
    std::unique_ptr<http_exchange> make() {
        access.assets = std::span(&page, 1);
        return std::make_unique<http_exchange>(access, guard, "192.0.2.1", now);
    }
    /// What has been written, all of it taken.
    std::string take() {
        std::string text;
        for (auto next = exchange->output(); !next.empty(); next = exchange->output()) {
            text += next;
            exchange->consume(next.size(), now);
        }
        return text;
    }
    std::string ask(const std::string& bytes) {
        exchange->feed(bytes, now);
        wanted = exchange->next(now);
        return take();
    }
    http_access access;
    token_guard guard;
    http_exchange::time_point now{};
    std::unique_ptr<http_exchange> exchange;
    std::optional<http_decision> wanted;
};

std::string request(const std::string& line, const std::string& more = "", const std::string& body = "") {
    return line + " HTTP/1.1\r\nHost: localhost\r\n" + more +
           (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body;
}

bool starts(const std::string& text, const std::string& status) { return text.starts_with("HTTP/1.1 " + status); }
bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
shared_text text(std::string what) { return std::make_shared<const std::string>(std::move(what)); }

std::string command(const std::string& path, const std::string& more) {
    return request("POST " + path, "Content-Type: application/json\r\n" + more, "1");
}

}  // namespace

TEST_CASE("http: the page, plain, packed, by its tag, and its head alone", "[gateway][http]") {
    client one;
    const auto plain = one.ask(request("GET /"));
    CHECK(starts(plain, "200"));
    CHECK(plain.ends_with("\r\n\r\n" + std::string(page.plain)));
    CHECK(has(plain, "Content-Security-Policy: default-src 'self'"));
    CHECK(has(plain, "frame-ancestors 'none'"));
    CHECK(has(plain, "X-Content-Type-Options: nosniff"));
    CHECK(has(plain, "ETag: \"abc\"\r\n"));
    const auto packed = one.ask(request("GET /index.html", "Accept-Encoding: gzip, br\r\n"));
    CHECK(packed.ends_with("\r\n\r\ngz"));
    CHECK(has(packed, "Content-Encoding: gzip\r\n"));
    CHECK(has(packed, "ETag: \"abc-gz\"\r\n"));
    CHECK(starts(one.ask(request("GET /", "If-None-Match: \"abc\"\r\n")), "304"));
    CHECK(starts(one.ask(request("GET /", "If-None-Match: \"abc\"\r\nAccept-Encoding: gzip\r\n")), "200"));
    const auto head = one.ask(request("HEAD /"));
    CHECK(has(head, "Content-Length: 24\r\n"));
    CHECK(head.ends_with("\r\n\r\n"));
    CHECK(starts(one.ask(request("DELETE /")), "405"));
    CHECK(starts(one.ask(request("GET /../etc/passwd")), "404"));
}

TEST_CASE("http: requests in any pieces, several at once, are answered one after the other", "[gateway][http]") {
    const std::string both = request("GET /api/state") + request("GET /", "Connection: close\r\n") + request("GET /metrics");
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, both.size()}) {
        CAPTURE(piece);
        client one;
        for (std::size_t at = 0; at < both.size(); at += piece) one.exchange->feed(both.substr(at, piece), one.now);
        one.wanted = one.exchange->next(one.now);
        REQUIRE(one.wanted);
        CHECK(one.wanted->want == http_want::state);
        CHECK_FALSE(one.exchange->wants_input());
        CHECK_FALSE(one.exchange->next(one.now));
        CHECK(one.exchange->answer(200, "application/json", text("{}"), one.now));
        CHECK_FALSE(one.exchange->answer(200, "application/json", text("{}"), one.now));  // it isn't waited for any more
        CHECK(one.take().ends_with("\r\n\r\n{}"));
        CHECK_FALSE(one.exchange->next(one.now));
        CHECK(has(one.take(), "Connection: close\r\n"));
        CHECK(one.exchange->is_over());
        CHECK_FALSE(one.exchange->next(one.now));  // what was sent beyond isn't answered
    }
}

TEST_CASE("http: what isn't a request, or is too large, ends the connection with its reason", "[gateway][http]") {
    const auto refused = [](const std::string& bytes) {
        client one;
        const auto answer = one.ask(bytes);
        CHECK(one.exchange->is_over());
        return answer.substr(0, 12);
    };
    CHECK(refused("hello\r\n\r\n") == "HTTP/1.1 400");
    CHECK(refused("GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 400");  // no host
    CHECK(refused("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n") == "HTTP/1.1 400");
    CHECK(refused("GET nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n") == "HTTP/1.1 400");
    CHECK(refused("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n") == "HTTP/1.1 505");
    const std::string much(limits::http_header, 'x');
    CHECK(refused("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + much + "\r\n\r\n") == "HTTP/1.1 431");
    CHECK(refused("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + much) == "HTTP/1.1 431");  // and no end of it in sight
    CHECK(refused("GET /" + much) == "HTTP/1.1 431");
    CHECK(refused("POST /api/set/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n") == "HTTP/1.1 413");
    CHECK(refused("POST /api/set/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n") == "HTTP/1.1 400");
    std::string chunks = "POST /api/set/a/b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 10; ++i) chunks += "400\r\n" + std::string(1024, 'x') + "\r\n";
    CHECK(refused(chunks) == "HTTP/1.1 413");
}

TEST_CASE("http: without a token only the names of loopback are answered", "[gateway][http]") {
    const auto asked_as = [](const std::string& host) {
        client one;
        one.ask("GET /api/state HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        return one.wanted.has_value();
    };
    for (const auto* host : {"localhost", "localhost:8377", "LOCALHOST", "127.0.0.1:8377", "[::1]:8377", "page.localhost"}) {
        CAPTURE(host);
        CHECK(asked_as(host));
    }
    for (const auto* host :
         {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8377", "192.0.2.1", "[::2]", ""}) {
        CAPTURE(host);
        CHECK_FALSE(asked_as(host));
    }
    client one({"secret", false, false});
    one.ask("GET /api/state HTTP/1.1\r\nHost: gateway.example\r\nAuthorization: Bearer secret\r\n\r\n");
    CHECK(one.wanted);
}

TEST_CASE("http: with a token all but the page and the health needs it; ten wrong ones lock an address out for a minute",
          "[gateway][http]") {
    client one({"secret", true, false});
    CHECK(starts(one.ask(request("GET /")), "200"));
    one.ask(request("GET /healthz"));
    CHECK(one.wanted);
    one.exchange->answer(200, "", text("ok"), one.now);
    one.take();
    const auto bearer = [](const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; };
    for (const auto* path : {"/api/state", "/api/history", "/api/events", "/metrics", "/nothing", "/api/set/a/b"}) {
        CAPTURE(path);
        const auto refused = one.ask(request("GET " + std::string(path)));
        CHECK(starts(refused, "401"));
        CHECK(has(refused, "WWW-Authenticate: Bearer"));
        CHECK_FALSE(one.wanted);
    }
    one.ask(request("GET /metrics", "authorization: bearer  secret\r\n"));
    CHECK(one.wanted);
    one.exchange->answer(200, "", text("ok"), one.now);
    one.take();
    CHECK(starts(one.ask(request("GET /api/state?token=secret")), "401"));  // only where a browser can't do otherwise
    for (const auto* wrong : {"secre", "secretx", "Secret", "s", "xecret", "secretsecret"})
        CHECK(starts(one.ask(request("GET /metrics", bearer(wrong))), "401"));
    for (std::size_t i = 6; i < limits::http_wrong_tokens; ++i)
        CHECK(starts(one.ask(request("GET /metrics", bearer("x"))), "401"));
    const auto locked = one.ask(request("GET /metrics", bearer("secret")));
    CHECK(starts(locked, "429"));
    CHECK(has(locked, "Retry-After: 60"));
    one.now += 61s;
    one.ask(request("GET /api/events?x=1&token=sec%72et"));
    REQUIRE(one.wanted);
    CHECK(one.wanted->want == http_want::events);
}

TEST_CASE("http: a command is JSON, from our own page or a program, and only where commands are on", "[gateway][http]") {
    const auto status = [](http_access how, const std::string& bytes) {
        client one(std::move(how));
        const auto answer = one.ask(bytes);
        return one.wanted ? "taken" : answer.substr(9, 3);
    };
    const http_access on{"", true, false};
    CHECK(status({}, command("/api/set/pump/speed", "")) == "404");
    CHECK(status(on, command("/api/set/pump/speed", "")) == "taken");
    CHECK(status(on, command("/api/set/pump/speed", "Origin: http://localhost\r\n")) == "taken");
    CHECK(status(on, command("/api/set/pump/speed", "Origin: https://localhost\r\nSec-Fetch-Site: same-origin\r\n")) == "taken");
    CHECK(status(on, command("/api/set/pump/speed", "Origin: http://evil.example\r\n")) == "403");
    CHECK(status(on, command("/api/set/pump/speed", "Origin: null\r\n")) == "403");
    CHECK(status(on, command("/api/set/pump/speed", "Sec-Fetch-Site: cross-site\r\n")) == "403");
    CHECK(status(on, request("POST /api/set/pump/speed", "Content-Type: text/plain\r\n", "1")) == "415");
    CHECK(status(on, request("POST /api/set/pump/speed", "", "1")) == "415");
    CHECK(status(on, request("GET /api/set/pump/speed")) == "405");
    for (const auto* path : {"/api/set/pump", "/api/set//speed", "/api/set/pump/speed/more", "/api/set/pump/%2Bx",
                             "/api/set/pump/a%2fb", "/api/set/%00/x", "/api/set/pump/%zz"}) {
        CAPTURE(path);
        CHECK(status(on, command(path, "")) == "404");
    }
    client one(on);
    one.ask(command("/api/set/boiler%201/s%C3%A4tt", ""));
    REQUIRE(one.wanted);
    CHECK(one.wanted->device == "boiler 1");
    CHECK(one.wanted->point == "s\xC3\xA4tt");
    CHECK(one.exchange->take_body() == "1");
}

TEST_CASE("http: time runs out for a slow request, a slow reader, a silent client and a gateway that doesn't answer",
          "[gateway][http]") {
    client one;
    const auto look = [&] { return one.exchange->look(one.now); };
    using overdue = http_exchange::overdue;
    SECTION("a request that comes byte by byte") {
        for (int i = 0; i < 12; ++i) {
            one.exchange->feed("G", one.now);
            CHECK_FALSE(one.exchange->next(one.now));
            if (i < 10) CHECK(look() == overdue::no);
            one.now += 1s;
        }
        CHECK(look() == overdue::slow);
    }
    SECTION("silence") {
        one.now += limits::http_idle - 1ms;
        CHECK(look() == overdue::no);
        one.now += 1ms;
        CHECK(look() == overdue::idle);
    }
    SECTION("an answer that is taken in drops") {
        one.exchange->feed(request("GET /"), one.now);
        CHECK_FALSE(one.exchange->next(one.now));
        one.now += limits::http_stalled - 1ms;
        one.exchange->consume(1, one.now);
        one.now += limits::http_stalled - 1ms;
        CHECK(look() == overdue::no);
        for (int i = 0; i < 12; ++i) {
            one.exchange->consume(1, one.now);
            one.now += limits::http_stalled - 1ms;
        }
        CHECK(look() == overdue::slow);  // always some, but never done
    }
    SECTION("the gateway") {
        one.ask(request("GET /api/state"));
        REQUIRE(one.wanted);
        one.now += limits::http_loop_time;
        CHECK(look() == overdue::no);
        CHECK(starts(one.take(), "503"));
        CHECK(one.exchange->is_over());
        CHECK_FALSE(one.exchange->answer(200, "", text("late"), one.now));
    }
}

TEST_CASE("http: a stream of events ends with its reader's patience", "[gateway][http]") {
    client one;
    one.ask(request("GET /api/events"));
    REQUIRE(one.wanted);
    CHECK(one.exchange->begin_stream(one.now));
    const auto head = one.take();
    CHECK(has(head, "Content-Type: text/event-stream\r\n"));
    CHECK_FALSE(has(head, "Content-Length"));
    one.now += 1h;
    CHECK(one.exchange->look(one.now) == http_exchange::overdue::no);  // nothing to say is no fault of its own
    for (std::size_t i = 0; i < limits::http_events_waiting; ++i) CHECK(one.exchange->push(text("data: x\n\n"), one.now));
    CHECK_FALSE(one.exchange->push(text("data: x\n\n"), one.now));
    one.now += limits::http_stalled;
    CHECK(one.exchange->look(one.now) == http_exchange::overdue::slow);
    client other;
    other.ask(request("HEAD /api/events"));
    CHECK_FALSE(other.exchange->begin_stream(other.now));
    CHECK(has(other.take(), "text/event-stream"));
    CHECK(other.exchange->is_over());
}

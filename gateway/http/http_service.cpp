// gateway/http/http_service.cpp: see http_service.hpp.
#include "gateway/http/http_service.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "gateway/clock.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/http/history.hpp"
#include "gateway/http/http_server.hpp"
#include "gateway/http/metrics_text.hpp"
#include "gateway/http/state_text.hpp"
#include "gateway/limits.hpp"
#include "gateway/random_bytes.hpp"
#include "gateway/secrets.hpp"
#include "gateway/version.hpp"
#include "gateway/write/local_commands.hpp"
#include "store/age.hpp"

namespace gateway {
namespace {

view_time view_now() { return {stamp_now(), steady_now()}; }

std::string error_json(std::string_view reason) {
    std::string text = R"({"error":)";
    append_json_string(text, reason);
    return text += "}\n";
}

/// Nobody foresees it.
std::string new_mark() {
    std::string text = "http-";
    for (const char byte : random_bytes(8)) text += std::to_string(static_cast<unsigned char>(byte)) + '-';
    return text;
}

/// One server-sent event; the data is one line.
void append_event(std::string& to, std::string_view name, std::string_view data) {
    to.append("event: ").append(name).append("\ndata: ").append(data).append("\n\n");
}

}  // namespace

std::optional<http_secrets> load_http_secrets(const config::http& of, std::string& why) {
    http_secrets found;
    if (of.token) {
        auto token = fetch(*of.token);
        if (!token) {
            why = "http.token: " + token.error().message();
            return std::nullopt;
        }
        found.token = std::move(*token);
    }
    if (of.certificate.path.empty()) return found;
    found.tls = http_tls::load(of.certificate.path, of.key.path, why);
    if (!found.tls) return std::nullopt;
    return found;
}

/// Its public part is called on the server's thread, and goes on by a post to the loop; the rest is the loop's.
struct http_service::inside final : http_backend {
    inside(boost::asio::io_context& io, const live& what, const log& to, paths how)
        : loop(io),
          of(what),
          config(*what.config().http),
          logger(to),
          ways(std::move(how)),
          timer(io),
          start_timer(io),
          past(what.started()),
          commands(what.config().gateway_id, what.config().command_timeout, new_mark()) {}

    void ask(http_want what, reply to) override {
        // The loop may be who hangs, so it isn't asked first.
        if (what == http_want::health)
            if (std::string stuck = ways.stuck(); !stuck.empty()) return give(std::move(to), 503, stuck + '\n');
        on_loop([this, what, to = std::move(to)]() mutable {
            auto [status, text] = render(what);
            give(std::move(to), status, std::move(text));
        });
    }
    void ask_events(bool whole, bool first, reply to) override {
        on_loop([this, whole, first, to = std::move(to)]() mutable { give(std::move(to), 200, events(whole, first)); });
    }
    void command(const std::string& device, const std::string& point, std::string payload, const std::string& address,
                 reply to) override {
        on_loop([this, device, point, payload = std::move(payload), address, to = std::move(to)] {
            take_command(device, point, payload, address, to);
        });
    }

    /// Nothing comes of it once this is gone.
    template <typename Call>
    void on_loop(Call call) {
        boost::asio::post(loop, [alive = std::weak_ptr<bool>(alive), call = std::move(call)]() mutable {
            if (!alive.expired()) call();
        });
    }
    /// As on_loop(): a timer that has run out calls also if it is cancelled, or gone, before the loop comes to it.
    template <typename Call>
    void call_at(boost::asio::steady_timer& by, time_point when, Call call) {
        by.expires_at(when);
        by.async_wait([alive = std::weak_ptr<bool>(alive), call](const boost::system::error_code& stopped) {
            if (!stopped && !alive.expired()) call();
        });
    }
    void give(reply to, unsigned status, std::string text) {
        server->post(
            [to = std::move(to), status, text = std::make_shared<const std::string>(std::move(text))] { to(status, text); });
    }

    bool start(std::string& why);
    std::string try_to_start();
    void tick();
    void schedule();
    std::pair<unsigned, std::string> render(http_want what);
    std::string unready() const;
    std::string events(bool whole, bool first);
    void take_command(const std::string& device, const std::string& point, const std::string& payload, const std::string& address,
                      const reply& to);

    boost::asio::io_context& loop;
    const live& of;
    const config::http config;  // a reload may change that of the file
    const log& logger;
    const paths ways;
    boost::asio::steady_timer timer, start_timer;
    history past;
    local_commands commands;
    http_secrets secrets;
    std::string told_why;  // it isn't served
    std::unique_ptr<http_server> server;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
    bool stopping = false;
    std::uint64_t untaken = 0;  // readings that were dropped before they were queued
    bool is_taking_all = true;  // none since the last look
    // Of the events.
    told_points told;
    std::string essence;  // as told last
    time_point state_told{};
    bool reloaded = false;
};

bool http_service::inside::start(std::string& why) {
    auto loaded = load_http_secrets(config, why);
    if (!loaded) return false;
    secrets = std::move(*loaded);
    http_server::settings how;
    how.host = config.host;
    how.port = config.port;
    how.tls = secrets.tls;
    how.access.token = secrets.token;
    how.access.writes = config.writes && of.config().writes;
    how.access.tls = how.tls != nullptr;
    how.access.assets = page_assets();
    server = std::make_unique<http_server>(std::move(how), *this);
    if (server->start(why)) return true;
    server.reset();
    return false;
}

std::string http_service::inside::try_to_start() {
    std::string why;
    if (start(why)) {
        logger.info("http_served", {{"address", config.host},
                                    {"port", server->port()},
                                    {"tls", secrets.tls ? "yes" : "no"},
                                    {"token", config.token ? "yes" : "no"}});
        return {};
    }
    if (why != told_why)
        logger.error("http_not_served",
                     {{"reason", why}, {"effect", "no status page and no metrics until it can be; all else goes on"}});
    told_why = why;
    call_at(start_timer, steady_now() + limits::http_retry, [this] {
        if (!stopping) try_to_start();
    });
    return why;
}

void http_service::inside::schedule() {
    call_at(timer, past.next(), [this] {
        tick();
        schedule();
    });
}

void http_service::inside::tick() {
    const auto now = steady_now();
    const auto& ledger = of.log().ledger;
    past.note(ledger, of.destination().online, now);
    is_taking_all = ledger.dropped_newest + ledger.dropped_unwritten <= untaken;
    untaken = ledger.dropped_newest + ledger.dropped_unwritten;
    commands.give_up(now - 2 * limits::http_command_time);
}

std::string http_service::inside::unready() const {
    if (stopping) return "the gateway is being stopped";
    for (const auto& alarm : alarms_in(of))
        if (alarm.on && alarm.name == "disk_failing") return alarm.reason;
    if (!is_taking_all) return "the queue is full, and readings are dropped";
    return {};
}

std::pair<unsigned, std::string> http_service::inside::render(http_want what) {
    const auto now = view_now();
    switch (what) {
        case http_want::state:
            ways.look_at_oldest();
            return {200, state_text(of, version(), now, with_points::yes)};
        case http_want::metrics:
            ways.look_at_oldest();
            return {200, metrics_text(of, version(), now)};
        case http_want::history_hour:
        case http_want::history_day:
            return {200, past.text(what == http_want::history_hour ? history::span::hour : history::span::day, now.steady,
                                   store::corrected(now.clock, of.boot_offset_ms()).wall_ms)};
        case http_want::health:
            return {200, "ok\n"};  // ask() has looked at all others, and this is the loop
        case http_want::ready: {
            const std::string why = unready();
            return why.empty() ? std::pair(200u, std::string("ready\n")) : std::pair(503u, why + "\n");
        }
        default:
            return {404, error_json("there is nothing here")};
    }
}

std::string http_service::inside::events(bool whole, bool first) {
    const auto now = view_now();
    std::string text;
    if (whole) {
        if (first) {
            told.begin(of, now);
            essence.clear();
            reloaded = false;
        }
        text = "retry: 2000\n\n";
        append_event(text, "state", state_text(of, version(), now, with_points::no));
        append_event(text, "values", told.all(of, now));
        return text;
    }
    if (std::exchange(reloaded, false)) append_event(text, "reload", "{}");
    std::string is = essence_text(of);
    if (is != essence || now.steady - state_told >= limits::http_state_every) {
        ways.look_at_oldest();
        append_event(text, "state", state_text(of, version(), now, with_points::no));
        essence = std::move(is);
        state_told = now.steady;
    }
    if (const std::string values = told.changes(of, now); !values.empty()) append_event(text, "values", values);
    return text;
}

void http_service::inside::take_command(const std::string& device, const std::string& point, const std::string& payload,
                                        const std::string& address, const reply& to) {
    if (stopping) return give(to, 503, error_json("the gateway is being stopped"));
    commands.send(
        device, point, payload, "http " + address, steady_now(),
        [this, to](const write_news* answer) {
            if (answer == nullptr)
                return give(to, 504, error_json("nothing is known of the command; its answer comes over MQTT"));
            give(to, http_status_of(*answer), answer_payload(*answer) + '\n');
        },
        ways.command);
}

http_service::http_service(boost::asio::io_context& loop, const live& of, const log& to, paths how)
    : inside_(std::make_unique<inside>(loop, of, to, std::move(how))) {}

http_service::~http_service() { stop(); }

std::string http_service::start() {
    inside_->schedule();
    return inside_->try_to_start();
}

bool http_service::serves_with(const http_secrets& what) const { return inside_->server && inside_->secrets.is_same(what); }

void http_service::begin_stop() { inside_->stopping = true; }

void http_service::stop() {
    auto& in = *inside_;
    in.timer.cancel();
    in.start_timer.cancel();
    in.alive.reset();
    in.server.reset();
}

void http_service::on_write_news(const write_news& what) { inside_->commands.on_news(what); }

void http_service::on_reloaded() {
    inside_->commands.set_timeout(inside_->of.config().command_timeout);
    inside_->told.forget();
    inside_->reloaded = true;
}

}  // namespace gateway

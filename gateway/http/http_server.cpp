// gateway/http/http_server.cpp: the thread, accepting, limits, and who answers which request.
// Not here: one client (http_connection.cpp).
#include "gateway/http/http_server.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/http/http_connection.hpp"
#include "gateway/http/metrics_text.hpp"
#include "gateway/limits.hpp"
#include "gateway/service/process_figures.hpp"

namespace gateway {

using boost::asio::ip::tcp;
using clock = std::chrono::steady_clock;
using boost::system::error_code;

namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view plain_type = "text/plain; charset=utf-8";
constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

/// Those who share an IPv6 network of the smallest kind are one: each host has all its addresses.
std::string address_key(const boost::asio::ip::address& address) {
    if (address.is_v4()) return address.to_string();
    auto v6 = address.to_v6();
    if (v6.is_v4_mapped()) return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6).to_string();
    auto bytes = v6.to_bytes();
    if (!v6.is_loopback()) std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    return boost::asio::ip::address_v6(bytes).to_string();
}

std::string_view type_of(http_want what) {
    if (what == http_want::metrics) return metrics_type;
    return what == http_want::health || what == http_want::ready ? plain_type : json_type;
}

}  // namespace

struct http_server::state final : http_connection::owner {
    state(settings given, http_backend& of)
        : how(std::move(given)),
          backend(of),
          acceptor(io),
          accept_again(io),
          sweep_timer(io),
          event_timer(io),
          shared(
              of, [this](http_want what, shared_text text) { return complete(what, std::move(text)); }, &clock::now) {}

    struct figures {
        std::map<unsigned, std::uint64_t> answers;  // by status
        std::uint64_t refused_connections = 0;      // too many
        std::uint64_t dropped_connections = 0;      // too slow
    };

    void accept();
    void take(tcp::socket client);
    bool has_room_for(const std::string& address);
    void on_request(const std::shared_ptr<http_connection>& from, const http_decision& what) override;
    void command(const std::shared_ptr<http_connection>& from, const http_decision& what);
    void on_answered(unsigned status) override { ++counts.answers[status]; }
    void on_too_slow() override { ++counts.dropped_connections; }
    void on_closed(const std::shared_ptr<http_connection>& which) override;
    std::span<char> buffer() override { return room; }
    shared_text complete(http_want what, shared_text text) const;
    void schedule_tick();
    void schedule_sweep();
    void sweep();

    const settings how;
    http_backend& backend;
    boost::asio::io_context io{1};
    tcp::acceptor acceptor;
    boost::asio::steady_timer accept_again, sweep_timer, event_timer;
    token_guard guard;
    std::list<std::shared_ptr<http_connection>> connections;
    std::map<std::string, std::size_t> by_address;
    http_shared shared;
    bool ticking = false, sweeping = false;
    std::size_t commands = 0;
    figures counts;
    std::array<char, 16u << 10> room{};  // of whoever reads now
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work;
    std::thread thread;
};

// ---- Requests ----

void http_server::state::on_request(const std::shared_ptr<http_connection>& from, const http_decision& what) {
    if (what.want == http_want::command) return command(from, what);
    const std::weak_ptr<http_connection> client = from;
    if (what.want != http_want::events)
        return shared.ask(what.want, [client, type = type_of(what.want)](unsigned status, shared_text text) {
            if (const auto who = client.lock()) who->answer(status, type, std::move(text));
        });
    auto& exchange = from->exchange();
    if (shared.listeners() >= limits::http_event_clients) {
        exchange.refuse(503, "too many listen to events already", clock::now(), {{"Retry-After", "10"}});
    } else if (exchange.begin_stream(clock::now())) {
        shared.join([client](const shared_text& events) {
            const auto who = client.lock();
            return who && who->push(events);
        });
        schedule_tick();
    }
}

void http_server::state::command(const std::shared_ptr<http_connection>& from, const http_decision& what) {
    if (commands >= limits::http_commands) {
        from->exchange().refuse(503, "too many commands are under way", clock::now(), {{"Retry-After", "1"}});
        return;
    }
    ++commands;
    const std::weak_ptr<http_connection> client = from;
    backend.command(what.device, what.point, from->exchange().take_body(), from->address(),
                    [this, client](unsigned status, shared_text text) {
                        --commands;
                        if (const auto who = client.lock()) who->answer(status, json_type, std::move(text));
                    });
}

// ---- Accepting ----

void http_server::state::accept() {
    acceptor.async_accept([this](const error_code& error, tcp::socket client) {
        if (error == boost::asio::error::operation_aborted || !acceptor.is_open()) return;
        if (!error) {
            take(std::move(client));
            return accept();
        }
        // Out of files, perhaps: others may end in a while.
        accept_again.expires_after(std::chrono::seconds(1));
        accept_again.async_wait([this](const error_code& stopped) {
            if (!stopped) accept();
        });
    });
}

void http_server::state::take(tcp::socket client) {
    error_code error;
    const auto peer = client.remote_endpoint(error);
    if (error) return;  // gone already
    const std::string address = address_key(peer.address());
    if (!has_room_for(address)) {
        ++counts.refused_connections;
        return;  // it is closed: a client that is one too many costs nothing more
    }
    std::ignore = client.non_blocking(true, error);
    if (error) return;
    std::ignore = client.set_option(tcp::no_delay(true), error);  // slower without, not wrong
    const int descriptor = client.release(error);
    if (error) return;
    auto made = std::make_shared<http_connection>(
        io, descriptor, how.tls ? std::make_unique<http_tls::session>(*how.tls) : nullptr, how.access, guard, address, *this);
    connections.push_back(made);
    ++by_address[address];
    schedule_sweep();
    made->advance();
}

bool http_server::state::has_room_for(const std::string& address) {
    const bool loopback = address == "::1" || address.starts_with("127.");
    const auto found = by_address.find(address);
    if (!loopback && found != by_address.end() && found->second >= limits::http_connections_of_address) return false;
    const std::size_t most = how.tls ? limits::http_tls_connections : limits::http_connections;
    if (connections.size() < most) return true;
    // Who does nothing, the longest, makes room.
    std::shared_ptr<http_connection> idle;
    for (const auto& each : connections)
        if (each->exchange().is_idle() && (!idle || each->exchange().deadline() < idle->exchange().deadline())) idle = each;
    if (!idle) return false;
    idle->close();
    return true;
}

void http_server::state::on_closed(const std::shared_ptr<http_connection>& which) {
    connections.remove(which);
    const auto found = by_address.find(which->address());
    if (found != by_address.end() && --found->second == 0) by_address.erase(found);
}

void http_server::state::schedule_sweep() {
    if (std::exchange(sweeping, true)) return;
    sweep_timer.expires_after(limits::http_sweep);
    sweep_timer.async_wait([this](const error_code& stopped) {
        sweeping = false;
        if (!stopped) sweep();
    });
}

void http_server::state::sweep() {
    const auto now = clock::now();
    const std::vector<std::shared_ptr<http_connection>> all(connections.begin(), connections.end());
    for (const auto& each : all) each->sweep(now);
    const bool has_texts = shared.forget_old();
    if (!connections.empty() || has_texts) schedule_sweep();
}

void http_server::state::schedule_tick() {
    if (std::exchange(ticking, true)) return;
    event_timer.expires_after(limits::http_event_every);
    event_timer.async_wait([this](const error_code& stopped) {
        ticking = false;
        if (!stopped && shared.tick()) schedule_tick();
    });
}

/// The gateway's metrics, with those of the process and of this server.
shared_text http_server::state::complete(http_want what, shared_text from) const {
    if (what != http_want::metrics) return from;
    using kind = metrics_writer::kind;
    std::string text = *from;
    metrics_writer to(text);
    to.metric("tidegate_http_connections", kind::gauge, "Clients of the HTTP server.").sample(std::uint64_t{connections.size()});
    to.metric("tidegate_http_event_clients", kind::gauge, "… that listen to events.").sample(std::uint64_t{shared.listeners()});
    to.metric("tidegate_http_answers_total", kind::counter, "Answers by status, since the start.");
    for (const auto& [status, count] : counts.answers) to.sample(count, metrics_writer::label("status", std::to_string(status)));
    to.metric("tidegate_http_connections_refused_total", kind::counter, "Connections that were one too many, since the start.")
        .sample(counts.refused_connections);
    to.metric("tidegate_http_connections_dropped_total", kind::counter, "Connections that were too slow, since the start.")
        .sample(counts.dropped_connections);
    append_process_figures(text);
    return std::make_shared<const std::string>(std::move(text));
}

// ---- The server ----

http_server::http_server(settings how, http_backend& backend) : state_(std::make_unique<state>(std::move(how), backend)) {}

http_server::~http_server() { stop(); }

bool http_server::start(std::string& why) {
    auto& of = *state_;
    error_code error;
    const auto address = boost::asio::ip::make_address(of.how.host, error);
    const tcp::endpoint where(address, of.how.port);
    const auto failed = [&] {
        why = "can't listen at " + of.how.host + ", port " + std::to_string(of.how.port) + ": " + error.message();
        return false;
    };
    if (error) return failed();
    std::ignore = of.acceptor.open(where.protocol(), error);
    if (error) return failed();
    std::ignore = of.acceptor.set_option(tcp::acceptor::reuse_address(true), error);  // else bind tells
    // [::] is all addresses of both kinds.
    if (address.is_v6() && address.is_unspecified()) std::ignore = of.acceptor.set_option(boost::asio::ip::v6_only(false), error);
    std::ignore = of.acceptor.bind(where, error);
    if (error) return failed();
    std::ignore = of.acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    if (error) return failed();
    of.work.emplace(of.io.get_executor());
    of.accept();
    of.thread = std::thread([&of]() noexcept {
        pthread_setname_np(pthread_self(), "http");
        constexpr int behind_the_others = 10;
        std::ignore = ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), behind_the_others);  // as it is, then
        of.io.run();
    });
    return true;
}

std::uint16_t http_server::port() const {
    error_code error;
    return state_->acceptor.local_endpoint(error).port();
}

void http_server::post(std::function<void()> call) { boost::asio::post(state_->io, std::move(call)); }

void http_server::stop() {
    auto& of = *state_;
    if (!of.thread.joinable()) return;
    of.io.stop();
    of.thread.join();
    // By this thread now. A handler that still waits in the context goes with it.
    while (!of.connections.empty()) {
        const auto first = of.connections.front();
        first->close();
    }
    error_code ignored;
    std::ignore = of.acceptor.close(ignored);  // it ends either way
}

}  // namespace gateway

// gateway/app_http.cpp: the running service and whoever looks at it over HTTP: begun, begun anew by a reload, ended.
// Not here: what is served (http_service.cpp).
#include <stdexcept>

#include "gateway/app_parts.hpp"
#include "gateway/limits.hpp"

namespace gateway {

namespace {

/// "bus line is late by 12 s, at poll"
std::string stuck_in_words(const std::vector<health::hang>& all) {
    std::string text;
    for (const auto& each : all)
        text += (text.empty() ? "" : "; ") + each.thread + " is late by " +
                std::to_string(std::chrono::duration_cast<std::chrono::seconds>(each.late).count()) + " s, at " + each.what;
    return text;
}

}  // namespace

/// Why it isn't served; empty: it is, or isn't to be.
std::string app::open_http() {
    if (!config_.http) return {};
    http_service::paths ways;
    ways.command = [this](const mqtt::received& what) {
        writes_.on_received(what);
        look_at_writes();
    };
    ways.stuck = [this] { return stuck_in_words(health_.hanging(steady_now())); };
    ways.look_at_oldest = [this] { look_at_oldest(); };
    http_ = std::make_unique<http_service>(loop_, *live_, log_, std::move(ways));
    return http_->start();
}

/// The history goes on unless the server itself is another one.
std::string app::adopt_http(const config_changes& what) {
    if (!what.http) {
        if (http_) http_->on_reloaded();
        return {};
    }
    http_.reset();
    return open_http();
}

/// A token or a certificate may be another one though it is where it was. Throws if it can't be had.
bool app::serves_http_as(const config::http& next) const {
    std::string why;
    const auto secrets = load_http_secrets(next, why);
    if (!secrets) throw std::runtime_error(why);
    return http_ && http_->serves_with(*secrets);
}

/// Somebody looks at the queue. That takes a read of its file, so not each time.
void app::look_at_oldest() {
    const auto now = steady_now();
    if (stage_ != stage::running || live_->log().ledger.queued == 0 || now - oldest_looked_at_ < limits::look_at_oldest) return;
    oldest_looked_at_ = now;
    store_->read_oldest();
}

}  // namespace gateway

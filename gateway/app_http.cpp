// gateway/app_http.cpp: the running service and whoever looks at it over HTTP: begun, begun anew by a reload, ended.
// Not here: what is served (http_service.cpp).
#include "gateway/app_parts.hpp"
#include "gateway/limits.hpp"

namespace gateway {

void app::open_http() {
    if (!config_.http) return;
    http_service::paths ways;
    ways.command = [this](const mqtt::received& what) {
        writes_.on_received(what);
        look_at_writes();
    };
    ways.look_at_oldest = [this] { look_at_oldest(); };
    http_ = std::make_unique<http_service>(loop_, *live_, log_, std::move(ways));
    http_->start();
}

/// The history goes on unless the server itself is another one.
void app::adopt_http(const config_changes& what) {
    if (!what.http) {
        if (http_) http_->on_reloaded();
        return;
    }
    http_.reset();
    open_http();
}

/// Somebody looks at the queue. That takes a read of its file, so not each time.
void app::look_at_oldest() {
    const auto now = steady_now();
    if (stage_ != stage::running || live_->log().ledger.queued == 0 || now - oldest_looked_at_ < limits::look_at_oldest) return;
    oldest_looked_at_ = now;
    store_->read_oldest();
}

}  // namespace gateway

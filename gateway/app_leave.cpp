// gateway/app_leave.cpp: leaving in order: stop polling, deliver what can be delivered in time, say goodbye, close the store.
#include "gateway/app.hpp"
#include "gateway/app_parts.hpp"
#include "gateway/limits.hpp"

namespace gateway {

void app::begin_stop(int signal) {
    if (stage_ != stage::running) return;
    log_.info("stopping", {{"signal", signal}});
    stage_ = stage::draining;
    notify_.send(stopping_text("leaving"));
    notify_.send(patience_text(limits::stop_patience));
    care_timer_.cancel();
    if (http_) http_->begin_stop();
    writes_.begin_stop();
    visits_.stop();
    buses_.stop();  // hands over what has been read
    writes_.finish_all();
    store_->flush();
    call_at(stop_timer_, steady_now() + limits::drain_on_stop, [this] {
        if (stage_ == stage::draining) say_goodbye();
    });
    continue_stop();
}

/// Waits until all that was read is durable, and, while the broker is there, until the queue is empty.
void app::continue_stop() {
    if (stage_ != stage::draining) return;
    if (session_->is_online() && !delivery_->drained()) return;
    // Acknowledgements that came since would otherwise wait for their lazy commit.
    if (!store_->idle() && !queue_news_.has_failed()) {
        notify_.send(patience_text(limits::stop_patience));
        return store_->flush();
    }
    say_goodbye();
}

void app::say_goodbye() {
    stage_ = stage::leaving;
    stop_timer_.cancel();
    if (session_->is_online()) {
        set_status(gateway_status_topic(config_), "offline");
        client_->flush();
    }
    if (!client_ || leaving_ == leaving::closing) return finish_stop();  // the connection is closed, or about to be
    client_->stop(limits::disconnect_on_stop, [this] { finish_stop(); });
}

void app::finish_stop() {
    hold_reload_signal(true);  // it would end the process as it does by itself, once nobody takes it any more
    control_.stop();
    if (http_) http_->stop();
    save_request request;
    request.remember.push_back(memory_of_stop(record_));
    store_->save(std::move(request));
    store_->stop();  // commits the last acknowledgements
    loop_.stop();
    const backlog lost = store_->behind();
    queue_news_.on_closed(lost);
    log_.info("stopped", {{"accepted", accepted_}, {"lost", lost.waiting + lost.unwritten}});
}

}  // namespace gateway

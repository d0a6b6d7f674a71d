// gateway/http/http_shared.cpp: see http_shared.hpp.
#include "gateway/http/http_shared.hpp"

#include <utility>

#include "gateway/limits.hpp"

namespace gateway {
namespace {

/// How old a text may be that is given to one more client.
std::chrono::milliseconds lifetime_of(http_want what) {
    using namespace std::chrono_literals;
    if (what == http_want::history_hour || what == http_want::history_day) return 5s;
    return what == http_want::state ? 500ms : 1000ms;
}

}  // namespace

void http_shared::ask(http_want what, reply to) {
    cached& has = texts_[what];
    const auto now = now_();
    if (has.text && now - has.made < lifetime_of(what)) return to(has.status, has.text);
    has.waiters.push_back(std::move(to));
    if (std::exchange(has.asked, true)) return;
    backend_.ask(what, [this, what, now](unsigned status, shared_text text) { on_text(what, status, std::move(text), now); });
}

void http_shared::on_text(http_want what, unsigned status, shared_text text, time_point asked) {
    const auto given = complete_(what, std::move(text));
    cached& has = texts_[what];
    has.asked = false;
    has.status = status;
    has.made = asked;
    has.text = given;
    const auto waiters = std::exchange(has.waiters, {});  // a call may ask again
    for (const auto& each : waiters) each(status, given);
}

bool http_shared::forget_old() {
    const auto now = now_();
    std::erase_if(texts_, [&](const auto& each) { return !each.second.asked && now - each.second.made > limits::http_stalled; });
    return !texts_.empty();
}

void http_shared::join(listener who) {
    joining_.push_back(std::move(who));
    if (std::exchange(whole_asked_, true)) return;
    backend_.ask_events(true, listeners_.empty(), [this](unsigned, const shared_text& text) { on_whole(text); });
}

/// Whoever joins hears of what comes after this: the gateway's answers come in its order.
void http_shared::on_whole(const shared_text& text) {
    whole_asked_ = false;
    last_event_ = now_();
    tell(std::exchange(joining_, {}), text);
}

bool http_shared::tick() {
    if (listeners() == 0) return false;
    // Else the gateway is busy; it will tell all of it then.
    if (!listeners_.empty() && !std::exchange(changes_asked_, true))
        backend_.ask_events(false, false, [this](unsigned, const shared_text& text) { on_changes(text); });
    return true;
}

void http_shared::on_changes(const shared_text& text) {
    static const auto heartbeat = std::make_shared<const std::string>(": still here\n\n");
    changes_asked_ = false;
    const auto now = now_();
    if (text->empty() && now - last_event_ < limits::http_heartbeat) return;
    last_event_ = now;
    tell(std::exchange(listeners_, {}), text->empty() ? heartbeat : text);
}

/// Those who are still there go on listening.
void http_shared::tell(std::vector<listener> whom, const shared_text& text) {
    for (auto& each : whom)
        if (each(text)) listeners_.push_back(std::move(each));
}

}  // namespace gateway

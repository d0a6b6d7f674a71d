// gateway/http/history.cpp: see history.hpp.
#include "gateway/http/history.hpp"

#include <algorithm>
#include <cmath>

#include "gateway/delivery/payload.hpp"

namespace gateway {
namespace {

constexpr std::size_t hour_steps = 360;
constexpr std::size_t day_steps = 288;

std::int64_t number_of(history::time_point at, history::time_point start, std::chrono::seconds length) {
    return (at - start) / length;
}

}  // namespace

history::history(time_point start) : start_(start), next_(start + step) {
    hour_.steps.resize(hour_steps);
    day_.steps.resize(day_steps);
}

void history::ring::put(std::int64_t number, const sample& what) {
    // Those between weren't noted: the process was held up.
    const auto size = static_cast<std::int64_t>(steps.size());
    for (std::int64_t missed = std::max(newest + 1, number - size + 1); missed < number; ++missed)
        steps[static_cast<std::size_t>(missed % size)] = {};
    steps[static_cast<std::size_t>(number % size)] = what;
    newest = number;
}

const history::sample* history::ring::at(std::int64_t number) const {
    const auto size = static_cast<std::int64_t>(steps.size());
    if (number < 0 || number > newest || number <= newest - size) return nullptr;
    const auto& found = steps[static_cast<std::size_t>(number % size)];
    return found.known ? &found : nullptr;
}

void history::close(ring& of, gathering& what, std::int64_t number, std::chrono::seconds length, const store::ledger& ledger) {
    const auto seconds = static_cast<float>(length.count());
    const bool known = what.first && ledger.accepted >= what.first->accepted && ledger.acknowledged >= what.first->acknowledged;
    sample made;
    made.known = known;
    if (known) {
        made.queued = std::max(what.queued, ledger.queued);
        made.accepted_per_s = static_cast<float>(ledger.accepted - what.first->accepted) / seconds;
        made.delivered_per_s = static_cast<float>(ledger.acknowledged - what.first->acknowledged) / seconds;
        made.online = what.online;
    }
    of.put(number, made);
    what = {ledger, ledger.queued, true};
}

void history::note(const store::ledger& ledger, bool online, time_point now) {
    for (auto* each : {&hour_now_, &day_now_}) {
        if (!each->first) each->first = ledger;
        each->queued = std::max(each->queued, ledger.queued);
        each->online = each->online && online;
    }
    const auto hour = number_of(now, start_, step);
    const auto day = number_of(now, start_, long_step);
    // The step that ended is the one before; if the process was held up for several, the rates are spread over one and untold.
    if (hour > hour_step_) {
        if (hour > hour_step_ + 1) hour_now_.first.reset();
        close(hour_, hour_now_, hour - 1, step, ledger);
        hour_step_ = hour;
    }
    if (day > day_step_) {
        if (day > day_step_ + 1) day_now_.first.reset();
        close(day_, day_now_, day - 1, long_step, ledger);
        day_step_ = day;
    }
    next_ = start_ + (hour + 1) * step;
}

std::string history::text(history::span which, time_point now, std::int64_t now_ms) const {
    const bool is_hour = which == span::hour;
    const auto& of = is_hour ? hour_ : day_;
    const auto length = is_hour ? step : long_step;
    const auto size = static_cast<std::int64_t>(of.steps.size());
    // The newest complete step ends where the one under way begins.
    const auto under_way = of.newest + 1;
    const auto end = start_ + under_way * length;
    const auto end_ms = now_ms - std::chrono::duration_cast<std::chrono::milliseconds>(now - end).count();
    std::string queued, accepted, delivered, online;
    for (auto number = under_way - size; number < under_way; ++number) {
        const auto* found = of.at(number);
        const auto add = [&](std::string& to, const std::string& text) {
            if (!to.empty()) to += ',';
            to += found ? text : "null";
        };
        const auto rate = [](float of_step) {
            std::string text;
            append_json(text, gateway::value{std::round(static_cast<double>(of_step) * 100) / 100});
            return text;
        };
        add(queued, found ? std::to_string(found->queued) : "");
        add(accepted, found ? rate(found->accepted_per_s) : "");
        add(delivered, found ? rate(found->delivered_per_s) : "");
        add(online, found && found->online ? "1" : "0");
    }
    return R"({"step_s":)" + std::to_string(length.count()) + R"(,"until":")" + format_timestamp(end_ms) + R"(","queued":[)" +
           queued + R"(],"accepted_per_s":[)" + accepted + R"(],"delivered_per_s":[)" + delivered + R"(],"online":[)" + online +
           "]}";
}

}  // namespace gateway

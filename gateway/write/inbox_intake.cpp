// gateway/write/inbox_intake.cpp: see inbox_intake.hpp.
#include "gateway/write/inbox_intake.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace gateway {

void inbox_intake::add_to(save_request& to) {
    to.refusals_known = refusals_;
    if (to.position != 0) position_ = to.position;
    if (to.held) held_ = to.held;
    auto arrived = std::exchange(arrived_, {});
    saved_.insert(saved_.end(), arrived.begin(), arrived.end());
    if (refused_) {
        // Behind those that have to come first; and what is held may speak of them.
        to.held.reset();
        return;
    }
    to.receive = std::move(arrived);
    if (!to.receive.empty()) to.barrier = true;
}

inbox_intake::taken inbox_intake::on_committed(const committed& done) {
    taken now;
    if (done.refusals > refusals_) {
        refusals_ = done.refusals;
        refused_ = true;
        retrying_ = false;
    }
    // What was saved between refusal and retry was passed over, and may be told only now.
    if (!done.received.empty()) retrying_ = false;
    std::int64_t next = number(done.report.first_received);
    for (const auto& message : done.received) {
        assert(!saved_.empty());
        saved_.pop_front();
        now.messages.push_back({store::inbox_number{next++}, message});
    }
    now.may_acknowledge = !refused_ && !retrying_;
    return now;
}

save_request inbox_intake::retry() {
    refused_ = false;
    retrying_ = true;
    save_request again;
    again.position = position_;
    again.receive.assign(saved_.begin(), saved_.end());
    again.held = held_;
    again.refusals_known = refusals_;
    again.barrier = true;
    return again;
}

void inbox_intake::forget() {
    arrived_.clear();
    saved_.clear();
    held_.reset();
    position_ = 0;
    refused_ = retrying_ = false;
}

}  // namespace gateway

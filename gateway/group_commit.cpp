// gateway/group_commit.cpp: see group_commit.hpp.
#include "gateway/group_commit.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/limits.hpp"

namespace gateway {
namespace {

std::size_t size_of(const store::message& m) { return m.topic.size() + m.payload.size() + m.properties.size(); }

template <typename T>
void append_to(std::vector<T>& to, std::vector<T> what) {
    to.insert(to.end(), std::make_move_iterator(what.begin()), std::make_move_iterator(what.end()));
}

/// What it was to receive, and counted on to be received, isn't.
void pass_over_received(save_request& in) {
    in.receive.clear();
    in.held.reset();
}

void merge(std::optional<save_request>& into, save_request next) {
    if (!into) {
        into = std::move(next);
        return;
    }
    if (next.refusals_known > into->refusals_known) pass_over_received(*into);
    into->refusals_known = next.refusals_known;
    append_to(into->receive, std::move(next.receive));
    if (next.held) into->held = std::move(next.held);
    append_to(into->handled, std::move(next.handled));
    append_to(into->park, std::move(next.park));
    into->position = next.position;
    if (next.cursor) into->cursor = std::move(next.cursor);
    if (next.session) into->session = std::move(next.session);
    into->settled.acknowledged += next.settled.acknowledged;
    into->settled.refused += next.settled.refused;
    into->settled.session += next.settled.session;
    into->settled.expired += next.settled.expired;
    into->barrier = into->barrier || next.barrier;
}

}  // namespace

std::uint64_t group_commit::append(std::vector<store::message> messages, bool keep) {
    keep_ = keep_ || keep;
    for (auto& m : messages) {
        append_bytes_ += size_of(m);
        appends_.push_back(std::move(m));
    }
    return drop_beyond_bound();
}

std::uint64_t group_commit::drop_beyond_bound() {
    std::uint64_t dropped = 0;
    while (append_bytes_ + appends_.size() * sizeof(store::message) > limits::waiting_bytes) {
        const bool newest = when_full_ == store::full_policy::drop_newest;
        append_bytes_ -= size_of(newest ? appends_.back() : appends_.front());
        newest ? appends_.pop_back() : appends_.pop_front();
        ++dropped;
    }
    unwritten_ += dropped;
    return dropped;
}

void group_commit::save(save_request request, time_point now) {
    if (!save_) save_since_ = now;
    merge(save_, std::move(request));
}

std::optional<group_commit::time_point> group_commit::due() const {
    std::optional<time_point> due;
    const auto at = [&](time_point when) { due = due ? std::min(*due, when) : when; };
    if (!appends_.empty() || unwritten_ > 0) at(append_bytes_ >= limits::commit_bytes ? time_point{} : next_commit_);
    if (save_) at(save_->barrier ? time_point{} : save_since_ + limits::lazy_commit);
    if (now_ && !due) at(time_point{});
    if (due && flush_) due = time_point{};
    if (due) due = std::max(*due, not_before_);
    return due;
}

const store::transaction& group_commit::begin(time_point now) {
    work_ = {};
    take_messages();
    work_.unwritten = unwritten_;
    work_.now.swap(now_);
    saving_.reset();
    saving_.swap(save_);
    if (saving_) {
        if (saving_->refusals_known < refusals_) pass_over_received(*saving_);
        work_.cursor = saving_->cursor;
        work_.session = saving_->session;
        work_.settled = saving_->settled;
        work_.park = saving_->park;
        work_.receive.swap(saving_->receive);
        work_.held = saving_->held;
        work_.handled = saving_->handled;
    }
    next_commit_ = now + commit_every_;
    flush_ = flush_ && !appends_.empty();
    return work_;
}

/// At least one, if there is any; the rest is for the next transaction.
void group_commit::take_messages() {
    std::size_t bytes = 0;
    while (!appends_.empty()) {
        const std::size_t size = size_of(appends_.front());
        if (!work_.append.empty() && bytes + size > limits::most_commit_bytes) break;
        bytes += size;
        work_.append.push_back(std::move(appends_.front()));
        appends_.pop_front();
    }
    append_bytes_ -= bytes;
    work_.handed_out = keep_;
    keep_ = keep_ && !appends_.empty();
}

committed group_commit::on_durable(const store::commit_report& report) {
    committed done;
    done.report = report;
    done.keep = work_.handed_out;
    done.messages = std::exchange(work_.append, {});
    done.unwritten = work_.unwritten;
    unwritten_ -= work_.unwritten;
    done.saved_up_to = saving_ ? saving_->position : 0;
    if (report.received < work_.receive.size()) {
        ++refusals_;
    } else {
        done.received = std::move(work_.receive);
    }
    done.refusals = refusals_;
    not_before_ = {};
    return done;
}

void group_commit::on_failed(time_point now) {
    not_before_ = now + limits::store_retry;
    for (const auto& m : work_.append) append_bytes_ += size_of(m);
    appends_.insert(appends_.begin(), std::make_move_iterator(work_.append.begin()), std::make_move_iterator(work_.append.end()));
    work_.append.clear();
    keep_ = false;
    drop_beyond_bound();
    if (saving_) {
        // What was saved meanwhile is newer; what had been settled before belongs to it too.
        std::optional<save_request> newer;
        newer.swap(save_);
        saving_->receive.swap(work_.receive);
        save_ = std::move(saving_);
        saving_.reset();
        if (newer) merge(save_, std::move(*newer));
    }
}

}  // namespace gateway

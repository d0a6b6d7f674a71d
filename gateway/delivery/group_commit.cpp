// gateway/delivery/group_commit.cpp: see group_commit.hpp.
#include "gateway/delivery/group_commit.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "gateway/limits.hpp"

namespace gateway {
namespace {

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
    // One that receives nothing, and may be another part's, has nothing to know.
    if (next.refusals_known > into->refusals_known || !next.receive.empty() || next.held)
        into->refusals_known = next.refusals_known;
    append_to(into->receive, std::move(next.receive));
    if (next.held) into->held = std::move(next.held);
    append_to(into->handled, std::move(next.handled));
    append_to(into->park, std::move(next.park));
    append_to(into->audit, std::move(next.audit));
    for (const auto& name : next.forget)
        std::erase_if(into->remember, [&](const store::memory& each) { return each.name == name; });
    append_to(into->forget, std::move(next.forget));
    append_to(into->remember, std::move(next.remember));
    if (next.position != 0) into->position = next.position;
    if (next.cursor) into->cursor = std::move(next.cursor);
    if (next.session) into->session = std::move(next.session);
    into->settled.acknowledged += next.settled.acknowledged;
    into->settled.refused += next.settled.refused;
    into->settled.session += next.settled.session;
    into->settled.expired += next.settled.expired;
    into->barrier = into->barrier || next.barrier;
}

/// Nothing but how far the log is finished.
bool is_progress_only(const save_request& what) {
    return what.position != 0 && !what.session && !what.held && what.park.empty() && what.receive.empty() &&
           what.handled.empty() && what.audit.empty() && what.remember.empty() && what.forget.empty();
}

}  // namespace

group_commit::group_commit(std::chrono::milliseconds commit_every, store::full_policy when_full,
                           std::optional<on_outage> memory_first)
    : commit_every_(commit_every), when_full_(when_full) {
    if (!memory_first) return;
    memory_first_ = true;
    memory_.emplace(memory_first->newest);
    written_ = memory_first->newest;
    finished_ = durably_finished_ = memory_first->acked;
}

std::uint64_t group_commit::append(std::vector<store::message> messages, bool keep, time_point now) {
    if (goes_to_memory(keep)) {
        const store::sequence first = memory_->append(messages, now);
        tell_numbered(first, std::move(messages));
        return 0;
    }
    keep_ = keep_ || keep;
    for (auto& m : messages) {
        append_bytes_ += size_of(m);
        appends_.push_back(std::move(m));
    }
    return drop_beyond_bound();
}

/// Only what is sent at once, and only if none that goes before it waits for the file to number it.
bool group_commit::goes_to_memory(bool keep) const {
    const bool others_first = !appends_.empty() || work_.append.size() > work_.numbered;
    return memory_first_ && keep && !others_first && memory_->bytes() < limits::commit_bytes;
}

void group_commit::tell_numbered(store::sequence first, std::vector<store::message> messages) {
    assert(!told_);
    told_.emplace();
    told_->in_memory = told_->keep = true;
    told_->report.first = first;
    told_->report.appended = messages.size();
    told_->messages = std::move(messages);
    told_->refusals = refusals_;
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
    bring_along_parked(request);
    if (memory_ && request.cursor) {
        finished_ = request.cursor->acked;
        memory_->finish(finished_);
    }
    const bool light = is_light(request);
    if (light) {
        assert(!told_);
        told_.emplace();
        told_->in_memory = true;
        told_->saved_up_to = request.position;
        told_->refusals = refusals_;
        request.barrier = false;
    }
    if (!save_) save_since_ = now;
    save_is_light_ = light;
    merge(save_, std::move(request));
}

/// What is given up is finished, so it leaves the memory now, or the file will have it for a moment only.
void group_commit::bring_along_parked(save_request& request) const {
    if (!memory_) return;
    for (store::parking& each : request.park) {
        each.message = memory_->find(each.sequence);
        const std::int64_t index = number(each.sequence) - number(work_.first);
        if (index >= 0 && index < static_cast<std::int64_t>(memory_taken_.size()))
            each.message = memory_taken_[static_cast<std::size_t>(index)].message;
    }
}

/// Whether nothing would be amiss if this save were forgotten: the file has no message that isn't finished, so there is none that
/// could be sent without its mark, and none whose release is being told. A save relies on all those before it.
bool group_commit::is_light(const save_request& request) const {
    const bool file_may_have_some = finished_ < written_ || work_.append.size() > work_.numbered;
    const bool others_are_light = (!save_ || save_is_light_) && (!saving_ || saving_is_light_);
    return memory_first_ && is_progress_only(request) && !file_may_have_some && others_are_light;
}

backlog group_commit::behind() const {
    return {appends_.size() + work_.append.size() + (memory_ ? memory_->size() : 0), unwritten_};
}

std::vector<store::stored_message> group_commit::unwritten_from(store::sequence from, std::size_t most_messages,
                                                                std::size_t most_bytes) const {
    if (!memory_) return {};
    return memory_->read(from, most_messages, most_bytes);
}

std::optional<group_commit::time_point> group_commit::due() const {
    std::optional<time_point> due;
    const auto at = [&](time_point when) { due = due ? std::min(*due, when) : when; };
    if (!appends_.empty() || unwritten_ > 0) at(append_bytes_ >= limits::commit_bytes ? time_point{} : next_commit_);
    if (boot_offset_ms_) at(next_commit_);
    if (memory_ && !memory_->empty()) at(memory_due());
    if (save_) at(save_due());
    if (purge_) at(time_point{});
    if (now_ && !due) at(time_point{});
    if (due && flush_) due = time_point{};
    if (due) due = std::max(*due, not_before_);
    return due;
}

group_commit::time_point group_commit::memory_due() const {
    return memory_->bytes() >= limits::commit_bytes ? time_point{} : *memory_->oldest() + commit_every_;
}

group_commit::time_point group_commit::save_due() const {
    if (save_->barrier) return {};
    const bool has_rows_to_remove = durably_finished_ < written_;
    return save_since_ + (save_is_light_ && !has_rows_to_remove ? limits::idle_commit : limits::lazy_commit);
}

const store::transaction& group_commit::begin(time_point now) {
    work_ = {};
    if (memory_) {
        work_.first = memory_->first();
        memory_taken_ = memory_->take();
        work_.numbered = memory_taken_.size();
        for (const auto& each : memory_taken_) work_.append.push_back(each.message);
        written_ = store::sequence{number(work_.first) + static_cast<std::int64_t>(work_.numbered) - 1};
    }
    take_messages();
    work_.unwritten = unwritten_;
    work_.now.swap(now_);
    work_.purge = std::exchange(purge_, false);
    work_.boot_offset_ms = std::exchange(boot_offset_ms_, std::nullopt);
    saving_.reset();
    saving_.swap(save_);
    saving_is_light_ = std::exchange(save_is_light_, false);
    if (saving_) {
        if (saving_->refusals_known < refusals_) pass_over_received(*saving_);
        work_.cursor = saving_->cursor;
        work_.session = saving_->session;
        work_.settled = saving_->settled;
        work_.park = saving_->park;
        work_.receive.swap(saving_->receive);
        work_.held = saving_->held;
        work_.handled = saving_->handled;
        work_.audit = saving_->audit;
        work_.remember = saving_->remember;
        work_.forget = saving_->forget;
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
    keep_taken_ = keep_;
    work_.handed_out = keep_ || work_.numbered > 0;
    keep_ = keep_ && !appends_.empty();
}

committed group_commit::on_durable(const store::commit_report& report) {
    committed done;
    done.report = report;
    done.purge = work_.purge;
    done.keep = keep_taken_;
    done.messages = std::exchange(work_.append, {});
    if (memory_) {
        // Their numbers were told when they were given.
        const auto numbered = static_cast<std::ptrdiff_t>(work_.numbered);
        done.messages.erase(done.messages.begin(), done.messages.begin() + numbered);
        done.report.first = store::sequence{number(report.first) + numbered};
        done.report.appended -= work_.numbered;
        memory_taken_.clear();
        if (done.report.appended > 0) {
            written_ = store::sequence{number(report.first) + static_cast<std::int64_t>(report.appended) - 1};
            memory_->skip_to(written_);
        }
        if (saving_ && saving_->cursor) durably_finished_ = saving_->cursor->acked;
    }
    done.unwritten = work_.unwritten;
    unwritten_ -= work_.unwritten;
    done.saved_up_to = saving_ ? saving_->position : 0;
    if (report.received < work_.receive.size()) {
        ++refusals_;
    } else {
        done.received = std::move(work_.receive);
    }
    done.refusals = refusals_;
    saving_.reset();
    not_before_ = {};
    return done;
}

void group_commit::on_failed(time_point now) {
    not_before_ = now + limits::store_retry;
    if (!boot_offset_ms_) boot_offset_ms_ = work_.boot_offset_ms;
    if (memory_) {
        memory_->put_back(std::exchange(memory_taken_, {}));
        memory_->finish(finished_);
        work_.append.erase(work_.append.begin(), work_.append.begin() + static_cast<std::ptrdiff_t>(work_.numbered));
    }
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
        save_is_light_ = saving_is_light_ && (!newer || save_is_light_);
        if (newer) merge(save_, std::move(*newer));
    }
}

void group_commit::rest(time_point now) { not_before_ = now + limits::store_retry; }

std::optional<store::transaction> group_commit::take_settled() {
    // What was settled in memory alone means nothing to the file that was salvaged.
    if (!save_ || memory_) return std::nullopt;
    store::transaction settled;
    settled.cursor = std::move(save_->cursor);
    if (settled.cursor) {
        settled.cursor->released = settled.cursor->acked;  // as salvage does with the cursor in the file
        settled.cursor->released_beyond.clear();
    }
    settled.settled = save_->settled;
    settled.park = std::move(save_->park);
    settled.receive = std::move(save_->receive);
    settled.handled = std::move(save_->handled);
    save_.reset();
    return settled;
}

void group_commit::forget_session() {
    not_before_ = {};
    if (!save_) return;
    save_request left;
    left.handled = std::move(save_->handled);
    left.audit = std::move(save_->audit);
    left.remember = std::move(save_->remember);
    left.forget = std::move(save_->forget);
    left.barrier = save_->barrier;
    save_.reset();
    const bool any = !left.handled.empty() || !left.audit.empty() || !left.remember.empty() || !left.forget.empty();
    if (any) save_ = std::move(left);
    save_is_light_ = false;
}

void group_commit::resettle(const group_commit& settings) {
    commit_every_ = settings.commit_every_;
    when_full_ = settings.when_full_;
    memory_first_ = settings.memory_first_;
    if (memory_ || !settings.memory_) return;  // what it has may have been sent under its numbers
    memory_ = settings.memory_;
    written_ = settings.written_;
    finished_ = settings.finished_;
    durably_finished_ = settings.durably_finished_;
}

void group_commit::begin_anew(store::sequence newest, store::sequence acked) {
    forget_session();
    if (!memory_) return;
    auto held = memory_->take();
    for (auto it = held.rbegin(); it != held.rend(); ++it) {
        append_bytes_ += size_of(it->message);
        appends_.push_front(std::move(it->message));
    }
    memory_.emplace(newest);
    written_ = newest;
    finished_ = durably_finished_ = acked;
}

}  // namespace gateway

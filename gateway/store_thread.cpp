// gateway/store_thread.cpp: group commit. A lone message is committed at once; a stream, every commit_every; a barrier, as soon
// as the disk is free; everything that gathers during one sync goes into the next.
#include "gateway/store_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

#include "gateway/limits.hpp"

namespace gateway {
namespace {

std::size_t size_of(const std::vector<store::message>& messages) {
    std::size_t bytes = 0;
    for (const auto& m : messages) bytes += m.topic.size() + m.payload.size() + m.properties.size();
    return bytes;
}

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

store_thread::store_thread(store::queue opened, std::chrono::milliseconds commit_every, boost::asio::io_context& loop,
                           store_events events)
    : queue_(std::move(opened)),
      commit_every_(commit_every),
      loop_(loop),
      events_(std::move(events)),
      alive_(std::make_shared<bool>(true)),
      thread_(&store_thread::run, this) {}

store_thread::~store_thread() {
    stop();
    *alive_ = false;
}

bool store_thread::append(std::vector<store::message> messages, bool keep) {
    const std::size_t bytes = size_of(messages);
    {
        const std::lock_guard lock(mutex_);
        if (append_bytes_ + bytes > limits::waiting_bytes) return false;
        append_bytes_ += bytes;
        keep_ = keep_ || keep;
        append_to(appends_, std::move(messages));
    }
    wake_.notify_one();
    return true;
}

void store_thread::save(save_request request) {
    {
        const std::lock_guard lock(mutex_);
        if (!save_) save_since_ = clock::now();
        merge(save_, std::move(request));
    }
    wake_.notify_one();
}

void store_thread::read(store::sequence from, std::size_t most_messages, std::size_t most_bytes) {
    {
        const std::lock_guard lock(mutex_);
        reads_.push_back({from, most_messages, most_bytes});
    }
    wake_.notify_one();
}

void store_thread::read_inbox(store::inbox_number from, std::size_t most_messages, std::size_t most_bytes) {
    assert(events_.on_read_inbox);
    {
        const std::lock_guard lock(mutex_);
        reads_.push_back({from, most_messages, most_bytes});
    }
    wake_.notify_one();
}

void store_thread::flush() {
    {
        const std::lock_guard lock(mutex_);
        flush_ = true;
    }
    wake_.notify_one();
}

bool store_thread::idle() const {
    const std::lock_guard lock(mutex_);
    return !anything_to_commit() && reads_.empty() && !busy_;
}

void store_thread::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    *alive_ = false;
}

/// When the next commit is due; nothing waits: never.
std::optional<store_thread::clock::time_point> store_thread::commit_time() const {
    std::optional<clock::time_point> due;
    const auto at = [&](clock::time_point when) { due = due ? std::min(*due, when) : when; };
    if (!appends_.empty()) at(append_bytes_ >= limits::commit_bytes ? clock::time_point{} : next_commit_);
    if (save_) at(save_->barrier ? clock::time_point{} : save_since_ + limits::lazy_commit);
    if (due && flush_) due = clock::time_point{};
    if (due) due = std::max(*due, not_before_);
    return due;
}

void store_thread::run() noexcept {
    pthread_setname_np(pthread_self(), "store");
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto due = commit_time();
        if (due && (*due <= clock::now() || stopping_)) {
            commit(lock);
            // Leaving, a disk that fails is not waited for: what it didn't take was reported as not accepted.
            if (stopping_ && not_before_ > clock::now()) return;
        } else if (!reads_.empty() && !stopping_) {
            read_one(lock);
        } else if (stopping_) {
            return;
        } else {
            if (!anything_to_commit()) flush_ = false;
            due ? static_cast<void>(wake_.wait_until(lock, *due)) : wake_.wait(lock);
        }
    }
}

/// Goes to the disk; meanwhile others may hand over work.
template <typename Call>
auto store_thread::unlocked(std::unique_lock<std::mutex>& lock, Call call) {
    busy_ = true;
    lock.unlock();
    auto found = call();
    lock.lock();
    busy_ = false;
    return found;
}

void store_thread::commit(std::unique_lock<std::mutex>& lock) {
    committed done;
    store::transaction work;
    work.append.swap(appends_);
    append_bytes_ = 0;
    work.handed_out = done.keep = std::exchange(keep_, false);
    std::optional<save_request> save;
    save.swap(save_);
    if (save) {
        if (save->refusals_known < refusals_) pass_over_received(*save);
        work.cursor = save->cursor;
        work.session = save->session;
        work.settled = save->settled;
        work.park = save->park;
        work.receive.swap(save->receive);
        work.held = save->held;
        work.handled = save->handled;
    }
    next_commit_ = clock::now() + commit_every_;
    flush_ = false;
    auto report = unlocked(lock, [&] { return queue_.commit(work); });
    if (report) {
        done.report = *report;
        done.messages = std::move(work.append);
        done.saved_up_to = save ? save->position : 0;
        if (report->received < work.receive.size()) {
            ++refusals_;
        } else {
            done.received = std::move(work.receive);
        }
        done.refusals = refusals_;
        not_before_ = {};
        tell([this, done = std::move(done)]() mutable { events_.on_committed(std::move(done)); });
        return;
    }
    not_before_ = clock::now() + limits::store_retry;
    if (save) {
        // What was saved meanwhile is newer; what had been settled before belongs to it too.
        std::optional<save_request> newer;
        newer.swap(save_);
        save->receive.swap(work.receive);
        save_ = std::move(save);
        if (newer) merge(save_, std::move(*newer));
    }
    tell([this, why = report.error(), lost = work.append.size()] { events_.on_failed(why, lost); });
}

void store_thread::read_one(std::unique_lock<std::mutex>& lock) {
    const read_request what = reads_.front();
    reads_.erase(reads_.begin());
    if (const auto* from = std::get_if<store::sequence>(&what.from)) {
        auto found = unlocked(lock, [&] { return queue_.read(*from, what.messages, what.bytes); });
        tell([this, from = *from, found = std::move(found)]() mutable { events_.on_read(from, std::move(found)); });
    } else {
        const auto number = std::get<store::inbox_number>(what.from);
        auto found = unlocked(lock, [&] { return queue_.read_inbox(number, what.messages, what.bytes); });
        tell([this, number, found = std::move(found)]() mutable { events_.on_read_inbox(number, std::move(found)); });
    }
}

template <typename Event>
void store_thread::tell(Event event) {
    boost::asio::post(loop_, [alive = alive_, event = std::move(event)]() mutable {
        if (*alive) event();
    });
}

}  // namespace gateway

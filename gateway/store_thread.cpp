// gateway/store_thread.cpp: the lock around what waits, and the calls to the queue outside it.
#include "gateway/store_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

#include "gateway/limits.hpp"

namespace gateway {

store_thread::store_thread(store::queue opened, group_commit how, boost::asio::io_context& loop, store_events events)
    : queue_(std::move(opened)),
      loop_(loop),
      events_(std::move(events)),
      waiting_(std::move(how)),
      heal_at_(clock::now()),
      alive_(std::make_shared<bool>(true)),
      thread_(&store_thread::run, this) {}

store_thread::~store_thread() {
    stop();
    *alive_ = false;
}

std::uint64_t store_thread::append(std::vector<store::message> messages, bool keep) {
    std::uint64_t dropped = 0;
    {
        const std::lock_guard lock(mutex_);
        dropped = waiting_.append(std::move(messages), keep);
    }
    wake_.notify_one();
    return dropped;
}

void store_thread::save(save_request request) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.save(std::move(request), clock::now());
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
        waiting_.flush();
    }
    wake_.notify_one();
}

bool store_thread::idle() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && reads_.empty() && !busy_ && untold_ == 0;
}

backlog store_thread::behind() const {
    const std::lock_guard lock(mutex_);
    return waiting_.behind();
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

void store_thread::run() noexcept {
    pthread_setname_np(pthread_self(), "store");
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto due = waiting_.due();
        if (heal_at_ && *heal_at_ <= clock::now() && !stopping_) {
            heal(lock);
        } else if (due && (*due <= clock::now() || stopping_)) {
            commit(lock);
            // Leaving, a disk that fails is not waited for: behind() says what it didn't take.
            if (stopping_ && waiting_.not_before() > clock::now()) return;
        } else if (!reads_.empty() && !stopping_) {
            read_one(lock);
        } else if (stopping_) {
            return;
        } else {
            const auto next = due && heal_at_ ? std::min(due, heal_at_) : due ? due : heal_at_;
            next ? static_cast<void>(wake_.wait_until(lock, *next)) : wake_.wait(lock);
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
    const store::transaction& work = waiting_.begin(clock::now());
    const auto report = unlocked(lock, [&] { return queue_.commit(work); });
    if (report && report->disk_full && !heal_at_) heal_at_ = clock::now() + limits::store_retry;
    if (report) {
        tell([this, done = waiting_.on_durable(*report)]() mutable { events_.on_committed(std::move(done)); });
    } else {
        waiting_.on_failed(clock::now());
        tell([this, why = report.error(), behind = waiting_.behind()] { events_.on_failed(why, behind); });
    }
}

/// Asks for room. The next commit's report says whether there was some.
void store_thread::heal(std::unique_lock<std::mutex>& lock) {
    const bool healed = unlocked(lock, [&] { return queue_.try_to_heal(); });
    heal_at_.reset();
    if (!healed) heal_at_ = clock::now() + limits::store_retry;
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

/// Requires: the lock is held.
template <typename Event>
void store_thread::tell(Event event) {
    ++untold_;
    boost::asio::post(loop_, [this, alive = alive_, event = std::move(event)]() mutable {
        if (!*alive) return;
        {
            const std::lock_guard lock(mutex_);
            --untold_;
        }
        event();
    });
}

}  // namespace gateway

// gateway/delivery/store_thread.cpp: the lock around what waits, and the calls to the queue outside it.
#include "gateway/delivery/store_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

#include "gateway/limits.hpp"

namespace gateway {

store_thread::store_thread(store::queue opened, group_commit how, boost::asio::io_context& loop, store_events events,
                           std::shared_ptr<pulse> beat)
    : queue_(std::move(opened)),
      loop_(loop),
      events_(std::move(events)),
      waiting_(std::move(how)),
      heal_at_(clock::now()),
      pulse_(std::move(beat)),
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
        dropped = waiting_.append(std::move(messages), keep, clock::now());
        tell_told();
    }
    wake_.notify_one();
    return dropped;
}

std::uint64_t store_thread::append(std::vector<store::message> messages, bool keep, save_request with) {
    std::uint64_t dropped = 0;
    {
        const std::lock_guard lock(mutex_);
        if (!messages.empty()) dropped = waiting_.append(std::move(messages), keep, clock::now());
        tell_told();
        waiting_.save(std::move(with), clock::now());
        tell_told();
    }
    wake_.notify_one();
    return dropped;
}

void store_thread::save(save_request request) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.save(std::move(request), clock::now());
        tell_told();
    }
    wake_.notify_one();
}

void store_thread::look_at_age(const store::stamp& now) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.look_at_age(now);
    }
    wake_.notify_one();
}

void store_thread::purge() {
    {
        const std::lock_guard lock(mutex_);
        waiting_.purge();
    }
    wake_.notify_one();
}

void store_thread::set_boot_offset(std::int64_t offset_ms) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.set_boot_offset(offset_ms);
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

void store_thread::read_oldest() {
    assert(events_.on_oldest);
    {
        const std::lock_guard lock(mutex_);
        reads_.push_back({std::monostate(), 0, 0});
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

void store_thread::reopen(open_queue open, commits_for commits, session_fate session) {
    {
        const std::lock_guard lock(mutex_);
        if (reopen_ && reopen_->session == session_fate::begins_anew) session = session_fate::begins_anew;
        reopen_ = {std::move(open), std::move(commits), session, {}};
    }
    wake_.notify_one();
}

bool store_thread::idle() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && reads_.empty() && !busy_ && untold_ == 0 && !on_hold_ && !reopen_;
}

backlog store_thread::behind() const {
    const std::lock_guard lock(mutex_);
    return waiting_.behind();
}

void store_thread::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        if (on_hold_) waiting_.forget_session();
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    *alive_ = false;
}

void store_thread::run() noexcept {
    pthread_setname_np(pthread_self(), "store");
    std::unique_lock lock(mutex_);
    for (;;) {
        if (reopen_) waiting_.flush();  // what waits goes first
        const auto due = waiting_.due();
        if (on_hold_ && !stopping_) {
            wake_.wait(lock);
        } else if (reopen_ && (waiting_.empty() || !queue_)) {
            // Leaving, one more attempt, so that what waits has a file to go to.
            if (!stopping_ && reopen_->not_before > clock::now()) {
                wake_.wait_until(lock, reopen_->not_before);
                continue;
            }
            open_again(lock);
            if (stopping_ && !queue_) return;
        } else if (heal_at_ && *heal_at_ <= clock::now() && !stopping_) {
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
auto store_thread::unlocked(std::unique_lock<std::mutex>& lock, const char* what, std::chrono::nanoseconds at_most, Call call) {
    busy_ = true;
    lock.unlock();
    pulse_->busy(what, at_most, clock::now());
    auto found = call();
    pulse_->idle();
    lock.lock();
    busy_ = false;
    return found;
}

void store_thread::commit(std::unique_lock<std::mutex>& lock) {
    const store::transaction& work = waiting_.begin(clock::now());
    const auto report = unlocked(lock, "commit", limits::disk_hangs, [&] { return queue_->commit(work); });
    if (report && report->disk_full && !heal_at_) heal_at_ = clock::now() + limits::store_retry;
    if (report) {
        committed done = waiting_.on_durable(*report);
        done.ledger = queue_->ledger();  // counts in memory, and nobody else uses the queue
        done.dead_letters = queue_->dead_letters();
        tell([this, done = std::move(done)]() mutable { events_.on_committed(std::move(done)); });
    } else {
        waiting_.on_failed(clock::now());
        if (report.error().code() == store::errc::damaged && events_.on_salvaged)
            return static_cast<void>(salvage(lock, report.error()));
        tell([this, why = report.error(), behind = waiting_.behind()] { events_.on_failed(why, behind); });
    }
}

/// Asks for room. The next commit's report says whether there was some.
void store_thread::heal(std::unique_lock<std::mutex>& lock) {
    const bool healed = unlocked(lock, "make room", limits::disk_hangs, [&] { return queue_->try_to_heal(); });
    heal_at_.reset();
    if (!healed) heal_at_ = clock::now() + limits::store_retry;
}

void store_thread::read_one(std::unique_lock<std::mutex>& lock) {
    const read_request what = reads_.front();
    reads_.erase(reads_.begin());
    const auto is_damage = [this](const auto& found) {
        return !found && found.error().code() == store::errc::damaged && events_.on_salvaged;
    };
    if (const auto* from = std::get_if<store::sequence>(&what.from)) {
        auto found = unlocked(lock, "read", limits::disk_hangs, [&] { return queue_->read(*from, what.messages, what.bytes); });
        if (is_damage(found) && salvage(lock, found.error())) return;
        // The file comes first: what isn't written is newer than all that it has.
        if (found && found->empty()) *found = waiting_.unwritten_from(*from, what.messages, what.bytes);
        tell([this, from = *from, found = std::move(found)]() mutable { events_.on_read(from, std::move(found)); });
    } else if (std::holds_alternative<std::monostate>(what.from)) {
        auto found = unlocked(lock, "read", limits::disk_hangs, [&] { return queue_->oldest(); });
        // Damage is the business of whoever needs the message.
        auto oldest = found ? std::move(*found) : std::nullopt;
        tell([this, oldest = std::move(oldest)]() mutable { events_.on_oldest(std::move(oldest)); });
    } else {
        const auto number = std::get<store::inbox_number>(what.from);
        auto found =
            unlocked(lock, "read", limits::disk_hangs, [&] { return queue_->read_inbox(number, what.messages, what.bytes); });
        if (is_damage(found) && salvage(lock, found.error())) return;
        tell([this, number, found = std::move(found)]() mutable { events_.on_read_inbox(number, std::move(found)); });
    }
}

/// Requires: nothing waits, or the file is closed already. What is asked for meanwhile is done after it.
void store_thread::open_again(std::unique_lock<std::mutex>& lock) {
    const reopening wanted = *std::exchange(reopen_, std::nullopt);
    store::recovery found;
    auto opened = unlocked(lock, "open", limits::salvage_hangs, [&] {
        queue_.reset();
        return wanted.open(found);
    });
    if (!opened) {
        if (!reopen_) reopen_ = wanted;
        if (wanted.session == session_fate::begins_anew) reopen_->session = session_fate::begins_anew;
        reopen_->not_before = clock::now() + limits::store_retry;
        tell([this, why = opened.error(), behind = waiting_.behind()] { events_.on_failed(why, behind); });
        return;
    }
    queue_.emplace(std::move(*opened));
    heal_at_ = clock::now();
    // What was handed over meanwhile waits as it is; with on_outage it isn't numbered until it is written.
    waiting_.resettle(wanted.commits(found));
    const bool anew = wanted.session == session_fate::begins_anew || (found.damage && found.damage->is_news);
    if (anew) {
        reads_.clear();
        on_hold_ = true;
    }
    tell([this, found = std::move(found), anew]() mutable { events_.on_reopened(std::move(found), anew); });
}

/// False: there is no way now, and the next commit or read comes back here.
bool store_thread::salvage(std::unique_lock<std::mutex>& lock, const store::error& why) {
    store::recovery found;
    const auto done = unlocked(lock, "salvage", limits::salvage_hangs, [&] { return queue_->salvage(why, found); });
    if (!done) {
        waiting_.rest(clock::now());
        tell([this, why = done.error(), behind = waiting_.behind()] { events_.on_failed(why, behind); });
        return false;
    }
    if (const auto settled = waiting_.take_settled()) {
        const auto kept = unlocked(lock, "commit", limits::disk_hangs, [&] { return queue_->commit(*settled); });
        // Otherwise those messages are sent once more.
        if (kept && settled->cursor) found.cursor = *settled->cursor;
        found.ledger = queue_->ledger();
    }
    waiting_.forget_session();
    reads_.clear();
    on_hold_ = true;
    tell([this, found = std::move(found)]() mutable { events_.on_salvaged(std::move(found)); });
    return true;
}

void store_thread::go_on(const store::recovery& found) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.begin_anew(found.last, found.cursor.acked);
        reads_.clear();
        on_hold_ = false;
    }
    wake_.notify_one();
}

/// Posted, too, although the loop is the caller: it is in the midst of what it does.
void store_thread::tell_told() {
    auto told = waiting_.take_told();
    if (told) tell([this, what = std::move(*told)]() mutable { events_.on_committed(std::move(what)); });
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

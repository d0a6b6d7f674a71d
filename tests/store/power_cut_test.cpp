// tests/store/power_cut_test.cpp: the real queue on a disk that loses its power at random moments, thousands of times.
// After each cut: every commit that was reported is there, the one under way is there wholly or not at all, the cursor
// hasn't gone back, and the ledger balances. Settings that aren't safe must be found out, or the check is worthless.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>

#include "store/queue.hpp"
#include "store/tuning.hpp"
#include "tests/store/disk.hpp"
#include "tests/store/messages.hpp"

namespace {

using store::number;
using store::sequence;

struct queued_message {
    std::uint64_t content = 0;
    std::size_t size = 0;
    bool operator==(const queued_message&) const = default;
};

/// What the queue must hold.
struct model {
    std::map<std::int64_t, queued_message> queued;
    store::cursor cursor;
    std::optional<store::session_record> session;
    store::ledger ledger;
    std::int64_t last = 0;
    bool operator==(const model&) const = default;
};

bool is_finished(std::int64_t at, const store::cursor& by) {
    return at <= number(by.acked) ||
           std::find(by.acked_beyond.begin(), by.acked_beyond.end(), sequence{at}) != by.acked_beyond.end();
}

std::int64_t exempt_up_to(const store::cursor& by) {
    std::int64_t highest = std::max({number(by.acked), number(by.released), number(by.maybe_sent)});
    for (const auto s : by.acked_beyond) highest = std::max(highest, number(s));
    for (const auto s : by.released_beyond) highest = std::max(highest, number(s));
    return highest;
}

struct setting {
    store::tuning tuning;
    bool garbles_neighbours = false;
    bool lies_about_syncs = false;
};

/// One disk, several lives of a gateway on it.
class world {
public:
    world(std::uint64_t seed, const setting& with) : random_(seed * 7919), disk_(seed), tuning_(with.tuning) {
        disk_.garbles_neighbours = with.garbles_neighbours;
        disk_.lies_about_syncs = with.lies_about_syncs;
        tuning_.vfs = disk_.name();
        how_ = {"queue.db", 1 << 20, random(4) == 0 ? store::full_policy::drop_newest : store::full_policy::drop_oldest, "boot"};
        large_ = random(3) == 0;
    }

    /// What went wrong, or nothing.
    std::string live(int lives) {
        for (int life = 0; life < lives && wrong_.empty(); ++life) {
            if (random(3) == 0) cut_while_opening();
            store::recovery found;
            auto queue = open_tuned(how_, tuning_, found);
            if (!queue) return "can't be opened: " + queue.error().detail();
            compare(*queue, found);
            if (!wrong_.empty()) break;
            disk_.cut_power_in(1 + random(large_ ? 500 : 150));
            // Some are stopped in order, and the power goes meanwhile, or not.
            auto commits_left = random(4) == 0 ? random(20) : UINT64_MAX;
            while (!disk_.is_dead() && wrong_.empty() && commits_left-- > 0) work(*queue);
            if (!disk_.is_dead()) disk_.cut_power_in(1 + random(12));
            queue = store::error();
            disk_.power_on();
            ++cuts;
        }
        return wrong_;
    }

    std::uint64_t cuts = 0;
    std::uint64_t evicted = 0;
    std::uint64_t commits = 0;

private:
    std::uint64_t random(std::uint64_t below) { return random_() % below; }

    void cut_while_opening() {
        disk_.cut_power_in(1 + random(12));
        store::recovery found;
        std::ignore = open_tuned(how_, tuning_, found);
        disk_.power_on();
        ++cuts;
    }

    store::transaction make_work() {
        store::transaction made;
        contents_.clear();
        if (random(10) < 7) {
            for (auto n = 1 + random(5); n > 0; --n) {
                const std::size_t size = large_ ? random(60000) : random(20) == 0 ? random(30000) : random(200);
                contents_.push_back({++content_, size});
                made.append.push_back(test::make_message(content_, size));
            }
        }
        if (random(10) < 4 && now_.last > 0) {
            made.cursor = move_cursor();
            for (const auto& [at, what] : now_.queued) made.settled.acknowledged += is_finished(at, *made.cursor) ? 1 : 0;
        }
        if (random(10) == 0) made.session = {"client", "broker", now_.session ? now_.session->epoch + 1 : 1};
        return made;
    }

    store::cursor move_cursor() {
        store::cursor moved;
        const auto ahead = [&](std::int64_t from, std::uint64_t most) {
            return std::max(from, std::min(now_.last, from + static_cast<std::int64_t>(random(most))));
        };
        moved.acked = sequence{ahead(number(now_.cursor.acked), large_ ? 2 : 6)};
        moved.released = sequence{ahead(std::max(number(moved.acked), number(now_.cursor.released)), 4)};
        moved.maybe_sent = sequence{ahead(std::max(number(moved.released), number(now_.cursor.maybe_sent)), 4)};
        for (const auto s : now_.cursor.acked_beyond)
            if (s > moved.acked) moved.acked_beyond.push_back(s);
        const std::int64_t from = moved.acked_beyond.empty() ? number(moved.acked) + 1 : number(moved.acked_beyond.back());
        for (auto at = from + 1; at <= number(moved.maybe_sent); ++at)
            if (now_.queued.contains(at) && random(3) == 0) moved.acked_beyond.push_back(sequence{at});
        if (number(moved.maybe_sent) > number(moved.released) + 1) moved.released_beyond.push_back(moved.maybe_sent);
        return moved;
    }

    void work(store::queue& queue) {
        const store::transaction made = make_work();
        if (random(4) == 0) std::ignore = queue.read(sequence{number(now_.cursor.acked) + 1}, 1 + random(3), 1000);
        const auto done = queue.commit(made);
        under_way_ = made;
        if (!done) {
            if (!disk_.is_dead()) wrong_ = "commit failed: " + done.error().detail();
            return;
        }
        ++commits;
        evicted += done->evicted;
        now_ = after(now_, made, done->appended);
        std::uint64_t dropped = 0;
        for (auto it = now_.queued.lower_bound(number(done->evicted_from));
             it != now_.queued.end() && it->first <= number(done->evicted_to);) {
            it = now_.queued.erase(it);
            ++dropped;
        }
        now_.ledger.dropped_oldest += dropped;
        now_.ledger.queued = now_.queued.size();
        if (dropped != done->evicted)
            wrong_ = "evicted " + std::to_string(done->evicted) + ", missing " + std::to_string(dropped);
        if (done->appended + done->refused != made.append.size()) wrong_ = "neither appended nor refused";
        if (queue.ledger() != now_.ledger) wrong_ = "the ledger isn't the model's";
        under_way_.reset();
    }

    /// As `work` would leave it if nothing were evicted.
    model after(const model& before, const store::transaction& made, std::size_t appended) {
        model then = before;
        if (made.cursor) then.cursor = *made.cursor;
        if (made.session) then.session = made.session;
        std::erase_if(then.queued, [&](const auto& m) { return is_finished(m.first, then.cursor); });
        for (std::size_t i = 0; i < appended; ++i) then.queued[++then.last] = contents_[i];
        then.ledger.accepted += made.append.size();
        then.ledger.acknowledged += made.settled.acknowledged;
        then.ledger.dropped_newest += made.append.size() - appended;
        then.ledger.queued = then.queued.size();
        return then;
    }

    void compare(store::queue& queue, const store::recovery& found) {
        model there{{}, found.cursor, found.session, found.ledger, number(found.last)};
        const auto all = queue.read(sequence{1}, 1'000'000, SIZE_MAX);
        if (!all) {
            wrong_ = "can't be read: " + all.error().detail();
            return;
        }
        for (const auto& m : *all) {
            if (is_finished(number(m.sequence), there.cursor)) continue;
            const auto known = content_of(number(m.sequence));
            if (m.message != test::make_message(known.content, known.size))
                wrong_ = "message " + std::to_string(number(m.sequence)) + " is another";
            there.queued[number(m.sequence)] = known;
        }
        if (!found.ledger.balanced()) wrong_ = "the ledger doesn't balance";
        if (found.ledger.queued != there.queued.size()) wrong_ = "the ledger miscounts what is queued";
        if (there != now_ && wrong_.empty()) explain(there);
        now_ = there;
        under_way_.reset();
    }

    queued_message content_of(std::int64_t at) const {
        if (const auto known = now_.queued.find(at); known != now_.queued.end()) return known->second;
        const auto index = static_cast<std::size_t>(at - now_.last - 1);
        return under_way_ && at > now_.last && index < contents_.size() ? contents_[index] : queued_message{};
    }

    /// The only other state there may be: that after the commit that was under way, all of it.
    void explain(const model& there) {
        if (!under_way_ || there.last < now_.last ||
            there.last - now_.last > static_cast<std::int64_t>(under_way_->append.size())) {
            wrong_ = "a commit is lost, or something came from nowhere";
            return;
        }
        model expected = after(now_, *under_way_, static_cast<std::size_t>(there.last - now_.last));
        // What is missing was evicted: a run of the oldest that may go.
        std::uint64_t gone = 0;
        bool may_go = true;
        for (auto it = expected.queued.upper_bound(exempt_up_to(expected.cursor)); it != expected.queued.end();) {
            const bool missing = !there.queued.contains(it->first);
            // Its own reading may have exempted some; these come first.
            if (missing && !may_go) break;
            if (!missing && gone > 0) may_go = false;
            gone += missing ? 1 : 0;
            it = missing ? expected.queued.erase(it) : std::next(it);
        }
        expected.ledger.dropped_oldest += gone;
        expected.ledger.queued = expected.queued.size();
        if (there != expected) wrong_ = "a commit is there in part";
    }

    std::mt19937_64 random_;
    test::disk disk_;
    store::tuning tuning_;
    store::options how_;
    bool large_ = false;
    model now_;
    std::optional<store::transaction> under_way_;
    std::vector<queued_message> contents_;  // of the messages in the latest transaction
    std::uint64_t content_ = 0;
    std::string wrong_;
};

// The sanitizers, without optimisation, are some eight times slower.
#if defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif
constexpr std::uint64_t seeds = sanitized ? 40 : 200;

struct outcome {
    std::uint64_t cuts = 0;
    int failures = 0;
    std::uint64_t evicted = 0;
    std::uint64_t commits = 0;
    std::string first;
};

setting safe() {
    setting made;
    made.tuning.checkpoint_pages = 40;  // often, since that is where things can go wrong
    return made;
}

outcome run(std::uint64_t first_seed, std::uint64_t count, const setting& with, bool stop_at_failure = false) {
    outcome all;
    for (std::uint64_t seed = first_seed; seed < first_seed + count && !(stop_at_failure && all.failures > 0); ++seed) {
        world w(seed, with);
        const std::string wrong = w.live(8);
        all.cuts += w.cuts;
        all.evicted += w.evicted;
        all.commits += w.commits;
        all.failures += wrong.empty() ? 0 : 1;
        if (!wrong.empty() && all.first.empty()) all.first = "seed=" + std::to_string(seed) + ": " + wrong;
    }
    return all;
}

}  // namespace

TEST_CASE("power cuts: nothing that was reported durable is lost, nothing is there in part", "[store][power]") {
    const outcome all = run(1, seeds, safe());
    CAPTURE(all.first, all.commits);
    CHECK(all.failures == 0);
    CHECK(all.cuts > 8 * seeds);
    CHECK(all.evicted > seeds);
}

TEST_CASE("power cuts: also where a torn sector garbles its neighbours", "[store][power]") {
    setting with = safe();
    with.garbles_neighbours = true;
    const outcome all = run(1, seeds / 2, with);
    CAPTURE(all.first);
    CHECK(all.failures == 0);
    CHECK(all.cuts > 4 * seeds);
}

TEST_CASE("power cuts: for a night", "[.][night]") {
    setting with = safe();
    with.garbles_neighbours = GENERATE(false, true);
    const outcome all = run(1000, 5000, with);
    CAPTURE(all.first, with.garbles_neighbours);
    CHECK(all.failures == 0);
    WARN(all.cuts << " cuts, " << all.commits << " commits, " << all.evicted << " messages evicted");
}

TEST_CASE("power cuts: unsafe settings are found out", "[store][power]") {
    setting with = safe();
    SECTION("synchronous=NORMAL") { with.tuning.synchronous = "NORMAL"; }
    SECTION("synchronous=OFF") { with.tuning.synchronous = "OFF"; }
    SECTION("a disk that lies about syncs") { with.lies_about_syncs = true; }
    const outcome all = run(1, 50, with, true);
    CAPTURE(all.cuts);
    CHECK(all.failures > 0);
}

// tests/gateway/clock_story_test.cpp: boards with bad clocks, from the reading to what a consumer gets: what was taken before the
// clock was set bears the right time if that was ever known in its boot, and is marked if not; nothing is lost, doubled, moved
// or expired by a step. The store is real; the board's clocks, its boots and the truth are variables.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "gateway/delivery/delivery.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/delivery/timestamps.hpp"
#include "gateway/synchronisation.hpp"
#include "tests/store/folder.hpp"
#include "tests/store/messages.hpp"

using namespace gateway;

namespace {

constexpr std::int64_t second = 1000;
constexpr std::int64_t hour = 3600 * second;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t year = 365 * day;
constexpr std::int64_t start = 1'795'000'000'000;

/// What a consumer sees of a reading's time.
enum class seen { right, marked, wrong };

class board {
public:
    board() { boot(0); }

    // ---- What befalls it ----
    /// With this on its clock, and nobody who would vouch for it.
    void boot(std::int64_t wall_ms) {
        how_.boot_id = "boot " + std::to_string(++boots_);
        booted_at_ = now_;
        error_ = wall_ms - now_;
        synchronised_ = false;
        restart();
    }
    void restart() {
        queue_.reset();
        store::recovery found;
        queue_.emplace(test::must(store::queue::open(how_, found)));
        watch_.emplace(found.boot_offset_ms);
        look();
    }
    void pass(std::int64_t ms) { now_ += ms; }
    void set_clock() { error_ = 0, synchronised_ = true, look(); }
    void step(std::int64_t ms) { error_ += ms, look(); }
    void lose_synchronisation() { synchronised_ = false, look(); }

    // ---- What it does ----
    void read(int count = 1) {
        for (; count > 0; --count) {
            store::message made;
            made.topic = "plant/tank/level";
            made.taken = clocks();
            made.expiry = expiry;
            made.payload = "{";
            append_timestamp(made.payload, "ts", made.taken);
            made.payload += ",\"value\":" + std::to_string(truth_.size()) + "}";
            truth_.push_back(now_);
            store::transaction work;
            work.append.push_back(made);
            test::must(queue_->commit(work));
            pass(second);
        }
    }
    /// All that waits, as delivery sends it; then it is gone.
    std::vector<seen> deliver() {
        look();
        std::vector<seen> got;
        store::transaction done;
        for (auto& m : test::must(queue_->read(store::sequence{1}, 1'000'000, SIZE_MAX))) {
            if (number(m.sequence) <= delivered_) continue;
            const auto left = life_left(m, {clocks(), watch_->boot_offset_ms()});
            lives.push_back(left ? left->count() : -1);
            correct_timestamp(m.message.payload, m.message.taken, m.of_this_boot ? watch_->boot_offset_ms() : m.boot_offset_ms);
            got.push_back(as_seen(m.message.payload, static_cast<std::size_t>(delivered_)));
            delivered_ = number(m.sequence);
        }
        const auto at = store::sequence{delivered_};
        done.cursor = store::cursor{at, at, at, {}, {}};
        done.settled.acknowledged = got.size();
        test::must(queue_->commit(done));
        CHECK(delivered_ == static_cast<std::int64_t>(truth_.size()));
        return got;
    }

    std::optional<std::uint32_t> expiry;
    std::vector<std::int64_t> lives;  // seconds left of what was delivered; -1: no end

private:
    store::stamp clocks() const { return {now_ + error_, now_ - booted_at_ + second, synchronised_}; }
    void look() {
        const auto news = watch_->look(clocks());
        if (!news.boot_offset_ms) return;
        store::transaction work;
        work.boot_offset_ms = news.boot_offset_ms;
        test::must(queue_->commit(work));
    }
    /// In order, each once: the value is the number.
    seen as_seen(const std::string& payload, std::size_t number) const {
        const std::string value = ",\"value\":" + std::to_string(number) + "}";
        const std::string right = "{\"ts\":\"" + format_timestamp(truth_.at(number)) + "\"" + value;
        CAPTURE(payload, right);
        CHECK(payload.ends_with(value));
        const bool marked = payload.find("\"ts_quality\":\"unsynchronised\"") != std::string::npos;
        return payload == right ? seen::right : marked ? seen::marked : seen::wrong;
    }

    test::folder folder_;
    store::options how_{folder_.file("queue.db"), 64 << 20, store::full_policy::drop_oldest, ""};
    std::optional<store::queue> queue_;
    std::optional<clock_watch> watch_;
    int boots_ = 0;
    std::int64_t now_ = start;  // the truth
    std::int64_t booted_at_ = start;
    std::int64_t error_ = 0;  // wall clock less truth
    bool synchronised_ = false;
    std::vector<std::int64_t> truth_;
    std::int64_t delivered_ = 0;
};

std::vector<seen> operator*(seen what, std::size_t count) { return std::vector<seen>(count, what); }
std::vector<seen> operator+(std::vector<seen> one, const std::vector<seen>& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

}  // namespace

TEST_CASE("clock: readings taken before it was set are right when they are delivered after", "[gateway][clock]") {
    board b;
    b.boot(GENERATE(std::int64_t{0}, start - 4 * year, start + 30 * year));
    b.read(3);
    SECTION("all in one process") {}
    SECTION("the process ended before it was set") { b.restart(); }
    b.pass(hour);
    b.set_clock();
    b.read(2);
    SECTION("the process ended after it was set") { b.restart(); }
    CHECK(b.deliver() == seen::right * 5);
}

TEST_CASE("clock: what is delivered before it is set is marked", "[gateway][clock]") {
    board b;
    b.boot(0);
    b.read(3);
    CHECK(b.deliver() == seen::marked * 3);
    b.read(2);
    b.set_clock();
    CHECK(b.deliver() == seen::right * 2);
}

TEST_CASE("clock: readings of a boot that ended are right if it was set in that boot", "[gateway][clock]") {
    board b;
    b.boot(0);
    b.read(3);
    b.set_clock();
    b.read(1);
    b.boot(start - year);  // a clock that remembers the last shutdown
    b.read(2);
    SECTION("delivered while it isn't set again") { CHECK(b.deliver() == seen::right * 4 + seen::marked * 2); }
    SECTION("delivered when it is set again") {
        b.set_clock();
        CHECK(b.deliver() == seen::right * 6);
    }
    SECTION("delivered one boot later") {
        b.boot(0);
        b.read(1);
        b.set_clock();
        CHECK(b.deliver() == seen::right * 4 + seen::marked * 2 + seen::right * 1);
    }
}

TEST_CASE("clock: never set, in one boot or two, and everything is marked", "[gateway][clock]") {
    board b;
    b.boot(0);
    b.read(2);
    b.boot(0);
    b.read(2);
    b.restart();
    CHECK(b.deliver() == seen::marked * 4);
}

TEST_CASE("clock: when synchronisation is lost again, what was known still holds", "[gateway][clock]") {
    board b;
    b.boot(0);
    b.set_clock();
    b.read(2);
    b.lose_synchronisation();
    b.read(2);
    SECTION("and in a new process") { b.restart(); }
    SECTION("and when somebody then sets it by hand") {
        b.step(-hour);
        b.read(2);
        CHECK(b.deliver() == seen::right * 6);
        return;
    }
    CHECK(b.deliver() == seen::right * 4);
}

TEST_CASE("clock: a step reorders, doubles, drops and expires nothing", "[gateway][clock]") {
    board b;
    b.expiry = 600;
    b.boot(0);
    b.set_clock();
    b.read(2);
    b.step(GENERATE(-hour, day, 10 * year, -20 * year));
    b.read(2);  // taken by a clock that calls itself right: nobody can know better
    SECTION("and in a new process") { b.restart(); }
    CHECK(b.deliver() == seen::right * 2 + seen::wrong * 2);
    CHECK(b.lives == std::vector<std::int64_t>{596, 597, 598, 599});
}

TEST_CASE("clock: lives go on over boots as far as the clocks were right once, and never get longer or negative by a step",
          "[gateway][clock]") {
    board b;
    b.expiry = 600;
    b.boot(0);
    b.read(1);
    SECTION("set in both") {
        b.set_clock();
        b.boot(0);
        b.pass(99 * second);
        b.set_clock();
        SECTION("and stepped since") { b.step(GENERATE(-hour, 10 * year)); }
        b.deliver();
        CHECK(b.lives == std::vector<std::int64_t>{500});
    }
    SECTION("not in the first") {
        b.boot(0);
        b.pass(99 * second);
        b.set_clock();
        b.deliver();
        CHECK(b.lives == std::vector<std::int64_t>{600});
    }
    SECTION("not in the second") {
        b.set_clock();
        b.boot(0);
        b.pass(99 * second);
        b.deliver();
        CHECK(b.lives == std::vector<std::int64_t>{600});
    }
    SECTION("the board slept, or the clock was set meanwhile") {
        b.pass(99 * second);
        b.set_clock();
        b.deliver();
        CHECK(b.lives == std::vector<std::int64_t>{500});
    }
}

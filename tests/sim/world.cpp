// tests/sim/world.cpp: the steps of a run, the time, and the peace at its end.
// Not here: the network (world_link.cpp), the process and its disk (world_process.cpp), the last checks (world_end.cpp).
#include "tests/sim/world.hpp"

#include <algorithm>

#include "tests/sim/content.hpp"

namespace sim {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t all = 1u << 20;
constexpr std::uint64_t most_events_at_once = 20'000;
constexpr int most_rounds_in_peace = 20'000;
constexpr auto longest_peace = 20min;

}  // namespace

world::world(const setting& what, std::uint64_t seed, bool traced)
    : what_(what), record_(traced), dice_(seed), disk_(seed), broker_(what.manners, seed) {
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed % 1'000'000) + 1, nullptr);
    disk_.lies_about_syncs = what_.disk_lies;
    disk_.garbles_neighbours = what_.garbles_neighbours;
    if (what_.manners.repeats_pubrec) barriers_.expect_late_pubrecs();
    const auto losses = what_.how_often[static_cast<std::size_t>(act::lose_session)];
    if (losses > 0 || what_.salvages) barriers_.expect_lost_sessions();
}

world::~world() {
    disk_.stop_process();  // what is closed now isn't written
    process_.reset();
}

outcome world::run(const script& steps) {
    try {
        begin_process();
        for (const step& next : steps) {
            if (!is_content()) break;
            take(next);
            gather();
        }
        if (is_content()) peace();
        if (is_content()) check_end();
    } catch (const run_over& wrong) {
        complain(wrong.why);
    }
    count_all();
    return {std::move(complaints_), seen_, record_.hash(), record_.lines()};
}

moment world::at() const {
    const milliseconds since_boot = now_ - boot_at_;
    const milliseconds wall = now_ + clock_error_;
    return {mqtt::time_point(now_), {1'790'000'000'000 + wall.count(), since_boot.count(), synchronised_}};
}

void world::complain(std::string about) {
    record_.line([&] { return "WRONG: " + about; });
    complaints_.push_back(std::move(about));
}

/// What broker and barriers have to say by now.
void world::gather() {
    const auto& broker = broker_.complaints();
    for (; broker_seen_ < broker.size(); ++broker_seen_) complain(broker[broker_seen_]);
    if (!barriers_.is_content()) {
        const auto barriers = barriers_.complaints();
        for (; barriers_seen_ < barriers.size(); ++barriers_seen_) complain(barriers[barriers_seen_]);
    }
    if (record_.events_at_this_time() > most_events_at_once) complain("too much happens at one moment: a busy loop");
}

bool world::point() {
    if (kill_in_ == 0 || --kill_in_ > 0) return is_content();
    end_process(end::kill);
    return is_content();
}

void world::take(const step& next) {
    dice_ = mqtt_test::dice(next.dice);
    broker_.reseed(dice_.next());
    disk_.reseed(dice_.next());
    pass(milliseconds(1 + dice_.below(20)));
    switch (next.what) {
        case act::flow:
            return flow(1 + dice_.below(12));
        case act::append:
            return append();
        case act::offer:
            return offer_one();
        case act::status:
            return status();
        case act::handle:
            return handle(1 + dice_.below(4));
        case act::write:
            return write(dice_.one_in(2) ? 1 + dice_.below(30) : all);
        case act::carry_up:
            return carry_up(dice_.one_in(2) ? 1 + dice_.below(30) : all);
        case act::carry_down:
            return carry_down(dice_.one_in(2) ? 1 + dice_.below(9) : all, dice_.below(6));
        case act::work:
            return work();
        case act::tell:
            return tell();
        case act::wait:
            return wait();
        case act::cut:
            return cut("connection reset");
        case act::outage:
            return begin_outage();
        case act::hang:
            return hang();
        case act::kill:
            return end_process(end::kill);
        case act::kill_soon:
            return kill_soon();
        case act::stop:
            return stop();
        case act::cut_power:
            return end_process(end::power_cut);
        case act::cut_power_soon:
            return arm_power_cut();
        case act::restart_broker:
            return restart_broker();
        case act::lose_session:
            return lose_session();
        case act::fill_disk:
            return fill_disk();
        case act::fail_writes:
            return fail_writes();
        case act::fail_reads:
            return fail_reads();
        case act::set_clock:
            return set_clock();
        case act::damage:
            return damage();
        case act::count:
            break;
    }
}

/// Everything moves on, some of it in parts.
void world::flow(std::uint64_t rounds) {
    for (; rounds > 0 && is_content(); --rounds) {
        pass(milliseconds(dice_.below(12)));
        if (!point()) return;
        transport();
        if (!point()) return;
        write(dice_.one_in(4) ? 1 + dice_.below(40) : all);
        if (!point()) return;
        carry_up(dice_.one_in(4) ? 1 + dice_.below(40) : all);
        if (!point()) return;
        carry_down(dice_.one_in(4) ? 1 + dice_.below(20) : all, 1 + dice_.below(8));
        for (auto n = dice_.below(4); n > 0 && point(); --n) work();
        if (!point()) return;
        tell();
        if (dice_.one_in(6) && link_ == link::none) wait();
    }
}

// ---- Time ----

void world::pass(milliseconds d) {
    now_ += d;
    record_.set_time(now_.count() - 3'600'000);
    const auto deadline = process_->loop_deadline();
    if (!deadline || *deadline > at().now) return;
    record_.event('t');
    process_->on_time(at());
    const auto next = process_->loop_deadline();
    if (next && *next <= at().now && next == deadline) complain("a deadline that has come stays: a busy loop");
}

void world::wait() {
    const auto until = process_->deadline();
    if (!until) return pass(milliseconds(dice_.below(100)));
    const auto left = std::chrono::ceil<milliseconds>(*until - at().now);
    pass(std::max(left, 1ms));
}

// ---- The gateway's side ----

void world::append() {
    std::vector<store::message> made;
    for (auto n = 1 + dice_.below(what_.most_at_once); n > 0; --n) {
        store::message m;
        const std::int64_t number = ++content_;
        m.topic = mqtt_test::topic_of_number(number);
        const bool large = what_.largest > 1000 ? !dice_.one_in(3) : false;
        m.payload = payload_of(number, dice_.below(large ? what_.largest : 60));
        const bool once = what_.qos == levels::one || (what_.qos == levels::mixed && number * 7 % 3 == 0);
        m.qos = once ? 1 : 2;
        m.taken = at().clock;
        if (what_.expires && number % 5 == 0) {
            m.expiry = static_cast<std::uint32_t>(dice_.below(40));
            ends_at_[number] = now_ + std::chrono::seconds(*m.expiry);
        }
        made.push_back(std::move(m));
    }
    record_.event('a', content_, made.size());
    record_.line([&] { return "readings  " + std::to_string(made.size()) + " up to no. " + std::to_string(content_); });
    taken_ += made.size();
    if (process_->append(std::move(made)) > 0 && !disk_erred_) complain("readings are dropped though the disk takes them");
    process_->settle(at());
}

void world::status() {
    store::message m;
    m.topic = "s";
    m.payload = "s";
    m.qos = static_cast<std::uint8_t>(dice_.below(2));
    std::ignore = process_->publish_now(m, at().now);
    process_->settle(at());
}

void world::handle(std::size_t most) {
    process_->handle(most, at());
    process_->settle(at());
}

void world::work() {
    if (!process_->work(at().now)) return;
    record_.event('w', disk_.operations());
    die_if_dead();
}

void world::tell() {
    if (!process_->tell(at())) return;
    record_.event('T');
}

// ---- Peace ----

/// No more faults: all of it has to arrive, in a bounded time.
void world::peace() {
    record_.line([] { return "---  peace: no more faults"; });
    peace_ = true;
    dice_ = mqtt_test::dice(1);
    broker_.reseed(1);
    kill_in_ = 0;
    full_ = false;
    disk_.capacity.reset();
    disk_.call_off();
    outage_until_ = 0ms;  // a link that hangs does so until the keep-alive finds out
    const milliseconds began = now_;
    int looks = 0;
    for (int i = 0; i < most_rounds_in_peace && is_content() && now_ - began < longest_peace; ++i) {
        if (is_done()) return;
        const std::uint64_t before = record_.events();
        pass(1ms);
        move_all();
        gather();
        if (record_.events() != before) continue;
        // What is damaged is found by reading, dropped by a commit, and at the latest when what came after it is finished.
        if (file_.is_damaged() && process_->is_idle() && ++looks < 20) {
            append();
            process_->look_at_age(at().clock);
        }
        wait();
    }
    if (is_content()) complain("no progress: " + std::to_string(file_.state().queued.size()) + " messages stay in the queue");
}

void world::move_all() {
    transport();
    write(all);
    carry_up(all);
    carry_down(all, 1000);
    work();
    tell();
    if (process_->inbox_waiting() > 0) handle(100);
}

bool world::is_done() const {
    const bool is_empty = file_.is_damaged() ? process_->queue().ledger().queued == 0 : file_.state().queued.empty();
    return process_->is_idle() && is_empty && file_.state().inbox.empty() && process_->session().in_flight() == 0 &&
           process_->session().is_online() && up_.empty() && down_.empty() && !broker_.has_answers() && broker_.outbox().empty();
}

}  // namespace sim

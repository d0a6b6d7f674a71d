// tests/adapters/faults/run.cpp: see run.hpp.
// Not here: the line and what is at its other end.
#include "tests/adapters/faults/run.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "tests/adapters/faults/recovery.hpp"
#include "tests/adapters/faults/subject.hpp"

namespace faults {
namespace {

using std::chrono::milliseconds;
using status = enum modbus::answer::status;

constexpr std::size_t complaints_max = 4;

std::string in_ms(nanoseconds time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f ms", static_cast<double>(time.count()) / 1e6);
    return text.data();
}

std::string in_words(const asked& what) {
    return "unit " + std::to_string(what.unit) + ", function " + std::to_string(what.function) + ", address " +
           std::to_string(what.address) + ", count " + std::to_string(what.count);
}

class session {
public:
    session(const transport& how, std::uint64_t seed, bool told);
    outcome go(std::uint64_t injections);

private:
    struct read_made {
        modbus::answer got;
        std::uint8_t unit = 0;
        std::size_t first = 0, end = 0;  // the requests that it sent
        time_point begun{}, ended{};
    };
    void settle();
    void suffer();
    void recover();
    void note_recovery(const read_made& good, time_point end, bool first);
    read_made read(const asked& what);
    void check(const read_made& made, const asked& what, std::size_t first);
    bool is_of(const std::vector<std::uint16_t>& values, const request& of) const;
    const asked& any_point();
    const asked& point_of(std::uint8_t unit);
    void idle();
    nanoseconds own_time(const request& of) const;
    void complain(const std::string& what);
    kind_figures& now_on() { return result_.seen.kinds[static_cast<std::size_t>(plant_.now_on().kind)]; }
    bool by_number() const { return how_.frames == framing::mbap; }

    transport how_;
    draw draw_;
    bool told_;
    subject_setting with_;
    line line_;
    plant plant_;
    std::unique_ptr<modbus::link> link_;
    time_point idle_until_{};
    read_made latest_;
    std::vector<std::uint8_t> units_;
    std::vector<asked> points_;
    outcome result_;
};

subject_setting draw_setting(draw& from) {
    subject_setting made;
    constexpr std::array<std::int64_t, 5> timeouts{100, 250, 500, 1000, 3000};
    made.timeout = milliseconds(timeouts[from.below(timeouts.size())]);
    constexpr std::array<std::uint32_t, 4> bauds{9600, 19200, 38400, 115200};
    made.line.baud = bauds[from.below(bauds.size())];
    if (from.one_in(6)) made.spacing = milliseconds(from.between(1, 30));
    return made;
}

plant_setting setting_of(const transport& how, std::uint64_t seed, const subject_setting& with, draw& from) {
    plant_setting made;
    made.how = how;
    made.seed = seed;
    made.timeout = with.timeout;
    made.gap = how.bytes == carrier::serial ? modbus::frame_gap(with.line) : nanoseconds(0);
    made.queues = from.one_in(2);
    made.in_any_order = how.frames == framing::mbap && from.one_in(2);
    return made;
}

session::session(const transport& how, std::uint64_t seed, bool told)
    : how_(how),
      draw_(seed),
      told_(told),
      with_(draw_setting(draw_)),
      line_(how.bytes, how.bytes == carrier::serial ? modbus::character_time(with_.line) : nanoseconds(0), draw_.next()),
      plant_(setting_of(how, seed, with_, draw_), line_),
      link_(make_subject(how, with_, line_)) {
    line_.passes_on = how.bytes == carrier::stream && draw_.one_in(2);
    if (told_) {
        const auto tell = [this](const std::string& what) {
            result_.story.push_back(in_ms(line_.now().time_since_epoch() - std::chrono::hours(1)) + "  " + what);
        };
        line_.tell = tell;
        plant_.tell = tell;
        tell(std::string(how.name) + ", time-out " + in_ms(with_.timeout) + ", " + std::to_string(with_.line.baud) + " baud" +
             (plant_.queues() ? ", late devices queue" : ", late devices are deaf"));
    }
    for (int i = 0; i < 3; ++i) units_.push_back(static_cast<std::uint8_t>(draw_.between(1, 247)));
    // Few shapes at many places: a stale answer must look right but for its values.
    constexpr std::array<std::uint16_t, 7> counts{1, 2, 2, 10, 20, 60, 125};
    const std::uint16_t common = counts[draw_.below(counts.size())];
    for (const std::uint8_t unit : units_) {
        for (int i = 0; i < 4; ++i) {
            asked what;
            what.unit = unit;
            what.function = static_cast<std::uint8_t>(draw_.one_in(4) ? draw_.between(1, 4) : 3);
            what.count = draw_.one_in(3) ? counts[draw_.below(counts.size())] : common;
            if (what.function <= 2) what.count = static_cast<std::uint16_t>(draw_.between(16, draw_.one_in(4) ? 2000 : 40));
            what.address = static_cast<std::uint16_t>(draw_.between(0, 60'000));
            // The request of such a read is a well-formed answer to it, too.
            if (what.function <= 2 && draw_.one_in(2)) {
                what.count = static_cast<std::uint16_t>(draw_.between(17, 24));
                what.address = static_cast<std::uint16_t>(0x0300 + draw_.between(0, 255));
            }
            points_.push_back(what);
        }
    }
}

outcome session::go(std::uint64_t injections) {
    try {
        while (plant_.injected() < injections && result_.complaints.size() < complaints_max) {
            settle();
            suffer();
            recover();
        }
    } catch (const stuck& why) {
        complain(why.what());
    }
    for (const auto& each : plant_.complaints())
        if (result_.complaints.size() < complaints_max) complain(each);
    return std::move(result_);
}

void session::settle() {
    for (auto left = draw_.between(1, 4); left > 0; --left) {
        const asked what = any_point();
        const read_made made = read(what);
        if (made.got.status != status::ok)
            complain("a read failed though all was well: " + in_words(what) + ": " + made.got.detail);
        if (draw_.one_in(4)) idle();
    }
}

/// From a fault's beginning to its end.
void session::suffer() {
    std::vector<fault> possible;
    for (const auto& row : fault_table)
        if (befalls(row.kind, how_)) possible.push_back(row.kind);
    const fault kind = possible[draw_.below(possible.size())];
    const std::uint64_t before = plant_.injected();
    plant_.begin(kind, units_[draw_.below(units_.size())]);
    const bool relentless = kind == fault::silent && draw_.one_in(2);  // the dead unit is asked all the time
    for (unsigned reads = 0; !plant_.over(); ++reads) {
        const bool waiting_only = plant_.now_on().remaining == 0;
        if (waiting_only && !relentless && draw_.one_in(3)) {
            idle();
            continue;
        }
        const bool any = !relentless && (waiting_only || draw_.one_in(3));
        const asked what = any ? any_point() : point_of(plant_.now_on().unit);
        const unsigned befallen = plant_.now_on().befallen;
        const read_made made = latest_ = read(what);
        ++now_on().reads;
        if (made.got.status == status::ok) ++now_on().answered;
        const bool met = plant_.now_on().befallen > befallen;
        if (met && is_harmless(kind, how_) && made.got.status != status::ok)
            complain("a read failed though its answer was there: " + in_words(what) + ": " + made.got.detail);
        if (!relentless && draw_.one_in(6)) idle();
        if (reads > 2000) {
            complain("the fault doesn't end");
            return;
        }
    }
    now_on().injected += plant_.injected() - before;
    ++now_on().episodes;
}

void session::recover() {
    // What nobody asks for in the meantime can't recover.
    const time_point end = std::max(*plant_.end(), idle_until_);
    // The read that was under way then may have done it already.
    const episode& over = plant_.now_on();
    const bool under_way = latest_.got.status == status::ok && latest_.ended >= *plant_.end();
    if (under_way && latest_.unit == over.unit && !stays_in_stream(over.kind, how_))
        return note_recovery(latest_, std::min(end, latest_.ended), true);
    for (bool first = true;; first = false) {
        const read_made made = read(point_of(plant_.now_on().unit));
        if (made.got.status == status::ok) return note_recovery(made, end, first);
        if (made.begun > end + 20 * with_.timeout) return complain("no good read after the fault's end: " + made.got.detail);
    }
}

void session::note_recovery(const read_made& good, time_point end, bool first) {
    const nanoseconds took = good.ended - end;
    const recovery_bound& bound = bound_for(plant_.now_on().kind, how_);
    const auto& requests = plant_.requests();
    nanoseconds exchanges = own_time(requests[good.end - 1]);
    const nanoseconds strict = 2 * with_.timeout + own_time(requests[good.end - 1]);
    std::size_t before = 0;
    for (std::size_t i = good.first; i + 1 < good.end; ++i) {
        if (requests[i].at < end) continue;
        if (before++ < bound.reads_before) exchanges += own_time(requests[i]);
    }
    // Another unit's good read that was under way: that one was asked, and the line had no room for this one.
    const bool other = latest_.got.status == status::ok && latest_.unit != good.unit && latest_.ended > end;
    if (other) exchanges += std::min(own_time(requests[latest_.end - 1]), latest_.ended - end);
    kind_figures& of = now_on();
    of.first_read += first ? 1 : 0;
    of.prompt += took <= strict ? 1 : 0;
    of.reads_before = std::max(of.reads_before, before);
    const double timeouts = static_cast<double>((took - exchanges).count()) / static_cast<double>(with_.timeout.count());
    of.worst = std::max(of.worst, timeouts);
    if (timeouts > bound.timeouts)
        complain("the first good read came " + in_ms(took) + " after the fault's end, of which " + in_ms(exchanges) +
                 " are exchanges: beside them " + std::to_string(timeouts) + " time-outs of " + in_ms(with_.timeout) +
                 "; it may be " + std::to_string(bound.timeouts) + ": " + std::string(bound.why));
}

/// How long a request and its answer take when all is well.
nanoseconds session::own_time(const request& of) const {
    constexpr nanoseconds turnaround = milliseconds(20), wakes = milliseconds(6), network = milliseconds(8);
    if (how_.bytes != carrier::serial) return turnaround + wakes + network + with_.spacing;
    const std::size_t data = of.what.function <= 2 ? (of.what.count + 7u) / 8u : 2u * of.what.count;
    const std::size_t size = how_.frames == framing::rtu ? 8 + 5 + data : 17 + 11 + 2 * data;
    return line_.character() * static_cast<std::int64_t>(size) + turnaround + wakes +
           2 * std::max(modbus::frame_gap(with_.line), with_.spacing);
}

session::read_made session::read(const asked& what) {
    const std::size_t first = plant_.requests().size();
    read_made made;
    made.unit = what.unit;
    made.first = first;
    made.begun = line_.now();
    if (told_) line_.tell("read " + in_words(what));
    made.got = link_->read({what.unit, static_cast<modbus::table>(what.function), what.address, what.count}, nanoseconds(0));
    made.ended = line_.now();
    // A unit that is left alone costs nothing; whoever asks rests before he asks again.
    if (made.ended == made.begun) line_.pass(line_.now() + milliseconds(10));
    made.end = plant_.requests().size();
    if (told_) line_.tell(made.got.status == status::ok ? "ok" : "not ok: " + made.got.detail);
    check(made, what, first);
    return made;
}

bool session::is_of(const std::vector<std::uint16_t>& values, const request& of) const {
    if (values.size() != of.what.count) return false;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] != plant_.value_of(of.what, of.number, i)) return false;
    return true;
}

void session::check(const read_made& made, const asked& what, std::size_t first) {
    figures& seen = result_.seen;
    ++seen.reads;
    const auto& requests = plant_.requests();
    const auto same_place = [&](const request& of) {
        return of.what.unit == what.unit && of.what.function == what.function && of.what.address == what.address &&
               of.what.count == what.count;
    };
    // The late window, an odd-shaped read and the read itself, each at most as long as they may be.
    const nanoseconds most = 5 * with_.timeout + milliseconds(4000);
    if (made.ended - made.begun > most) complain("a read took " + in_ms(made.ended - made.begun) + ": " + in_words(what));
    if (made.got.status == status::silent) ++seen.silent;
    if (made.got.status == status::down) ++seen.down;
    if (made.got.status == status::exception) {
        ++seen.exceptions;
        const bool given =
            std::any_of(requests.begin() + static_cast<std::ptrdiff_t>(first), requests.end(),
                        [&](const request& of) { return of.what.unit == what.unit && of.exception == made.got.exception_code; });
        if (given) return;
        ++seen.foreign_exceptions;
        const bool in_window = plant_.now_on().kind == fault::late_in_window;
        if (by_number() || in_window) complain("an exception that belongs to an older request: " + made.got.detail);
    }
    if (made.got.status != status::ok) return;
    ++seen.good;
    for (std::size_t i = first; i < requests.size(); ++i)
        if (same_place(requests[i]) && is_of(made.got.registers, requests[i])) return;
    ++seen.wrong;
    std::string whose = "nobody's";
    for (const request& of : requests) {
        const std::size_t length = std::min(made.got.registers.size(), std::size_t{of.what.count});
        bool same = length > 0;
        for (std::size_t i = 0; i < length && same; ++i) same = made.got.registers[i] == plant_.value_of(of.what, of.number, i);
        if (same)
            whose = "those of request " + std::to_string(of.number) + " (" + in_words(of.what) + ", sent " +
                    in_ms(made.ended - of.at) + " before)";
    }
    complain("wrong value: " + in_words(what) + ": the registers are " + whose);
}

const asked& session::any_point() { return points_[draw_.below(points_.size())]; }

const asked& session::point_of(std::uint8_t unit) {
    for (;;) {
        const asked& one = any_point();
        if (one.unit == unit) return one;
    }
}

void session::idle() {
    line_.pass(line_.now() + nanoseconds(draw_.between(0, 3 * with_.timeout.count())));
    idle_until_ = line_.now();
}

void session::complain(const std::string& what) {
    result_.complaints.push_back(std::string(how_.name) + ", " +
                                 std::string(fault_table[static_cast<std::size_t>(plant_.now_on().kind)].name) + ": " + what);
    if (told_) line_.tell("**** " + what);
}

}  // namespace

void kind_figures::add(const kind_figures& other) {
    injected += other.injected;
    episodes += other.episodes;
    reads += other.reads;
    answered += other.answered;
    first_read += other.first_read;
    prompt += other.prompt;
    worst = std::max(worst, other.worst);
    reads_before = std::max(reads_before, other.reads_before);
}

std::uint64_t figures::injected() const {
    std::uint64_t sum = 0;
    for (const auto& each : kinds) sum += each.injected;
    return sum;
}

void figures::add(const figures& other) {
    for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i].add(other.kinds[i]);
    reads += other.reads;
    good += other.good;
    exceptions += other.exceptions;
    silent += other.silent;
    down += other.down;
    wrong += other.wrong;
    foreign_exceptions += other.foreign_exceptions;
}

outcome run(const transport& how, std::uint64_t seed, std::uint64_t injections, bool told) {
    return session(how, seed, told).go(injections);
}

}  // namespace faults

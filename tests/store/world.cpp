// tests/store/world.cpp: random transactions, what they should do, and the comparison.
#include "tests/store/world.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <tuple>

#include "tests/store/messages.hpp"

namespace test {
namespace {

using store::number;
using store::sequence;

constexpr std::uint64_t most_letters = 12;
constexpr std::size_t most_audited = 8;
constexpr std::uint64_t inbox_bound = 256 << 10;    // a quarter of the file's
constexpr std::uint64_t letters_bound = 128 << 10;  // an eighth
constexpr std::int64_t most_appended = 5;
constexpr std::int64_t most_age = 40;             // in messages: each is taken a millisecond after the one before
constexpr std::size_t most_beside_payload = 500;  // topic, properties and numbers of a message here

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

store::message message_of(const content& what) { return make_rich_message(what.number, what.size); }

std::string topic_of(const content& what) { return make_message(what.number, 0).topic; }

}  // namespace

world::world(std::uint64_t seed, const setting& with) : random_(seed * 7919), disk_(seed), tuning_(with.tuning) {
    disk_.garbles_neighbours = with.garbles_neighbours;
    disk_.lies_about_syncs = with.lies_about_syncs;
    tuning_.vfs = disk_.name();
    tuning_.files = &disk_.files();
    constexpr std::array policies{store::full_policy::drop_newest, store::full_policy::drop_oldest, store::full_policy::thin,
                                  store::full_policy::thin};
    how_ = {"queue.db", 1 << 20, policies[random(4)], "boot"};
    if (random(3) == 0) how_.max_age = std::chrono::milliseconds(most_age);
    how_.dead_letters_max = most_letters;
    how_.audit_max = most_audited;
    large_ = random(3) == 0;
}

std::string world::live(int lives) {
    for (int life = 0; life < lives && wrong_.empty(); ++life) {
        if (random(2) == 0) how_.boot_id = "boot " + std::to_string(++boots_);
        if (random(3) == 0) cut_while_opening();
        store::recovery found;
        auto queue = open_tuned(how_, tuning_, found);
        if (!queue) return "can't be opened: " + queue.error().detail();
        if (found.damage) return "was found damaged: " + found.damage->reason;
        compare(*queue, found);
        if (!wrong_.empty()) break;
        exempt_ = now_.last;  // all was read to compare it, and nothing of it may go
        if (random(3) > 0) {
            queue = store::error();
            queue = open_tuned(how_, tuning_, found);
            if (!queue) return "can't be opened again: " + queue.error().detail();
            exempt_ = 0;
        }
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

void world::cut_while_opening() {
    disk_.cut_power_in(1 + random(12));
    store::recovery found;
    std::ignore = open_tuned(how_, tuning_, found);
    disk_.power_on();
    ++cuts;
}

// ---- Work ----

std::size_t world::random_size(std::uint64_t most) {
    return large_ ? random(most) : random(20) == 0 ? random(most / 2) : random(200);
}

store::transaction world::make_work() {
    store::transaction made;
    appending_.clear();
    receiving_.clear();
    if (random(10) < 7) {
        for (auto n = 1 + random(most_appended); n > 0; --n) {
            appending_.push_back({++content_, random_size(60000)});
            made.append.push_back(message_of(appending_.back()));
        }
    }
    if (random(10) < 4 && now_.last > 0) {
        made.cursor = move_cursor();
        for (const auto& [at, what] : now_.queued) made.settled.acknowledged += is_finished(at, *made.cursor) ? 1 : 0;
        add_parking(made);
    }
    // The same in each boot, since the numbers of contents, which are their times, go on over boots.
    if (random(30) == 0) made.boot_offset_ms = 300;
    if (random(10) == 0) made.session = {"client", "broker", now_.session ? now_.session->epoch + 1 : 1};
    add_inbound(made);
    add_notes(made);
    if (random(4) == 0) made.now = store::stamp{0, static_cast<std::int64_t>(content_), false};
    for (const content& c : appending_) sizes_[c.number] = c.size;
    for (const content& c : appending_) boot_of_[c.number] = how_.boot_id;
    boot_of_work_ = how_.boot_id;
    for (const content& c : receiving_) sizes_[c.number] = c.size;
    return made;
}

/// A broker that sends, and an application that handles, not always in order.
void world::add_inbound(store::transaction& to) {
    if (random(10) < 4) {
        for (auto n = 1 + random(4); n > 0; --n) {
            receiving_.push_back({++content_, random_size(40000)});
            to.receive.push_back(message_of(receiving_.back()));
        }
    }
    if (!to.receive.empty() || random(10) < 2) {
        to.held.emplace();
        for (auto n = random(6); n > 0; --n) to.held->push_back(static_cast<std::uint16_t>(1 + random(65535)));
    }
    if (random(10) >= 4) return;
    for (const auto& [at, what] : now_.inbox)
        if (random(3) > 0) to.handled.push_back(store::inbox_number{at});
    if (random(2) == 0) std::reverse(to.handled.begin(), to.handled.end());
    if (random(4) == 0 && last_received_ > 0)  // once more, or not yet there
        to.handled.push_back(
            store::inbox_number{1 + static_cast<std::int64_t>(random(static_cast<std::uint64_t>(last_received_)))});
}

void world::add_notes(store::transaction& to) {
    if (random(4) > 0) return;
    for (auto n = random(3); n > 0; --n)
        to.audit.push_back("entry " + std::to_string(++content_) + std::string(random(3000), '.'));
    if (random(3) == 0) to.forget.push_back("name " + std::to_string(random(5)));
    if (random(2) == 0)
        to.remember.push_back({"name " + std::to_string(random(5)), std::to_string(++content_) + std::string(random(9000), '.')});
}

/// Some of those that the cursor finishes now are given up.
void world::add_parking(store::transaction& to) {
    for (std::int64_t at = number(now_.cursor.acked) + 1; at <= number(to.cursor->maybe_sent); ++at) {
        if (!is_finished(at, *to.cursor) || is_finished(at, now_.cursor) || random(5) > 0) continue;
        to.park.push_back({sequence{at}, static_cast<std::uint8_t>(random(256)), "refused"});
        if (!now_.queued.contains(at)) continue;  // it was evicted
        ++to.settled.refused;
        --to.settled.acknowledged;
    }
    if (random(15) == 0 && !now_.letters.empty())
        to.remove_dead_letters.push_back(
            store::dead_letter_number{now_.letters.begin()->first + static_cast<std::int64_t>(random(5))});
    to.remove_all_dead_letters = random(60) == 0;
}

store::cursor world::move_cursor() {
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

void world::work(store::queue& queue) {
    const store::transaction made = make_work();
    if (random(4) == 0) {
        const auto read = queue.read(sequence{number(now_.cursor.acked) + 1}, 1 + random(3), 1000);
        if (read && !read->empty()) exempt_ = std::max(exempt_, number(read->back().sequence));
    }
    const auto done = queue.commit(made);
    under_way_ = made;
    if (!done) {
        if (!disk_.is_dead()) wrong_ = "commit failed: " + done.error().detail();
        return;
    }
    // Durable, but the power went in the checkpoint behind it: nobody can look which letters were crowded out.
    if (disk_.is_dead() && !made.park.empty()) return;
    ++commits;
    evicted += done->evicted;
    received += done->received;
    const bool taken = done->received == made.receive.size();
    refused += taken ? 0 : 1;
    now_ = after(now_, made, {done->appended, taken});
    if (!taken && (done->received != 0 || !may_refuse(made, done->inbox.bytes))) wrong_ = "the inbox had room";
    if (done->received > 0 && number(done->first_received) != last_received_ + 1) wrong_ = "a number was left out or given twice";
    last_received_ += static_cast<std::int64_t>(done->received);
    if (done->inbox.messages != now_.inbox.size()) wrong_ = "the inbox is miscounted";
    if (!made.park.empty()) {
        parked += made.park.size();
        if (!crowd_out(now_, letters_of(queue))) wrong_ = "dead letters were crowded out though there was room";
    }
    if (queue.dead_letters().crowded_out != now_.crowded_out || queue.dead_letters().not_found != now_.not_found ||
        queue.dead_letters().messages != now_.letters.size())
        wrong_ = "the dead letters are miscounted";

    drop_what_went(*done);
    now_.ledger.queued = now_.queued.size();
    if (done->appended + done->refused != made.append.size()) wrong_ = "neither appended nor refused";
    if (queue.ledger() != now_.ledger) wrong_ = "the ledger isn't the model's";
    under_way_.reset();
}

/// As the queue reports it: for their age, thinned out, evicted.
void world::drop_what_went(const store::commit_report& done) {
    exempt_ = std::max(exempt_, exempt_up_to(now_.cursor));
    aged += done.aged;
    thinned += done.thinned;
    const std::uint64_t for_age = erase(done.aged_from, done.aged_to, true);
    if (for_age != done.aged) wrong_ = "too old " + std::to_string(done.aged) + ", missing " + std::to_string(for_age);
    now_.ledger.dropped_aged += for_age;
    std::uint64_t thinned_out = 0;
    for (const auto& each : done.thinnings) {
        if (number(each.from) <= exempt_) wrong_ = "thinned what may be on its way";
        if (!halving_.apply(each, now_.queued, topic_of)) wrong_ = "not every second message was thinned out";
        thinned_out += each.messages;
    }
    if (thinned_out != done.thinned) wrong_ = "what was thinned out is miscounted";
    now_.ledger.dropped_thinned += thinned_out;
    const std::uint64_t dropped = erase(done.evicted_from, done.evicted_to, false);
    if (dropped != done.evicted) wrong_ = "evicted " + std::to_string(done.evicted) + ", missing " + std::to_string(dropped);
    now_.ledger.dropped_oldest += dropped;
}

/// All that is queued there: the oldest that may go.
std::uint64_t world::erase(store::sequence from, store::sequence to, bool for_its_age) {
    std::uint64_t gone = 0;
    // The rest of a segment that is exempt in part is exempt, too; thinning makes segments that aren't known here.
    const auto older =
        std::distance(now_.queued.upper_bound(exempt_), now_.queued.lower_bound(std::max(exempt_ + 1, number(from))));
    if (number(to) > 0 && older >= most_appended && how_.when_full != store::full_policy::thin) wrong_ = "not the oldest went";
    for (auto it = now_.queued.lower_bound(number(from)); it != now_.queued.end() && it->first <= number(to); ++gone) {
        if (it->first <= exempt_) wrong_ = "what may be on its way went";
        if (for_its_age && content_ - it->second.number <= static_cast<std::uint64_t>(most_age)) wrong_ = "it wasn't old";
        it = now_.queued.erase(it);
    }
    return gone;
}

// ---- What should be ----

/// As `made` would leave it if nothing were evicted or crowded out by bytes.
model world::after(const model& before, const store::transaction& made, const fate& how) const {
    model then = before;
    if (made.cursor) then.cursor = *made.cursor;
    if (made.session) then.session = made.session;
    if (made.boot_offset_ms) then.clocks[boot_of_work_] = *made.boot_offset_ms;
    if (made.remove_all_dead_letters) then.letters.clear();
    for (const auto n : made.remove_dead_letters) then.letters.erase(number(n));
    std::int64_t last_letter = before.letters_given;
    for (const auto& one : made.park) {
        const auto found = then.queued.find(number(one.sequence));
        if (found == then.queued.end()) {
            ++then.not_found;
        } else {
            then.letters[++last_letter] = {found->first, found->second, one.reason_code};
        }
    }
    then.letters_given = last_letter;
    std::erase_if(then.queued, [&](const auto& m) { return is_finished(m.first, then.cursor); });
    for (std::size_t i = 0; i < how.appended; ++i) then.queued[++then.last] = appending_[i];
    for (const auto n : made.handled) then.inbox.erase(number(n));
    if (how.received) {
        for (std::size_t i = 0; i < receiving_.size(); ++i)
            then.inbox[last_received_ + 1 + static_cast<std::int64_t>(i)] = receiving_[i];
        if (made.held) then.held = *made.held;
    }
    then.audit.insert(then.audit.begin(), made.audit.rbegin(), made.audit.rend());
    if (then.audit.size() > most_audited) then.audit.resize(most_audited);
    for (const auto& name : made.forget) then.memories.erase(name);
    for (const auto& each : made.remember) then.memories[each.name] = each.text;
    then.ledger.accepted += made.append.size();
    then.ledger.acknowledged += made.settled.acknowledged;
    then.ledger.dropped_refused += made.settled.refused;
    then.ledger.dropped_newest += made.append.size() - how.appended;
    then.ledger.queued = then.queued.size();
    return then;
}

bool world::may_refuse(const store::transaction& made, std::uint64_t inbox_bytes) const {
    for (const auto& m : made.receive) inbox_bytes += m.payload.size() + most_beside_payload;
    return inbox_bytes > inbox_bound;
}

/// Lets the oldest letters go until it is those that are there. False: without need.
bool world::crowd_out(model& in, const std::map<std::int64_t, model::letter>& there) const {
    const std::int64_t oldest = there.empty() ? INT64_MAX : there.begin()->first;
    std::uint64_t bytes = 0;
    std::uint64_t count = there.size();
    for (const auto& [at, letter] : there) bytes += letter.what.size + most_beside_payload;
    for (auto it = in.letters.lower_bound(oldest); it != in.letters.begin();) {
        // From the newest of those that went: each was one too many at least when the newest letter came.
        --it;
        bytes += it->second.what.size + most_beside_payload;
        ++count;
        if (count <= most_letters && bytes <= letters_bound) return false;
    }
    in.crowded_out += count - there.size();
    in.letters.erase(in.letters.begin(), in.letters.lower_bound(oldest));
    return true;
}

// ---- What is ----

void world::compare(store::queue& queue, const store::recovery& found) {
    halving_.forget();
    model there;
    there.cursor = found.cursor;
    there.session = found.session;
    there.ledger = found.ledger;
    there.last = number(found.last);
    there.held = found.held;
    there.crowded_out = queue.dead_letters().crowded_out;
    there.not_found = queue.dead_letters().not_found;
    clocks_there_.clear();
    see_clock(how_.boot_id, found.boot_offset_ms);
    read_all(queue, there);
    if (!found.ledger.balanced()) wrong_ = "the ledger doesn't balance";
    if (found.ledger.queued != there.queued.size()) wrong_ = "the ledger miscounts what is queued";
    if (found.inbox.messages != there.inbox.size()) wrong_ = "the inbox is miscounted";
    if (queue.dead_letters().messages != there.letters.size()) wrong_ = "the dead letters are miscounted";
    there.letters_given = now_.letters_given;
    if (with_clocks(there, now_) != now_ && wrong_.empty()) explain(there, found.inbox.bytes);
    under_way_.reset();
}

/// Each message's content is its own, and says which one it is.
void world::read_all(store::queue& queue, model& to) {
    const auto content_of = [&](const store::message& m) {
        const auto known = static_cast<std::uint64_t>(m.taken.monotonic_ms);
        const auto size = sizes_.find(known);
        const content found{known, size == sizes_.end() ? 0 : size->second};
        if (m != message_of(found)) wrong_ = "message " + std::to_string(known) + " is another";
        return found;
    };
    const auto log = queue.read(sequence{1}, 1'000'000, SIZE_MAX);
    const auto inbox = queue.read_inbox(store::inbox_number{1}, 1'000'000, SIZE_MAX);
    if (!log || !inbox) {
        wrong_ = "can't be read: " + (log ? inbox.error() : log.error()).detail();
        return;
    }
    for (const auto& m : *log)
        if (!is_finished(number(m.sequence), to.cursor)) {
            const content& one = to.queued[number(m.sequence)] = content_of(m.message);
            see_clock(boot_of_[one.number], m.boot_offset_ms);
            if (m.of_this_boot != (boot_of_[one.number] == how_.boot_id)) wrong_ = "a message is of another boot";
            clocks_seen += m.boot_offset_ms ? 1 : 0;
        }
    for (const auto& m : *inbox) to.inbox[number(m.number)] = content_of(m.message);
    to.letters = letters_of(queue);
    const auto audit = queue.read_audit(store::audit_number{INT64_MAX}, 1'000'000);
    const auto memories = queue.recall();
    if (!audit || !memories) {
        wrong_ = "notes can't be read: " + (audit ? memories.error() : audit.error()).detail();
        return;
    }
    for (const auto& each : *audit) to.audit.push_back(each.text);
    for (const auto& each : *memories) to.memories[each.name] = each.text;
}

std::map<std::int64_t, model::letter> world::letters_of(store::queue& queue) {
    std::map<std::int64_t, model::letter> found;
    const auto letters = queue.read_dead_letters(store::dead_letter_number{1}, 1'000'000);
    if (!letters) {
        wrong_ = "dead letters can't be read: " + letters.error().detail();
        return found;
    }
    for (const auto& l : *letters) {
        const auto known = static_cast<std::uint64_t>(l.message.taken.monotonic_ms);
        const content what{known, sizes_.contains(known) ? sizes_.at(known) : 0};
        if (l.message != message_of(what) || l.reason != "refused") wrong_ = "a dead letter is another";
        found[number(l.number)] = {number(l.sequence), what, l.reason_code};
    }
    return found;
}

void world::see_clock(const std::string& boot, std::optional<std::int64_t> offset_ms) {
    const auto [seen, is_new] = clocks_there_.try_emplace(boot, offset_ms);
    if (!is_new && seen->second != offset_ms) wrong_ = "messages of one boot disagree about its clock";
}

/// Nothing is seen of a boot that no message is of.
model world::with_clocks(model there, const model& expected) const {
    there.clocks = expected.clocks;
    for (const auto& [boot, offset] : clocks_there_) {
        if (offset)
            there.clocks[boot] = *offset;
        else
            there.clocks.erase(boot);
    }
    return there;
}

/// What is missing went for its age or was evicted: a run of the oldest that may go, as many as the ledger says. Where some
/// were thinned out, they are from behind these, and the others have moved up.
void world::explain_missing(const model& there, model& expected) {
    const std::uint64_t for_age = there.ledger.dropped_aged - expected.ledger.dropped_aged;
    const std::uint64_t thinned_out = there.ledger.dropped_thinned - expected.ledger.dropped_thinned;
    std::set<std::uint64_t> present;
    for (const auto& [at, what] : there.queued) present.insert(what.number);
    std::uint64_t run = 0;
    std::uint64_t gone = 0;
    bool may_go = true;
    for (auto it = expected.queued.upper_bound(exempt_up_to(expected.cursor)); it != expected.queued.end();) {
        const bool missing = !present.contains(it->second.number);
        // Its own reading may have exempted some; these come first.
        if (!missing && gone > 0) may_go = false;
        if (missing && !may_go && thinned_out == 0) break;
        if (missing && gone < for_age && content_ - it->second.number <= static_cast<std::uint64_t>(most_age)) break;
        run += missing && may_go ? 1 : 0;
        gone += missing ? 1 : 0;
        it = missing ? expected.queued.erase(it) : std::next(it);
    }
    if (for_age + thinned_out > gone || (run < for_age)) return;
    expected.ledger.dropped_aged += for_age;
    expected.ledger.dropped_thinned += thinned_out;
    expected.ledger.dropped_oldest += gone - for_age - thinned_out;
    expected.ledger.queued = expected.queued.size();
    if (thinned_out == 0) return;
    // The same ones in the same order, each where it was or further ahead, and none of those that may be on their way.
    bool same = there.queued.size() == expected.queued.size();
    auto now_at = there.queued.begin();
    for (auto was = expected.queued.begin(); same && was != expected.queued.end(); ++was, ++now_at) {
        const bool exempt = was->first <= exempt_up_to(expected.cursor);
        same = now_at->second == was->second && (exempt ? now_at->first == was->first : now_at->first <= was->first);
    }
    if (same) expected.queued = there.queued;
}

/// The only other state there may be: that after the commit that was under way, all of it.
void world::explain(const model& there, std::uint64_t inbox_bytes) {
    if (!under_way_ || there.last < now_.last || there.last - now_.last > static_cast<std::int64_t>(under_way_->append.size())) {
        wrong_ = "a commit is lost, or something came from nowhere";
        return;
    }
    const bool taken = under_way_->receive.empty() || there.inbox.upper_bound(last_received_) != there.inbox.end();
    if (!taken && !may_refuse(*under_way_, inbox_bytes)) wrong_ = "received messages are missing";
    model expected = after(now_, *under_way_, {static_cast<std::size_t>(there.last - now_.last), taken});
    if (!crowd_out(expected, there.letters)) wrong_ = "dead letters are missing";
    explain_missing(there, expected);
    const std::int64_t letters_given = expected.letters_given;
    expected.letters_given = there.letters_given;
    if (with_clocks(there, expected) != expected && wrong_.empty()) wrong_ = "a commit is there in part";
    now_ = expected;
    now_.letters_given = letters_given;
    last_received_ += taken ? static_cast<std::int64_t>(receiving_.size()) : 0;
}

}  // namespace test

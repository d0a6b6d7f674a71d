// tests/sim/file_model.cpp: see file_model.hpp.
// Not here: mercy for a commit that was reported durable and isn't there.
#include "tests/sim/file_model.hpp"

#include <algorithm>
#include <utility>

#include "tests/sim/content.hpp"

namespace sim {

using store::number;
using store::sequence;

namespace {

bool is_finished_by(std::int64_t at, const store::cursor& by) {
    return at <= number(by.acked) || std::binary_search(by.acked_beyond.begin(), by.acked_beyond.end(), sequence{at});
}

std::string both(const char* name, std::uint64_t there, std::uint64_t expected) {
    return there == expected ? "" : std::string(", ") + name + ' ' + std::to_string(there) + " not " + std::to_string(expected);
}

std::string difference(const store::ledger& there, const store::ledger& expected) {
    return both("accepted", there.accepted, expected.accepted) + both("acknowledged", there.acknowledged, expected.acknowledged) +
           both("queued", there.queued, expected.queued) + both("dropped_oldest", there.dropped_oldest, expected.dropped_oldest) +
           both("dropped_newest", there.dropped_newest, expected.dropped_newest) +
           both("refused", there.dropped_refused, expected.dropped_refused) +
           both("session", there.dropped_session, expected.dropped_session) +
           both("expired", there.dropped_expired, expected.dropped_expired) +
           both("unwritten", there.dropped_unwritten, expected.dropped_unwritten);
}

}  // namespace

intent intent_of(const store::transaction& what, std::uint64_t saved_up_to) {
    intent made;
    for (const auto& each : what.append) made.append.push_back(number_in(each.payload));
    for (const auto& each : what.receive) made.receive.push_back(number_in(each.payload));
    made.cursor = what.cursor;
    made.session = what.session;
    made.held = what.held;
    made.handled = what.handled;
    made.settled = what.settled;
    made.unwritten = what.unwritten;
    made.saved_up_to = saved_up_to;
    return made;
}

store::recovery file_state::as_found() const {
    store::recovery found;
    found.cursor = cursor;
    found.session = session;
    found.ledger = ledger;
    found.last = sequence{last};
    found.held = held;
    found.inbox.messages = inbox.size();
    return found;
}

bool file_model::is_finished(std::int64_t at) const { return is_finished_by(at, state_.cursor); }

std::int64_t file_model::content_of(std::int64_t at) const {
    const auto found = contents_.find(at);
    return found == contents_.end() ? 0 : found->second;
}

/// As `what` leaves it, if nothing is evicted.
file_state file_model::after(const intent& what, std::size_t appended, bool received) const {
    file_state then = state_;
    if (what.cursor) {
        then.cursor = *what.cursor;
        std::erase_if(then.queued, [&](const auto& m) { return is_finished_by(m.first, then.cursor); });
    }
    if (what.session) then.session = what.session;
    for (std::size_t i = 0; i < appended; ++i) then.queued[++then.last] = what.append[i];
    for (const auto n : what.handled) then.inbox.erase(number(n));
    if (received) {
        std::int64_t at = last_received_;
        for (const std::int64_t content : what.receive) then.inbox[++at] = content;
        if (what.held) then.held = *what.held;
    }
    then.ledger.accepted += what.append.size() + what.unwritten;
    then.ledger.dropped_unwritten += what.unwritten;
    then.ledger.acknowledged += what.settled.acknowledged;
    then.ledger.dropped_refused += what.settled.refused;
    then.ledger.dropped_session += what.settled.session;
    then.ledger.dropped_expired += what.settled.expired;
    then.ledger.dropped_newest += what.append.size() - appended;
    then.ledger.queued = then.queued.size();
    return then;
}

/// What the session counts as settled is what its cursor finishes.
std::string file_model::judge_settled(const intent& what) const {
    const std::uint64_t told = what.settled.acknowledged + what.settled.refused + what.settled.session + what.settled.expired;
    std::uint64_t finished = 0;
    if (what.cursor) {
        for (const auto& each : state_.queued) finished += is_finished_by(each.first, *what.cursor) ? 1 : 0;
    }
    if (told == finished) return {};
    return "settled " + std::to_string(told) + " messages, but the cursor finishes " + std::to_string(finished);
}

void file_model::take_over(const intent& what, file_state then) {
    for (const auto& [at, content] : then.queued) {
        if (at <= state_.last) continue;
        accepted_[content] = at;
        contents_[at] = content;
    }
    for (const auto n : what.handled) {
        const auto found = state_.inbox.find(number(n));
        if (found != state_.inbox.end()) ++handled_[found->second];
    }
    for (const auto& [at, content] : then.inbox) {
        if (at <= last_received_) continue;
        ++received_[content];
    }
    if (!then.inbox.empty()) last_received_ = std::max(last_received_, then.inbox.rbegin()->first);
    if (what.is_stale) {
        returned_.insert(returned_.end(), what.receive.begin(), what.receive.end());
    } else {
        kept_up_to_ = std::max(kept_up_to_, what.saved_up_to);
    }
    state_ = std::move(then);
}

std::string file_model::on_committed(const store::commit_report& how, const store::ledger& there) {
    const intent what = std::move(under_way_.back());
    if (is_damaged_) return on_committed_damaged(what, how, there);
    under_way_.clear();
    if (how.appended + how.refused != what.append.size()) return "a commit neither appended nor refused a message";
    if (how.appended > 0 && number(how.first) != state_.last + 1) return "a sequence number was left out or given twice";
    if (how.received > 0 && number(how.first_received) != last_received_ + 1)
        return "an inbox number was left out or given twice";
    if (how.received != 0 && how.received != what.receive.size()) return "a part of what was received is kept";
    if (const std::string wrong = judge_settled(what); !wrong.empty()) return wrong;
    if (what.session && state_.session && what.session->epoch <= state_.session->epoch)
        return "a session is begun anew with the epoch of an older one";
    finished_.clear();
    if (what.settled.expired > 0) {
        for (const auto& each : state_.queued)
            if (is_finished_by(each.first, *what.cursor)) finished_.push_back(each);
    }
    file_state then = after(what, how.appended, how.received == what.receive.size());
    std::uint64_t dropped = 0;
    for (auto it = then.queued.lower_bound(number(how.evicted_from));
         how.evicted > 0 && it != then.queued.end() && it->first <= number(how.evicted_to);) {
        evicted_.insert(it->second);
        it = then.queued.erase(it);
        ++dropped;
    }
    if (dropped != how.evicted)
        return "evicted " + std::to_string(how.evicted) + ", but " + std::to_string(dropped) + " are missing";
    then.ledger.dropped_oldest += dropped;
    then.ledger.queued = then.queued.size();
    take_over(what, std::move(then));
    if (!there.balanced()) return "the ledger doesn't balance";
    if (there != state_.ledger) return "the ledger isn't the model's" + difference(there, state_.ledger);
    return {};
}

std::string file_model::on_opened(const store::recovery& found, const std::vector<store::waiting_message>& inbox,
                                  const std::vector<store::stored_message>* log) {
    if (!found.ledger.balanced()) return "the ledger doesn't balance";
    if (found.inbox.messages != inbox.size()) return "the inbox is miscounted";
    std::map<std::int64_t, std::int64_t> waiting;
    for (const auto& each : inbox) {
        const std::int64_t content = number_in(each.message.payload);
        if (each.message.payload != std::to_string(content))
            return "message " + std::to_string(content) + " towards us is damaged";
        waiting[number(each.number)] = content;
    }
    const auto matches = [&](const file_state& expected) {
        return number(found.last) == expected.last && found.cursor == expected.cursor && found.session == expected.session &&
               found.held == expected.held && found.ledger == expected.ledger && waiting == expected.inbox;
    };
    const auto appends = [&](const intent& what) {
        return log == nullptr || std::all_of(log->begin(), log->end(), [&](const store::stored_message& each) {
                   const std::int64_t place = number(each.sequence) - state_.last - 1;
                   return place < 0 || number_in(each.message.payload) == what.append[static_cast<std::size_t>(place)];
               });
    };
    if (matches(state_)) {
        for (intent& each : under_way_) each.is_stale = true;
        return {};
    }
    const std::vector<intent> candidates = std::exchange(under_way_, {});
    for (const intent& what : candidates) {
        const std::int64_t appended = number(found.last) - state_.last;
        if (appended < 0 || appended > static_cast<std::int64_t>(what.append.size())) continue;
        if (found.ledger.dropped_oldest < state_.ledger.dropped_oldest) continue;
        const std::uint64_t evicted = found.ledger.dropped_oldest - state_.ledger.dropped_oldest;
        for (const bool received : {true, false}) {
            file_state then = after(what, static_cast<std::size_t>(appended), received);
            then.ledger.dropped_oldest += evicted;
            then.ledger.queued -= std::min(evicted, then.ledger.queued);
            if (!matches(then) || !appends(what)) continue;
            take_over(what, std::move(then));
            evicted_unseen_ = evicted;
            return {};
        }
    }
    const std::string lost = difference(found.ledger, state_.ledger);
    return "what was reported durable is lost, or something came from nowhere: last " + std::to_string(number(found.last)) +
           " not " + std::to_string(state_.last) + ", acked " + std::to_string(number(found.cursor.acked)) + " not " +
           std::to_string(number(state_.cursor.acked)) + lost;
}

std::string file_model::on_audit(const std::vector<store::stored_message>& log) {
    std::map<std::int64_t, std::int64_t> queued;
    for (const auto& each : log) {
        if (!is_whole(each.message.payload)) return "message " + std::to_string(number(each.sequence)) + " is damaged";
        if (!is_finished(number(each.sequence))) queued[number(each.sequence)] = number_in(each.message.payload);
    }
    for (; evicted_unseen_ > 0 && !state_.queued.empty(); --evicted_unseen_) {
        const auto gone = std::find_if(state_.queued.begin(), state_.queued.end(),
                                       [&](const auto& each) { return !queued.contains(each.first); });
        if (gone == state_.queued.end()) return "more were counted as evicted than are missing";
        evicted_.insert(gone->second);
        state_.queued.erase(gone);
    }
    return queued == state_.queued ? "" : "the log doesn't hold what it should";
}

}  // namespace sim

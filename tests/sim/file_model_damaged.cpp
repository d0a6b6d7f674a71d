// tests/sim/file_model_damaged.cpp: what must hold of a file that was damaged, whatever else it has lost.
// Not here: a file that is whole (file_model.cpp).
#include <algorithm>

#include "tests/sim/content.hpp"
#include "tests/sim/file_model.hpp"

namespace sim {

using store::number;

std::string file_model::on_committed_damaged(const intent& what, const store::commit_report& how, const store::ledger& there) {
    if (how.appended + how.refused != what.append.size()) return "a commit neither appended nor refused a message";
    if (how.appended > 0 && number(how.first) <= state_.last) return "a sequence number was given twice";
    if (!there.balanced()) return "the ledger doesn't balance";
    for (std::size_t i = 0; i < how.appended; ++i) {
        const std::int64_t at = number(how.first) + static_cast<std::int64_t>(i);
        state_.last = at;
        state_.queued[at] = what.append[i];
        accepted_[what.append[i]] = at;
        contents_[at] = what.append[i];
    }
    if (what.cursor) state_.cursor = *what.cursor;
    if (what.session) state_.session = what.session;
    if (what.held) state_.held = *what.held;
    std::erase_if(state_.queued, [&](const auto& m) { return is_finished(m.first); });
    state_.ledger = there;
    kept_up_to_ = std::max(kept_up_to_, what.saved_up_to);
    return {};
}

/// Whole, and under the number that it had; or of a commit that seemed to have failed.
std::string file_model::take_in(const store::stored_message& one) {
    const std::int64_t at = number(one.sequence);
    const std::int64_t content = number_in(one.message.payload);
    const std::string name = "message " + std::to_string(at);
    if (!is_whole(one.message.payload)) return name + " is damaged";
    if (const auto known = contents_.find(at); known != contents_.end() && known->second == content) return {};
    const bool was_tried = std::any_of(under_way_.begin(), under_way_.end(), [&](const intent& each) {
        return std::find(each.append.begin(), each.append.end(), content) != each.append.end();
    });
    if (!was_tried || accepted_.contains(content)) return name + " was another one";
    accepted_[content] = at;
    contents_[at] = content;
    return {};
}

std::string file_model::judge_damage(const store::recovery& found, std::uint64_t missing) const {
    // Otherwise what is damaged is found, and put right, by the next commit.
    if (!found.damage || !found.damage->is_news) return {};
    if (!found.ledger.balanced()) return "the ledger doesn't balance";
    if (found.session && !found.session->client_id.empty()) return "a session is to be resumed from a damaged file";
    if (found.damage->exact && missing > found.damage->lost)
        return std::to_string(missing) + " messages are missing, and only " + std::to_string(found.damage->lost) + " counted";
    return {};
}

std::string file_model::on_salvaged(const store::recovery& found, const std::vector<store::stored_message>& log) {
    file_state then = state_;
    then.last = number(found.last);
    then.cursor = found.cursor;
    then.session = found.session;
    then.held = found.held;
    then.ledger = found.ledger;
    then.queued.clear();
    for (const auto& each : log) {
        if (const std::string wrong = take_in(each); !wrong.empty()) return wrong;
        then.queued[number(each.sequence)] = number_in(each.message.payload);
    }
    const file_state before = std::exchange(state_, std::move(then));
    std::erase_if(state_.queued, [&](const auto& m) { return is_finished(m.first); });
    std::uint64_t missing = 0;
    for (const auto& [at, content] : before.queued) {
        if (state_.queued.contains(at) || is_finished(at)) continue;
        ++missing;
        lost_.insert(content);
    }
    for (const auto& each : state_.queued) lost_.erase(each.second);
    return judge_damage(found, missing);
}

}  // namespace sim

// gateway/command/command_store.cpp: see command_store.hpp.
// Not here: what the file looks like (store/schema.hpp).
#include "gateway/command/command_store.hpp"

#include <utility>

#include "gateway/clock.hpp"
#include "gateway/delivery/session_state.hpp"

namespace gateway {
namespace {

constexpr std::uint64_t most_bytes = 2ull << 30;
constexpr std::uint64_t most_inbox_bytes = 300u << 20;  // room for the largest message of MQTT

}  // namespace

std::string words_of(const store::error& why) {
    return why.detail() + (why.code() == store::errc::damaged ? "; the next call saves what it can of it" : "");
}

option_result<command_store> command_store::open(const std::string& path) {
    store::options how;
    how.path = path;
    how.max_bytes = most_bytes;
    how.inbox_max_bytes = most_inbox_bytes;
    how.when_full = store::full_policy::drop_newest;
    how.boot_id = boot_id();
    store::recovery found;
    auto queue = store::queue::open(how, found);
    if (!queue) return option_error::because("--state: " + queue.error().detail());
    return command_store(std::move(*queue), std::move(found));
}

void command_store::take(const mqtt::save& what) {
    save_request from = save_request_of(what);
    if (from.cursor) waiting_.cursor = std::move(from.cursor);
    if (from.session) waiting_.session = std::move(from.session);
    if (from.held) waiting_.held = std::move(from.held);
    waiting_.settled.acknowledged += from.settled.acknowledged;
    waiting_.settled.refused += from.settled.refused;
    waiting_.settled.session += from.settled.session;
    waiting_.settled.expired += from.settled.expired;
    position_ = what.position;
}

store::result<store::commit_report> command_store::commit(std::vector<store::received_message> receive) {
    store::transaction work = std::exchange(waiting_, {});
    work.receive = std::move(receive);
    return queue_.commit(work);
}

store::result<store::commit_report> command_store::handled(store::inbox_number first, std::size_t count) {
    store::transaction work;
    for (std::size_t i = 0; i < count; ++i)
        work.handled.push_back(store::inbox_number{number(first) + static_cast<std::int64_t>(i)});
    return queue_.commit(work);
}

}  // namespace gateway

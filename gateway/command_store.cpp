// gateway/command_store.cpp: see command_store.hpp.
// Not here: what the file looks like (store/schema.hpp).
#include "gateway/command_store.hpp"

#include <utility>

#include "gateway/clock.hpp"
#include "gateway/session_state.hpp"

namespace gateway {
namespace {

constexpr std::uint64_t most_bytes = 1u << 30;

}  // namespace

option_result<command_store> command_store::open(const std::string& path) {
    store::options how;
    how.path = path;
    how.max_bytes = most_bytes;
    how.when_full = store::full_policy::drop_newest;
    how.boot_id = boot_id();
    store::recovery found;
    auto queue = store::queue::open(how, found);
    if (!queue) return option_error::because("--state: " + queue.error().detail());
    return command_store(std::move(*queue), std::move(found));
}

store::result<store::commit_report> command_store::commit(const mqtt::save& what, std::vector<store::received_message> receive) {
    save_request from = save_request_of(what);
    store::transaction work;
    work.cursor = std::move(from.cursor);
    work.session = std::move(from.session);
    work.settled = from.settled;
    work.held = std::move(from.held);
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

// gateway/delivery/queue_options.cpp: see queue_options.hpp.
#include "gateway/delivery/queue_options.hpp"

#include <optional>

#include "gateway/limits.hpp"

namespace gateway {
namespace {

struct policy {
    store::full_policy as;
    std::string_view name;
    const char* consequence;
};

policy policy_of(config::when_full which) {
    switch (which) {
        case config::when_full::drop_oldest:
            return {store::full_policy::drop_oldest, "drop_oldest", "the oldest messages are dropped"};
        case config::when_full::drop_newest:
            return {store::full_policy::drop_newest, "drop_newest", "new messages are dropped"};
        case config::when_full::thin:
            return {store::full_policy::thin, "thin", "every second one of the oldest messages is dropped"};
    }
    return {};
}

}  // namespace

store::options queue_options(const config::buffer& from, const std::string& boot_id) {
    store::options how;
    how.path = from.path;
    how.max_bytes = from.max_bytes;
    how.when_full = policy_of(from.policy).as;
    how.max_age = from.max_age;
    how.boot_id = boot_id;
    how.reserve_bytes = limits::reserve_bytes;
    return how;
}

group_commit commits_of(const config::buffer& from, const store::recovery& found) {
    std::optional<group_commit::on_outage> memory_first;
    if (from.durability != config::durability::always) memory_first = {found.last, found.cursor.acked};
    return group_commit(from.commit_every, policy_of(from.policy).as, memory_first);
}

std::string_view name_of(config::when_full which) { return policy_of(which).name; }

std::string consequence_of(config::when_full which) {
    return std::string(policy_of(which).consequence) + " (buffer.when_full: " + std::string(name_of(which)) + ")";
}

}  // namespace gateway

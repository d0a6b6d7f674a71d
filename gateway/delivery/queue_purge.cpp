// gateway/delivery/queue_purge.cpp: see queue_purge.hpp.
#include "gateway/delivery/queue_purge.hpp"

#include <utility>

namespace gateway {

bool queue_purge::on_committed(const committed& done) {
    if (!done.purge) return false;
    purged_ += done.report.purged;
    if (done.report.more_to_purge) return true;
    answer_all("");
    return false;
}

void queue_purge::on_failed(const std::string& why) {
    if (!asked_.empty()) answer_all(why);
}

void queue_purge::answer_all(const std::string& error) {
    if (purged_ > 0) log_.warning("queue_purged", {{"dropped", purged_}});
    for (const auto& each : std::exchange(asked_, {})) {
        // A client that is gone has nothing to hear.
        static_cast<void>(each->reply(R"({"purged":)" + std::to_string(purged_) + '}'));
        error.empty() ? each->succeed() : each->fail(error);
    }
    purged_ = 0;
}

}  // namespace gateway

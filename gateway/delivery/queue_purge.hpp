// gateway/delivery/queue_purge.hpp: `tidegate queue purge` asks the running service to drop what waits: from the request to its
// answer, over as many commits as it takes. Loop thread only. Not here: which messages may go (store/aging.cpp).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/delivery/group_commit.hpp"
#include "gateway/log.hpp"
#include "gateway/service/control_server.hpp"

namespace gateway {

class queue_purge {
public:
    explicit queue_purge(const log& to) : log_(to) {}

    /// The caller then has the store purge.
    void begin(std::shared_ptr<control_server::exchange> asked) { asked_.push_back(std::move(asked)); }
    /// True: there is more, and the store is to purge again.
    bool on_committed(const committed& done);
    /// The disk took nothing: what went before stays gone, the rest is there.
    void on_failed(const std::string& why);

private:
    void answer_all(const std::string& error);
    const log& log_;
    std::vector<std::shared_ptr<control_server::exchange>> asked_;
    std::uint64_t purged_ = 0;
};

}  // namespace gateway

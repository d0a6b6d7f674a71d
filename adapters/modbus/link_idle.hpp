// adapters/modbus/link_idle.hpp: a link that gives its port or connection back when nothing was asked for a while.
// Not here: what is asked.
//
// For devices that take one client only, and ports that another program needs in between. Nobody calls the adapter while nothing
// is due, so the link has a thread of its own that does this alone, and only a bus that wants it has such a link.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "adapters/modbus/link.hpp"

namespace modbus {

class idle_link final : public link {
public:
    /// Requires: idle > 0.
    idle_link(std::unique_ptr<link> inner, nanoseconds idle);
    ~idle_link() override;
    idle_link(const idle_link&) = delete;
    idle_link& operator=(const idle_link&) = delete;

    answer transact(const transaction& what, nanoseconds timeout) override;
    std::size_t most_at_once() const override { return inner_->most_at_once(); }
    std::uint64_t losses() const override { return inner_->losses(); }
    std::vector<answer> transact_all(std::span<const transaction> what, nanoseconds timeout) override;
    void release() override;
    void watch(wire_listener to) override;
    void interrupt() override { inner_->interrupt(); }

private:
    void run();

    const std::unique_ptr<link> inner_;
    const nanoseconds idle_;
    std::mutex using_;  // guards the rest, and the inner link but for interrupt()
    std::condition_variable changed_;
    time_point last_used_{};
    bool used_ = false;  // since it was given back
    bool ended_ = false;
    std::thread thread_;  // the last: it uses all of them
};

}  // namespace modbus

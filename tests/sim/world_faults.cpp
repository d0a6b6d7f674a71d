// tests/sim/world_faults.cpp: what befalls a world's network, clock and disk.
// Not here: kills and power cuts (world_process.cpp), and what befalls the broker (world_link.cpp).
#include "tests/sim/world.hpp"

namespace sim {

using namespace std::chrono_literals;

void world::hang() {
    if (link_ != link::open || hung_) return;
    hung_ = true;
    ++seen_.hangs;
    record_.event('H');
    record_.line([] { return "network  HANGS: nothing arrives, and nobody is told"; });
}

void world::begin_outage() {
    outage_until_ = now_ + std::chrono::seconds(1 + dice_.below(60));
    ++seen_.outages;
    record_.event('U');
    record_.line([] { return "network  is AWAY for a while"; });
    cut("connection reset");
}

void world::set_clock() {
    synchronised_ = true;
    clock_error_ = 0ms;
    record_.event('C');
    record_.line([] { return "clock  is set"; });
    process_->settle(at());
}

void world::fill_disk() {
    full_ = !full_;
    disk_.capacity = full_ ? std::optional<std::uint64_t>(disk_.bytes_used() + dice_.below(20'000)) : std::nullopt;
    disk_erred_ = true;
    record_.event('F', full_ ? 1 : 0);
    record_.line([&] { return full_ ? "disk  IS FULL" : "disk  has room again"; });
}

void world::fail_writes() {
    const std::uint64_t when = 1 + dice_.below(12);
    const std::uint64_t how_many = dice_.one_in(2) ? 1 : 1 + dice_.below(10);
    disk_.fail_in(when, how_many);
    disk_erred_ = true;
    record_.event('E', when, how_many);
    record_.line(
        [&] { return "disk  WILL FAIL in " + std::to_string(when) + " operations, " + std::to_string(how_many) + " times"; });
}

void world::fail_reads() {
    const std::uint64_t when = 1 + dice_.below(6);
    disk_.fail_reads_in(when, 1 + dice_.below(4));
    disk_erred_ = true;
    record_.event('R', when);
    record_.line([&] { return "disk  WILL FAIL to read, in " + std::to_string(when) + " reads"; });
}

}  // namespace sim

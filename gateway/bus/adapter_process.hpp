// gateway/bus/adapter_process.hpp: an adapter that runs in a process of its own, so that a crash or a hang costs its bus and
// nobody else. Not here: what is said to it (adapter_wire.hpp), and its own side (command_adapter.cpp).
//
// Each bus has a process. When it ends, or doesn't answer in time and is ended, the poll under way is answered by "bus down" and
// the reason; the next poll, which the schedule spaces, starts it anew. What such an adapter can still break: everything that
// its user may do on this machine; it is a guard against mistakes, not against malice.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "gateway/bus/adapter_bus.hpp"
#include "gateway/limits.hpp"

namespace gateway {

/// How long an adapter may take before it counts as hung and its process is ended.
struct adapter_patience {
    std::chrono::nanoseconds call = limits::adapter_call;                // for a poll or a write
    std::chrono::nanoseconds reply = limits::adapter_reply;              // for anything else
    std::chrono::nanoseconds interrupted = limits::adapter_interrupted;  // once it was interrupted
};

class process_adapter final : public installed_adapter {
public:
    /// Asks the object who it is, in a process of `program`. Null, with `why`: it isn't an adapter, crashes, or hangs.
    static std::unique_ptr<process_adapter> look_at(const std::filesystem::path& object, const std::string& program,
                                                    const adapter_patience& patience, std::string& why);

    const std::string& name() const override { return words_.adapter; }
    config::vocabulary vocabulary() const override { return words_; }
    std::unique_ptr<adapter_bus> open(const config::bus& config, std::vector<config::diagnostic>& faults) const override;

private:
    process_adapter(std::string object, std::string program, const adapter_patience& patience)
        : object_(std::move(object)), program_(std::move(program)), patience_(patience) {}
    std::string object_, program_;
    adapter_patience patience_;
    config::vocabulary words_;
};

}  // namespace gateway

// adapters/serial/serial.hpp: one bus: which message a poll needs, and what is reported of it.
// Not here: the wire (channel.hpp) and the keys (definition.hpp).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/serial/channel.hpp"
#include "adapters/serial/dialogue.hpp"
#include "adapters/serial/simulate.hpp"

namespace serial {

using server_maker = std::function<std::unique_ptr<server>(const wire_settings&)>;

class bus final : public tidegate::bus {
public:
    bus(bus_definition definition, std::unique_ptr<channel> wire, server_maker make_server);

    void plan(std::span<const std::uint32_t> points, const tidegate::plan_listener& to) override;
    tidegate::outcome poll(std::span<const tidegate_candidate> candidates, std::uint32_t flags,
                           const tidegate::readings& to) override;
    void interrupt() noexcept override;
    void release() override { channel_->close(); }
    bool serve(const tidegate::simulation& to) override;

private:
    /// A device in the course of its life.
    struct party {
        dialogue talk;
        bool greeted = false;  // its on_open has been done since the port was opened
    };
    /// What a poll has brought so far.
    struct harvest {
        std::vector<std::optional<frame>> latest;  // by message
        std::string strange;                       // the last frame that was none of the messages
        bool any = false;
    };
    struct request;

    tidegate::outcome poll_untraced(std::span<const tidegate_candidate> candidates, const tidegate::readings& to);
    std::optional<tidegate::outcome> open(const request& asked);
    came listen(const request& asked, harvest& to);
    came ask(const request& asked, harvest& to, std::string& why);
    came settle(const request& asked);
    void take(const request& asked, const frame& what, harvest& to) const;
    tidegate::outcome report(const request& asked, const harvest& what, came how, std::string why);
    bool report_frames(const request& asked, const harvest& what) const;
    tidegate::outcome down(const request& asked, const std::string& why);
    std::uint32_t configured_baud() const;

    bus_definition definition_;
    std::unique_ptr<channel> channel_;
    server_maker make_server_;
    std::vector<party> parties_;
    time_point ended_{};       // the last poll
    time_point late_until_{};  // until then the answer to a question that nobody waits for any more may come

    std::mutex serving_;
    bool interrupted_ = false;
    server* server_ = nullptr;
};

}  // namespace serial

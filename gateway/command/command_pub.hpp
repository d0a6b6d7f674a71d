// gateway/command/command_pub.hpp: what `tidegate pub` publishes: where the messages come from, and what they all have in common.
// Not here: sending them (command_pub.cpp from memory, command_pub_stored.cpp by way of a state file).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/delivery/broker_link.hpp"
#include "store/queue.hpp"

namespace gateway {

/// One text, or the lines of stdin as they come.
class message_source {
public:
    message_source() = default;
    explicit message_source(std::string text) : text_(std::move(text)), ended_(true), single_(true) {}

    /// The next message; nothing: not yet, or no more.
    std::optional<std::string> next();
    /// Messages that next() would give at once.
    std::size_t waiting() const;
    bool is_at_end() const { return ended_ && !single_ && start_ >= text_.size(); }
    /// Reads what stdin has; blocks if it has nothing.
    void read();

private:
    std::string text_;
    std::size_t start_ = 0;
    bool ended_ = false;
    bool single_ = false;  // text_ is one message, whatever is in it
};

struct message_form {
    std::string topic;
    int qos = 1;
    bool retain = false;
    std::string properties;               // encoded
    std::optional<std::uint32_t> expiry;  // seconds
    store::message of(std::string payload) const;
};

/// Requires: `how.state`. Returns the exit code.
int publish_stored(broker_settings how, const message_form& form, message_source source);

}  // namespace gateway

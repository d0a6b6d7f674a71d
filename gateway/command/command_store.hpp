// gateway/command/command_store.hpp: the queue file of a command (`--state FILE`): what the session and the command must keep is
// committed at once, in the command's own thread.
// Not here: the service's queue, which has a thread that waits for the disk (store_thread.hpp).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/command/option_error.hpp"
#include "mqtt/session.hpp"
#include "store/queue.hpp"

namespace gateway {

/// For the user, with the remedy.
std::string words_of(const store::error& why);

class command_store {
public:
    static option_result<command_store> open(const std::string& path);

    const store::recovery& found() const { return found_; }
    store::queue& queue() { return queue_; }

    /// What the session wants kept; until commit() it is not.
    void take(const mqtt::save& what);
    /// What was taken, in one transaction with what came for us. Durable when it returns success.
    store::result<store::commit_report> commit(std::vector<store::received_message> receive);
    /// Of the last save that was taken.
    mqtt::log_position position() const { return position_; }
    /// The command has done with these.
    store::result<store::commit_report> handled(store::inbox_number first, std::size_t count);

private:
    command_store(store::queue opened, store::recovery found) : queue_(std::move(opened)), found_(std::move(found)) {}

    store::queue queue_;
    store::recovery found_;
    store::transaction waiting_;
    mqtt::log_position position_{0};
};

}  // namespace gateway

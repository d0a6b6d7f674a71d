// gateway/delivery/queue_options.hpp: what the config says of the queue, as options of its parts and in words. Pure.
// Not here: opening it (app.cpp).
#pragma once

#include <string>
#include <string_view>

#include "config/model.hpp"
#include "gateway/delivery/group_commit.hpp"
#include "store/queue.hpp"

namespace gateway {

store::options queue_options(const config::buffer& from, const std::string& boot_id);

/// Of the queue that was opened.
group_commit commits_of(const config::buffer& from, const store::recovery& found);

std::string_view name_of(config::when_full which);
/// "the oldest messages are dropped (buffer.when_full: drop_oldest)"
std::string consequence_of(config::when_full which);

}  // namespace gateway

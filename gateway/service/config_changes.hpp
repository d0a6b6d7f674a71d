// gateway/service/config_changes.hpp: what a new config changes, and so what of the running service has to be stopped, started or
// made anew for it. Pure. Not here: doing it (app_reload.cpp).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/model.hpp"

namespace gateway {

/// Where each bus of a config is in the one that takes its place; nothing: its thread is stopped.
using renumbering = std::vector<std::optional<std::size_t>>;

struct config_changes {
    renumbering buses;                                   // a bus goes on if all is the same that it and its adapter are told
    std::vector<std::string> restarted, added, removed;  // buses, by name
    std::vector<std::string> publishing;                 // devices whose readings become other messages
    std::vector<std::string> writing;                    // devices whose points commands may do other things to
    bool commands = false;                               // gateway.writes, gateway.command_timeout
    bool clock = false;
    bool mqtt = false;
    bool buffer = false;
    bool http = false;                     // also if commands come or go, or a secret of it is another one
    bool http_ends = false;                // … since nothing is to be served any more
    std::vector<std::string> for_restart;  // keys that were changed and stay as they are until the next start
    bool operator==(const config_changes&) const = default;

    bool is_nothing() const;
};

/// Both have their digests (config_digest.hpp).
config_changes compare(const config::file& now, const config::file& next);

/// Puts back into `next` what can't be changed while the service runs: whose gateway it is, and where its queue is.
void keep_what_needs_restart(const config::file& now, config::file& next);

/// Sentences for a person, one a change; one that says so if there is none.
std::vector<std::string> in_words(const config_changes& what);

/// Retained status topics of `now` that nobody keeps true under `next`.
std::vector<std::string> statuses_gone(const config::file& now, const config::file& next);

}  // namespace gateway

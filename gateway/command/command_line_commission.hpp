// gateway/command/command_line_commission.hpp: the part of the command line that is for commissioning: read, guess, write.
// Not here: what they do (commission_options.hpp).
#pragma once

#include <optional>

#include "gateway/command/commission_options.hpp"

namespace CLI {
class App;
}

namespace gateway {

class commission_commands {
public:
    /// Adds them to the command line, which this outlives.
    explicit commission_commands(CLI::App& app);
    commission_commands(const commission_commands&) = delete;
    commission_commands& operator=(const commission_commands&) = delete;

    /// The exit code of the one that was typed; nothing: none was.
    std::optional<int> run() const;

private:
    commission_options options_;
    int (*chosen_)(const commission_options&) = nullptr;
};

}  // namespace gateway

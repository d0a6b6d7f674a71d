// gateway/diagnosis/tool_output.hpp: runs a program of the system (systemctl, journalctl, tar) and takes what it prints, within a
// time. Not here: what is made of it. Never by way of a shell.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace gateway {

struct tool_output {
    bool found = false;  // there is such a program
    int code = -1;       // its exit code; -1: it was ended by us, or by a signal
    bool cut = false;    // it had more to say, or more time to need
    std::string text;    // stdout and stderr
};

/// `patience`: then it is killed. No more than `most` bytes are taken.
tool_output run_tool(const std::vector<std::string>& words, std::chrono::milliseconds patience, std::size_t most);

}  // namespace gateway

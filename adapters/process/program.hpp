// adapters/process/program.hpp: a program as a child: started, talked to line by line, ended. One thread, but for interrupt().
// Not here: what the lines say (lines.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace process {

class program {
public:
    program();
    ~program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    /// Empty: it runs. Its environment is PATH, HOME, LANG, TZ and PYTHONUNBUFFERED=1, since the gateway's may hold secrets.
    std::string start(const std::vector<std::string>& command);
    bool running() const { return pid_ > 0; }
    /// Ends it, with all that it has started, and says how it ended and what it said last on stderr.
    std::string end();

    enum class came : std::uint8_t { line, time, ended, interrupted };
    /// False: it has ended, or takes nothing.
    bool say(const std::string& line);
    /// The next line, without its end. A line beyond `most` bytes counts as an end.
    came hear(std::string& line, std::size_t most, std::chrono::steady_clock::time_point until);
    /// From any thread: hear(), now and later, returns `interrupted`.
    void interrupt() const;

private:
    void listen_to_complaints();
    std::string last_complaint() const;

    pid_t pid_ = -1;
    int in_ = -1, complaints_ = -1, interrupted_;
    std::string heard_, complained_;
};

}  // namespace process

// adapters/serial/serve_pty.hpp: a pseudo-terminal that others find under a name of our choice.
// Not here: what is said over it (serve.cpp).
//
// The name is a symbolic link. What stands there is replaced only if it is such a link that no running simulator keeps: a
// simulated device must never take the place of a real port. A running one is known by a record lock on its terminal, which a
// killed one loses; the flock that the port's user takes is another kind of lock, and doesn't meet it.
#pragma once

#include <string>

namespace serial {

class published_pty {
public:
    published_pty() = default;
    ~published_pty() { close(); }
    published_pty(const published_pty&) = delete;
    published_pty& operator=(const published_pty&) = delete;

    /// Empty: it is there. Else why not, with a remedy.
    std::string open(const std::string& path);
    void close();
    int master() const { return master_; }

private:
    std::string make_terminal();
    std::string publish(const std::string& path);

    int master_ = -1;
    int slave_ = -1;  // kept open, so that the master doesn't see a hang-up between two users
    std::string terminal_;
    std::string path_;
};

}  // namespace serial

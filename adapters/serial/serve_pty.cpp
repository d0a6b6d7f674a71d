// adapters/serial/serve_pty.cpp: see server_pty.hpp.
// Not here: what is said over the terminal.
#include "adapters/serial/serve_pty.hpp"

#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "adapters/serial/wait.hpp"

namespace serial {
namespace {

struct flock whole_file(short type) {
    struct flock record {};
    record.l_type = type;
    record.l_whence = SEEK_SET;
    return record;
}

std::string target_of(const std::string& path) {
    std::array<char, 256> target{};
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    return size < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(size));
}

bool kept_by_a_simulator(const std::string& terminal) {
    const int descriptor = ::open(terminal.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return false;
    struct flock record = whole_file(F_WRLCK);
    const bool kept = ::fcntl(descriptor, F_OFD_GETLK, &record) == 0 && record.l_type != F_UNLCK;
    ::close(descriptor);
    return kept;
}

/// Why `path` can't be ours; empty: nothing is there (any more).
std::string make_room(const std::string& path) {
    struct stat about {};
    if (::lstat(path.c_str(), &about) != 0) return errno == ENOENT ? "" : path + ": " + system_words(errno);
    const std::string target = target_of(path);
    if (!S_ISLNK(about.st_mode) || target.rfind("/dev/pts/", 0) != 0) {
        return path + " exists and is no link of a simulator: give serial.port another path, or move it away";
    }
    if (kept_by_a_simulator(target)) return path + " is served by a simulator already: stop that one first, or use another path";
    return ::unlink(path.c_str()) == 0 ? "" : path + ": " + system_words(errno);
}

}  // namespace

std::string published_pty::open(const std::string& path) {
    std::string fault = make_terminal();
    if (fault.empty()) fault = publish(path);
    if (!fault.empty()) close();
    return fault;
}

std::string published_pty::make_terminal() {
    std::array<char, 64> name{};
    // Raw from the start: an echoing terminal would send a user's request back, and ours to it.
    termios raw{};
    ::cfmakeraw(&raw);
    raw.c_cflag |= CREAD | CLOCAL;
    raw.c_cc[VMIN] = 1;
    if (::openpty(&master_, &slave_, name.data(), &raw, nullptr) != 0) return "no pseudo-terminal: " + system_words(errno);
    terminal_ = name.data();
    for (const int descriptor : {master_, slave_}) {
        if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) return terminal_ + ": " + system_words(errno);
    }
    if (::fcntl(master_, F_SETFL, O_RDWR | O_NONBLOCK) != 0) return terminal_ + ": " + system_words(errno);
    struct flock record = whole_file(F_RDLCK);
    if (::fcntl(slave_, F_OFD_SETLK, &record) != 0) return terminal_ + ": " + system_words(errno);
    return "";
}

std::string published_pty::publish(const std::string& path) {
    if (const std::string fault = make_room(path); !fault.empty()) return fault;
    if (::symlink(terminal_.c_str(), path.c_str()) != 0) {
        return "can't make " + path + ": " + system_words(errno) + "; give serial.port a path in a folder that you may write to";
    }
    path_ = path;
    return "";
}

void published_pty::close() {
    if (!path_.empty() && target_of(path_) == terminal_) ::unlink(path_.c_str());
    path_.clear();
    for (int* const descriptor : {&slave_, &master_}) {
        if (*descriptor >= 0) ::close(*descriptor);
        *descriptor = -1;
    }
}

}  // namespace serial

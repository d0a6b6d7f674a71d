// store/lock.cpp: the lock file and the folder, by system calls.
#include "store/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <tuple>

namespace store {
namespace {

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

error cannot_write(const std::string& what, const std::string& folder, int why) {
    const std::string words = what + ": " + std::strerror(why);
    switch (why) {
        case ENOENT:
        case ENOTDIR:
            return {errc::missing, words + "; create the folder " + folder + " and give it to the user that runs Tidegate"};
        case EACCES:
        case EPERM:
            return {errc::read_only, words + "; give " + what + " and its folder to user " + std::to_string(::geteuid()) +
                                         ", or run as their owner"};
        case EROFS:
            return {errc::read_only, words + "; mount " + folder + " writable, or choose another place"};
        case ENOSPC:
        case EDQUOT:
            return {errc::full, words + "; free some space"};
        default:
            return {errc::io, words};
    }
}

}  // namespace

writer_lock::~writer_lock() {
    if (descriptor_ >= 0) std::ignore = ::close(descriptor_);  // nothing was written
}

result<void> writer_lock::take(const std::string& path) {
    assert(descriptor_ < 0);
    const std::string name = path + ".lock";
    descriptor_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor_ < 0) return cannot_write(name, folder_of(path), errno);
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return cannot_write(name, folder_of(path), errno);
        return error(errc::in_use, path + ": another Tidegate writes to this queue; stop it, or choose another file");
    }
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) {
        if (errno == ENOENT) return {};
        return cannot_write(path, folder_of(path), errno);
    }
    if (!S_ISREG(file.st_mode)) return error(errc::io, path + ": is not a file; choose another path");
    if (::access(path.c_str(), R_OK | W_OK) != 0) return cannot_write(path, folder_of(path), errno);
    return {};
}

result<void> sync_folder_of(const std::string& path) {
    const std::string folder = folder_of(path);
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return cannot_write(folder, folder, errno);
    // Some file systems can't sync a folder (EINVAL); they have no such write to wait for.
    const int failed = ::fsync(descriptor) != 0 && errno != EINVAL ? errno : 0;
    std::ignore = ::close(descriptor);
    if (failed != 0) return cannot_write(folder, folder, failed);
    return {};
}

}  // namespace store

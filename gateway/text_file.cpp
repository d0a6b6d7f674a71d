// gateway/text_file.cpp: reads a small file whole.
#include "gateway/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tuple>

namespace gateway {
namespace {

struct close_file {
    void operator()(std::FILE* file) const { std::ignore = std::fclose(file); }  // it was only read
};

struct close_descriptor {
    int of;
    ~close_descriptor() { ::close(of); }
};

bool failed(std::string& why) {
    why = std::strerror(errno);
    return false;
}

}  // namespace

bool read_regular(const std::string& path, std::size_t limit, std::string& to, std::string& why) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);  // a pipe's open doesn't wait then
    if (file < 0) return failed(why);
    const close_descriptor closes{file};
    struct stat what {};
    if (::fstat(file, &what) != 0) return failed(why);
    if (!S_ISREG(what.st_mode)) {
        why = S_ISDIR(what.st_mode) ? std::strerror(EISDIR) : "it isn't a file, but a pipe or a device";
        return false;
    }
    to.assign(limit + 1, '\0');
    std::size_t size = 0;
    while (size < to.size()) {
        const auto some = ::read(file, to.data() + size, to.size() - size);
        if (some < 0 && errno == EINTR) continue;
        if (some < 0) return failed(why);
        if (some == 0) break;
        size += static_cast<std::size_t>(some);
    }
    to.resize(size);
    to.shrink_to_fit();
    if (size <= limit) return true;
    why = "it is larger than " + std::to_string(limit >> 10) + " KiB";
    return false;
}

bool read_text(const std::string& path, std::size_t limit, std::string& to, std::string& why) {
    const std::unique_ptr<std::FILE, close_file> file(std::fopen(path.c_str(), "rbe"));
    if (!file) {
        why = path + ": " + std::strerror(errno);
        return false;
    }
    char block[16384];
    while (to.size() <= limit) {
        const std::size_t size = std::fread(block, 1, sizeof block, file.get());
        if (size == 0) break;
        to.append(block, size);
    }
    if (std::ferror(file.get()) != 0) {
        why = path + ": " + std::strerror(errno);
        return false;
    }
    return true;
}

}  // namespace gateway

// gateway/command/output_file.cpp: a file appears whole or not at all.
#include "gateway/command/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <tuple>

namespace gateway {
namespace {

bool write_all(int to, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const auto count = ::write(to, text.data() + done, text.size() - done);
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) done += static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

bool write_output(const std::string& path, bool replace, const std::string& text, std::string& why) {
    if (path.empty() || path == "-") {
        if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return true;
        why = std::string("can't write: ") + std::strerror(errno);
        return false;
    }
    const auto written = replace ? path + ".new" : path;
    const int file = ::open(written.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL), 0644);
    if (file < 0) {
        why = "can't write " + path + ": " +
              (errno == EEXIST ? "it is there already; another name, or --force to replace it" : std::strerror(errno));
        return false;
    }
    bool good = write_all(file, text);
    good = ::close(file) == 0 && good;
    if (good && replace) good = std::rename(written.c_str(), path.c_str()) == 0;
    if (good) return true;
    why = "can't write " + path + ": " + std::strerror(errno);
    std::ignore = ::unlink(written.c_str());  // half a file helps nobody; why it failed is told
    return false;
}

}  // namespace gateway

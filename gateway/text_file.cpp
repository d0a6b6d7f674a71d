// gateway/text_file.cpp: reads a small file whole.
#include "gateway/text_file.hpp"

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

}  // namespace

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

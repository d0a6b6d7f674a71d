// store/files.cpp: by system calls.
#include "store/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <tuple>

#include "store/lock.hpp"

namespace store {
namespace {

error failed(const std::string& doing, int why) {
    const errc code = why == ENOSPC || why == EDQUOT                  ? errc::full
                      : why == EACCES || why == EPERM || why == EROFS ? errc::read_only
                                                                      : errc::io;
    return {code, doing + ": " + std::strerror(why)};
}

class system_file final : public raw_file {
public:
    system_file(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
    ~system_file() override { std::ignore = ::close(descriptor_); }  // nothing was written
    system_file(const system_file&) = delete;
    system_file& operator=(const system_file&) = delete;
    std::uint64_t size() const override { return size_; }
    std::size_t read(std::uint64_t offset, char* to, std::size_t size) override {
        std::size_t done = 0;
        while (done < size) {
            const ssize_t more = ::pread(descriptor_, to + done, size - done, static_cast<off_t>(offset + done));
            if (more < 0 && errno == EINTR) continue;
            if (more <= 0) break;
            done += static_cast<std::size_t>(more);
        }
        return done;
    }

private:
    int descriptor_;
    std::uint64_t size_;
};

class posix_files final : public files {
public:
    std::unique_ptr<raw_file> open(const std::string& path) override {
        const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) return nullptr;
        struct stat file {};
        const bool regular = ::fstat(descriptor, &file) == 0 && S_ISREG(file.st_mode);
        auto opened = std::make_unique<system_file>(descriptor, regular ? static_cast<std::uint64_t>(file.st_size) : 0);
        if (!regular) return nullptr;
        return opened;
    }
    result<void> rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return failed(from + ": can't be renamed to " + to, errno);
        return {};
    }
    result<void> remove(const std::string& path) override {
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path + ": can't be removed", errno);
        return {};
    }
    result<void> sync_folder(const std::string& path) override { return sync_folder_of(path); }
    std::vector<std::string> beginning_with(const std::string& path) override {
        std::vector<std::string> found;
        const auto slash = path.rfind('/');
        const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
        std::error_code failed;
        std::filesystem::directory_iterator at(folder.empty() ? "." : folder, failed);
        for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) {
            std::string name = folder + at->path().filename().string();
            if (name.starts_with(path)) found.push_back(std::move(name));
        }
        return found;
    }
};

}  // namespace

bool has_room_at(const std::string& path) {
    constexpr std::uint64_t plenty = 64u << 20;
    struct statvfs device {};
    return ::statvfs(path.c_str(), &device) == 0 && std::uint64_t{device.f_bavail} * device.f_frsize >= plenty;
}

files& system_files() {
    static posix_files only;  // has no state
    return only;
}

}  // namespace store

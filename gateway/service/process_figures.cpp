// gateway/service/process_figures.cpp: see process_figures.hpp.
#include "gateway/service/process_figures.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <tuple>

#include "gateway/http/metrics_text.hpp"

namespace gateway {
namespace {

using kind = metrics_writer::kind;

std::string first_bytes(const char* path) {
    struct close_file {
        void operator()(std::FILE* file) const { std::ignore = std::fclose(file); }  // it was only read
    };
    const std::unique_ptr<std::FILE, close_file> file(std::fopen(path, "re"));
    if (!file) return {};
    char text[1024];
    return {text, std::fread(text, 1, sizeof text, file.get())};
}

/// The fields of /proc/self/stat behind the name, which may hold blanks and brackets; the first is field 3.
const char* field_of_stat(const std::string& stat, int number) {
    const auto end = stat.rfind(')');
    if (end == std::string::npos) return nullptr;
    const char* at = stat.c_str() + end;
    for (int i = 2; i < number; ++i) {
        at = std::strchr(at + 1, ' ');
        if (at == nullptr) return nullptr;
    }
    return at + 1;
}

/// Unix time at which the process began, by the clock as it is now.
double start_time(const std::string& stat) {
    const char* ticks = field_of_stat(stat, 22);
    const std::string system = first_bytes("/proc/uptime");
    if (ticks == nullptr || system.empty()) return 0;
    timespec now{};
    if (::clock_gettime(CLOCK_REALTIME, &now) != 0) return 0;
    const double age =
        std::strtod(system.c_str(), nullptr) - std::strtod(ticks, nullptr) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 - age;
}

std::uint64_t open_files() {
    struct close_folder {
        void operator()(DIR* folder) const { std::ignore = ::closedir(folder); }  // it was only read
    };
    const std::unique_ptr<DIR, close_folder> folder(::opendir("/proc/self/fd"));
    if (!folder) return 0;
    std::uint64_t count = 0;
    while (const dirent* entry = ::readdir(folder.get()))
        if (entry->d_name[0] != '.') ++count;
    return count == 0 ? 0 : count - 1;  // without the folder itself
}

}  // namespace

void append_process_figures(std::string& to) {
    metrics_writer out(to);
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0) {
        const auto seconds = [](const timeval& t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
        };
        out.metric("process_cpu_seconds_total", kind::counter, "Processor time that the process has taken.")
            .sample(seconds(used.ru_utime) + seconds(used.ru_stime));
    }
    const std::string statm = first_bytes("/proc/self/statm");
    if (!statm.empty()) {
        char* rest = nullptr;
        const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        const std::uint64_t all = std::strtoull(statm.c_str(), &rest, 10);
        const std::uint64_t resident = std::strtoull(rest, nullptr, 10);
        out.metric("process_virtual_memory_bytes", kind::gauge, "Address space.").sample(all * page);
        out.metric("process_resident_memory_bytes", kind::gauge, "Memory that is really there.").sample(resident * page);
    }
    const std::string stat = first_bytes("/proc/self/stat");
    if (const char* threads = field_of_stat(stat, 20))
        out.metric("process_threads", kind::gauge, "Threads.").sample(std::uint64_t{std::strtoull(threads, nullptr, 10)});
    if (const double started = start_time(stat); started > 0)
        out.metric("process_start_time_seconds", kind::gauge, "When the process began, as Unix time.").sample(started);
    out.metric("process_open_fds", kind::gauge, "Open files and connections.").sample(open_files());
    rlimit most{};
    if (::getrlimit(RLIMIT_NOFILE, &most) == 0)
        out.metric("process_max_fds", kind::gauge, "… that there may be.").sample(std::uint64_t{most.rlim_cur});
}

}  // namespace gateway

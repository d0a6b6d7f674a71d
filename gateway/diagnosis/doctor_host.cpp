// gateway/diagnosis/doctor_host.cpp: the board's clock, its memory, and what runs on it.
// Not here: what makes a clock right (synchronisation.hpp).
#include <sys/stat.h>
#include <sys/utsname.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "gateway/clock.hpp"
#include "gateway/diagnosis/doctor.hpp"

namespace gateway {
namespace {

constexpr std::int64_t first_plausible_ms = 1'735'689'600'000;  // 2025: a clock before this was never set
constexpr std::int64_t last_plausible_ms = 4'102'444'800'000;   // 2100
constexpr std::uint64_t least_available_kib = 32u << 10;

/// KiB; 0: not told.
std::uint64_t kib_in(const std::string& path, const std::string& name) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(name + ':')) return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
    return 0;
}

std::string os_name() {
    std::ifstream file("/etc/os-release");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("PRETTY_NAME=")) return line.substr(13, line.size() > 14 ? line.size() - 14 : 0);
    return "unknown system";
}

std::string in_utc(std::int64_t milliseconds) {
    const std::time_t seconds = milliseconds / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

}  // namespace

void check_clock(const patient& of, findings& to) {
    if (of.config) trust_clock(of.config->clock);
    const store::stamp now = stamp_now();
    struct stat rtc {};
    const bool has_rtc = ::stat("/sys/class/rtc/rtc0", &rtc) == 0;
    finding found{"clock", verdict::ok, in_utc(now.wall_ms), {}};
    const bool plausible = now.wall_ms >= first_plausible_ms && now.wall_ms <= last_plausible_ms;
    const bool trusted = of.config && of.config->clock == config::clock_trust::trusted;
    found.found += now.synchronised ? trusted ? ", trusted (gateway.clock: trusted)" : ", synchronised" : ", not synchronised";
    found.found +=
        has_rtc ? ", with a battery clock" : ", without a battery clock: it is wrong after each start until the network is there";
    if (!plausible) {
        found.verdict = verdict::failed;
        found.found += "; that can't be right";
        found.remedy =
            "sudo timedatectl set-ntp true; with no time server within reach: sudo timedatectl set-time '2026-01-31 12:00:00'";
    } else if (!now.synchronised) {
        found.verdict = verdict::warning;
        found.remedy = has_rtc ? "sudo timedatectl set-ntp true, or gateway.clock: trusted if its battery clock is right"
                               : "sudo timedatectl set-ntp true; timedatectl timesync-status";
    }
    to.push_back(std::move(found));
}

void check_machine(const patient& of, findings& to) {
    utsname kernel{};
    ::uname(&kernel);
    to.push_back({"versions",
                  verdict::ok,
                  std::string("tidegate " TIDEGATE_VERSION ", ") + os_name() + ", " + kernel.sysname + ' ' + kernel.release +
                      ' ' + kernel.machine,
                  {}});
    const std::uint64_t total = kib_in("/proc/meminfo", "MemTotal"), available = kib_in("/proc/meminfo", "MemAvailable");
    finding memory{
        "memory", verdict::ok, std::to_string(available >> 10) + " of " + std::to_string(total >> 10) + " MiB available", {}};
    const std::string process = of.unit.get("MainPID");
    if (!process.empty() && process != "0")
        memory.found += "; the service has " + std::to_string(kib_in("/proc/" + process + "/status", "VmRSS") >> 10) + " MiB";
    if (available < least_available_kib) {
        memory.verdict = verdict::warning;
        memory.remedy = "ps aux --sort=-rss | head, for what takes it";
    }
    to.push_back(std::move(memory));
}

}  // namespace gateway

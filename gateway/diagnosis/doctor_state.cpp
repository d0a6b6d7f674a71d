// gateway/diagnosis/doctor_state.cpp: the folder of the queue: whose it is, room, file system, how long its device takes to sync;
// and the queue file itself, read beside a running service. Not here: repairing anything, which the service does when it starts.
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "gateway/clock.hpp"
#include "gateway/diagnosis/doctor.hpp"
#include "gateway/limits.hpp"
#include "store/queue.hpp"

namespace gateway {
namespace {

namespace fs = std::filesystem;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t syncs = 24;
constexpr std::chrono::seconds syncs_at_most{4};
constexpr double slow_sync = 100;  // ms: a card that is busy with itself
constexpr double slow_median = 50;

void worsen(finding& what, verdict to, const std::string& remedy) {
    if (to <= what.verdict) return;
    what.verdict = to;
    what.remedy = remedy;
}

std::string size_words(std::uint64_t bytes) {
    char text[32];
    const bool gib = bytes >= (1u << 30);
    std::snprintf(text, sizeof text, "%.1f %s", static_cast<double>(bytes) / (gib ? 1u << 30 : 1u << 20), gib ? "GiB" : "MiB");
    return text;
}

/// By the numbers of statfs(2). `lasts`: whether a power cut leaves what was synced.
struct file_system {
    std::string name;
    bool lasts = true;
    bool is_network = false;
};
file_system kind_of(const std::string& folder) {
    struct statfs about {};
    if (::statfs(folder.c_str(), &about) != 0) return {"unknown", true, false};
    switch (static_cast<std::uint32_t>(about.f_type)) {
        case 0xEF53:
            return {"ext4", true, false};
        case 0x9123683E:
            return {"btrfs", true, false};
        case 0x58465342:
            return {"xfs", true, false};
        case 0xF2F52010:
            return {"f2fs", true, false};
        case 0x24051905:
            return {"ubifs", true, false};
        case 0x2FC12FC1:
            return {"zfs", true, false};
        case 0x4D44:
            return {"vfat", true, false};
        case 0x2011BAB0:
            return {"exfat", true, false};
        case 0x01021994:
            return {"tmpfs, which is memory", false, false};
        case 0x858458F6:
            return {"ramfs, which is memory", false, false};
        case 0x794C7630:
            return {"overlay", true, false};
        case 0x73717368:
            return {"squashfs", true, false};
        case 0x6969:
            return {"nfs", true, true};
        case 0xFF534D42:
        case 0xFE534D42:
            return {"cifs", true, true};
        default:
            break;
    }
    char number[24];
    std::snprintf(number, sizeof number, "file system 0x%" PRIx32, static_cast<std::uint32_t>(about.f_type));
    return {number, true, false};
}

std::string owner_of(const struct stat& file) {
    const passwd* found = ::getpwuid(file.st_uid);
    return found ? found->pw_name : std::to_string(file.st_uid);
}

/// Writes and syncs as the store does, in a file of its own. Empty: nothing could be written, and `why` says so.
std::vector<double> time_syncs(const std::string& folder, std::string& why) {
    std::vector<double> times;
    std::string name = folder + "/.tidegate-doctor-XXXXXX";
    const int file = ::mkostemp(name.data(), O_CLOEXEC);
    if (file < 0) {
        why = std::strerror(errno);
        return times;
    }
    ::unlink(name.c_str());  // gone when it is closed, whatever becomes of us
    std::array<char, 4096> page{};
    const auto end = steady_now() + syncs_at_most;
    while (times.size() < syncs && steady_now() < end) {
        const auto began = steady_now();
        if (::write(file, page.data(), page.size()) != static_cast<ssize_t>(page.size()) || ::fdatasync(file) != 0) {
            why = std::strerror(errno);
            times.clear();
            break;
        }
        times.push_back(std::chrono::duration_cast<milliseconds>(steady_now() - began).count());
    }
    ::close(file);
    return times;
}

void judge_syncs(const std::string& folder, finding& to) {
    std::string why;
    auto times = time_syncs(folder, why);
    if (times.empty()) {
        to.found += "; nothing can be written here: " + why;
        return worsen(to, verdict::failed,
                      "make room, or see whether the device has become read-only: mount | grep ' / '; sudo dmesg | tail");
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2], worst = times.back();
    const auto slow =
        std::count_if(times.begin(), times.end(), [&](double each) { return each > slow_sync && each > 5 * median; });
    char words[120];
    std::snprintf(words, sizeof words, "; a sync takes %.1f ms, at worst %.1f ms; %d of %zu were slow", median, worst,
                  static_cast<int>(slow), times.size());
    to.found += words;
    if (slow * 10 > static_cast<long>(times.size()) || median > slow_median)
        worsen(to, verdict::warning,
               "the card is slow or wearing out: use an industrial one or an SSD, or buffer.durability: on_outage");
}

}  // namespace

void check_state(const patient& of, findings& to) {
    if (!of.config) return;
    const fs::path queue = of.config->buffer.path;
    const std::string folder = queue.has_parent_path() ? queue.parent_path().string() : ".";
    finding found{"state folder", verdict::ok, folder, {}};
    const std::string make = "sudo install -d -m 0750 -o " + of.user.name + ' ' + folder;
    struct stat file {};
    if (::stat(folder.c_str(), &file) != 0 || !S_ISDIR(file.st_mode)) {
        found.verdict = verdict::failed;
        found.found += S_ISDIR(file.st_mode) || errno == ENOENT
                           ? " isn't there"
                           : std::string(" is no folder that can be looked at: ") + std::strerror(errno);
        found.remedy = make;
        return to.push_back(std::move(found));
    }
    found.found += ", of " + owner_of(file);
    struct statvfs room {};
    if (::statvfs(folder.c_str(), &room) == 0) {
        const std::uint64_t bytes = static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize;
        std::error_code none;
        const std::uint64_t has = fs::exists(queue, none) ? fs::file_size(queue, none) : 0;
        const std::uint64_t wants = of.config->buffer.max_bytes > has ? of.config->buffer.max_bytes - has : 0;
        found.found += ", " + size_words(bytes) + " free";
        if (bytes < limits::reserve_bytes)
            worsen(found, verdict::failed, "make room: sudo du -xh / | sort -h | tail; sudo journalctl --vacuum-size=50M");
        else if (bytes < wants)
            worsen(found, verdict::warning, "buffer.max_bytes is more than there is room for: make room, or set it to less");
        if ((room.f_flag & ST_RDONLY) != 0)
            worsen(found, verdict::failed,
                   "it is mounted read-only: sudo mount -o remount,rw " + folder + "; sudo dmesg | tail, for why");
    }
    const file_system kind = kind_of(folder);
    found.found += ", " + kind.name;
    if (!kind.lasts)
        worsen(found, verdict::warning, "put buffer.path on a disk or card: what is in memory is lost with the power");
    if (kind.is_network)
        worsen(found, verdict::warning, "put buffer.path on a local disk: SQLite's locks don't hold over a network");
    if (!of.user.may(folder, true, true)) {
        found.found += "; " + of.user.name + " may not write in it";
        worsen(found, verdict::failed, "sudo chown " + of.user.name + ' ' + folder);
    }
    if (::access(folder.c_str(), W_OK | X_OK) == 0)
        judge_syncs(folder, found);
    else
        found.found += "; how long a sync takes can only be measured by " + of.user.name + " or root";
    to.push_back(std::move(found));
}

void check_queue(const patient& of, findings& to) {
    if (!of.config) return;
    const std::string& path = of.config->buffer.path;
    finding found{"queue", verdict::ok, path, {}};
    const auto statistics = store::queue::inspect(path);
    if (!statistics) {
        const auto code = statistics.error().code();
        found.found = statistics.error().detail();
        if (code == store::errc::missing) {
            if (of.service_runs)
                worsen(found, verdict::failed, "is this the config of the service that runs? systemctl cat tidegate");
        } else {
            const bool not_ours = code == store::errc::read_only;
            worsen(found, not_ours ? verdict::warning : verdict::failed,
                   not_ours ? "sudo tidegate doctor -c " + of.config_path
                            : "sudo systemctl restart tidegate, which saves what can be saved");
        }
        return to.push_back(std::move(found));
    }
    const store::ledger& ledger = statistics->ledger;
    found.found += ": " + std::to_string(ledger.queued) + " wait, " + std::to_string(ledger.accepted) + " accepted, " +
                   std::to_string(ledger.dropped()) + " dropped, " + size_words(statistics->bytes_used) + " of " +
                   size_words(statistics->max_bytes);
    if (!ledger.balanced())
        worsen(found, verdict::failed, "please report this, with 'tidegate support-bundle' and the queue file");
    // Each record's checksum, for as long as a check may take.
    const auto end = steady_now() + std::chrono::seconds(5);
    std::uint64_t read = 0;
    for (store::sequence from{1}; steady_now() < end;) {
        const auto some = store::queue::inspect_messages(path, from, 512, 1u << 20);
        if (!some) {
            found.found += "; damaged: " + some.error().detail();
            worsen(found, verdict::failed, "sudo systemctl restart tidegate, which saves what can be saved");
            break;
        }
        if (some->empty()) break;
        read += some->size();
        from = store::sequence{number(some->back().sequence) + 1};
    }
    found.found += "; " + std::to_string(read) + " of those that wait read, checksums right";
    if (found.verdict == verdict::failed) found.found.resize(found.found.rfind(';'));
    struct stat reserve {};
    if (::stat((path + ".reserve").c_str(), &reserve) == 0) {
        found.found += "; the reserve for a full disk is there";
    } else {
        found.found += "; the reserve for a full disk isn't there";
        if (of.service_runs) worsen(found, verdict::warning, "make room on the disk: the reserve is made again by itself");
    }
    std::size_t damaged = 0;
    std::error_code none;
    for (const auto& each : fs::directory_iterator(fs::path(path).parent_path(), none))
        damaged += each.path().filename().string().starts_with(fs::path(path).filename().string() + ".corrupt-") ? 1 : 0;
    if (damaged > 0) {
        found.found += "; " + std::to_string(damaged) + " damaged files were moved aside";
        worsen(found, verdict::warning, "ls -l " + path + ".corrupt-*; keep them for support, or remove them");
    }
    to.push_back(std::move(found));
}

}  // namespace gateway

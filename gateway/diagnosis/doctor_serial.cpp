// gateway/diagnosis/doctor_serial.cpp: whether the serial ports of the config are there, whose they are, and who holds them.
// Not here: whether anybody answers on them (`tidegate trace`, `scan`).
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "gateway/diagnosis/doctor.hpp"

namespace gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_listed = 12;

/// The names under which adapters stay the same, as they are; then the rest.
std::vector<std::string> ports_here() {
    std::vector<std::string> ports;
    std::error_code none;
    for (const auto& each : fs::directory_iterator("/dev/serial/by-id", none)) ports.push_back(each.path());
    for (const auto& each : fs::directory_iterator("/sys/class/tty", none)) {
        const std::string name = each.path().filename();
        const bool is_device = fs::exists(each.path() / "device", none);
        // Each PC has ttyS0 to 3, whether or not there is anything behind: only those with a device that isn't the platform's
        // stub.
        const bool likely = name.starts_with("ttyUSB") || name.starts_with("ttyACM") || name.starts_with("ttyAMA") ||
                            name.starts_with("ttymxc") || name.starts_with("ttyO") || name.starts_with("ttySC");
        if (is_device && likely) ports.push_back("/dev/" + name);
    }
    std::sort(ports.begin(), ports.end());
    if (ports.size() > most_listed) ports.resize(most_listed);
    return ports;
}

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& each : names) list += (list.empty() ? "" : ", ") + each;
    return list.empty() ? "none" : list;
}

/// Its link in /dev/serial/by-id; empty: it has none.
std::string lasting_name(const std::string& device) {
    std::error_code none;
    for (const auto& each : fs::directory_iterator("/dev/serial/by-id", none))
        if (fs::canonical(each.path(), none) == device) return each.path();
    return {};
}

struct holder {
    long pid = 0;
    std::string name;
};

/// Processes that have the port open, as far as we may look.
std::vector<holder> holders_of(const std::string& device) {
    std::vector<holder> found;
    std::error_code none;
    for (const auto& process : fs::directory_iterator("/proc", none)) {
        const long pid = std::atol(process.path().filename().c_str());
        if (pid <= 0 || pid == ::getpid()) continue;
        for (fs::directory_iterator each(process.path() / "fd", none), end; !none && each != end; each.increment(none)) {
            std::error_code gone;
            if (fs::read_symlink(each->path(), gone) != device) continue;
            std::ifstream name(process.path() / "comm");
            std::string words;
            std::getline(name, words);
            found.push_back({pid, words});
            break;
        }
        none.clear();
    }
    return found;
}

std::string owner_words(const struct stat& file) {
    const group* named = ::getgrgid(file.st_gid);
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(file.st_mode & 07777u));
    return "group " + (named ? std::string(named->gr_name) : std::to_string(file.st_gid)) + ", mode " + mode;
}

/// What a USB adapter gathers bytes for: milliseconds, or -1.
int latency_of(const std::string& device) {
    std::ifstream file("/sys/class/tty/" + fs::path(device).filename().string() + "/device/latency_timer");
    int milliseconds = -1;
    return file >> milliseconds ? milliseconds : -1;
}

void worsen(finding& what, verdict to, const std::string& remedy) {
    if (to <= what.verdict) return;
    what.verdict = to;
    what.remedy = remedy;
}

void look_at_holders(const patient& of, const std::string& device, finding& to) {
    const auto holders = holders_of(device);
    std::string others;
    bool ours = false;
    for (const auto& each : holders) {
        // Another instance, as `tidegate simulate`, isn't the one that this config is for.
        const bool is_service = of.service_runs && each.name.starts_with("tidegate");
        ours = ours || is_service;
        if (!is_service) others += (others.empty() ? "" : ", ") + each.name + " (process " + std::to_string(each.pid) + ')';
    }
    if (ours) to.found += "; held by the service";
    if (!others.empty()) {
        to.found += "; also open in " + others;
        worsen(to, ours || of.service_runs ? verdict::failed : verdict::warning,
               "end that program: two programs on one port take each other's answers");
    }
    const std::string lock = "/var/lock/LCK.." + fs::path(device).filename().string();
    std::error_code none;
    if (fs::exists(lock, none)) {
        to.found += "; there is a lock file " + lock;
        worsen(to, verdict::warning, "end the program that made it, or remove it if none runs");
    }
    if (!holders.empty() || of.service_runs || !of.user.is_caller) return;
    // Nobody has it: only then it may be opened, since that moves DTR and RTS.
    const int port = ::open(device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port < 0) {
        to.found += std::string("; can't be opened: ") + std::strerror(errno);
        return worsen(to, verdict::failed,
                      errno == EBUSY ? "end the program that has it to itself: sudo fuser -v " + device
                                     : "replug the adapter, then: sudo dmesg | tail");
    }
    if (::isatty(port) == 0) worsen(to, verdict::failed, "name a serial port: this is none");
    ::close(port);
    to.found += "; opens";
}

finding look_at(const patient& of, const config::bus& bus, const std::string& port) {
    finding found{"serial " + bus.name, verdict::ok, port, {}};
    std::error_code error;
    const std::string device = fs::canonical(port, error);
    struct stat file {};
    if (error || ::stat(device.c_str(), &file) != 0) {
        found.verdict = verdict::failed;
        found.found += " isn't there; there are: " + listed(ports_here());
        found.remedy = "plug the adapter in, or put one of these into serial.port";
        return found;
    }
    if (device != port) found.found += " is " + device;
    found.found += ", " + owner_words(file);
    if (!of.user.may(device, true)) {
        found.found += "; " + of.user.name + " may not open it";
        const group* named = ::getgrgid(file.st_gid);
        const bool by_group = (file.st_mode & S_IWGRP) != 0 && named && file.st_gid != 0;
        worsen(found, verdict::failed,
               by_group ? "sudo usermod -aG " + std::string(named->gr_name) + ' ' + of.user.name +
                              (of.user.is_service ? " && sudo systemctl restart tidegate" : ", then log in again")
                        : "sudo chgrp dialout " + device + " && sudo chmod g+rw " + device + " (lastingly by a udev rule)");
    } else {
        found.found += of.user.is_caller ? "; open to " + of.user.name : "; open to " + of.user.name + ", the service's user";
    }
    look_at_holders(of, device, found);
    const int latency = latency_of(device);
    const auto* low = setting_of(bus, "serial.low_latency");
    if (latency > 1) {
        found.found += "; the adapter gathers bytes for " + std::to_string(latency) + " ms";
        if (low && low->integer == 0) worsen(found, verdict::warning, "leave out serial.low_latency: false");
    }
    if ((device.starts_with("/dev/ttyUSB") || device.starts_with("/dev/ttyACM")) && device == port) {
        const std::string lasting = lasting_name(device);
        found.found += "; another adapter may have this name after a restart";
        worsen(found, verdict::warning,
               lasting.empty() ? "ls -l /dev/serial/by-id /dev/serial/by-path, and put a name of these into serial.port"
                               : "port: " + lasting);
    }
    return found;
}

}  // namespace

const config::setting* setting_of(const config::bus& bus, std::string_view path) {
    for (const auto& each : bus.settings)
        if (each.path == path) return &each;
    return nullptr;
}

void check_serial_ports(const patient& of, findings& to) {
    if (!of.config) return;
    for (const auto& bus : of.config->buses)
        if (const auto* port = setting_of(bus, "serial.port")) to.push_back(look_at(of, bus, port->text));
}

}  // namespace gateway

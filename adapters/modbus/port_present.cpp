// adapters/modbus/port_present.cpp: see port_present.hpp.
// Not here: opening anything.
#include "adapters/modbus/port_present.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <vector>

namespace modbus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t ports_shown = 8;
constexpr std::size_t files_max = 20'000;  // of all processes together

std::vector<fs::path> entries_of(const fs::path& folder, std::size_t most) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end && found.size() < most; it.increment(error))
        found.push_back(it->path());
    std::sort(found.begin(), found.end());
    return found;
}

bool is_a_port(const std::string& name) {
    const std::initializer_list<std::string_view> kinds{"ttyUSB", "ttyACM", "ttyAMA", "ttymxc",
                                                        "ttySC",  "ttyTHS", "ttyO",   "ttyXR"};
    return std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) { return name.starts_with(kind); });
}

int number_in(const std::string& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

std::string program_of(int process, const port_system& system) {
    std::string name;
    std::ifstream file(system.processes + "/" + std::to_string(process) + "/comm");
    std::getline(file, name);
    return name;
}

}  // namespace

std::string ports_present(const port_system& system) {
    constexpr std::size_t entries_max = 4096;
    std::vector<std::string> shown;
    std::vector<std::string> named;  // those that have a lasting name
    for (const fs::path& link : entries_of(system.devices + "/serial/by-id", entries_max)) {
        std::error_code error;
        const std::string port = fs::read_symlink(link, error).filename().string();
        if (error) continue;
        named.push_back(port);
        shown.push_back(link.string() + " (" + port + ")");
    }
    for (const fs::path& device : entries_of(system.devices, entries_max)) {
        const std::string name = device.filename().string();
        if (is_a_port(name) && std::find(named.begin(), named.end(), name) == named.end()) shown.push_back(device.string());
    }
    std::string list;
    for (std::size_t i = 0; i < shown.size() && i < ports_shown; ++i) list += (i == 0 ? "" : ", ") + shown[i];
    if (shown.size() > ports_shown) list += " and " + std::to_string(shown.size() - ports_shown) + " more";
    return list;
}

port_user lock_holder(int descriptor, const port_system& system) {
    struct stat about {};
    if (::fstat(descriptor, &about) != 0) return {};
    std::array<char, 64> place{};
    std::snprintf(place.data(), place.size(), "%02x:%02x:%llu", major(about.st_dev), minor(about.st_dev),
                  static_cast<unsigned long long>(about.st_ino));
    std::ifstream locks(system.processes + "/locks");
    for (std::string line; std::getline(locks, line);) {
        // 1: FLOCK  ADVISORY  WRITE 812 00:18:3 0 EOF
        std::istringstream words(line);
        std::string number, kind, mode, access, process, file;
        words >> number >> kind >> mode >> access >> process >> file;
        if (kind != "FLOCK" || file != place.data()) continue;
        const int holder = number_in(process);
        if (holder > 0) return {holder, program_of(holder, system)};
    }
    return {};
}

port_user other_user_of(const std::string& port, const port_system& system) {
    std::error_code error;
    const std::string device = fs::canonical(port, error).string();
    if (error) return {};
    std::size_t looked_at = 0;
    for (const fs::path& process : entries_of(system.processes, files_max)) {
        const int number = number_in(process.filename().string());
        if (number <= 0 || number == ::getpid()) continue;
        for (const fs::path& file : entries_of(process / "fd", files_max)) {
            if (++looked_at > files_max) return {};
            if (fs::read_symlink(file, error).string() == device && !error) return {number, program_of(number, system)};
        }
    }
    return {};
}

std::string in_words(const port_user& who) {
    if (who.process == 0) return "another program";
    return "process " + std::to_string(who.process) + (who.name.empty() ? "" : " (" + who.name + ")");
}

}  // namespace modbus

// gateway/command/command_simulate.cpp: `tidegate simulate`: serves every device of the config as a simulated one, a thread a
// bus, and passes what is typed to them. Not here: what a fault is (the adapter's business). The words: docs/simulate.md.
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>

#include "gateway/command/commands.hpp"
#include "gateway/site.hpp"

namespace gateway {
namespace {

/// Lines of several buses, whole and at once, and whether one of them failed.
class printer {
public:
    void line(const std::string& bus, std::string_view text) {
        const std::lock_guard lock(mutex_);
        std::printf("bus %s: %.*s\n", bus.c_str(), static_cast<int>(text.size()), text.data());
        std::fflush(stdout);
    }
    void line(std::string_view text) {
        const std::lock_guard lock(mutex_);
        std::printf("%.*s\n", static_cast<int>(text.size()), text.data());
        std::fflush(stdout);
    }

    void fail() {
        const std::lock_guard lock(mutex_);
        failed_ = true;
    }
    bool failed() {
        const std::lock_guard lock(mutex_);
        return failed_;
    }

private:
    std::mutex mutex_;
    bool failed_ = false;
};

/// Gives a typed line to the bus whose device it names, or to all of them: "fault meters/boiler late 10%", "fault boiler late
/// 10%", "set boiler.supply 21.5", "clear".
class rehearsal {
public:
    rehearsal(const site& of, printer& out) : site_(of), out_(out) {}

    /// False: nobody could make sense of it.
    bool take(const std::string& line) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) return true;
        const std::size_t begin = line.find_first_not_of(" \t", line.find_first_of(" \t", line.find_first_not_of(" \t")));
        const std::size_t end = begin == std::string::npos ? begin : line.find_first_of(" \t", begin);
        const std::string named = begin == std::string::npos ? "" : line.substr(begin, end - begin);
        const std::size_t slash = named.find('/');
        const std::string bus_named =
            slash == std::string::npos ? bus_of(named.substr(0, named.find('.'))) : named.substr(0, slash);
        std::string plain = line;
        if (slash != std::string::npos) plain.erase(begin, slash + 1);
        bool heeded = false, wrong = false;
        std::string remedy;
        for (std::size_t i = 0; i < site_.buses.size(); ++i) {
            const std::string& name = site_.config->buses[i].name;
            if (!bus_named.empty() && bus_named != name) continue;
            std::string said;
            const auto heed = site_.buses[i]->rehearse(plain, [&](std::string_view text) { said = text; });
            heeded = heeded || heed == TIDEGATE_REHEARSED;
            if (heed == TIDEGATE_REHEARSED) {
                if (!said.empty()) out_.line(name, said);
            } else if (!said.empty() && (heed == TIDEGATE_REHEARSE_WRONG || !wrong)) {
                remedy = said;  // of a bus that takes commands, if there is one
            }
            wrong = wrong || heed == TIDEGATE_REHEARSE_WRONG;
        }
        if (heeded) return true;
        const bool known = wrong || (!bus_named.empty() && !remedy.empty());
        out_.line(known ? "? " + remedy : "? \"" + line + "\" names no device or point of this plant");
        return false;
    }

private:
    /// Empty: no bus has a device of this name.
    std::string bus_of(const std::string& device) const {
        for (const auto& bus : site_.config->buses)
            for (const auto& each : bus.devices)
                if (each.name == device) return bus.name;
        return {};
    }

    const site& site_;
    printer& out_;
};

/// What has been typed so far; gives out whole lines.
class typed_lines {
public:
    /// False: there is nobody to type any more.
    bool read(rehearsal& to) {
        std::array<char, 1024> chunk;
        const ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
        if (count <= 0) return false;
        begun_.append(chunk.data(), static_cast<std::size_t>(count));
        for (std::size_t end = begun_.find('\n'); end != std::string::npos; end = begun_.find('\n')) {
            to.take(begun_.substr(0, end));
            begun_.erase(0, end + 1);
        }
        constexpr std::size_t longest = 4096;
        if (begun_.size() > longest) begun_.clear();
        return true;
    }

private:
    std::string begun_;
};

/// Until a signal asks for the end.
void take_lines(int signals, rehearsal& to) {
    typed_lines typed;
    std::array<pollfd, 2> both{pollfd{signals, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
    for (;;) {
        if (::poll(both.data(), both.size(), -1) < 0) continue;
        if (both[0].revents != 0) return;
        // At the end of the input, as when it is /dev/null, the devices stay.
        if (both[1].revents != 0 && !typed.read(to)) both[1].fd = -1;
    }
}

}  // namespace

int simulate_command(const command_options& how) {
    std::string why;
    const auto site = load_site(how.config_path, why, foreign_adapters::this_process);
    if (!site) {
        std::fprintf(stderr, "error: %s\n", why.c_str());
        return 1;
    }
    print_diagnostics(*site);
    if (!site->config) return 1;

    // Signals are taken by a descriptor below; the threads inherit the mask.
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    const int signals = ::signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) {
        std::perror("signalfd");
        return 1;
    }

    printer out;
    rehearsal rehearsed(*site, out);
    bool understood = true;
    for (const auto& bus : site->buses) bus->rehearse("seed " + std::to_string(how.seed), [](std::string_view) {});
    for (const std::string& fault : how.faults) understood = rehearsed.take("fault " + fault) && understood;
    if (!understood) {
        ::close(signals);
        return 2;
    }

    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < site->buses.size(); ++i) {
        const std::string& name = site->config->buses[i].name;
        adapter_bus& bus = *site->buses[i];
        if (!bus.can_serve()) {
            out.line(name, "adapter " + site->config->buses[i].adapter + " needs no simulated device");
            continue;
        }
        threads.emplace_back([&] {
            const bool served = bus.serve([&](std::string_view where) { out.line(name, "serving at " + std::string(where)); },
                                          [&](std::string_view text) { out.line(name, text); });
            if (served) return;
            out.fail();
            kill(getpid(), SIGTERM);  // one bus that can't be served ends the whole simulation: half a plant misleads
        });
    }
    take_lines(signals, rehearsed);
    for (const auto& bus : site->buses) bus->interrupt();
    for (auto& thread : threads) thread.join();
    ::close(signals);
    return out.failed() ? 1 : 0;
}

}  // namespace gateway

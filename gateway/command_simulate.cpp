// gateway/command_simulate.cpp: `tidegate simulate`: serves every device of the config as a simulated one, a thread a bus.
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>

#include "gateway/commands.hpp"
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

    // Signals are taken by sigwait below; the threads inherit the mask.
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);

    printer out;
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
    int signal = 0;
    sigwait(&ending, &signal);
    for (const auto& bus : site->buses) bus->interrupt();
    for (auto& thread : threads) thread.join();
    return out.failed() ? 1 : 0;
}

}  // namespace gateway

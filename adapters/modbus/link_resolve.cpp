// adapters/modbus/link_resolve.cpp: see link_resolve.hpp.
// Not here: a cache; the system has one, or has been told not to.
#include "adapters/modbus/link_resolve.hpp"

#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <system_error>
#include <thread>

namespace modbus {
namespace {

struct looked_up {
    int error = 0;  // EAI_…
    addrinfo* list = nullptr;
};

looked_up look_up(const std::string& host, std::uint16_t port, int type, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = type;
    hints.ai_flags = flags | AI_NUMERICSERV;
    looked_up result;
    result.error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &result.list);
    return result;
}

}  // namespace

std::string endpoint_name(const std::string& host, std::uint16_t port) {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

/// getaddrinfo can block for many seconds and can't be interrupted; it gets a thread that nobody waits for. (getaddrinfo_a
/// would do the same, but its threads are unknown to the thread sanitizer, which crashes.)
struct host_lookup::question {
    std::atomic<int> owners = 1;
    interruption done;
    std::atomic<bool> complete = false;  // orders what follows; `done` wakes
    int error = 0;
    std::vector<host_address> found;

    void run(const std::string& host, std::uint16_t port, int type, int flags) {
        const looked_up result = look_up(host, port, type, flags);
        error = result.error;
        for (const addrinfo* one = result.list; one != nullptr; one = one->ai_next) {
            host_address& entry = found.emplace_back();
            entry.size = std::min<socklen_t>(one->ai_addrlen, sizeof entry.bytes);
            entry.family = one->ai_family;
            std::memcpy(&entry.bytes, one->ai_addr, entry.size);
        }
        if (result.list != nullptr) ::freeaddrinfo(result.list);
        complete.store(true, std::memory_order_release);
        done.raise();
    }

    /// False: the system has no thread to spare.
    bool run_apart(const std::string& host, std::uint16_t port, int type) {
        owners = 2;
        try {
            std::thread([this, host, port, type] {
                run(host, port, type, 0);
                release()(this);
            }).detach();
            return true;
        } catch (const std::system_error&) {
            owners = 1;
            return false;
        }
    }
};

void host_lookup::release::operator()(question* one) const {
    if (one->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete one;
}

host_lookup::outcome host_lookup::resolve(time_point until, const interruption& interrupted) {
    const std::string name = endpoint_name(host_, port_);
    if (!asked_) {
        asked_.reset(new question);
        asked_->run(host_, port_, type_, AI_NUMERICHOST);
        if (asked_->error == EAI_NONAME) {
            asked_.reset(new question);
            if (!asked_->run_apart(host_, port_, type_)) {
                asked_.reset();
                return {false, name + ": the name can't be resolved: no thread for it", {}};
            }
        }
    }
    switch (wait_for(asked_->done.descriptor(), POLLIN, until, interrupted)) {
        case woken::interrupted:
            return {true, "", {}};
        case woken::time:
            return {false, name + ": the name is still being resolved", {}};
        case woken::ready:
            break;
    }
    const auto result = std::move(asked_);
    [[maybe_unused]] const bool complete = result->complete.load(std::memory_order_acquire);
    assert(complete);
    if (result->error == EAI_SYSTEM) return {false, name + ": the name can't be resolved", {}};
    if (result->error != 0) return {false, name + ": " + ::gai_strerror(result->error), {}};
    if (result->found.empty()) return {false, name + ": the name has no address", {}};
    return {false, "", std::move(result->found)};
}

}  // namespace modbus

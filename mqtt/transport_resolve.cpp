// mqtt/transport_resolve.cpp: getaddrinfo on a thread of its own, which may outlive all others.
// Not here: what is done with the addresses (transport_tcp.cpp).
#include "mqtt/transport_resolve.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace mqtt {
namespace {

namespace asio = boost::asio;

struct answer {
    std::string error;
    std::vector<raw_endpoint> found;
};

std::string words_for(int code, const std::string& host) {
    const std::string why = code == EAI_SYSTEM ? std::generic_category().message(errno) : gai_strerror(code);
    return "cannot resolve " + host + ": " + why;
}

/// `flags` AI_NUMERICHOST: no look-up, hence no wait.
answer resolve(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    answer result;
    if (const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list); code != 0) {
        result.error = words_for(code, host);
        return result;
    }
    for (const auto* one = list; one != nullptr; one = one->ai_next) {
        const auto* bytes = reinterpret_cast<const std::byte*>(one->ai_addr);
        result.found.emplace_back(bytes, bytes + one->ai_addrlen);
    }
    freeaddrinfo(list);
    result.found = families_by_turns(result.found);
    return result;
}

sa_family_t family_of(const raw_endpoint& one) {
    sa_family_t family{};
    std::memcpy(&family, one.data() + offsetof(sockaddr, sa_family), sizeof family);
    return family;
}

}  // namespace

std::vector<raw_endpoint> families_by_turns(const std::vector<raw_endpoint>& found) {
    if (found.empty()) return {};
    std::vector<raw_endpoint> preferred;
    std::vector<raw_endpoint> others;
    for (const auto& one : found) (family_of(one) == family_of(found.front()) ? preferred : others).push_back(one);
    std::vector<raw_endpoint> result;
    for (std::size_t at = 0; at < found.size(); ++at) {
        if (at < preferred.size()) result.push_back(preferred[at]);
        if (at < others.size()) result.push_back(others[at]);
    }
    return result;
}

/// What the thread and the loop share. The loop's half is there as long as somebody waits for the answer: under the mutex,
/// so that the thread doesn't post to a loop that is being destroyed.
struct lookup::shared {
    struct waiting {
        asio::io_context& loop;
        asio::executor_work_guard<asio::io_context::executor_type> keeps_running;
    };
    std::mutex guard;
    std::optional<waiting> who;
    handler done;  // touched by the loop's thread only

    static void hand_over(const std::shared_ptr<shared>& self, answer found) {
        const std::lock_guard lock(self->guard);
        if (!self->who) return;
        asio::post(self->who->loop, [self, found = std::move(found)] {
            {
                const std::lock_guard inner(self->guard);
                if (!self->who) return;
                self->who.reset();
            }
            const auto call = std::exchange(self->done, nullptr);
            call(found.error, found.found);
        });
    }
};

lookup::lookup(asio::io_context& loop, const std::string& host, std::uint16_t port, handler done)
    : shared_(std::make_shared<shared>()) {
    shared_->who.emplace(shared::waiting{loop, asio::make_work_guard(loop)});
    shared_->done = std::move(done);
    if (auto at_once = resolve(host, port, AI_NUMERICHOST); at_once.error.empty()) {
        shared::hand_over(shared_, std::move(at_once));
        return;
    }
    // Without AI_ADDRCONFIG: with the uplink away it would hide the loopback addresses of one family. An address that can't
    // be reached fails at once.
    const auto look_up = [shared = shared_, host, port] { shared::hand_over(shared, resolve(host, port, 0)); };
    try {
        std::thread(look_up).detach();
    } catch (const std::system_error& error) {
        shared::hand_over(shared_, {"cannot resolve " + host + ": " + error.code().message(), {}});
    }
}

lookup::~lookup() {
    shared_->done = nullptr;  // what it holds is not for the thread to destroy
    const std::lock_guard lock(shared_->guard);
    shared_->who.reset();
}

}  // namespace mqtt

// gateway/command/command_adapter.cpp: `tidegate adapter-process OBJECT`: runs one adapter for the gateway that started it, which
// talks to it by the socket that is descriptor 3. Not for people. Not here: the gateway's side (adapter_process.cpp).
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>
#include <tuple>

#include "gateway/bus/adapter_loaded.hpp"
#include "gateway/bus/adapter_wire.hpp"
#include "gateway/command/commands.hpp"

namespace gateway {
namespace {

constexpr int to_gateway = 3;

/// Answers the gateway's requests, one after the other.
class adapter_server {
public:
    explicit adapter_server(const std::string& object) : adapter_(loaded_adapter::load(object, why_)) {}

    std::string answer(const wire_frame& request);
    /// From any thread.
    void interrupt() {
        const std::lock_guard lock(making_);
        interrupted_ = true;
        if (bus_) bus_->interrupt();
    }

private:
    std::string describe() const;
    std::string create(wire_reader& from);
    std::string poll(wire_reader& from);
    std::string write(wire_reader& from);
    std::string plan(wire_reader& from);

    std::string why_;
    std::unique_ptr<loaded_adapter> adapter_;
    std::mutex making_;  // guards bus_ against interrupt()
    std::unique_ptr<adapter_bus> bus_;
    bool interrupted_ = false;
};

std::string adapter_server::describe() const {
    return wire_writer().text(why_).take() + (adapter_ ? to_wire(adapter_->vocabulary()) : "");
}

std::string adapter_server::create(wire_reader& from) {
    const config::bus config = bus_from(from);
    wire_writer faults;
    std::size_t count = 0;
    const auto report = [&](std::uint32_t scope, std::size_t index, std::string_view path, const std::string& message) {
        ++count;
        faults.number(scope).number(index).text(path).text(message);
    };
    std::unique_ptr<adapter_bus> made;
    if (adapter_)
        made = adapter_->open(config, report);
    else
        report(TIDEGATE_BUS, 0, "", why_);
    const std::lock_guard lock(making_);
    bus_ = std::move(made);
    if (bus_ && interrupted_) bus_->interrupt();
    return wire_writer().number(bus_ && bus_->can_write() ? 1 : 0).number(count).take() + faults.take();
}

std::string adapter_server::poll(wire_reader& from) {
    const bool probe = from.number() != 0;
    std::vector<tidegate_candidate> candidates(from.count());
    for (auto& each : candidates) {
        each.point = static_cast<std::uint32_t>(from.number());
        each.due_in = from.signed_number();
        each.period = from.signed_number();
    }
    adapter_bus::poll_result result;
    bus_->poll(candidates, probe, result);
    return to_wire(result);
}

std::string adapter_server::write(wire_reader& from) {
    const bool check_only = from.number() != 0;
    std::vector<adapter_bus::write_item> items(from.count());
    for (auto& item : items) {
        item.point = static_cast<point_index>(from.number());
        item.value = from.value();
    }
    return to_wire(bus_->write(items, check_only));
}

std::string adapter_server::plan(wire_reader& from) {
    std::vector<point_index> points(from.count());
    for (auto& point : points) point = static_cast<point_index>(from.number());
    return to_wire(bus_->plan(points));
}

std::string adapter_server::answer(const wire_frame& request) {
    wire_reader from(request.content);
    if (request.kind == wire_kind::describe) return describe();
    if (request.kind == wire_kind::create) return create(from);
    if (!bus_) return {};  // the gateway asks nothing before
    switch (request.kind) {
        case wire_kind::poll:
            return poll(from);
        case wire_kind::write:
            return write(from);
        case wire_kind::plan:
            return plan(from);
        case wire_kind::recall: {
            const auto device = from.index();
            bus_->recall(device, from.text());
            return {};
        }
        default:
            return {};
    }
}

bool send_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = send(to_gateway, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

/// Requests on their way from the thread that receives to the one that works.
class request_queue {
public:
    void put(wire_frame frame) {
        const std::lock_guard lock(mutex_);
        frames_.push_back(std::move(frame));
        filled_.notify_one();
    }
    wire_frame take() {
        std::unique_lock lock(mutex_);
        filled_.wait(lock, [this] { return !frames_.empty(); });
        wire_frame first = std::move(frames_.front());
        frames_.pop_front();
        return first;
    }

private:
    std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<wire_frame> frames_;
};

}  // namespace

int adapter_process_command(const std::string& object) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // also if the adapter hangs when the gateway is gone
    // A terminal's Ctrl-C is for the gateway, which says here what to do.
    std::signal(SIGINT, SIG_IGN);
    char probe = 0;
    if (recv(to_gateway, &probe, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == ENOTSOCK) {
        std::fputs("tidegate adapter-process is run by the gateway, not by hand\n", stderr);
        return 2;
    }
    adapter_server server(object);
    request_queue requests;
    std::thread([&] {
        for (;;) {
            const wire_frame request = requests.take();
            if (!send_all(framed(request.kind, server.answer(request)))) return;
        }
    }).detach();
    std::string received;
    char chunk[65536];
    for (;;) {
        const ssize_t count = recv(to_gateway, chunk, sizeof chunk, 0);
        if (count <= 0) break;
        received.append(chunk, static_cast<std::size_t>(count));
        bool bad = false;
        while (auto frame = take_frame(received, bad)) {
            if (frame->kind == wire_kind::interrupt)
                server.interrupt();
            else
                requests.put(std::move(*frame));
        }
        if (bad) break;
    }
    // The gateway has closed: whatever the adapter is at, nobody waits for it. Its clean-up is the kernel's.
    std::fflush(nullptr);
    _exit(0);
}

}  // namespace gateway

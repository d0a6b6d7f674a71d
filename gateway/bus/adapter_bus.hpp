// gateway/bus/adapter_bus.hpp: one bus of an adapter, as the gateway uses it: C++ values instead of the C interface.
// Not here: where the adapter runs, in this process (adapter_loaded.hpp) or in one of its own (adapter_process.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/adapter.h"
#include "config/findings.hpp"
#include "config/model.hpp"
#include "config/read.hpp"
#include "config/vocabulary.hpp"
#include "gateway/bus/reading.hpp"

namespace gateway {

/// One bus of an adapter. Calls as adapters/adapter.h says: all from one thread at a time, but for interrupt().
class adapter_bus {
public:
    adapter_bus() = default;
    virtual ~adapter_bus() = default;
    adapter_bus(const adapter_bus&) = delete;
    adapter_bus& operator=(const adapter_bus&) = delete;

    struct failure {
        point_index point = 0;
        std::string reason;
    };
    /// Bytes on the wire, for somebody who watches the bus (adapters/adapter.h, tidegate_frame).
    struct frame {
        tidegate_frame_direction direction = TIDEGATE_FRAME_SENT;
        std::string bytes;
        std::chrono::steady_clock::time_point at;  // of its last byte
    };
    /// What one request brought. Reused from poll to poll, so that a steady bus allocates little.
    struct poll_result {
        tidegate_outcome outcome = TIDEGATE_DONE;
        std::vector<reading> readings;
        std::vector<failure> failures;
        std::string note;
        bool has_stamp = false;
        store::stamp taken;                                        // when the first reading was reported
        std::vector<std::pair<std::size_t, std::string>> learned;  // by device: to be handed to recall() in the next life
        std::vector<tidegate_exchange> exchanges;                  // the requests made, if the adapter tells of them
        std::vector<frame> frames;                                 // while the bus is traced, and if the adapter can
    };
    virtual void poll(std::span<const tidegate_candidate> candidates, bool probe, poll_result& to) = 0;

    /// Whether trace() would be heeded, as far as the host knows. From any thread.
    virtual bool can_trace() const { return false; }
    /// Whether polls and writes gather frames from now on. False: this adapter can't.
    virtual bool trace(bool /*on*/) { return false; }

    /// Closes the port or connection, so that another bus may open it; the next poll opens it again. False: this adapter can't.
    virtual bool release() { return false; }

    virtual bool can_write() const = 0;
    struct write_item {
        point_index point = 0;
        gateway::value value;
    };
    struct write_result {
        tidegate_write_outcome outcome = TIDEGATE_WRITE_REJECTED;
        std::string sent;             // what went out, in words; empty: nothing did
        std::uint32_t exception = 0;  // 0: none
        std::string note;
        std::vector<frame> frames;
    };
    /// All `items` are of one device. `check_only`: no I/O.
    virtual adapter_bus::write_result write(std::span<const write_item> items, bool check_only) = 0;

    /// Before the first poll. `text`: what a poll_result of this device said in an earlier life, under the same config.
    virtual void recall(std::size_t device, const std::string& text) = 0;

    struct planned_request {
        std::string what;
        std::vector<point_index> points;
        std::size_t registers = 0;
        std::chrono::nanoseconds bus_time{0};
    };
    virtual std::vector<planned_request> plan(std::span<const point_index> points) = 0;

    virtual bool can_serve() const = 0;
    /// Serves simulated devices until interrupt(); false after note() said why.
    virtual bool serve(const std::function<void(std::string_view)>& listening,
                       const std::function<void(std::string_view)>& note) = 0;

    /// A line typed for the simulated devices; `note` says what came of it. Before or while they are served, from any thread.
    virtual tidegate_rehearsed rehearse(const std::string& /*line*/, const std::function<void(std::string_view)>& /*note*/) {
        return TIDEGATE_REHEARSE_NOT_MINE;
    }

    virtual void interrupt() = 0;
};

/// An adapter that can be used. Outlives its buses.
class installed_adapter {
public:
    virtual ~installed_adapter() = default;
    virtual const std::string& name() const = 0;
    virtual config::vocabulary vocabulary() const = 0;
    /// Null after a fault; every fault becomes an error with its place in the config file.
    virtual std::unique_ptr<adapter_bus> open(const config::bus& config, std::vector<config::diagnostic>& faults) const = 0;
};

}  // namespace gateway

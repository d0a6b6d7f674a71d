// gateway/adapter_host.hpp: loads adapters (shared objects), checks their version, and wraps the C ABI in C++ values.
// Not here: when a bus is polled (schedule.hpp) and on which thread (bus_thread.hpp).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/adapter.h"
#include "config/model.hpp"
#include "config/read.hpp"
#include "config/vocabulary.hpp"
#include "gateway/reading.hpp"

namespace gateway {

/// The adapters that are installed. Must outlive every adapter_bus made from it.
class adapter_host {
public:
    /// Loads every shared object in the folders (TIDEGATE_ADAPTERS, beside the program, the installed folder). An object
    /// that can't be used is passed over; why is said in problems(). The first of two with the same name wins.
    adapter_host();
    ~adapter_host();
    adapter_host(const adapter_host&) = delete;
    adapter_host& operator=(const adapter_host&) = delete;

    const tidegate_adapter* find(std::string_view name) const;
    std::vector<config::vocabulary> vocabularies() const;
    const std::vector<std::string>& problems() const { return problems_; }

    /// Unloads what this config doesn't use.
    void keep_only(const config::file& used);

private:
    struct library;
    void load(const std::filesystem::path& object);
    std::vector<std::unique_ptr<library>> libraries_;
    std::vector<std::string> problems_;
};

/// One bus of an adapter. Calls as adapters/adapter.h says: all from one thread at a time, but for interrupt().
class adapter_bus {
public:
    /// Null after a fault; every fault becomes an error with its place in the config file.
    static std::unique_ptr<adapter_bus> create(const tidegate_adapter& adapter, const config::bus& config,
                                               std::vector<config::diagnostic>& faults);
    ~adapter_bus();
    adapter_bus(const adapter_bus&) = delete;
    adapter_bus& operator=(const adapter_bus&) = delete;

    struct failure {
        point_index point = 0;
        std::string reason;
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
    };
    void poll(std::span<const tidegate_candidate> candidates, bool probe, poll_result& to);

    bool can_write() const;
    struct write_item {
        point_index point = 0;
        gateway::value value;
    };
    struct write_result {
        tidegate_write_outcome outcome = TIDEGATE_WRITE_REJECTED;
        std::string sent;             // what went out, in words; empty: nothing did
        std::uint32_t exception = 0;  // 0: none
        std::string note;
    };
    /// All `items` are of one device. `check_only`: no I/O.
    adapter_bus::write_result write(std::span<const write_item> items, bool check_only);

    /// Before the first poll. `text`: what a poll_result of this device said in an earlier life, under the same config.
    void recall(std::size_t device, const std::string& text);

    struct planned_request {
        std::string what;
        std::vector<point_index> points;
        std::size_t registers = 0;
        std::chrono::nanoseconds bus_time{0};
    };
    std::vector<planned_request> plan(std::span<const point_index> points);

    bool can_serve() const;
    /// Serves simulated devices until interrupt(); false after note() said why.
    bool serve(const std::function<void(std::string_view)>& listening, const std::function<void(std::string_view)>& note);

    /// A line typed for the simulated devices; `note` says what came of it. Before or while they are served, from any thread.
    tidegate_rehearsed rehearse(const std::string& line, const std::function<void(std::string_view)>& note);

    void interrupt();

private:
    adapter_bus(const tidegate_adapter& adapter, tidegate_bus* opened, std::size_t devices, std::size_t points)
        : adapter_(adapter), bus_(opened), devices_(devices), points_(points) {}
    const tidegate_adapter& adapter_;
    tidegate_bus* bus_;
    std::size_t devices_, points_;
};

}  // namespace gateway

// gateway/commission/commission_bus.hpp: a bus for the commissioning tools: what was typed → a small config, read and checked as
// any other, and opened; through the service that holds the port or the host, if one does (bus_visit.hpp). Not here: what a tool
// asks of it, and how an address is typed (bus_address.hpp).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "config/vocabulary.hpp"
#include "gateway/bus/adapter_bus.hpp"
#include "gateway/bus/adapter_host.hpp"
#include "gateway/commission/register_place.hpp"
#include "gateway/site.hpp"

namespace gateway {

/// What every tool is told of the bus.
struct bus_choice {
    std::string bus;                   // an address, or with a config file the name of one of its buses
    std::string config_path;           // empty: none
    std::vector<std::string> overlay;  // NAME=VALUE, in place of what the bus has: "timeout=200ms", "serial.baud=9600"
};

/// A device as the tool wants to ask it: its keys and its points' keys as they would stand in a config file between braces.
struct wanted_device {
    std::string name;                 // a config's name: letters, digits, '_', '-'
    std::string keys;                 // unit: 5
    std::vector<std::string> points;  // holding: 107, type: float32
    bool writable = false;            // all of them
};

/// A bus opened, with the devices that were wanted of it. The device's points are in their order, named p0, p1, …
class commission_bus {
public:
    struct answer {
        std::optional<gateway::value> value;
        std::string failure;  // if there is no value
    };
    struct answers {
        tidegate_outcome outcome = TIDEGATE_DONE;
        std::string note;             // if not done: why
        std::uint32_t exception = 0;  // the last one that the device answered with; 0: none
        std::vector<answer> points;
    };

    commission_bus(config::file file, std::unique_ptr<adapter_bus> opened, std::string service);

    /// Asks until all points of the device had their answer, or it gives none. `probe`: only the first point, and no longer than
    /// pays.
    answers read(std::size_t device, bool probe = false);
    /// Of `count` of its points, from `first` on.
    answers read_some(std::size_t device, std::size_t first, std::size_t count, bool probe = false);
    adapter_bus::write_result write(std::size_t device, std::size_t point, const value& what, bool check_only = false);
    /// Lets the port go until the next request.
    void release() { bus_->release(); }
    /// From any thread, for good: what waits ends as interrupted.
    void interrupt() { bus_->interrupt(); }

    adapter_bus& bus() { return *bus_; }
    const config::bus& config() const { return file_.buses.front(); }
    point_index number_of(std::size_t device, std::size_t point) const;
    /// The service that holds the bus and asks in our place; empty: we do so ourselves.
    const std::string& service() const { return service_; }
    /// A service that may hold the port and couldn't be asked; empty: there is none. It explains why the port is in use.
    const std::string& doubt() const { return doubt_; }
    void note_doubt(std::string about) { doubt_ = std::move(about); }

    config::file take_file() { return std::move(file_); }

private:
    void note_exception(answers& to) const;
    config::file file_;
    std::unique_ptr<adapter_bus> bus_;
    std::string service_;
    std::string doubt_;
    adapter_bus::poll_result result_;
};

/// The bus that was chosen, before it is opened: its settings can still be changed (scan tries speeds).
class chosen_bus {
public:
    /// Null, with `why` (one or several lines): no such bus, or what was typed is wrong.
    static std::unique_ptr<chosen_bus> find(const bus_choice& typed, std::string& why);

    std::string name;  // of the config's bus; empty without config
    std::string adapter;
    std::vector<config::setting> settings;

    /// For people: "tcp://10.0.0.5:502", "/dev/ttyUSB0".
    std::string place() const;
    /// The words of its adapter.
    config::vocabulary words() const;
    /// The config that it comes from; null: it was typed.
    const config::file* config() const { return site_ ? &*site_->config : nullptr; }

    /// Where each point of the device lies, as the adapter understands its keys. Empty, with `why`: it doesn't, or a point lies
    /// in none of the four tables. Sends nothing, holds nothing.
    std::vector<register_place> places(const wanted_device& device, std::string& why) const;

    /// Null, with `why`. Nothing is sent yet. May be called again, with other settings or devices, once the bus before is gone.
    std::unique_ptr<commission_bus> open(const std::vector<wanted_device>& devices, std::string& why) const;

private:
    std::unique_ptr<commission_bus> open_here(const std::string& text, std::string& why) const;
    std::string config_text(const std::vector<wanted_device>& devices) const;
    const adapter_host& adapters() const { return site_ ? site_->adapters : *adapters_; }

    std::unique_ptr<site> site_;
    std::unique_ptr<adapter_host> adapters_;  // without a config file
};

}  // namespace gateway

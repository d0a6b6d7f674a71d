// gateway/commission/commission_bus.cpp: see commission_bus.hpp.
#include "gateway/commission/commission_bus.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "config/findings.hpp"
#include "config/read.hpp"
#include "config/suggest.hpp"
#include "gateway/bus/visiting_bus.hpp"
#include "gateway/commission/bus_address.hpp"

namespace gateway {
namespace {

/// A bus of a config file that has errors elsewhere is of no use either: its settings may be half.
bool take_bus_of(const site& from, const std::string& wanted, chosen_bus& to, std::string& why) {
    std::vector<std::string> names;
    for (const auto& bus : from.config->buses) {
        names.push_back(bus.name);
        if (bus.name != wanted) continue;
        to.name = bus.name;
        to.adapter = bus.adapter;
        to.settings = bus.settings;
        return true;
    }
    why = from.path + " has no bus " + config::quoted(wanted) + config::did_you_mean(wanted, names) + "; it has " +
          config::one_of(names);
    return false;
}

bool overlay(chosen_bus& to, const std::vector<std::string>& typed, std::string& why) {
    for (const auto& one : typed) {
        const std::size_t equals = one.find('=');
        if (equals == std::string::npos || equals == 0) {
            why = config::quoted(one) + " is no setting; write NAME=VALUE";
            return false;
        }
        set(to.settings, one.substr(0, equals), one.substr(equals + 1));
    }
    return true;
}

/// What is wrong with the small config, in words that don't speak of its lines: the user has never seen them.
std::string told(const std::vector<config::diagnostic>& found) {
    std::string all;
    for (const auto& each : found) {
        if (each.severity != config::severity::error) continue;
        if (!all.empty()) all += '\n';
        all += each.message;
    }
    return all;
}

}  // namespace

// ---- Choosing ------------------------------------------------------------------------------------------------------------

std::unique_ptr<chosen_bus> chosen_bus::find(const bus_choice& typed, std::string& why) {
    auto made = std::make_unique<chosen_bus>();
    if (!typed.config_path.empty()) {
        made->site_ = load_site(typed.config_path, why);
        if (!made->site_) return nullptr;
        if (!made->site_->config) {
            print_diagnostics(*made->site_);
            why = "correct " + typed.config_path + " first, or name the bus by its address, without -c";
            return nullptr;
        }
        made->site_->buses.clear();  // they hold nothing yet, and we open our own
    } else {
        made->adapters_ = std::make_unique<adapter_host>();
    }
    const bool is_address = typed.bus.find('/') != std::string::npos;
    if (made->site_ && !is_address) {
        if (!take_bus_of(*made->site_, typed.bus, *made, why)) return nullptr;
    } else {
        made->adapter = "modbus";
        if (made->adapters().find(made->adapter) == nullptr) {
            why = "the adapter 'modbus' is not installed" + std::string(made->site_ ? " or not used by the config file" : "");
            return nullptr;
        }
        auto address = bus_address_of(typed.bus, made->words());
        if (!address) {
            why = address.error().message();
            return nullptr;
        }
        made->settings = std::move(address->settings);
    }
    if (!overlay(*made, typed.overlay, why)) return nullptr;
    return made;
}

std::string chosen_bus::place() const {
    const std::string place = place_of(settings);
    return place.empty() ? name : place;
}

config::vocabulary chosen_bus::words() const { return adapters().find(adapter)->vocabulary(); }

// ---- Opening -------------------------------------------------------------------------------------------------------------

std::string chosen_bus::config_text(const std::vector<wanted_device>& devices) const {
    std::string text = "gateway: { id: commissioning, writes: enabled }\nmqtt: { url: \"mqtt://localhost\" }\nbuses:\n  " +
                       (name.empty() ? "bus" : name) + ":\n    { adapter: " + adapter;
    if (!settings.empty()) text += ", " + flow_text(settings, config::scope::bus, words());
    text += ", devices: {";
    for (std::size_t d = 0; d < devices.size(); ++d) {
        const auto& device = devices[d];
        text += (d == 0 ? "\n      " : ",\n      ") + device.name + ": { every: 0s, " + device.keys +
                (device.keys.empty() ? "" : ", ") + "points: {";
        for (std::size_t p = 0; p < device.points.size(); ++p)
            text += (p == 0 ? "\n        p" : ",\n        p") + std::to_string(p) + ": { " + device.points[p] +
                    (device.writable ? ", writable: true }" : " }");
        text += " } }";
    }
    return text + " } }\n";
}

/// By ourselves; the port is opened by the first request.
std::unique_ptr<commission_bus> chosen_bus::open_here(const std::string& text, std::string& why) const {
    const std::vector<config::vocabulary> vocabularies{words()};
    auto read = config::read(text, vocabularies);
    if (!read.config) {
        why = told(read.diagnostics);
        return nullptr;
    }
    std::vector<config::diagnostic> faults;
    auto opened = adapters().find(adapter)->open(read.config->buses.front(), faults);
    if (!opened) {
        why = told(faults);
        return nullptr;
    }
    return std::make_unique<commission_bus>(std::move(*read.config), std::move(opened), "");
}

std::vector<register_place> chosen_bus::places(const wanted_device& device, std::string& why) const {
    const auto planned = open_here(config_text({device}), why);
    if (!planned) return {};
    std::vector<register_place> found;
    for (point_index point = 0; point < device.points.size(); ++point) {
        const auto requests = planned->bus().plan({&point, 1});
        auto place = requests.empty() ? std::nullopt : planned_place(requests.front().what, requests.front().registers);
        if (!place) {
            why = "it lies in none of the four tables";
            return {};
        }
        found.push_back(std::move(*place));
    }
    return found;
}

std::unique_ptr<commission_bus> chosen_bus::open(const std::vector<wanted_device>& devices, std::string& why) const {
    const std::string text = config_text(devices);
    auto own = open_here(text, why);  // also if a service asks in our place: what is wrong is said here
    if (!own) return nullptr;
    std::size_t points = 0;
    for (const auto& device : devices) points += device.points.size();
    found_service visited = find_service(config(), text, points);
    if (!visited.refused.empty()) {
        why = visited.refused;
        return nullptr;
    }
    if (visited.bus) return std::make_unique<commission_bus>(own->take_file(), std::move(visited.bus), visited.service);
    own->note_doubt(std::move(visited.doubt));
    return own;
}

// ---- Asking --------------------------------------------------------------------------------------------------------------

commission_bus::commission_bus(config::file file, std::unique_ptr<adapter_bus> opened, std::string service)
    : file_(std::move(file)), bus_(std::move(opened)), service_(std::move(service)) {}

point_index commission_bus::number_of(std::size_t device, std::size_t point) const {
    for (std::size_t before = 0; before < device; ++before) point += config().devices[before].points.size();
    return static_cast<point_index>(point);
}

commission_bus::answers commission_bus::read(std::size_t device, bool probe) {
    return read_some(device, 0, probe ? 1 : config().devices[device].points.size(), probe);
}

commission_bus::answers commission_bus::read_some(std::size_t device, std::size_t from, std::size_t count, bool probe) {
    answers got;
    got.points.resize(count);
    const point_index first = number_of(device, from);
    std::vector<tidegate_candidate> wanted;
    for (std::size_t p = 0; p < got.points.size(); ++p) wanted.push_back({static_cast<point_index>(first + p), 0, 0, 0});
    const auto take = [&](point_index point, answer what) {
        std::erase_if(wanted, [&](const tidegate_candidate& each) { return each.point == point; });
        if (point >= first && point - first < got.points.size()) got.points[point - first] = std::move(what);
    };
    // An adapter covers at least the first, so this ends.
    while (!wanted.empty()) {
        const std::size_t before = wanted.size();
        bus_->poll(wanted, probe, result_);
        got.outcome = result_.outcome;
        got.note = result_.note;
        note_exception(got);
        if (result_.outcome != TIDEGATE_DONE) break;
        for (auto& each : result_.readings) take(each.point, {std::move(each.value), {}});
        for (auto& each : result_.failures) take(each.point, {std::nullopt, std::move(each.reason)});
        if (wanted.size() < before) continue;
        take(wanted.front().point, {std::nullopt, "the adapter didn't read it"});
    }
    // What was refused together with others may be there by itself.
    for (std::size_t p = 0; p < got.points.size() && got.points.size() > 1 && got.outcome == TIDEGATE_DONE; ++p) {
        if (got.points[p].value) continue;
        const tidegate_candidate alone{static_cast<point_index>(first + p), 0, 0, 0};
        bus_->poll({&alone, 1}, false, result_);
        note_exception(got);
        if (result_.outcome != TIDEGATE_DONE) break;
        for (auto& each : result_.readings) take(each.point, {std::move(each.value), {}});
        for (auto& each : result_.failures) take(each.point, {std::nullopt, std::move(each.reason)});
    }
    for (auto& each : got.points)
        if (!each.value && each.failure.empty()) each.failure = got.note.empty() ? "no answer" : got.note;
    return got;
}

void commission_bus::note_exception(answers& to) const {
    for (const auto& each : result_.exchanges)
        if (each.result == TIDEGATE_EXCEPTION) to.exception = each.exception;
}

adapter_bus::write_result commission_bus::write(std::size_t device, std::size_t point, const value& what, bool check_only) {
    const adapter_bus::write_item item{number_of(device, point), what};
    return bus_->write({&item, 1}, check_only);
}

}  // namespace gateway

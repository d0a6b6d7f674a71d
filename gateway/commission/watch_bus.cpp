// gateway/commission/watch_bus.cpp: values that we ask for ourselves, of a config's devices or of a unit by its template.
#include <algorithm>

#include "config/read.hpp"
#include "config/suggest.hpp"
#include "gateway/commission/bus_address.hpp"
#include "gateway/commission/watch_source.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/template_folders.hpp"

namespace gateway {
namespace {

using clock = std::chrono::steady_clock;

/// A point's name and unit, and when its value came.
struct known_point {
    std::string name;
    std::string unit;
    clock::time_point taken{};
    watch_point shown;
};

struct watched_bus {
    std::unique_ptr<chosen_bus> chosen;
    std::unique_ptr<commission_bus> open;
    std::vector<watch_device> devices;
    std::vector<std::vector<known_point>> points;  // by device
};

class bus_source final : public watch_source {
public:
    bus_source(std::vector<watched_bus> buses, scan_stop& stop) : buses_(std::move(buses)), stop_(stop) {}

    std::string title() const override {
        std::string out = "asked of";
        for (const auto& one : buses_)
            out += ' ' + one.chosen->place() + (one.open->service().empty() ? "" : " (by its service)");
        return out;
    }

    bool refresh(std::vector<watch_device>& to, std::string& why) override {
        to.clear();
        for (auto& bus : buses_)
            for (std::size_t d = 0; d < bus.devices.size(); ++d) {
                if (stop_.stopped()) return why.clear(), false;
                read(bus, d);
                to.push_back(bus.devices[d]);
            }
        return true;
    }

private:
    void read(watched_bus& bus, std::size_t which) {
        auto& device = bus.devices[which];
        const auto begun = clock::now();
        stop_.watch(bus.open->bus());
        const auto got = bus.open->read(which);
        stop_.let_go(bus.open->bus());
        const auto now = clock::now();
        const bool done = got.outcome == TIDEGATE_DONE;
        device.state = done ? "online" : "offline";
        device.problem = done ? "" : got.note;
        device.errors += done ? 0 : 1;
        device.request_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - begun).count();
        device.points.clear();
        for (std::size_t p = 0; p < bus.points[which].size(); ++p) {
            auto& known = bus.points[which][p];
            if (p < got.points.size()) take(known, got.points[p], done, now);
            known.shown.age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - known.taken).count();
            device.points.push_back(known.shown);
        }
    }

    static void take(known_point& to, const commission_bus::answer& from, bool device_answers, clock::time_point now) {
        to.shown.name = to.name;
        to.shown.unit = to.unit;
        to.shown.problem = from.value || !device_answers ? "" : from.failure;
        if (!from.value) return;
        to.shown.json.clear();
        append_json(to.shown.json, *from.value);
        ++to.shown.readings;
        to.taken = now;
    }

    std::vector<watched_bus> buses_;
    scan_stop& stop_;
};

void add_device(watched_bus& to, std::vector<wanted_device>& wanted, const config::device& from, const std::string& keys,
                const config::vocabulary& words) {
    wanted_device device;
    device.name = from.name;
    device.keys = keys;
    auto& points = to.points.emplace_back();
    for (const auto& point : from.points) {
        if (point.compute) continue;  // the service computes them
        device.points.push_back(flow_text(point.settings, config::scope::point, words));
        points.push_back({point.name, point.unit, {}, {}});
    }
    watch_device shown;
    shown.name = from.name;
    shown.state = "unknown";
    to.devices.push_back(std::move(shown));
    wanted.push_back(std::move(device));
}

/// Opens it with these devices. False, with `why`.
bool open(watched_bus& one, const std::vector<wanted_device>& wanted, std::string& why) {
    one.open = one.chosen->open(wanted, why);
    return one.open != nullptr;
}

/// The devices of one bus of the config that are wanted; `found` counts them.
bool open_of_config(const watch_options& how, const config::bus& bus, std::vector<watched_bus>& to, std::string& why) {
    bus_choice choice;
    choice.bus = bus.name;
    choice.config_path = how.config_path;
    watched_bus one;
    one.chosen = chosen_bus::find(choice, why);
    if (!one.chosen) return false;
    const auto words = one.chosen->words();
    std::vector<wanted_device> wanted;
    for (const auto& device : bus.devices) {
        if (!how.what.empty() && std::find(how.what.begin(), how.what.end(), device.name) == how.what.end()) continue;
        add_device(one, wanted, device, flow_text(device.settings, config::scope::device, words), words);
    }
    if (wanted.empty()) return true;
    if (!open(one, wanted, why)) return false;
    to.push_back(std::move(one));
    return true;
}

std::unique_ptr<watch_source> watch_config(const watch_options& how, scan_stop& stop, std::string& why) {
    const auto site = load_site(how.config_path, why);
    if (!site) return nullptr;
    if (!site->config) {
        print_diagnostics(*site);
        why = "correct " + how.config_path + " first";
        return nullptr;
    }
    std::vector<std::string> names;
    for (const auto& bus : site->config->buses)
        for (const auto& device : bus.devices) names.push_back(device.name);
    for (const auto& each : how.what)
        if (std::find(names.begin(), names.end(), each) == names.end()) {
            why = how.config_path + " has no device '" + each + "'" + config::did_you_mean(each, names);
            return nullptr;
        }
    std::vector<watched_bus> buses;
    for (const auto& bus : site->config->buses)
        if (!open_of_config(how, bus, buses, why)) return nullptr;
    return std::make_unique<bus_source>(std::move(buses), stop);
}

}  // namespace

std::unique_ptr<watch_source> watch_bus(const watch_options& how, scan_stop& stop, std::string& why) {
    if (!how.config_path.empty()) return watch_config(how, stop, why);
    bus_choice choice;
    choice.bus = how.what.front();
    if (!how.timeout.empty()) choice.overlay.push_back("timeout=" + how.timeout);
    std::vector<watched_bus> buses(1);
    buses[0].chosen = chosen_bus::find(choice, why);
    if (!buses[0].chosen) return nullptr;
    const std::vector<config::vocabulary> words{buses[0].chosen->words()};
    const template_folders folders("");
    const auto read = config::read_template(how.template_name, words, folders);
    if (!read.config) {
        for (const auto& each : read.diagnostics)
            if (why.empty()) why = each.message;
        return nullptr;
    }
    const auto& device = read.config->buses.front().devices.front();
    auto settings = device.settings;
    gateway::set(settings, "unit", how.unit);
    auto named = device;
    named.name = "unit-" + how.unit;
    std::vector<wanted_device> wanted;
    add_device(buses[0], wanted, named, flow_text(settings, config::scope::device, words.front()), words.front());
    if (!open(buses[0], wanted, why)) return nullptr;
    return std::make_unique<bus_source>(std::move(buses), stop);
}

}  // namespace gateway

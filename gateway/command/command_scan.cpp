// gateway/command/command_scan.cpp: `tidegate scan`: finds what is on a bus or in a small network, says what it is, and writes a
// config. Not here: how (scan_bus.hpp, scan_identify.hpp).
#include <cstdio>

#include "config/units.hpp"
#include "gateway/command/output_file.hpp"
#include "gateway/command/scan_options.hpp"
#include "gateway/commission/bus_address.hpp"
#include "gateway/commission/scan_hosts.hpp"
#include "gateway/commission/scan_identify.hpp"
#include "gateway/commission/scan_report.hpp"
#include "gateway/commission/scan_screen.hpp"
#include "gateway/stop_signal.hpp"

namespace gateway {
namespace {

using std::chrono::milliseconds;

class scan_run {
public:
    scan_run(const scan_options& how, scan_stop& stop) : how_(how), stop_(stop), screen_(how.json) {}
    int run();

private:
    int usage(const std::string& why) {
        screen_.say("error: " + why);
        return 2;
    }
    bool take_wishes(const chosen_bus* bus, std::string& why);
    bool scan_one(chosen_bus& bus);
    int scan_hosts(const std::vector<std::string>& hosts);
    int finish();

    const scan_options& how_;
    scan_stop& stop_;
    scan_screen screen_;
    scan_wishes wishes_;
    scan_progress progress_{0};
    std::vector<template_facts> templates_;
    std::vector<config::vocabulary> words_;
    std::vector<scanned_bus> found_;
    std::size_t count_ = 0;
    bool several_ = false;  // hosts
    bool network_ = false;
};

bool scan_run::take_wishes(const chosen_bus* bus, std::string& why) {
    const bool serial = bus != nullptr && gateway::find(bus->settings, "serial.port") != nullptr;
    const bool network = bus == nullptr || gateway::find(bus->settings, "tcp.host") != nullptr;
    wishes_.units_typed = !how_.units.empty();
    auto units = units_of(wishes_.units_typed ? how_.units : "1-247", !network);
    if (!units) return why = "--units " + units.error().message(), false;
    wishes_.units = std::move(*units);
    wishes_.thorough = how_.thorough;
    network_ = network;
    wishes_.timeout = milliseconds(network ? 1000 : 500);
    const auto* of_bus = bus == nullptr ? nullptr : gateway::find(bus->settings, "timeout");
    const auto typed_time = how_.timeout.empty() && of_bus != nullptr ? of_bus->text : how_.timeout;
    if (!typed_time.empty()) {
        const auto time = config::parse_duration(typed_time);
        if (!time.value) return why = "--timeout: " + time.problem, false;
        wishes_.timeout = std::chrono::duration_cast<milliseconds>(*time.value);
        if (wishes_.timeout < milliseconds(1) || wishes_.timeout > milliseconds(60'000))
            return why = "--timeout: possible is 1ms to 60s", false;
    }
    const bool typed = !how_.bauds.empty() || !how_.parities.empty();
    wishes_.lines_typed = typed;
    if (typed && !serial) return why = "--baud and --parity are of a serial port", false;
    const bool settled = serial && (gateway::find(bus->settings, "serial.baud") != nullptr || !bus->name.empty());
    if (!serial || (settled && !typed)) return true;
    auto lines = lines_of(how_.bauds, how_.parities);
    if (!lines) return why = lines.error().message(), false;
    wishes_.lines = std::move(*lines);
    return true;
}

bool scan_run::scan_one(chosen_bus& bus) {
    auto& to = found_.emplace_back();
    const scan_watcher watcher{[&](const std::string& what) { screen_.show(progress_, what, count_); },
                               [&](const found_unit& one) {
                                   ++count_;
                                   screen_.say((several_ ? to.place + ": " : "") + found_text(one));
                               }};
    bus_scan(bus, wishes_, stop_, progress_, watcher).run(to);
    if (!to.problem.empty()) screen_.say("error: " + to.problem);
    for (auto& one : to.units) {
        if (!how_.identify || stop_.stopped()) break;
        screen_.show(progress_, "what is unit " + std::to_string(one.unit) + "?", count_);
        if (!gateway::identify(bus, one, templates_, wishes_.timeout, stop_)) to.complete = false;
    }
    return to.problem.empty();
}

int scan_run::scan_hosts(const std::vector<std::string>& hosts) {
    progress_.add(hosts.size());
    const auto timeout = std::min(wishes_.timeout, milliseconds(1000));
    auto last = std::chrono::steady_clock::now();
    const auto done = [&] {
        const auto now = std::chrono::steady_clock::now();
        progress_.done(now - last);
        last = now;
        screen_.show(progress_, "connecting", count_);
    };
    const auto listening = hosts_that_listen(hosts, timeout, done, [&] { return stop_.stopped(); });
    screen_.say(std::to_string(listening.size()) + " of " + std::to_string(hosts.size()) + " hosts take a connection");
    several_ = true;
    progress_.add(listening.size() * bus_scan::first_questions);
    for (const auto& each : listening) {
        if (stop_.stopped()) break;
        progress_.skip(bus_scan::first_questions);  // it adds them itself
        std::string why;
        bus_choice choice;
        choice.bus = each;
        const auto bus = chosen_bus::find(choice, why);
        if (!bus) return usage(why);
        std::ignore = scan_one(*bus);  // one host that fails is told, and the next one asked
    }
    return finish();
}

int scan_run::finish() {
    screen_.clear();
    const auto text = how_.json ? report_json(found_) : report_text(found_);
    std::fputs(text.c_str(), stdout);
    if (found_.empty() && !how_.json) std::puts("Nothing was found.");
    if (stop_.stopped()) screen_.say("Stopped; what had been found by then is kept.");
    const bool any = std::any_of(found_.begin(), found_.end(), [](const auto& one) { return !one.units.empty(); });
    if (!any) {
        const bool asked = std::any_of(found_.begin(), found_.end(), [](const auto& one) { return one.problem.empty(); });
        if (asked && network_)
            screen_.say(
                "No unit answered. Is it Modbus TCP that is spoken there? Other units (--units 1-247), slower devices (--timeout "
                "5s "
                "--thorough)?");
        else if (asked)
            screen_.say(
                "No unit answered. Other wires (A and B changed over?), other speeds (--baud, --parity), slower devices "
                "(--timeout 2s --thorough)?");
        return 1;
    }
    if (how_.output_path.empty()) return 0;
    std::string why;
    const auto modbus = std::find_if(words_.begin(), words_.end(), [](const auto& one) { return one.adapter == "modbus"; });
    if (!write_output(how_.output_path, how_.replace, stub_text(found_, *modbus), why)) {
        screen_.say("error: " + why);
        return 1;
    }
    screen_.say("Written to " + how_.output_path + "; next: tidegate check -c " + how_.output_path);
    return 0;
}

int scan_run::run() {
    std::string why;
    const bool network = how_.config_path.empty() && how_.bus.starts_with("tcp://");
    std::vector<std::string> hosts;
    if (network) {
        auto typed = hosts_of(how_.bus);
        if (!typed) return usage(typed.error().message());
        hosts = std::move(*typed);
    }
    std::unique_ptr<chosen_bus> bus;
    if (hosts.size() <= 1) {
        bus_choice choice;
        choice.bus = hosts.empty() ? how_.bus : hosts.front();
        choice.config_path = how_.config_path;
        bus = chosen_bus::find(choice, why);
        if (!bus) return usage(why);
        if (bus->adapter != "modbus")
            return usage("only Modbus buses can be scanned, and this one has the adapter '" + bus->adapter + "'");
    }
    if (!take_wishes(bus.get(), why)) return usage(why);
    const adapter_host adapters(foreign_adapters::this_process);
    words_ = adapters.vocabularies();
    if (how_.identify) templates_ = template_library_facts(how_.config_path, words_);
    if (hosts.size() > 1) return scan_hosts(hosts);
    const bool good = scan_one(*bus);
    const auto code = finish();
    return good ? code : 1;
}

}  // namespace

int scan_command(const scan_options& how) {
    scan_stop stop;
    const stop_signal signals([&] { stop.stop(); });
    return scan_run(how, stop).run();
}

}  // namespace gateway

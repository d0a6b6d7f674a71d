// gateway/command/command_scan.cpp: `tidegate scan`: finds what is on a bus or in a small network, says what it is, and writes a
// config. Not here: how (scan_bus.hpp, scan_identify.hpp).
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "config/suggest.hpp"
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

/// Hosts. A silent one costs a time-out a unit, and in a network there are many (a web server on port 502, a gateway that is
/// busy).
constexpr std::size_t scanned_at_once = 8;

std::vector<std::string> choices_of(const chosen_bus& bus, std::string_view key) {
    const auto words = bus.words();
    const auto found = std::find_if(words.keys.begin(), words.keys.end(), [&](const auto& one) { return one.path == key; });
    return found == words.keys.end() ? std::vector<std::string>() : found->choices;
}

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
    void scan_one(chosen_bus& bus, scanned_bus& to);
    void scan_host(const std::string& address, scanned_bus& to);
    void note(const scan_progress& now, scan_progress& before);
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
    std::mutex mutex_;  // hosts are asked side by side: of what follows, and of the screen
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
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
    for (const auto& one : *lines)
        if (const auto rates = choices_of(*bus, "serial.baud");
            std::find(rates.begin(), rates.end(), std::to_string(one.baud)) == rates.end())
            return why = "--baud: " + std::to_string(one.baud) + " is no speed of serial ports; possible is " +
                         config::one_of(rates),
                   false;
    wishes_.lines = std::move(*lines);
    return true;
}

/// Of one bus → of all. What a question takes is the time since the last one of any of them. Requires the lock.
void scan_run::note(const scan_progress& now, scan_progress& before) {
    const auto at = std::chrono::steady_clock::now();
    const auto answers = now.count() - before.count();
    progress_.add(now.total() - now.count());
    progress_.skip(before.total() - before.count());
    for (std::size_t i = 0; i < answers; ++i) progress_.add(1), progress_.done((at - last_) / answers);
    last_ = at;
    before = now;
}

void scan_run::scan_one(chosen_bus& bus, scanned_bus& to) {
    const auto where = several_ ? bus.place() + ": " : "";
    scan_progress own{0};
    scan_progress noted{0};
    const auto show = [&](const std::string& what) {
        const std::lock_guard lock(mutex_);
        note(own, noted);
        screen_.show(progress_, where + what, count_);
    };
    const auto say = [&](const std::string& line) {
        const std::lock_guard lock(mutex_);
        screen_.say(line);
    };
    const scan_watcher watcher{show, [&](const found_unit& one) {
                                   const std::lock_guard lock(mutex_);
                                   ++count_;
                                   screen_.say(where + found_text(one));
                               }};
    bus_scan(bus, wishes_, stop_, own, watcher).run(to);
    {
        const std::lock_guard lock(mutex_);
        own.skip(own.total() - own.count());  // that were found needless, or in vain
        note(own, noted);
    }
    if (!to.problem.empty()) say("error: " + to.problem);
    for (auto& one : to.units) {
        if (!how_.identify || stop_.stopped()) break;
        show("what is unit " + std::to_string(one.unit) + "?");
        if (!gateway::identify(bus, one, templates_, wishes_.timeout, stop_)) to.complete = false;
    }
}

/// One that fails is told, and the others are asked.
void scan_run::scan_host(const std::string& address, scanned_bus& to) {
    bus_choice choice;
    choice.bus = address;
    const auto bus = chosen_bus::find(choice, to.problem);
    if (bus) return scan_one(*bus, to);
    to.place = address;
    const std::lock_guard lock(mutex_);
    screen_.say("error: " + to.problem);
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
    last_ = std::chrono::steady_clock::now();
    found_.resize(listening.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i = next++; i < listening.size() && !stop_.stopped(); i = next++) {
            {
                const std::lock_guard lock(mutex_);
                progress_.skip(bus_scan::first_questions);  // it adds them itself
            }
            scan_host(listening[i], found_[i]);
        }
    };
    {
        std::vector<std::jthread> asking;
        for (std::size_t i = 0; i < std::min(listening.size(), scanned_at_once); ++i) asking.emplace_back(work);
    }
    std::erase_if(found_, [](const scanned_bus& one) { return one.place.empty(); });  // it was stopped before
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
    scan_one(*bus, found_.emplace_back());
    const bool good = found_.back().problem.empty();
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

// gateway/commission/scan_ask.cpp: see scan_ask.hpp.
#include "gateway/commission/scan_ask.hpp"

#include <algorithm>

namespace gateway {
namespace {

/// What the adapter says of a plain silence; whatever follows it tells of something that was heard.
bool is_plain_silence(const std::string& note) {
    const auto at = note.find("no answer within ");
    return at != std::string::npos && note.find_first_of(",:", at) == std::string::npos;
}

/// A gateway's words for a unit that isn't behind it (exceptions 10 and 11).
bool is_absent(const std::string& reason) { return reason.starts_with("exception 10") || reason.starts_with("exception 11"); }

}  // namespace

void scan_stop::stop() {
    stopped_ = true;
    const std::lock_guard lock(mutex_);
    for (auto* each : buses_) each->interrupt();
}

void scan_stop::watch(adapter_bus& bus) {
    const std::lock_guard lock(mutex_);
    buses_.push_back(&bus);
    if (stopped_) bus.interrupt();
}

void scan_stop::let_go(adapter_bus& bus) {
    const std::lock_guard lock(mutex_);
    std::erase(buses_, &bus);
}

std::unique_ptr<scanned_line> scanned_line::open(const chosen_bus& bus, const std::vector<wanted_device>& devices,
                                                 scan_stop& stop, std::string& why) {
    auto opened = bus.open(devices, why);
    return opened ? std::unique_ptr<scanned_line>(new scanned_line(std::move(opened), stop)) : nullptr;
}

scanned_line::scanned_line(std::unique_ptr<commission_bus> bus, scan_stop& stop) : bus_(std::move(bus)), stop_(stop) {
    stop_.watch(bus_->bus());
}

scanned_line::~scanned_line() { stop_.let_go(bus_->bus()); }

asked scanned_line::ask(std::size_t device, std::size_t point, bool brief) {
    const tidegate_candidate one{bus_->number_of(device, point), 0, 0, 0};
    const auto begun = std::chrono::steady_clock::now();
    bus_->bus().poll({&one, 1}, brief, result_);
    asked out;
    out.took = std::chrono::steady_clock::now() - begun;
    switch (result_.outcome) {
        case TIDEGATE_DONE:
            out.what = heard::answered;
            if (!result_.readings.empty()) {
                out.value = std::move(result_.readings.front().value);
            } else if (!result_.failures.empty()) {
                out.words = result_.failures.front().reason;
                out.what = is_absent(out.words) ? heard::absent : heard::exception;
            }
            break;
        case TIDEGATE_DEVICE_BUSY:
            out.what = heard::exception;
            out.words = "it is busy";
            break;
        case TIDEGATE_DEVICE_DOWN:
            out.what = heard::absent;
            break;
        case TIDEGATE_BUS_DOWN:
            out.what = heard::bus_down;
            out.words = result_.note;
            break;
        case TIDEGATE_INTERRUPTED:
            out.what = heard::interrupted;
            break;
        case TIDEGATE_DEVICE_SILENT:
            out.what = is_plain_silence(result_.note) ? heard::silence : heard::disturbed;
            out.words = result_.note;
            break;
    }
    if (stop_.stopped() && out.what == heard::silence) out.what = heard::interrupted;
    return out;
}

}  // namespace gateway

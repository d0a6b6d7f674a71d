// adapters/simulated/simulated.cpp: devices that don't exist, with values that can be foretold; and the template for an adapter.
// Not here: anything but adapters/adapter.h. Copy this file to begin an adapter of your own; it needs nothing else of Tidegate.
//
// What an adapter consists of, in the order of this file: the keys that it adds to the config file; its bus, made from them by
// create(); poll(), which talks to the devices; interrupt(), which ends a poll that waits; plan(), which says beforehand what
// polls will cost; and the one symbol by which the host finds all this.
//
//     buses:
//       bench:
//         adapter: simulated
//         delay: 5ms
//         devices:
//           tank:
//             points:
//               polls: { wave: counter }
//               level: { wave: sine, from: 10, to: 90, period: 120 }
//
// A value depends on how many times its point was polled before, and on nothing else, so that a test can foretell it and a
// counter shows at the other end whether a reading was lost or doubled.
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.h"

namespace {

// ---- The keys. The host reads the config file, checks each value against this table and tells the user about misspellings;
// ---- what is left for create() is what a table can't say.

constexpr int64_t one_hour = 3'600'000'000'000;
constexpr int64_t most_polls = 1'000'000'000;
constexpr double whole_below = 9'007'199'254'740'992;  // from here on a double doesn't count every number

const tidegate_key keys[] = {
    {TIDEGATE_BUS, TIDEGATE_KEY_DURATION, "delay", "", 0, one_hour, "how long each poll takes, default 0s"},
    {TIDEGATE_DEVICE, TIDEGATE_KEY_BOOLEAN, "silent", "", 0, 0, "true: the device never answers, default false"},
    {TIDEGATE_POINT, TIDEGATE_KEY_CHOICE, "wave", "counter|sine|square|constant|text", 0, 0,
     "what the value does from poll to poll, default counter"},
    {TIDEGATE_POINT, TIDEGATE_KEY_NUMBER, "from", "", 0, 0, "the least value, default 0"},
    {TIDEGATE_POINT, TIDEGATE_KEY_NUMBER, "to", "", 0, 0, "the greatest value, default 1; a counter has none by default"},
    {TIDEGATE_POINT, TIDEGATE_KEY_INTEGER, "period", "", 1, most_polls, "polls that a sine or square takes, default 60"},
    {TIDEGATE_POINT, TIDEGATE_KEY_TEXT, "value", "", 0, 0, "the value of a constant (a number) or of a text"},
};

// ---- The bus, as create() makes it.

enum class wave { counter, sine, square, constant, text };

struct point {
    wave kind = wave::counter;
    double from = 0;
    std::optional<double> to;
    int64_t period = 60;
    std::optional<std::string> value;
    size_t device = 0;
    uint64_t polls = 0;  // how often it was polled before
};

struct device {
    bool silent = false;
};

}  // namespace

// The host knows this type by name only.
struct tidegate_bus {
    std::chrono::nanoseconds delay{0};
    std::vector<device> devices;
    std::vector<point> points;  // by the number that the host gave them

    // interrupt() comes from another thread while poll() waits; nothing else of the bus is shared.
    std::mutex mutex;
    std::condition_variable interruption;
    bool interrupted = false;
};

namespace {

wave wave_of(std::string_view word) {
    if (word == "sine") return wave::sine;
    if (word == "square") return wave::square;
    if (word == "constant") return wave::constant;
    if (word == "text") return wave::text;
    return wave::counter;
}

/// A whole number where `text` is one, so that it is printed as such.
std::optional<tidegate_value> number_of(const std::string& text) {
    const char* const end = text.data() + text.size();
    tidegate_value value{};
    value.kind = TIDEGATE_INTEGER;
    if (const auto [stop, error] = std::from_chars(text.data(), end, value.as.integer); error == std::errc() && stop == end) {
        return value;
    }
    value.kind = TIDEGATE_FLOAT64;
    if (const auto [stop, error] = std::from_chars(text.data(), end, value.as.number);
        error == std::errc() && stop == end && std::isfinite(value.as.number)) {
        return value;
    }
    return std::nullopt;
}

/// Each setting is of a key that the table above names, and of its type and range: the host has seen to that. What a setting
/// points to is gone when create() returns, so everything is copied.
point read_point(const tidegate_point_config& config) {
    point made;
    for (size_t index = 0; index < config.setting_count; ++index) {
        const tidegate_setting& setting = config.settings[index];
        const std::string_view path = setting.path;
        if (path == "wave") made.kind = wave_of(setting.text);
        if (path == "from") made.from = setting.number;
        if (path == "to") made.to = setting.number;
        if (path == "period") made.period = setting.integer;
        if (path == "value") made.value = setting.text;
    }
    return made;
}

bool has(const tidegate_point_config& config, std::string_view path) {
    for (size_t index = 0; index < config.setting_count; ++index) {
        if (config.settings[index].path == path) return true;
    }
    return false;
}

/// Reports every fault of a point, not only the first, and names the key at fault. True: there was none.
bool check_point(const tidegate_point_config& config, const point& made, size_t index, const tidegate_faults& faults) {
    bool good = true;
    const auto fault = [&](const char* path, const char* message) {
        good = false;
        faults.report(faults.context, TIDEGATE_POINT, index, path, message);
    };
    const bool fixed = made.kind == wave::constant || made.kind == wave::text;
    if (fixed && !made.value) fault("wave", "a constant or text needs its value: say value: …");
    if (!fixed && made.value) fault("value", "only a constant or a text has a value");
    if (made.kind == wave::constant && made.value && !number_of(*made.value)) {
        fault("value", "a constant's value is a number; for words there is wave: text");
    }
    for (const char* const path : {"from", "to"}) {
        if (fixed && has(config, path)) fault(path, "a constant or text has no range");
    }
    if ((fixed || made.kind == wave::counter) && has(config, "period")) fault("period", "only a sine or square has a period");
    if (!fixed && made.to && *made.to <= made.from) fault("to", "must be greater than from");
    return good;
}

/// No I/O here: the host may make a bus only to check a config.
tidegate_bus* create(const tidegate_bus_config* config, const tidegate_faults* faults) {
    auto bus = std::make_unique<tidegate_bus>();
    bool good = true;
    for (size_t index = 0; index < config->setting_count; ++index) {
        if (std::string_view(config->settings[index].path) == "delay") {
            bus->delay = std::chrono::nanoseconds(config->settings[index].integer);
        }
    }
    for (size_t index = 0; index < config->point_count; ++index) {
        bus->points.push_back(read_point(config->points[index]));
        good = check_point(config->points[index], bus->points.back(), index, *faults) && good;
    }
    for (size_t number = 0; number < config->device_count; ++number) {
        const tidegate_device_config& from = config->devices[number];
        device& made = bus->devices.emplace_back();
        for (size_t index = 0; index < from.setting_count; ++index) {
            if (std::string_view(from.settings[index].path) == "silent") made.silent = from.settings[index].integer != 0;
        }
        for (size_t index = 0; index < from.point_count; ++index) bus->points[from.first_point + index].device = number;
    }
    return good ? bus.release() : nullptr;
}

void destroy(tidegate_bus* bus) { delete bus; }

// ---- Polling.

double counted(const point& of) {
    if (!of.to) return of.from + static_cast<double>(of.polls);
    // From from to to and round again, both included where to is a whole step away.
    const double steps = std::floor(*of.to - of.from) + 1;
    return of.from + std::fmod(static_cast<double>(of.polls), steps);
}

double waved(const point& of) {
    const double to = of.to.value_or(of.from + 1);
    const double part = static_cast<double>(of.polls % static_cast<uint64_t>(of.period)) / static_cast<double>(of.period);
    if (of.kind == wave::square) return part < 0.5 ? of.from : to;
    return of.from + (to - of.from) * (1 - std::cos(2 * std::numbers::pi * part)) / 2;
}

tidegate_value value_of(const point& of) {
    tidegate_value value{};
    if (of.kind == wave::constant) return *number_of(*of.value);
    if (of.kind == wave::text) {
        value.kind = TIDEGATE_TEXT;
        value.length = static_cast<uint32_t>(of.value->size());
        value.as.text = of.value->c_str();  // the point's own: it outlives the call that reports it
        return value;
    }
    const double number = of.kind == wave::counter ? counted(of) : waved(of);
    if (of.kind == wave::counter && number == std::floor(number) && std::abs(number) < whole_below) {
        value.kind = TIDEGATE_INTEGER;
        value.as.integer = static_cast<int64_t>(number);
    } else {
        value.kind = TIDEGATE_FLOAT64;
        value.as.number = number;
    }
    return value;
}

/// False: interrupted. A poll that waits for a device must be able to end early, or the host can't stop.
bool wait(tidegate_bus& bus) {
    std::unique_lock lock(bus.mutex);
    return !bus.interruption.wait_for(lock, bus.delay, [&] { return bus.interrupted; });
}

/// One request to the device of candidates[0], which covers as many of the candidates as it can; here, all of them. A device
/// thought to be dead is asked for the first alone, as cheaply as it can be asked.
uint32_t poll(tidegate_bus* bus, const tidegate_poll* poll, const tidegate_readings* readings) {
    if (!wait(*bus)) return TIDEGATE_INTERRUPTED;
    const device& asked = bus->devices[bus->points[poll->candidates[0].point].device];
    if (asked.silent) {
        readings->note(readings->context, "silent, as configured");
        return TIDEGATE_DEVICE_SILENT;
    }
    const size_t count = (poll->flags & TIDEGATE_PROBE) != 0 ? 1 : poll->candidate_count;
    for (size_t index = 0; index < count; ++index) {
        const uint32_t number = poll->candidates[index].point;
        point& of = bus->points[number];
        const tidegate_value value = value_of(of);
        ++of.polls;
        readings->value(readings->context, number, &value);
    }
    return TIDEGATE_DONE;
}

/// For good: the host interrupts a bus when it is about to destroy it.
void interrupt(tidegate_bus* bus) {
    const std::lock_guard lock(bus->mutex);
    bus->interrupted = true;
    bus->interruption.notify_all();
}

// ---- What `tidegate check` shows: one request for each device, with all its points.

void plan(tidegate_bus* bus, const uint32_t* points, size_t point_count, const tidegate_plan* plan) {
    if (point_count == 0) return;
    const std::string what = "simulated, " + std::to_string(point_count) + (point_count == 1 ? " point" : " points");
    const tidegate_planned_request request{sizeof request, what.c_str(), points, point_count, point_count, bus->delay.count()};
    plan->request(plan->context, &request);
}

// ---- The table of all this. No exception may cross into the host, which may be built by another compiler: noexcept makes
// ---- one that nobody expected (memory has run out) end the process here, where it happened.

const tidegate_adapter adapter = {
    .struct_size = sizeof adapter,
    .abi_version = TIDEGATE_ADAPTER_ABI,
    .name = "simulated",
    .version = "1",
    .keys = keys,
    .key_count = std::size(keys),
    .create = [](const tidegate_bus_config* config, const tidegate_faults* faults) noexcept { return create(config, faults); },
    .destroy = [](tidegate_bus* bus) noexcept { destroy(bus); },
    .plan = [](tidegate_bus* bus, const uint32_t* points, size_t count,
               const tidegate_plan* to) noexcept { plan(bus, points, count, to); },
    .poll = [](tidegate_bus* bus, const tidegate_poll* what,
               const tidegate_readings* to) noexcept { return poll(bus, what, to); },
    .interrupt = [](tidegate_bus* bus) noexcept { interrupt(bus); },
    .serve = nullptr,   // there is nothing to serve: these devices are simulated already
    .write = nullptr,   // nothing of them can be set
    .recall = nullptr,  // nothing of them has to be learned
};

}  // namespace

// A host that speaks a later ABI says so here; an adapter that can't speak it returns NULL and is left out.
extern "C" __attribute__((visibility("default"))) const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi) {
    return host_abi == TIDEGATE_ADAPTER_ABI ? &adapter : nullptr;
}

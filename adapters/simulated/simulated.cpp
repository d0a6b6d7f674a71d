// adapters/simulated/simulated.cpp: devices that don't exist, with values that can be foretold; and the template for an adapter.
// Not here: anything but adapters/adapter.h. Copy this file to begin an adapter of your own; it needs nothing else of Tidegate.
//
// What an adapter consists of, in the order of this file: the keys that it adds to the config file; its bus, made from them by
// create(); poll(), which talks to the devices; write(), which sets what can be set; interrupt(), which ends a poll that waits;
// plan(), which says beforehand what polls will cost; and the one symbol by which the host finds all this.
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
//               valve: { wave: held, value: 20, writable: true }
//
// A value depends on how many times its point was polled before, and on nothing else, so that a test can foretell it and a
// counter shows at the other end whether a reading was lost or doubled. What is held is what was written last; `on_write` makes
// such a point as difficult as devices can be, and wave: writes counts the writes that came to its device.
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
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
    {TIDEGATE_BUS, TIDEGATE_KEY_DURATION, "delay", "", 0, one_hour, "how long each poll or write takes, default 0s"},
    {TIDEGATE_BUS, TIDEGATE_KEY_TEXT, "journal", "", 0, 0,
     "a file that outlives the process: each write is noted there, and held values are read from it at the start"},
    {TIDEGATE_DEVICE, TIDEGATE_KEY_BOOLEAN, "silent", "", 0, 0, "true: the device never answers, default false"},
    {TIDEGATE_POINT, TIDEGATE_KEY_CHOICE, "wave", "counter|sine|square|constant|text|held|writes", 0, 0,
     "what the value does from poll to poll, default counter"},
    {TIDEGATE_POINT, TIDEGATE_KEY_NUMBER, "from", "", 0, 0, "the least value, default 0"},
    {TIDEGATE_POINT, TIDEGATE_KEY_NUMBER, "to", "", 0, 0, "the greatest value, default 1; a counter has none by default"},
    {TIDEGATE_POINT, TIDEGATE_KEY_INTEGER, "period", "", 1, most_polls, "polls that a sine or square takes, default 60"},
    {TIDEGATE_POINT, TIDEGATE_KEY_TEXT, "value", "", 0, 0,
     "the value of a constant (a number) or of a text; what a held one begins with"},
    {TIDEGATE_POINT, TIDEGATE_KEY_CHOICE, "on_write", "take|refuse|ignore|busy|lose|forget_answer", 0, 0,
     "what a held point does when it is written, default take: refuse it, accept it and change nothing, take it and say busy, or "
     "don't answer, without (lose) or with (forget_answer) having changed"},
};

// ---- The bus, as create() makes it.

enum class wave { counter, sine, square, constant, text, held, writes };
enum class on_write { take, refuse, ignore, busy, lose, forget_answer };

struct point {
    wave kind = wave::counter;
    double from = 0;
    std::optional<double> to;
    int64_t period = 60;
    std::optional<std::string> value;
    on_write manner = on_write::take;
    std::string name;  // with its device's
    size_t device = 0;
    uint64_t polls = 0;  // how often it was polled before
};

struct device {
    bool silent = false;
    int64_t writes = 0;
};

}  // namespace

// The host knows this type by name only.
struct tidegate_bus {
    std::chrono::nanoseconds delay{0};
    std::string journal;
    bool journal_was_read = false;
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
    if (word == "held") return wave::held;
    if (word == "writes") return wave::writes;
    return wave::counter;
}

on_write manner_of(std::string_view word) {
    if (word == "refuse") return on_write::refuse;
    if (word == "ignore") return on_write::ignore;
    if (word == "busy") return on_write::busy;
    if (word == "lose") return on_write::lose;
    if (word == "forget_answer") return on_write::forget_answer;
    return on_write::take;
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
        if (path == "on_write") made.manner = manner_of(setting.text);
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
    const bool fixed = made.kind != wave::counter && made.kind != wave::sine && made.kind != wave::square;
    const bool has_value = made.kind == wave::constant || made.kind == wave::text || made.kind == wave::held;
    if (has_value && !made.value) fault("wave", "a constant, a text or what is held needs its value: say value: …");
    if (!has_value && made.value) fault("value", "only a constant, a text or what is held has a value");
    if (made.kind != wave::held && has(config, "on_write")) fault("on_write", "only what is held can be written");
    if (made.kind == wave::constant && made.value && !number_of(*made.value)) {
        fault("value", "a constant's value is a number; for words there is wave: text");
    }
    for (const char* const path : {"from", "to"}) {
        if (fixed && has(config, path)) fault(path, "a constant, a text, what is held and a count of writes have no range");
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
        const std::string_view path = config->settings[index].path;
        if (path == "delay") bus->delay = std::chrono::nanoseconds(config->settings[index].integer);
        if (path == "journal") bus->journal = config->settings[index].text;
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
        for (size_t index = 0; index < from.point_count; ++index) {
            point& of = bus->points[from.first_point + index];
            of.device = number;
            of.name = std::string(from.name) + '/' + config->points[from.first_point + index].name;
        }
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
    if (of.kind == wave::held)
        if (const auto number = number_of(*of.value)) return *number;
    if (of.kind == wave::held && (*of.value == "true" || *of.value == "false")) {
        value.kind = TIDEGATE_BOOLEAN;
        value.as.integer = *of.value == "true" ? 1 : 0;
        return value;
    }
    if (of.kind == wave::text || of.kind == wave::held) {
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

/// Before the first poll: what the journal says was written in earlier lives. A line is `device/point=value`.
void read_journal(tidegate_bus& bus) {
    std::FILE* const file = std::fopen(bus.journal.c_str(), "re");
    if (file == nullptr) return;  // nothing was written yet
    char line[1024];
    while (std::fgets(line, sizeof line, file) != nullptr) {
        std::string_view text = line;
        if (!text.ends_with('\n')) break;
        text.remove_suffix(1);
        const size_t sign = text.find('=');
        for (point& of : bus.points) {
            if (of.kind != wave::held || text.substr(0, sign) != of.name) continue;
            ++bus.devices[of.device].writes;
            if (of.manner == on_write::take || of.manner == on_write::busy || of.manner == on_write::forget_answer)
                of.value = text.substr(sign + 1);
        }
    }
    std::fclose(file);
}

/// One request to the device of candidates[0], which covers as many of the candidates as it can; here, all of them. A device
/// thought to be dead is asked for the first alone, as cheaply as it can be asked.
uint32_t poll(tidegate_bus* bus, const tidegate_poll* poll, const tidegate_readings* readings) {
    if (!wait(*bus)) return TIDEGATE_INTERRUPTED;
    if (!bus->journal_was_read) {
        bus->journal_was_read = true;
        if (!bus->journal.empty()) read_journal(*bus);
    }
    const device& asked = bus->devices[bus->points[poll->candidates[0].point].device];
    if (asked.silent) {
        readings->note(readings->context, "silent, as configured");
        return TIDEGATE_DEVICE_SILENT;
    }
    const size_t count = (poll->flags & TIDEGATE_PROBE) != 0 ? 1 : poll->candidate_count;
    for (size_t index = 0; index < count; ++index) {
        const uint32_t number = poll->candidates[index].point;
        point& of = bus->points[number];
        tidegate_value value = value_of(of);
        if (of.kind == wave::writes) {
            value.kind = TIDEGATE_INTEGER;
            value.as.integer = bus->devices[of.device].writes;
        }
        ++of.polls;
        readings->value(readings->context, number, &value);
    }
    return TIDEGATE_DONE;
}

// ---- Writing.

std::string text_of(const tidegate_value& value) {
    char text[64];
    switch (value.kind) {
        case TIDEGATE_BOOLEAN:
            return value.as.integer != 0 ? "true" : "false";
        case TIDEGATE_INTEGER:
            return std::to_string(value.as.integer);
        case TIDEGATE_UNSIGNED:
            return std::to_string(value.as.natural);
        case TIDEGATE_TEXT:
            return {value.as.text, value.length};
        default: {
            const auto [end, error] = std::to_chars(text, text + sizeof text, value.as.number);
            return error == std::errc() ? std::string(text, end) : std::string();
        }
    }
}

/// Why this can't be written; null: it can. Says nothing of the device: for that it has to be asked.
const char* fault_of(const point& of, const tidegate_value& value) {
    if (of.kind != wave::held) return "only what is held can be written";
    const std::string text = text_of(value);
    if (text.empty() || text.size() > 200 || text.find('\n') != std::string::npos)
        return "a held value has one line of up to 200 bytes";
    if (number_of(*of.value) && !number_of(text)) return "the point holds a number";
    return nullptr;
}

void note(const tidegate_bus& bus, const point& of, const std::string& text) {
    if (bus.journal.empty()) return;
    std::FILE* const file = std::fopen(bus.journal.c_str(), "ae");
    if (file == nullptr) return;  // a rehearsal goes on without
    std::fprintf(file, "%s=%s\n", of.name.c_str(), text.c_str());
    std::fclose(file);
}

/// All items or none, so all are checked before the first byte goes out. What is to be said of the outcome is said by the report.
uint32_t write(tidegate_bus* bus, const tidegate_write* write, const tidegate_write_report* report) {
    std::string words;
    on_write manner = on_write::take;  // of the most difficult of them
    for (size_t index = 0; index < write->item_count; ++index) {
        const point& of = bus->points[write->items[index].point];
        if (const char* const fault = fault_of(of, write->items[index].value); fault != nullptr) {
            report->note(report->context, (of.name + ": " + fault).c_str());
            return TIDEGATE_WRITE_REJECTED;
        }
        words += (words.empty() ? "" : ", ") + of.name + " = " + text_of(write->items[index].value);
        if (of.manner != on_write::take) manner = of.manner;
    }
    if ((write->flags & TIDEGATE_WRITE_CHECK) != 0) return TIDEGATE_WRITE_ACCEPTED;

    device& asked = bus->devices[bus->points[write->items[0].point].device];
    report->sending(report->context, words.c_str());
    if (!wait(*bus)) return TIDEGATE_WRITE_INTERRUPTED;
    if (asked.silent) return TIDEGATE_WRITE_UNANSWERED;
    ++asked.writes;
    const bool changes = manner == on_write::take || manner == on_write::busy || manner == on_write::forget_answer;
    for (size_t index = 0; index < write->item_count; ++index) {
        point& of = bus->points[write->items[index].point];
        note(*bus, of, text_of(write->items[index].value));
        if (changes) of.value = text_of(write->items[index].value);
    }
    switch (manner) {
        case on_write::refuse:
            report->exception(report->context, 4);
            report->note(report->context, "refused, as configured");
            return TIDEGATE_WRITE_REFUSED;
        case on_write::busy:
            report->exception(report->context, 5);
            return TIDEGATE_WRITE_PENDING;
        case on_write::lose:
        case on_write::forget_answer:
            report->note(report->context, "no answer, as configured");
            return TIDEGATE_WRITE_UNANSWERED;
        default:
            return TIDEGATE_WRITE_ACCEPTED;
    }
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
    const tidegate_planned_request request{sizeof request, what.c_str(), points, point_count, 0, bus->delay.count()};
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
    .serve = nullptr,  // there is nothing to serve: these devices are simulated already
    .write = [](tidegate_bus* bus, const tidegate_write* what,
                const tidegate_write_report* to) noexcept { return write(bus, what, to); },
    .recall = nullptr,    // nothing of them has to be learned
    .rehearse = nullptr,  // there are no faults to command
    .release = nullptr,   // there is no port
};

}  // namespace

// A host that speaks a later ABI says so here; an adapter that can't speak it returns NULL and is left out.
extern "C" __attribute__((visibility("default"))) const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi) {
    return host_abi == TIDEGATE_ADAPTER_ABI ? &adapter : nullptr;
}

// gateway/bus/adapter_loaded.cpp: dlopen, the version handshake, and the translation between C structs and C++ values.
#include "gateway/bus/adapter_loaded.hpp"

#include <dlfcn.h>

#include <cassert>
#include <cstddef>
#include <cstring>
#include <exception>
#include <tuple>

#include "gateway/bus/adapter_faults.hpp"
#include "gateway/bus/point_numbers.hpp"
#include "gateway/clock.hpp"
#include "gateway/limits.hpp"

namespace gateway {
namespace {

config::value_kind kind_of(std::uint32_t type) {
    switch (type) {
        case TIDEGATE_KEY_CHOICE:
            return config::value_kind::choice;
        case TIDEGATE_KEY_INTEGER:
            return config::value_kind::integer;
        case TIDEGATE_KEY_NUMBER:
            return config::value_kind::number;
        case TIDEGATE_KEY_BOOLEAN:
            return config::value_kind::boolean;
        case TIDEGATE_KEY_DURATION:
            return config::value_kind::duration;
        case TIDEGATE_KEY_NUMBER_LIST:
            return config::value_kind::number_list;
        case TIDEGATE_KEY_TEXT_BY_NUMBER:
            return config::value_kind::text_by_number;
        case TIDEGATE_KEY_UNBUILT:
            return config::value_kind::unbuilt;
        case TIDEGATE_KEY_TEXT_LIST:
            return config::value_kind::text_list;
        default:
            return config::value_kind::text;
    }
}

std::vector<std::string> split_choices(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto end = std::min(text.find('|'), text.size());
        words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

config::vocabulary vocabulary_of(const tidegate_adapter& adapter) {
    config::vocabulary words;
    words.adapter = adapter.name;
    for (const tidegate_key& key : std::span(adapter.keys, adapter.key_count)) {
        config::adapter_key entry;
        entry.scope = key.scope == TIDEGATE_BUS      ? config::scope::bus
                      : key.scope == TIDEGATE_DEVICE ? config::scope::device
                                                     : config::scope::point;
        entry.kind = kind_of(key.type);
        entry.path = key.path;
        entry.choices = split_choices(key.choices);
        entry.least = key.least;
        entry.most = key.most;
        entry.help = key.help;
        words.keys.push_back(std::move(entry));
    }
    return words;
}

std::vector<tidegate_setting> settings_of(const std::vector<config::setting>& from) {
    std::vector<tidegate_setting> to;
    to.reserve(from.size());
    for (const auto& s : from) to.push_back({s.path.c_str(), s.text.c_str(), s.integer, s.number});
    return to;
}

/// The config of a bus in the ABI's form; lives for one create() call.
class bus_config {
public:
    explicit bus_config(const config::bus& from) : settings_(settings_of(from.settings)) {
        for (const auto& device : from.devices) {
            element_settings_.push_back(settings_of(device.settings));
            devices_.push_back(
                {device.name.c_str(), element_settings_.back().data(), element_settings_.back().size(), points_.size(), 0});
            for (const auto& point : device.points) {
                if (point.compute) continue;
                ++devices_.back().point_count;
                element_settings_.push_back(settings_of(point.settings));
                points_.push_back({point.name.c_str(), element_settings_.back().data(), element_settings_.back().size()});
                writable_.push_back(point.writable ? 1 : 0);
            }
        }
        c_ = {sizeof(tidegate_bus_config),
              from.name.c_str(),
              settings_.data(),
              settings_.size(),
              devices_.data(),
              devices_.size(),
              points_.data(),
              points_.size(),
              writable_.data()};
    }
    const tidegate_bus_config* c() const { return &c_; }

private:
    std::vector<tidegate_setting> settings_;
    std::vector<std::vector<tidegate_setting>> element_settings_;  // the inner arrays stay where they are when this grows
    std::vector<tidegate_device_config> devices_;
    std::vector<tidegate_point_config> points_;
    std::vector<std::uint8_t> writable_;
    tidegate_bus_config c_{};
};

value value_of(const tidegate_value& from) {
    switch (from.kind) {
        case TIDEGATE_BOOLEAN:
            return from.as.integer != 0;
        case TIDEGATE_INTEGER:
            return from.as.integer;
        case TIDEGATE_UNSIGNED:
            return from.as.natural;
        case TIDEGATE_FLOAT32:
            return static_cast<float>(from.as.number);
        case TIDEGATE_FLOAT64:
            return from.as.number;
        case TIDEGATE_TEXT:
            return std::string(from.as.text, from.length);
        default:
            return no_value{};
    }
}

/// The inverse of value_of(). Borrows text.
tidegate_value abi_value(const value& from) {
    tidegate_value to{};
    if (const auto* is = std::get_if<bool>(&from)) {
        to.kind = TIDEGATE_BOOLEAN;
        to.as.integer = *is ? 1 : 0;
    } else if (const auto* integer = std::get_if<std::int64_t>(&from)) {
        to.kind = TIDEGATE_INTEGER;
        to.as.integer = *integer;
    } else if (const auto* natural = std::get_if<std::uint64_t>(&from)) {
        to.kind = TIDEGATE_UNSIGNED;
        to.as.natural = *natural;
    } else if (const auto* single = std::get_if<float>(&from)) {
        to.kind = TIDEGATE_FLOAT32;
        to.as.number = static_cast<double>(*single);
    } else if (const auto* number = std::get_if<double>(&from)) {
        to.kind = TIDEGATE_FLOAT64;
        to.as.number = *number;
    } else if (const auto* text = std::get_if<std::string>(&from)) {
        to.kind = TIDEGATE_TEXT;
        to.length = static_cast<std::uint32_t>(text->size());
        to.as.text = text->data();
    }
    return to;
}

/// What an adapter's table holds if it was built with the first header of this ABI, which ended with `serve`.
constexpr std::size_t first_table_size = offsetof(tidegate_adapter, serve) + sizeof(tidegate_adapter::serve);
/// Whether the table has this member at all, and it isn't null.
template <typename Member>
bool offers(const tidegate_adapter& table, Member tidegate_adapter::*member, std::size_t offset) {
    return table.struct_size >= offset + sizeof(Member) && table.*member != nullptr;
}

/// A phrase of an adapter's, as far as anybody would read it.
std::string bounded(const char* text) { return std::string(text, strnlen(text, limits::phrase_bytes)); }

/// What a call costs that an adapter has let an exception out of: the host goes on.
constexpr const char* let_out = "the adapter let an exception out, which it must not (adapters/adapter.h)";

void take_frame(std::vector<adapter_bus::frame>& to, const tidegate_frame* what) {
    if (what->struct_size < sizeof *what || what->direction > TIDEGATE_FRAME_DISCARDED) return;
    if (to.size() >= limits::frames_of_a_poll || what->length > limits::frame_bytes) return;
    to.push_back({static_cast<tidegate_frame_direction>(what->direction),
                  std::string(reinterpret_cast<const char*>(what->bytes), what->length),
                  steady_now() - std::chrono::nanoseconds(what->age)});
}

/// Receives a poll's readings. It may be anybody's code that reports: what wasn't asked for, and what is beyond all bounds,
/// is dropped.
struct reading_collector {
    adapter_bus::poll_result& to;
    const point_numbers& numbers;
    const std::vector<std::uint64_t>& offered;
    std::uint64_t poll;
    std::size_t devices, most;

    bool takes(std::uint32_t point) {
        if (point >= offered.size() || offered[point] != poll) return false;
        if (to.readings.size() + to.failures.size() >= most) return false;
        if (!to.has_stamp) to.taken = stamp_now();
        to.has_stamp = true;
        return true;
    }
    static void value(void* self, std::uint32_t point, const tidegate_value* what) noexcept {
        auto& me = *static_cast<reading_collector*>(self);
        if (!me.takes(point)) return;
        if (what->kind == TIDEGATE_TEXT && what->length > limits::text_bytes)
            me.to.failures.push_back(
                {me.numbers.point_of(point), "a text of " + std::to_string(what->length) + " bytes is too long"});
        else
            me.to.readings.push_back({me.numbers.point_of(point), value_of(*what)});
    }
    static void failure(void* self, std::uint32_t point, const char* reason) noexcept {
        auto& me = *static_cast<reading_collector*>(self);
        if (me.takes(point)) me.to.failures.push_back({me.numbers.point_of(point), bounded(reason)});
    }
    static void note(void* self, const char* text) noexcept { static_cast<reading_collector*>(self)->to.note = bounded(text); }
    static void learned(void* self, std::uint32_t device, const char* text) noexcept {
        auto& me = *static_cast<reading_collector*>(self);
        if (device >= me.devices || me.to.learned.size() >= me.devices) return;
        if (strnlen(text, TIDEGATE_LEARNED_MAX + 1) <= TIDEGATE_LEARNED_MAX) me.to.learned.emplace_back(device, text);
    }
    static void exchanged(void* self, const tidegate_exchange* what) noexcept {
        auto& me = *static_cast<reading_collector*>(self);
        const bool known = what->struct_size >= sizeof *what && what->result <= TIDEGATE_UNREACHABLE && what->device < me.devices;
        if (known && me.to.exchanges.size() < limits::exchanges_of_a_poll) me.to.exchanges.push_back(*what);
    }
    static void frame(void* self, const tidegate_frame* what) noexcept {
        take_frame(static_cast<reading_collector*>(self)->to.frames, what);
    }
};

/// Receives what became of a write.
struct write_collector {
    adapter_bus::write_result& to;
    static void sending(void* self, const char* what) noexcept { static_cast<write_collector*>(self)->to.sent = bounded(what); }
    static void exception(void* self, std::uint32_t code) noexcept { static_cast<write_collector*>(self)->to.exception = code; }
    static void note(void* self, const char* text) noexcept { static_cast<write_collector*>(self)->to.note = bounded(text); }
    static void frame(void* self, const tidegate_frame* what) noexcept {
        take_frame(static_cast<write_collector*>(self)->to.frames, what);
    }
};

class loaded_bus final : public adapter_bus {
public:
    loaded_bus(const tidegate_adapter& adapter, tidegate_bus* opened, std::size_t devices, point_numbers numbers)
        : adapter_(adapter), bus_(opened), devices_(devices), numbers_(std::move(numbers)), offered_(numbers_.size()) {}
    ~loaded_bus() override;
    void poll(std::span<const tidegate_candidate> candidates, bool probe, poll_result& to) override;
    bool can_trace() const override;
    bool trace(bool on) override;
    bool release() override;
    bool can_write() const override;
    adapter_bus::write_result write(std::span<const write_item> items, bool check_only) override;
    void recall(std::size_t device, const std::string& text) override;
    std::vector<planned_request> plan(std::span<const point_index> points) override;
    bool can_serve() const override;
    tidegate_rehearsed rehearse(const std::string& line, const std::function<void(std::string_view)>& note) override;
    bool serve(const std::function<void(std::string_view)>& listening,
               const std::function<void(std::string_view)>& note) override;
    void interrupt() override;

private:
    const tidegate_adapter& adapter_;
    tidegate_bus* bus_;
    std::size_t devices_;
    point_numbers numbers_;
    std::vector<tidegate_candidate> asked_;  // scratch
    std::vector<std::uint64_t> offered_;  // by the adapter's number: the number of the last poll that had it among its candidates
    std::uint64_t polls_ = 0;
    bool tracing_ = false;
};

loaded_bus::~loaded_bus() { adapter_.destroy(bus_); }

void loaded_bus::poll(std::span<const tidegate_candidate> candidates, bool probe, poll_result& to) {
    assert(!candidates.empty());
    to.readings.clear();
    to.failures.clear();
    to.note.clear();
    to.has_stamp = false;
    to.learned.clear();
    to.exchanges.clear();
    to.frames.clear();
    ++polls_;
    asked_.assign(candidates.begin(), candidates.end());
    for (auto& candidate : asked_) {
        candidate.point = numbers_.number_of(candidate.point);
        offered_[candidate.point] = polls_;
    }
    reading_collector collector{to, numbers_, offered_, polls_, devices_, 2 * candidates.size()};
    const tidegate_readings sink{sizeof(tidegate_readings),     &collector,
                                 &reading_collector::value,     &reading_collector::failure,
                                 &reading_collector::note,      &reading_collector::learned,
                                 &reading_collector::exchanged, tracing_ ? &reading_collector::frame : nullptr};
    const std::uint32_t flags = (probe ? std::uint32_t{TIDEGATE_PROBE} : 0u) | (tracing_ ? std::uint32_t{TIDEGATE_TRACE} : 0u);
    const tidegate_poll request{sizeof(tidegate_poll), flags, asked_.data(), asked_.size()};
    try {
        const std::uint32_t outcome = adapter_.poll(bus_, &request, &sink);
        // An outcome that this version doesn't know is treated as what costs the least trust.
        to.outcome = outcome <= TIDEGATE_DEVICE_BUSY ? static_cast<tidegate_outcome>(outcome) : TIDEGATE_DEVICE_SILENT;
    } catch (...) {
        to.outcome = TIDEGATE_BUS_DOWN;
        to.note = let_out;
    }
}

/// A table of 1.1 has no `release`: who built it knew of no frames, either.
bool loaded_bus::can_trace() const {
    return adapter_.struct_size >= offsetof(tidegate_adapter, release) + sizeof(tidegate_adapter::release);
}

bool loaded_bus::trace(bool on) {
    tracing_ = on && can_trace();
    return can_trace();  // one that doesn't do it all the same reports nothing
}

bool loaded_bus::release() {
    if (!offers(adapter_, &tidegate_adapter::release, offsetof(tidegate_adapter, release))) return false;
    try {
        adapter_.release(bus_);
    } catch (...) {
        return false;  // whatever it has open, it keeps
    }
    return true;
}

bool loaded_bus::can_write() const { return offers(adapter_, &tidegate_adapter::write, offsetof(tidegate_adapter, write)); }

adapter_bus::write_result loaded_bus::write(std::span<const write_item> items, bool check_only) {
    assert(!items.empty());
    write_result result;
    if (!can_write()) {
        result.note = "the adapter can't write";
        return result;
    }
    std::vector<tidegate_write_item> translated;
    for (const auto& item : items) translated.push_back({numbers_.number_of(item.point), 0, abi_value(item.value)});
    write_collector collector{result};
    const tidegate_write_report sink{sizeof(tidegate_write_report), &collector,
                                     &write_collector::sending,     &write_collector::exception,
                                     &write_collector::note,        tracing_ ? &write_collector::frame : nullptr};
    const std::uint32_t flags =
        (check_only ? std::uint32_t{TIDEGATE_WRITE_CHECK} : 0u) | (tracing_ ? std::uint32_t{TIDEGATE_WRITE_TRACE} : 0u);
    const tidegate_write request{sizeof(tidegate_write), flags, translated.data(), translated.size()};
    result.outcome = TIDEGATE_WRITE_UNANSWERED;  // also for an outcome that this version doesn't know: it promises nothing
    try {
        const std::uint32_t outcome = adapter_.write(bus_, &request, &sink);
        if (outcome <= TIDEGATE_WRITE_INTERRUPTED) result.outcome = static_cast<tidegate_write_outcome>(outcome);
    } catch (...) {
        result.note = let_out;
    }
    return result;
}

void loaded_bus::recall(std::size_t device, const std::string& text) {
    if (offers(adapter_, &tidegate_adapter::recall, offsetof(tidegate_adapter, recall)))
        adapter_.recall(bus_, static_cast<std::uint32_t>(device), text.c_str());
}

std::vector<adapter_bus::planned_request> loaded_bus::plan(std::span<const point_index> points) {
    std::vector<planned_request> requests;
    std::vector<std::uint32_t> numbers;
    for (const auto point : points) numbers.push_back(numbers_.number_of(point));
    const tidegate_plan sink{
        sizeof(tidegate_plan), &requests, [](void* to, const tidegate_planned_request* from) noexcept {
            static_cast<std::vector<planned_request>*>(to)->push_back({from->what,
                                                                       {from->points, from->points + from->point_count},
                                                                       from->registers,
                                                                       std::chrono::nanoseconds(from->bus_time)});
        }};
    adapter_.plan(bus_, numbers.data(), numbers.size(), &sink);
    for (auto& request : requests) {
        std::erase_if(request.points, [&](std::uint32_t number) { return number >= numbers_.size(); });
        for (auto& point : request.points) point = numbers_.point_of(point);
    }
    return requests;
}

tidegate_rehearsed loaded_bus::rehearse(const std::string& line, const std::function<void(std::string_view)>& note) {
    if (!offers(adapter_, &tidegate_adapter::rehearse, offsetof(tidegate_adapter, rehearse))) return TIDEGATE_REHEARSE_NOT_MINE;
    const tidegate_simulation sink{
        sizeof(tidegate_simulation), const_cast<std::function<void(std::string_view)>*>(&note),
        [](void*, const char*) noexcept {},
        [](void* to, const char* text) noexcept { (*static_cast<std::function<void(std::string_view)>*>(to))(text); }};
    const std::uint32_t heed = adapter_.rehearse(bus_, line.c_str(), &sink);
    return heed <= TIDEGATE_REHEARSE_NOT_MINE ? static_cast<tidegate_rehearsed>(heed) : TIDEGATE_REHEARSE_WRONG;
}

bool loaded_bus::can_serve() const { return adapter_.serve != nullptr; }

bool loaded_bus::serve(const std::function<void(std::string_view)>& listening,
                       const std::function<void(std::string_view)>& note) {
    struct handlers {
        const std::function<void(std::string_view)>&listening, &note;
    } both{listening, note};
    const tidegate_simulation sink{sizeof(tidegate_simulation), &both,
                                   [](void* to, const char* where) noexcept { static_cast<handlers*>(to)->listening(where); },
                                   [](void* to, const char* text) noexcept { static_cast<handlers*>(to)->note(text); }};
    return adapter_.serve(bus_, &sink) == 0;
}

void loaded_bus::interrupt() { adapter_.interrupt(bus_); }

}  // namespace

// ---- The shared object -------------------------------------------------------------------------------------------------

loaded_adapter::loaded_adapter(void* handle, const tidegate_adapter& table) : handle_(handle), table_(table), name_(table.name) {}

loaded_adapter::~loaded_adapter() { dlclose(handle_); }

std::unique_ptr<loaded_adapter> loaded_adapter::load(const std::filesystem::path& object, std::string& why) {
    struct closing {
        void operator()(void* handle) const { dlclose(handle); }
    };
    std::unique_ptr<void, closing> handle(dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (handle == nullptr) {
        why = dlerror();
        return nullptr;
    }
    const auto entry = reinterpret_cast<tidegate_adapter_entry_function>(dlsym(handle.get(), "tidegate_adapter_entry"));
    if (entry == nullptr) {
        why = "not a Tidegate adapter (it exports no tidegate_adapter_entry)";
        return nullptr;
    }
    const tidegate_adapter* table = entry(TIDEGATE_ADAPTER_ABI);
    if (table == nullptr || table->abi_version != TIDEGATE_ADAPTER_ABI || table->struct_size < first_table_size) {
        why = "built for another version of the adapter interface than " + std::to_string(TIDEGATE_ADAPTER_ABI);
        return nullptr;
    }
    return std::unique_ptr<loaded_adapter>(new loaded_adapter(handle.release(), *table));
}

config::vocabulary loaded_adapter::vocabulary() const { return vocabulary_of(table_); }

std::unique_ptr<adapter_bus> loaded_adapter::open(const config::bus& config, std::vector<config::diagnostic>& faults) const {
    const point_numbers numbers(config);
    const fault_collector collector{config, numbers, faults};
    auto bus = open(config, [&](std::uint32_t scope, std::size_t index, std::string_view path, std::string message) {
        collector.add(scope, index, path, std::move(message));
    });
    return bus;
}

std::unique_ptr<adapter_bus> loaded_adapter::open(const config::bus& config, const fault_sink& to) const {
    const bus_config translated(config);
    struct counted {
        const fault_sink& to;
        std::size_t faults = 0;
    } collector{to};
    const auto report = [](void* self, std::uint32_t scope, std::size_t index, const char* path, const char* message) noexcept {
        auto& me = *static_cast<counted*>(self);
        if (++me.faults <= limits::adapter_faults) me.to(scope, index, path, bounded(message));
    };
    const tidegate_faults sink{sizeof(tidegate_faults), &collector, report};
    tidegate_bus* opened = nullptr;
    try {
        opened = table_.create(translated.c(), &sink);
    } catch (...) {
        to(TIDEGATE_BUS, 0, "", let_out);
        return nullptr;
    }
    if (opened == nullptr) {
        if (collector.faults == 0) to(TIDEGATE_BUS, 0, "", "adapter " + name_ + " refused this bus without saying why");
        return nullptr;
    }
    auto bus = std::make_unique<loaded_bus>(table_, opened, config.devices.size(), point_numbers(config));
    if (collector.faults > 0) return nullptr;
    return bus;
}

}  // namespace gateway

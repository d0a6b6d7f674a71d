// gateway/adapter_host.cpp: dlopen, the version handshake, and the translation between C structs and C++ values.
#include "gateway/adapter_host.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "gateway/clock.hpp"

namespace gateway {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> adapter_folders() {
    if (const char* chosen = std::getenv("TIDEGATE_ADAPTERS"); chosen != nullptr && *chosen != '\0') return {chosen};
    std::vector<fs::path> folders;
    std::error_code ignored;  // without /proc the installed folder is still tried
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
    if (!program.empty()) folders.push_back(program.parent_path() / "adapters");
    folders.emplace_back(TIDEGATE_ADAPTER_FOLDER);
    return folders;
}

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
            devices_.push_back({device.name.c_str(), element_settings_.back().data(), element_settings_.back().size(),
                                points_.size(), device.points.size()});
            for (const auto& point : device.points) {
                element_settings_.push_back(settings_of(point.settings));
                points_.push_back({point.name.c_str(), element_settings_.back().data(), element_settings_.back().size()});
            }
        }
        c_ = {sizeof(tidegate_bus_config),
              from.name.c_str(),
              settings_.data(),
              settings_.size(),
              devices_.data(),
              devices_.size(),
              points_.data(),
              points_.size()};
    }
    const tidegate_bus_config* c() const { return &c_; }
    std::size_t point_count() const { return points_.size(); }

private:
    std::vector<tidegate_setting> settings_;
    std::vector<std::vector<tidegate_setting>> element_settings_;  // the inner arrays stay where they are when this grows
    std::vector<tidegate_device_config> devices_;
    std::vector<tidegate_point_config> points_;
    tidegate_bus_config c_{};
};

/// Finds where in the file a fault is: the key that is named, else the element itself.
struct fault_collector {
    const config::bus& config;
    std::vector<config::diagnostic>& to;

    const config::point* point(std::size_t index) const {
        for (const auto& device : config.devices) {
            if (index < device.points.size()) return &device.points[index];
            index -= device.points.size();
        }
        return nullptr;
    }

    static config::diagnostic at(const std::vector<config::setting>& settings, std::string_view path, config::position element,
                                 std::string_view name, std::string message) {
        for (const auto& s : settings)
            if (s.path == path)
                return {config::severity::error, s.where, std::max<std::size_t>(s.text.size(), 1), std::move(message)};
        return {config::severity::error, element, std::max<std::size_t>(name.size(), 1), std::move(message)};
    }

    void add(std::uint32_t scope, std::size_t index, std::string_view path, std::string message) const {
        if (scope == TIDEGATE_DEVICE && index < config.devices.size()) {
            const auto& device = config.devices[index];
            to.push_back(at(device.settings, path, device.where, device.name, std::move(message)));
        } else if (const auto* found = scope == TIDEGATE_POINT ? point(index) : nullptr) {
            to.push_back(at(found->settings, path, found->where, found->name, std::move(message)));
        } else {
            to.push_back(at(config.settings, path, config.where, config.name, std::move(message)));
        }
    }

    static void report(void* self, std::uint32_t scope, std::size_t index, const char* path, const char* message) noexcept {
        static_cast<const fault_collector*>(self)->add(scope, index, path, message);
    }
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

/// Receives a poll's readings. What an adapter reports beyond its bounds is dropped: it may be anybody's code.
struct reading_collector {
    adapter_bus::poll_result& to;
    std::size_t devices, points;

    void stamp() {
        if (to.has_stamp) return;
        to.taken = stamp_now();
        to.has_stamp = true;
    }
    static void value(void* self, std::uint32_t point, const tidegate_value* what) noexcept {
        auto& me = *static_cast<reading_collector*>(self);
        if (point >= me.points) return;
        me.stamp();
        me.to.readings.push_back({point, value_of(*what)});
    }
    static void failure(void* self, std::uint32_t point, const char* reason) noexcept {
        auto& me = *static_cast<reading_collector*>(self);
        if (point >= me.points) return;
        me.stamp();
        me.to.failures.push_back({point, reason});
    }
    static void note(void* self, const char* text) noexcept { static_cast<reading_collector*>(self)->to.note = text; }
    static void learned(void* self, std::uint32_t device, const char* text) noexcept {
        auto& me = *static_cast<reading_collector*>(self);
        std::string kept(text);
        if (device < me.devices && kept.size() <= TIDEGATE_LEARNED_MAX) me.to.learned.emplace_back(device, std::move(kept));
    }
};

/// Receives what became of a write.
struct write_collector {
    adapter_bus::write_result& to;
    static void sending(void* self, const char* what) noexcept { static_cast<write_collector*>(self)->to.sent = what; }
    static void exception(void* self, std::uint32_t code) noexcept { static_cast<write_collector*>(self)->to.exception = code; }
    static void note(void* self, const char* text) noexcept { static_cast<write_collector*>(self)->to.note = text; }
};

}  // namespace

struct adapter_host::library {
    void* handle = nullptr;
    const tidegate_adapter* adapter = nullptr;
    library() = default;
    library(const library&) = delete;
    library& operator=(const library&) = delete;
    ~library() {
        if (handle != nullptr) dlclose(handle);
    }
};

adapter_host::adapter_host() {
    for (const auto& folder : adapter_folders()) {
        std::error_code missing;  // a folder that isn't there holds no adapters
        std::vector<fs::path> objects;
        for (const auto& entry : fs::directory_iterator(folder, missing))
            if (entry.path().extension() == ".so") objects.push_back(entry.path());
        std::sort(objects.begin(), objects.end());
        for (const auto& object : objects) load(object);
    }
}

adapter_host::~adapter_host() = default;

void adapter_host::load(const fs::path& object) {
    auto loaded = std::make_unique<library>();
    loaded->handle = dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (loaded->handle == nullptr) {
        problems_.push_back(object.string() + ": " + dlerror());
        return;
    }
    const auto entry = reinterpret_cast<tidegate_adapter_entry_function>(dlsym(loaded->handle, "tidegate_adapter_entry"));
    if (entry == nullptr) {
        problems_.push_back(object.string() + ": not a Tidegate adapter (it exports no tidegate_adapter_entry)");
        return;
    }
    const tidegate_adapter* adapter = entry(TIDEGATE_ADAPTER_ABI);
    if (adapter == nullptr || adapter->abi_version != TIDEGATE_ADAPTER_ABI || adapter->struct_size < first_table_size) {
        problems_.push_back(object.string() + ": built for another version of the adapter interface than " +
                            std::to_string(TIDEGATE_ADAPTER_ABI));
        return;
    }
    loaded->adapter = adapter;
    if (find(adapter->name) == nullptr) libraries_.push_back(std::move(loaded));
}

const tidegate_adapter* adapter_host::find(std::string_view name) const {
    for (const auto& each : libraries_)
        if (each->adapter->name == name) return each->adapter;
    return nullptr;
}

std::vector<config::vocabulary> adapter_host::vocabularies() const {
    std::vector<config::vocabulary> all;
    for (const auto& each : libraries_) all.push_back(vocabulary_of(*each->adapter));
    return all;
}

void adapter_host::keep_only(const config::file& used) {
    std::erase_if(libraries_, [&](const auto& each) {
        return std::none_of(used.buses.begin(), used.buses.end(),
                            [&](const config::bus& b) { return b.adapter == each->adapter->name; });
    });
}

std::unique_ptr<adapter_bus> adapter_bus::create(const tidegate_adapter& adapter, const config::bus& config,
                                                 std::vector<config::diagnostic>& faults) {
    const bus_config translated(config);
    const std::size_t before = faults.size();
    fault_collector collector{config, faults};
    const tidegate_faults sink{sizeof(tidegate_faults), &collector, &fault_collector::report};
    tidegate_bus* opened = adapter.create(translated.c(), &sink);
    if (opened == nullptr) {
        if (faults.size() == before)
            collector.add(TIDEGATE_BUS, 0, "", "adapter " + config.adapter + " refused this bus without saying why");
        return nullptr;
    }
    std::unique_ptr<adapter_bus> bus(new adapter_bus(adapter, opened, config.devices.size(), translated.point_count()));
    if (faults.size() != before) return nullptr;
    return bus;
}

adapter_bus::~adapter_bus() { adapter_.destroy(bus_); }

void adapter_bus::poll(std::span<const tidegate_candidate> candidates, bool probe, poll_result& to) {
    assert(!candidates.empty());
    to.readings.clear();
    to.failures.clear();
    to.note.clear();
    to.has_stamp = false;
    to.learned.clear();
    reading_collector collector{to, devices_, points_};
    const tidegate_readings sink{sizeof(tidegate_readings), &collector,
                                 &reading_collector::value, &reading_collector::failure,
                                 &reading_collector::note,  &reading_collector::learned};
    const tidegate_poll request{sizeof(tidegate_poll), probe ? std::uint32_t{TIDEGATE_PROBE} : 0u, candidates.data(),
                                candidates.size()};
    const std::uint32_t outcome = adapter_.poll(bus_, &request, &sink);
    // An outcome that this version doesn't know is treated as what costs the least trust.
    to.outcome = outcome <= TIDEGATE_DEVICE_DOWN ? static_cast<tidegate_outcome>(outcome) : TIDEGATE_DEVICE_SILENT;
}

std::vector<adapter_bus::planned_request> adapter_bus::plan(std::span<const point_index> points) {
    std::vector<planned_request> requests;
    const tidegate_plan sink{
        sizeof(tidegate_plan), &requests, [](void* to, const tidegate_planned_request* from) noexcept {
            static_cast<std::vector<planned_request>*>(to)->push_back({from->what,
                                                                       {from->points, from->points + from->point_count},
                                                                       from->registers,
                                                                       std::chrono::nanoseconds(from->bus_time)});
        }};
    adapter_.plan(bus_, points.data(), points.size(), &sink);
    return requests;
}

bool adapter_bus::can_write() const { return offers(adapter_, &tidegate_adapter::write, offsetof(tidegate_adapter, write)); }

adapter_bus::write_result adapter_bus::write(std::span<const write_item> items, bool check_only) {
    assert(!items.empty());
    write_result result;
    if (!can_write()) {
        result.note = "the adapter can't write";
        return result;
    }
    std::vector<tidegate_write_item> translated;
    for (const auto& item : items) translated.push_back({item.point, 0, abi_value(item.value)});
    write_collector collector{result};
    const tidegate_write_report sink{sizeof(tidegate_write_report), &collector, &write_collector::sending,
                                     &write_collector::exception, &write_collector::note};
    const tidegate_write request{sizeof(tidegate_write), check_only ? std::uint32_t{TIDEGATE_WRITE_CHECK} : 0u, translated.data(),
                                 translated.size()};
    const std::uint32_t outcome = adapter_.write(bus_, &request, &sink);
    // An outcome that this version doesn't know is treated as the one that promises nothing.
    result.outcome =
        outcome <= TIDEGATE_WRITE_INTERRUPTED ? static_cast<tidegate_write_outcome>(outcome) : TIDEGATE_WRITE_UNANSWERED;
    return result;
}

void adapter_bus::recall(std::size_t device, const std::string& text) {
    if (offers(adapter_, &tidegate_adapter::recall, offsetof(tidegate_adapter, recall)))
        adapter_.recall(bus_, static_cast<std::uint32_t>(device), text.c_str());
}

bool adapter_bus::can_serve() const { return adapter_.serve != nullptr; }

bool adapter_bus::serve(const std::function<void(std::string_view)>& listening,
                        const std::function<void(std::string_view)>& note) {
    struct handlers {
        const std::function<void(std::string_view)>&listening, &note;
    } both{listening, note};
    const tidegate_simulation sink{sizeof(tidegate_simulation), &both,
                                   [](void* to, const char* where) noexcept { static_cast<handlers*>(to)->listening(where); },
                                   [](void* to, const char* text) noexcept { static_cast<handlers*>(to)->note(text); }};
    return adapter_.serve(bus_, &sink) == 0;
}

tidegate_rehearsed adapter_bus::rehearse(const std::string& line, const std::function<void(std::string_view)>& note) {
    if (!offers(adapter_, &tidegate_adapter::rehearse, offsetof(tidegate_adapter, rehearse))) return TIDEGATE_REHEARSE_NOT_MINE;
    const tidegate_simulation sink{
        sizeof(tidegate_simulation), const_cast<std::function<void(std::string_view)>*>(&note), [](void*, const char*) noexcept {},
        [](void* to, const char* text) noexcept { (*static_cast<std::function<void(std::string_view)>*>(to))(text); }};
    const std::uint32_t heed = adapter_.rehearse(bus_, line.c_str(), &sink);
    return heed <= TIDEGATE_REHEARSE_NOT_MINE ? static_cast<tidegate_rehearsed>(heed) : TIDEGATE_REHEARSE_WRONG;
}

void adapter_bus::interrupt() { adapter_.interrupt(bus_); }

}  // namespace gateway

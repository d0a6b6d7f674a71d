// adapters/adapter.hpp: a thin C++20 wrapper of adapter.h for authors of adapters: spans for arrays, and exceptions stopped at
// the edge. Not here: what any adapter does. Header only; an adapter derives from tidegate::bus and fills its table with
// describe<make>().
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "adapters/adapter.h"

namespace tidegate {

// ---- Values --------------------------------------------------------------------------------------------------------

inline tidegate_value null_value() {
    tidegate_value value{};
    value.kind = TIDEGATE_NULL;
    return value;
}
inline tidegate_value boolean_value(bool is) {
    tidegate_value value{};
    value.kind = TIDEGATE_BOOLEAN;
    value.as.integer = is ? 1 : 0;
    return value;
}
inline tidegate_value integer_value(std::int64_t number) {
    tidegate_value value{};
    value.kind = TIDEGATE_INTEGER;
    value.as.integer = number;
    return value;
}
inline tidegate_value unsigned_value(std::uint64_t number) {
    tidegate_value value{};
    value.kind = TIDEGATE_UNSIGNED;
    value.as.natural = number;
    return value;
}
inline tidegate_value float32_value(float number) {
    tidegate_value value{};
    value.kind = TIDEGATE_FLOAT32;
    value.as.number = static_cast<double>(number);
    return value;
}
inline tidegate_value float64_value(double number) {
    tidegate_value value{};
    value.kind = TIDEGATE_FLOAT64;
    value.as.number = number;
    return value;
}
/// Borrows `text`, which is valid UTF-8 and lives until the value was reported.
inline tidegate_value text_value(std::string_view text) {
    tidegate_value value{};
    value.kind = TIDEGATE_TEXT;
    value.length = static_cast<std::uint32_t>(text.size());
    value.as.text = text.data();
    return value;
}

/// Of a std::variant whose alternatives are bool, int64_t, uint64_t, float, double, std::string, and an empty struct for "no
/// value". Borrows text.
template <typename Variant>
tidegate_value abi_value(const Variant& from) {
    return std::visit(
        [](const auto& it) {
            using type = std::decay_t<decltype(it)>;
            if constexpr (std::is_same_v<type, bool>)
                return boolean_value(it);
            else if constexpr (std::is_same_v<type, std::int64_t>)
                return integer_value(it);
            else if constexpr (std::is_same_v<type, std::uint64_t>)
                return unsigned_value(it);
            else if constexpr (std::is_same_v<type, float>)
                return float32_value(it);
            else if constexpr (std::is_same_v<type, double>)
                return float64_value(it);
            else if constexpr (std::is_same_v<type, std::string>)
                return text_value(it);
            else
                return null_value();
        },
        from);
}
/// The way back, into such a variant; its first alternative stands for "no value" and for kinds that there aren't. A float goes
/// into a double where the variant has no float.
template <typename Variant>
Variant value_of(const tidegate_value& from) {
    switch (from.kind) {
        case TIDEGATE_BOOLEAN:
            return from.as.integer != 0;
        case TIDEGATE_INTEGER:
            return from.as.integer;
        case TIDEGATE_UNSIGNED:
            return from.as.natural;
        case TIDEGATE_FLOAT32:
            if constexpr (std::is_constructible_v<Variant, std::in_place_type_t<float>, float>)
                return static_cast<float>(from.as.number);
            else
                return from.as.number;
        case TIDEGATE_FLOAT64:
            return from.as.number;
        case TIDEGATE_TEXT:
            return std::string(from.as.text, from.length);
        default:
            return Variant();
    }
}

// ---- What the user wrote -------------------------------------------------------------------------------------------

/// The settings of one bus, device or point. Borrows them.
class settings {
public:
    settings(const tidegate_setting* first, std::size_t count) : all_(first, count) {}

    /// The first setting of this path; null: the user didn't write it.
    const tidegate_setting* find(std::string_view path) const {
        for (const auto& setting : all_)
            if (path == setting.path) return &setting;
        return nullptr;
    }
    /// Whether any key of the map `name` was written.
    bool has_map(std::string_view name) const {
        for (const auto& setting : all_) {
            const std::string_view path = setting.path;
            if (path.size() > name.size() && path.substr(0, name.size()) == name && path[name.size()] == '.') return true;
        }
        return false;
    }
    std::span<const tidegate_setting> all() const { return all_; }

private:
    std::span<const tidegate_setting> all_;
};

/// Whether commands may write the point, as far as the host tells.
inline bool is_writable(const tidegate_bus_config& config, std::size_t point) {
    constexpr std::size_t told = offsetof(tidegate_bus_config, writable) + sizeof config.writable;
    return config.struct_size >= told && config.writable && config.writable[point] != 0;
}

/// Reports what is wrong with a config, and counts it.
class faults {
public:
    explicit faults(const tidegate_faults& to) : to_(to) {}

    void bus(const std::string& path, const std::string& message) { report(TIDEGATE_BUS, 0, path, message); }
    void device(std::size_t index, const std::string& path, const std::string& message) {
        report(TIDEGATE_DEVICE, index, path, message);
    }
    void point(std::size_t index, const std::string& path, const std::string& message) {
        report(TIDEGATE_POINT, index, path, message);
    }
    std::size_t count() const { return count_; }

private:
    void report(tidegate_scope scope, std::size_t index, const std::string& path, const std::string& message) {
        ++count_;
        to_.report(to_.context, static_cast<std::uint32_t>(scope), index, path.c_str(), message.c_str());
    }
    const tidegate_faults& to_;
    std::size_t count_ = 0;
};

// ---- Where a bus reports -------------------------------------------------------------------------------------------

class readings {
public:
    explicit readings(const tidegate_readings& to) : to_(to) {}
    void value(std::uint32_t point, const tidegate_value& value) const { to_.value(to_.context, point, &value); }
    void failure(std::uint32_t point, const std::string& reason) const { to_.failure(to_.context, point, reason.c_str()); }
    void note(const std::string& text) const { to_.note(to_.context, text.c_str()); }
    /// A host of version 1.0 doesn't keep it.
    void learned(std::uint32_t device, const std::string& text) const {
        assert(text.size() <= TIDEGATE_LEARNED_MAX);
        if (has(&tidegate_readings::learned, offsetof(tidegate_readings, learned)))
            to_.learned(to_.context, device, text.c_str());
    }
    /// What became of a request. A host of version 1.0 doesn't count.
    void exchanged(std::uint32_t device, tidegate_exchange_result result, std::uint32_t exception,
                   std::int64_t turnaround) const {
        if (!has(&tidegate_readings::exchanged, offsetof(tidegate_readings, exchanged))) return;
        const tidegate_exchange what{sizeof what, device, static_cast<std::uint32_t>(result), exception, turnaround};
        to_.exchanged(to_.context, &what);
    }
    /// A frame as it was on the wire; nothing to a host that doesn't watch, or is older than 1.2.
    void frame(tidegate_frame_direction direction, std::span<const std::uint8_t> bytes, std::int64_t age) const {
        if (!has(&tidegate_readings::frame, offsetof(tidegate_readings, frame))) return;
        const tidegate_frame what{sizeof what, static_cast<std::uint32_t>(direction), bytes.data(), bytes.size(), age};
        to_.frame(to_.context, &what);
    }
    /// Whether the host knows outcome::device_busy; one of version 1.0 would take the device for dead.
    bool know_busy() const { return to_.struct_size >= offsetof(tidegate_readings, learned) + sizeof to_.learned; }

private:
    template <typename Member>
    bool has(Member tidegate_readings::*member, std::size_t offset) const {
        return to_.struct_size >= offset + sizeof(Member) && to_.*member != nullptr;
    }
    const tidegate_readings& to_;
};

class write_report {
public:
    /// `traced`: TIDEGATE_WRITE_TRACE.
    explicit write_report(const tidegate_write_report& to, bool traced = false) : to_(to), traced_(traced) {}
    void sending(const std::string& what) const { to_.sending(to_.context, what.c_str()); }
    void exception(std::uint32_t code) const { to_.exception(to_.context, code); }
    void note(const std::string& text) const { to_.note(to_.context, text.c_str()); }

    /// Whether somebody watches: then each frame is to be reported.
    bool is_traced() const {
        constexpr std::size_t told = offsetof(tidegate_write_report, frame) + sizeof to_.frame;
        return traced_ && to_.struct_size >= told && to_.frame != nullptr;
    }
    /// Requires: is_traced().
    void frame(tidegate_frame_direction direction, std::span<const std::uint8_t> bytes, std::int64_t age) const {
        const tidegate_frame what{sizeof what, static_cast<std::uint32_t>(direction), bytes.data(), bytes.size(), age};
        to_.frame(to_.context, &what);
    }

private:
    const tidegate_write_report& to_;
    bool traced_;
};

class plan_listener {
public:
    explicit plan_listener(const tidegate_plan& to) : to_(to) {}
    void request(const std::string& what, std::span<const std::uint32_t> points, std::size_t registers,
                 std::int64_t bus_time) const {
        tidegate_planned_request planned{};
        planned.struct_size = sizeof planned;
        planned.what = what.c_str();
        planned.points = points.data();
        planned.point_count = points.size();
        planned.registers = registers;
        planned.bus_time = bus_time;
        to_.request(to_.context, &planned);
    }

private:
    const tidegate_plan& to_;
};

class simulation {
public:
    explicit simulation(const tidegate_simulation& to) : to_(to) {}
    void listening(const std::string& where) const { to_.listening(to_.context, where.c_str()); }
    void note(const std::string& text) const { to_.note(to_.context, text.c_str()); }

private:
    const tidegate_simulation& to_;
};

// ---- What an adapter implements --------------------------------------------------------------------------------------

enum class outcome : std::uint32_t {
    done = TIDEGATE_DONE,
    device_silent = TIDEGATE_DEVICE_SILENT,
    bus_down = TIDEGATE_BUS_DOWN,
    interrupted = TIDEGATE_INTERRUPTED,
    device_down = TIDEGATE_DEVICE_DOWN,
    device_busy = TIDEGATE_DEVICE_BUSY,
};

enum class write_outcome : std::uint32_t {
    accepted = TIDEGATE_WRITE_ACCEPTED,
    rejected = TIDEGATE_WRITE_REJECTED,
    refused = TIDEGATE_WRITE_REFUSED,
    pending = TIDEGATE_WRITE_PENDING,
    unanswered = TIDEGATE_WRITE_UNANSWERED,
    bus_down = TIDEGATE_WRITE_BUS_DOWN,
    interrupted = TIDEGATE_WRITE_INTERRUPTED,
};

enum class rehearsed : std::uint32_t {
    done = TIDEGATE_REHEARSED,
    wrong = TIDEGATE_REHEARSE_WRONG,
    not_mine = TIDEGATE_REHEARSE_NOT_MINE,
};

/// One bus. What each function must do, and from which thread it is called, stands in adapter.h.
class bus {
public:
    virtual ~bus() = default;
    virtual void plan(std::span<const std::uint32_t> points, const plan_listener& to) = 0;
    virtual outcome poll(std::span<const tidegate_candidate> candidates, std::uint32_t flags, const readings& to) = 0;
    virtual void interrupt() noexcept = 0;
    /// `check_only`: TIDEGATE_WRITE_CHECK.
    virtual write_outcome write(std::span<const tidegate_write_item>, bool /*check_only*/, const write_report& to) {
        to.note("this adapter can't write");
        return write_outcome::rejected;
    }
    virtual void recall(std::uint32_t /*device*/, std::string_view /*text*/) {}
    /// A bus with nothing that another one could want needs none.
    virtual void release() {}
    /// False after a note says why. Only called if describe() was told that the adapter can serve.
    virtual bool serve(const simulation& to) {
        to.note("this adapter can't simulate its devices");
        return false;
    }
    virtual rehearsed rehearse(std::string_view /*line*/, const simulation& to) {
        to.note("this adapter's simulated devices take no commands");
        return rehearsed::not_mine;
    }
};

/// Makes a bus, or reports at least one fault and returns null. Whatever it returns beside a fault is thrown away.
using make_bus = std::unique_ptr<bus> (*)(const tidegate_bus_config& config, faults& to);

enum class serves : bool { no, yes };

// ---- The edge ------------------------------------------------------------------------------------------------------

/// The functions of the C table. None lets an exception out; one that would have is reported as what it cost.
template <make_bus make>
struct edge {
    static bus& of(tidegate_bus* opaque) noexcept { return *reinterpret_cast<bus*>(opaque); }

    static tidegate_bus* create(const tidegate_bus_config* config, const tidegate_faults* to) noexcept {
        try {
            faults reported(*to);
            std::unique_ptr<bus> made = make(*config, reported);
            if (made && reported.count() == 0) return reinterpret_cast<tidegate_bus*>(made.release());
            if (reported.count() == 0) reported.bus("", "the adapter made no bus and didn't say why");
        } catch (const std::exception& error) {
            to->report(to->context, TIDEGATE_BUS, 0, "", error.what());
        } catch (...) {
            to->report(to->context, TIDEGATE_BUS, 0, "", "the adapter failed for an unknown reason");
        }
        return nullptr;
    }
    static void destroy(tidegate_bus* opaque) noexcept { delete reinterpret_cast<bus*>(opaque); }

    static void plan(tidegate_bus* opaque, const std::uint32_t* points, std::size_t count, const tidegate_plan* to) noexcept {
        try {
            of(opaque).plan({points, count}, plan_listener(*to));
        } catch (...) {
            // A plan is for people to look at: a short one is better than none, and there is nobody to tell.
        }
    }

    static std::uint32_t poll(tidegate_bus* opaque, const tidegate_poll* what, const tidegate_readings* to) noexcept {
        assert(what->candidate_count > 0);
        try {
            const std::span<const tidegate_candidate> candidates(what->candidates, what->candidate_count);
            return static_cast<std::uint32_t>(of(opaque).poll(candidates, what->flags, readings(*to)));
        } catch (const std::exception& error) {
            to->note(to->context, error.what());
        } catch (...) {
            to->note(to->context, "the adapter failed for an unknown reason");
        }
        return TIDEGATE_BUS_DOWN;
    }
    static void interrupt(tidegate_bus* opaque) noexcept { of(opaque).interrupt(); }

    static std::uint32_t serve(tidegate_bus* opaque, const tidegate_simulation* to) noexcept {
        try {
            return of(opaque).serve(simulation(*to)) ? 0 : 1;
        } catch (const std::exception& error) {
            to->note(to->context, error.what());
        } catch (...) {
            to->note(to->context, "the adapter failed for an unknown reason");
        }
        return 1;
    }

    static std::uint32_t write(tidegate_bus* opaque, const tidegate_write* what, const tidegate_write_report* to) noexcept {
        assert(what->item_count > 0);
        try {
            const std::span<const tidegate_write_item> items(what->items, what->item_count);
            const bool check_only = (what->flags & TIDEGATE_WRITE_CHECK) != 0;
            const bool traced = (what->flags & TIDEGATE_WRITE_TRACE) != 0;
            return static_cast<std::uint32_t>(of(opaque).write(items, check_only, write_report(*to, traced)));
        } catch (const std::exception& error) {
            to->note(to->context, error.what());
        } catch (...) {
            to->note(to->context, "the adapter failed for an unknown reason");
        }
        return TIDEGATE_WRITE_UNANSWERED;  // nobody knows how far it had come
    }
    static void recall(tidegate_bus* opaque, std::uint32_t device, const char* text) noexcept {
        try {
            of(opaque).recall(device, text);
        } catch (...) {
            // What was learned can be learned again.
        }
    }
    static void release(tidegate_bus* opaque) noexcept {
        try {
            of(opaque).release();
        } catch (...) {
            // What is still open, the other bus will find in use, and say so.
        }
    }
    static std::uint32_t rehearse(tidegate_bus* opaque, const char* line, const tidegate_simulation* to) noexcept {
        try {
            return static_cast<std::uint32_t>(of(opaque).rehearse(line, simulation(*to)));
        } catch (const std::exception& error) {
            to->note(to->context, error.what());
        } catch (...) {
            to->note(to->context, "the adapter failed for an unknown reason");
        }
        return TIDEGATE_REHEARSE_WRONG;
    }
};

/// The table for tidegate_adapter_entry(), to be kept in a static. `name`, `version` and `keys` live as long as it.
template <make_bus make>
tidegate_adapter describe(const char* name, const char* version, std::span<const tidegate_key> keys, serves can_serve) {
    tidegate_adapter table{};
    table.struct_size = sizeof table;
    table.abi_version = TIDEGATE_ADAPTER_ABI;
    table.name = name;
    table.version = version;
    table.keys = keys.data();
    table.key_count = keys.size();
    table.create = &edge<make>::create;
    table.destroy = &edge<make>::destroy;
    table.plan = &edge<make>::plan;
    table.poll = &edge<make>::poll;
    table.interrupt = &edge<make>::interrupt;
    table.serve = can_serve == serves::yes ? &edge<make>::serve : nullptr;
    table.write = &edge<make>::write;
    table.recall = &edge<make>::recall;
    table.rehearse = can_serve == serves::yes ? &edge<make>::rehearse : nullptr;
    table.release = &edge<make>::release;
    return table;
}

}  // namespace tidegate

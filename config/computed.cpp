// config/computed.cpp: see the header.
#include "config/computed.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/formula.hpp"
#include "config/suggest.hpp"

namespace config {
namespace {

constexpr std::array<std::string_view, 3> keys_of_read_points{"every", "priority", "writable"};

/// Finds the points that one formula names.
class resolver {
public:
    resolver(const written_formula& written, bus& on, findings& out)
        : written_(written), on_(on), device_(on.devices[written.device]), point_(device_.points[written.point]), out_(out) {}

    void run();

private:
    std::optional<computation::input> find(const formula::reference& what);
    std::optional<computation::input> find_elsewhere(std::string_view name) const;
    bool may_use(const computation::input& which, const formula::reference& what);
    std::string hint(const std::string& name) const;
    bool fail(std::size_t at, std::size_t size, const std::string& message) {
        out_.error(part_of(written_.source, at, size), "'compute': " + message);
        return false;
    }

    const written_formula& written_;
    bus& on_;
    device& device_;
    point& point_;
    findings& out_;
};

std::optional<std::size_t> index_of(const std::vector<point>& points, std::string_view name) {
    const auto found = std::find_if(points.begin(), points.end(), [&](const point& one) { return one.name == name; });
    if (found == points.end()) return std::nullopt;
    return static_cast<std::size_t>(found - points.begin());
}

void resolver::run() {
    formula::problem problem;
    const auto parsed = formula::parse(written_.text, problem);
    if (!parsed) {
        fail(problem.at, problem.size, problem.message);
        return;
    }
    bool good = true;
    std::optional<std::chrono::nanoseconds> shortest;
    for (const auto& reference : parsed->inputs()) {
        const auto input = find(reference);
        if (!input || !may_use(*input, reference)) {
            good = false;
            continue;
        }
        point_.compute->inputs.push_back(*input);
        if (input->device != written_.device) continue;
        const auto every = device_.points[input->point].every;
        if (!shortest || every < *shortest) shortest = every;
    }
    if (shortest) point_.every = *shortest;
    if (good && !shortest)
        fail(0, written_.text.size(),
             "the formula names no point of its own device " + quoted(device_.name) +
                 "; it belongs to the device whose readings it goes with");
}

std::optional<computation::input> resolver::find(const formula::reference& what) {
    if (const auto own = index_of(device_.points, what.name)) return computation::input{written_.device, *own};
    if (const auto other = find_elsewhere(what.name)) return other;
    fail(what.at, what.size, "device " + quoted(device_.name) + " has no point " + quoted(what.name) + hint(what.name));
    return std::nullopt;
}

/// "meter2.power"; both names may have dots.
std::optional<computation::input> resolver::find_elsewhere(std::string_view name) const {
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
        for (std::size_t device = 0; device < on_.devices.size(); ++device) {
            if (on_.devices[device].name != name.substr(0, dot)) continue;
            if (const auto point = index_of(on_.devices[device].points, name.substr(dot + 1)))
                return computation::input{device, *point};
        }
    }
    return std::nullopt;
}

/// Computed points are worked out in their order, so none can be an input of one before it.
bool resolver::may_use(const computation::input& which, const formula::reference& what) {
    const auto& input = on_.devices[which.device].points[which.point];
    if (!input.compute) return true;
    if (which.device != written_.device)
        return fail(what.at, what.size,
                    quoted(what.name) + " is computed itself, for another device; name what it is computed from");
    if (which.point == written_.point) return fail(what.at, what.size, quoted(what.name) + " can't be computed from itself");
    if (which.point > written_.point)
        return fail(what.at, what.size,
                    quoted(what.name) + " is computed itself, after this; move it before " + quoted(point_.name));
    return true;
}

std::string resolver::hint(const std::string& name) const {
    std::vector<std::string> known;
    for (const auto& one : device_.points) known.push_back(one.name);
    for (const auto& other : on_.devices)
        if (&other != &device_)
            for (const auto& one : other.points) known.push_back(other.name + '.' + one.name);
    return did_you_mean(name, known);
}

}  // namespace

std::optional<written_formula> read_formula(const values& keys, findings& out) {
    const auto* compute = keys.find("compute");
    if (compute == nullptr) return std::nullopt;
    for (const auto& one : keys.all) {
        const auto path = std::string_view(one.key->path);
        const bool of_read = std::find(keys_of_read_points.begin(), keys_of_read_points.end(), path) != keys_of_read_points.end();
        if (!one.key->of_adapter && !of_read) continue;
        out.error(one.key_at, "a point with 'compute' is not read, and has no " + quoted(path.substr(0, path.find('.'))) +
                                  (path == "every" ? "; it goes with the points that it is computed from" : ""));
        break;
    }
    return written_formula{compute->text, *compute->source, 0, 0};
}

void resolve_formulas(const std::vector<written_formula>& written, bus& to, findings& out) {
    for (const auto& one : written) resolver(one, to, out).run();
}

}  // namespace config

// examples/adapters/number_files.cpp: an adapter in C++20 with the wrapper adapter.hpp: files that hold a number, as the kernel
// gives temperatures and takes outputs. Reads and writes. Not here: C (system_load.c).
//
//     buses:
//       kernel:
//         adapter: number_files
//         devices:
//           board:
//             every: 5s
//             points:
//               temperature: { file: /sys/class/thermal/thermal_zone0/temp, scale: 0.001, unit: "°C" }
//               fan:         { file: /sys/class/hwmon/hwmon0/pwm1, writable: true }
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <adapters/adapter.hpp>

namespace {

constexpr tidegate_key keys[] = {
    {TIDEGATE_POINT, TIDEGATE_KEY_TEXT, "file", "", 0, 0, "The file that holds the number (no default)."},
    {TIDEGATE_POINT, TIDEGATE_KEY_NUMBER, "scale", "", 0, 0, "The factor from the file's number to the value (default 1)."},
};

struct point {
    std::string file;
    double scale = 1;
};

/// The number at the front of a file; nothing: `why` says so.
bool read_number(const std::string& file, double& number, std::string& why) {
    std::ifstream from(file);
    std::string line;
    if (!std::getline(from, line)) {
        why = file + " can't be read";
        return false;
    }
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error == std::errc() && std::isfinite(number)) return true;
    why = file + " holds no number";
    return false;
}

class file_bus final : public tidegate::bus {
public:
    explicit file_bus(std::vector<point> points) : points_(std::move(points)) {}

    void plan(std::span<const std::uint32_t> points, const tidegate::plan_listener& to) override {
        for (const auto& one : points) to.request(points_[one].file, {&one, 1}, 0, 0);
    }

    tidegate::outcome poll(std::span<const tidegate_candidate> candidates, std::uint32_t, const tidegate::readings& to) override {
        for (const auto& candidate : candidates) {
            const point& which = points_[candidate.point];
            double number = 0;
            std::string why;
            if (read_number(which.file, number, why))
                to.value(candidate.point, tidegate::float64_value(number * which.scale));
            else
                to.failure(candidate.point, why);
        }
        return tidegate::outcome::done;
    }

    tidegate::write_outcome write(std::span<const tidegate_write_item> items, bool check_only,
                                  const tidegate::write_report& to) override {
        if (items.size() > 1) {
            to.note("files are written one at a time, not as a group");
            return tidegate::write_outcome::rejected;
        }
        const point& which = points_[items[0].point];
        double wanted = 0;
        if (!as_number(items[0].value, wanted)) {
            to.note("a file takes a number");
            return tidegate::write_outcome::rejected;
        }
        const double raw = std::round(wanted / which.scale);
        if (std::abs(raw * which.scale - wanted) > 1e-9 * std::abs(wanted)) {
            to.note("the value is finer than the file's steps of " + std::to_string(which.scale));
            return tidegate::write_outcome::rejected;
        }
        if (check_only) return tidegate::write_outcome::accepted;
        const auto text = std::to_string(static_cast<long long>(raw));
        to.sending(which.file + " = " + text);
        std::ofstream file(which.file);
        file << text << '\n' << std::flush;
        if (file) return tidegate::write_outcome::accepted;
        to.note(which.file + " can't be written");
        return tidegate::write_outcome::refused;
    }

    void interrupt() noexcept override {}  // nothing here waits

private:
    static bool as_number(const tidegate_value& value, double& to) {
        switch (value.kind) {
            case TIDEGATE_BOOLEAN:
            case TIDEGATE_INTEGER:
                to = static_cast<double>(value.as.integer);
                return true;
            case TIDEGATE_UNSIGNED:
                to = static_cast<double>(value.as.natural);
                return true;
            case TIDEGATE_FLOAT32:
            case TIDEGATE_FLOAT64:
                to = value.as.number;
                return true;
            default:
                return false;
        }
    }

    std::vector<point> points_;
};

std::unique_ptr<tidegate::bus> make(const tidegate_bus_config& config, tidegate::faults& to) {
    std::vector<point> points(config.point_count);
    for (std::size_t i = 0; i < points.size(); ++i) {
        const tidegate::settings written(config.points[i].settings, config.points[i].setting_count);
        if (const auto* file = written.find("file"))
            points[i].file = file->text;
        else
            to.point(i, "", "a point needs its file, such as file: /sys/class/thermal/thermal_zone0/temp");
        if (const auto* scale = written.find("scale")) points[i].scale = scale->number;
        if (points[i].scale == 0) to.point(i, "scale", "scale 0 would make every value the same");
    }
    return std::make_unique<file_bus>(std::move(points));
}

const tidegate_adapter adapter = tidegate::describe<make>("number_files", "1", keys, tidegate::serves::no);

}  // namespace

extern "C" __attribute__((visibility("default"))) const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi) {
    return host_abi == TIDEGATE_ADAPTER_ABI ? &adapter : nullptr;
}

// tests/adapters/support/serial_plant.hpp: a serial bus made from a device's YAML, on a line whose time and bytes the test tells.
// Not here: real ports and sockets (serial_wire_test.cpp).
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "adapters/serial/keys.hpp"
#include "adapters/serial/serial.hpp"
#include "config/read.hpp"

namespace test {

using serial::time_point;
using namespace std::chrono_literals;

/// Time passes only while somebody waits.
class told_line final : public serial::channel {
public:
    struct arrival {
        std::chrono::nanoseconds at{0};  // since the beginning
        std::string bytes;
    };
    std::deque<arrival> coming;                             // in order
    std::function<std::string(const std::string&)> answer;  // to what is written, 1 ms later
    std::function<void(std::uint32_t)> on_baud = [](std::uint32_t) {};
    std::vector<std::string> written;
    std::vector<std::uint32_t> bauds;
    std::chrono::nanoseconds clock{0};
    bool refuse_open = false, lose = false, stop = false, forgets = false;
    int opened = 0, closed = 0;

    void bring(const std::string& bytes, std::chrono::nanoseconds later = 1ms) { coming.push_back({clock + later, bytes}); }

    std::string open(serial::nanoseconds) override {
        if (refuse_open) return "it: no such port";
        ++opened;
        open_ = true;
        return "";
    }
    void close() override {
        closed += open_ ? 1 : 0;
        open_ = false;
        if (forgets) coming.clear();
    }
    bool is_open() const override { return open_; }
    time_point now() const override { return time_point(1h + clock); }
    heard read(std::string& to, time_point until) override {
        REQUIRE(open_);
        if (stop) return heard::interrupted;
        const auto limit = until - time_point(1h);
        if (!coming.empty() && coming.front().at <= std::max(limit, clock)) {
            clock = std::max(clock, coming.front().at);
            to += coming.front().bytes;
            coming.pop_front();
            return heard::bytes;
        }
        clock = std::max(clock, limit);
        return lose ? heard::lost : heard::nothing;
    }
    bool write(std::string_view bytes) override {
        written.emplace_back(bytes);
        if (!answer) return true;
        if (std::string back = answer(std::string(bytes)); !back.empty()) bring(back);
        return true;
    }
    void discard() override {
        while (!coming.empty() && coming.front().at <= clock) coming.pop_front();
    }
    std::string set_baud(std::uint32_t baud) override {
        if (bauds.empty() || bauds.back() != baud) bauds.push_back(baud);
        return "";
    }
    bool forgets_when_closed() const override { return forgets; }
    std::string name() const override { return "it"; }
    bool interrupted() const override { return stop; }
    void interrupt() noexcept override { stop = true; }

private:
    bool open_ = false;
};

/// The part of a template that is a device's.
inline std::string device_of_template(const std::string& name) {
    std::ifstream file(std::string(TIDEGATE_TEMPLATES) + "/" + name + ".yaml");
    REQUIRE(file);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const std::size_t at = text.find("\ndevice:\n");
    REQUIRE(at != std::string::npos);
    return text.substr(at + 9);
}

/// A config as the file has it, as the C structs that create() takes.
class translated {
public:
    /// `device`: its keys, two blanks deep. `more`: further lines of the bus.
    explicit translated(const std::string& device, const std::string& bus = "serial: { port: /dev/null }") {
        std::string text = "gateway: { id: g }\nmqtt: { url: \"mqtt://h\" }\nbuses:\n  line:\n    adapter: serial\n    " + bus +
                           "\n    devices:\n      instrument:\n";
        std::istringstream lines(device);
        for (std::string line; std::getline(lines, line);) text += "      " + line + "\n";
        const auto words = vocabulary();
        auto read = config::read(text, {&words, 1});
        for (const auto& one : read.diagnostics) UNSCOPED_INFO(config::render(one, "test", text));
        REQUIRE(read.config);
        file_ = std::move(*read.config);
        for (const auto& one : file_.buses[0].devices[0].points)
            points_.push_back({one.name.c_str(), keep(one.settings), one.settings.size()});
        const auto& from = file_.buses[0].devices[0];
        device_ = {from.name.c_str(), keep(from.settings), from.settings.size(), 0, points_.size()};
        config_ = {
            sizeof config_, "line", keep(file_.buses[0].settings), file_.buses[0].settings.size(), &device_, 1, points_.data(),
            points_.size(), nullptr};
    }
    translated(const translated&) = delete;
    translated& operator=(const translated&) = delete;
    const tidegate_bus_config& get() const { return config_; }
    std::uint32_t point(const std::string& name) const {
        for (std::uint32_t i = 0; i < points_.size(); ++i)
            if (name == points_[i].name) return i;
        FAIL("no point " << name);
        return 0;
    }
    std::string name(std::uint32_t point) const { return points_.at(point).name; }

private:
    static config::vocabulary vocabulary() {
        config::vocabulary all{"serial", {}};
        for (const auto& key : serial::config_keys()) {
            config::adapter_key one;
            one.scope = static_cast<config::scope>(key.scope);
            constexpr config::value_kind kinds[] = {config::value_kind::text,        config::value_kind::choice,
                                                    config::value_kind::integer,     config::value_kind::number,
                                                    config::value_kind::boolean,     config::value_kind::duration,
                                                    config::value_kind::number_list, config::value_kind::text_by_number,
                                                    config::value_kind::unbuilt,     config::value_kind::text_list};
            one.kind = kinds[key.type];
            one.path = key.path;
            std::istringstream choices(key.choices);
            for (std::string choice; std::getline(choices, choice, '|');) one.choices.push_back(choice);
            one.least = key.least;
            one.most = key.most;
            one.help = key.help;
            all.keys.push_back(std::move(one));
        }
        return all;
    }
    const tidegate_setting* keep(const std::vector<config::setting>& from) {
        auto& to = settings_.emplace_back();
        for (const auto& one : from) to.push_back({one.path.c_str(), one.text.c_str(), one.integer, one.number});
        return to.data();
    }

    config::file file_;
    std::deque<std::vector<tidegate_setting>> settings_;
    std::vector<tidegate_point_config> points_;
    tidegate_device_config device_{};
    tidegate_bus_config config_{};
};

/// "device 0 frame: …", in the order in which they came.
inline std::vector<std::string> faults_of(const std::string& device, const std::string& bus = "serial: { port: /dev/null }") {
    const translated config(device, bus);
    std::vector<std::string> lines;
    const tidegate_faults abi{sizeof(tidegate_faults), &lines,
                              [](void* to, std::uint32_t scope, std::size_t index, const char* path, const char* message) {
                                  const char* const scopes[] = {"bus", "device", "point"};
                                  static_cast<std::vector<std::string>*>(to)->push_back(
                                      std::string(scopes[scope]) + ' ' + std::to_string(index) + ' ' + path + ": " + message);
                              }};
    tidegate::faults faults(abi);
    serial::read_definition(config.get(), faults);
    return lines;
}

inline std::string text_of(const tidegate_value& value) {
    std::ostringstream text;
    text.precision(12);
    switch (value.kind) {
        case TIDEGATE_NULL:
            return "null";
        case TIDEGATE_BOOLEAN:
            return value.as.integer != 0 ? "true" : "false";
        case TIDEGATE_INTEGER:
            return std::to_string(value.as.integer);
        case TIDEGATE_UNSIGNED:
            return std::to_string(value.as.natural) + "u";
        case TIDEGATE_TEXT:
            return std::string(value.as.text, value.length);
        default:
            text << value.as.number;
            // 5.0 isn't 5: what kind of number it is shows.
            return text.str().find_first_of(".e") == std::string::npos ? text.str() + ".0" : text.str();
    }
}

using readings = std::map<std::string, std::string>;

class plant {
public:
    explicit plant(const std::string& device, const std::string& at = "serial: { port: /dev/null }")
        : config_(read_once(device, at)) {
        auto made = std::make_unique<told_line>();
        line_ = made.get();
        bus_ = std::make_unique<serial::bus>(definition(), std::move(made), serial::server_maker());
    }
    /// Over a real channel, or one of the test's own.
    plant(const std::string& device, std::unique_ptr<serial::channel> over, serial::server_maker servers = {},
          const std::string& at = "serial: { port: /dev/null }")
        : config_(read_once(device, at)) {
        bus_ = std::make_unique<serial::bus>(definition(), std::move(over), std::move(servers));
    }

    serial::bus_definition definition() const {
        const tidegate_faults abi{
            sizeof(tidegate_faults), nullptr,
            [](void*, std::uint32_t, std::size_t, const char* path, const char* message) { FAIL(path << ": " << message); }};
        tidegate::faults faults(abi);
        return serial::read_definition(config_.get(), faults);
    }

    told_line& line() { return *line_; }

    /// Polls these points together; all of them if none is named. `period` 0: each frame.
    readings poll(std::vector<std::string> names = {}, std::chrono::nanoseconds period = 1s) {
        if (names.empty())
            for (std::uint32_t i = 0; i < config_.get().point_count; ++i) names.push_back(config_.name(i));
        std::vector<tidegate_candidate> candidates;
        for (const auto& name : names) candidates.push_back({config_.point(name), 0, 0, period.count()});
        values.clear();
        failures.clear();
        note.clear();
        const tidegate_readings abi{sizeof(tidegate_readings),
                                    this,
                                    [](void* me, std::uint32_t point, const tidegate_value* value) {
                                        auto& to = *static_cast<plant*>(me);
                                        const bool first = to.values.emplace(to.config_.name(point), text_of(*value)).second;
                                        CHECK(first);
                                    },
                                    [](void* me, std::uint32_t point, const char* reason) {
                                        auto& to = *static_cast<plant*>(me);
                                        CHECK(to.values.count(to.config_.name(point)) == 0);
                                        to.failures[to.config_.name(point)] = reason;
                                    },
                                    [](void* me, const char* text) { static_cast<plant*>(me)->note = text; },
                                    nullptr,
                                    nullptr,
                                    nullptr};
        outcome = bus_->poll(candidates, 0, tidegate::readings(abi));
        return values;
    }
    /// Polls until each point was reported once, as a host does in a cycle, or a poll fails.
    readings cycle() {
        std::vector<std::string> left;
        for (std::uint32_t i = 0; i < config_.get().point_count; ++i) left.push_back(config_.name(i));
        readings all;
        while (!left.empty()) {
            poll(left);
            if (outcome != tidegate::outcome::done) break;
            all.insert(values.begin(), values.end());
            const std::string first = left.front();
            std::erase_if(left, [&](const std::string& name) {
                return name == first || values.count(name) > 0 || failures.count(name) > 0;
            });
        }
        return all;
    }
    serial::bus& bus() { return *bus_; }

    readings values, failures;
    std::string note;
    tidegate::outcome outcome = tidegate::outcome::done;

private:
    /// Damage is tried by the thousand: the same text needn't be read each time.
    static const translated& read_once(const std::string& device, const std::string& at) {
        static std::map<std::string, std::unique_ptr<translated>> all;
        auto& one = all[device + at];
        if (!one) one = std::make_unique<translated>(device, at);
        return *one;
    }

    const translated& config_;
    told_line* line_ = nullptr;
    std::unique_ptr<serial::bus> bus_;
};

}  // namespace test

// tests/adapters/simulated_test.cpp: the simulated adapter, as a host sees it: through the shared object.
// Not here: the host's own checks of keys.
#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "adapters/adapter.h"

namespace {

const tidegate_adapter& adapter() {
    static void* const object = ::dlopen(SIMULATED_ADAPTER, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(object != nullptr);
    const auto entry = reinterpret_cast<tidegate_adapter_entry_function>(::dlsym(object, "tidegate_adapter_entry"));
    REQUIRE(entry != nullptr);
    CHECK(entry(TIDEGATE_ADAPTER_ABI + 1) == nullptr);
    const tidegate_adapter* const found = entry(TIDEGATE_ADAPTER_ABI);
    REQUIRE(found != nullptr);
    return *found;
}

/// The settings of a map in the config file, typed as the host would.
struct settings {
    std::vector<std::pair<std::string, std::string>> entries;
    std::vector<tidegate_setting> list;
    explicit settings(std::vector<std::pair<std::string, std::string>> from) : entries(std::move(from)) {
        for (const auto& [path, text] : entries) {
            tidegate_setting& one = list.emplace_back();
            one.path = path.c_str();
            one.text = text.c_str();
            one.number = std::atof(text.c_str());
            one.integer = text == "true" ? 1 : std::atoll(text.c_str());
        }
    }
};

using map = std::vector<std::pair<std::string, std::string>>;

struct fault {
    std::uint32_t scope;
    size_t index;
    std::string path;
    bool operator==(const fault&) const = default;
};

struct bus {
    tidegate_bus* made = nullptr;
    std::vector<fault> faults;
    ~bus() {
        if (made != nullptr) adapter().destroy(made);
    }
    bus(const bus&) = delete;
    bus& operator=(const bus&) = delete;

    /// One device with these points.
    explicit bus(const std::vector<map>& points, const map& device = {}, const map& of_bus = {}) {
        std::vector<settings> held;
        held.reserve(points.size() + 2);
        std::vector<tidegate_point_config> point_list;
        for (const map& one : points) {
            const settings& kept = held.emplace_back(one);
            point_list.push_back({"point", kept.list.data(), kept.list.size()});
        }
        const settings device_settings(device), bus_settings(of_bus);
        const tidegate_device_config device_config{"device", device_settings.list.data(), device_settings.list.size(), 0,
                                                   points.size()};
        const tidegate_bus_config config{sizeof(tidegate_bus_config),
                                         "bus",
                                         bus_settings.list.data(),
                                         bus_settings.list.size(),
                                         &device_config,
                                         1,
                                         point_list.data(),
                                         point_list.size(),
                                         nullptr};
        const tidegate_faults report{sizeof(tidegate_faults), this,
                                     [](void* context, std::uint32_t scope, size_t index, const char* path, const char* message) {
                                         CHECK(std::strlen(message) > 0);
                                         static_cast<bus*>(context)->faults.push_back({scope, index, path});
                                     }};
        made = adapter().create(&config, &report);
        CHECK((made == nullptr) == !faults.empty());
    }

    /// What a poll of these points reports, as text.
    std::map<std::uint32_t, std::string> poll(const std::vector<std::uint32_t>& points, std::uint32_t flags = 0) {
        std::vector<tidegate_candidate> candidates;
        for (const std::uint32_t point : points) candidates.push_back({point, 0, 0, 0});
        const tidegate_poll what{sizeof(tidegate_poll), flags, candidates.data(), candidates.size()};
        reported.clear();
        const tidegate_readings to{sizeof(tidegate_readings),
                                   this,
                                   [](void* context, std::uint32_t point, const tidegate_value* value) {
                                       static_cast<bus*>(context)->reported[point] = text_of(*value);
                                   },
                                   [](void*, std::uint32_t, const char*) { FAIL("no point fails here"); },
                                   [](void*, const char*) {},
                                   nullptr,
                                   nullptr,
                                   nullptr};
        outcome = adapter().poll(made, &what, &to);
        return reported;
    }
    /// Writes texts or numbers to points, and gives the outcome.
    std::uint32_t write(const std::vector<std::pair<std::uint32_t, std::string>>& items, std::uint32_t flags = 0) {
        std::vector<tidegate_write_item> list;
        for (const auto& [point, text] : items) {
            tidegate_write_item& one = list.emplace_back();
            one.point = point;
            one.value.kind = text.find_first_not_of("0123456789") == std::string::npos ? TIDEGATE_INTEGER : TIDEGATE_TEXT;
            one.value.length = static_cast<std::uint32_t>(text.size());
            if (one.value.kind == TIDEGATE_TEXT)
                one.value.as.text = text.data();
            else
                one.value.as.integer = std::atoll(text.c_str());
        }
        const tidegate_write what{sizeof(tidegate_write), flags, list.data(), list.size()};
        sent.clear();
        exception = 0;
        const tidegate_write_report to{sizeof(tidegate_write_report),
                                       this,
                                       [](void* context, const char* words) { static_cast<bus*>(context)->sent = words; },
                                       [](void* context, std::uint32_t code) { static_cast<bus*>(context)->exception = code; },
                                       [](void*, const char*) {},
                                       nullptr};
        return adapter().write(made, &what, &to);
    }
    std::string sent;
    std::uint32_t exception = 0;
    static std::string text_of(const tidegate_value& value) {
        switch (value.kind) {
            case TIDEGATE_BOOLEAN:
                return value.as.integer != 0 ? "true" : "false";
            case TIDEGATE_INTEGER:
                return std::to_string(value.as.integer);
            case TIDEGATE_FLOAT64:
                return std::string("~").append(std::to_string(std::lround(value.as.number * 1000)));
            case TIDEGATE_TEXT:
                return std::string(value.as.text, value.length);
            default:
                return "?";
        }
    }
    std::map<std::uint32_t, std::string> reported;
    std::uint32_t outcome = 99;
};

std::vector<std::string> series(const map& point, int count) {
    bus one({point});
    REQUIRE(one.made != nullptr);
    std::vector<std::string> all;
    for (int index = 0; index < count; ++index) all.push_back(one.poll({0})[0]);
    return all;
}

using list = std::vector<std::string>;

}  // namespace

TEST_CASE("simulated: the table", "[simulated]") {
    CHECK(adapter().struct_size == sizeof(tidegate_adapter));
    CHECK(adapter().abi_version == TIDEGATE_ADAPTER_ABI);
    CHECK(std::string(adapter().name) == "simulated");
    CHECK(adapter().serve == nullptr);
    for (size_t index = 0; index < adapter().key_count; ++index) {
        const tidegate_key& key = adapter().keys[index];
        CHECK(std::strlen(key.path) > 0);
        CHECK(std::strlen(key.help) > 0);
        CHECK((std::strlen(key.choices) > 0) == (key.type == TIDEGATE_KEY_CHOICE));
    }
}

TEST_CASE("simulated: values", "[simulated]") {
    CHECK(series({}, 3) == list{"0", "1", "2"});
    CHECK(series({{"wave", "counter"}, {"from", "5"}, {"to", "7"}}, 5) == list{"5", "6", "7", "5", "6"});
    CHECK(series({{"wave", "counter"}, {"from", "0.5"}}, 2) == list{"~500", "~1500"});
    CHECK(series({{"wave", "sine"}, {"from", "10"}, {"to", "20"}, {"period", "4"}}, 5) ==
          list{"~10000", "~15000", "~20000", "~15000", "~10000"});
    CHECK(series({{"wave", "square"}, {"period", "2"}}, 3) == list{"~0", "~1000", "~0"});
    CHECK(series({{"wave", "constant"}, {"value", "42"}}, 2) == list{"42", "42"});
    CHECK(series({{"wave", "constant"}, {"value", "21.5"}}, 1) == list{"~21500"});
    CHECK(series({{"wave", "text"}, {"value", "grün"}}, 1) == list{"grün"});
}

TEST_CASE("simulated: each point counts its own polls", "[simulated]") {
    bus one({map{}, map{}});
    CHECK(one.poll({0, 1}) == std::map<std::uint32_t, std::string>{{0, "0"}, {1, "0"}});
    CHECK(one.poll({1}) == std::map<std::uint32_t, std::string>{{1, "1"}});
    CHECK(one.poll({0, 1}) == std::map<std::uint32_t, std::string>{{0, "1"}, {1, "2"}});
    CHECK(one.outcome == TIDEGATE_DONE);
    CHECK(one.poll({1, 0}, TIDEGATE_PROBE) == std::map<std::uint32_t, std::string>{{1, "3"}});
}

TEST_CASE("simulated: a silent device", "[simulated]") {
    bus one({map{}}, {{"silent", "true"}});
    CHECK(one.poll({0}).empty());
    CHECK(one.outcome == TIDEGATE_DEVICE_SILENT);
}

TEST_CASE("simulated: a poll that takes its time can be interrupted, for good", "[simulated]") {
    bus one({map{}}, {}, {{"delay", "3600000000000"}});
    const auto interrupt = adapter().interrupt;  // here: adapter() checks, which is for the test's own thread
    std::thread other([&] { interrupt(one.made); });
    CHECK(one.poll({0}).empty());
    CHECK(one.outcome == TIDEGATE_INTERRUPTED);
    other.join();
    CHECK(one.poll({0}).empty());
    CHECK(one.outcome == TIDEGATE_INTERRUPTED);
}

TEST_CASE("simulated: every fault of a config is told", "[simulated]") {
    const auto faults = [](const std::vector<map>& points) {
        const bus one(points);
        return one.faults;
    };
    const auto at = [](size_t index, const char* path) { return fault{TIDEGATE_POINT, index, path}; };
    CHECK(faults({{{"wave", "constant"}}, {{"wave", "text"}}}) == std::vector<fault>{at(0, "wave"), at(1, "wave")});
    CHECK(faults({{{"wave", "constant"}, {"value", "red"}}}) == std::vector<fault>{at(0, "value")});
    CHECK(faults({{{"wave", "constant"}, {"value", "1e999"}}}) == std::vector<fault>{at(0, "value")});
    CHECK(faults({{{"value", "1"}, {"period", "3"}}}) == std::vector<fault>{at(0, "value"), at(0, "period")});
    CHECK(faults({{{"wave", "text"}, {"value", "a"}, {"from", "1"}, {"to", "2"}}}) ==
          std::vector<fault>{at(0, "from"), at(0, "to")});
    CHECK(faults({{{"wave", "held"}}}) == std::vector<fault>{at(0, "wave")});
    CHECK(faults({{{"wave", "sine"}, {"on_write", "refuse"}}}) == std::vector<fault>{at(0, "on_write")});
    CHECK(faults({{{"wave", "sine"}, {"from", "2"}, {"to", "2"}}}) == std::vector<fault>{at(0, "to")});
}

TEST_CASE("simulated: what is held is what was written, and writes are counted", "[simulated]") {
    const map held{{"wave", "held"}, {"value", "20"}};
    bus one({held, {{"wave", "held"}, {"value", "auto"}}, {{"wave", "held"}, {"value", "false"}}, {{"wave", "writes"}}});
    CHECK(one.poll({0, 1, 2, 3}) == std::map<std::uint32_t, std::string>{{0, "20"}, {1, "auto"}, {2, "false"}, {3, "0"}});
    CHECK(one.write({{0, "21"}}) == TIDEGATE_WRITE_ACCEPTED);
    CHECK(one.sent == "device/point = 21");
    CHECK(one.write({{0, "22"}, {1, "manual"}, {2, "true"}}) == TIDEGATE_WRITE_ACCEPTED);
    CHECK(one.poll({0, 1, 2, 3}) == std::map<std::uint32_t, std::string>{{0, "22"}, {1, "manual"}, {2, "true"}, {3, "2"}});
    // Nothing is sent of what doesn't fit, nor by a check.
    CHECK(one.write({{0, "23"}, {3, "1"}}) == TIDEGATE_WRITE_REJECTED);
    CHECK(one.write({{0, "warm"}}) == TIDEGATE_WRITE_REJECTED);
    CHECK(one.write({{0, "24"}}, TIDEGATE_WRITE_CHECK) == TIDEGATE_WRITE_ACCEPTED);
    CHECK(one.sent.empty());
    CHECK(one.poll({0, 3}) == std::map<std::uint32_t, std::string>{{0, "22"}, {3, "2"}});
}

TEST_CASE("simulated: a point that is difficult to write", "[simulated]") {
    struct manner {
        const char* name;
        std::uint32_t outcome, exception;
        const char* reads;
    };
    for (const auto& [name, outcome, exception, reads] :
         {manner{"take", TIDEGATE_WRITE_ACCEPTED, 0, "21"}, manner{"refuse", TIDEGATE_WRITE_REFUSED, 4, "20"},
          manner{"ignore", TIDEGATE_WRITE_ACCEPTED, 0, "20"}, manner{"busy", TIDEGATE_WRITE_PENDING, 5, "21"},
          manner{"lose", TIDEGATE_WRITE_UNANSWERED, 0, "20"}, manner{"forget_answer", TIDEGATE_WRITE_UNANSWERED, 0, "21"}}) {
        CAPTURE(name);
        const map point{{"wave", "held"}, {"value", "20"}, {"on_write", name}};
        bus one({point});
        CHECK(one.write({{0, "21"}}) == outcome);
        CHECK(one.exception == exception);
        CHECK(one.poll({0})[0] == reads);
    }
    const map held{{"wave", "held"}, {"value", "20"}};
    bus silent({held}, {{"silent", "true"}});
    CHECK(silent.write({{0, "21"}}) == TIDEGATE_WRITE_UNANSWERED);
}

TEST_CASE("simulated: the plan is one request", "[simulated]") {
    bus one({map{}, map{}}, {}, {{"delay", "5000000"}});
    std::vector<std::string> planned;
    const tidegate_plan to{sizeof(tidegate_plan), &planned, [](void* context, const tidegate_planned_request* request) {
                               CHECK(request->struct_size == sizeof(tidegate_planned_request));
                               CHECK(request->bus_time == 5000000);
                               static_cast<std::vector<std::string>*>(context)->emplace_back(request->what);
                           }};
    const std::vector<std::uint32_t> points{0, 1};
    adapter().plan(one.made, points.data(), points.size(), &to);
    CHECK(planned == std::vector<std::string>{"simulated, 2 points"});
}

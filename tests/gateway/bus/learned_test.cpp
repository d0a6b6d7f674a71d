// tests/gateway/bus/learned_test.cpp: what was learned of a device comes back to it, and to no other or changed one.
#include "gateway/bus/learned.hpp"
#include "gateway/service/config_digest.hpp"

#include <catch2/catch.hpp>

using namespace gateway;

namespace {

config::file plant() {
    config::file made;
    made.buses.resize(2);
    made.buses[0].name = "line";
    made.buses[0].adapter = "modbus";
    made.buses[0].settings = {{"serial.port", "/dev/ttyUSB0", 0, 0, {}}};
    made.buses[0].devices.resize(2);
    made.buses[0].devices[0].name = "boiler";
    made.buses[0].devices[0].settings = {{"unit", "1", 1, 1, {}}};
    made.buses[0].devices[0].points.resize(1);
    made.buses[0].devices[0].points[0].name = "pressure";
    made.buses[0].devices[0].points[0].settings = {{"holding", "7", 7, 7, {}}};
    made.buses[0].devices[1].name = "meter";
    made.buses[1].name = "other";
    note_digests(made);
    return made;
}

}  // namespace

TEST_CASE("learned: kept and recalled, under the same config only", "[gateway][learned]") {
    const config::file config = plant();
    const auto memory = memory_of_learned(config.buses[0], 0, "1\nhole h 7\n");
    REQUIRE(memory);
    CHECK(memory->name == "learned line/boiler");
    const std::vector<store::memory> kept = {*memory, {"of somebody else", "x"}};
    const auto found = recall_learned(kept, config);
    CHECK(found.learned == std::vector<recalled>{{0, 0, "1\nhole h 7\n"}});
    CHECK(found.stale.empty());

    const auto is_stale = [&](config::file changed) {
        note_digests(changed);
        const auto now = recall_learned(kept, changed);
        return now.learned.empty() && now.stale == std::vector<std::string>{"learned line/boiler"};
    };
    config::file changed = config;
    changed.buses[0].settings[0].text = "/dev/ttyUSB1";
    CHECK(is_stale(changed));
    changed = config;
    changed.buses[0].devices[0].settings[0].text = "2";
    CHECK(is_stale(changed));
    changed = config;
    changed.buses[0].devices[0].points[0].settings[0].text = "8";
    CHECK(is_stale(changed));
    changed = config;
    changed.buses[0].devices[0].name = "kettle";
    CHECK(is_stale(changed));
    changed = config;
    changed.buses[0].devices[1].settings = {{"unit", "9", 9, 9, {}}};  // another device
    changed.gateway_id = "renamed";
    note_digests(changed);
    CHECK(recall_learned(kept, changed).learned.size() == 1);
}

TEST_CASE("learned: what can't be kept isn't", "[gateway][learned]") {
    config::file config = plant();
    CHECK(memory_of_learned(config.buses[0], 0, std::string(8192, 'x')));
    CHECK_FALSE(memory_of_learned(config.buses[0], 0, std::string(8193, 'x')));
    CHECK_FALSE(memory_of_learned(config.buses[0], 0, "\xFF"));
    config.buses[0].devices[0].name = std::string(200, 'd');
    CHECK_FALSE(memory_of_learned(config.buses[0], 0, "x"));
    for (const char* text : {"", "\n", "0123", "0123\n"}) {
        const auto found = recall_learned({{"learned line/meter", text}}, plant());
        CHECK(found.learned.empty());
        CHECK(found.stale.size() == 1);
    }
}

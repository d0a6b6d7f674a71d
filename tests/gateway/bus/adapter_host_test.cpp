// tests/gateway/bus/adapter_host_test.cpp: real shared objects are loaded, checked and polled through the C interface.
#include "gateway/bus/adapter_host.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "gateway/bus/learned.hpp"
#include "gateway/bus/poll_groups.hpp"
#include "gateway/service/config_digest.hpp"
#include "gateway/site.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace gateway;

namespace {

config::outcome read_config(const adapter_host& adapters, const std::string& buses) {
    return config::read("gateway: { id: g }\nmqtt: { url: \"mqtt://127.0.0.1\" }\nbuses:\n" + buses, adapters.vocabularies());
}

}  // namespace

TEST_CASE("adapter host: loads what is an adapter, passes over what isn't and says why", "[gateway][adapter_host]") {
    const support::temporary_folder folder;
    std::ofstream(folder.file("noise.so")) << "not a shared object";
    setenv("TIDEGATE_ADAPTERS", folder.path().c_str(), 1);
    const adapter_host broken(foreign_adapters::own_processes, TIDEGATE_PROGRAM);
    REQUIRE(broken.problems().size() == 1);
    CHECK(broken.problems()[0].find("noise.so") != std::string::npos);
    CHECK(broken.vocabularies().empty());

    setenv("TIDEGATE_ADAPTERS", TIDEGATE_BUILT_ADAPTERS, 1);
    adapter_host adapters;
    CHECK(adapters.problems().empty());
    CHECK(adapters.find("modbus") != nullptr);
    CHECK(adapters.find("simulated") != nullptr);
    CHECK(adapters.find("polish") == nullptr);
}

TEST_CASE("adapter host: an adapter's fault points at the key in the file", "[gateway][adapter_host]") {
    setenv("TIDEGATE_ADAPTERS", TIDEGATE_BUILT_ADAPTERS, 1);
    const adapter_host adapters;
    const auto read = read_config(adapters,
                                  "  line:\n"
                                  "    adapter: modbus\n"
                                  "    serial: { port: /dev/null }\n"
                                  "    devices:\n"
                                  "      meter:\n"
                                  "        unit: 3\n"
                                  "        every: 1s\n"
                                  "        points:\n"
                                  "          odd: { register: 99999, type: int16 }\n");
    REQUIRE(read.config);
    std::vector<config::diagnostic> faults;
    const auto& bus = read.config->buses[0];
    CHECK(adapters.find("modbus")->open(bus, faults) == nullptr);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].where == config::position{12, 28});
    CHECK(faults[0].width == 5);
}

TEST_CASE("adapter host: a poll brings values through the C interface", "[gateway][adapter_host]") {
    setenv("TIDEGATE_ADAPTERS", TIDEGATE_BUILT_ADAPTERS, 1);
    const adapter_host adapters;
    const auto read = read_config(adapters,
                                  "  line:\n"
                                  "    adapter: simulated\n"
                                  "    devices:\n"
                                  "      meter:\n"
                                  "        every: 1s\n"
                                  "        points:\n"
                                  "          count: { wave: counter }\n");
    REQUIRE(read.config);
    std::vector<config::diagnostic> faults;
    const auto bus = adapters.find("simulated")->open(read.config->buses[0], faults);
    REQUIRE(bus != nullptr);
    const tidegate_candidate candidate{0, 0, 0, 1'000'000'000};
    adapter_bus::poll_result result;
    bus->poll({&candidate, 1}, false, result);
    CHECK(result.outcome == TIDEGATE_DONE);
    REQUIRE(result.readings.size() == 1);
    CHECK(result.has_stamp);
    const auto first = result.readings[0];
    bus->poll({&candidate, 1}, false, result);
    REQUIRE(result.readings.size() == 1);
    CHECK(result.readings[0] != first);
}

TEST_CASE("adapter host: an adapter never hears of computed points", "[gateway][adapter_host]") {
    setenv("TIDEGATE_ADAPTERS", TIDEGATE_BUILT_ADAPTERS, 1);
    const adapter_host adapters;
    const auto read = read_config(adapters,
                                  "  line:\n"
                                  "    adapter: simulated\n"
                                  "    devices:\n"
                                  "      first:\n"
                                  "        every: 1s\n"
                                  "        points:\n"
                                  "          a: { wave: counter }\n"
                                  "          doubled: { compute: \"a * 2\" }\n"
                                  "          b: { wave: counter }\n"
                                  "      second:\n"
                                  "        every: 1s\n"
                                  "        points:\n"
                                  "          sum: { compute: \"c + first.a\" }\n"
                                  "          c: { wave: counter }\n");
    REQUIRE(read.config);
    const auto& config = read.config->buses[0];
    const auto groups = poll_groups(config);
    REQUIRE(groups.size() == 2);
    CHECK(groups[0].points == std::vector<point_index>{0, 2});
    CHECK(groups[1].points == std::vector<point_index>{4});
    std::vector<config::diagnostic> faults;
    const auto bus = adapters.find("simulated")->open(config, faults);
    REQUIRE(bus != nullptr);
    adapter_bus::poll_result result;
    const std::vector<tidegate_candidate> candidates{{0, 0, 0, 1'000'000'000}, {2, 0, 0, 1'000'000'000}};
    bus->poll(candidates, false, result);
    REQUIRE_FALSE(result.readings.empty());
    CHECK(result.readings.back().point == 2);
    const tidegate_candidate last{4, 0, 0, 1'000'000'000};
    bus->poll({&last, 1}, false, result);
    REQUIRE(result.readings.size() == 1);
    CHECK(result.readings[0].point == 4);
    const std::vector<point_index> all{0, 2};
    std::vector<point_index> planned;
    for (const auto& request : bus->plan(all)) planned.insert(planned.end(), request.points.begin(), request.points.end());
    CHECK(planned == all);
}

TEST_CASE("adapter host: a fault behind a computed point still points at its key", "[gateway][adapter_host]") {
    setenv("TIDEGATE_ADAPTERS", TIDEGATE_BUILT_ADAPTERS, 1);
    const adapter_host adapters;
    const auto read = read_config(adapters,
                                  "  line:\n"
                                  "    adapter: modbus\n"
                                  "    serial: { port: /dev/null }\n"
                                  "    devices:\n"
                                  "      meter:\n"
                                  "        unit: 3\n"
                                  "        every: 1s\n"
                                  "        points:\n"
                                  "          fine: { register: 40001, type: int16 }\n"
                                  "          twice: { compute: \"fine * 2\" }\n"
                                  "          odd: { register: 99999, type: int16 }\n");
    REQUIRE(read.config);
    std::vector<config::diagnostic> faults;
    CHECK(adapters.find("modbus")->open(read.config->buses[0], faults) == nullptr);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].where == config::position{14, 28});
}

TEST_CASE("site: what was learned is kept under the config as it was read, also when its source is forgotten",
          "[gateway][adapter_host][learned]") {
    const support::temporary_folder folder;
    setenv("TIDEGATE_ADAPTERS", TIDEGATE_BUILT_ADAPTERS, 1);
    const auto loaded = [&](const std::string& address) {
        const std::string path = folder.file("config.yaml");
        std::ofstream(path) << "gateway: { id: g }\nmqtt: { url: \"mqtt://127.0.0.1\" }\nbuses:\n  line:\n    adapter: modbus\n"
                               "    tcp: { host: 127.0.0.1 }\n    devices:\n      meter:\n        unit: 1\n        every: 1s\n"
                               "        points: { a: { holding: "
                            << address << ", type: int16 } }\n";
        std::string why;
        auto made = load_site(path, why);
        REQUIRE(made);
        REQUIRE(made->config);
        forget_source(*made);
        return made;
    };
    const auto first = loaded("7"), same = loaded("7"), changed = loaded("8");
    const auto memory = memory_of_learned(first->config->buses[0], 0, "1\nhole h 7\n");
    REQUIRE(memory);
    CHECK(recall_learned({*memory}, *same->config).learned.size() == 1);
    CHECK(recall_learned({*memory}, *changed->config).learned.empty());
}

// tests/gateway/bus/bus_plan_test.cpp: what `check` says of a bus, word for word, with the real modbus adapter.
// Not here: whether the plan is the best one (modbus_plan_test.cpp).
#include "gateway/bus/bus_plan.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>

#include "config/read.hpp"

using namespace gateway;

namespace {

struct checked {
    explicit checked(const std::string& bus) {
        setenv("TIDEGATE_ADAPTERS", TIDEGATE_BUILT_ADAPTERS, 1);
        const adapter_host adapters;
        const auto read =
            config::read("gateway: { id: g }\nmqtt: { url: \"mqtt://127.0.0.1\" }\nbuses:\n  line:\n    adapter: modbus\n" + bus,
                         adapters.vocabularies());
        for (const auto& fault : read.diagnostics) UNSCOPED_INFO(fault.message);
        REQUIRE(read.config);
        std::vector<config::diagnostic> faults;
        const auto opened = adapters.find("modbus")->open(read.config->buses[0], faults);
        for (const auto& fault : faults) UNSCOPED_INFO(fault.message);
        REQUIRE(opened != nullptr);
        const auto plan = plan_of(read.config->buses[0], *opened);
        words = in_words(plan);
        json = in_json(plan);
    }
    std::string words, json;
};

}  // namespace

TEST_CASE("bus plan: requests in both notations, their time, the load", "[gateway][bus_plan]") {
    const checked line(
        "    serial: { port: /dev/ttyUSB0, baud: 9600 }\n"
        "    devices:\n"
        "      meter:\n"
        "        unit: 3\n"
        "        every: 1s\n"
        "        points:\n"
        "          voltage: { input: 52, type: float32 }\n"
        "          current: { input: 60, type: float32 }\n"
        "          relay: { coil: 4, every: 5s, priority: low }\n"
        "          serial: { holding: 500, type: uint32, every: 0s }\n");
    CHECK(line.words ==
          "bus line (modbus): 1 device, 4 points\n"
          "  meter, every 1s:\n"
          "    unit 3, input 52..61 (30053..30062)                    10 reg    2 points      61.8 ms    6.2 %\n"
          "  meter, every 5s, low priority:\n"
          "    unit 3, coil 4 (00005)                                  1 reg    1 point       40.1 ms    0.8 %\n"
          "  meter, as fast as possible:\n"
          "    unit 3, holding 500..501 (40501..40502)                 2 reg    1 point       43.5 ms\n"
          "  1.2 requests/s, load 7.0 %, the rest for what has no interval; all points once: 145 ms in 3 requests\n");
    CHECK(line.json.substr(0, line.json.find(R"("requests":[)")) ==
          R"({"name":"line","requests_per_second":1.2,"load":0.0698333194,"sweep_ms":145.364557,"devices":[{"name":"meter"}],)");
    CHECK(line.json.find(R"x({"device":"meter","what":"unit 3, coil 4 (00005)","registers":1,"points":1,"period_ms":5000,)x") !=
          std::string::npos);
}

TEST_CASE("bus plan: a bus that is asked for too much is told what takes most, and what helps", "[gateway][bus_plan]") {
    const auto with = [](const std::string& fast, const std::string& slow) {
        return checked(
                   "    serial: { port: /dev/ttyUSB0, baud: 9600 }\n"
                   "    devices:\n"
                   "      meter:\n"
                   "        unit: 3\n"
                   "        every: " +
                   fast +
                   "\n"
                   "        points:\n"
                   "          all: { input: 0, type: string, length: 100 }\n"
                   "      boiler:\n"
                   "        unit: 4\n"
                   "        every: " +
                   slow +
                   "\n"
                   "        points:\n"
                   "          state: { holding: 1, type: uint16 }\n")
            .words;
    };
    const std::string over = with("250ms", "500ms");
    CHECK(
        over.substr(over.find("  6 requests")) ==
        "  6 requests/s, load 115.5 %; all points once: 309 ms in 2 requests\n"
        "  warning: bus line would need 1.15 s per second: intervals won't be met.\n"
        "    Most of it goes to:\n"
        "      meter, every 250ms: 107.2 %, 1 request\n"
        "      boiler, every 500ms: 8.2 %, 1 request\n"
        "    What helps: intervals 1.3 times as long, fewer points of those, a higher baud rate, or 'priority: low' for what may "
        "wait.\n");
    CHECK(with("300ms", "500ms").find("over 90 % busy: there is no room for retries.\n    Most of it goes to:") !=
          std::string::npos);
    CHECK(with("1s", "1s").find("warning") == std::string::npos);
}

TEST_CASE("bus plan: points of several intervals share the requests of a sweep; over TCP no time is known",
          "[gateway][bus_plan]") {
    const checked tcp(
        "    tcp: { host: 10.0.0.5 }\n"
        "    devices:\n"
        "      meter:\n"
        "        unit: 3\n"
        "        every: 1s\n"
        "        points:\n"
        "          a: { input: 52, type: float32 }\n"
        "          b: { input: 60, type: float32, every: 2s }\n");
    CHECK(tcp.words ==
          "bus line (modbus): 1 device, 2 points\n"
          "  meter, every 1s:\n"
          "    unit 3, input 52..53 (30053..30054)                     2 reg    1 point \n"
          "  meter, every 2s:\n"
          "    unit 3, input 60..61 (30061..30062)                     2 reg    1 point \n"
          "  1.5 requests/s; the time that they take is not the wire's and is not known before\n");
    CHECK(tcp.json.find(R"("load":null,"sweep_ms":null)") != std::string::npos);
}

TEST_CASE("bus plan: what isn't registers isn't called so", "[gateway][bus_plan]") {
    const checked tcp(
        "    tcp: { host: 10.0.0.5 }\n"
        "    devices:\n"
        "      pv:\n"
        "        unit: 1\n"
        "        every: 1s\n"
        "        points:\n"
        "          power: { sunspec: inverter.W }\n"
        "          energy: { sunspec: inverter.WH }\n");
    CHECK(tcp.words ==
          "bus line (modbus): 1 device, 2 points\n"
          "  pv, every 1s:\n"
          "    unit 1, SunSpec, where the device's list of models says             2 points\n"
          "  1 requests/s; the time that they take is not the wire's and is not known before\n");
}

// tests/adapters/process_adapter_test.cpp: the process adapter through its shared object, with real programs (of sh) behind it.
// Not here: what the lines mean (process_lines_test.cpp); a whole gateway with a program in Python (tests/system/plugin_test.py).
#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "adapters/adapter.h"

namespace {

const tidegate_adapter& adapter() {
    static void* const object = ::dlopen(PROCESS_ADAPTER, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(object != nullptr);
    const auto entry = reinterpret_cast<tidegate_adapter_entry_function>(::dlsym(object, "tidegate_adapter_entry"));
    REQUIRE(entry != nullptr);
    return *entry(TIDEGATE_ADAPTER_ABI);
}

/// A bus with the device d and its points a and b, whose program is this script of sh.
class bus {
public:
    explicit bus(const std::string& script, std::int64_t timeout = 10'000'000'000) {
        const tidegate_setting of_bus[] = {
            {"command", "sh", 0, 0}, {"command", "-c", 0, 0}, {"command", script.c_str(), 0, 0}, {"timeout", "", timeout, 0}};
        const tidegate_device_config devices[] = {{"d", nullptr, 0, 0, 2}};
        const tidegate_point_config points[] = {{"a", nullptr, 0}, {"b", nullptr, 0}};
        const tidegate_bus_config config{sizeof config, "bus", of_bus, 4, devices, 1, points, 2, nullptr};
        const tidegate_faults faults{sizeof faults, nullptr,
                                     [](void*, std::uint32_t, size_t, const char*, const char* message) { FAIL(message); }};
        made_ = adapter().create(&config, &faults);
        REQUIRE(made_ != nullptr);
    }
    ~bus() { adapter().destroy(made_); }
    bus(const bus&) = delete;
    bus& operator=(const bus&) = delete;

    std::vector<std::string> said;  // by the last poll
    std::uint32_t poll() {
        said.clear();
        const tidegate_candidate candidates[] = {{0, 0, 0, 1}, {1, 0, 0, 1}};
        const tidegate_poll what{sizeof what, 0, candidates, 2};
        tidegate_readings to{};
        to.struct_size = sizeof to;
        to.context = this;
        to.value = [](void* self, std::uint32_t point, const tidegate_value* value) {
            static_cast<bus*>(self)->said.push_back("value " + std::to_string(point) + ' ' + std::to_string(value->as.integer));
        };
        to.failure = [](void* self, std::uint32_t point, const char* why) {
            static_cast<bus*>(self)->said.push_back("failure " + std::to_string(point) + ' ' + why);
        };
        to.note = [](void* self, const char* text) { static_cast<bus*>(self)->said.push_back(std::string("note ") + text); };
        return adapter().poll(made_, &what, &to);
    }
    std::uint32_t write(std::int64_t value) {
        said.clear();
        tidegate_write_item item{};
        item.value.kind = TIDEGATE_INTEGER;
        item.value.as.integer = value;
        const tidegate_write what{sizeof what, 0, &item, 1};
        tidegate_write_report to{};
        to.struct_size = sizeof to;
        to.context = this;
        to.sending = [](void* self, const char* what_goes) {
            static_cast<bus*>(self)->said.push_back(std::string("sending ") + what_goes);
        };
        to.exception = [](void*, std::uint32_t) {};
        to.note = [](void* self, const char* text) { static_cast<bus*>(self)->said.push_back(std::string("note ") + text); };
        return adapter().write(made_, &what, &to);
    }
    void interrupt() { adapter().interrupt(made_); }

private:
    tidegate_bus* made_ = nullptr;
};

using texts = std::vector<std::string>;
const std::string begin = "read start; echo '{\"ready\":true}'; ";

}  // namespace

TEST_CASE("process adapter: values and failures by name; what is missing is a failure; writes", "[process]") {
    bus program(begin + R"(read poll; echo '{"id":1,"values":{"a":21}}'; read write; echo '{"id":2,"accepted":true}'; read write;
                           echo '{"id":3,"refused":"too hot"}'; read rest)");
    CHECK(program.poll() == TIDEGATE_DONE);
    CHECK(program.said == texts{"value 0 21", "failure 1 the program's answer has neither a value nor a failure for it"});
    CHECK(program.write(5) == TIDEGATE_WRITE_ACCEPTED);
    CHECK(program.said == texts{R"(sending {"id":2,"write":{"device":"d","values":{"a":5}}})"});
    CHECK(program.write(6) == TIDEGATE_WRITE_REFUSED);
    CHECK(program.said.back() == "note too hot");
}

TEST_CASE("process adapter: an answer to an older request is dropped", "[process]") {
    // The first poll is never answered in time; its answer comes before that to the second.
    bus program(
        begin +
            R"(read one; read two; echo '{"id":1,"values":{"a":1,"b":1}}'; echo '{"id":2,"values":{"a":2,"b":2}}'; read rest)",
        50'000'000);
    CHECK(program.poll() == TIDEGATE_DEVICE_SILENT);
    CHECK(program.poll() == TIDEGATE_DONE);
    CHECK(program.said == texts{"value 0 2", "value 1 2"});
}

TEST_CASE("process adapter: a program that ends is told with its last words, and started anew", "[process]") {
    bus program(begin + "read poll; echo 'loading'>&2; echo 'no such sensor' >&2; exit 3");
    for (int life = 0; life < 2; ++life) {
        CHECK(program.poll() == TIDEGATE_BUS_DOWN);
        CHECK(program.said == texts{"note the program ended with code 3: no such sensor"});
    }
}

TEST_CASE("process adapter: one that hangs is ended after three answers that didn't come", "[process]") {
    bus program(begin + "while read poll; do :; done", 20'000'000);
    CHECK(program.poll() == TIDEGATE_DEVICE_SILENT);
    CHECK(program.poll() == TIDEGATE_DEVICE_SILENT);
    CHECK(program.poll() == TIDEGATE_BUS_DOWN);
    CHECK(program.said[0].find("no answer from the program in time; the program ended") != std::string::npos);
}

TEST_CASE("process adapter: what can't be started, refuses, or talks nonsense is a bus that is down", "[process]") {
    CHECK(bus("exec /nowhere/at/all").poll() == TIDEGATE_BUS_DOWN);
    bus refusing(R"(read start; echo '{"failed":"no sensor on this board"}'; read rest)");
    CHECK(refusing.poll() == TIDEGATE_BUS_DOWN);
    CHECK(refusing.said[0].find("the program can't begin: no sensor on this board") == 5);
    bus chatty(begin + "read poll; echo hello; read rest");
    CHECK(chatty.poll() == TIDEGATE_BUS_DOWN);
    CHECK(chatty.said[0].find("can't be understood: not JSON") != std::string::npos);
    bus endless(begin + "read poll; head -c 2000000 /dev/zero | tr '\\0' x; read rest");
    CHECK(endless.poll() == TIDEGATE_BUS_DOWN);
}

TEST_CASE("process adapter: an interruption ends a wait", "[process]") {
    bus program(begin + "read poll; read rest");
    std::thread other([&] { program.interrupt(); });
    CHECK(program.poll() == TIDEGATE_INTERRUPTED);
    other.join();
}

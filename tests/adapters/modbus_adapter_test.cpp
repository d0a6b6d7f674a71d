// tests/adapters/modbus_adapter_test.cpp: the adapter through its C table, over a link that a test writes.
// Not here: the wire itself.
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <stdexcept>

#include "adapters/modbus/keys.hpp"
#include "adapters/modbus/modbus.hpp"
#include "tests/adapters/modbus_points_config.hpp"

using namespace modbus;
using namespace test;

namespace {

constexpr nanoseconds ms(std::int64_t count) { return nanoseconds(count * 1'000'000); }
using list = std::vector<std::string>;

answer ok(std::vector<std::uint16_t> registers, nanoseconds turnaround = ms(20)) {
    answer result;
    result.status = answer::status::ok;
    result.registers = std::move(registers);
    result.turnaround = turnaround;
    return result;
}
answer exception(std::uint8_t code) {
    answer result;
    result.status = answer::status::exception;
    result.exception_code = code;
    result.turnaround = ms(20);
    return result;
}
using answer_status = decltype(answer::status);  // the member hides the type's name

answer failed(answer_status status, std::string detail = "") {
    answer result;
    result.status = status;
    result.detail = std::move(detail);
    return result;
}

/// What the test sees of the wire; lives as long as the test, the link only as long as the bus.
struct wire_log {
    list requests;  // "unit 3, input 52..53"
    std::vector<nanoseconds> timeouts;
    std::deque<answer> answers;  // empty: every register holds its own address
    std::function<answer(const read_request&)> device;
    std::function<answer(const transaction&)> device_pdu;
    std::size_t most_at_once = 1;
    bool interrupted = false;
    std::uint64_t losses = 0;
    nanoseconds now{0};
};

class scripted_link final : public link {
public:
    explicit scripted_link(wire_log& log) : log_(log) {}
    answer read(const read_request& request, nanoseconds timeout) override {
        log_.requests.push_back("unit " + std::to_string(request.unit) + ", " +
                                protocol_range(request.from, request.address, request.count));
        log_.timeouts.push_back(timeout);
        if (log_.device) return log_.device(request);
        if (!log_.answers.empty()) {
            auto next = std::move(log_.answers.front());
            log_.answers.pop_front();
            return next;
        }
        std::vector<std::uint16_t> registers;
        for (std::uint16_t i = 0; i < request.count; ++i) {
            const auto address = static_cast<std::uint16_t>(request.address + i);
            registers.push_back(is_bits(request.from) ? address % 2 : address);
        }
        return ok(registers);
    }
    answer transact(const transaction& what, nanoseconds) override {
        REQUIRE(log_.device_pdu);
        return log_.device_pdu(what);
    }
    std::size_t most_at_once() const override { return log_.most_at_once; }
    std::vector<answer> read_all(std::span<const read_request> requests, nanoseconds timeout) override {
        log_.requests.push_back(std::to_string(requests.size()) + " at once");
        std::vector<answer> answers;
        for (const auto& request : requests) answers.push_back(read(request, timeout));
        return answers;
    }
    void interrupt() override { log_.interrupted = true; }
    std::uint64_t losses() const override { return log_.losses; }

private:
    wire_log& log_;
};

class idle_server final : public server {
public:
    bool run(register_source& values, const server_events& events) override {
        if (!values.has_unit(1)) return false;
        std::vector<std::uint16_t> got(1);
        values.read({1, table::holding, 0, 1}, got);
        events.listening("here");
        events.note("holding 0 is " + std::to_string(got[0]));
        return !interrupted;
    }
    void interrupt() override { interrupted = true; }
    modbus::server_counts counts() const override { return {}; }
    bool interrupted = false;
};

wire_log* wire_for_next_bus = nullptr;

std::unique_ptr<tidegate::bus> make(const tidegate_bus_config& config, tidegate::faults& to) {
    auto definition = read_definition(config, to);
    if (to.count() > 0) return nullptr;
    return std::make_unique<bus>(
        std::move(definition), std::make_unique<scripted_link>(*wire_for_next_bus),
        [](const wire_settings&) { return std::make_unique<idle_server>(); }, [log = wire_for_next_bus] { return log->now; });
}

std::string printed(const tidegate_value& value) {
    switch (value.kind) {
        case TIDEGATE_NULL:
            return "null";
        case TIDEGATE_BOOLEAN:
            return value.as.integer != 0 ? "true" : "false";
        case TIDEGATE_INTEGER:
            return 'i' + std::to_string(value.as.integer);
        case TIDEGATE_UNSIGNED:
            return 'u' + std::to_string(value.as.natural);
        case TIDEGATE_FLOAT32:
            return "f" + std::to_string(value.as.number);
        case TIDEGATE_FLOAT64:
            return "d" + std::to_string(value.as.number);
        case TIDEGATE_TEXT:
            return '"' + std::string(value.as.text, value.length) + '"';
        default:
            return "?";
    }
}

/// A bus behind the C table, as the host has it.
struct host {
    explicit host(const bus_lines& lines) {
        wire_for_next_bus = &wire;
        const built_config config(lines);
        bus = adapter.create(&config.get(), &faults.abi);
    }
    ~host() {
        if (bus) adapter.destroy(bus);
    }
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    std::uint32_t poll(const std::vector<tidegate_candidate>& candidates, std::uint32_t flags = 0) {
        reported.clear();
        const tidegate_poll what{sizeof what, flags, candidates.data(), candidates.size()};
        const tidegate_readings to{sizeof to,   this,           &host::value,     &host::failure,
                                   &host::note, &host::learned, &host::exchanged, nullptr};
        return adapter.poll(bus, &what, &to);
    }
    std::uint32_t poll_points(std::initializer_list<std::uint32_t> points, std::uint32_t flags = 0) {
        std::vector<tidegate_candidate> candidates;
        for (const auto point : points) candidates.push_back({point, 0, 0, 1'000'000'000});
        return poll(candidates, flags);
    }
    list plan(const std::vector<std::uint32_t>& points) {
        list requests;
        const tidegate_plan to{
            sizeof to, &requests, [](void* context, const tidegate_planned_request* request) {
                std::string line = request->what;
                line += ": " + std::to_string(request->registers) + " for";
                for (std::size_t i = 0; i < request->point_count; ++i) line += ' ' + std::to_string(request->points[i]);
                static_cast<list*>(context)->push_back(line + ", " + std::to_string(request->bus_time / 1000) + " us");
            }};
        adapter.plan(bus, points.data(), points.size(), &to);
        return requests;
    }

    static void value(void* context, std::uint32_t point, const tidegate_value* value) {
        static_cast<host*>(context)->reported.push_back(std::to_string(point) + " = " + printed(*value));
    }
    static void failure(void* context, std::uint32_t point, const char* reason) {
        static_cast<host*>(context)->reported.push_back(std::to_string(point) + " failed: " + reason);
    }
    static void note(void* context, const char* text) { static_cast<host*>(context)->reported.push_back(text); }

    static void learned(void* context, std::uint32_t device, const char* text) {
        static_cast<host*>(context)->kept.push_back(std::to_string(device) + ": " + text);
    }
    static void exchanged(void* context, const tidegate_exchange* what) {
        static_cast<host*>(context)->exchanges.push_back(std::to_string(what->device) + ": " + std::to_string(what->result) +
                                                         ' ' + std::to_string(what->exception) + ' ' +
                                                         std::to_string(what->turnaround / 1'000'000));
    }

    wire_log wire;
    list kept, exchanges;
    fault_list faults;
    list reported;
    const tidegate_adapter adapter = tidegate::describe<make>("modbus", "1", config_keys(), tidegate::serves::yes);
    tidegate_bus* bus = nullptr;
};

bus_lines on_serial(std::vector<device_lines> devices) {
    return {{{"serial.port", "/dev/ttyUSB0"}, {"serial.baud", "9600"}, {"serial.parity", "even"}}, std::move(devices)};
}
bus_lines on_tcp(std::vector<device_lines> devices) { return {{{"tcp.host", "10.0.0.5"}}, std::move(devices)}; }

point_lines u16(const std::string& table_key, int address) {
    return {table_key + std::to_string(address), {{table_key, std::to_string(address)}, {"type", "uint16"}}};
}

}  // namespace

TEST_CASE("adapter: a broken config makes no bus", "[modbus][adapter]") {
    host h({{}, {}});
    CHECK(h.bus == nullptr);
    CHECK(h.faults.lines.size() == 1);
}

TEST_CASE("adapter: one poll is one request, for all that is due and pays", "[modbus][adapter]") {
    host h(on_tcp({{"a",
                    {{"unit", "3"}},
                    {u16("input", 52),
                     u16("input", 60),
                     u16("holding", 57),
                     {"c", {{"coil", "9"}}},
                     u16("input", 500),
                     {"f", {{"input", "54"}, {"type", "float32"}, {"order", "CDAB"}}}}}}));
    CHECK(h.poll_points({0, 1, 2, 3, 4, 5}) == TIDEGATE_DONE);
    CHECK(h.wire.requests == list{"unit 3, input 52..60"});
    CHECK(h.reported == list{"0 = u52", "1 = u60", "5 = f0.000000"});
    CHECK(h.poll_points({2, 3, 4}) == TIDEGATE_DONE);
    CHECK(h.reported == list{"2 = u57"});
    CHECK(h.poll_points({3, 4}) == TIDEGATE_DONE);
    CHECK(h.reported == list{"3 = true"});
    CHECK(h.poll_points({4}) == TIDEGATE_DONE);
    CHECK(h.reported == list{"4 = u500"});
    CHECK(h.wire.requests == list{"unit 3, input 52..60", "unit 3, holding 57", "unit 3, coil 9", "unit 3, input 500"});
    CHECK(h.wire.timeouts == std::vector<nanoseconds>(4, nanoseconds(0)));
}

TEST_CASE("adapter: what isn't due is taken along only where it costs nothing", "[modbus][adapter]") {
    host h(on_tcp({{"a", {{"unit", "1"}}, {u16("input", 10), u16("input", 12), u16("input", 11), u16("input", 13)}}}));
    // Reading 13 along would waste nearly all of its period; 11 is read anyway.
    CHECK(h.poll({{0, 0, 0, 0}, {1, 0, -5, 0}, {2, 0, 9'999, 10'000}, {3, 0, 9'999, 10'000}}) == TIDEGATE_DONE);
    CHECK(h.wire.requests == list{"unit 1, input 10..12"});
    CHECK(h.reported == list{"0 = u10", "1 = u12", "2 = u11"});
    CHECK(h.poll({{0, 0, 0, 0}, {1, 0, -5, 0}, {3, 0, 2'500, 5'000}}) == TIDEGATE_DONE);
    CHECK(h.wire.requests.back() == "unit 1, input 10..13");
    CHECK(h.reported == list{"0 = u10", "1 = u12", "3 = u13"});
    SECTION("the first candidate is asked for, due or not") {
        CHECK(h.poll({{3, 0, 1'000, 0}, {0, 0, 1'000, 0}}) == TIDEGATE_DONE);
        CHECK(h.wire.requests.back() == "unit 1, input 13");
    }
}

TEST_CASE("adapter: the request is the one that covers the most urgent point", "[modbus][adapter]") {
    host h(on_serial({{"a", {{"unit", "1"}}, {u16("input", 0), u16("input", 100), u16("input", 200)}}}));
    CHECK(h.poll_points({1, 0, 2}) == TIDEGATE_DONE);
    CHECK(h.wire.requests == list{"unit 1, input 100"});
    CHECK(h.reported == list{"1 = u100"});
}

TEST_CASE("adapter: values of every kind", "[modbus][adapter]") {
    host h(on_tcp({{"a",
                    {{"unit", "1"}},
                    {{"i", {{"holding", "0"}, {"type", "int16"}}},
                     {"u", {{"holding", "1"}, {"type", "uint16"}}},
                     {"d", {{"holding", "2"}, {"type", "int16"}, {"scale", "0.1"}}},
                     {"f", {{"holding", "3"}, {"type", "float32"}}},
                     {"b", {{"holding", "5"}, {"bit", "1"}}},
                     {"s", {{"holding", "6"}, {"type", "string"}, {"length", "2"}}},
                     {"e", {{"holding", "8"}, {"type", "uint16"}, {"enum", "1=on"}}},
                     {"n", {{"holding", "9"}, {"type", "uint16"}, {"null", "0xFFFF"}}},
                     {"x", {{"holding", "10"}, {"type", "bcd16"}}}}}}));
    h.wire.answers = {ok({0xFFFE, 5, 214, 0x3FC0, 0, 2, 0x4869, 0, 1, 0xFFFF, 0x00AF})};
    CHECK(h.poll_points({0, 1, 2, 3, 4, 5, 6, 7, 8}) == TIDEGATE_DONE);
    CHECK(h.reported == list{"0 = i-2", "1 = u5", "2 = d21.400000", "3 = f1.500000", "4 = true", "5 = \"Hi\"", "6 = \"on\"",
                             "7 = null", "8 failed: 0x00AF is not a BCD number: a digit is beyond 9 (holding 10, 40011)"});
}

TEST_CASE("adapter: what went wrong on the wire", "[modbus][adapter]") {
    host h(on_tcp({{"a", {{"unit", "1"}}, {u16("holding", 107), u16("holding", 108)}}}));
    SECTION("no answer") {
        h.wire.answers = {failed(answer_status::silent, "no answer within 500 ms")};
        CHECK(h.poll_points({0, 1}) == TIDEGATE_DEVICE_SILENT);
        CHECK(h.reported == list{"no answer within 500 ms"});
    }
    SECTION("no bus") {
        h.wire.answers = {failed(answer_status::down, "connection refused")};
        CHECK(h.poll_points({0, 1}) == TIDEGATE_BUS_DOWN);
        CHECK(h.reported == list{"connection refused"});
    }
    SECTION("interrupted") {
        h.wire.answers = {failed(answer_status::interrupted)};
        CHECK(h.poll_points({0, 1}) == TIDEGATE_INTERRUPTED);
        CHECK(h.reported.empty());
        h.adapter.interrupt(h.bus);
        CHECK(h.wire.interrupted);
    }
    SECTION("an answer of another length is none") {
        h.wire.answers = {ok({1})};
        CHECK(h.poll_points({0, 1}) == TIDEGATE_DEVICE_SILENT);
        CHECK(h.reported == list{"the answer has 1 values instead of 2"});
    }
    SECTION("the gateway says that the device is away") {
        h.wire.answers = {exception(11), exception(10)};
        CHECK(h.poll_points({0, 1}) == TIDEGATE_DEVICE_DOWN);
        CHECK(h.reported == list{"exception 11: gateway target didn't answer"});
        CHECK(h.poll_points({0, 1}) == TIDEGATE_DEVICE_DOWN);
        CHECK(h.reported == list{"exception 10: gateway path unavailable"});
    }
    SECTION("busy, broken or odd: the device is alive, the points failed") {
        h.wire.answers = {exception(6), exception(5), exception(0x80)};
        CHECK(h.poll_points({0, 1}) == TIDEGATE_DEVICE_BUSY);
        CHECK(h.reported == list{"exception 6: device busy"});
        CHECK(h.poll_points({0, 1}) == TIDEGATE_DEVICE_BUSY);
        CHECK(h.poll_points({0}) == TIDEGATE_DONE);
        CHECK(h.reported == list{"0 failed: exception 128 (holding 107, 40108)"});
        CHECK(h.poll_points({0, 1}) == TIDEGATE_DONE);
        CHECK(h.wire.requests.back() == "unit 1, holding 107..108");  // nothing was learned about addresses
        CHECK(h.kept.empty());
        CHECK(h.exchanges == list{"0: 1 6 20", "0: 1 5 20", "0: 1 128 20", "0: 0 0 20"});
    }
    SECTION("a link that throws harms nobody else") {
        h.wire.device = [](const read_request&) -> answer { throw std::runtime_error("out of file descriptors"); };
        CHECK(h.poll_points({0}) == TIDEGATE_BUS_DOWN);
        CHECK(h.reported == list{"out of file descriptors"});
    }
}

TEST_CASE("adapter: a refused block costs one reading, not all of them", "[modbus][adapter]") {
    host h(on_tcp({{"a", {{"unit", "1"}}, {u16("holding", 0), u16("holding", 1), u16("holding", 2), u16("holding", 3)}}}));
    h.wire.device = [](const read_request& request) {
        if (request.address <= 2 && 2 < request.address + request.count) return exception(2);
        return ok(std::vector<std::uint16_t>(request.count, 7));
    };
    CHECK(h.poll_points({0, 1, 2, 3}) == TIDEGATE_DONE);
    CHECK(h.reported ==
          list{"0 failed: exception 2: illegal data address (holding 0..3, 40001..40004), now asked in smaller parts"});
    CHECK(h.poll_points({1, 2, 3}) == TIDEGATE_DONE);
    CHECK(h.wire.requests.back() == "unit 1, holding 1");
    CHECK(h.poll_points({2, 3}) == TIDEGATE_DONE);
    CHECK(h.wire.requests.back() == "unit 1, holding 2..3");
    CHECK(h.reported ==
          list{"2 failed: exception 2: illegal data address (holding 2..3, 40003..40004), now asked in smaller parts"});
    CHECK(h.poll_points({3}) == TIDEGATE_DONE);
    CHECK(h.reported == list{"3 = u7"});
    SECTION("from the next cycle on, only what isn't there fails") {
        CHECK(h.poll_points({0, 1, 2, 3}) == TIDEGATE_DONE);
        CHECK(h.reported == list{"0 = u7", "1 = u7"});
        CHECK(h.poll_points({2, 3}) == TIDEGATE_DONE);
        CHECK(h.reported == list{"2 failed: exception 2: illegal data address (holding 2, 40003), asked again now and then"});
        CHECK(h.poll_points({3}) == TIDEGATE_DONE);
        CHECK(h.reported == list{"3 = u7"});
        CHECK(h.plan({0, 1, 2, 3}).size() == 3);
    }
    SECTION("other devices and tables learn nothing from it") { CHECK(h.plan({0, 1}).size() == 1); }
}

TEST_CASE("adapter: a value inside one that is refused is still read", "[modbus][adapter]") {
    host h(on_tcp(
        {{"a", {{"unit", "1"}}, {u16("holding", 2), {"all", {{"holding", "0"}, {"type", "uint64"}}}, u16("holding", 1)}}}));
    h.wire.device = [](const read_request& request) {
        return request.address + request.count > 3 ? exception(2) : ok(std::vector<std::uint16_t>(request.count, 7));
    };
    for (int cycle = 0; cycle < 4; ++cycle) {
        h.poll_points({0, 1, 2});
        h.poll_points({1, 2});
        h.poll_points({2});
    }
    h.poll_points({0, 1, 2});
    const std::string refused =
        "1 failed: exception 2: illegal data address (holding 0..3, 40001..40004), asked again now and then";
    CHECK(h.reported == list{refused, "0 = u7"});
    h.poll_points({2, 1});
    CHECK(h.reported == list{refused, "2 = u7"});
    h.poll_points({1});
    CHECK(h.reported == list{refused});
}

TEST_CASE("adapter: probes", "[modbus][adapter]") {
    host h(on_serial({{"a", {{"unit", "1"}}, {u16("holding", 0), u16("holding", 1)}}}));
    const auto silent = [&] { h.wire.answers.push_back(failed(answer_status::silent)); };
    SECTION("a device never heard gets the time-out as configured, and only its first point is asked for") {
        silent();
        CHECK(h.poll_points({1, 0}, TIDEGATE_PROBE) == TIDEGATE_DEVICE_SILENT);
        CHECK(h.wire.requests == list{"unit 1, holding 1"});
        CHECK(h.wire.timeouts.back() == nanoseconds(0));
    }
    // Request and answer are 8 + 5 + 2 characters of 1.1458 ms.
    const auto on_line = character_time({9600, 'E', 8, 1}) * 15;
    SECTION("four times what it usually takes, every eighth time as configured") {
        h.wire.answers = {ok({1, 2}, ms(30))};
        h.poll_points({0, 1});
        for (int i = 0; i < 16; ++i) {
            silent();
            h.poll_points({0}, TIDEGATE_PROBE);
            CHECK(h.wire.timeouts.back() == (i % 8 == 7 ? nanoseconds(0) : ms(120) + on_line));
        }
    }
    SECTION("never under 50 ms, never over what is configured") {
        h.wire.answers = {ok({1, 2}, ms(2)), failed(answer_status::silent)};
        h.poll_points({0, 1});
        h.poll_points({0}, TIDEGATE_PROBE);
        CHECK(h.wire.timeouts.back() == ms(50) + on_line);
        h.wire.answers = {ok({1, 2}, ms(450))};
        for (int i = 0; i < 40; ++i) {
            h.wire.answers.push_back(ok({1, 2}, ms(450)));
            h.poll_points({0, 1});
        }
        h.wire.answers = {failed(answer_status::silent)};
        h.poll_points({0}, TIDEGATE_PROBE);
        CHECK(h.wire.timeouts.back() == ms(500));
    }
    SECTION("an answer begins the count anew") {
        h.wire.answers = {ok({1, 2}, ms(30))};
        h.poll_points({0, 1});
        for (int i = 0; i < 2; ++i) {
            silent();
            h.poll_points({0}, TIDEGATE_PROBE);
        }
        h.wire.answers = {ok({1}, ms(30))};
        CHECK(h.poll_points({0, 1}, TIDEGATE_PROBE) == TIDEGATE_DONE);
        CHECK(h.reported == list{"0 = u1"});
        silent();
        h.poll_points({0}, TIDEGATE_PROBE);
        CHECK(h.wire.timeouts.back() == ms(120) + on_line);
    }
}

TEST_CASE("adapter: the plan follows the device's pace", "[modbus][adapter]") {
    // At 9600 a gap of 20 registers pays for a device that takes 40 ms, not for one of 20 ms.
    host h(on_serial({{"a", {{"unit", "1"}}, {u16("holding", 0), u16("holding", 21)}},
                      {"b", {{"unit", "2"}}, {u16("holding", 0), u16("holding", 21)}}}));
    CHECK(h.plan({0, 1}).size() == 2);
    for (int i = 0; i < 30; ++i) {
        h.wire.answers = {ok({1}, ms(45))};
        h.poll_points({0});
    }
    CHECK(h.plan({0, 1}).size() == 1);
    CHECK(h.plan({2, 3}).size() == 2);
    h.poll_points({0, 1});
    CHECK(h.wire.requests.back() == "unit 1, holding 0..21");
}

TEST_CASE("adapter: the plan for a person", "[modbus][adapter]") {
    const std::vector<device_lines> devices{{"a",
                                             {{"unit", "3"}},
                                             {u16("input", 67),
                                              {"f", {{"input", "52"}, {"type", "float32"}}},
                                              u16("holding", 0),
                                              {"c", {{"coil", "0"}}},
                                              {"d", {{"coil", "7"}}},
                                              u16("holding", 0)}}};
    SECTION("on a line, with the time it takes") {
        host h(on_serial(devices));
        // 13 characters, 20 ms, 3.5 characters, and the data: coils 1 byte, inputs 32, holding 2
        CHECK(h.plan({0, 1, 2, 3, 4, 5}) == list{"unit 3, coil 0..7 (00001..00008): 8 for 3 4, 40052 us",
                                                 "unit 3, input 52..67 (30053..30068): 16 for 0 1, 75572 us",
                                                 "unit 3, holding 0 (40001): 1 for 2 5, 41197 us"});
    }
    SECTION("over TCP, where nobody knows") {
        host h(on_tcp(devices));
        CHECK(h.plan({2, 5}) == list{"unit 3, holding 0 (40001): 1 for 2 5, 0 us"});
    }
}

TEST_CASE("adapter: serving", "[modbus][adapter]") {
    host h(on_tcp({{"a", {{"unit", "1"}}, {{"counter", {{"holding", "0"}, {"type", "uint16"}}}}}}));
    list said;
    const tidegate_simulation to{sizeof to, &said,
                                 [](void* context, const char* where) { static_cast<list*>(context)->push_back(where); },
                                 [](void* context, const char* text) { static_cast<list*>(context)->push_back(text); }};
    CHECK(h.adapter.serve(h.bus, &to) == 0);
    CHECK(said == list{"here", "holding 0 is 1", "requests 0, answered 0, damaged 0"});
    SECTION("not once it was interrupted") {
        h.adapter.interrupt(h.bus);
        said.clear();
        CHECK(h.adapter.serve(h.bus, &to) == 0);
        CHECK(said.empty());
    }
}

TEST_CASE("adapter: a plan once made is used again", "[modbus][adapter]") {
    std::vector<point_lines> points;
    for (int i = 0; i < 100; ++i) points.push_back(u16("holding", i * 7));
    host h(on_serial({{"a", {{"unit", "1"}}, points}}));
    std::vector<tidegate_candidate> all;
    for (std::uint32_t i = 0; i < 100; ++i) all.push_back({i, 0, 0, 0});
    list first;
    for (int cycle = 0; cycle < 3; ++cycle) {
        auto due = all;
        h.wire.requests.clear();
        while (!due.empty()) {
            REQUIRE(h.poll(due) == TIDEGATE_DONE);
            REQUIRE(h.reported.size() > 0);
            due.erase(due.begin(), due.begin() + static_cast<std::ptrdiff_t>(h.reported.size()));
        }
        if (cycle == 0) first = h.wire.requests;
        CHECK(h.wire.requests == first);
    }
    CHECK(first.size() < 10);
}

TEST_CASE("modbus: where several requests may be under way, a poll makes several", "[modbus][adapter][together]") {
    std::vector<point_lines> points;
    for (int i = 0; i < 5; ++i) points.push_back(u16("holding", 1000 * i));
    points.push_back(u16("input", 7));
    host on(on_tcp({{"d", {{"unit", "3"}}, points}}));
    on.wire.most_at_once = 3;

    SECTION("of what is due, the most urgent first; the rest is left to the next poll") {
        CHECK(on.poll_points({2, 0, 1, 3, 4}) == TIDEGATE_DONE);
        CHECK(on.wire.requests == list{"3 at once", "unit 3, holding 2000", "unit 3, holding 0", "unit 3, holding 1000"});
        CHECK(on.reported == list{"2 = u2000", "0 = u0", "1 = u1000"});
    }
    SECTION("over the tables") {
        CHECK(on.poll_points({5, 0}) == TIDEGATE_DONE);
        CHECK(on.reported == list{"5 = u7", "0 = u0"});
    }
    SECTION("a single one is a single one, and a probe always is") {
        CHECK(on.poll_points({1}) == TIDEGATE_DONE);
        CHECK(on.poll_points({1, 2}, TIDEGATE_PROBE) == TIDEGATE_DONE);
        CHECK(on.reported == list{"1 = u1000"});
    }
    SECTION("what isn't due isn't asked for") {
        CHECK(on.poll({{0, 0, 0, 1'000'000'000}, {1, 0, 500'000'000, 1'000'000'000}}) == TIDEGATE_DONE);
        CHECK(on.reported == list{"0 = u0"});
    }
    SECTION("each has its own end; the first one's is the outcome") {
        on.wire.answers = {ok({1}), exception(2), failed(answer_status::silent)};
        CHECK(on.poll_points({0, 1, 2}) == TIDEGATE_DONE);
        CHECK(on.reported ==
              list{"0 = u1", "1 failed: exception 2: illegal data address (holding 1000, 41001), asked again now and then"});
        on.wire.answers = {failed(answer_status::silent, "no answer"), ok({5}), ok({6})};
        CHECK(on.poll_points({0, 2, 3}) == TIDEGATE_DEVICE_SILENT);
        CHECK(on.reported == list{"no answer"});
    }
}

TEST_CASE("adapter: what isn't there is asked for ever more rarely, and is no fault of the device", "[modbus][adapter]") {
    host h(on_tcp({{"a", {{"unit", "1"}}, {u16("holding", 0), u16("holding", 1), u16("input", 5), u16("input", 6)}}}));
    bool has_it = false, has_inputs = true;
    h.wire.device = [&](const read_request& request) {
        if (request.from == table::input && !has_inputs) return exception(1);
        if (request.from == table::holding && !has_it && request.address + request.count > 1) return exception(2);
        return ok(std::vector<std::uint16_t>(request.count, 7));
    };
    const auto cycle = [&] {
        const std::size_t before = h.wire.requests.size();
        list all;
        for (std::vector<std::uint32_t> due = {0, 1}; !due.empty();) {
            std::vector<tidegate_candidate> candidates;
            for (const auto point : due) candidates.push_back({point, 0, 0, 1'000'000'000});
            CHECK(h.poll(candidates) == TIDEGATE_DONE);
            for (const auto& line : h.reported) {
                all.push_back(line);
                std::erase(due, static_cast<std::uint32_t>(line[0] - '0'));
            }
        }
        return std::pair(h.wire.requests.size() - before, all);
    };
    const std::string refused = "1 failed: exception 2: illegal data address (holding 1, 40002), asked again now and then";
    cycle();
    CHECK(cycle() == std::pair(std::size_t{1}, list{refused, "0 = u7"}));  // reported each cycle, not asked for
    CHECK(h.kept.back() == "0: 1\nnone h 1 1 2 1\n");
    SECTION("10 s, 20 s … an hour") {
        std::vector<nanoseconds> asked;
        nanoseconds last = h.wire.now;
        for (h.wire.now = ms(1000); h.wire.now < ms(6 * 3'600'000); h.wire.now += ms(1000)) {
            if (cycle().first == 1) continue;
            asked.push_back(h.wire.now - last);
            last = h.wire.now;
        }
        REQUIRE(asked.size() >= 12);
        CHECK(asked[0] == ms(10'000));
        CHECK(asked[1] == ms(20'000));
        CHECK(asked[5] == ms(320'000));
        CHECK(asked[10] == ms(3'600'000));
        CHECK(h.kept.size() < 20);
    }
    SECTION("it is taken back once it answers") {
        has_it = true;
        h.wire.now = ms(10'000);
        cycle();
        CHECK(cycle() == std::pair(std::size_t{1}, list{"0 = u7", "1 = u7"}));
        CHECK(h.kept.back() == "0: 1\n");
    }
    SECTION("a probe asks for it all the same: a refusal is a sign of life") {
        CHECK(h.poll_points({1}, TIDEGATE_PROBE) == TIDEGATE_DONE);
        CHECK(h.wire.requests.back() == "unit 1, holding 1");
    }
    SECTION("a function that the device doesn't know is one thing, whatever is asked by it") {
        has_inputs = false;
        CHECK(h.poll_points({2}) == TIDEGATE_DONE);
        const auto before = h.wire.requests.size();
        CHECK(h.poll_points({3, 2}) == TIDEGATE_DONE);
        CHECK(h.wire.requests.size() == before);
        CHECK(h.reported.size() == 2);
        CHECK(h.kept.back() == "0: 1\nnone h 1 1 2 1\nfunction i 1 1\n");
    }
}

TEST_CASE("adapter: what was learned outlives a restart", "[modbus][adapter]") {
    const auto lines = on_tcp(
        {{"other", {{"unit", "2"}}, {u16("holding", 0)}},
         {"a", {{"unit", "1"}}, {u16("holding", 0), u16("holding", 1), u16("holding", 2), u16("input", 10), u16("input", 20)}}});
    const auto device = [](const read_request& request) {
        if (request.from == table::holding && request.address <= 1 && 1 < request.address + request.count) return exception(2);
        if (request.from == table::input && request.count > 1) return exception(2);
        return ok(std::vector<std::uint16_t>(request.count, 7));
    };
    const auto run = [&](host& h, int cycles) {
        h.wire.device = device;
        for (int i = 0; i < cycles; ++i) {
            h.poll_points({1, 2, 3});
            h.poll_points({2, 3});
            h.poll_points({3});
            h.poll_points({4, 5});
            h.poll_points({5});
        }
    };
    host first(lines);
    run(first, 4);
    REQUIRE_FALSE(first.kept.empty());
    CHECK(first.kept.back() == "1: 1\nnone h 1 1 2 1\nhole i 20\n");
    host second(lines);
    second.adapter.recall(second.bus, 1, first.kept.back().substr(3).c_str());
    second.adapter.recall(second.bus, 7, "1\n");  // no such device
    run(second, 1);
    CHECK(second.kept.empty());
    CHECK(second.wire.requests ==
          list{"unit 1, holding 0", "unit 1, holding 2", "unit 1, holding 2", "unit 1, input 10", "unit 1, input 20"});
}

TEST_CASE("adapter: a device never heard is probed at the pace of its line", "[modbus][adapter]") {
    host h(on_serial({{"a", {{"unit", "1"}}, {u16("holding", 0)}}, {"b", {{"unit", "2"}}, {u16("holding", 0)}}}));
    h.wire.answers = {ok({1}, ms(30)), failed(answer_status::silent)};
    h.poll_points({0});
    h.poll_points({1}, TIDEGATE_PROBE);
    CHECK(h.wire.timeouts.back() == ms(120) + character_time({9600, 'E', 8, 1}) * 15);
    host behind_a_gateway(on_tcp({{"a", {{"unit", "1"}}, {u16("holding", 0)}}, {"b", {{"unit", "2"}}, {u16("holding", 0)}}}));
    behind_a_gateway.poll_points({0});
    behind_a_gateway.poll_points({1}, TIDEGATE_PROBE);
    CHECK(behind_a_gateway.wire.timeouts.back() == nanoseconds(0));
}

TEST_CASE("adapter: groups, exact blocks and barriers", "[modbus][adapter]") {
    const auto with = [](point_lines point, const std::string& key, const std::string& text) {
        point.keys.emplace_back(key, text);
        return point;
    };
    SECTION("the points of a group are in one request, whoever is due") {
        host h(on_serial({{"a",
                           {{"unit", "1"}},
                           {with(u16("holding", 0), "group", "clock"), u16("holding", 50),
                            with(u16("holding", 60), "group", "clock"), u16("holding", 100)}}}));
        CHECK(h.poll_points({0, 2}) == TIDEGATE_DONE);
        CHECK(h.wire.requests.back() == "unit 1, holding 0..60");
        CHECK(h.reported == list{"0 = u0", "2 = u60"});
        CHECK(h.poll_points({2}) == TIDEGATE_DONE);
        CHECK(h.wire.requests.back() == "unit 1, holding 0..60");
        CHECK(h.poll_points({1}) == TIDEGATE_DONE);
        CHECK(h.wire.requests.back() == "unit 1, holding 50");
        CHECK(h.poll_points({2}, TIDEGATE_PROBE) == TIDEGATE_DONE);
        CHECK(h.wire.requests.back() == "unit 1, holding 0..60");
        CHECK(h.plan({0, 1, 2, 3}).size() == 2);
    }
    SECTION("an exact point is a request of its own, and no other reads across it") {
        host h(
            on_tcp({{"a", {{"unit", "1"}}, {u16("holding", 0), with(u16("holding", 1), "exact", "true"), u16("holding", 2)}}}));
        CHECK(h.plan({0, 1, 2}).size() == 3);
        CHECK(h.plan({0, 2}).size() == 2);
    }
    SECTION("a device of whole objects only") {
        host h(on_tcp({{"a",
                        {{"unit", "1"}, {"exact", "true"}},
                        {u16("holding", 0), with(u16("holding", 1), "group", "g"), with(u16("holding", 2), "group", "g"),
                         with(u16("holding", 3), "exact", "false"), with(u16("holding", 4), "exact", "false")}}}));
        CHECK(h.plan({0, 1, 2, 3, 4}).size() == 3);
    }
    SECTION("no request reaches across a barrier, in any table") {
        host h(on_tcp({{"a",
                        {{"unit", "1"}, {"barriers", "2"}},
                        {u16("holding", 1), u16("holding", 2), u16("holding", 3), u16("input", 1), u16("input", 2)}}}));
        CHECK(h.plan({0, 1, 2}).size() == 2);
        CHECK(h.plan({3, 4}).size() == 2);
        // … nor for what isn't due yet.
        CHECK(h.poll({{0, 0, 0, 1'000}, {1, 0, 1, 1'000}}) == TIDEGATE_DONE);
        CHECK(h.wire.requests.back() == "unit 1, holding 1");
    }
}

// ---- Factors -----------------------------------------------------------------------------------------------------------

TEST_CASE("adapter: a factor near its value comes in the same request, for several points at once", "[modbus][adapter]") {
    const auto with_scale = [](int address) {
        return point_lines{"p" + std::to_string(address),
                           {{"holding", std::to_string(address)}, {"type", "uint16"}, {"scale_register.holding", "80"}}};
    };
    host h(on_tcp({{"a", {{"unit", "1"}}, {with_scale(72), with_scale(74), u16("holding", 90)}}}));
    h.wire.device = [](const read_request& request) {
        std::vector<std::uint16_t> registers(request.count, 500);
        registers[std::size_t{80} - request.address] = 0xFFFF;
        return ok(registers);
    };
    CHECK(h.poll_points({0, 1, 2}) == TIDEGATE_DONE);
    CHECK(h.wire.requests == list{"unit 1, holding 72..90"});
    CHECK(h.reported == list{"0 = d50.000000", "1 = d50.000000", "2 = u500"});
    SECTION("if the device refuses the registers between, the failure says what helps") {
        h.wire.device = [](const read_request&) { return exception(2); };
        CHECK(h.poll_points({0}) == TIDEGATE_DONE);
        CHECK(h.reported == list{"0 failed: exception 2: illegal data address (holding 72..80, 40073..40081), asked again now "
                                 "and then; what lies between a "
                                 "value and its factors is read along, unless max_gap of the device forbids it"});
    }
}

TEST_CASE("adapter: a factor that lies apart is read after the values, and then remembered", "[modbus][adapter]") {
    host h(
        on_tcp({{"a",
                 {{"unit", "1"}},
                 {{"x", {{"input", "5"}, {"type", "uint16"}, {"scale_register.holding", "80"}}},
                  {"y", {{"input", "6"}, {"type", "uint16"}, {"scale_register.holding", "80"}, {"ratio_register.holding", "90"}}},
                  u16("input", 7)}}}));
    const auto answer_all = [](const read_request& request) {
        if (request.from == table::input) return ok(std::vector<std::uint16_t>(request.count, 500));
        return ok({static_cast<std::uint16_t>(request.address == 80 ? 0xFFFF : 3)});
    };
    const list all{"unit 1, input 5..7", "unit 1, holding 80", "unit 1, holding 90"};
    SECTION("once") {
        h.wire.device = answer_all;
        CHECK(h.poll_points({0, 1, 2}) == TIDEGATE_DONE);
        CHECK(h.wire.requests == all);
        CHECK(h.reported == list{"0 = d50.000000", "1 = d150.000000", "2 = u500"});
        CHECK(h.poll_points({0, 1, 2}) == TIDEGATE_DONE);
        CHECK(h.wire.requests.size() == 4);
    }
    SECTION("refused: the values that need it fail, the others are told") {
        h.wire.device = [&](const read_request& request) { return request.address == 90 ? exception(2) : answer_all(request); };
        CHECK(h.poll_points({0, 1, 2}) == TIDEGATE_DONE);
        CHECK(h.reported == list{"0 = d50.000000",
                                 "1 failed: its ratio register couldn't be read: exception 2: illegal data address (holding 90, "
                                 "40091) (input 6, 30007)",
                                 "2 = u500"});
    }
    SECTION("silent: one time-out, no more") {
        h.wire.device = [&](const read_request& request) {
            return request.from == table::holding ? failed(answer_status::silent) : answer_all(request);
        };
        CHECK(h.poll_points({0, 1, 2}) == TIDEGATE_DONE);
        CHECK(h.wire.requests == list{"unit 1, input 5..7", "unit 1, holding 80"});
        CHECK(h.reported.size() == 3);
        CHECK(h.reported[1].find("1 failed: its scale register couldn't be read: no answer in time") == 0);
        CHECK(h.reported[2] == "2 = u500");
        h.wire.device = answer_all;
        CHECK(h.poll_points({0, 1, 2}) == TIDEGATE_DONE);
        CHECK(h.reported == list{"0 = d50.000000", "1 = d150.000000", "2 = u500"});
    }
    SECTION("lost or interrupted on the way") {
        h.wire.device = [&](const read_request& request) {
            return request.from == table::holding ? failed(answer_status::down, "gone") : answer_all(request);
        };
        CHECK(h.poll_points({0}) == TIDEGATE_BUS_DOWN);
        CHECK(h.reported == list{"gone"});
        h.wire.device = [&](const read_request& request) {
            return request.from == table::holding ? failed(answer_status::interrupted) : answer_all(request);
        };
        CHECK(h.poll_points({0}) == TIDEGATE_INTERRUPTED);
        CHECK(h.reported.empty());
    }
    SECTION("a device that doesn't answer isn't asked for factors") {
        h.wire.device = [](const read_request&) { return failed(answer_status::silent); };
        CHECK(h.poll_points({0}) == TIDEGATE_DEVICE_SILENT);
        CHECK(h.wire.requests.size() == 1);
    }
}

// ---- SunSpec -----------------------------------------------------------------------------------------------------------

namespace {

/// Holding registers of a SunSpec device; what isn't there is an exception.
std::map<std::uint32_t, std::uint16_t> sunspec_device(std::vector<std::pair<std::uint16_t, std::uint16_t>> models) {
    std::map<std::uint32_t, std::uint16_t> registers{{40000, 0x5375}, {40001, 0x6E53}};
    std::uint32_t at = 40002;
    for (const auto& [id, length] : models) {
        registers[at] = id;
        registers[at + 1] = length;
        for (std::uint32_t i = 0; i < length; ++i)
            registers[at + 2 + i] = static_cast<std::uint16_t>(id == 103 && i + 2 == 15 ? 0xFFFF : 100 + i);
        at += 2u + length;
    }
    registers[at] = 0xFFFF;
    registers[at + 1] = 0;
    return registers;
}

/// The link of a host answers from these.
void serve(host& to, const std::map<std::uint32_t, std::uint16_t>& registers) {
    to.wire.device = [&registers](const read_request& request) {
        std::vector<std::uint16_t> words;
        for (std::uint32_t at = request.address; at < std::uint32_t{request.address} + request.count; ++at) {
            const auto found = registers.find(at);
            if (found == registers.end()) return exception(2);
            words.push_back(found->second);
        }
        return ok(words);
    };
}

bus_lines sunspec_bus() {
    return {{{"tcp.host", "h"}},
            {{"inverter",
              {{"unit", "1"}},
              {{"power", {{"sunspec", "inverter.W"}}},
               {"state", {{"sunspec", "inverter.St"}, {"enum", "112=running"}}},
               {"meter", {{"sunspec", "meter.W"}}}}}}};
}

}  // namespace

TEST_CASE("adapter: SunSpec points are found by the device's list of models, scaled, and polled together",
          "[modbus_adapter][sunspec]") {
    host under_test(sunspec_bus());
    REQUIRE(under_test.bus != nullptr);
    CHECK(under_test.plan({0, 1, 2}) == list{"unit 1, SunSpec, where the device's list of models says: 0 for 0 1 2, 0 us"});
    auto registers = sunspec_device({{1, 66}, {103, 50}});
    serve(under_test, registers);
    CHECK(under_test.poll_points({0, 1, 2}) == TIDEGATE_DONE);
    // 40070 is model 103: W at 14 with its power of ten, here -1, at 15; St at 38.
    CHECK(under_test.reported == list{"0 = d11.200000", "1 = u136"});
    CHECK(under_test.wire.requests == list{"unit 1, holding 40000..40001", "unit 1, holding 40002..40003",
                                           "unit 1, holding 40070..40071", "unit 1, holding 40122..40123",
                                           "unit 1, holding 40084..40108"});
    under_test.wire.requests.clear();
    // What is due together is read together, and the list isn't asked for again.
    CHECK(under_test.poll_points({0, 1}) == TIDEGATE_DONE);
    CHECK(under_test.wire.requests.size() == 1);
    CHECK(under_test.poll_points({2}) == TIDEGATE_DONE);
    CHECK(under_test.reported == list{"2 failed: the device has no point W of SunSpec model 201, 202, 203, 204, 211, 212, 213, "
                                      "214 (it has models 1, 103)"});
}

TEST_CASE("adapter: a SunSpec device that was away is looked through again", "[modbus_adapter][sunspec]") {
    host under_test(sunspec_bus());
    auto registers = sunspec_device({{1, 66}, {103, 50}});
    serve(under_test, registers);
    under_test.poll_points({0});
    // Another one took its place: a model more goes before.
    auto replaced = sunspec_device({{1, 66}, {64999, 10}, {103, 50}});
    serve(under_test, replaced);
    under_test.wire.requests.clear();
    CHECK(under_test.poll_points({0}, TIDEGATE_PROBE) == TIDEGATE_DONE);
    CHECK(under_test.wire.requests.front() == "unit 1, holding 40000..40001");
    CHECK(under_test.wire.requests.back() == "unit 1, holding 40096..40097");
    CHECK(under_test.reported == list{"0 = d11.200000"});
}

TEST_CASE("adapter: a SunSpec device that refuses what its list has is looked through again after a minute",
          "[modbus_adapter][sunspec]") {
    host under_test(sunspec_bus());
    // Without the meter, so that all is found.
    const auto registers = sunspec_device({{1, 66}, {103, 50}, {203, 105}}),
               moved = sunspec_device({{1, 66}, {64999, 60}, {103, 50}});
    serve(under_test, registers);
    under_test.poll_points({0});
    CHECK(under_test.reported == list{"0 = d11.200000"});
    const std::map<std::uint32_t, std::uint16_t> starting;
    serve(under_test, starting);
    under_test.wire.now += std::chrono::minutes(5);
    under_test.poll_points({0});
    REQUIRE(under_test.reported.size() == 1);
    CHECK(under_test.reported[0].starts_with("0 failed: exception 2"));
    // The list is looked at, and there is none; its registers have moved when it is there again.
    under_test.poll_points({0});
    CHECK(under_test.reported == list{"0 failed: no SunSpec device: there is no \"SunS\" at holding register 40000, 0 or 50000"});
    serve(under_test, moved);
    under_test.wire.requests.clear();
    under_test.poll_points({0});
    CHECK(under_test.wire.requests.empty());
    under_test.wire.now += std::chrono::minutes(1);
    under_test.poll_points({0});
    CHECK(under_test.reported == list{"0 = d11.200000"});
    CHECK(under_test.wire.requests.front() == "unit 1, holding 40000..40001");
}

TEST_CASE("adapter: what a SunSpec device refused is asked for again at once after a lost connection",
          "[modbus_adapter][sunspec]") {
    host under_test(sunspec_bus());
    const auto registers = sunspec_device({{1, 66}, {103, 50}, {203, 105}});
    auto hole = registers;
    hole.erase(40084);
    serve(under_test, hole);
    for (int i = 0; i < 4; ++i) {
        under_test.poll_points({0});
        REQUIRE(under_test.reported.size() == 1);
        CHECK(under_test.reported[0].starts_with("0 failed: exception 2"));
        under_test.wire.now += std::chrono::minutes(2);
    }
    under_test.poll_points({0});
    serve(under_test, registers);
    under_test.poll_points({0});
    CHECK(under_test.reported[0].starts_with("0 failed: exception 2"));  // let alone for minutes
    ++under_test.wire.losses;
    under_test.poll_points({0});
    CHECK(under_test.reported == list{"0 = d11.200000"});
}

TEST_CASE("adapter: a connection lost on the way to a SunSpec value, which may be another's", "[modbus_adapter][sunspec]") {
    const std::size_t at_once = GENERATE(1u, 4u);
    host under_test(sunspec_bus());
    under_test.wire.most_at_once = at_once;
    auto registers = sunspec_device({{1, 66}, {103, 50}});
    serve(under_test, registers);
    REQUIRE(under_test.poll_points({0, 1}) == TIDEGATE_DONE);
    const list values = under_test.reported;
    REQUIRE(values.size() == 2);
    const auto answers = under_test.wire.device;

    SECTION("a server that closes what is idle: the same device is there, and no value is lost") {
        // Each read of values finds the connection closed; those of the list of models don't.
        under_test.wire.device = [&](const read_request& request) {
            if (request.count > 2) ++under_test.wire.losses;
            return answers(request);
        };
        for (int i = 0; i < 3; ++i) {
            CHECK(under_test.poll_points({0, 1}) == TIDEGATE_DONE);
            CHECK(under_test.reported == values);
        }
    }
    SECTION("one that closes after every answer: slow, and right") {
        under_test.wire.device = [&](const read_request& request) {
            ++under_test.wire.losses;
            return answers(request);
        };
        for (int i = 0; i < 3; ++i) {
            CHECK(under_test.poll_points({0, 1}) == TIDEGATE_DONE);
            CHECK(under_test.reported == values);
        }
    }
    SECTION("another device: what it has at the old places isn't told") {
        const auto replaced = sunspec_device({{1, 66}, {64999, 60}, {103, 50}});
        host other(sunspec_bus());
        serve(other, replaced);
        const auto its_answers = other.wire.device;
        under_test.wire.device = [&](const read_request& request) {
            under_test.wire.losses = 1;
            return its_answers(request);
        };
        CHECK(under_test.poll_points({0, 1}) == TIDEGATE_DONE);
        CHECK(under_test.reported == list{"0 failed: "});
        CHECK(under_test.poll_points({0, 1}) == TIDEGATE_DONE);
        CHECK(under_test.reported == values);
    }
}

TEST_CASE("adapter: what is no SunSpec device says so; one that is silent counts as silent", "[modbus_adapter][sunspec]") {
    host under_test(sunspec_bus());
    const std::map<std::uint32_t, std::uint16_t> empty;
    serve(under_test, empty);
    CHECK(under_test.poll_points({0}) == TIDEGATE_DONE);
    CHECK(under_test.reported == list{"0 failed: no SunSpec device: there is no \"SunS\" at holding register 40000, 0 or 50000"});
    host silent(sunspec_bus());
    silent.wire.device = [](const read_request&) { return failed(answer_status::silent, "no answer"); };
    CHECK(silent.poll_points({0}) == TIDEGATE_DEVICE_SILENT);
    CHECK(silent.wire.requests.size() == 1);
}

TEST_CASE("adapter: a SunSpec point takes no address, type or scale", "[modbus_adapter][sunspec]") {
    host refused(
        {{{"tcp.host", "h"}}, {{"inverter", {{"unit", "1"}}, {{"power", {{"sunspec", "inverter.W"}, {"type", "int16"}}}}}}});
    CHECK(refused.bus == nullptr);
    host misspelt({{{"tcp.host", "h"}}, {{"inverter", {{"unit", "1"}}, {{"power", {{"sunspec", "inverter.w"}}}}}}});
    CHECK(misspelt.bus == nullptr);
}

// tests/adapters/modbus_plan_test.cpp: plans against brute force, against figures of real maps, and around what devices refuse.
// Not here: polling by these plans (modbus_adapter_test.cpp).
#include "adapters/modbus/plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "adapters/modbus/plan_learned.hpp"

using namespace modbus;

namespace {

constexpr nanoseconds ms(std::int64_t count) { return nanoseconds(count * 1'000'000); }

wire_settings line(std::uint32_t baud) {
    serial_settings serial;
    serial.line = {baud, 'E', 8, 1};
    return serial;
}

std::vector<block> plan(const std::vector<item>& items, const request_limits& limits, const request_cost& cost,
                        const obstacles& around = {}, table from = table::input) {
    return plan_blocks(items, from, limits, cost, around);
}

nanoseconds total(const std::vector<block>& blocks, const request_cost& cost, table from = table::input) {
    nanoseconds sum{0};
    for (const auto& each : blocks) sum += time_of(cost, from, each.count);
    return sum;
}

/// Values of `each` registers, one behind the other, from `first` to `last`.
void add(std::vector<item>& items, int first, int last, int each = 2) {
    for (int at = first; at <= last; at += each)
        items.push_back({static_cast<std::uint16_t>(at), static_cast<std::uint16_t>(each)});
}

// The maps behind the figures below. Eastron SDM630, input registers (mbmd, sdm_modbus, ESPHome).
std::vector<item> sdm630() {
    std::vector<item> items;
    for (const auto& [first, last] : {std::pair{0, 42},
                                      {46, 48},
                                      {52, 52},
                                      {56, 56},
                                      {60, 62},
                                      {66, 66},
                                      {70, 94},
                                      {100, 106},
                                      {200, 206},
                                      {224, 224},
                                      {234, 244},
                                      {248, 250},
                                      {254, 254},
                                      {258, 268},
                                      {334, 380}})
        add(items, first, last);
    return items;
}

// Carlo Gavazzi EM24 on RS-485 (vendor document V4R0): one 32-bit value overlaps a 16-bit one. At most 11 registers a request.
std::vector<item> em24() {
    std::vector<item> items;
    add(items, 0, 10);
    add(items, 11, 11, 1);
    add(items, 12, 48);
    add(items, 50, 55, 1);
    add(items, 56, 102);
    return items;
}

// Carlo Gavazzi EM340 (vendor document 2.6). At most 50 registers a request.
std::vector<item> em340() {
    std::vector<item> items;
    add(items, 0, 10);
    add(items, 11, 11, 1);
    add(items, 12, 44);
    add(items, 46, 51, 1);
    add(items, 52, 72);
    add(items, 78, 80);
    add(items, 90, 90);
    add(items, 96, 100);
    return items;
}

/// The cheapest of all partitions into runs of neighbours.
nanoseconds cheapest(const std::vector<item>& items, const request_limits& limits, const request_cost& cost, table from) {
    auto best = nanoseconds(std::numeric_limits<std::int64_t>::max());
    for (std::uint32_t cuts = 0; cuts < 1u << (items.size() - 1); ++cuts) {
        nanoseconds sum{0};
        bool allowed = true;
        for (std::size_t i = 0; i < items.size();) {
            std::uint32_t end = items[i].end();
            std::size_t j = i + 1;
            for (; j < items.size() && (cuts >> (j - 1) & 1) == 0; ++j) {
                if (limits.max_gap && items[j].address > end + *limits.max_gap) allowed = false;
                end = std::max(end, items[j].end());
            }
            if (end - items[i].address > limits.max_read && j > i + 1) allowed = false;
            sum += time_of(cost, from, end - items[i].address);
            i = j;
        }
        if (allowed) best = std::min(best, sum);
    }
    return best;
}

}  // namespace

TEST_CASE("plan: the figures of real maps", "[modbus][plan]") {
    struct figure {
        const char* name;
        std::vector<item> items;
        std::uint32_t limit;
        std::size_t count;
        std::int64_t one_by_one, planned;  // ms at 9600 8E1 with a turnaround of 20 ms
        std::size_t requests;
        std::int64_t planned_fast;  // ms at 115200 8E1, 5 ms
    };
    const std::vector<figure> figures{
        {"SDM630", sdm630(), 80, 90, 3914, 669, 4, 75},
        {"EM24", em24(), 11, 56, 2419, 666, 11, 108},
        {"EM340", em340(), 50, 47, 2028, 332, 3, 42},
    };
    const auto slow = cost_of(line(9600), ms(20)), fast = cost_of(line(115200), ms(5));
    const auto rounded = [](nanoseconds time) { return (time.count() + 500'000) / 1'000'000; };
    for (const auto& each : figures) {
        CAPTURE(each.name);
        const request_limits limits{each.limit, std::nullopt};
        CHECK(each.items.size() == each.count);
        nanoseconds alone{0};
        for (const auto& one : each.items) alone += time_of(slow, table::input, one.count);
        CHECK(rounded(alone) == each.one_by_one);
        const auto blocks = plan(each.items, limits, slow);
        CHECK(rounded(total(blocks, slow)) == each.planned);
        CHECK(blocks.size() == each.requests);
        CHECK(rounded(total(plan(each.items, limits, fast), fast)) == each.planned_fast);
    }
}

TEST_CASE("plan: gaps are read along where that is cheaper than a request", "[modbus][plan]") {
    // F = 13 characters + turnaround + t3.5, a register is 2 characters: at 9600 8E1 and 20 ms, 16 registers pay, 17 don't.
    const auto cost = cost_of(line(9600), ms(20));
    const auto requests = [&](std::uint16_t gap, const request_cost& at) {
        return plan({{100, 2}, {static_cast<std::uint16_t>(102 + gap), 2}}, {125, std::nullopt}, at).size();
    };
    CHECK(requests(16, cost) == 1);
    CHECK(requests(17, cost) == 2);
    CHECK(requests(25, cost_of(line(9600), ms(40))) == 1);
    CHECK(requests(26, cost_of(line(9600), ms(40))) == 2);
    CHECK(requests(10, cost_of(line(9600), ms(0))) == 2);
    CHECK(requests(9, cost_of(line(9600), ms(0))) == 1);
    SECTION("over TCP always, up to the limit") {
        const auto tcp = cost_of(tcp_settings{}, usual_turnaround);
        CHECK(requests(121, tcp) == 1);
        CHECK(requests(122, tcp) == 2);
    }
    SECTION("a device that needs rest before each request makes merging pay sooner") {
        serial_settings resting;
        resting.line = {9600, 'E', 8, 1};
        resting.request_spacing = ms(100);
        CHECK(requests(50, cost_of(resting, ms(20))) == 1);
        CHECK(time_of(cost_of(resting, ms(20)), table::input, 2) - time_of(cost, table::input, 2) ==
              ms(100) - frame_gap(resting.line));
    }
    SECTION("in ASCII frames a byte is two characters") {
        serial_settings ascii;
        ascii.mode = serial_mode::ascii;
        ascii.line = {9600, 'E', 7, 1};
        const auto slow = cost_of(ascii, ms(20));
        // 17 + 11 + 2 × 20 characters of 10 bits, 20 ms, 3.5 characters: 68 × 1.041667 + 20 + 3.6458
        CHECK(time_of(slow, table::holding, 10).count() == Approx(94.479e6).epsilon(1e-4));
        CHECK(requests(12, slow) == 1);
        CHECK(requests(13, slow) == 2);
        CHECK(cost_of(ascii_over_tcp_settings{}, ms(20)).per_byte == 2 * cost_of(rtu_over_tcp_settings{}, ms(20)).per_byte);
    }
    SECTION("the computed time is that of the wire") {
        // 8 + 5 + 20 characters of 11 bits, 20 ms, 3.5 characters: 33 × 1.1458 + 20 + 4.0104
        CHECK(time_of(cost, table::holding, 10).count() == Approx(61.823e6).epsilon(1e-4));
        CHECK(time_of(cost, table::coil, 17).count() == Approx((13 + 3) * 1.145833e6 + 20e6 + 4.0104e6).epsilon(1e-4));
    }
}

TEST_CASE("plan: limits", "[modbus][plan]") {
    const auto tcp = cost_of(tcp_settings{}, usual_turnaround);
    using blocks = std::vector<block>;
    SECTION("a value is never cut") {
        CHECK(plan({{0, 4}, {4, 4}, {8, 4}}, {11, std::nullopt}, tcp) == blocks{{0, 4, 1}, {4, 8, 2}});
    }
    SECTION("max_gap 0 reads nothing that isn't used; touching values are no gap") {
        CHECK(plan({{0, 2}, {2, 2}, {5, 1}}, {125, 0}, tcp) == blocks{{0, 4, 2}, {5, 1, 1}});
    }
    SECTION("values on the same registers share a request") {
        CHECK(plan({{10, 1}, {10, 2}, {11, 1}}, {125, std::nullopt}, tcp) == blocks{{10, 2, 3}});
        CHECK(plan({{0, 20}, {3, 1}, {19, 4}}, {125, std::nullopt}, tcp) == blocks{{0, 23, 3}});
    }
    SECTION("the end of the address space") {
        CHECK(plan({{65411, 1}, {65535, 1}}, {125, std::nullopt}, tcp) == blocks{{65411, 125, 2}});
        CHECK(plan({{65410, 1}, {65535, 1}}, {125, std::nullopt}, tcp).size() == 2);
    }
    SECTION("nothing to read") { CHECK(plan({}, {125, std::nullopt}, tcp).empty()); }
    SECTION("coils are counted in bits, 16 for each register of the device's limits") {
        device meter;
        CHECK(limits_of(meter, table::coil).max_read == 2000);
        CHECK(limits_of(meter, table::holding).max_read == 125);
        meter.max_read = 11;
        meter.max_gap = 2;
        CHECK(limits_of(meter, table::discrete).max_read == 176);
        CHECK(limits_of(meter, table::discrete).max_gap == 32);
        CHECK(limits_of(meter, table::input).max_read == 11);
        CHECK(limits_of(meter, table::input).max_gap == 2);
        CHECK(plan({{0, 1}, {1999, 1}}, {2000, std::nullopt}, tcp, {}, table::coil).size() == 1);
        CHECK(plan({{0, 1}, {2000, 1}}, {2000, std::nullopt}, tcp, {}, table::coil).size() == 2);
    }
}

TEST_CASE("plan: never dearer than the cheapest of all plans", "[modbus][plan]") {
    std::mt19937 random(1);
    const auto below = [&](unsigned n) { return static_cast<std::uint16_t>(random() % n); };
    for (int round = 0; round < 3000; ++round) {
        const table from = below(4) == 0 ? table::coil : table::holding;
        std::vector<item> items;
        const std::size_t count = 1 + below(9);
        for (std::size_t i = 0; i < count; ++i)
            items.push_back(
                {below(from == table::coil ? 900 : 90), static_cast<std::uint16_t>(from == table::coil ? 1 : 1 + below(5))});
        std::sort(items.begin(), items.end());
        items.erase(std::unique(items.begin(), items.end()), items.end());
        request_limits limits{static_cast<std::uint32_t>(5 + below(60)), std::nullopt};
        if (below(2) == 0) limits.max_gap = below(12);
        const auto cost =
            below(3) == 0 ? cost_of(tcp_settings{}, ms(0)) : cost_of(line(below(2) == 0 ? 9600 : 115200), ms(below(40)));
        const auto blocks = plan(items, limits, cost, {}, from);
        CAPTURE(round);
        REQUIRE(total(blocks, cost, from) == cheapest(items, limits, cost, from));
        for (const auto& each : items)
            REQUIRE(
                std::any_of(blocks.begin(), blocks.end(), [&](const block& b) { return b.covers(each.address, each.end()); }));
        for (const auto& each : blocks) REQUIRE((each.count <= limits.max_read || each.items == 1));
    }
}

TEST_CASE("plan: around what a device refuses", "[modbus][plan]") {
    const auto tcp = cost_of(tcp_settings{}, usual_turnaround);
    const std::vector<item> items{{0, 2}, {2, 2}, {4, 2}, {6, 2}};
    using blocks = std::vector<block>;
    const std::vector<std::uint32_t> cuts{4};
    CHECK(plan(items, {125, std::nullopt}, tcp, {cuts, {}}) == blocks{{0, 4, 2}, {4, 4, 2}});
    const std::vector<item> bad{{2, 2}};
    CHECK(plan(items, {125, std::nullopt}, tcp, {{}, bad}) == blocks{{0, 2, 1}, {2, 2, 1}, {4, 4, 2}});
    SECTION("also when it isn't asked for itself: it would be read along as a gap") {
        CHECK(plan({{0, 2}, {4, 2}}, {125, std::nullopt}, tcp, {{}, bad}) == blocks{{0, 2, 1}, {4, 2, 1}});
    }
}

namespace {

/// A device with holes: refuses a request that touches one, or is longer than its limit.
struct holey_device {
    std::vector<item> holes;
    std::uint32_t limit = 125;
    bool answers(const block& asked) const {
        if (asked.count > limit) return false;
        return std::none_of(holes.begin(), holes.end(),
                            [&](const item& h) { return h.address < asked.end() && asked.address < h.end(); });
    }
};

/// Polls all items over and over as the adapter does, and says what the last cycle took.
struct learned_cycle {
    std::size_t refused = 0, requests = 0, read = 0;
};
learned_cycle cycles(const std::vector<item>& items, const holey_device& device, learned_obstacles& learned, int count) {
    const auto cost = cost_of(tcp_settings{}, usual_turnaround);
    learned_cycle cycle;
    for (int i = 0; i < count; ++i) {
        cycle = {};
        auto due = items;
        while (!due.empty()) {
            const auto asked = plan(due, {125, std::nullopt}, cost, learned.obstacles()).at(0);
            std::vector<item> in_it;
            for (const auto& each : due)
                if (asked.covers(each.address, each.end())) in_it.push_back(each);
            ++cycle.requests;
            REQUIRE(cycle.requests < 1000);
            if (device.answers(asked)) {
                learned.answered(asked);
                cycle.read += in_it.size();
                std::erase_if(due, [&](const item& each) { return asked.covers(each.address, each.end()); });
            } else {
                ++cycle.refused;
                learned.refused(asked, in_it);
                due.erase(due.begin());  // the first is reported as failed, the others stay due
            }
        }
    }
    return cycle;
}

}  // namespace

TEST_CASE("plan: a refused request is cut until the reason is found", "[modbus][plan]") {
    std::vector<item> items;
    add(items, 0, 30);  // 16 values
    learned_obstacles learned;
    SECTION("one value that isn't there: it is asked alone, the rest in two requests") {
        const auto cycle = cycles(items, {{{10, 2}}}, learned, 8);
        CHECK(cycle.requests == 3);
        CHECK(cycle.refused == 1);
        CHECK(cycle.read == 15);
        SECTION("and is merged again once it answers") {
            const auto healed = cycles(items, {{}}, learned, 2);
            CHECK(healed.requests == 1);
            CHECK(healed.read == 16);
            CHECK(learned.empty());
        }
    }
    SECTION("a hole between two values stays a cut, and nothing is lost") {
        std::erase(items, item{10, 2});
        const auto cycle = cycles(items, {{{11, 1}}}, learned, 8);
        CHECK(cycle.requests == 2);
        CHECK(cycle.refused == 0);
        CHECK(cycle.read == 15);
    }
    SECTION("a device with a lower limit than said") {
        const auto cycle = cycles(items, {{}, 10}, learned, 12);
        CHECK(cycle.refused == 0);
        CHECK(cycle.read == 16);
        CHECK(cycle.requests <= 7);  // 4 would do, had it been said
    }
    SECTION("several at once") {
        const auto cycle = cycles(items, {{{0, 1}, {12, 1}, {13, 1}, {31, 1}}}, learned, 12);
        CHECK(cycle.read == 13);
        CHECK(cycle.refused == 3);
        CHECK(cycle.requests == 5);
    }
    SECTION("a device that refuses everything while it starts is read in one again afterwards") {
        cycles(items, {{}, 0}, learned, 3);
        CHECK(cycles(items, {{}}, learned, 3).requests <= 2);
    }
    SECTION("values that begin at one address") {
        const std::vector<item> nested{{0, 1}, {0, 2}, {0, 4}};
        const auto cycle = cycles(nested, {{{3, 1}}}, learned, 5);
        CHECK(cycle.read == 2);
    }
}

TEST_CASE("plan: whatever the holes, what can be read is read in the end", "[modbus][plan]") {
    std::mt19937 random(2);
    for (int round = 0; round < 300; ++round) {
        std::vector<item> items;
        for (int i = 0; i < 24; ++i)
            items.push_back({static_cast<std::uint16_t>(random() % 200), static_cast<std::uint16_t>(1 + random() % 4)});
        std::sort(items.begin(), items.end());
        items.erase(std::unique(items.begin(), items.end()), items.end());
        holey_device device{{}, static_cast<std::uint32_t>(4 + random() % 122)};
        for (unsigned i = 0; i < random() % 6; ++i) device.holes.push_back({static_cast<std::uint16_t>(random() % 204), 1});
        const auto readable = std::count_if(items.begin(), items.end(), [&](const item& each) {
            return device.answers({each.address, each.count, 1});
        });
        learned_obstacles learned;
        CAPTURE(round);
        const auto cycle = cycles(items, device, learned, 10);
        REQUIRE(static_cast<std::ptrdiff_t>(cycle.read) == readable);
        REQUIRE(static_cast<std::ptrdiff_t>(cycle.refused) <= static_cast<std::ptrdiff_t>(items.size()) - readable);
    }
}

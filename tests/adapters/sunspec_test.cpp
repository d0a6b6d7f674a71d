// tests/adapters/sunspec_test.cpp: names of points, the walk along a device's models, and where it leads.
// Not here: polls by what was found (modbus_adapter_test.cpp).
#include "adapters/modbus/sunspec.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace modbus;

namespace {

/// Holding registers of a device; what isn't there is an exception.
struct device {
    std::map<std::uint32_t, std::uint16_t> registers;

    void put(std::uint32_t at, std::vector<std::uint16_t> words) {
        for (const auto word : words) registers[at++] = word;
    }
    /// "SunS" and models of these lengths.
    explicit device(std::uint32_t base, std::vector<std::pair<std::uint16_t, std::uint16_t>> models, bool with_end = true) {
        put(base, {0x5375, 0x6E53});
        std::uint32_t at = base + 2;
        for (const auto& [id, length] : models) {
            put(at, {id, length});
            for (std::uint32_t i = 0; i < length; ++i) registers[at + 2 + i] = static_cast<std::uint16_t>(i);
            at += 2u + length;
        }
        if (with_end) put(at, {0xFFFF, 0});
    }
    std::vector<std::uint16_t> read(sunspec_walk::request what) const {
        std::vector<std::uint16_t> words;
        for (std::uint32_t at = what.address; at < std::uint32_t{what.address} + what.count; ++at) {
            const auto found = registers.find(at);
            if (found == registers.end()) return {};
            words.push_back(found->second);
        }
        return words;
    }
    sunspec_walk walked(std::size_t* requests = nullptr) const {
        sunspec_walk walk;
        for (std::size_t i = 0; walk.next(); ++i) {
            REQUIRE(i < 1000);
            if (requests) *requests = i + 1;
            walk.answered(read(*walk.next()));
        }
        return walk;
    }
};

std::string fault_of(std::string_view written) {
    std::string fault;
    CHECK_FALSE(parse_sunspec_name(written, fault));
    return fault;
}
sunspec_name name_of(std::string_view written) {
    std::string fault;
    const auto name = parse_sunspec_name(written, fault);
    INFO(fault);
    REQUIRE(name);
    return *name;
}

using places = std::vector<sunspec_place>;

}  // namespace

TEST_CASE("sunspec: a point is named by model or family", "[sunspec]") {
    CHECK(name_of("103.W") == sunspec_name{{103}, "W", 0});
    CHECK(name_of("inverter.W") == sunspec_name{{101, 102, 103, 111, 112, 113}, "W", 0});
    CHECK(name_of("111|101.W") == sunspec_name{{111, 101}, "W", 0});
    CHECK(name_of("mppt.module[2].DCW") == sunspec_name{{160}, "module[].DCW", 2});
    CHECK(name_of("inverter.W_SF").models == std::vector<std::uint16_t>{101, 102, 103});
    CHECK(fault_of("103") == "write a model and a point of it, such as inverter.W, 103.W or 160.module[1].DCW");
    CHECK(fault_of("999.W") == "SunSpec model 999 isn't known; give its points as holding registers");
    CHECK(fault_of("inverer.W").find("\"inverer\" is no SunSpec model: write its number, or one of common, inverter,") == 0);
    CHECK(fault_of("802.Power").starts_with("SunSpec model 802 has no point \"Power\", but AHRtg, WHRtg, WChaRteMax, "));
    CHECK(fault_of("802.Power").ends_with(", W, ReqInvState, ReqW, SetOp, SetInvState"));
    CHECK(fault_of("103.w") == "SunSpec model 103 has no point \"w\" (it is written W)");
    CHECK(fault_of("160.module[0].DCW") == "the number of a repeating block counts from 1, as in module[1].DCW");
}

TEST_CASE("sunspec: the walk finds every model, at each of the three places", "[sunspec]") {
    const auto base = static_cast<std::uint16_t>(GENERATE(40000, 0, 50000));
    std::size_t requests = 0;
    const auto walk = device(base, {{1, 66}, {103, 50}, {64110, 3}, {160, 48}}).walked(&requests);
    const auto at = [&](int offset) { return static_cast<std::uint16_t>(base + offset); };
    CHECK(walk.places() == places{{1, at(2), 66}, {103, at(70), 50}, {64110, at(122), 3}, {160, at(127), 48}});
    CHECK(requests <= 3 + 5);
    CHECK(models_in_words(walk.places()) == "models 1, 103, 64110, 160");
}

TEST_CASE("sunspec: chains that end otherwise, and what is none", "[sunspec]") {
    CHECK(device(40000, {{1, 66}, {101, 50}}, false).walked().places().size() == 2);
    CHECK(device(40000, {{1, 66}, {0, 7}}, false).walked().places().size() == 1);
    const auto empty = device(40000, {}).walked();
    CHECK(empty.places().empty());
    CHECK(empty.fault() == "it says that it is a SunSpec device, and has no models");
    device other(40000, {{1, 66}});
    other.put(40000, {0x5375, 0x0000});
    CHECK(other.walked().fault() == "no SunSpec device: there is no \"SunS\" at holding register 40000, 0 or 50000");
    // Models without length: the walk goes on by two registers each, and ends.
    device endless(40000, {});
    for (std::uint32_t at = 40002; at < 65536; at += 2) endless.put(at, {5, 0});
    CHECK(endless.walked().places().size() == 200);
    // One that reaches beyond the last address.
    CHECK(device(50000, {{1, 66}, {802, 65000}}).walked().places().size() == 2);
}

TEST_CASE("sunspec: a point lies where the device has the first of its models", "[sunspec]") {
    const auto with_integers = device(40000, {{1, 66}, {103, 50}}).walked();
    const auto power = locate(name_of("inverter.W"), with_integers.places());
    REQUIRE(power);
    CHECK(power->address == 40070 + 14);
    CHECK(power->factor == 40070 + 15);
    CHECK(power->point.type == sunspec_type::int16);
    const auto with_floats = device(0, {{1, 66}, {113, 60}}).walked();
    const auto same = locate(name_of("inverter.W"), with_floats.places());
    REQUIRE(same);
    CHECK(same->point.type == sunspec_type::float32);
    CHECK_FALSE(same->factor);
    CHECK_FALSE(locate(name_of("meter.W"), with_floats.places()));
    // Model 160 with two blocks of 20 registers after 8 of its own.
    const auto strings = device(40000, {{160, 8 + 40}}).walked();
    const auto second = locate(name_of("mppt.module[2].DCW"), strings.places());
    REQUIRE(second);
    CHECK(second->address == 40002 + 21 + 20);
    CHECK(second->factor == 40002 + 4);
    CHECK_FALSE(locate(name_of("mppt.module[3].DCW"), strings.places()));
    // A model that is shorter than its definition: what it lacks isn't read from its neighbour.
    CHECK_FALSE(locate(name_of("inverter.StVnd"), device(40000, {{101, 30}}).walked().places()));
}

TEST_CASE("sunspec: every point of every model has a place, a known factor, and none overlaps another", "[sunspec]") {
    for (const int id : {1, 101, 102, 103, 111, 112, 113, 120, 160, 201, 202, 203, 204, 211, 212, 213, 214, 701, 713, 802}) {
        CAPTURE(id);
        const auto* model = find_sunspec_model(static_cast<std::uint16_t>(id));
        REQUIRE(model);
        std::uint32_t end = 2;
        for (const auto& point : model->points) {
            CAPTURE(std::string(point.name));
            CHECK(point.offset >= end);
            end = std::uint32_t{point.offset} + point.registers;
            const auto* factor = point.factor.empty() ? nullptr : find_sunspec_point(*model, point.factor);
            if (!point.factor.empty()) {
                REQUIRE(factor);
                CHECK(factor->type == sunspec_type::sunssf);
            }
        }
    }
}

// tests/config/templates_test.cpp: what a device becomes that uses a template, and what keeps within bounds.
// Not here: messages, word for word (files_test.cpp).
#include "config/templates.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "config/template_merge.hpp"
#include "tests/config/files.hpp"
#include "tests/config/modbus_like.hpp"

namespace {

using namespace std::chrono_literals;

/// Templates that stand in the test.
class library final : public config::template_library {
public:
    explicit library(std::map<std::string, std::string> texts) : texts_(std::move(texts)) {}
    std::optional<found> find(const std::string& name) const override {
        const auto one = texts_.find(name);
        if (one == texts_.end()) return std::nullopt;
        return found{name, one->second, {}};
    }
    std::vector<std::string> names() const override { return {}; }
    std::vector<std::string> places() const override { return {"here"}; }

private:
    std::map<std::string, std::string> texts_;
};

std::string file_with(const std::string& devices) {
    return "gateway: { id: g }\nmqtt: { url: 'mqtt://127.0.0.1' }\nbuses:\n  b:\n    adapter: modbus\n    tcp: { host: h }\n"
           "    devices:\n" +
           devices;
}

config::device only_device(const std::string& keys) {
    const example_templates templates;
    const auto text = file_with("      d: { unit: 1, " + keys + " }\n");
    const auto read = config::read(text, modbus_like(), &templates);
    INFO(render_all(read, "config", text));
    REQUIRE(read.config.has_value());
    return read.config->buses.at(0).devices.at(0);
}

std::vector<std::string> names(const config::device& of) {
    std::vector<std::string> out;
    for (const auto& one : of.points) out.push_back(one.name);
    return out;
}

const config::point& point(const config::device& of, const std::string& name) {
    for (const auto& one : of.points)
        if (one.name == name) return one;
    FAIL("no point " << name);
    return of.points.front();
}

std::string setting(const std::vector<config::setting>& all, const std::string& path) {
    for (const auto& one : all)
        if (one.path == path) return one.text;
    return "absent";
}

using list = std::vector<std::string>;

}  // namespace

TEST_CASE("templates: a device is what its template says", "[config][templates]") {
    const auto device = only_device("template: meter");
    CHECK(device.template_name == "meter");
    CHECK(device.template_where == config::position{8, 31});
    CHECK(names(device) == list{"voltage", "current", "power", "energy_import", "energy_export"});
    CHECK(setting(device.settings, "max_read") == "60");
    CHECK(setting(device.settings, "unit") == "1");
    const auto& power = point(device, "power");
    CHECK(power.every == 5s);
    CHECK(power.unit == "W");
    CHECK(setting(power.settings, "input") == "12");
    CHECK(power.publish->qos == 2);
    CHECK(power.publish->mode == config::publish_mode::on_change);
    CHECK(power.where == config::position{17, 5, 1});
    CHECK(point(device, "energy_import").every == 60s);
}

TEST_CASE("templates: the config goes before the template", "[config][templates]") {
    SECTION("keys of the device, and those of publish one by one") {
        const auto device = only_device("template: meter, max_read: 20, publish: { qos: 0 }");
        CHECK(setting(device.settings, "max_read") == "20");
        CHECK(point(device, "voltage").publish->qos == 0);
        CHECK(point(device, "voltage").publish->retain);
    }
    SECTION("a period and publish keys of the device hold for all points of the template") {
        const auto device = only_device("template: meter, every: 1s, publish: { mode: every_poll }");
        CHECK(point(device, "energy_import").every == 1s);
        CHECK(point(device, "power").publish->mode == config::publish_mode::every_poll);
    }
    SECTION("keys of a point, one by one") {
        const auto device = only_device("template: meter, points: { power: { unit: kW, scale: 0.001 } }");
        const auto& power = point(device, "power");
        CHECK(power.unit == "kW");
        CHECK(setting(power.settings, "scale") == "0.001");
        CHECK(setting(power.settings, "input") == "12");
        CHECK(power.publish->mode == config::publish_mode::on_change);
        CHECK(power.where.file == 0);
        CHECK(names(device).size() == 5);
    }
    SECTION("keys of all points that fit; one that is named goes before them") {
        const auto device =
            only_device("template: meter, every: 1s, points: { energy_export: { every: 2s }, 'energy_*': { every: 3s } }");
        CHECK(point(device, "voltage").every == 1s);
        CHECK(point(device, "energy_import").every == 3s);
        CHECK(point(device, "energy_export").every == 2s);
    }
    SECTION("further points come behind") {
        const auto device = only_device("template: meter, points: { other: { input: 99, type: int16 } }");
        CHECK(names(device) == list{"voltage", "current", "power", "energy_import", "energy_export", "other"});
        CHECK(point(device, "other").every == 5s);
    }
}

TEST_CASE("templates: points are chosen", "[config][templates]") {
    CHECK(names(only_device("template: meter, only: [power, voltage]")) == list{"voltage", "power"});
    CHECK(names(only_device("template: meter, only: ['*_*', v*]")) == list{"voltage", "energy_import", "energy_export"});
    CHECK(names(only_device("template: meter, except: ['energy*', power]")) == list{"voltage", "current"});
    CHECK(names(only_device("template: meter, only: ['*r*'], except: [power]")) ==
          list{"current", "energy_import", "energy_export"});
    SECTION("a point that the device names is wanted") {
        CHECK(names(only_device("template: meter, only: [power], points: { current: { scale: 2 } }")) ==
              list{"current", "power"});
    }
    SECTION("a point that is left out can be defined anew") {
        const auto device = only_device("template: meter, except: [power], points: { power: { holding: 3, type: int16 } }");
        CHECK(setting(point(device, "power").settings, "input") == "absent");
        CHECK(point(device, "power").unit.empty());
    }
}

TEST_CASE("templates: one extends another", "[config][templates]") {
    const auto device = only_device("template: meter-clone");
    CHECK(names(device) == list{"voltage", "current", "power", "energy_import", "frequency"});
    CHECK(setting(device.settings, "max_read") == "30");
    CHECK(setting(point(device, "power").settings, "scale") == "10");
    CHECK(point(device, "power").unit == "W");
    CHECK(setting(point(device, "energy_import").settings, "scale") == "0.001");
    CHECK(point(device, "energy_import").every == 60s);
    CHECK(names(only_device("template: meter-clone, only: [frequency]")) == list{"frequency"});
}

TEST_CASE("templates: a template has computed points", "[config][templates]") {
    std::map<std::string, std::string> texts;
    texts["own"] =
        "device:\n  every: 1s\n  points:\n    a: { input: 1, type: int16 }\n    b: { compute: a * 2 }\n"
        "    c: { compute: x * 2 }\n";
    const library own(texts);
    const auto good = config::read(file_with("      d: { unit: 1, template: own, except: [c] }\n"), modbus_like(), &own);
    REQUIRE(good.config.has_value());
    CHECK(good.config->buses[0].devices[0].points.at(1).compute.has_value());
    const auto bad = config::read(file_with("      d: { unit: 1, template: own }\n"), modbus_like(), &own);
    REQUIRE(bad.diagnostics.size() == 1);
    CHECK(bad.diagnostics[0].where == config::position{6, 19, 1});
    CHECK(bad.diagnostics[0].used_at == config::position{8, 31, 0});
    CHECK(config::read_template("own", modbus_like(), own).diagnostics.size() == 1);
}

TEST_CASE("templates: what is known of each that was read", "[config][templates]") {
    const auto text = file_with("      d: { unit: 1, template: meter-clone }\n      e: { unit: 2, template: meter }\n");
    const example_templates templates;
    const auto read = config::read(text, modbus_like(), &templates);
    REQUIRE(read.templates.size() == 2);
    CHECK(read.templates[0].extends == "meter");
    const auto& meter = read.templates[1];
    CHECK(meter.name == "meter");
    CHECK(meter.path == "templates/meter.yaml");
    CHECK(meter.description == "a meter");
    CHECK(meter.manufacturer == "Nobody");
    CHECK(meter.model == "M1");
    CHECK(meter.adapter == "modbus");
    CHECK(meter.sources == list{"the data sheet", "section 4"});
    CHECK(meter.notes == list{"Counts energy of both directions."});
    CHECK(meter.defaults ==
          std::vector<std::pair<std::string, std::string>>{{"baud", "9600"}, {"parity", "none"}, {"unit", "1"}});
}

TEST_CASE("templates: one can be read by itself", "[config][templates]") {
    const example_templates templates;
    SECTION("as a device would get it") {
        const auto read = config::read_template("meter-clone", modbus_like(), templates);
        REQUIRE(read.config.has_value());
        CHECK(read.config->buses.at(0).adapter == "modbus");
        CHECK(names(read.config->buses[0].devices.at(0)) == list{"voltage", "current", "power", "energy_import", "frequency"});
        CHECK(read.templates.at(0).name == "meter-clone");
    }
    SECTION("without a period") {
        const auto read = config::read_template("deep-10", modbus_like(), templates);
        REQUIRE(read.config.has_value());
        CHECK(read.config->buses[0].devices.at(0).points.at(0).every == 0s);
    }
    SECTION("with its faults") {
        const auto read = config::read_template("faulty", modbus_like(), templates);
        CHECK_FALSE(read.config.has_value());
        CHECK(fault_of(read, "faulty").empty());
        CHECK(read.diagnostics.size() > 3);
    }
}

TEST_CASE("templates: more than a machine should hold is refused", "[config][templates]") {
    std::string points;
    for (int i = 0; i < 10'000; ++i) points += "p" + std::to_string(i) + ": {input: 1, type: int16}, ";
    const library large({{"large", "device: { every: 1s, points: { " + points + " } }"},
                         {"longest", "# " + std::string(config::largest_template, 'x')}});
    const auto message = [&](const std::string& devices) {
        const auto read = config::read(file_with(devices), modbus_like(), &large);
        return read.diagnostics.empty() ? "" : read.diagnostics.front().message;
    };
    std::string many;
    for (int i = 0; i < 30; ++i) many += "      d" + std::to_string(i) + ": { unit: 1, template: large, only: [p1] }\n";
    CHECK(message(many) == "the templates of all devices have too many points; a larger plant needs several gateways");
    CHECK(message("      d: { unit: 1, template: longest }\n") == "template 'longest' (longest) is too long; at most 512KiB");

    std::map<std::string, std::string> texts;
    many.clear();
    for (int i = 0; i < 201; ++i) {
        const auto name = "t" + std::to_string(i);
        texts[name] = "device: { every: 1s, points: { a: { input: 1, type: int16 } } }";
        many += "      d" + std::to_string(i) + ": { unit: 1, template: " + name + " }\n";
    }
    const library all(texts);
    const auto read = config::read(file_with(many), modbus_like(), &all);
    REQUIRE(read.diagnostics.size() == 1);
    CHECK(read.diagnostics[0].message == "more than 200 different templates; a larger plant needs several gateways");
    CHECK(read.diagnostics[0].where.line == 208);
}

TEST_CASE("templates: patterns", "[config][templates]") {
    CHECK(config::fits("energy", "energy"));
    CHECK_FALSE(config::fits("energy", "energ"));
    CHECK_FALSE(config::fits("energ", "energy"));
    CHECK(config::fits("energy", "*"));
    CHECK(config::fits("", "*"));
    CHECK(config::fits("energy_import_l1", "energy_*_l1"));
    CHECK_FALSE(config::fits("energy_import_l2", "energy_*_l1"));
    CHECK(config::fits("aab", "*ab"));
    CHECK(config::fits("abab", "*ab"));
    CHECK(config::fits("abab", "a**b"));
    CHECK_FALSE(config::fits("aaa", "aa*aa"));
}

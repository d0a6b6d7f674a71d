// tests/config/read_test.cpp: what a config file becomes: values, inheritance, defaults.
// Not here: what is wrong with files (files_test.cpp).
#include "config/read.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "config/schema.hpp"
#include "config/topic.hpp"
#include "config/units.hpp"
#include "tests/config/files.hpp"
#include "tests/config/modbus_like.hpp"

using namespace config;
using namespace std::chrono_literals;

namespace {

file valid(const std::string& name) {
    for (const auto& one : examples("valid"))
        if (one.name == name) return read(one.text, modbus_like()).config.value();
    throw std::runtime_error("no example " + name);
}

const setting* find(const std::vector<setting>& settings, std::string_view path) {
    const auto found = std::find_if(settings.begin(), settings.end(), [&](const setting& one) { return one.path == path; });
    return found == settings.end() ? nullptr : &*found;
}

std::vector<std::string> messages(std::string_view text, const std::vector<vocabulary>& vocabularies = modbus_like()) {
    std::vector<std::string> out;
    for (const auto& one : read(text, vocabularies).diagnostics) out.push_back(one.message);
    return out;
}

std::string with_points(const std::string& points, const std::string& top = "") {
    return "gateway: { id: g }\nmqtt: { url: mqtt://b }\n" + top +
           "buses: { m: { adapter: modbus, devices: { d: { every: 1s, points: {" + points + "} } } } }\n";
}

}  // namespace

TEST_CASE("read: gateway, broker and buffer", "[config][read]") {
    const auto all = valid("complete.yaml");
    CHECK(all.gateway_id == "plant7");
    CHECK(all.clock == clock_trust::trusted);
    CHECK(valid("smallest.yaml").clock == clock_trust::automatic);
    CHECK(all.mqtt.servers == std::vector<server>{{"broker.example", 1884}, {"fe80::1%eth0", 1883}});
    CHECK(all.mqtt.version == mqtt_version::v3_1_1);
    CHECK(all.mqtt.client_id == "plant7-gateway");
    CHECK(all.mqtt.username == "plant7");
    CHECK(all.mqtt.password == secret_reference{secret_reference::source::credential, "mqtt-password", {8, 13}});
    CHECK(all.mqtt.keepalive == 90s);
    CHECK(all.mqtt.session_expiry == 24h);
    CHECK(all.mqtt.on_session_loss == session_loss::drop);
    CHECK(all.mqtt.where == position{3, 1});
    CHECK(all.buffer.path == "/var/lib/tidegate/other.db");
    CHECK(all.buffer.max_bytes == 500'000'000);
    CHECK(all.buffer.policy == when_full::drop_newest);
    CHECK(all.buffer.commit_every == 1500ms);
}

TEST_CASE("read: the way to an encrypted broker, and what the session may do", "[config][read]") {
    using from = secret_reference::source;
    const auto& mqtt = valid("encrypted.yaml").mqtt;
    CHECK(mqtt.servers == std::vector<server>{{"a.example", 8883, scheme::mqtts, ""},
                                              {"b.example", 8443, scheme::wss, "/mqtt/broker?x=1"},
                                              {"c.example", 443, scheme::wss, "/mqtt"}});
    CHECK(mqtt.tls.ca == named_file{"/etc/tidegate/authorities", {5, 9}});
    CHECK(mqtt.tls.crl.path == "/etc/tidegate/revoked.pem");
    CHECK(mqtt.tls.certificate == named_file{"/etc/tidegate/gateway.pem", {7, 11}});
    CHECK(mqtt.tls.key.path == "/etc/tidegate/gateway.key");
    CHECK(mqtt.tls.key_password == secret_reference{from::credential, "key", {9, 19}});
    CHECK(mqtt.tls.alpn == std::vector<std::string>{"mqtt", "x-amzn-mqtt-ca"});
    CHECK(mqtt.tls.server_name == "broker.example");
    CHECK(mqtt.tls.verify == tls_verify::full);
    REQUIRE(mqtt.proxy.has_value());
    CHECK((mqtt.proxy->host == "fe80::1" && mqtt.proxy->port == 8080 && mqtt.proxy->username == "me"));
    CHECK(mqtt.proxy->password == secret_reference{from::environment, "PROXY", {13, 66}});
    CHECK(mqtt.websocket_headers ==
          std::vector<header>{{"X-Site", "plant7", {}, {15, 24}},
                              {"Authorization", "", secret_reference{from::file, "/run/token", {15, 47}}, {15, 47}}});
    CHECK((mqtt.will_delay == 30s && mqtt.max_qos == 1 && mqtt.max_in_flight == 200 && mqtt.receive_maximum == 5));
    CHECK((mqtt.topic_aliases == 0 && mqtt.redirects == redirects::ignore && mqtt.poison_after == 0));
    CHECK_FALSE(mqtt.status_topics);
}

TEST_CASE("read: what a certificate is checked for", "[config][read]") {
    const auto verify = [](const std::string& how) {
        return read("gateway: { id: g }\nmqtt: { url: mqtts://b" + how + " }\n" +
                        "buses: { m: { adapter: modbus, devices: { d: { every: 1s, points: { p: { coil: 1 } } } } } }\n",
                    modbus_like())
            .config.value()
            .mqtt.tls.verify;
    };
    CHECK(verify("") == tls_verify::full);
    CHECK(verify(", tls: { verify: chain_only }") == tls_verify::chain_only);
    CHECK(verify(", tls: { verify: none }") == tls_verify::none);
}

TEST_CASE("read: expiry and idempotency key come from the point, else from the level above", "[config][read]") {
    const auto points = valid("encrypted.yaml").buses.at(0).devices.at(0).points;
    CHECK((points.at(0).publish->expiry == 1h && points.at(0).publish->key == idempotency_key::property));
    CHECK((points.at(1).publish->expiry == 0s && points.at(1).publish->key == idempotency_key::json));
    CHECK(messages(with_points("a: { coil: 1, idempotency_key: none }", "publish: { idempotency_key: json, format: raw }\n"))
              .empty());
}

TEST_CASE("read: publish rules and periods come from the point, else the device, else the top", "[config][read]") {
    const auto all = valid("complete.yaml");
    REQUIRE(all.buses.size() == 2);
    const auto& boiler = all.buses[0].devices.at(0);
    const auto& hall = all.buses[0].devices.at(1);
    const publish_rules top{"{gateway}/{bus}/{device}/{point}",
                            payload_format::raw,
                            2,
                            true,
                            publish_mode::on_change,
                            {2, true},
                            500ms,
                            1h,
                            0s,
                            idempotency_key::none,
                            {19, 10},
                            {},
                            {21, 8}};
    auto level = top;
    level.band = {0.5, false};
    CHECK(*hall.points.at(0).publish == level);
    auto door = top;
    door.mode = publish_mode::every_poll;
    CHECK(*hall.points.at(1).publish == door);
    const publish_rules grouped{"{gateway}/{device}",
                                payload_format::json,
                                0,
                                false,
                                publish_mode::every_poll,
                                {2, true},
                                500ms,
                                1h,
                                0s,
                                idempotency_key::none,
                                {39, 41},
                                {},
                                {39, 86}};
    for (const auto& one : boiler.points) CHECK(*one.publish == grouped);
    CHECK(boiler.points.at(0).every == 5s);
    CHECK(boiler.points.at(1).every == 0s);
    CHECK(hall.points.at(0).every == 1min);
    CHECK(boiler.points.at(0).unit ==
          "\xC2\xB0"
          "C");
    CHECK(boiler.points.at(0).where == position{41, 11});
}

TEST_CASE("read: an adapter's keys are checked and kept as settings", "[config][read]") {
    const auto all = valid("complete.yaml");
    const auto& meters = all.buses.at(0);
    CHECK((meters.name == "meters" && meters.adapter == "modbus" && meters.where == position{28, 3}));
    CHECK(meters.adapter_where == position{29, 14});
    REQUIRE(meters.settings.size() == 7);
    CHECK(find(meters.settings, "serial.port")->text == "/dev/ttyUSB0");
    CHECK(find(meters.settings, "serial.baud")->integer == 19200);
    CHECK(find(meters.settings, "serial.parity")->text == "even");
    CHECK(find(meters.settings, "timeout")->integer == 500'000'000);
    CHECK(find(meters.settings, "request_spacing")->integer == 1'750'000);
    const auto& boiler = meters.devices.at(0);
    CHECK(find(boiler.settings, "unit")->integer == 3);
    CHECK(find(boiler.settings, "every") == nullptr);
    const auto& supply = boiler.points.at(0);
    REQUIRE(supply.settings.size() == 4);
    const auto* scale = find(supply.settings, "scale");
    REQUIRE(scale != nullptr);
    CHECK((scale->text == "0.1" && scale->number == 0.1 && scale->where == position{41, 58}));
    CHECK(find(supply.settings, "register")->integer == 40108);
    CHECK(find(supply.settings, "register")->number == 40108);
    CHECK(find(supply.settings, "unit") == nullptr);
    const auto& state = boiler.points.at(2).settings;
    REQUIRE(state.size() == 6);
    CHECK((state[0].path == "holding" && state[0].integer == 12));
    CHECK((state[1].path == "null" && state[1].number == 32768 && state[1].text == "0x8000"));
    CHECK((state[2].path == "null" && state[2].number == -1));
    CHECK((state[3].path == "enum" && state[3].integer == 0 && state[3].text == "off"));
    CHECK((state[5].integer == 16 && state[5].text == "8E1"));
    const auto& hall = meters.devices.at(1);
    CHECK(find(hall.points.at(0).settings, "null")->number == 65535);
    CHECK(find(hall.points.at(1).settings, "signed_zero")->integer == 1);
}

TEST_CASE("read: what isn't written has the model's default, and the schema says the same", "[config][read]") {
    const auto all = valid("smallest.yaml");
    destination mqtt;
    CHECK(all.mqtt.version == mqtt.version);
    CHECK(all.mqtt.client_id == "plant7");
    CHECK(all.mqtt.username.empty());
    CHECK_FALSE(all.mqtt.password.has_value());
    CHECK(*all.buses.at(0).devices.at(0).points.at(0).publish == publish_rules{});
    const auto fallback = [](section where, std::string_view path) {
        for (const auto& one : schema())
            if (one.section == where && one.path == path) return one.fallback;
        return std::string("?");
    };
    const buffer queue;
    const publish_rules rules;
    CHECK(parse_duration(fallback(section::mqtt, "keepalive")).value == mqtt.keepalive);
    CHECK(parse_duration(fallback(section::mqtt, "session_expiry")).value == mqtt.session_expiry);
    CHECK(fallback(section::mqtt, "version") == "5");
    CHECK((fallback(section::mqtt, "on_session_loss") == "resend" && mqtt.on_session_loss == session_loss::resend));
    CHECK((fallback(section::mqtt, "tls.verify") == "full" && mqtt.tls.verify == tls_verify::full));
    CHECK((fallback(section::mqtt, "redirects") == "follow" && mqtt.redirects == redirects::follow));
    CHECK((fallback(section::mqtt, "status_topics") == "publish" && mqtt.status_topics));
    CHECK(parse_duration(fallback(section::mqtt, "will_delay")).value == mqtt.will_delay);
    CHECK(parse_integer(fallback(section::mqtt, "max_qos")).value == mqtt.max_qos);
    CHECK(parse_integer(fallback(section::mqtt, "receive_maximum")).value == mqtt.receive_maximum);
    CHECK(parse_integer(fallback(section::mqtt, "topic_aliases")).value == mqtt.topic_aliases);
    CHECK(parse_integer(fallback(section::mqtt, "poison_after")).value == mqtt.poison_after);
    CHECK(parse_duration(fallback(section::publish, "expiry")).value == rules.expiry);
    CHECK((fallback(section::publish, "idempotency_key") == "none" && rules.key == idempotency_key::none));
    CHECK(fallback(section::buffer, "path") == queue.path);
    CHECK(static_cast<std::uint64_t>(*parse_size(fallback(section::buffer, "max_bytes")).value) == queue.max_bytes);
    CHECK(parse_duration(fallback(section::buffer, "commit_every")).value == queue.commit_every);
    CHECK(parse_duration(fallback(section::buffer, "max_age")).value == queue.max_age);
    CHECK((fallback(section::buffer, "durability") == "always" && queue.durability == durability::always));
    CHECK((fallback(section::buffer, "when_full") == "drop_oldest" && queue.policy == when_full::drop_oldest));
    CHECK(fallback(section::publish, "topic") == rules.topic);
    CHECK(fallback(section::publish, "qos") == std::to_string(rules.qos));
    CHECK((fallback(section::publish, "format") == "json" && rules.format == payload_format::json));
    CHECK((fallback(section::publish, "mode") == "every_poll" && rules.mode == publish_mode::every_poll));
    CHECK((fallback(section::publish, "retain") == "false" && !rules.retain));
    CHECK(fallback(section::publish, "min_interval") == show_duration(rules.min_interval));
    CHECK(fallback(section::publish, "max_interval") == show_duration(rules.max_interval));
}

TEST_CASE("read: every key that is built has a sentence of help, every one that isn't says what happens instead",
          "[config][read]") {
    for (const auto& one : schema()) {
        INFO(one.path);
        CHECK((one.form == form::unbuilt ? one.unbuilt : one.help).size() > 5);
        CHECK((one.form != form::choice || !one.choices.empty()));
    }
}

TEST_CASE("read: the file's own key wins over an adapter's of the same name", "[config][read]") {
    std::vector<vocabulary> odd = {{"odd",
                                    {{scope::point, value_kind::integer, "unit", {}, 0, 5, ""},
                                     {scope::device, value_kind::integer, "unit", {}, 0, 5, ""}}}};
    const auto text =
        "gateway: { id: g }\nmqtt: { url: mqtt://b }\n"
        "buses: { m: { adapter: odd, devices: { d: { unit: 4, every: 1s, points: { p: { unit: kW } } } } } }\n";
    const auto outcome = read(text, odd);
    REQUIRE(outcome.config.has_value());
    const auto& device = outcome.config->buses.at(0).devices.at(0);
    CHECK(device.settings.at(0).integer == 4);
    CHECK(device.points.at(0).unit == "kW");
    CHECK(device.points.at(0).settings.empty());
}

TEST_CASE("read: topics may be shared within a device, not between devices", "[config][read]") {
    const auto* grouped = "publish: { topic: \"{gateway}/{device}\" }\n";
    CHECK(messages(with_points("a: { coil: 1 }, b: { coil: 2 }", grouped)).empty());
    CHECK(messages(with_points("a: { coil: 1, format: raw }", grouped)).empty());
    CHECK(messages(
              with_points("a: { coil: 1, mode: on_change, deadband: 1 }, b: { coil: 2, mode: on_change, deadband: 2% }", grouped))
              .empty());
    CHECK(messages(with_points("a: { coil: 1, topic: x }, b: { coil: 2, topic: x, mode: on_change }")).size() == 1);
    CHECK(messages(with_points("ts: { coil: 1 }")).empty());
    CHECK(messages(with_points("ts: { coil: 1 }", grouped)).size() == 1);
    CHECK(messages(with_points("a: { coil: 1, topic: \"{device}/x/{point}\" }, x: { coil: 2, topic: \"{device}/{point}/a\" }"))
              .size() == 1);
}

TEST_CASE("read: the length of a topic is that of its names too", "[config][read]") {
    const auto topic = [](std::size_t letters) { return "publish: { topic: \"" + std::string(letters, 'x') + "/{point}\" }\n"; };
    CHECK(messages(with_points("a: { coil: 1 }", topic(65'533))).empty());
    const auto said = messages(with_points("a: { coil: 1 }, bc: { coil: 2 }, cd: { coil: 2 }", topic(65'533)));
    CHECK(said == std::vector<std::string>{"the topic is 65536 bytes long; at most 65535"});
}

TEST_CASE("read: a template is checked whatever the names are", "[config][read]") {
    for (const auto* good : {"a", "/", "a//b", "{gateway}{bus}{device}{point}", "a$b", "\xC2\xB0"})
        CHECK_FALSE(check_template(good));
    for (const auto* bad :
         {"", "$a", "+", "a/#", "a+b", "{", "}", "{}", "{point", "point}", "{{point}}", "{Point}", "{ point }"}) {
        INFO(bad);
        CHECK(check_template(bad).has_value());
    }
    CHECK(expand("{gateway}/{bus}/x{device}{point}", {"g", "{point}", "d", "p"}) == "g/{point}/xdp");
}

TEST_CASE("read: a zero is in range only where it means something", "[config][read]") {
    const auto zero = [](const std::string& top) { return messages(with_points("a: { coil: 1, every: 0s }", top)); };
    CHECK(zero("").empty());
    CHECK(zero("buffer: { commit_every: 0s }\n") ==
          std::vector<std::string>{"'commit_every': '0s' is out of range; possible is 1ms to 10s"});
    CHECK(zero("buffer: { max_bytes: 0B }\n").size() == 1);
}

TEST_CASE("read: what goes when the queue is full, and what is too old", "[config][read]") {
    const auto queue = [](const std::string& keys) {
        return read(with_points("a: { coil: 1 }", "buffer: { " + keys + " }\n"), modbus_like()).config.value().buffer;
    };
    CHECK(queue("max_age: 30d").max_age == 30 * 24h);
    CHECK(queue("max_age: 0s").max_age == 0s);
    CHECK(queue("max_age: 1min").policy == when_full::drop_oldest);
    CHECK(queue("when_full: thin").policy == when_full::thin);
    CHECK(queue("when_full: thin").max_age == 0s);
}

TEST_CASE("read: keys for changes warn only where no point below publishes on change", "[config][read]") {
    CHECK(messages(with_points("a: { coil: 1, mode: on_change }, b: { coil: 2 }", "publish: { deadband: 1 }\n")).empty());
    CHECK(messages(with_points("a: { coil: 1 }, b: { coil: 2 }", "publish: { deadband: 1 }\n")).size() == 1);
    CHECK(messages(with_points("a: { coil: 1, mode: on_change, min_interval: 1s }, b: { coil: 2, max_interval: 1s }")).size() ==
          1);
}

TEST_CASE("read: min_interval and max_interval of different levels are compared", "[config][read]") {
    const auto* top = "publish: { mode: on_change, max_interval: 10s }\n";
    CHECK(messages(with_points("a: { coil: 1, min_interval: 10s }", top)).empty());
    CHECK(messages(with_points("a: { coil: 1, min_interval: 11s }", top)) ==
          std::vector<std::string>{"'min_interval' (11s) is longer than 'max_interval' (10s)"});
    CHECK(messages(with_points("a: { coil: 1, min_interval: 11s, max_interval: 0s }", top)).empty());
}

TEST_CASE("read: an adapter that isn't there makes its bus an error, and the file's own keys are still checked",
          "[config][read]") {
    const auto* text =
        "gateway: { id: g }\nmqtt: { url: mqtt://b }\nbuses:\n  m:\n    adapter: modbus\n    serial: { port: x }\n"
        "    devices: { d: { evry: 1s, points: { p: { holding: 1, qos: 7 } } } }\n";
    CHECK(messages(text, {}) == std::vector<std::string>{"unknown adapter 'modbus'; none is installed",
                                                         "unknown key 'evry' (did you mean 'every'?)",
                                                         "'qos': '7' is out of range; possible is 0 to 2"});
}

TEST_CASE("read: nothing of a file is ignored: each key added to a valid one is used or refused", "[config][read]") {
    const auto base = examples("valid").front();
    REQUIRE(base.name == "complete.yaml");
    std::size_t lines = 0;
    for (std::size_t at = 0; at < base.text.size(); at = base.text.find('\n', at) + 1, ++lines) {
        auto text = base.text;
        const auto indentation = text.find_first_not_of(' ', at) - at;
        if (text[at + indentation] == '#') continue;
        text.insert(at, std::string(indentation, ' ') + "zzz: 1\n");
        INFO(text.substr(0, at + 40));
        CHECK_FALSE(read(text, modbus_like()).config.has_value());
    }
    CHECK(lines > 50);
}

TEST_CASE("config: what computed points are worked out from, and how often", "[config][read]") {
    const auto outcome = read(R"(
gateway: { id: g }
mqtt: { url: mqtt://b }
buses:
  m:
    adapter: modbus
    devices:
      meter:
        unit: 3
        points:
          voltage: { register: 40108, type: int16, every: 1s, valid: { min: 0, max: 500.5 }, max_step: 50 }
          current-l1: { register: 40109, type: int16, every: 10s, round: 3, monotonic: true }
          apparent: { compute: "voltage * {current-l1} / 1000" }
          slow: { compute: "{current-l1} + {hall 3.x.y} + apparent + hall.x" }
      hall 3:
        unit: 4
        every: 500ms
        points:
          x.y: { register: 40108, type: int16 }
      hall:
        unit: 5
        every: 0s
        points:
          x: { register: 40108, type: int16 }
)",
                              modbus_like());
    REQUIRE(outcome.config);
    const auto& points = outcome.config->buses[0].devices[0].points;
    using input = config::computation::input;
    CHECK(*points[0].plausible == config::plausibility{0, 500.5, 50, false, std::nullopt});
    CHECK(*points[1].plausible == config::plausibility{std::nullopt, std::nullopt, std::nullopt, true, 3});
    CHECK_FALSE(points[0].compute);
    CHECK(points[2].compute->formula == "voltage * {current-l1} / 1000");
    CHECK(points[2].compute->inputs == std::vector<input>{{0, 0}, {0, 1}});
    CHECK(points[2].every == std::chrono::seconds(1));
    CHECK(points[2].settings.empty());
    CHECK(points[3].compute->inputs == std::vector<input>{{0, 1}, {1, 0}, {0, 2}, {2, 0}});
    CHECK(points[3].every == std::chrono::seconds(1));  // of its own device's: apparent's
}

// tests/gateway/commission/scan_test.cpp: what a scan tries, how long it says that it takes, and what it makes of the answers.
// Not here: asking real devices (tests/system/scan_test.py).
#include <algorithm>
#include <catch2/catch.hpp>

#include "gateway/commission/scan_plan.hpp"
#include "gateway/commission/scan_suggest.hpp"

namespace {

using gateway::device_identity;
using gateway::signature_answer;
using gateway::signature_kind;
using gateway::template_facts;
using namespace std::chrono_literals;

template_facts meter(const char* name, const char* maker, const char* model) {
    return {name, maker, model,
            "",   false, {{"frequency", "Hz", "input: 70"}, {"voltage", "V", "input: 0"}, {"power", "W", "input: 12"}}};
}

std::vector<signature_answer> numbers(std::initializer_list<double> all) {
    std::vector<signature_answer> out;
    for (const double one : all) out.push_back({signature_kind::number, one});
    return out;
}

std::vector<std::string> names(const std::vector<gateway::suggestion>& all) {
    std::vector<std::string> out;
    for (const auto& one : all) out.push_back(one.name);
    return out;
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("scan: units, the likely ones first", "[scan]") {
    const auto all = gateway::units_of("1-247", true);
    REQUIRE(all.has_value());
    CHECK(all->size() == 247);
    CHECK(std::vector<std::uint8_t>(all->begin(), all->begin() + 8) == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 10, 100, 126});
    CHECK(gateway::likely_count(*all) == 15);  // without 255
    auto sorted = *all;
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::unique(sorted.begin(), sorted.end()) == sorted.end());
    CHECK(*gateway::units_of("7,5-6,5", true) == std::vector<std::uint8_t>{5, 6, 7});
    CHECK(*gateway::units_of("0-1", false) == std::vector<std::uint8_t>{1, 0});
    for (const auto* wrong : {"", "0", "256", "5-3", "a", "1,", "1--2"}) {
        INFO(wrong);
        CHECK_FALSE(gateway::units_of(wrong, true).has_value());
    }
}

TEST_CASE("scan: line settings, the usual ones first", "[scan]") {
    const auto usual = gateway::lines_of("", "");
    REQUIRE(usual.has_value());
    CHECK(usual->front() == gateway::line_try{9600, "none"});
    CHECK((*usual)[1] == gateway::line_try{9600, "even"});
    const auto typed = gateway::lines_of("19200,9600", "O,E,N");
    REQUIRE(typed.has_value());
    REQUIRE(typed->size() == 6);
    CHECK(typed->front().text() == "9600 8N1");
    CHECK(typed->back().text() == "19200 8O1");
    CHECK(gateway::lines_of("9600", "")->size() == 2);
    CHECK_FALSE(gateway::lines_of("fast", "").has_value());
    CHECK_FALSE(gateway::lines_of("", "X").has_value());
}

TEST_CASE("scan: hosts of networks, ranges and lists", "[scan]") {
    const auto of = [](const char* typed) { return gateway::hosts_of(typed); };
    const auto network = of("tcp://10.0.0.3/29");
    REQUIRE(network.has_value());
    CHECK(network->size() == 6);
    CHECK(network->front() == "tcp://10.0.0.1:502");
    CHECK(network->back() == "tcp://10.0.0.6:502");
    CHECK(of("tcp://10.0.0.0/22:1502")->size() == 1022);
    CHECK(*of("tcp://10.0.0.254-255") == strings{"tcp://10.0.0.254:502", "tcp://10.0.0.255:502"});
    CHECK(*of("tcp://meter.example,10.0.0.7:1502") == strings{"tcp://meter.example:502", "tcp://10.0.0.7:1502"});
    CHECK(*of("tcp://10.0.0.1/32") == strings{"tcp://10.0.0.1:502"});
    CHECK(*of("tcp://10.0.0.1,10.0.0.1") == strings{"tcp://10.0.0.1:502"});
    CHECK(*of("tcp://10.0.0.1?timeout=2s") == strings{"tcp://10.0.0.1?timeout=2s"});
    for (const auto* wrong : {"tcp://10.0.0.0/21", "tcp://10.0.0.9-3", "tcp://", "tcp://10.0.0.1:0", "tcp://10.0.0/24",
                              "tcp://a b", "tcp://10.0.0.1,10.0.0.2?timeout=2s", "tcp://10.0.0.0/22,10.1.0.0/28"}) {
        INFO(wrong);
        CHECK_FALSE(of(wrong).has_value());
    }
}

TEST_CASE("scan: progress and the time that is left", "[scan]") {
    gateway::scan_progress far(100);
    CHECK(far.left() == 0ns);
    for (int i = 0; i < 50; ++i) far.done(100ms);
    CHECK(far.left() > 4900ms);
    CHECK(far.left() < 5100ms);
    CHECK(bar(far, 10) == "[=====>    ]  50 %  0:05 left");
    for (int i = 0; i < 30; ++i) far.done(1s);  // it has become slower: the newer count more
    CHECK(far.left() > 15s);
    far.skip(30);
    CHECK(far.total() == 80);
    CHECK(far.left() == 0ns);
    CHECK(bar(far, 10) == "[==========] 100 %  0:00 left");
    far.add(20);
    CHECK(far.total() == 90);
    CHECK(gateway::clock_text(65s) == "1:05");
    CHECK(gateway::clock_text(3725s) == "1:02:05");
    CHECK(gateway::clock_text(1ms) == "0:01");
}

TEST_CASE("scan: the signs that a model leaves open are not all of its name", "[scan]") {
    const auto wago = meter("wago-750", "WAGO", "750-3xx, 750-8xx with Modbus TCP");
    gateway::device_identity who;
    who.product = "PM3255";
    CHECK_FALSE(gateway::names_model(who, wago));
    who.product = "750-352";
    CHECK(gateway::names_model(who, wago));
}

TEST_CASE("scan: a device that names itself gets its template alone", "[scan]") {
    const std::vector<template_facts> all = {meter("eastron-sdm120", "Eastron", "SDM120-Modbus"),
                                             meter("eastron-sdm630", "Eastron", "SDM630-Modbus"),
                                             meter("schneider-iem3000", "Schneider Electric", "iEM3x50, iEM3x55")};
    const auto fits = numbers({50, 230, 100});
    device_identity who;
    who.maker = "Eastron";
    who.product = "SDM630M CT";
    CHECK(names(suggest(who, all, {fits, fits, fits})) == strings{"eastron-sdm630"});
    who = {};
    who.maker = "Schneider";
    who.product = "iEM3155";
    CHECK(names_model(who, all[2]));
    CHECK(names(suggest(who, all, {{}, {}, fits})) == strings{"schneider-iem3000"});
}

TEST_CASE("scan: registers alone: what fits as well as each other is all named, with reasons", "[scan]") {
    const std::vector<template_facts> all = {meter("a", "A", "A100"), meter("b", "B", "B100"), meter("c", "C", "C100")};
    const auto found = suggest({}, all, {numbers({50.02, 231, 12}), numbers({50.02, 231, 12}), numbers({231, 50, 12})});
    CHECK(names(found) == strings{"a", "b"});
    REQUIRE_FALSE(found.front().reasons.empty());
    CHECK(found.front().reasons.front() == "frequency = 50.02 Hz is a frequency of mains");
    CHECK(suggest({}, all, {numbers({0, 0, 0}), {}, numbers({3e38, 1e-40, 1})}).empty());
    CHECK(suggest({}, all, {{{signature_kind::refused, 0}}, {{signature_kind::silent, 0}}, {}}).empty());
}

TEST_CASE("scan: another maker's template is none, however well its registers fit", "[scan]") {
    const std::vector<template_facts> all = {meter("a", "Eastron", "SDM120"), meter("b", "Janitza", "UMG96")};
    device_identity who;
    who.maker = "Janitza electronics GmbH";
    const auto fits = numbers({50, 230, 10});
    CHECK(names(suggest(who, all, {fits, fits})) == strings{"b"});
}

TEST_CASE("scan: what is asked of a template ends when it doesn't fit", "[scan]") {
    const auto of = meter("a", "A", "A100");
    CHECK(worth_asking(of, {}));
    CHECK(worth_asking(of, numbers({50})));
    CHECK(worth_asking(of, numbers({0})));
    CHECK_FALSE(worth_asking(of, numbers({0, 0})));
    CHECK_FALSE(worth_asking(of, numbers({4711})));
    CHECK_FALSE(worth_asking(of, {{signature_kind::refused, 0}}));
}

TEST_CASE("scan: a template is known by mains frequency and voltages first", "[scan]") {
    const auto found = gateway::signature_of({{"power", "W", "p"},
                                              {"u1", "V", "1"},
                                              {"f", "Hz", "f"},
                                              {"u2", "V", "2"},
                                              {"f2", "Hz", "g"},
                                              {"u3", "V", "3"},
                                              {"u12", "V", "4"},
                                              {"state", "", "s"}});
    REQUIRE(found.size() == gateway::most_signature_points);
    CHECK(found[0].name == "f");
    CHECK(found[1].name == "u1");
    CHECK(std::none_of(found.begin(), found.end(), [](const auto& one) { return one.name == "f2"; }));
}

// tests/adapters/serial_adapter_test.cpp: polls over time: what is fresh, what is taken, what counts as silence, and what is
// sent. Not here: real ports (serial_wire_test.cpp).
#include <catch2/catch.hpp>

#include "tests/adapters/support/serial_plant.hpp"

using namespace std::chrono_literals;
using test::plant;
using test::readings;
using tidegate::outcome;

namespace {

const std::string two_messages =
    "  every: 1s\n  mode: listen\n  timeout: 5s\n"
    "  messages: ['a prefix \"A\"', 'b prefix \"B\"']\n"
    "  points:\n    a: { message: a, field: 1 }\n    b: { message: b, field: 1 }\n    b2: { message: b, field: 2 }\n";

const std::string event =
    "  every: 0s\n  mode: listen\n  timeout: 5s\n  silent_ok: true\n  points:\n    code: { regex: '.+', type: text }\n";

const std::string question =
    "  every: 1s\n  mode: poll\n  timeout: 1s\n  messages: ['v send \"V?\\n\"', 'i send \"I?\\n\"']\n"
    "  points:\n    v: { message: v, field: 0 }\n    i: { message: i, field: 0 }\n";

}  // namespace

TEST_CASE("serial adapter: what came before a poll with a period is too old", "[serial][adapter]") {
    plant made(two_messages);
    made.line().bring("rest\nA,1\n");
    CHECK(made.poll({"a"}) == readings{{"a", "1"}});
    // The port keeps the oldest: ten seconds of them are there, and half of the newest.
    for (int i = 0; i < 10; ++i) made.line().bring("A,2\n", i * 1s);
    made.line().bring("A,33", 10s);
    made.line().clock += 10s;
    made.line().bring("33\n", 1ms);
    made.line().bring("A,4\n", 1s);
    CHECK(made.poll({"a"}) == readings{{"a", "4"}});
}

TEST_CASE("serial adapter: messages in a row serve polls in a row", "[serial][adapter]") {
    plant made(two_messages);
    made.line().bring("x\nA,1\nB,2,3\n");
    CHECK(made.poll() == readings{{"a", "1"}});
    CHECK(made.line().clock < 10ms);
    made.line().clock += 90ms;
    CHECK(made.poll({"b", "b2"}) == readings{{"b", "2"}, {"b2", "3"}});
    CHECK(made.line().clock < 100ms);
    // Whatever else comes until the one that is waited for is taken along, the latest of each.
    made.line().clock += 1s;
    made.line().bring("x\nB,4,5\nB,6,7\nA,8\n");
    CHECK(made.poll() == readings{{"a", "8"}, {"b", "6"}, {"b2", "7"}});
}

TEST_CASE("serial adapter: without a period every message is taken, however late", "[serial][adapter]") {
    plant made(event);
    made.line().bring("one\n");
    CHECK(made.poll({}, 0s) == readings{{"code", "one"}});
    made.line().bring("two\nthree\nfo");
    made.line().bring("ur\n", 2s);
    made.line().clock += 3s;
    CHECK(made.poll({}, 0s) == readings{{"code", "two"}});
    CHECK(made.poll({}, 0s) == readings{{"code", "three"}});
    CHECK(made.poll({}, 0s) == readings{{"code", "four"}});
}

TEST_CASE("serial adapter: silence of a device that may be silent is no failure", "[serial][adapter]") {
    plant made(event);
    CHECK(made.poll({}, 0s).empty());
    CHECK(made.outcome == outcome::done);
    CHECK(made.failures == readings{{"code", ""}});
    CHECK(made.line().clock == 5s);
    CHECK(made.line().closed == 0);
}

TEST_CASE("serial adapter: silence of others is told, and ends in time", "[serial][adapter]") {
    plant made(two_messages);
    CHECK(made.poll().empty());
    CHECK(made.outcome == outcome::device_silent);
    CHECK(made.note == "no a in 5000 ms");
    CHECK(made.line().clock == 5s);
    // A device of which only other messages come is there.
    made.line().bring("x\nB,1,2\nC\n", 1s);
    CHECK(made.poll() == readings{{"b", "1"}, {"b2", "2"}});
    CHECK(made.outcome == outcome::done);
    CHECK(made.failures == readings{{"a", "no a in 5000 ms, but \"C\""}});
}

TEST_CASE("serial adapter: a flood of noise ends in time, too", "[serial][adapter]") {
    plant made(two_messages);
    for (int i = 0; i < 1000; ++i) made.line().bring(std::string(300, 'x'), i * 10ms);
    CHECK(made.poll().empty());
    CHECK(made.outcome == outcome::device_silent);
    CHECK(made.line().clock <= 5010ms);
    CHECK(made.note.find("a message is too long") != std::string::npos);
}

TEST_CASE("serial adapter: a question and its answer", "[serial][adapter]") {
    plant made(question);
    made.line().answer = [](const std::string& asked) { return asked == "V?\n" ? std::string("1.5\n") : std::string("7\n"); };
    CHECK(made.poll() == readings{{"v", "1.5"}});
    CHECK(made.poll({"i"}) == readings{{"i", "7"}});
    CHECK(made.line().written == std::vector<std::string>{"V?\n", "I?\n"});
    // What stands in the buffer before the question is no answer to it.
    made.line().bring("99\n", 0s);
    CHECK(made.poll({"i"}) == readings{{"i", "7"}});
}

TEST_CASE("serial adapter: a late answer is never taken for the next", "[serial][adapter]") {
    plant made(question);
    CHECK(made.poll({"v"}).empty());
    CHECK(made.note == "no v in 1000 ms");
    made.line().bring("1.5\n", 500ms);
    made.line().answer = [](const std::string&) { return std::string("7\n"); };
    CHECK(made.poll({"i"}) == readings{{"i", "7"}});
    CHECK(made.line().clock == 2001ms);
    CHECK(made.line().closed == 0);

    // Over TCP it dies with its connection.
    plant over_tcp(question, "tcp: { host: h, port: 5025 }");
    over_tcp.line().forgets = true;
    CHECK(over_tcp.poll({"v"}).empty());
    CHECK(over_tcp.line().closed == 1);
    over_tcp.line().answer = [](const std::string&) { return std::string("7\n"); };
    CHECK(over_tcp.poll({"i"}) == readings{{"i", "7"}});
    CHECK(over_tcp.line().clock == 1001ms);
    CHECK(over_tcp.line().opened == 2);
}

TEST_CASE("serial adapter: a bus that is away, is lost, or interrupted", "[serial][adapter]") {
    plant made(two_messages);
    made.line().refuse_open = true;
    CHECK(made.poll().empty());
    CHECK(made.outcome == outcome::bus_down);
    CHECK(made.note == "it: no such port");
    made.line().refuse_open = false;
    made.line().lose = true;
    CHECK(made.poll().empty());
    CHECK(made.outcome == outcome::bus_down);
    CHECK(made.note == "it: lost (unplugged?)");
    CHECK(made.line().closed == 1);
    made.line().lose = false;
    made.line().bring("x\nA,1\n");
    CHECK(made.poll({"a"}) == readings{{"a", "1"}});
    CHECK(made.line().opened == 2);
    made.bus().interrupt();
    CHECK(made.poll().empty());
    CHECK(made.outcome == outcome::interrupted);
}

TEST_CASE("serial adapter: what is to be said when the port has been opened", "[serial][adapter]") {
    plant made(
        "  every: 1s\n  mode: listen\n  timeout: 1s\n  on_open: ['send \"SIR\\r\\n\"', 'expect \"OK\"']\n  points:\n    w: { "
        "field: 0 }\n");
    CHECK(made.poll().empty());
    CHECK(made.note == "on_open, step 2 (expect): nothing came in 1000 ms");
    made.line().answer = [](const std::string&) { return std::string("..OK\r\n5\r\n6\r\n"); };
    made.poll();
    CHECK(made.values == readings{{"w", "5"}});
    CHECK(made.line().written == std::vector<std::string>{"SIR\r\n", "SIR\r\n"});
    made.line().bring("7\r\n8\r\n");
    made.poll();
    CHECK(made.line().written.size() == 2);
}

TEST_CASE("serial adapter: an echo is told from the answer", "[serial][adapter]") {
    plant made(
        "  every: 1s\n  mode: poll\n  echo: true\n  address: '12'\n  messages: ['v send \"R{address}\\n\"']\n  points:\n    v: { "
        "field: 0 }\n");
    made.line().answer = [](const std::string& asked) { return asked + "5\n"; };
    CHECK(made.poll() == readings{{"v", "5"}});
    CHECK(made.line().written == std::vector<std::string>{"R12\n"});
    made.line().answer = nullptr;
    CHECK(made.poll().empty());
    CHECK(made.outcome == outcome::device_silent);
}

TEST_CASE("serial adapter: a rest before the next question", "[serial][adapter]") {
    plant made("  every: 1s\n  mode: poll\n  spacing: 300ms\n  messages: ['v send \"?\\n\"']\n  points:\n    v: { field: 0 }\n");
    made.line().answer = [](const std::string&) { return std::string("5\n"); };
    made.poll();
    const auto first = made.line().clock;
    made.poll();
    CHECK(made.line().clock - first == 301ms);
}

TEST_CASE("serial adapter: a long read-out may take its time as long as it goes on", "[serial][adapter]") {
    plant made(
        "  every: 1s\n  mode: script\n  timeout: 2s\n  frame: { type: delimited, start: '(', end: ')' }\n"
        "  script: ['send \"?\"', expect frame]\n  points:\n    v: { regex: '\\d+' }\n");
    made.line().bring("(12", 1s);
    for (int i = 2; i < 20; ++i) made.line().bring("3", i * 1s);
    made.line().bring(")", 20s);
    CHECK(made.poll().size() == 0);  // what came before the question isn't an answer
    plant other(
        "  every: 1s\n  mode: script\n  timeout: 2s\n  frame: { type: delimited, start: '(', end: ')' }\n"
        "  script: ['send \"?\"', expect frame]\n  points:\n    v: { regex: '\\d+' }\n");
    other.line().answer = [&](const std::string&) {
        for (int i = 1; i < 10; ++i) other.line().bring(i == 1 ? "(1" : i == 9 ? ")" : "0", i * 1s);
        return std::string();
    };
    CHECK(other.poll() == readings{{"v", "10000000"}});
    CHECK(other.line().clock == 9s);
}

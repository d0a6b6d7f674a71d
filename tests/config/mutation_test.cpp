// tests/config/mutation_test.cpp: whatever becomes of a config file, reading it ends, with a model or with errors at places
// that are in the file. Not here: what the errors say (files_test.cpp).
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "config/read.hpp"
#include "tests/config/files.hpp"
#include "tests/config/modbus_like.hpp"

namespace {

constexpr int mutations = 10'000;  // for each seed

std::vector<example> all_examples() {
    auto all = examples("broken");
    for (auto& one : examples("valid")) all.push_back(std::move(one));
    return all;
}

struct trial {
    std::string fault;  // what is wrong with the outcome, if anything
    bool model = false;
};

trial try_reading(const std::string& text, const std::vector<config::vocabulary>& vocabularies,
                  const config::template_library* templates = nullptr) {
    const auto outcome = config::read(text, vocabularies, templates);
    const auto shown = render_all(outcome, "mutant.yaml", text);
    if (shown.empty() != outcome.diagnostics.empty()) return {"nothing to show", false};
    return {fault_of(outcome, text), outcome.config.has_value()};
}

class mutator {
public:
    explicit mutator(std::uint32_t seed) : random_(seed) {}

    std::string mutate(std::string text) {
        for (auto steps = 1 + below(3); steps > 0; --steps) step(text);
        return text;
    }

    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

private:
    void step(std::string& text) {
        static const std::string telling = "{}[],:#&*!|>'\"%@`-?~\t\n\r \\\0\x80\xC3\xFF<.09";
        const auto at = below(text.size());
        switch (below(7)) {
            case 0:
                if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
                break;
            case 1:
                text.erase(at, 1 + below(12));
                break;
            case 2:
                text.insert(at, 1, telling[below(telling.size())]);
                break;
            case 3:
                text.insert(at, text.substr(below(text.size()), 1 + below(40)));
                break;
            case 4:
                swap_lines(text);
                break;
            case 5:
                duplicate_line(text);
                break;
            default:
                indent_line(text);
        }
    }

    struct line {
        std::size_t from;
        std::size_t size;
    };

    line pick_line(const std::string& text) {
        const auto at = below(text.size());
        const auto before = text.rfind('\n', at == 0 ? 0 : at - 1);
        const auto from = at == 0 || before == std::string::npos ? 0 : before + 1;
        const auto end = text.find('\n', from);
        return {from, (end == std::string::npos ? text.size() : end + 1) - from};
    }

    void swap_lines(std::string& text) {
        const auto one = pick_line(text);
        const auto taken = text.substr(one.from, one.size);
        text.erase(one.from, one.size);
        text.insert(pick_line(text).from, taken);
    }

    void duplicate_line(std::string& text) {
        const auto one = pick_line(text);
        text.insert(pick_line(text).from, text.substr(one.from, one.size));
    }

    void indent_line(std::string& text) {
        const auto one = pick_line(text);
        if (below(2) == 0) {
            text.insert(one.from, 1 + below(3), ' ');
        } else {
            text.erase(one.from, std::min<std::size_t>(one.size, 1 + below(3)));
        }
    }

    std::mt19937 random_;  // The same numbers on every machine; its distributions wouldn't be.
};

/// Every example of a folder whose name begins with a letter of this range, cut after each of its bytes.
void cut_everywhere(const std::string& folder, char first, char last) {
    const auto vocabularies = modbus_like();
    std::size_t tried = 0;
    for (const auto& one : examples(folder)) {
        if (one.name.front() < first || one.name.front() > last) continue;
        for (std::size_t size = 0; size <= one.text.size(); ++size, ++tried) {
            const auto fault = try_reading(one.text.substr(0, size), vocabularies).fault;
            if (!fault.empty()) FAIL(one.name << " cut to " << size << " bytes: " << fault);
        }
    }
    CHECK(tried > 1'000);
}

void damage_randomly(std::uint32_t seed) {
    const auto vocabularies = modbus_like();
    const auto all = all_examples();
    mutator mutate(seed);
    std::size_t models = 0;
    for (int i = 0; i < mutations; ++i) {
        const auto text = mutate.mutate(all[mutate.below(all.size())].text);
        const auto done = try_reading(text, vocabularies);
        if (!done.fault.empty()) FAIL("mutation " << i << ": " << done.fault << "\n" << text);
        models += done.model ? 1 : 0;
    }
    CHECK(models > 10);  // Otherwise the mutants would be too broken to prove anything beyond the YAML.
}

/// The example templates, one of them damaged.
class damaged_templates final : public config::template_library {
public:
    damaged_templates(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {}
    std::optional<found> find(const std::string& name) const override {
        if (name == name_) return found{name + ".yaml", text_, {}};
        return whole_.find(name);
    }
    std::vector<std::string> names() const override { return whole_.names(); }
    std::vector<std::string> places() const override { return whole_.places(); }

private:
    example_templates whole_;
    std::string name_;
    std::string text_;
};

example example_of(const std::string& folder, const std::string& name) {
    for (auto& one : examples(folder))
        if (one.name == name + ".yaml") return one;
    return {};
}

void damage_templates(std::uint32_t seed) {
    const auto vocabularies = modbus_like();
    const example_templates whole;
    const auto choosing = example_of("valid", "template").text;
    REQUIRE_FALSE(choosing.empty());
    mutator mutate(seed);
    std::size_t models = 0;
    for (int i = 0; i < mutations; ++i) {
        const std::string name = mutate.below(2) == 0 ? "meter" : "meter-clone";
        const damaged_templates library(name, mutate.mutate(whole.find(name)->text));
        const auto text = mutate.below(4) == 0 ? mutate.mutate(choosing) : choosing;
        const auto done = try_reading(text, vocabularies, &library);
        if (!done.fault.empty()) FAIL("mutation " << i << ": " << done.fault << "\n" << library.find(name)->text << "\n" << text);
        models += done.model ? 1 : 0;
    }
    CHECK(models > 10);
}

}  // namespace

// In several cases, as each has its own time limit, and sanitizers on a busy machine are slow.
TEST_CASE("mutations: a valid file that ends anywhere is read safely", "[config][mutation]") {
    cut_everywhere("valid", 'a', 'z');
}
TEST_CASE("mutations: a broken file that ends anywhere is read safely: a to l", "[config][mutation]") {
    cut_everywhere("broken", 'a', 'l');
}
TEST_CASE("mutations: a broken file that ends anywhere is read safely: m to s", "[config][mutation]") {
    cut_everywhere("broken", 'm', 's');
}
TEST_CASE("mutations: a broken file that ends anywhere is read safely: t to z", "[config][mutation]") {
    cut_everywhere("broken", 't', 'z');
}
TEST_CASE("mutations: a file with random damage is read safely", "[config][mutation]") { damage_randomly(20'261'122); }
TEST_CASE("mutations: a file with other random damage is read safely", "[config][mutation]") { damage_randomly(7); }

TEST_CASE("mutations: a template with random damage is read safely", "[config][mutation][templates]") { damage_templates(11); }

TEST_CASE("mutations: a template that ends anywhere is read safely", "[config][mutation][templates]") {
    const auto vocabularies = modbus_like();
    const example_templates whole;
    const auto text = example_of("valid", "template").text;
    for (const std::string name : {"meter", "meter-clone"}) {
        const auto complete = whole.find(name)->text;
        for (std::size_t size = 0; size <= complete.size(); ++size) {
            const damaged_templates library(name, complete.substr(0, size));
            const auto fault = try_reading(text, vocabularies, &library).fault;
            if (!fault.empty()) FAIL(name << " cut to " << size << " bytes: " << fault);
        }
    }
}

TEST_CASE("mutations: text of the worst shapes is read in time linear in its size", "[config][mutation]") {
    const auto repeat = [](std::string_view what, std::size_t size) {
        std::string out;
        while (out.size() < size) out += what;
        return out;
    };
    const auto numbered = [](std::size_t count) {
        std::string out;
        for (std::size_t i = 0; i < count; ++i) out += std::to_string(i) + ": x,";
        return out;
    };
    constexpr std::size_t size = 100'000;
    const std::vector<std::string> shapes = {
        repeat("[", size),
        repeat("{a: ", size),
        repeat("- ", size),
        repeat("? ", size),
        repeat("a:\n ", size),
        "a: [" + repeat("x,", size) + "]",
        "a: {" + repeat("x,", size) + "}",
        "\"" + repeat("x", size),
        "a: " + repeat("word ", size),
        repeat("\xFF\n", size),
        repeat("\t\n", size),
        repeat("&a *a ", size),
        repeat("!", size),
        repeat("%\n", size),
        repeat("---\n", size),
        repeat("key: 1\n", size),
        repeat("\xC2\xA0", size),
        "a: {" + numbered(size / 10) + "}",
        "buses: { b: {" + numbered(size / 10) + "} }",
        "buses: { b: { adapter: modbus, devices: { d: { points: { p: { enum: {" + numbered(size / 10) + "} } } } } } }",
        "buses: { b: { adapter: modbus, devices: { d: { points: { p: { null: [" + repeat("1,", size) + "] } } } } } }",
        "mqtt: { password: " + repeat("a:", size) + " }",
        std::string(size, '\0'),
        repeat("\r", size),
        "a: |\n" + repeat(" x\n", size),
    };
    for (const auto& text : shapes) {
        INFO(text.substr(0, 12));
        const auto done = try_reading(text, modbus_like());
        CHECK(done.fault.empty());
        CHECK_FALSE(done.model);
    }
}

TEST_CASE("mutations: many mistakes are counted, not all shown", "[config][mutation]") {
    std::string text = "gateway: { id: plant7 }\nmqtt: { url: mqtt://broker }\nbuses:\n";
    for (int i = 0; i < 20'000; ++i) text += "  b" + std::to_string(i) + ": { adaptor: modbus, evry: 5s, divices: 1 }\n";
    const auto outcome = config::read(text, modbus_like());
    CHECK_FALSE(outcome.config.has_value());
    REQUIRE(outcome.diagnostics.size() == 201);
    CHECK(outcome.diagnostics.back().message.ends_with(" more, not shown"));
    CHECK(fault_of(outcome, text).empty());
}

TEST_CASE("mutations: a file beyond the bound is refused unread", "[config][mutation]") {
    const auto outcome = config::read(std::string(config::largest_file + 1, ' '), modbus_like());
    CHECK_FALSE(outcome.config.has_value());
    REQUIRE(outcome.diagnostics.size() == 1);
    CHECK(outcome.diagnostics.front().message == "the file is 4194305 bytes long; at most 4MiB");
}

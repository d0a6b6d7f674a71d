// gateway/command/command_guess.cpp: `tidegate guess`: reads the registers around a place, lets the adapter decode them in every
// way there is, and shows the ways in the order of their likelihood. Not here: the likelihood (guess.hpp).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "config/units.hpp"
#include "gateway/commission/commission_talk.hpp"
#include "gateway/commission/guess.hpp"
#include "gateway/commission/guess_weights.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/stop_signal.hpp"

namespace gateway {
namespace {

constexpr std::size_t window = guess_before + guess_after;

/// Nothing after a complaint. An empty wish: none was typed.
std::optional<std::optional<guess_wish>> wish_of(const commission_options& how) {
    if (how.expect.empty()) return std::optional<guess_wish>();
    const auto expected = config::parse_number(how.expect);
    const bool percent = how.tolerance.ends_with('%');
    const auto tolerance = config::parse_number(how.tolerance.substr(0, how.tolerance.size() - (percent ? 1 : 0)));
    if (!expected.value || *expected.value == 0) {
        complain("--expect " + how.expect +
                 (expected.problem.empty() ? ": 0 fits whatever is zero; expect something else" : ": " + expected.problem));
        return std::nullopt;
    }
    if (!tolerance.value || !percent || *tolerance.value <= 0 || *tolerance.value > 50) {
        complain("--tolerance " + how.tolerance + " is not a share of more than 0% and at most 50%");
        return std::nullopt;
    }
    return std::optional(guess_wish{*expected.value, *tolerance.value / 100});
}

/// The place of a word of the window; nothing: there is no such address.
std::optional<std::uint32_t> address_of(const register_place& at, std::size_t word) {
    const std::int64_t address = std::int64_t{at.address} + static_cast<std::int64_t>(word) - guess_before;
    if (address < 0 || address > 65535) return std::nullopt;
    return static_cast<std::uint32_t>(address);
}

std::string keys_of(const guess_candidate& what, const std::string& table, std::uint32_t address) {
    return table + ": " + std::to_string(address) + ", type: " + what.type +
           (what.order.empty() ? "" : ", order: " + what.order) +
           (what.type == "string" ? ", length: " + std::to_string(what.registers) : "");
}

/// Which words of the window the device has. Empty after a complaint: not even the one that was asked for.
std::vector<bool> words_there(const chosen_bus& bus, const commission_options& how, const register_place& at) {
    auto device = device_of(how.where, "device");
    std::vector<std::size_t> word_of;
    for (std::size_t w = 0; w < window; ++w) {
        const auto address = address_of(at, w);
        if (!address) continue;
        word_of.push_back(w);
        device.points.push_back(register_keys(at, *address, "uint16"));
    }
    const auto opened = open(bus, {device});
    if (!opened) return {};
    const stop_signal stop([&] { opened->interrupt(); });
    const auto got = opened->read(0);
    std::vector<bool> there(window);
    const commission_bus::answer* asked = nullptr;
    for (std::size_t p = 0; p < word_of.size(); ++p) {
        there[word_of[p]] = got.points[p].value.has_value();
        if (word_of[p] == guess_before) asked = &got.points[p];
    }
    if (there[guess_before]) return there;
    if (got.outcome != TIDEGATE_DONE)
        complain_of_silence(bus, *opened, got, how.where.unit);
    else
        complain("unit " + how.where.unit + ": " + reason_in(asked->failure), advice_on_exception(got.exception, at, false));
    return {};
}

/// What is asked for: the words that are there, and the candidates that lie on such words alone.
struct question {
    wanted_device device;
    std::vector<std::optional<std::size_t>> word_point;       // by word of the window
    std::vector<std::optional<std::size_t>> candidate_point;  // by candidate
};

question question_of(const commission_options& how, const register_place& at, const std::vector<bool>& there,
                     const std::vector<guess_candidate>& candidates) {
    question made;
    made.device = device_of(how.where, "device");
    for (std::size_t w = 0; w < window; ++w) {
        made.word_point.push_back(there[w] ? std::optional(made.device.points.size()) : std::nullopt);
        if (there[w]) made.device.points.push_back(register_keys(at, *address_of(at, w), "uint16"));
    }
    for (const auto& each : candidates) {
        const auto first = static_cast<std::size_t>(guess_before + each.shift);
        bool whole = first + each.registers <= window;
        for (std::size_t w = first; whole && w < first + each.registers; ++w) whole = there[w];
        made.candidate_point.push_back(whole ? std::optional(made.device.points.size()) : std::nullopt);
        if (whole) made.device.points.push_back(keys_of(each, at.table, *address_of(at, first)));
    }
    return made;
}

guess_reading reading_of(const question& asked, const commission_bus::answers& got) {
    guess_reading made;
    for (const auto& point : asked.word_point) {
        const auto* word = point && got.points[*point].value ? std::get_if<std::uint64_t>(&*got.points[*point].value) : nullptr;
        made.words.push_back(word ? std::optional(static_cast<std::uint16_t>(*word)) : std::nullopt);
    }
    for (const auto& point : asked.candidate_point) {
        const bool any = point && got.points[*point].value && !std::holds_alternative<no_value>(*got.points[*point].value);
        made.values.push_back(any ? got.points[*point].value : std::nullopt);
    }
    return made;
}

std::string scale_of(int exponent) {
    if (exponent == 0) return "";
    return exponent < 0 ? "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + '1'
                        : '1' + std::string(static_cast<std::size_t>(exponent), '0');
}

std::string config_line(const guess_candidate& what, const guess& one, const register_place& at) {
    const auto address = *address_of(at, static_cast<std::size_t>(guess_before + what.shift));
    const std::string scale = scale_of(one.exponent);
    return "{ " + keys_of(what, at.table, address) + (scale.empty() ? "" : ", scale: " + scale) + " }";
}

std::string shown_value(const guess& one) {
    const auto number = guess_number_of(one.last);
    if (one.exponent == 0 || !number) return text_of(one.last);
    char text[40];
    std::snprintf(text, sizeof text, "%.10g", number->number * std::pow(10.0, one.exponent));
    return text;
}

void print_json(const guess& one, const guess_candidate& what, const register_place& at) {
    std::string json = "{\"share\":" + json_of(value{std::round(one.share * 1e4) / 1e4}) + ",\"value\":";
    const auto number = guess_number_of(one.last);
    json += one.exponent == 0 || !number ? json_of(one.last) : shown_value(one);
    json += ",\"shift\":" + std::to_string(what.shift) + ",\"type\":\"" + what.type + '"' +
            (what.order.empty() ? "" : ",\"order\":\"" + what.order + '"') +
            (one.exponent == 0 ? "" : ",\"scale\":" + scale_of(one.exponent)) + ",\"moves\":" + (one.moves ? "true" : "false") +
            ",\"config\":\"" + config_line(what, one, at) + "\"}";
    std::printf("%s\n", json.c_str());
}

void print_person(const guess& one, const std::vector<guess_candidate>& candidates, const register_place& at) {
    const auto& what = candidates[one.candidate];
    std::string remark = one.moves ? "  moves" : "";
    if (what.shift < 0) remark += "  (if the documents count from 1)";
    if (what.shift > 0) remark += "  (the next register)";
    std::string alike;
    std::set<std::string> named{what.type};
    for (const std::size_t other : one.alike)
        if (named.size() < 4 && named.insert(candidates[other].type).second)
            alike += (alike.empty() ? "" : ", ") + candidates[other].type;
    if (!alike.empty()) remark += "  same now: " + alike;
    std::printf("%4.0f %%  %-22s %s%s\n", one.share * 100, shown_value(one).c_str(), config_line(what, one, at).c_str(),
                remark.c_str());
}

void print_words(const question& asked, const register_place& at, const std::vector<guess_reading>& readings) {
    for (std::size_t w = 0; w < window; ++w) {
        if (!asked.word_point[w]) continue;
        std::string words;
        std::optional<std::uint16_t> before;
        for (const auto& one : readings) {
            if (!one.words[w] || (before && *before == *one.words[w])) continue;
            before = one.words[w];
            if (words.size() < 60) words += (words.empty() ? "" : " ") + hex_word(value{std::uint64_t{*one.words[w]}});
        }
        std::printf("%s %-6u %s%s\n", at.table.c_str(), *address_of(at, w), words.c_str(),
                    w == guess_before ? "   <- asked for" : "");
    }
}

int show(const commission_options& how, const register_place& at, const question& asked,
         const std::vector<guess_candidate>& candidates, const std::vector<guess_reading>& readings,
         const std::optional<guess_wish>& wish) {
    const auto found = rank_guesses(candidates, readings, wish);
    if (!how.json) print_words(asked, at, readings);
    constexpr std::size_t best = 10;
    constexpr double worth_a_line = 0.001;
    std::size_t lines = 0;
    for (const auto& one : found.ranked) {
        if (!how.all && (lines >= best || (lines >= 3 && one.share < worth_a_line))) break;
        ++lines;
        if (how.json)
            print_json(one, candidates[one.candidate], at);
        else
            print_person(one, candidates, at);
    }
    std::fflush(stdout);
    if (!found.doubt.empty()) std::fprintf(stderr, "Can't tell for sure: %s.\n", found.doubt.c_str());
    return found.ranked.empty() ? exit_failed : exit_done;
}

}  // namespace

int guess_command(const commission_options& how) {
    const auto wish = wish_of(how);
    if (!wish) return exit_usage;
    const auto pause = config::parse_duration(how.every.empty() ? "1s" : how.every);
    if (!pause.value) {
        complain("--every " + how.every + ": " + pause.problem);
        return exit_usage;
    }
    const auto bus = choose(how);
    if (!bus) return exit_usage;
    auto typed = how;
    typed.where.type = typed.where.order = "";
    const auto at = place_on(*bus, typed, !how.where.coil.empty() || !how.where.discrete.empty() ? "" : ", type: uint16");
    if (!at) return exit_usage;
    if (at->is_bits()) {
        complain("a coil or discrete input is true or false: there is nothing to guess; `tidegate read` shows it");
        return exit_usage;
    }
    const auto there = words_there(*bus, how, *at);
    if (there.empty()) return exit_failed;

    const auto candidates = guess_candidates();
    const auto asked = question_of(how, *at, there, candidates);
    std::string why;
    const auto opened = bus->open({asked.device}, why);
    if (!opened) {
        complain(why);
        return exit_failed;
    }
    std::vector<guess_reading> readings;
    const stop_signal stop([&] { opened->interrupt(); });
    while (readings.size() < how.reads && !stop.came()) {
        if (!readings.empty() && !stop.sleep(*pause.value)) break;
        const auto got = opened->read(0);
        if (got.outcome == TIDEGATE_INTERRUPTED) break;
        if (got.outcome != TIDEGATE_DONE) {
            complain_of_silence(*bus, *opened, got, how.where.unit);
            break;
        }
        readings.push_back(reading_of(asked, got));
    }
    if (readings.empty()) return exit_failed;
    return show(how, *at, asked, candidates, readings, *wish);
}

}  // namespace gateway

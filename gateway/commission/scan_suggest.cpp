// gateway/commission/scan_suggest.cpp: the weights, and how words are compared.
#include "gateway/commission/scan_suggest.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace gateway {
namespace {

constexpr int model_weight = 60;
constexpr int maker_weight = 30;
constexpr int other_maker_weight = -40;
constexpr int refused_weight = -30;
constexpr int nonsense_weight = -15;
constexpr int least_score = 30;
constexpr int as_likely = 15;
constexpr std::size_t most_suggestions = 5;
constexpr std::size_t most_reasons = 3;

std::string letters(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

std::string all_words(const device_identity& who) { return letters(who.maker + who.product + who.server_id); }

/// Words of a model's name with both letters and digits, as makers number theirs; an x between them stands for any sign.
std::vector<std::string> model_words(std::string_view model) {
    std::vector<std::string> out;
    std::string word;
    std::string before;  // of "750-3xx" "3xx" alone would be in every other name
    const auto end_word = [&] {
        const auto fixed = static_cast<std::size_t>(std::count_if(word.begin(), word.end(), [](char c) { return c != 'x'; }));
        if (fixed < word.size() && fixed < 3) word.insert(0, before);
        before = word;
        const bool has_digit = std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
        const bool has_letter = std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
        if (word.size() >= 3 && has_digit && has_letter) out.push_back(word);
        word.clear();
    };
    for (const char c : model) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            word += c;
        else
            end_word();
    }
    end_word();
    return out;
}

bool contains(const std::string& text, const std::string& word) {
    const auto fits = [](char there, char wanted) {
        return wanted == 'x' || there == static_cast<char>(std::toupper(static_cast<unsigned char>(wanted)));
    };
    return std::search(text.begin(), text.end(), word.begin(), word.end(), fits) != text.end();
}

/// What a value of this unit is worth as evidence, with the words for it.
int worth(const signature_point& point, double value, std::string& words) {
    const auto size = std::abs(value);
    const auto within = [&](double least, double most) { return value >= least && value <= most; };
    if (!std::isfinite(value) || size > 1e9 || (size > 0 && size < 1e-9)) {
        words = "is beyond belief";
        return nonsense_weight;
    }
    if (value == 0) return 0;
    if (point.unit == "Hz") {
        words = within(45, 65) ? "is a frequency of mains" : "is none of mains";
        return within(45, 65) ? 25 : within(0, 1000) ? 0 : nonsense_weight;
    }
    if (point.unit == "V") {
        words = within(80, 500) ? "is a voltage of mains" : within(5, 1500) ? "can be a voltage" : "is no voltage";
        return within(80, 500) ? 10 : within(5, 1500) ? 4 : nonsense_weight;
    }
    if (point.unit ==
        "\xC2\xB0"
        "C") {
        words = within(-40, 150) ? "can be a temperature" : "is no temperature";
        return within(-40, 150) ? 10 : nonsense_weight;
    }
    if (point.unit.starts_with("%")) {
        words = within(0, 100) ? "can be a percentage" : "is none";
        return within(0, 100) ? 8 : -5;
    }
    words = "is there";
    return size < 1e7 ? 2 : 0;
}

std::string number_text(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

void judge_point(const signature_point& point, const signature_answer& answer, suggestion& to) {
    switch (answer.kind) {
        case signature_kind::refused:
            to.score += refused_weight;
            to.reasons.push_back(point.name + " is refused");
            return;
        case signature_kind::number: {
            std::string words;
            const auto points = worth(point, answer.number, words);
            to.score += points;
            if (points != 0)
                to.reasons.push_back(point.name + " = " + number_text(answer.number) +
                                     (point.unit.empty() ? "" : " " + point.unit) + ' ' + words);
            return;
        }
        case signature_kind::text:
            to.score += 2;
            return;
        case signature_kind::silent:
            to.score -= 10;
            to.reasons.push_back(point.name + " isn't answered");
            return;
        case signature_kind::unasked:
        case signature_kind::nothing:
            return;
    }
}

void judge_sunspec(const template_facts& of, const std::vector<signature_answer>& answers, suggestion& to) {
    const auto there = std::count_if(answers.begin(), answers.end(), [](const signature_answer& one) {
        return one.kind == signature_kind::number || one.kind == signature_kind::text;
    });
    if (there == 0) {
        to.score += 2 * refused_weight;
        return;
    }
    to.score += 50 + static_cast<int>(there);
    to.reasons.push_back("it has the SunSpec model of " + of.signature.front().name);
}

suggestion judge(const device_identity& who, const template_facts& of, const std::vector<signature_answer>& answers,
                 bool other_maker) {
    suggestion out{of.name, 0, {}};
    if (names_model(who, of)) {
        out.score += model_weight;
        out.reasons.push_back("it names itself " + who.text());
    }
    if (names_maker(who, of)) {
        out.score += maker_weight;
        if (out.reasons.empty()) out.reasons.push_back("it names its maker " + of.maker);
    } else if (other_maker && !of.sunspec) {
        out.score += other_maker_weight;
    }
    if (of.sunspec) {
        judge_sunspec(of, answers, out);
        return out;
    }
    for (std::size_t i = 0; i < std::min(of.signature.size(), answers.size()); ++i) judge_point(of.signature[i], answers[i], out);
    return out;
}

int rank(const point_facts& point) {
    if (point.unit == "Hz") return 0;
    if (point.unit == "V") return 1;
    if (point.unit ==
            "\xC2\xB0"
            "C" ||
        point.unit.starts_with("%"))
        return 2;
    return point.unit.empty() ? 4 : 3;
}

}  // namespace

std::string device_identity::text() const {
    std::string out;
    for (const auto* part : {&maker, &product, &revision})
        if (!part->empty()) out += (out.empty() ? "" : " ") + *part;
    if (out.empty()) out = server_id;
    if (out.empty() && sunspec) out = "a SunSpec device";
    return out;
}

bool names_model(const device_identity& who, const template_facts& of) {
    const auto text = all_words(who);
    const auto words = model_words(of.model);
    return !text.empty() &&
           std::any_of(words.begin(), words.end(), [&](const std::string& word) { return contains(text, word); });
}

bool names_maker(const device_identity& who, const template_facts& of) {
    const auto first = letters(of.maker.substr(0, of.maker.find_first_of(" ,;")));
    if (first.size() < 3 || first == "ANY" || first == "SEVERAL") return false;
    return all_words(who).find(first) != std::string::npos;
}

bool worth_asking(const template_facts& of, const std::vector<signature_answer>& so_far) {
    constexpr std::size_t patience = 2;  // points without any sign
    int worth_so_far = 0;
    for (std::size_t i = 0; i < so_far.size(); ++i) {
        if (so_far[i].kind == signature_kind::refused || so_far[i].kind == signature_kind::silent) return false;
        std::string words;
        if (so_far[i].kind == signature_kind::number) worth_so_far += worth(of.signature[i], so_far[i].number, words);
        if (so_far[i].kind == signature_kind::text) ++worth_so_far;
    }
    return worth_so_far > 0 || (worth_so_far == 0 && so_far.size() < patience);
}

std::vector<suggestion> suggest(const device_identity& who, const std::vector<template_facts>& all,
                                const std::vector<std::vector<signature_answer>>& answers) {
    const bool any_maker = std::any_of(all.begin(), all.end(), [&](const auto& one) { return names_maker(who, one); });
    std::vector<suggestion> out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto one = judge(who, all[i], answers[i], any_maker && !names_maker(who, all[i]));
        if (one.score >= least_score) out.push_back(std::move(one));
    }
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    const auto far =
        std::find_if(out.begin(), out.end(), [&](const auto& one) { return one.score < out.front().score - as_likely; });
    out.erase(far, out.end());
    if (out.size() > most_suggestions) out.resize(most_suggestions);
    for (auto& one : out)
        if (one.reasons.size() > most_reasons) one.reasons.resize(most_reasons);
    return out;
}

std::vector<signature_point> signature_of(const std::vector<point_facts>& points) {
    auto sorted = points;
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return rank(a) < rank(b); });
    std::vector<signature_point> out;
    std::size_t of_frequency = 0;
    for (const auto& one : sorted) {
        if (one.unit == "Hz" && ++of_frequency > 1) continue;
        if (out.size() < most_signature_points) out.push_back({one.name, one.unit, one.keys});
    }
    return out;
}

}  // namespace gateway

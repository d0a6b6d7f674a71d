// gateway/guess.cpp: see guess.hpp.
#include "gateway/guess.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "gateway/guess_weights.hpp"

namespace gateway {
namespace {

struct usual_type {
    const char* type;
    std::size_t registers;
    double usual;
};
// Which share of the points of device maps is of a type; the rest of one are the other orders.
constexpr std::array numbers{
    usual_type{"uint16", 1, 0.28},   usual_type{"int16", 1, 0.15},    usual_type{"uint32", 2, 0.12},
    usual_type{"int32", 2, 0.1},     usual_type{"float32", 2, 0.22},  usual_type{"uint64", 4, 0.02},
    usual_type{"int64", 4, 0.02},    usual_type{"float64", 4, 0.015}, usual_type{"uint48", 3, 0.002},
    usual_type{"int48", 3, 0.002},   usual_type{"bcd16", 1, 0.006},   usual_type{"bcd32", 2, 0.008},
    usual_type{"bcd64", 4, 0.002},   usual_type{"m10k32", 2, 0.006},  usual_type{"m10k48", 3, 0.002},
    usual_type{"m10k64", 4, 0.002},  usual_type{"sm16", 1, 0.003},    usual_type{"sm32", 2, 0.002},
    usual_type{"float16", 1, 0.001}, usual_type{"unix32", 2, 0.008},
};
constexpr std::array dates{usual_type{"datetime3", 3, 0.002}, usual_type{"datetime6", 6, 0.004},
                           usual_type{"datetime4", 4, 0.002}, usual_type{"cp56time2a", 4, 0.002},
                           usual_type{"bcd_datetime", 3, 0.001}};
constexpr double usual_text = 0.03;

struct usual_order {
    const char* order;
    double share;
};
constexpr std::array orders{usual_order{"", 0.62}, usual_order{"CDAB", 0.32}, usual_order{"BADC", 0.03},
                            usual_order{"DCBA", 0.03}};

double share_of_shift(int shift) { return shift == 0 ? 0.84 : shift < 0 ? 0.11 : 0.05; }

double share_of_exponent(int exponent, bool is_float) {
    if (exponent == 0) return is_float ? 0.9 : 0.4;
    const double apart = std::abs(exponent);
    return (is_float ? 0.03 : exponent < 0 ? 0.3 : 0.05) / (apart * apart);
}

/// As one of its candidate's words, or a value: what the words say for it, over what they say for anything.
struct weighed {
    guess what;
    double weight = 0;
    bool all_zero = true;
};

/// Nothing: some of its words or values are missing.
std::optional<weighed> weigh(std::size_t index, const guess_candidate& candidate, std::span<const guess_reading> readings,
                             const std::optional<guess_wish>& wish) {
    weighed made;
    made.what.candidate = index;
    made.weight = std::log(candidate.usual) + std::log(share_of_shift(candidate.shift));
    const auto first = static_cast<std::size_t>(guess_before + candidate.shift);
    for (std::size_t i = 0; i < readings.size(); ++i) {
        const auto& value = readings[i].values[index];
        if (!value) return std::nullopt;
        for (std::size_t w = first; w < first + candidate.registers; ++w) {
            const auto word = readings[i].words[w];
            if (!word) return std::nullopt;
            made.all_zero = made.all_zero && *word == 0;
            made.weight -= i == 0 ? log_of_word(*word) : log_of_word_after(*readings[i - 1].words[w], *word);
        }
        made.what.moves = made.what.moves || (i > 0 && *value != *readings[i - 1].values[index]);
        if (i > 0) made.weight += log_of_value_after(*readings[i - 1].values[index], *value);
        made.what.last = *value;
    }
    const value& last = made.what.last;
    if (!wish) {
        made.weight += log_of_value(*readings[0].values[index], candidate.type, candidate.registers);
        return made;
    }
    const auto number = guess_number_of(last);
    std::optional<double> best;
    for (int exponent = -6; number && exponent <= 6; ++exponent) {
        const auto near = log_of_expected(*number, exponent, wish->value, wish->tolerance);
        if (!near) continue;
        const double with = *near + std::log(share_of_exponent(exponent, number->is_float));
        if (best && *best >= with) continue;
        best = with;
        made.what.exponent = exponent;
    }
    if (!best) return std::nullopt;
    made.weight += *best;
    return made;
}

bool same_values(const guess& a, const guess& b, std::span<const guess_reading> readings) {
    return std::all_of(readings.begin(), readings.end(), [&](const guess_reading& one) {
        const auto& left = *one.values[a.candidate];
        const auto& right = *one.values[b.candidate];
        if (left == right) return true;
        const auto x = guess_number_of(left), y = guess_number_of(right);  // 5 is 5, signed or not
        return x && y && !x->is_float && !y->is_float && x->number == y->number;
    });
}

/// Those with the same values at the same place are one guess, under the name of the most usual one.
void join_alike(std::vector<weighed>& all, std::span<const guess_candidate> candidates, std::span<const guess_reading> readings) {
    std::vector<weighed> kept;
    for (auto& one : all) {
        const auto like = std::find_if(kept.begin(), kept.end(), [&](const weighed& better) {
            return candidates[better.what.candidate].shift == candidates[one.what.candidate].shift &&
                   better.what.exponent == one.what.exponent && same_values(better.what, one.what, readings);
        });
        if (like == kept.end()) {
            kept.push_back(std::move(one));
            continue;
        }
        like->what.alike.push_back(one.what.candidate);
        like->what.share += one.what.share;
    }
    all = std::move(kept);
}

std::string doubt_about(const std::vector<weighed>& all, const std::optional<guess_wish>& wish) {
    if (all.empty())
        return wish ? "nothing here reads as the expected value, whatever the type, the order or the power of ten"
                    : "no value can be read here";
    if (all.front().all_zero && !wish) return "all of it is 0 now: come back when the value isn't";
    if (all.front().what.share >= 0.75) return "";
    return wish ? "several ways fit; change the value and try again, with --reads"
                : "several ways are possible; tell what it should be with --expect, or let it move with --reads 5 --every 2s";
}

}  // namespace

std::vector<guess_candidate> guess_candidates() {
    std::vector<guess_candidate> all;
    const auto fits = [](int shift, std::size_t registers) { return shift + static_cast<int>(registers) <= guess_after; };
    for (int shift = -guess_before; shift <= 1; ++shift) {
        for (const auto& type : numbers)
            for (const auto& order : orders) {
                const bool word = type.registers == 1;
                const std::string name = order.order;
                if (word && (name == "CDAB" || name == "DCBA")) continue;  // the same as the two others
                const double share = word ? (name.empty() ? 0.97 : 0.03) : order.share;
                all.push_back({type.type, word && !name.empty() ? "BA" : name, shift, type.registers, type.usual * share});
            }
        for (const auto& type : dates)
            if (fits(shift, type.registers)) all.push_back({type.type, "", shift, type.registers, type.usual});
        for (std::size_t length = 2; shift == 0 && length <= guess_after; ++length) {
            all.push_back({"string", "", shift, length, usual_text / guess_after});
            all.push_back({"string", "BADC", shift, length, usual_text / guess_after / 8});
        }
    }
    return all;
}

guesses rank_guesses(std::span<const guess_candidate> candidates, std::span<const guess_reading> readings,
                     const std::optional<guess_wish>& wish) {
    std::vector<weighed> all;
    for (std::size_t i = 0; i < candidates.size(); ++i)
        if (auto one = weigh(i, candidates[i], readings, wish)) all.push_back(std::move(*one));
    std::stable_sort(all.begin(), all.end(), [](const weighed& a, const weighed& b) { return a.weight > b.weight; });
    double sum = 0;
    for (auto& one : all) sum += one.what.share = std::exp(one.weight - all.front().weight);
    for (auto& one : all) one.what.share /= sum;
    join_alike(all, candidates, readings);
    std::stable_sort(all.begin(), all.end(), [](const weighed& a, const weighed& b) { return a.what.share > b.what.share; });
    guesses found;
    found.doubt = doubt_about(all, wish);
    for (auto& one : all) found.ranked.push_back(std::move(one.what));
    return found;
}

}  // namespace gateway

// gateway/commission/guess.cpp: see guess.hpp.
#include "gateway/commission/guess.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "gateway/commission/guess_weights.hpp"

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

/// Without an expected value the next register looks as good as the one that was asked for.
double share_of_shift(int shift, bool expected) {
    if (!expected) return shift == 0 ? 0.98 : shift < 0 ? 0.015 : 0.005;
    return shift == 0 ? 0.84 : shift < 0 ? 0.11 : 0.05;
}

double share_of_exponent(int exponent, bool is_float) {
    if (exponent == 0) return is_float ? 0.9 : 0.4;
    const double apart = std::abs(exponent);
    return (is_float ? 0.03 : exponent < 0 ? 0.3 : 0.05) / (apart * apart);
}

struct weighed {
    guess what;
    double weight = 0;
    bool all_zero = true;
};

class weighing {
public:
    weighing(std::span<const guess_candidate> candidates, std::span<const guess_reading> readings,
             const std::optional<guess_wish>& wish)
        : candidates_(candidates), readings_(readings), wish_(wish) {}

    /// Nothing: some of its words or values are missing, or it isn't what is expected.
    std::optional<weighed> weigh(std::size_t index) const {
        const auto& candidate = candidates_[index];
        const auto moved = movement(index);
        if (!moved || candidate.usual == 0) return std::nullopt;
        weighed made;
        made.what.candidate = index;
        made.what.last = *readings_.back().values[index];
        made.weight = std::log(candidate.usual) + std::log(share_of_shift(candidate.shift, wish_.has_value())) + *moved;
        for (const auto& one : readings_) {
            made.what.moves = made.what.moves || *one.values[index] != *readings_[0].values[index];
            for (std::size_t w = 0; w < candidate.registers; ++w)
                made.all_zero = made.all_zero && *one.words[first_word(candidate) + w] == 0;
        }
        if (wish_) {
            if (!expect(candidate, made)) return std::nullopt;
        } else {
            const double looks = look(index);
            if (is_impossible(looks)) return std::nullopt;
            made.weight += looks;
        }
        for (const std::size_t further : {1u, 2u}) made.weight += neighbour(candidate, further);
        return made;
    }

private:
    static constexpr double most_moves = 1.5;
    static std::size_t first_word(const guess_candidate& of) { return static_cast<std::size_t>(guess_before + of.shift); }

    /// What the words say by how they move, but for the values themselves: over what they say for anything.
    std::optional<double> movement(std::size_t index) const {
        const auto& candidate = candidates_[index];
        double weight = 0, moves = 0;
        for (std::size_t i = 0; i < readings_.size(); ++i) {
            if (!readings_[i].values[index]) return std::nullopt;
            double words = 0;
            bool changed = false;
            for (std::size_t w = first_word(candidate); w < first_word(candidate) + candidate.registers; ++w) {
                const auto word = readings_[i].words[w];
                if (!word) return std::nullopt;
                words += i == 0 ? log_of_word(*word) : log_of_word_after(*readings_[i - 1].words[w], *word);
                changed = changed || (i > 0 && *word != *readings_[i - 1].words[w]);
            }
            if (i == 0) {
                weight -= words;
                continue;
            }
            const auto& before = *readings_[i - 1].values[index];
            const auto& now = *readings_[i].values[index];
            // What a type passes over explains nothing.
            moves += before == now && changed ? std::log(0.5) : log_of_value_after(before, now) - words;
        }
        // What moves smoothly does so each time: one reading after the other says little that is new.
        const double times = static_cast<double>(readings_.size()) - 1;
        return times > 0 ? weight + moves / times * std::min(times, most_moves) : weight;
    }

    double look(std::size_t index) const {
        return log_of_value(*readings_[0].values[index], candidates_[index].type, candidates_[index].registers);
    }

    /// False: no power of ten of it is what is expected.
    bool expect(const guess_candidate& candidate, weighed& to) const {
        const auto number = guess_number_of(to.what.last);
        std::optional<double> best;
        for (int exponent = -6; number && exponent <= 6; ++exponent) {
            const auto near = log_of_expected(*number, exponent, wish_->value, wish_->tolerance);
            if (!near) continue;
            const double with = *near + std::log(share_of_exponent(exponent, candidate.type.starts_with("float")));
            if (best && *best >= with) continue;
            best = with;
            to.what.exponent = exponent;
        }
        if (best) to.weight += *best;
        return best.has_value();
    }

    /// Mostly one type follows another of the same: if what follows would be a sound value of it, too, that speaks for it.
    double neighbour(const guess_candidate& of, std::size_t further) const {
        constexpr double like_the_first = 0.7;
        const int shift = of.shift + static_cast<int>(further * of.registers);
        for (std::size_t i = 0; i < candidates_.size(); ++i) {
            const auto& other = candidates_[i];
            if (other.shift != shift || other.type != of.type || other.order != of.order || of.type == "string") continue;
            const auto moved = movement(i);
            if (moved) return std::log(1 - like_the_first + like_the_first * std::exp(std::min(*moved + look(i), 100.0)));
            return other.registers > 0 && readings_[0].words[first_word(other)] ? std::log(1 - like_the_first) : 0;
        }
        return 0;
    }

    std::span<const guess_candidate> candidates_;
    std::span<const guess_reading> readings_;
    const std::optional<guess_wish>& wish_;
};

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
        if (candidates[one.what.candidate].usual > candidates[like->what.candidate].usual)
            std::swap(one.what.candidate, like->what.candidate);
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
    for (int shift = -guess_before; shift < guess_after; ++shift) {
        const bool neighbour = shift > 1;
        for (const auto& type : numbers)
            for (const auto& order : orders) {
                if (!fits(shift, type.registers)) continue;
                const bool word = type.registers == 1;
                const std::string name = order.order;
                if (word && (name == "CDAB" || name == "DCBA")) continue;  // the same as the two others
                const double share = word ? (name.empty() ? 0.97 : 0.03) : order.share;
                all.push_back(
                    {type.type, word && !name.empty() ? "BA" : name, shift, type.registers, neighbour ? 0 : type.usual * share});
            }
        for (const auto& type : dates)
            if (!neighbour && fits(shift, type.registers)) all.push_back({type.type, "", shift, type.registers, type.usual});
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
    const weighing scales(candidates, readings, wish);
    for (std::size_t i = 0; i < candidates.size(); ++i)
        if (auto one = scales.weigh(i)) all.push_back(std::move(*one));
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

// gateway/commission/guess_weights.hpp: how likely values and words are, as logarithms: the figures behind guess.hpp. Pure.
// Not here: the weighing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/bus/reading.hpp"

namespace gateway {

/// A number's place among all of its type, so that a small change is a small step: the number itself, or a float's pattern.
struct guess_number {
    double number = 0;
    double pattern = 0;
    bool is_float = false;
};
std::optional<guess_number> guess_number_of(const value& what);

/// Of a word that is anything: often 0 or small, else any.
double log_of_word(std::uint16_t word);
/// … that is anything still, after it was `before`.
double log_of_word_after(std::uint16_t before, std::uint16_t word);
/// Of a value of a type with so many registers, as a point usually has it.
double log_of_value(const value& what, const std::string& type, std::size_t registers);
/// No point ever looks like this.
bool is_impossible(double log_of_value);
/// … after it was `before`.
double log_of_value_after(const value& before, const value& what);
/// Of a raw number if `expected` is what it should be times ten to the power of `exponent`; nothing: it isn't.
std::optional<double> log_of_expected(const guess_number& raw, int exponent, double expected, double tolerance);

}  // namespace gateway

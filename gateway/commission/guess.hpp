// gateway/commission/guess.hpp: which type and byte order registers probably have, from what they held once or several times.
// Pure. Not here: reading them, and what a type means: the adapter has decoded every candidate (command_guess.cpp).
//
// Each candidate is weighed by Bayes' rule against "these words are something else": how usual the type is, how likely a value of
// that kind is to look like this (numbers of few digits, floats of everyday size, text, dates of our time), how likely it is to
// move like this from one reading to the next (a little, or not at all), and how near it is to the value that is expected, also
// as a power of ten of it. The figures are estimates from device maps, not measurements; a test counts how often they are right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/bus/reading.hpp"

namespace gateway {

/// A way to read the registers.
struct guess_candidate {
    std::string type;
    std::string order;  // empty: the type's usual one
    int shift = 0;      // from the address that was typed; -1: the documents may count from 1
    std::size_t registers = 1;
    double usual = 0;  // share of points that are like this; 0: not guessed, a neighbour of those that are
};

/// So many registers before and from the address on are looked at, if the device has them.
constexpr int guess_before = 1, guess_after = 8;
std::vector<guess_candidate> guess_candidates();

/// What one reading brought.
struct guess_reading {
    std::vector<std::optional<std::uint16_t>> words;  // guess_before + guess_after of them
    std::vector<std::optional<value>> values;         // by candidate; nothing: it holds no value of the type
};

struct guess_wish {
    double value = 0;
    double tolerance = 0.02;  // a share of it
};

struct guess {
    std::size_t candidate = 0;
    int exponent = 0;     // the value is the raw one times ten to the power of it
    double share = 0;     // of all that is possible; they add up to 1
    gateway::value last;  // raw
    bool moves = false;
    std::vector<std::size_t> alike;  // other candidates of this address with the very same values, less usual ones
};
struct guesses {
    std::vector<guess> ranked;  // the best first
    std::string doubt;          // why the first can't be told from others; empty: it is likely enough
};
/// Requires: at least one reading.
guesses rank_guesses(std::span<const guess_candidate> candidates, std::span<const guess_reading> readings,
                     const std::optional<guess_wish>& wish);

}  // namespace gateway

// tests/gateway/commission/guess_random_test.cpp: how often guess is right over many plausible readings of maps where one type
// follows another, as most maps are; the figures in docs/commissioning.md are these. Not here: single cases.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "gateway/commission/guess.hpp"
#include "gateway/commission/guess_weights.hpp"
#include "tests/gateway/commission/seen_registers.hpp"

using namespace gateway;

namespace {

struct kind {
    const char* type;
    const char* order;
    double share;  // of points
};
constexpr kind kinds[] = {
    {"uint16", "", 0.30},      {"int16", "", 0.15},         {"uint32", "", 0.08},       {"uint32", "CDAB", 0.05},
    {"int32", "", 0.06},       {"int32", "CDAB", 0.06},     {"float32", "", 0.14},      {"float32", "CDAB", 0.08},
    {"uint64", "", 0.02},      {"int64", "GHEFCDAB", 0.01}, {"float64", "", 0.015},     {"bcd32", "", 0.01},
    {"m10k32", "CDAB", 0.005}, {"uint32", "DCBA", 0.005},   {"float32", "BADC", 0.005},
};

class world {
public:
    explicit world(unsigned seed) : chance_(seed) {}

    const kind& any_kind() {
        double at = uniform(0, 1);
        for (const auto& each : kinds)
            if ((at -= each.share) < 0) return each;
        return kinds[0];
    }

    /// A measured or counted quantity, raw.
    double any_number(const kind& of) {
        const std::string type = of.type;
        const bool real = type.starts_with("float");
        const bool wide = type.find("16") == std::string::npos;
        double size = std::pow(10.0, uniform(real ? -2 : 0.3, real ? 5.5 : wide ? 8.2 : 4.5));
        if (type == "bcd32" || type == "m10k32") size = std::min(size, 9e7);
        if (!real) size = std::round(size);
        if (real && uniform(0, 1) < 0.4) size = std::round(size * 10) / 10;
        const bool has_sign = real || type.starts_with("int");
        return has_sign && uniform(0, 1) < 0.15 ? -size : size;
    }

    /// The same a little later.
    double later(const kind& of, double number) {
        const double change = number * uniform(-0.004, 0.006);
        const bool real = std::string(of.type).starts_with("float");
        return real ? number + change : number + std::round(change);
    }

    double uniform(double from, double to) { return std::uniform_real_distribution<double>(from, to)(chance_); }

private:
    std::mt19937 chance_;
};

std::vector<std::uint16_t> in_registers(const kind& of, double number) {
    const std::string type = of.type;
    const value what = type == "float32"           ? value{static_cast<float>(number)}
                       : type.starts_with("float") ? value{number}
                                                   : value{static_cast<std::int64_t>(number)};
    return registers_of(of.type, of.order, what);
}

/// The map's registers around its second point.
struct map_part {
    kind of;
    std::vector<double> numbers;

    std::vector<std::uint16_t> words() const {
        std::vector<std::uint16_t> all;
        for (const double each : numbers)
            for (const auto word : in_registers(of, each)) all.push_back(word);
        const std::size_t width = in_registers(of, numbers[0]).size();
        all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(width - 1));
        all.resize(guess_before + guess_after);
        return all;
    }
};

struct hits {
    int of = 0, first = 0, three = 0, sure = 0, wrongly_sure = 0;
};

/// Right: the same number at the same place; whether it is called int16 or uint16 nobody could say yet.
bool is_right(const guess& one, const std::vector<guess_candidate>& candidates, double raw) {
    const auto number = guess_number_of(one.last);
    if (!number || candidates[one.candidate].shift != 0) return false;
    return std::abs(number->number - raw) <= std::abs(raw) * 1e-6;
}

hits count(int how_many, int reads, bool expected) {
    world plant(4711);
    const auto candidates = guess_candidates();
    hits found;
    for (int i = 0; i < how_many; ++i) {
        map_part part{plant.any_kind(), {}};
        for (int n = 0; n < 12; ++n) part.numbers.push_back(plant.any_number(part.of));
        std::vector<guess_reading> readings;
        for (int r = 0; r < reads; ++r) {
            for (double& each : part.numbers)
                if (r > 0) each = plant.later(part.of, each);
            readings.push_back(seen(candidates, part.words()));
        }
        const double raw = part.numbers[1];
        if (raw == 0) continue;
        const bool whole = !std::string(part.of.type).starts_with("float");
        const double scale = whole ? std::pow(10.0, std::floor(plant.uniform(-2, 1))) : 1;
        std::optional<guess_wish> wish;
        if (expected) wish = guess_wish{raw * scale * plant.uniform(0.99, 1.01), 0.02};
        const auto ranked = rank_guesses(candidates, readings, wish);
        ++found.of;
        bool right = false;
        for (std::size_t g = 0; g < std::min<std::size_t>(3, ranked.ranked.size()); ++g) {
            if (!is_right(ranked.ranked[g], candidates, raw)) continue;
            found.three += right ? 0 : 1;
            right = true;
            found.first += g == 0 ? 1 : 0;
        }
        const bool sure = ranked.doubt.empty();
        found.sure += sure ? 1 : 0;
        found.wrongly_sure += sure && !is_right(ranked.ranked[0], candidates, raw) ? 1 : 0;
    }
    return found;
}

void tell(const char* what, const hits& found) {
    const auto percent = [&](int n, int of) { return 100.0 * n / std::max(of, 1); };
    WARN(what << ": first " << percent(found.first, found.of) << " %, among three " << percent(found.three, found.of)
              << " %, sure " << percent(found.sure, found.of) << " %, of these wrong " << percent(found.wrongly_sure, found.sure)
              << " %");
}

}  // namespace

TEST_CASE("guess: how often it is right", "[gateway][guess]") {
    const hits once = count(1500, 1, false), often = count(400, 5, false), expected = count(1000, 1, true);
    tell("one reading", once);
    tell("five readings", often);
    tell("an expected value", expected);
    CHECK(once.first > 0.90 * once.of);
    CHECK(once.three > 0.98 * once.of);
    CHECK(often.first > 0.95 * often.of);
    CHECK(often.three > 0.98 * often.of);
    CHECK(expected.first > 0.95 * expected.of);
    CHECK(expected.three > 0.98 * expected.of);
    // When it doesn't say that it can't tell, it had better be right.
    CHECK(once.wrongly_sure < 0.08 * once.sure);
    CHECK(often.wrongly_sure < 0.05 * often.sure);
    CHECK(expected.wrongly_sure < 0.03 * expected.sure);
}

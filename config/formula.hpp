// config/formula.hpp: what `compute` says: a formula over points, checked without reading any, and worked out for their values.
// Not here: which points there are (buses.hpp), when it is worked out (gateway/bus/computed.hpp).
//
// + - * / ^, comparisons (1 or 0), && and ||, a ? b : c, parentheses, numbers, pi, and the functions abs, min, max, sum, avg,
// sqrt, exp, ln, log2, log10, sin, cos, tan, asin, acos, atan, atan2, sinh, cosh, tanh, sign, rint. A point is named as it is,
// with its device and a dot before it if that is another one; names with other characters than letters, digits and _ stand in
// braces.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace config {

class formula {
public:
    struct problem {
        std::size_t at = 0;  // in the text, in bytes
        std::size_t size = 0;
        std::string message;
    };
    /// A name, where it stands first. "voltage", "meter2.power"; without its braces.
    struct reference {
        std::string name;
        std::size_t at = 0;
        std::size_t size = 0;  // braces included
        bool operator==(const reference&) const = default;
    };

    /// Nothing: `what` says why.
    static std::optional<formula> parse(std::string_view text, problem& what);
    formula(formula&&) noexcept;
    formula& operator=(formula&&) noexcept;
    ~formula();

    /// Each name once.
    const std::vector<reference>& inputs() const { return inputs_; }
    /// With one number for each of inputs(). Nothing: there is no finite number, such as after a division by zero.
    std::optional<double> value(std::span<const double> of_inputs) const;

    static constexpr std::size_t longest = 1000;  // bytes

private:
    struct engine;
    formula();
    std::vector<reference> inputs_;
    std::unique_ptr<engine> engine_;
};

}  // namespace config

// gateway/flat_json.hpp: reads a JSON value or an object of plain values from the wire, strictly (RFC 8259) and bounded.
// Not here: objects in objects, arrays, and writing JSON (payload.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/bus/reading.hpp"

namespace gateway {

/// A value as it was written: null, a truth, a number or a text. A number without fraction and exponent is an integer if it fits.
struct flat_object {
    std::vector<std::pair<std::string, value>> members;  // in order; no name twice
    const value* find(std::string_view name) const;
};

/// Nothing: it isn't just one such value, blanks around it apart.
std::optional<value> read_json_value(std::string_view text);

/// Nothing: it isn't an object of such values, a name is there twice, or there are more than `most` of them.
std::optional<flat_object> read_flat_object(std::string_view text, std::size_t most);

}  // namespace gateway

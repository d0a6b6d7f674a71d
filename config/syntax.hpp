// config/syntax.hpp: says in a user's words what libyaml means by its complaints, and where the mistake probably is.
// Not here: the parsing (tree.cpp).
#pragma once

#include <string>
#include <string_view>

#include "config/source.hpp"

namespace config {

/// What libyaml said, and the last scalar that it read before.
struct complaint {
    std::string_view problem;
    position where;
    std::string_view context;
    position context_where;

    struct scalar {
        position from;
        position to;  // just behind it
        bool quoted = false;
        std::string text;
    } last;
};

struct explanation {
    place at;
    std::string message;
};

explanation explain(const complaint& what, const source& text);

}  // namespace config

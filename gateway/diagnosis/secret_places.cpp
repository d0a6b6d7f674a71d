// gateway/diagnosis/secret_places.cpp: see secret_places.hpp.
#include "gateway/diagnosis/secret_places.hpp"

#include <algorithm>

#include "config/address.hpp"

namespace gateway {
namespace {

/// Where the value that begins at `from` ends: at its quote, or where a plain YAML value would.
std::size_t end_of_value(std::string_view line, std::size_t from) {
    const char before = from == 0 ? ' ' : line[from - 1];
    if (before == '"' || before == '\'') return std::min(line.find(before, from), line.size());
    return std::min(line.find_first_of(" \t,}]#\r", from), line.size());
}

}  // namespace

std::vector<config::secret_reference> secret_places(std::string_view text) {
    std::vector<config::secret_reference> found;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos || line[begin] == '#') continue;
        for (std::size_t at = line.find('@'); at != std::string_view::npos; at = line.find('@', at + 1)) {
            auto reference = config::parse_secret(line.substr(at, end_of_value(line, at) - at));
            if (!reference.value) continue;
            reference.value->where = {number, at + 1, 0};
            const bool known = std::any_of(found.begin(), found.end(), [&](const auto& each) {
                return each.from == reference.value->from && each.name == reference.value->name;
            });
            if (!known) found.push_back(std::move(*reference.value));
        }
    }
    return found;
}

}  // namespace gateway

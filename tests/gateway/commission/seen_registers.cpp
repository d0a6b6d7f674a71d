// tests/gateway/commission/seen_registers.cpp: see seen_registers.hpp.
#include "tests/gateway/commission/seen_registers.hpp"

#include <stdexcept>

#include "adapters/modbus/codec.hpp"

namespace {

modbus::encoding encoding_of(const std::string& type, const std::string& order, std::size_t registers) {
    const auto* row = modbus::find_type(type);
    if (row == nullptr) throw std::logic_error("no type " + type);
    modbus::encoding how;
    how.type = row->type;
    how.registers = static_cast<std::uint16_t>(registers);
    how.utc = type.starts_with("unix");
    if (order.empty()) return how;
    const auto parsed = modbus::parse_order(order, *row);
    if (!parsed) throw std::logic_error("no order " + order + " of " + type);
    how.order = *parsed;
    return how;
}

template <typename To, typename From>
To converted(const From& from) {
    return std::visit(
        [](const auto& it) -> To {
            if constexpr (std::is_same_v<std::decay_t<decltype(it)>, gateway::no_value> ||
                          std::is_same_v<std::decay_t<decltype(it)>, modbus::no_value>)
                return To();
            else
                return it;
        },
        from);
}

}  // namespace

gateway::guess_reading seen(const std::vector<gateway::guess_candidate>& candidates, const std::vector<std::uint16_t>& words) {
    gateway::guess_reading made;
    constexpr std::size_t window = gateway::guess_before + gateway::guess_after;
    for (std::size_t w = 0; w < window; ++w) made.words.push_back(w < words.size() ? std::optional(words[w]) : std::nullopt);
    for (const auto& each : candidates) {
        const auto first = static_cast<std::size_t>(gateway::guess_before + each.shift);
        made.values.emplace_back();
        if (first + each.registers > words.size()) continue;
        const auto got =
            modbus::decode(encoding_of(each.type, each.order, each.registers), std::span(words).subspan(first, each.registers));
        if (got.failure.empty() && !std::holds_alternative<modbus::no_value>(got.value))
            made.values.back() = converted<gateway::value>(got.value);
    }
    return made;
}

std::vector<std::uint16_t> registers_of(const std::string& type, const std::string& order, const gateway::value& what,
                                        std::uint16_t length) {
    const auto* row = modbus::find_type(type);
    const auto how = encoding_of(type, order, length > 0 ? length : row->registers);
    const auto made = modbus::encode(how, converted<modbus::value>(what));
    if (!made.failure.empty()) throw std::logic_error(type + ": " + made.failure);
    return made.registers;
}

std::string named(const gateway::guess_candidate& what) {
    return what.type + (what.order.empty() ? "" : ' ' + what.order) +
           (what.shift == 0 ? "" : (what.shift > 0 ? " +" : " ") + std::to_string(what.shift));
}

// gateway/commission/register_notation.cpp: the evidence, from the strongest to the weakest.
#include "gateway/commission/register_notation.hpp"

#include <algorithm>
#include <charconv>

namespace gateway {
namespace {

constexpr std::uint32_t registers_of_table = 65'536;

/// The table of a Modicon number, 40001 or 400001, and what it counts from 1.
std::optional<std::pair<register_table, std::uint32_t>> modicon_of(std::uint32_t number) {
    const auto within = [&](std::uint32_t first, std::uint32_t last) { return number >= first && number <= last; };
    if (within(40'001, 49'999)) return std::pair(register_table::holding, number - 40'000);
    if (within(30'001, 39'999)) return std::pair(register_table::input, number - 30'000);
    if (within(10'001, 19'999)) return std::pair(register_table::discrete, number - 10'000);
    if (within(400'001, 465'536)) return std::pair(register_table::holding, number - 400'000);
    if (within(300'001, 365'536)) return std::pair(register_table::input, number - 300'000);
    if (within(100'001, 165'536)) return std::pair(register_table::discrete, number - 100'000);
    return std::nullopt;
}

bool is_modicon(const listed_address& one) {
    if (one.hexadecimal) return false;
    const auto read = modicon_of(one.number);
    if (!read) return one.table_said && one.table == register_table::coil && one.number >= 1 && one.number <= 9'999;
    return !one.table_said || read->first == one.table;
}

std::string count(std::size_t number, const char* what) { return std::to_string(number) + ' ' + what + (number == 1 ? "" : "s"); }

bool all_of(const std::vector<listed_address>& all, bool (*is)(const listed_address&)) {
    return std::all_of(all.begin(), all.end(), is);
}
bool any_of(const std::vector<listed_address>& all, bool (*is)(const listed_address&)) {
    return std::any_of(all.begin(), all.end(), is);
}

/// Values of two registers and more begin at even addresses where they count from 0, and at odd ones where from 1, mostly.
notation_found by_habit(const std::vector<listed_address>& all) {
    std::size_t odd = 0;
    std::size_t even = 0;
    std::uint32_t least = registers_of_table;
    for (const auto& one : all) {
        least = std::min(least, one.number);
        if (one.registers > 1) ++(one.number % 2 == 0 ? even : odd);
    }
    if (odd > 2 * even && odd >= 2)
        return {notation::from_1,
                count(odd, "value") + " of several registers begin at odd addresses, " + std::to_string(even) + " at even ones",
                false};
    if (even > 2 * odd && even >= 2)
        return {notation::from_0,
                count(even, "value") + " of several registers begin at even addresses, " + std::to_string(odd) + " at odd ones",
                false};
    if (least == 1) return {notation::from_1, "the first address is 1", false};
    return {notation::from_0, "nothing speaks for 1", false};
}

}  // namespace

notation_found judge_notation(const std::vector<listed_address>& all, std::optional<int> head,
                              std::optional<gateway::notation> wished) {
    if (wished) return {*wished, "as told", true};
    if (all.empty()) return {};
    std::size_t agree = 0;
    std::size_t differ = 0;
    for (const auto& one : all) {
        if (!one.modicon_beside) continue;
        const auto beside = modicon_of(*one.modicon_beside);
        agree += beside && beside->second == one.number + 1 ? 1 : 0;
        differ += beside && beside->second == one.number ? 1 : 0;
    }
    if (agree > differ) return {notation::from_0, "the Modicon numbers beside them are one more", true};
    if (differ > agree) return {notation::from_1, "the Modicon numbers beside them are the same", true};
    std::size_t same = 0;
    std::size_t less = 0;
    for (const auto& one : all) {
        same += one.hex_beside == one.number ? 1 : 0;
        less += one.hex_beside && *one.hex_beside + 1 == one.number ? 1 : 0;
    }
    if (same > less)
        return {notation::from_0, "the hexadecimal addresses beside them are the same, and those are the protocol's", true};
    if (less > same) return {notation::from_1, "the hexadecimal addresses beside them are one less", true};
    // Coils alone could as well count from 0 or 1.
    if (all_of(all, is_modicon) && any_of(all, [](const listed_address& one) { return modicon_of(one.number).has_value(); })) {
        const auto said = std::count_if(all.begin(), all.end(), [](const auto& one) { return one.table_said; });
        const bool sure = said == 0 || all.front().number >= 100'000 || all.front().number % 10'000 < 1'000;
        return {notation::modicon, "all addresses are Modicon's numbers, such as " + std::to_string(all.front().number), sure};
    }
    if (all_of(all, [](const listed_address& one) { return one.counts_from_1; }))
        return {notation::from_1, "they are written as 4x0001", true};
    if (head) return {*head == 0 ? notation::from_0 : notation::from_1, "the column's name says so", true};
    if (any_of(all, [](const listed_address& one) { return one.hexadecimal; }))
        return {notation::from_0, "hexadecimal addresses are those of the protocol", true};
    if (any_of(all, [](const listed_address& one) { return one.number == 0; }))
        return {notation::from_0, "there is an address 0", true};
    return by_habit(all);
}

std::string apply_notation(gateway::notation how, const listed_address& from, register_table& table, std::uint32_t& number) {
    const auto outside = [&] { return "the address " + std::to_string(from.number) + " is beyond all registers"; };
    if (how != notation::modicon) {
        const auto first = how == notation::from_1 ? 1u : 0u;
        if (number < first) return "there is no address 0 where they count from 1";
        return number - first + from.registers > registers_of_table ? outside() : "";
    }
    const auto read = modicon_of(number);
    if (!read) {
        const bool coil = table == register_table::coil && number >= 1 && number <= 9'999;
        return coil ? "" : "the address " + std::to_string(number) + " is no Modicon number";
    }
    table = read->first;
    return {};
}

}  // namespace gateway

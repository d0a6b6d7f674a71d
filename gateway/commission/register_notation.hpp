// gateway/commission/register_notation.hpp: from what the numbers of a register list count: 0, 1, or Modicon's 40001. Pure.
// Not here: reading them (register_words.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/commission/register_list.hpp"

namespace gateway {

struct listed_address {
    std::uint32_t number = 0;
    std::optional<std::uint32_t> modicon_beside;  // in a column of its own
    std::optional<std::uint32_t> hex_beside;
    std::uint32_t registers = 1;
    register_table table = register_table::holding;
    bool table_said = false;  // else `table` is a guess
    bool hexadecimal = false;
    bool counts_from_1 = false;
    bool has_range = false;
};

struct notation_found {
    gateway::notation notation = notation::from_0;
    std::string why;
    bool sure = true;
};

/// `head`: what the column's name says; `wished`: what the user says.
notation_found judge_notation(const std::vector<listed_address>& all, std::optional<int> head,
                              std::optional<gateway::notation> wished);

/// Turns `number` into what the config's key takes: from 0 or 1 as it is, Modicon's with its table. A phrase if it can't be.
std::string apply_notation(gateway::notation how, const listed_address& from, register_table& table, std::uint32_t& number);

}  // namespace gateway

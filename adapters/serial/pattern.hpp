// adapters/serial/pattern.hpp: regular expressions with groups, in time proportional to the text.
// Not here: back references and look-around, which is what makes others run away on what a line happens to bring.
//
// Syntax: . [a-z] [^…] \d \w \s \D \W \S \r \n \t \xHH, ( ) (?: ) |, * + ? {m,n} and their lazy forms *? +? ??, ^ $. A dot is any
// byte but a line feed; ^ and $ stand at the ends of lines. Bytes, not characters.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace serial {

class pattern {
public:
    /// Nothing: `fault` says why and where.
    static std::optional<pattern> compile(std::string_view text, std::string& fault);

    std::size_t groups() const { return groups_; }  // without group 0, the whole
    /// The first match, leftmost: its groups, 0 the whole of it; a group that took no part is empty. Nothing: no match.
    std::optional<std::vector<std::string_view>> search(std::string_view text) const;

private:
    friend class pattern_compiler;
    friend class pattern_run;
    using set = std::bitset<256>;
    enum class op : std::uint8_t { byte, split, jump, save, line_begin, line_end, match };
    struct step {
        op what = op::match;
        std::uint32_t a = 0, b = 0;  // split: first choice, second; jump, save, byte (the set's number): a
    };
    std::vector<step> steps_;
    std::vector<set> sets_;
    std::size_t groups_ = 0;
};

}  // namespace serial

// gateway/commission/register_names.cpp: a maker's words → a point's name.
#include <array>

#include "config/source.hpp"
#include "gateway/commission/register_list.hpp"

namespace gateway {
namespace {

constexpr std::size_t longest = 60;  // characters; room for a number behind it

struct letter {
    std::string_view from;
    std::string_view to;
};

/// Latin letters with marks, as people write them where they can't.
constexpr std::array letters = {
    letter{"\xC3\xA4", "ae"},      letter{"\xC3\xB6", "oe"},    letter{"\xC3\xBC", "ue"},  letter{"\xC3\x84", "ae"},
    letter{"\xC3\x96", "oe"},      letter{"\xC3\x9C", "ue"},    letter{"\xC3\x9F", "ss"},  letter{"\xC3\xA9", "e"},
    letter{"\xC3\xA8", "e"},       letter{"\xC3\xAA", "e"},     letter{"\xC3\xA0", "a"},   letter{"\xC3\xA1", "a"},
    letter{"\xC3\xA2", "a"},       letter{"\xC3\xA5", "a"},     letter{"\xC3\xA7", "c"},   letter{"\xC3\xB1", "n"},
    letter{"\xC3\xB3", "o"},       letter{"\xC3\xB4", "o"},     letter{"\xC3\xB8", "o"},   letter{"\xC3\xAD", "i"},
    letter{"\xC3\xB9", "u"},       letter{"\xC3\xBA", "u"},     letter{"\xC3\x89", "e"},   letter{"\xC2\xB0", ""},
    letter{"\xC2\xB2", "2"},       letter{"\xC2\xB3", "3"},     letter{"\xCF\x86", "phi"}, letter{"\xCE\xA3", "sum"},
    letter{"\xE2\x88\x91", "sum"}, letter{"\xE2\x84\x83", "c"},
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::string point_name(std::string_view text) {
    std::string out;
    const auto add = [&](std::string_view part) { out += part; };
    const auto part_words = [&] {
        if (!out.empty() && out.back() != '_') out += '_';
    };
    while (!text.empty() && config::count_characters(out) < longest) {
        const letter* found = nullptr;
        for (const auto& one : letters)
            if (text.starts_with(one.from)) found = &one;
        if (found != nullptr) {
            add(found->to);
            text.remove_prefix(found->from.size());
            continue;
        }
        const auto first = config::first_character(text);
        const auto c = static_cast<char>(text.front() >= 'A' && text.front() <= 'Z' ? text.front() - 'A' + 'a' : text.front());
        const bool other_script = first.valid && first.bytes > 1 && first.code >= 0x370 &&
                                  !(first.code >= 0x2000 && first.code < 0x2E80) &&
                                  !(first.code >= 0xFF00 && first.code < 0xFFF0);
        if (first.bytes == 1 && is_letter(c))
            out += c;
        else if (other_script)
            add(text.substr(0, first.bytes));
        else if (first.bytes == 1 && c == '+')
            part_words(), add("plus"), part_words();
        else if (first.bytes == 1 && c == '%')
            part_words(), add("percent"), part_words();
        else
            part_words();
        text.remove_prefix(first.bytes);
    }
    while (!out.empty() && out.back() == '_') out.pop_back();
    return out;
}

}  // namespace gateway

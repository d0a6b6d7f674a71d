// gateway/commission/register_words.hpp: what makers write in the cells of their register lists → numbers, types, scales. Pure.
// Not here: which cell is which (register_columns.hpp), what they mean together (register_list.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway {

enum class register_table : std::uint8_t { holding, input, coil, discrete };
const char* name_of(register_table which);

/// Lower case, with a blank for everything that is neither letter, digit nor one of `kept`; no blanks around.
std::string plain_words(std::string_view text, std::string_view kept = "");

/// "40001", "0x9C40", "9C40h", "4x0001", "40001-40002", "40001.3", "HR 107".
struct written_address {
    std::uint32_t number = 0;
    std::optional<register_table> table;  // said by a prefix, such as 4x or HR
    std::optional<std::uint32_t> last;    // of a range
    std::optional<int> bit;
    bool hexadecimal = false;
    bool counts_from_1 = false;  // 4x0001
    bool point_zero = false;     // 107.0: a spreadsheet's 107, or bit 0
};
std::optional<written_address> address_in(std::string_view cell);
/// Digits alone, to be read as hexadecimal: the column's name says so.
std::optional<written_address> hexadecimal_address_in(std::string_view cell);
/// "000A": a hexadecimal address by its letters alone, so that "0010" in the same column is one, too.
bool is_bare_hexadecimal(std::string_view cell);
/// "00001", "000001": how a coil is written in Modicon's notation.
bool is_padded_coil(std::string_view cell);

/// "3", "FC04", "Holding Register", "0x03/0x10". `write_only`: functions that only write.
struct written_table {
    register_table table = register_table::holding;
    bool write_only = false;
};
std::optional<written_table> table_in(std::string_view cell);

/// "UINT16", "float 32 bit", "S32 swapped", "REAL", "2 registers".
enum class value_family : std::uint8_t { unknown, whole, natural, real, text, truth, decimal };
struct written_type {
    value_family family = value_family::unknown;
    int bits = 0;  // 0: not said
    std::string order;
    std::optional<std::uint32_t> registers;  // "string[16]" has them in characters: registers are half
    std::string type() const;                // as the config has it; empty: bits are missing
};
std::optional<written_type> type_in(std::string_view cell);
/// "ABCD", "big endian", "LSW first", "word swap": the letters of four bytes. Empty: none of these.
std::string order_in(std::string_view cell);

/// "0.1", "0,1", "1/10", "x10", "10^-1", "÷100", "0.1 V". The decimal as it is to be written.
struct written_scale {
    std::string factor;
    std::string unit;
};
std::optional<written_scale> scale_in(std::string_view cell);
/// 1/factor, exactly if it is a power of ten.
std::string inverse_of(const std::string& factor);

enum class access_word : std::uint8_t { read, read_write, write, unknown };
access_word access_in(std::string_view cell);

std::optional<std::uint32_t> count_in(std::string_view cell);

}  // namespace gateway

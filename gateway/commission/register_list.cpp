// gateway/commission/register_list.cpp: line by line; then what only all of them together tell.
// Not here: from what addresses count (register_notation.cpp).
#include "gateway/commission/register_list.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "config/source.hpp"
#include "gateway/commission/register_columns.hpp"
#include "gateway/commission/register_notation.hpp"

namespace gateway {
namespace {

constexpr std::size_t longest_comment = 160;
constexpr std::size_t room_for_number = 58;   // of 60 characters: a number may follow
constexpr std::uint32_t longest_value = 125;  // registers, as one request has them

struct length_use {
    std::size_t as_registers = 0;
    std::size_t as_bytes = 0;
};

class list_reader {
public:
    list_reader(const csv_table& table, const register_columns& columns, const list_wishes& wishes)
        : table_(table), columns_(columns), wishes_(wishes) {}

    register_list read();

private:
    using point = register_point;

    void judge_addresses();
    void judge_columns();
    void read_row(const csv_row& row);
    std::string read_point(const csv_row& row, point& to, listed_address& where);
    std::string read_address(const csv_row& row, point& to, listed_address& where);
    std::string read_type(const csv_row& row, point& to, const listed_address& where);
    std::string read_scale(const csv_row& row, point& to);
    std::optional<std::uint32_t> length_of(const csv_row& row) const;
    void name_points();
    void tell_assumptions();
    const std::string& cell(const csv_row& row, column which) const { return columns_.cell(row, which); }

    const csv_table& table_;
    const register_columns& columns_;
    const list_wishes& wishes_;
    register_list out_;
    std::vector<listed_address> addresses_;
    bool bytes_ = false;
    bool bare_hexadecimal_ = false;  // the column of addresses is
    bool padded_coils_ = false;      // 00001 beside 30001 and 40001
    bool gain_divides_ = false;
    std::size_t without_type_ = 0;
    std::size_t without_table_ = 0;
    std::size_t large_scales_ = 0;
    bool little_endian_ = false;
};

void list_reader::judge_addresses() {
    std::size_t coils = 0;
    std::size_t others = 0;
    const std::string* hexadecimal = nullptr;
    for (auto i = columns_.head + 1; i < table_.rows.size(); ++i) {
        const auto& text = cell(table_.rows[i], column::address);
        if (hexadecimal == nullptr && is_bare_hexadecimal(text)) hexadecimal = &text;
        if (is_padded_coil(text))
            ++coils;
        else if (const auto number = address_in(text))
            others += number->number > 10'000 ? 1 : table_.rows.size();  // a smaller one is no Modicon number
    }
    padded_coils_ = coils > 0 && others > 0 && others < table_.rows.size();
    bare_hexadecimal_ = hexadecimal != nullptr;
    if (bare_hexadecimal_) out_.notes.push_back("addresses are hexadecimal, as some have letters: " + *hexadecimal);
}

/// What the cells of a column tell only together.
void list_reader::judge_columns() {
    length_use uses;
    std::size_t gains = 0;
    std::size_t large_gains = 0;
    for (auto i = columns_.head + 1; i < table_.rows.size(); ++i) {
        const auto& row = table_.rows[i];
        const auto type = type_in(cell(row, column::type));
        const auto length = count_in(cell(row, column::length));
        if (type && length && type->bits >= 16) {
            uses.as_registers += static_cast<std::uint32_t>(type->bits) == *length * 16 ? 1 : 0;
            uses.as_bytes += static_cast<std::uint32_t>(type->bits) == *length * 8 ? 1 : 0;
        }
        const auto gain = scale_in(cell(row, column::gain));
        if (!gain || cell(row, column::gain).empty()) continue;
        ++gains;
        large_gains += gain->factor.starts_with("0") ? 0 : 1;
    }
    bytes_ = columns_.length_in_bytes || uses.as_bytes > uses.as_registers;
    gain_divides_ = gains > 0 && gains == large_gains;
    if (gain_divides_) out_.notes.push_back("gains are divided by, as all of them are 1 or more");
    if (bytes_ && !columns_.length_in_bytes) out_.notes.push_back("lengths are bytes: so they fit the types");
}

std::optional<std::uint32_t> list_reader::length_of(const csv_row& row) const {
    const auto& text = cell(row, column::length);
    const auto count = count_in(text);
    if (!count) return std::nullopt;
    const auto words = plain_words(text);
    const auto says = [&](std::string_view word) { return words.find(word) != std::string::npos; };
    if (says("bit") || columns_.length_in_bits) return (*count + 15) / 16;
    if (says("byte") || (bytes_ && !says("reg") && !says("word"))) return (*count + 1) / 2;
    return count;
}

std::string list_reader::read_address(const csv_row& row, point& to, listed_address& where) {
    const auto& shown = cell(row, column::address);
    auto found = bare_hexadecimal_ ? hexadecimal_address_in(shown) : address_in(shown);
    if (found && padded_coils_ && is_padded_coil(shown)) found->table = register_table::coil;
    const auto hexadecimal = hexadecimal_address_in(cell(row, column::hex_address));
    const auto modicon = address_in(cell(row, column::modicon_address));
    if (!found && hexadecimal) found = hexadecimal;
    if (!found && modicon) found = modicon;
    if (!found) return shown.empty() ? "it has no address" : "'" + shown + "' is no address";
    const auto table = table_in(cell(row, column::table));
    if (table) to.table = table->table;
    where.table_said = table.has_value() || found->table.has_value() || wishes_.table.has_value();
    if (found->table) to.table = *found->table;
    if (!table && !found->table && wishes_.table) to.table = *wishes_.table;
    where.number = found->number;
    where.hexadecimal = found->hexadecimal;
    where.counts_from_1 = found->counts_from_1;
    where.table = to.table;
    if (modicon && columns_.has(column::address)) where.modicon_beside = modicon->number;
    if (hexadecimal && columns_.has(column::address)) where.hex_beside = hexadecimal->number;
    to.number = found->number;
    to.bit = found->bit;
    const auto type = found->point_zero ? type_in(cell(row, column::type)) : std::nullopt;
    if (type && type->family == value_family::truth) to.bit = 0;
    if (found->last) to.registers = *found->last - found->number + 1;
    where.has_range = found->last.has_value();
    if (found->number > 465'536) return "the address " + std::to_string(found->number) + " is beyond all registers";
    return {};
}

/// The four letters for a value of so many registers.
std::string letters(const std::string& four, std::uint32_t registers) {
    const bool words = four == "CDAB" || four == "DCBA";
    const bool bytes = four == "BADC" || four == "DCBA";
    if (registers < 2) return four == "BADC" ? "BA" : "";
    if (!words && !bytes) return "";
    std::string out;
    for (std::uint32_t i = 0; i < registers; ++i) {
        const auto word = words ? registers - 1 - i : i;
        const auto high = static_cast<char>('A' + 2 * word);
        const auto low = static_cast<char>('B' + 2 * word);
        out += bytes ? low : high;
        out += bytes ? high : low;
    }
    return out;
}

std::string list_reader::read_type(const csv_row& row, point& to, const listed_address& where) {
    const auto& text = cell(row, column::type);
    auto type = type_in(text);
    if (const auto bit = count_in(cell(row, column::bit)); bit && *bit < 16) to.bit = static_cast<int>(*bit);
    if (plain_words(cell(row, column::bit)) == "0") to.bit = 0;
    if (to.table == register_table::coil || to.table == register_table::discrete) {
        to.bit.reset();
        return {};
    }
    if (!text.empty() && !type) return "'" + text + "' is no type known here";
    if (text.find('[') != std::string::npos && type && type->family != value_family::text && type->bits > 0 &&
        count_in(text.substr(text.find('[') + 1)))
        return "'" + text + "' is several values in one line";
    const auto range = where.has_range ? to.registers : 0;
    auto length = length_of(row);
    if (!length && where.has_range) length = to.registers;
    if (type && type->registers && !length) length = type->registers;
    if (to.bit) {  // one bit of a register
        to.registers = 1;
        return {};
    }
    if (!type || type->family == value_family::unknown) {
        type = written_type{};
        type->family = value_family::natural;
        ++without_type_;
    }
    if (type->family == value_family::real && type->bits == 0) type->bits = length && *length == 4 ? 64 : 32;
    if (type->bits == 0 && length && (*length == 1 || *length == 2 || *length == 3 || *length == 4))
        type->bits = static_cast<int>(*length) * 16;
    if (type->bits == 0 && !length) type->bits = 16;
    to.type = type->type();
    if (to.type.empty() && length && *length > 4) return "a number of " + std::to_string(*length) + " registers is none";
    if (to.type.empty()) return "'" + text + "' is no type known here";
    if (type->family == value_family::text) {
        if (!length) return "a text needs its length";
        to.registers = *length;
    } else {
        to.registers = static_cast<std::uint32_t>(std::max(type->bits, 16) + 15) / 16;
    }
    if (range > to.registers)
        return "it has " + std::to_string(range) + " registers, and its type " + std::to_string(to.registers) +
               ": several values in one line";
    if (to.registers > longest_value) return std::to_string(to.registers) + " registers are more than a request can read";
    auto order = order_in(cell(row, column::order));
    if (order.empty()) order = type->order.empty() ? wishes_.order : type->order;
    little_endian_ |= order == "DCBA" && to.registers > 1;
    const bool has_order = to.type != "string" && to.type != "bool" && type->bits > 8;
    if (has_order) to.order = letters(order, to.registers);
    return {};
}

std::string list_reader::read_scale(const csv_row& row, point& to) {
    const bool is_number = !to.type.empty() && to.type != "string" && to.type != "bool";
    to.unit = cell(row, column::unit);
    if (to.unit == "-" || to.unit == "--" || to.unit == "/" || plain_words(to.unit) == "n a" || plain_words(to.unit) == "none" ||
        to.unit.size() > 64)
        to.unit.clear();
    if (!is_number) return {};
    const auto take = [&](column which, bool inverse) -> std::string {
        const auto& text = cell(row, which);
        const auto scale = scale_in(text);
        if (!scale) return "'" + text + "' is no scale known here";
        if (text.empty() || scale->factor == "1") return {};
        to.scale = inverse ? inverse_of(scale->factor) : scale->factor;
        if (to.unit.empty()) to.unit = scale->unit;
        large_scales_ += !inverse && (scale->factor == "10" || scale->factor == "100" || scale->factor == "1000") ? 1 : 0;
        return {};
    };
    if (const auto fault = take(column::divisor, true); !fault.empty()) return fault;
    if (const auto fault = take(column::gain, gain_divides_); !fault.empty()) return fault;
    if (const auto fault = take(column::scale, wishes_.divide); !fault.empty()) return fault;
    if (const auto decimals = count_in(cell(row, column::decimals)); decimals && *decimals <= 12 && to.scale.empty())
        to.scale = inverse_of("1" + std::string(*decimals, '0'));
    const auto offset = scale_in(cell(row, column::offset));
    if (offset && !cell(row, column::offset).empty()) to.offset = offset->factor;
    return {};
}

std::string list_reader::read_point(const csv_row& row, point& to, listed_address& where) {
    if (auto fault = read_address(row, to, where); !fault.empty()) return fault;
    const auto access = access_in(cell(row, column::access));
    if (access == access_word::write) return "it can only be written, there is nothing to read";
    to.writable = access == access_word::read_write;
    const auto& name = cell(row, column::name);
    const auto& description = cell(row, column::description);
    to.name = point_name(name.empty() ? description : name);
    const auto words = plain_words(name.empty() ? description : name);
    if (words == "reserved" || words == "spare" || words == "reserve" || words == "unused" || words == "not used")
        return "it is reserved";
    if (auto fault = read_type(row, to, where); !fault.empty()) return fault;
    if (auto fault = read_scale(row, to); !fault.empty()) return fault;
    to.comment = description.empty() || name.empty() ? cell(row, column::note) : description;
    if (to.comment.size() > longest_comment) to.comment.clear();
    return {};
}

void list_reader::read_row(const csv_row& row) {
    const auto filled = std::count_if(row.cells.begin(), row.cells.end(), [](const std::string& one) { return !one.empty(); });
    const bool repeats_head = row.cells == table_.rows[columns_.head].cells;
    const bool has_address = !cell(row, column::address).empty() || !cell(row, column::hex_address).empty() ||
                             !cell(row, column::modicon_address).empty();
    if (repeats_head || (filled <= 1 && !address_in(cell(row, column::address)) && (!has_address || filled == 1))) {
        ++out_.headings;
        return;
    }
    point to;
    to.line = row.line;
    listed_address where;
    if (auto fault = read_point(row, to, where); !fault.empty()) {
        out_.refused.push_back({row.line, std::move(fault)});
        return;
    }
    where.registers = to.registers;
    without_table_ += where.table_said ? 0 : 1;
    addresses_.push_back(where);
    out_.points.push_back(std::move(to));
}

/// Names of topics, no two alike.
void list_reader::name_points() {
    std::unordered_set<std::string> taken;
    std::unordered_map<std::string, int> last;  // the number of its last namesake: a list may have one name 20,000 times
    for (auto& one : out_.points) {
        if (one.name.empty()) one.name = std::string(name_of(one.table)) + '_' + std::to_string(one.number);
        auto name = one.name;
        const auto start = one.name.substr(0, one.name.size() - config::without_first(one.name, room_for_number).size());
        for (auto& i = last.emplace(start, 1).first->second; !taken.insert(name).second;)
            name = start + '_' + std::to_string(++i);
        one.name = name;
    }
}

void list_reader::tell_assumptions() {
    const auto lines = [](std::size_t count) { return std::to_string(count) + (count == 1 ? " line has" : " lines have"); };
    if (without_type_ > 0) out_.notes.push_back(lines(without_type_) + " no type: taken as unsigned numbers of their length");
    if (without_table_ > 0 && out_.notation != notation::modicon)
        out_.notes.push_back(lines(without_table_) + " no function or table: taken as holding registers (else: --table input)");
    if (large_scales_ > 0)
        out_.notes.push_back(lines(large_scales_) +
                             " a scale of 10, 100 or 1000, which is multiplied with; if the maker means to divide: --divide");
    if (little_endian_) out_.notes.push_back("'little endian' is taken as DCBA; where values are nonsense try --order CDAB");
    if (table_.latin1) out_.notes.push_back("the file isn't UTF-8: taken as Windows-1252 (Latin-1)");
}

register_list list_reader::read() {
    judge_addresses();
    judge_columns();
    out_.unused = columns_.unused;
    for (auto i = columns_.head + 1; i < table_.rows.size(); ++i)
        if (!table_.rows[i].hash) read_row(table_.rows[i]);
    const auto found = judge_notation(addresses_, columns_.base, wishes_.notation);
    out_.notation = found.notation;
    out_.why_notation = found.why;
    out_.sure = found.sure;
    std::vector<point> good;
    for (std::size_t i = 0; i < out_.points.size(); ++i) {
        auto& one = out_.points[i];
        if (auto fault = apply_notation(found.notation, addresses_[i], one.table, one.number); !fault.empty())
            out_.refused.push_back({one.line, std::move(fault)});
        else
            good.push_back(std::move(one));
    }
    out_.points = std::move(good);
    std::sort(out_.refused.begin(), out_.refused.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    name_points();
    tell_assumptions();
    return std::move(out_);
}

}  // namespace

register_list read_registers(const csv_table& from, const list_wishes& wishes) {
    register_list out;
    out.problem = from.problem;
    if (!out.problem.empty()) return out;
    if (from.rows.empty()) {
        out.problem = "it has no lines";
        return out;
    }
    const auto columns = find_columns(from, wishes.columns, out.problem);
    if (!columns) return out;
    return list_reader(from, *columns, wishes).read();
}

}  // namespace gateway

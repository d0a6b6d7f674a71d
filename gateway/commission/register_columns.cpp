// gateway/commission/register_columns.cpp: makers' words for columns, in several languages.
#include "gateway/commission/register_columns.hpp"

#include <algorithm>

#include "gateway/commission/register_words.hpp"

namespace gateway {
namespace {

struct spelling {
    column what;
    std::string_view words;
};

/// As plain_words() gives them. Whole heads count more than parts of them; the longer part more than the shorter.
constexpr std::array spellings = {
    spelling{column::name, "name"},
    spelling{column::name, "parameter"},
    spelling{column::name, "parameter name"},
    spelling{column::name, "register name"},
    spelling{column::name, "signal"},
    spelling{column::name, "signal name"},
    spelling{column::name, "variable"},
    spelling{column::name, "tag"},
    spelling{column::name, "tag name"},
    spelling{column::name, "point"},
    spelling{column::name, "point name"},
    spelling{column::name, "label"},
    spelling{column::name, "measurement"},
    spelling{column::name, "quantity"},
    spelling{column::name, "data item"},
    spelling{column::name, "item"},
    spelling{column::name, "bezeichnung"},
    spelling{column::name, "messwert"},
    spelling{column::name,
             "messgr\xC3\xB6\xC3\x9F"
             "e"},
    spelling{column::name, "nombre"},
    spelling{column::name, "d\xC3\xA9signation"},
    spelling{column::name, "libell\xC3\xA9"},
    spelling{column::name, "nom"},
    spelling{column::name, "nome"},
    spelling{column::name, "naam"},
    spelling{column::description, "description"},
    spelling{column::description, "meaning"},
    spelling{column::description, "definition"},
    spelling{column::description, "content"},
    spelling{column::description, "contents"},
    spelling{column::description, "beschreibung"},
    spelling{column::description, "bedeutung"},
    spelling{column::description, "descripci\xC3\xB3n"},
    spelling{column::description, "descrizione"},
    spelling{column::description, "omschrijving"},
    spelling{column::address, "address"},
    spelling{column::address, "addr"},
    spelling{column::address, "adr"},
    spelling{column::address, "adresse"},
    spelling{column::address, "direcci\xC3\xB3n"},
    spelling{column::address, "indirizzo"},
    spelling{column::address, "adres"},
    spelling{column::address, "registre"},
    spelling{column::address, "registro"},
    spelling{column::address, "register"},
    spelling{column::address, "registers"},
    spelling{column::address, "reg"},
    spelling{column::address, "register address"},
    spelling{column::address, "reg address"},
    spelling{column::address, "reg addr"},
    spelling{column::address, "registeradresse"},
    spelling{column::address, "modbus address"},
    spelling{column::address, "modbus register"},
    spelling{column::address, "modbus adresse"},
    spelling{column::address, "start address"},
    spelling{column::address, "starting address"},
    spelling{column::address, "start register"},
    spelling{column::address, "address dec"},
    spelling{column::address, "dec"},
    spelling{column::address, "decimal"},
    spelling{column::address, "register no"},
    spelling{column::address, "register nr"},
    spelling{column::address, "register number"},
    spelling{column::address, "reg no"},
    spelling{column::address, "reg nr"},
    spelling{column::address, "protocol address"},
    spelling{column::address, "pdu address"},
    spelling{column::address, "register offset"},
    spelling{column::address, "address offset"},
    spelling{column::hex_address, "hex"},
    spelling{column::hex_address, "hex address"},
    spelling{column::hex_address, "address hex"},
    spelling{column::hex_address, "register hex"},
    spelling{column::hex_address, "hexadecimal"},
    spelling{column::modicon_address, "modicon"},
    spelling{column::modicon_address, "modicon address"},
    spelling{column::modicon_address, "plc address"},
    spelling{column::modicon_address, "reference"},
    spelling{column::table, "function"},
    spelling{column::table, "function code"},
    spelling{column::table, "func code"},
    spelling{column::table, "functions"},
    spelling{column::table, "fc"},
    spelling{column::table, "fcode"},
    spelling{column::table, "funktion"},
    spelling{column::table, "fonction"},
    spelling{column::table, "funci\xC3\xB3n"},
    spelling{column::table, "funzione"},
    spelling{column::table, "funktionscode"},
    spelling{column::table, "register type"},
    spelling{column::table, "registertype"},
    spelling{column::table, "reg type"},
    spelling{column::table, "registerart"},
    spelling{column::table, "registertyp"},
    spelling{column::table, "table"},
    spelling{column::table, "memory area"},
    spelling{column::table, "area"},
    spelling{column::table, "object type"},
    spelling{column::type, "type"},
    spelling{column::type, "data type"},
    spelling{column::type, "datatype"},
    spelling{column::type, "data format"},
    spelling{column::type, "format"},
    spelling{column::type, "datentyp"},
    spelling{column::type, "typ"},
    spelling{column::type, "tipo"},
    spelling{column::type, "tipo de dato"},
    spelling{column::type, "value type"},
    spelling{column::type, "encoding"},
    spelling{column::length, "length"},
    spelling{column::length, "len"},
    spelling{column::length, "size"},
    spelling{column::length, "count"},
    spelling{column::length, "quantity of registers"},
    spelling{column::length, "number of registers"},
    spelling{column::length, "no of registers"},
    spelling{column::length, "num registers"},
    spelling{column::length, "words"},
    spelling{column::length, "word count"},
    spelling{column::length, "register count"},
    spelling{column::length, "bytes"},
    spelling{column::length, "bits"},
    spelling{column::length, "l\xC3\xA4nge"},
    spelling{column::length, "anzahl"},
    spelling{column::length, "longueur"},
    spelling{column::length, "longitud"},
    spelling{column::length, "anzahl register"},
    spelling{column::scale, "scale"},
    spelling{column::scale, "scaling"},
    spelling{column::scale, "scale factor"},
    spelling{column::scale, "scaling factor"},
    spelling{column::scale, "factor"},
    spelling{column::scale, "multiplier"},
    spelling{column::scale, "coefficient"},
    spelling{column::scale, "resolution"},
    spelling{column::scale, "accuracy"},
    spelling{column::scale, "ratio"},
    spelling{column::scale, "faktor"},
    spelling{column::scale, "skalierung"},
    spelling{column::scale, "aufl\xC3\xB6sung"},
    spelling{column::scale, "escala"},
    spelling{column::scale, "facteur"},
    spelling{column::scale,
             "\xC3\xA9"
             "chelle"},
    spelling{column::divisor, "divisor"},
    spelling{column::divisor, "divider"},
    spelling{column::divisor, "divide by"},
    spelling{column::divisor, "teiler"},
    spelling{column::gain, "gain"},
    spelling{column::decimals, "decimals"},
    spelling{column::decimals, "decimal places"},
    spelling{column::decimals, "dp"},
    spelling{column::decimals, "nachkommastellen"},
    spelling{column::offset, "value offset"},
    spelling{column::offset, "zero offset"},
    spelling{column::unit, "unit"},
    spelling{column::unit, "units"},
    spelling{column::unit, "uom"},
    spelling{column::unit, "unit of measure"},
    spelling{column::unit, "engineering unit"},
    spelling{column::unit, "einheit"},
    spelling{column::unit, "unidad"},
    spelling{column::unit, "unit\xC3\xA9"},
    spelling{column::unit, "unit\xC3\xA0"},
    spelling{column::unit, "eenheid"},
    spelling{column::access, "access"},
    spelling{column::access, "access type"},
    spelling{column::access, "r w"},
    spelling{column::access, "rw"},
    spelling{column::access, "read write"},
    spelling{column::access, "attribute"},
    spelling{column::access, "permission"},
    spelling{column::access, "mode"},
    spelling{column::access, "zugriff"},
    spelling{column::access, "acceso"},
    spelling{column::access, "acc\xC3\xA8s"},
    spelling{column::order, "order"},
    spelling{column::order, "byte order"},
    spelling{column::order, "word order"},
    spelling{column::order, "endianness"},
    spelling{column::order, "endian"},
    spelling{column::order, "byteorder"},
    spelling{column::order, "wordorder"},
    spelling{column::bit, "bit"},
    spelling{column::bit, "bit number"},
    spelling{column::bit, "bit no"},
    spelling{column::bit, "bit position"},
    spelling{column::note, "note"},
    spelling{column::note, "notes"},
    spelling{column::note, "remark"},
    spelling{column::note, "remarks"},
    spelling{column::note, "comment"},
    spelling{column::note, "comments"},
    spelling{column::note, "bemerkung"},
    spelling{column::note, "kommentar"},
};

bool has_words(std::string_view text, std::string_view words) {
    for (auto at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) {
        const bool begins = at == 0 || text[at - 1] == ' ';
        const bool ends = at + words.size() == text.size() || text[at + words.size()] == ' ';
        if (begins && ends) return true;
    }
    return false;
}

struct guess {
    column what;
    std::size_t worth;
};

constexpr std::size_t whole_head = 1000;
constexpr std::size_t longest_head = 80;  // a longer one is a sentence

std::optional<guess> meaning(const std::string& head) {
    if (head.size() > longest_head) return std::nullopt;
    const auto words = plain_words(head);
    const auto before_bracket = plain_words(head.substr(0, head.find_first_of("([")));
    std::optional<guess> best;
    for (const auto& one : spellings) {
        std::size_t worth = 0;
        if (words == one.words || before_bracket == one.words)
            worth = whole_head + one.words.size();
        else if (has_words(words, one.words))
            worth = one.words.size();
        if (worth > 0 && (!best || worth > best->worth)) best = guess{one.what, worth};
    }
    if (best && best->what == column::address && has_words(words, "hex") && !has_words(words, "dec"))
        return guess{column::hex_address, best->worth};
    return best;
}

std::size_t index(column which) { return static_cast<std::size_t>(which); }

register_columns columns_of(const csv_row& head) {
    register_columns out;
    std::array<std::size_t, column_count> worth{};
    for (std::size_t i = 0; i < head.cells.size(); ++i) {
        const auto found = meaning(head.cells[i]);
        if (!found || found->worth <= worth[index(found->what)]) continue;
        worth[index(found->what)] = found->worth;
        out.at[index(found->what)] = i;
    }
    return out;
}

std::size_t known(const register_columns& columns) {
    return static_cast<std::size_t>(std::count_if(columns.at.begin(), columns.at.end(), [](const auto& one) { return one; }));
}

bool has_address(const register_columns& columns) {
    return columns.has(column::address) || columns.has(column::hex_address) || columns.has(column::modicon_address);
}

/// A column "Type" may hold "Holding", and one "Format" a function: its cells tell.
void look_at_types(const csv_table& table, register_columns& columns) {
    if (!columns.has(column::type) || columns.has(column::table)) return;
    std::size_t types = 0;
    std::size_t tables = 0;
    for (auto i = columns.head + 1; i < table.rows.size(); ++i) {
        const auto& cell = columns.cell(table.rows[i], column::type);
        types += type_in(cell) ? 1 : 0;
        tables += !type_in(cell) && table_in(cell) ? 1 : 0;
    }
    if (tables <= types) return;
    columns.at[index(column::table)] = columns.at[index(column::type)];
    columns.at[index(column::type)].reset();
}

void look_at_heads(const csv_row& head, register_columns& columns) {
    const auto words = [&](column which) { return columns.has(which) ? plain_words(columns.cell(head, which)) : std::string(); };
    const auto length = words(column::length);
    columns.length_in_bytes = has_words(length, "bytes") || has_words(length, "byte");
    columns.length_in_bits = has_words(length, "bits") || has_words(length, "bit");
    const auto address = words(column::address);
    for (const std::string_view zero :
         {"protocol", "pdu", "offset", "0 based", "zero based", "base 0", "from 0", "starting from 0"})
        if (has_words(address, zero)) columns.base = 0;
    for (const std::string_view one : {"1 based", "one based", "base 1", "from 1", "starting from 1"})
        if (has_words(address, one)) columns.base = 1;
}

/// Cells that were merged down over two lines have their words in the upper one.
register_columns with_line_above(const csv_table& table, const register_columns& found) {
    auto head = table.rows[found.head];
    const auto& above = table.rows[found.head - 1].cells;
    for (std::size_t i = 0; i < std::min(head.cells.size(), above.size()); ++i) {
        const auto means = meaning(above[i]);
        if (head.cells[i].empty() && means && means->worth >= whole_head) head.cells[i] = above[i];
    }
    auto out = columns_of(head);
    out.head = found.head;
    return out;
}

void note_unused(const csv_row& head, register_columns& columns) {
    for (std::size_t i = 0; i < head.cells.size(); ++i) {
        const bool used = std::find(columns.at.begin(), columns.at.end(), i) != columns.at.end();
        if (!used && !plain_words(head.cells[i]).empty()) columns.unused.push_back(head.cells[i]);
    }
}

bool has_heads(const csv_row& row, const std::vector<std::pair<std::string, std::string>>& told) {
    return std::all_of(told.begin(), told.end(), [&](const auto& one) {
        return std::any_of(row.cells.begin(), row.cells.end(),
                           [&](const std::string& cell) { return plain_words(cell) == plain_words(one.second); });
    });
}

bool take_told(const csv_table& table, const std::vector<std::pair<std::string, std::string>>& told, register_columns& to,
               std::string& why) {
    for (const auto& [what, head] : told) {
        std::optional<std::size_t> which;
        for (std::size_t i = 0; i < column_count; ++i)
            if (name_of(static_cast<column>(i)) == what) which = i;
        if (!which) {
            why = "'" + what + "' is none of the columns known here";
            return false;
        }
        const auto& cells = table.rows[to.head].cells;
        const auto found =
            std::find_if(cells.begin(), cells.end(), [&](const auto& one) { return plain_words(one) == plain_words(head); });
        const auto at = static_cast<std::size_t>(found - cells.begin());
        for (auto& other : to.at)
            if (other == at) other.reset();
        to.at[*which] = at;
    }
    return true;
}

}  // namespace

const char* name_of(column which) {
    static constexpr std::array<const char*, column_count> names = {
        "name", "description", "address", "hex-address", "modicon-address", "table", "type", "length", "scale", "divisor",
        "gain", "decimals",    "offset",  "unit",        "access",          "order", "bit",  "note"};
    return names[index(which)];
}

const std::string& register_columns::cell(const csv_row& row, column which) const {
    static const std::string none;
    const auto& where = at[index(which)];
    return where && *where < row.cells.size() ? row.cells[*where] : none;
}

std::optional<register_columns> find_columns(const csv_table& table, const std::vector<std::pair<std::string, std::string>>& told,
                                             std::string& why) {
    constexpr std::size_t rows_looked_at = 40;
    std::optional<register_columns> best;
    for (std::size_t i = 0; i < std::min(table.rows.size(), rows_looked_at); ++i) {
        auto found = columns_of(table.rows[i]);
        found.head = i;
        if (told.empty() ? !has_address(found) || known(found) < 2 : !has_heads(table.rows[i], told)) continue;
        const auto rank = [&](const register_columns& one) { return std::pair(!table.rows[one.head].hash, known(one)); };
        if (!best || rank(found) > rank(*best)) best = found;
    }
    if (!best && !told.empty()) {
        why = "no line heads its columns with";
        for (const auto& one : told) why += (&one == &told.front() ? " '" : " and '") + one.second + '\'';
        return std::nullopt;
    }
    if (!best) {
        why =
            "no line heads its columns in words known here; there must be one for the address and one more, such as name, type, "
            "unit or scale (or say which: --column address=HEAD)";
        return std::nullopt;
    }
    if (told.empty() && best->head > 0) *best = with_line_above(table, *best);
    if (!take_told(table, told, *best, why)) return std::nullopt;
    if (!has_address(*best)) {
        why = "no column is one of addresses: --column address=HEAD";
        return std::nullopt;
    }
    look_at_types(table, *best);
    look_at_heads(table.rows[best->head], *best);
    note_unused(table.rows[best->head], *best);
    return best;
}

}  // namespace gateway

// gateway/commission/csv.cpp: RFC 4180, and what spreadsheets make of it.
#include "gateway/commission/csv.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include "gateway/delivery/payload.hpp"

namespace gateway {
namespace {

/// 0x80 to 0x9F of Windows-1252; the rest is Latin-1.
constexpr std::array<std::uint16_t, 32> windows_1252 = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                        0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
                                                        0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                        0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

void append_utf8(std::string& to, unsigned code) {
    if (code < 0x80) {
        to += static_cast<char>(code);
    } else if (code < 0x800) {
        to += static_cast<char>(0xC0 | code >> 6);
        to += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        to += static_cast<char>(0xE0 | code >> 12);
        to += static_cast<char>(0x80 | (code >> 6 & 0x3F));
        to += static_cast<char>(0x80 | (code & 0x3F));
    }
}

std::string from_windows_1252(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        append_utf8(out, byte >= 0x80 && byte < 0xA0 ? windows_1252[byte - 0x80u] : byte);
    }
    return out;
}

/// Also without the no-break spaces that spreadsheets leave.
std::string trimmed(std::string_view cell) {
    constexpr std::string_view no_break = "\xC2\xA0";
    const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    for (bool more = true; more;) {
        more = false;
        if (!cell.empty() && is_blank(cell.front())) cell.remove_prefix(1), more = true;
        if (!cell.empty() && is_blank(cell.back())) cell.remove_suffix(1), more = true;
        if (cell.starts_with(no_break)) cell.remove_prefix(2), more = true;
        if (cell.ends_with(no_break)) cell.remove_suffix(2), more = true;
    }
    return std::string(cell);
}

class splitter {
public:
    splitter(std::string_view text, char delimiter, std::size_t most_rows)
        : text_(text), delimiter_(delimiter), most_rows_(most_rows) {}

    /// False: more than the limits allow, `problem` says what.
    bool split(std::vector<csv_row>& to, std::string& problem);

private:
    std::string cell();
    std::string quoted_cell();
    void note_open_quote(std::size_t line);
    bool at_end_of_row() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }
    void end_row();

    std::string_view text_;
    char delimiter_;
    std::size_t most_rows_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t open_quote_ = 0;  // the line of a quote that has no end in its cell; 0: there is none
};

void splitter::note_open_quote(std::size_t line) {
    if (open_quote_ == 0) open_quote_ = line;
}

std::string splitter::quoted_cell() {
    const auto begun = line_;
    bool closed = false;
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
        const char c = text_[at_];
        if (c == '\n') ++line_;
        if (c != '"') {
            out += c == '\n' || c == '\r' ? ' ' : c;
        } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
            out += text_[++at_];
        } else {
            ++at_;
            closed = true;
            break;
        }
    }
    const auto size = out.size();
    while (!at_end_of_row() && text_[at_] != delimiter_) out += text_[at_++];  // what follows the quote
    // The sign for inches at the begin of a cell would swallow the lines up to the next quote.
    const bool more_follows = line_ > begun && out.find_first_not_of(' ', size) != std::string::npos;
    if (!closed || more_follows) note_open_quote(begun);
    return out;
}

std::string splitter::cell() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ < text_.size() && text_[at_] == '"') return quoted_cell();
    const auto from = at_;
    while (!at_end_of_row() && text_[at_] != delimiter_) ++at_;
    return std::string(text_.substr(from, at_ - from));
}

void splitter::end_row() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
}

bool splitter::split(std::vector<csv_row>& to, std::string& problem) {
    while (at_ < text_.size()) {
        csv_row row;
        row.line = line_;
        row.hash = text_[at_] == '#';
        for (;;) {
            row.cells.push_back(trimmed(cell()));
            if (row.cells.size() > most_csv_cells) {
                problem = "line " + std::to_string(row.line) + " has more than " + std::to_string(most_csv_cells) + " columns";
                return false;
            }
            if (at_end_of_row()) break;
            ++at_;
        }
        end_row();
        if (open_quote_ > 0) {
            problem = "line " + std::to_string(open_quote_) + " has a quotation mark that begins a cell and doesn't end it";
            return false;
        }
        const bool empty = std::all_of(row.cells.begin(), row.cells.end(), [](const std::string& one) { return one.empty(); });
        if (empty) continue;
        if (to.size() >= most_rows_) {
            problem = "more than " + std::to_string(most_rows_) + " lines";
            return false;
        }
        to.push_back(std::move(row));
    }
    return true;
}

constexpr std::size_t rows_judged = 50;

/// How evenly and how far this delimiter splits the first lines.
std::size_t worth(std::string_view text, char delimiter) {
    std::vector<csv_row> rows;
    std::string problem;
    splitter(text, delimiter, rows_judged).split(rows, problem);
    std::map<std::size_t, std::size_t> by_width;
    for (const auto& row : rows)
        if (!row.hash) ++by_width[row.cells.size()];
    std::size_t best = 0;
    for (const auto& [width, count] : by_width) best = std::max(best, (width - 1) * count * count);
    return best;
}

}  // namespace

csv_table read_csv(std::string_view text) {
    csv_table out;
    if (text.size() > largest_csv) {
        out.problem = "it is larger than 4 MiB";
        return out;
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        out.problem = "it is UTF-16; save it as CSV in UTF-8";
        return out;
    }
    if (text.starts_with("PK\x03\x04")) {
        out.problem = "it is a spreadsheet (or another zip archive); save it as CSV";
        return out;
    }
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (text.find('\0') != std::string_view::npos) {
        out.problem = "it has NUL bytes, so it is no text";
        return out;
    }
    out.latin1 = !is_text(text);
    const auto as_utf8 = out.latin1 ? from_windows_1252(text) : std::string(text);
    std::size_t best = 0;
    for (const char each : {',', ';', '\t', '|'})
        if (const auto found = worth(as_utf8, each); found > best) best = found, out.delimiter = each;
    if (!splitter(as_utf8, out.delimiter, most_csv_rows).split(out.rows, out.problem)) out.rows.clear();
    return out;
}

}  // namespace gateway

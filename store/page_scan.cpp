// store/page_scan.cpp: cells and records, bounds checked before everything.
#include "store/page_scan.hpp"

#include <algorithm>
#include <array>

#include "store/retention.hpp"

namespace store {
namespace {

constexpr std::size_t header_size = 8;
constexpr std::uint64_t largest_local = page_size - 35;
constexpr std::uint64_t smallest_local = (page_size - 12) * 32 / 255 - 23;

/// SQLite's own variable-length integers: big-endian, the ninth byte whole.
class varint_reader {
public:
    varint_reader(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}
    std::uint64_t next() {
        std::uint64_t value = 0;
        for (int i = 0; i < 9; ++i) {
            if (at_ >= bytes_.size()) {
                failed_ = true;
                return 0;
            }
            const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
            if (i == 8) return value << 8 | byte;
            value = value << 7 | (byte & 0x7F);
            if (byte < 0x80) break;
        }
        return value;
    }
    bool failed() const { return failed_; }
    std::size_t position() const { return at_; }

private:
    std::string_view bytes_;
    std::size_t at_;
    bool failed_ = false;
};

/// At most a page, whatever the cell claims.
std::size_t local_size(std::uint64_t payload) {
    if (payload <= largest_local) return static_cast<std::size_t>(payload);
    const auto size = static_cast<std::size_t>(smallest_local + (payload - smallest_local) % (page_size - 4));
    return size <= largest_local ? size : smallest_local;
}

std::optional<leaf_cell> cell_at(std::string_view page, std::size_t at, std::uint64_t most) {
    varint_reader numbers(page, at);
    leaf_cell cell;
    cell.size = numbers.next();
    cell.key = static_cast<std::int64_t>(numbers.next());
    if (numbers.failed() || cell.size == 0 || cell.size > most) return std::nullopt;
    const std::size_t local = local_size(cell.size);
    const bool overflows = local < cell.size;
    if (numbers.position() + local + (overflows ? 4 : 0) > page.size()) return std::nullopt;
    cell.local = page.substr(numbers.position(), local);
    if (overflows) cell.overflow = read_32(page, numbers.position() + local);
    return cell;
}

bool is_integer(std::uint64_t type) { return (type >= 1 && type <= 6) || type == 8 || type == 9; }

constexpr std::array<std::uint8_t, 10> integer_sizes{0, 1, 2, 3, 4, 6, 8, 0, 0, 0};

/// Requires: is_integer(type). Nothing: it isn't there.
std::optional<std::int64_t> take_integer(std::string_view from, std::uint64_t type, std::size_t& at) {
    if (type >= 8) return static_cast<std::int64_t>(type - 8);
    const std::size_t size = integer_sizes.at(static_cast<std::size_t>(type));
    if (at + size > from.size()) return std::nullopt;
    // The sign is that of the first byte.
    std::uint64_t value = (static_cast<std::uint8_t>(from[at]) & 0x80) != 0 ? UINT64_MAX : 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<std::uint8_t>(from[at + i]);
    at += size;
    return static_cast<std::int64_t>(value);
}

}  // namespace

std::uint16_t read_16(std::string_view from, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(from[at]) << 8 | static_cast<std::uint8_t>(from[at + 1]));
}

std::uint32_t read_32(std::string_view from, std::size_t at) {
    return static_cast<std::uint32_t>(read_16(from, at)) << 16 | read_16(from, at + 2);
}

leaf_scan scan_leaf(std::string_view page, std::uint64_t most) {
    leaf_scan found;
    found.sound = static_cast<std::uint8_t>(page[0]) == table_leaf;
    const std::size_t cells = read_16(page, 3);
    const std::size_t pointers_end = header_size + 2 * cells;
    if (pointers_end > page.size()) found.sound = false;
    for (std::size_t at = header_size; at + 2 <= std::min(pointers_end, page.size()); at += 2) {
        const std::size_t start = read_16(page, at);
        const auto cell = start >= header_size && start < page.size() ? cell_at(page, start, most) : std::nullopt;
        if (!cell || (!found.cells.empty() && cell->key <= found.cells.back().key)) found.sound = false;
        if (cell) found.cells.push_back(*cell);
    }
    return found;
}

std::optional<row_header> row_header_of(const leaf_cell& cell) {
    varint_reader header(cell.local, 0);
    const std::uint64_t header_end = header.next();
    if (header.failed() || header_end > cell.local.size()) return std::nullopt;
    std::array<std::uint64_t, 4> types{};
    std::size_t columns = 0;
    while (header.position() < header_end && columns < types.size()) types[columns++] = header.next();
    if (header.failed() || header.position() != header_end || columns < 3) return std::nullopt;

    // The first column is the key, which stands in the cell; the last one is what the row is about.
    if (types[0] != 0) return std::nullopt;
    for (std::size_t i = 1; i + 1 < columns; ++i)
        if (!is_integer(types[i])) return std::nullopt;
    const std::uint64_t last = types[columns - 1];
    if (last < 12) return std::nullopt;
    const bool is_text = last % 2 == 1;
    row_header row;
    row.kind = columns == 4 ? (is_text ? row_kind::note : row_kind::log) : is_text ? row_kind::text : row_kind::dead_letter;
    auto at = static_cast<std::size_t>(header_end);  // the reader got there, so it lies in the cell
    if (columns == 4) {
        const auto count = take_integer(cell.local, types[1], at);
        if (!count) return std::nullopt;
        row.count = *count;
    }
    const auto crc = take_integer(cell.local, types[columns - 2], at);
    if (!crc) return std::nullopt;
    row.crc = *crc;
    row.data_at = at;
    if (cell.size - at != (last - 12) / 2) return std::nullopt;
    return row;
}

}  // namespace store

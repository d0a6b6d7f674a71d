// store/dead_letters.cpp: rows of the table of dead letters, in and out.
#include "store/dead_letters.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "store/bytes.hpp"
#include "store/segment.hpp"

namespace store {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::size_t longest_reason = 200;

/// Its first bytes, without half a character of UTF-8 at the end.
std::string_view shortened(std::string_view reason) {
    if (reason.size() <= longest_reason) return reason;
    std::size_t size = longest_reason;
    while (size > longest_reason - 3 && (static_cast<std::uint8_t>(reason[size]) & 0xC0) == 0x80) --size;
    return reason.substr(0, size);
}

std::string encode(const dead_letter& what, std::string_view boot) {
    std::string to(1, static_cast<char>(format));
    put_varint(to, static_cast<std::uint64_t>(number(what.sequence)));
    to.push_back(static_cast<char>(what.reason_code));
    put_text(to, shortened(what.reason));
    segment_writer alone(text_reference{0, boot});
    alone.add(what.message, text_reference{0, what.message.topic}, SIZE_MAX);
    return to + alone.data();
}

std::optional<dead_letter> decode(std::string_view data) {
    byte_reader from(data);
    if (from.byte() != format) return std::nullopt;
    dead_letter found;
    const std::uint64_t sequence_there = from.varint();
    found.reason_code = from.byte();
    found.reason = from.text();
    if (from.failed() || sequence_there > INT64_MAX) return std::nullopt;
    found.sequence = sequence{static_cast<std::int64_t>(sequence_there)};
    segment_reader alone(1, 1, std::string(data.substr(from.position())));
    stored_message one;
    if (!alone.next(dictionary(), one)) return std::nullopt;
    found.message = std::move(one.message);
    return found;
}

}  // namespace

result<void> dead_letter_table::prepare() {
    using entry = std::pair<statement*, const char*>;
    const std::array all{
        entry{&put_, "INSERT INTO dead_letter(number, crc, data) VALUES(?1, ?2, ?3)"},
        entry{&from_, "SELECT number, crc, data FROM dead_letter WHERE number >= ?1 ORDER BY number"},
        entry{&oldest_, "SELECT number, length(data) FROM dead_letter ORDER BY number LIMIT 1"},
        entry{&size_, "SELECT length(data) FROM dead_letter WHERE number = ?1"},
        entry{&erase_, "DELETE FROM dead_letter WHERE number = ?1"},
        entry{&clear_, "DELETE FROM dead_letter"},
    };
    for (const auto& [to, sql] : all)
        if (const auto ready = to->prepare(file_, sql); !ready) return ready;
    return {};
}

result<void> dead_letter_table::add(const dead_letter& what, std::string_view boot, const bounds& within, dead_letter_state& in) {
    const std::string data = encode(what, boot);
    // The others needn't go for one that has no room even so.
    bool has_room = within.messages >= 1 && data.size() <= within.bytes;
    while (has_room && (in.counts.messages >= within.messages || in.counts.bytes + data.size() > within.bytes)) {
        const auto removed = remove_oldest(in);
        if (!removed) return removed.error();
        if (!*removed) break;
    }
    if (!has_room) {
        ++in.counts.crowded_out;
        return {};
    }
    ++in.last;
    ++in.counts.messages;
    in.counts.bytes += data.size();
    return put_.execute(in.last, static_cast<std::int64_t>(row_checksum(in.last, 0, data)), std::string_view(data));
}

/// False: there is none, whatever the counts say.
result<bool> dead_letter_table::remove_oldest(dead_letter_state& in) {
    std::int64_t oldest = 0;
    std::int64_t bytes = 0;
    {
        auto found = oldest_.select();
        if (!found) return found.error();
        const auto row = found->next();
        if (!row) return row.error();
        if (!*row) {
            in.counts.messages = in.counts.bytes = 0;
            return false;
        }
        oldest = found->integer(0);
        bytes = found->integer(1);
    }
    ++in.counts.crowded_out;
    if (const auto erased = erase(oldest, bytes, in); !erased) return erased.error();
    return true;
}

result<void> dead_letter_table::erase(std::int64_t number, std::int64_t bytes, dead_letter_state& in) {
    in.counts.messages -= std::min<std::uint64_t>(1, in.counts.messages);
    in.counts.bytes -= std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(0, bytes)), in.counts.bytes);
    return erase_.execute(number);
}

result<void> dead_letter_table::remove(std::span<const dead_letter_number> which, dead_letter_state& in) {
    for (const dead_letter_number one : which) {
        std::int64_t bytes = 0;
        {
            auto found = size_.select(number(one));
            if (!found) return found.error();
            const auto row = found->next();
            if (!row) return row.error();
            if (!*row) continue;
            bytes = found->integer(0);
        }
        if (const auto erased = erase(number(one), bytes, in); !erased) return erased;
    }
    return {};
}

result<void> dead_letter_table::remove_all(dead_letter_state& in) {
    in.counts.messages = in.counts.bytes = 0;
    return clear_.execute();
}

result<std::vector<dead_letter>> dead_letter_table::read(dead_letter_number from, std::size_t most) {
    std::vector<dead_letter> found;
    auto rows = from_.select(number(from));
    if (!rows) return rows.error();
    while (found.size() < most) {
        const auto row = rows->next();
        if (!row && found.empty()) return row.error();
        if (!row || !*row) break;
        const std::int64_t number = rows->integer(0);
        const std::string_view data = rows->bytes(2);
        auto one = rows->integer(1) == row_checksum(number, 0, data) ? decode(data) : std::nullopt;
        // What comes before damage is good; the next call, which begins with it, reports it.
        if (!one && found.empty())
            return error(errc::damaged, file_.path() + ": dead letter " + std::to_string(number) +
                                            " fails its checksum; read on with the next, or remove it");
        if (!one) break;
        one->number = dead_letter_number{number};
        found.push_back(std::move(*one));
    }
    return found;
}

}  // namespace store

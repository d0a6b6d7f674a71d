// store/dead_letters.hpp: the table of dead letters: messages that were given up, with the reason, until somebody looks.
// Not here: which message is given up, and that it leaves the log at the same time (queue.cpp).
//
// A row's data, format 1:
//     1 byte          format, 1
//     varint          the sequence number that it had in the log
//     1 byte          reason code
//     varint, bytes   reason
//     the rest        a segment (segment.hpp) of this message alone, its texts in full
// The row's CRC covers its number and the data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "store/queue.hpp"
#include "store/record.hpp"
#include "store/sqlite.hpp"

namespace store {

class dead_letter_table {
public:
    explicit dead_letter_table(connection& file) : file_(file) {}
    result<void> prepare();

    struct bounds {
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;
    };
    /// Gives it a number; the oldest go until it fits. `boot`: in which the message was taken.
    result<void> add(const dead_letter& what, std::string_view boot, const bounds& within, dead_letter_state& in);
    result<void> remove(std::span<const dead_letter_number> which, dead_letter_state& in);
    result<void> remove_all(dead_letter_state& in);

    result<std::vector<dead_letter>> read(dead_letter_number from, std::size_t most);

private:
    result<bool> remove_oldest(dead_letter_state& in);
    result<void> erase(std::int64_t number, std::int64_t bytes, dead_letter_state& in);

    connection& file_;
    statement put_, from_, oldest_, size_, erase_, clear_;
};

}  // namespace store

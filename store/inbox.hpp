// store/inbox.hpp: what a transaction does to the inbox, the messages received and not yet handled; and reading them.
// Knows the table through log.hpp; what has become of the transaction is queue.cpp's business: the state comes in and goes out.
//
// Messages received in one commit are a segment like those of the log (segment.hpp), in keys of their own (schema.hpp), with
// their texts in full: topics come from the wire here and could fill the dictionary. A segment is removed when all of its
// messages are handled. Until then the state lists those that are, which is rarely long: commands come alone, and whoever
// takes a stream of messages handles them in order.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "store/log.hpp"
#include "store/queue.hpp"
#include "store/record.hpp"

namespace store {

class inbox {
public:
    explicit inbox(log_table& log) : log_(log) {}

    /// False, and nothing is written: not all of them have room.
    result<bool> receive(std::span<const received_message> messages, std::string_view boot, std::uint64_t most_bytes,
                         inbox_state& in);
    result<void> handle(std::span<const inbox_number> handled, inbox_state& in);

    /// After damage: counts what is there.
    result<void> recount(inbox_state& in);

    result<std::vector<waiting_message>> read(const inbox_state& now, inbox_number from, std::size_t most_messages,
                                              std::size_t most_bytes);

private:
    log_table& log_;
};

}  // namespace store

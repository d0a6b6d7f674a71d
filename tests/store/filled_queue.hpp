// tests/store/filled_queue.hpp: a queue that has of everything that a file may hold, for tests that damage it.
#pragma once

#include <cstdint>
#include <string>

#include "store/queue.hpp"
#include "tests/store/messages.hpp"

namespace test {

inline std::size_t size_for(std::int64_t n) { return n % 10 == 0 ? 6000 : 60; }
inline store::message appended_message(std::int64_t n) { return make_message(static_cast<std::uint64_t>(n), size_for(n)); }
inline store::message received_message(std::int64_t n) {
    return make_rich_message(static_cast<std::uint64_t>(n), n % 10 == 0 ? 7000 : 40);
}

inline std::string audit_text(std::int64_t n) {
    return "entry " + std::to_string(n) + std::string(static_cast<std::size_t>(n) * 20, 'a');
}
inline std::string memory_text(std::int64_t n) {
    return std::to_string(n) + std::string(static_cast<std::size_t>(n) * 2000, 'm');
}

/// In many segments.
inline void append_up_to(store::queue& queue, std::int64_t last) {
    for (std::int64_t n = 1; n <= last;) {
        store::transaction work;
        for (int i = 0; i < 1 + n % 7 && n <= last; ++i, ++n) work.append.push_back(appended_message(n));
        must(queue.commit(work));
    }
}

/// A session, an inbox of 60 of which four are handled, and the messages 51 to 60 as dead letters, 30 audit entries and five
/// memories. `parking` moves the cursor beyond these.
inline void fill_beside_log(store::queue& queue, store::transaction parking) {
    store::transaction work = moving({at(20), at(25), at(40), {at(22), at(24)}, {at(30), at(28)}}, 22);
    work.session = store::session_record{"client", "broker", 9};
    work.held = {4, 3, 2};
    must(queue.commit(work));
    for (std::int64_t n = 1; n <= 60;) {
        store::transaction received;
        for (int i = 0; i < 1 + n % 5 && n <= 60; ++i, ++n) received.receive.push_back(received_message(n));
        must(queue.commit(received));
    }
    must(queue.commit(handling({1, 2, 20, 43})));
    for (std::int64_t n = 51; n <= 60; ++n) parking.park.push_back({at(n), static_cast<std::uint8_t>(n), "parked"});
    parking.settled.refused = 10;
    for (std::int64_t n = 1; n <= 30; ++n) parking.audit.push_back(audit_text(n));
    for (std::int64_t n = 1; n <= 5; ++n) parking.remember.push_back({"memory " + std::to_string(n), memory_text(n)});
    must(queue.commit(parking));
}

}  // namespace test

// tests/store/salvage_queue.hpp: the queue that the tests of salvage damage, and what must come out of it again.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/queue.hpp"
#include "tests/store/filled_queue.hpp"
#include "tests/store/messages.hpp"

namespace test {

#if defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

constexpr std::int64_t appended = 300;
constexpr std::int64_t acked = 60;
inline const std::vector<std::int64_t> acked_beyond{64, 70, 71};
constexpr std::int64_t in_last_commit = 3;  // messages

inline store::transaction appending_from(std::int64_t first, int count) {
    store::transaction made;
    for (int i = 0; i < count; ++i) made.append.push_back(appended_message(first + i));
    return made;
}

inline store::options how(const std::string& path) { return {path, 4 << 20, store::full_policy::drop_oldest, "boot"}; }

/// Everything that a file may hold. The last commit appends only, so that it can be missing without leaving a trace.
inline void fill(store::queue& queue) {
    append_up_to(queue, appended - in_last_commit);
    fill_beside_log(queue, moving({at(acked), at(acked), at(80), {at(64), at(70), at(71)}, {}}, 31));
    must(queue.commit(appending_from(298, 3)));
}

inline std::set<std::int64_t> unfinished() {
    std::set<std::int64_t> all;
    for (std::int64_t n = acked + 1; n <= appended; ++n)
        if (!std::count(acked_beyond.begin(), acked_beyond.end(), n)) all.insert(n);
    return all;
}

/// Reads to the end, or to where damage stops it, as delivery does; fails the test if anything else comes out than was put in.
inline std::set<std::int64_t> read_log(store::queue& queue, const store::cursor& from, std::optional<store::error>* stopped_by) {
    std::set<std::int64_t> seen;
    for (std::int64_t next = number(from.acked) + 1;;) {
        const auto some = queue.read(at(next), 1000, SIZE_MAX);
        if (!some) {
            CHECK(code_of(some) == store::errc::damaged);
            if (stopped_by != nullptr) *stopped_by = some.error();
            return seen;
        }
        if (some->empty()) return seen;
        for (const auto& m : *some) {
            const auto n = number(m.sequence);
            if (n < 1 || n > appended || m.message != appended_message(n)) FAIL("message " << n << " is another");
            if (n < next) FAIL("message " << n << " is out of order");
            next = n + 1;
            if (!std::binary_search(from.acked_beyond.begin(), from.acked_beyond.end(), m.sequence)) seen.insert(n);
        }
    }
}

}  // namespace test

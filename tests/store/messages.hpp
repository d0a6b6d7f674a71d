// tests/store/messages.hpp: messages whose content follows from a number, so that what comes back can be checked; and short
// words for what tests do with a queue.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "store/queue.hpp"
#include "store/tuning.hpp"

namespace test {

inline store::message make_message(std::uint64_t number, std::size_t payload_size) {
    std::mt19937_64 random(number);
    store::message made;
    made.topic = "plant7/boiler/point" + std::to_string(random() % 7);
    made.payload.resize(payload_size);
    for (std::size_t at = 0; at < payload_size; at += 512) {  // a piece differs from all others in its first bytes
        const std::uint64_t word = random();
        std::memset(made.payload.data() + at, static_cast<int>(word & 0xFF), std::min<std::size_t>(512, payload_size - at));
        std::memcpy(made.payload.data() + at, &word, std::min<std::size_t>(sizeof word, payload_size - at));
    }
    made.qos = static_cast<std::uint8_t>(1 + random() % 2);
    made.retain = random() % 2 == 0;
    made.taken = {static_cast<std::int64_t>(1'790'000'000'000 + number), static_cast<std::int64_t>(number), random() % 2 == 0};
    return made;
}

/// With what few messages have: an expiry, properties, any quality of service.
inline store::message make_rich_message(std::uint64_t number, std::size_t payload_size) {
    store::message made = make_message(number, payload_size);
    made.qos = static_cast<std::uint8_t>(number % 3);
    if (number % 2 == 0) made.expiry = static_cast<std::uint32_t>(number % 5 == 0 ? UINT32_MAX : number);
    if (number % 3 != 0) made.properties = std::string(number % 300, static_cast<char>(number));
    return made;
}

/// `count` messages with the numbers first, first + 1, …
inline store::transaction appending(std::uint64_t first, std::size_t count, std::size_t payload_size = 20) {
    store::transaction made;
    for (std::size_t i = 0; i < count; ++i) made.append.push_back(make_message(first + i, payload_size));
    return made;
}

inline store::transaction moving(store::cursor to, std::uint64_t acknowledged) {
    store::transaction made;
    made.cursor = std::move(to);
    made.settled.acknowledged = acknowledged;
    return made;
}

/// `count` rich messages with the numbers first, first + 1, …
inline store::transaction receiving(std::uint64_t first, std::size_t count, std::size_t payload_size = 20) {
    store::transaction made;
    for (std::size_t i = 0; i < count; ++i) made.receive.push_back(make_rich_message(first + i, payload_size));
    return made;
}

inline store::transaction handling(const std::vector<std::int64_t>& numbers) {
    store::transaction made;
    for (const auto n : numbers) made.handled.push_back(store::inbox_number{n});
    return made;
}

inline store::sequence at(std::int64_t number) { return store::sequence{number}; }

/// Fails the test with the error's own words.
template <typename T>
T must(store::result<T> what) {
    if (!what) FAIL(what.error().detail());
    return std::move(*what);
}

inline void must(store::result<void> what) {
    if (!what) FAIL(what.error().detail());
}

template <typename T>
store::errc code_of(const store::result<T>& what) {
    return what ? store::errc::none : what.error().code();
}

inline std::vector<std::int64_t> numbers(const std::vector<store::stored_message>& of) {
    std::vector<std::int64_t> found;
    for (const auto& m : of) found.push_back(number(m.sequence));
    return found;
}

inline std::vector<std::int64_t> numbers(const std::vector<store::waiting_message>& of) {
    std::vector<std::int64_t> found;
    for (const auto& m : of) found.push_back(number(m.number));
    return found;
}

inline std::vector<std::int64_t> numbers(const std::vector<store::dead_letter>& of) {
    std::vector<std::int64_t> found;
    for (const auto& m : of) found.push_back(number(m.number));
    return found;
}

inline std::vector<store::waiting_message> inbox_of(store::queue& queue) {
    return must(queue.read_inbox(store::inbox_number{1}, 1'000'000, SIZE_MAX));
}

inline std::vector<store::dead_letter> dead_letters_of(store::queue& queue) {
    return must(queue.read_dead_letters(store::dead_letter_number{1}, 1'000'000));
}

inline std::vector<store::stored_message> all_of(store::queue& queue) { return must(queue.read(at(1), 1'000'000, SIZE_MAX)); }

}  // namespace test

// tests/store/messages.hpp: messages whose content follows from a number, so that what comes back can be checked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "store/queue.hpp"

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

}  // namespace test

// tests/sim/content.hpp: messages whose content follows from a number, so that whoever receives one knows whether it is whole.
// Not here: topics (model_broker.hpp: topic_of_number).
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace sim {

/// "17 40 rrrr…": the number, so many letters, and these.
inline std::string payload_of(std::int64_t number, std::size_t letters) {
    std::string text = std::to_string(number) + ' ' + std::to_string(letters) + ' ';
    return text.append(letters, static_cast<char>('a' + number % 26));
}

inline std::int64_t number_in(const std::string& payload) { return std::strtoll(payload.c_str(), nullptr, 10); }

/// False: no message ever had it.
inline bool is_whole(const std::string& payload) {
    char* rest = nullptr;
    const std::int64_t number = std::strtoll(payload.c_str(), &rest, 10);
    const std::uint64_t letters = std::strtoull(rest, nullptr, 10);
    return letters <= payload.size() && payload == payload_of(number, letters);
}

}  // namespace sim

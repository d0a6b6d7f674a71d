// tests/conformance/codec_checks.hpp: what the codec's conformance tests check with: frames from parts, what decode() refuses,
// what encode() will not write.
// Not here: Catch2, and anything that the code under test computes.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <string>
#include <string_view>

#include "tests/mqtt/codec_support.hpp"

namespace mqtt::test {

constexpr auto v3 = version::v3_1_1;
constexpr auto v5 = version::v5;
constexpr auto client = sender::client;
constexpr auto server = sender::server;
constexpr auto malformed = reason::malformed_packet;
constexpr auto protocol = reason::protocol_error;

/// One byte of type and flags, the remaining length (below 2,097,152), and the rest.
inline std::string frame(unsigned first, std::string_view rest) {
    std::string result(1, static_cast<char>(first));
    auto left = rest.size();
    do {
        result += static_cast<char>(left % 128 + (left >= 128 ? 128 : 0));
        left /= 128;
    } while (left > 0);
    return result.append(rest);
}

/// Text with its length before it.
inline std::string field(std::string_view text) {
    std::string result{static_cast<char>(text.size() / 256), static_cast<char>(text.size() % 256)};
    return result.append(text);
}

/// Properties (fewer than 128 bytes) with their length before them.
inline std::string properties(std::string_view content) {
    std::string result(1, static_cast<char>(content.size()));
    return result.append(content);
}

/// Nothing: decode() takes it.
inline std::optional<reason> refusal(std::string_view bytes, version how, sender from) {
    const auto result = decode(as_bytes(bytes), how, from);
    return result ? std::nullopt : std::optional(result.error().code());
}

/// Whether the action ends the process by abort(), as a failed assert does. It runs in a process of its own.
template <typename Action>
bool aborts(Action action) {
    const auto child = ::fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);  // or Catch2 reports what is meant to happen
        ::close(STDERR_FILENO);
        action();
        ::_exit(0);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/// Whether encode() holds that the packet must not be written.
inline bool never_encoded(const packet& what, version how) {
    return aborts([&] { encoded(what, how); });
}

}  // namespace mqtt::test

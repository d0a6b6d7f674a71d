// adapters/modbus/link_answer.cpp: see link_answer.hpp.
// Not here: when each is due.
#include "adapters/modbus/link_answer.hpp"

#include <array>
#include <system_error>
#include <utility>

namespace modbus {
namespace {

std::string exception_phrase(std::uint8_t code) {
    static constexpr std::array<const char*, 12> names{"",
                                                       "illegal function",
                                                       "illegal data address",
                                                       "illegal data value",
                                                       "server device failure",
                                                       "acknowledge",
                                                       "server device busy",
                                                       "negative acknowledge",
                                                       "memory parity error",
                                                       "",
                                                       "gateway path unavailable",
                                                       "gateway target device failed to respond"};
    const std::string name = code < names.size() ? names[code] : "";
    return "exception " + std::to_string(code) + (name.empty() ? "" : ": " + name);
}

}  // namespace

answer no_answer(answer_status why, std::string detail) {
    answer result;
    result.status = why;
    result.detail = std::move(detail);
    return result;
}

answer was_interrupted() { return no_answer(answer_status::interrupted, "interrupted"); }

answer exception_answer(std::uint8_t code) {
    answer result = no_answer(answer_status::exception, exception_phrase(code));
    result.exception_code = code;
    return result;
}

std::string in_milliseconds(nanoseconds time) { return std::to_string((time.count() + 500'000) / 1'000'000) + " ms"; }

std::string system_words(int error) { return std::generic_category().message(error); }

}  // namespace modbus

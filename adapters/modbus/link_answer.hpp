// adapters/modbus/link_answer.hpp: answers without data, and the words for them.
// Not here: when each is due.
#pragma once

#include <string>

#include "adapters/modbus/link.hpp"

namespace modbus {

using answer_status = enum answer::status;

answer no_answer(answer_status why, std::string detail);
answer was_interrupted();
/// "exception 2: illegal data address"
answer exception_answer(std::uint8_t code);
/// "500 ms"
std::string in_milliseconds(nanoseconds time);
std::string system_words(int error);

}  // namespace modbus

// adapters/serial/script.hpp: the two small languages of a device: its messages, and the steps of a dialogue; one line each.
// Not here: bytes and places in them (bytes.hpp), and carrying the steps out (dialogue.hpp).
//
// A message:  NAME [prefix "…"] [pattern "…"] [byte N = HEX] [field N = "…"] [send "…"] [sample "…"]
//   prefix   how it begins; "?" is any character: "$??GGA," is GGA of any talker
//   pattern  a regular expression that it matches
//   byte     the byte at this offset, from 0, is this hexadecimal number
//   field    the field of this number, from 0, between separators, is this text
//   send     what is sent to get it (mode poll)
//   sample   one such frame, with its start, end and {check}: what `tidegate check` tries the points on, and what simulation
//   sends
// A step:     send "…"                       sends it
//             expect line [as NAME] [sample "…"]   takes a line, keeps it under a name
//             expect "…"                     takes bytes up to and including these
//             expect frame                   takes a frame as `frame` and `check` say; its values are reported
//             delay 300ms                    waits
//             quiet 200ms                    waits until nothing has come for so long
//             baud 9600                      changes the line's speed
//             baud from NAME N 0=300 1=600   … as the Nth character, from 1, of what was kept says
// Wherever "…" stands, hex "…" may stand, and several in a row are one. An entry
// that begins with + goes on with the one before.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/serial/bytes.hpp"
#include "adapters/serial/pattern.hpp"

namespace serial {

struct message {
    std::string name;
    std::string prefix;
    std::optional<serial::pattern> pattern;
    std::optional<std::pair<std::size_t, std::uint8_t>> byte;
    std::optional<std::pair<std::size_t, std::string>> field;
    byte_pattern send;
    byte_pattern sample;
};

struct step {
    enum class kind : std::uint8_t { send, expect_line, expect_bytes, expect_frame, delay, quiet, baud, baud_from };
    step::kind is = kind::send;
    byte_pattern bytes;                // send; expect_bytes
    std::string name;                  // expect_line: may be empty; baud_from
    byte_pattern sample;               // expect_line
    std::chrono::nanoseconds time{0};  // delay, quiet
    std::uint32_t baud = 0;
    std::size_t character = 0;  // baud_from
    std::vector<std::pair<char, std::uint32_t>> bauds;
};

constexpr std::size_t most_steps_of_a_script = 64;

/// Each reads one line; `fault` isn't empty if that failed.
message parse_message(std::string_view line, std::string& fault);
step parse_step(std::string_view line, std::string& fault);

}  // namespace serial

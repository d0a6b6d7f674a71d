// adapters/serial/frame.hpp: a stream of bytes to whole, checked frames. Whatever comes, it goes on: what is damaged is passed
// over and the next beginning is looked for. Not here: what a frame says (fields.hpp). Pure: the time is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/serial/check.hpp"

namespace serial {

using nanoseconds = std::chrono::nanoseconds;
using time_point = std::chrono::steady_clock::time_point;

enum class framing_kind : std::uint8_t { line, delimited, fixed, length, gap };
/// What the eighth bit of a byte is, on a line of seven bits that a port of eight reads.
enum class eighth_bit : std::uint8_t { data, ignored, even, odd };

struct framing {
    framing_kind kind = framing_kind::line;
    std::string start;               // may be empty, but for `delimited`
    std::string end;                 // line, delimited
    std::size_t trailer = 0;         // delimited: bytes behind `end`
    bool trailer_is_line = false;    // delimited: what follows `end`, up to and including a line feed
    std::size_t length = 0;          // fixed: of the whole frame
    std::size_t length_at = 0;       // length: where its number stands
    std::size_t length_width = 1;    // length: 1, 2 or 4
    bool length_little = false;      // length
    std::int64_t length_adjust = 0;  // length: the frame's bytes = the number + this
    nanoseconds gap{0};              // a silence of this ends a frame (gap), or breaks it off (the others; 0: never)
    std::size_t most = 1024;         // bytes of a frame
    eighth_bit eighth = eighth_bit::data;
    check_rule check;
};

struct frame {
    std::string bytes;     // a line's without its end, others whole
    std::size_t body = 0;  // how many of them come before the check value and its mark
    std::string_view text() const { return std::string_view(bytes).substr(0, body); }
    bool operator==(const frame&) const = default;
};

class assembler {
public:
    /// `how` outlives this.
    explicit assembler(const framing& how) : how_(how) {}

    void feed(std::string_view bytes, time_point now);
    /// The next frame that is whole and good, if there is one.
    std::optional<frame> next(time_point now);
    /// When next() may have a frame although no byte has come, or gives up a broken one.
    std::optional<time_point> wakes() const;

    /// Forgets everything. `midstream`: what comes next may be the rest of a frame; one that can't be told from a whole one isn't
    /// taken for one.
    void restart(bool midstream);
    /// Why frames were passed over since the last call; empty: none was.
    std::string take_damage();

private:
    struct cut {
        std::size_t skip = 0;     // noise before the frame
        std::size_t size = 0;     // of the frame, its end included; 0: not there yet
        std::size_t content = 0;  // of that, what goes into `frame`
    };
    cut find() const;
    cut find_ended() const;
    cut find_counted() const;
    std::optional<frame> judge(const cut& where);
    void pass_over(const char* why);
    bool pass_silence(time_point now);

    const framing& how_;
    std::string buffer_;
    time_point last_byte_{};
    bool skipping_ = false;    // up to the next end, or silence
    bool silent_ = false;      // the gap has passed since the last byte
    bool seen_check_ = false;  // a device that has once sent check values always does
    std::string damage_;
    std::size_t damaged_ = 0;
};

/// The byte with its parity in the eighth bit, for a line of seven bits.
char with_parity(char byte, eighth_bit how);
/// Its seven bits; NUL if the parity is wrong.
char without_parity(char byte, eighth_bit how);

}  // namespace serial

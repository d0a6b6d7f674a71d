// adapters/modbus/rtu_frame.hpp: RTU frames as bytes: the CRC, requests, and finding an answer among noise and other frames.
// Not here: time. When to stop waiting, and what silence means, is link_rtu's business.
//
// The end of an answer is known by its length, never by silence: an operating system that delivers bytes late, or a USB
// adapter that gathers them for 16 ms, makes silences that aren't on the wire. Every offset is tried, so a glitch byte before
// an answer, the local echo of a two-wire adapter and whole frames of others are stepped over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "adapters/modbus/link.hpp"

namespace modbus {

using bytes_view = std::span<const std::uint8_t>;

/// CRC-16/MODBUS. Over a whole frame, its CRC (low byte first) included, it is 0.
std::uint16_t crc16(bytes_view bytes);
bool crc_fits(bytes_view frame);
void append_crc(std::vector<std::uint8_t>& frame);

constexpr std::size_t request_size = 8;
constexpr std::size_t exception_size = 5;

std::array<std::uint8_t, request_size> encode_request(const read_request& request);

/// What tells one answer of a unit from another: RTU has no more than that.
struct answer_shape {
    std::uint8_t function = 0;
    std::size_t data_bytes = 0;
    bool operator==(const answer_shape&) const = default;
};

answer_shape shape_of(const read_request& request);
constexpr std::size_t frame_size(const answer_shape& shape) { return 5 + shape.data_bytes; }

/// Registers, or bits as 0 and 1. Requires: `data` is as long as `request` makes it.
std::vector<std::uint16_t> decode_data(const read_request& request, bytes_view data);

enum class frame_kind : std::uint8_t { answer, exception, other };  // other: a request, or the answer to a write

/// A whole frame with a good CRC that isn't the answer looked for.
struct foreign_frame {
    std::uint8_t unit = 0;
    frame_kind kind = frame_kind::other;
    answer_shape shape;  // exception: the function asked for, no data
    bool operator==(const foreign_frame&) const = default;
};

enum class search_result : std::uint8_t { need_more, answer, exception };

struct search {
    search_result result = search_result::need_more;
    std::size_t at = 0;                  // where the answer, the exception, or what may become one begins
    std::size_t size = 0;                // of the whole frame; need_more: if what has begun becomes it
    std::size_t matched = 0;             // need_more: bytes there of what may become the answer; 0: none
    bool damaged = false;                // an answer's head and length, but the CRC is wrong
    std::size_t settled = 0;             // need_more: bytes at the front that no later byte can make sense of
    std::vector<foreign_frame> foreign;  // those that end before `settled` or the answer
};

/// Looks for `unit`'s answer of `shape`, or its exception, in what has arrived so far.
search find_answer(bytes_view bytes, std::uint8_t unit, const answer_shape& shape);
/// Looks for anybody's frames, when nothing is being waited for.
search find_frames(bytes_view bytes);

}  // namespace modbus

// adapters/modbus/frame_search.hpp: what is looked for among arriving bytes, and what was found, whatever the framing.
// Not here: the framings (rtu_frame.hpp, ascii_frame.hpp), and time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "adapters/modbus/pdu.hpp"

namespace modbus {

/// How PDUs lie on a line without numbers of their own.
enum class line_framing : std::uint8_t { rtu, ascii };

struct looked_for {
    std::uint8_t unit = 0;
    answer_form form;
    bytes_view request_frame;    // borrowed: as it was sent, to know a local echo by
    bool echo_expected = false;  // where an answer may equal its request: whether the first such frame is the echo
};

enum class frame_kind : std::uint8_t { answer, exception, other };  // other: a request

/// A whole frame with a good checksum that isn't the answer looked for.
struct foreign_frame {
    std::uint8_t unit = 0;
    frame_kind kind = frame_kind::other;
    answer_shape shape;  // exception: the function asked for, no data
    bool operator==(const foreign_frame&) const = default;
};

enum class search_result : std::uint8_t { need_more, answer, exception, echo };

struct search {
    search_result result = search_result::need_more;
    std::size_t at = 0;                  // where the answer, the echo, or what may become the answer begins
    std::size_t size = 0;                // of the whole frame; need_more: of what it becomes, or so much at least
    std::size_t matched = 0;             // need_more: bytes there of what may become the answer; 0: none
    bool begun = false;                  // need_more: so many of them match that it is the answer that has begun, and not noise
    bool whole_if_silent = false;        // need_more: it is whole, from `at` on, if nothing follows it
    bool damaged = false;                // an answer's head and length, but the checksum is wrong
    std::size_t settled = 0;             // need_more: bytes at the front that no later byte can make sense of
    std::vector<foreign_frame> foreign;  // those that end before `settled`, or before what was found
    std::vector<std::uint8_t> pdu;       // answer, exception, whole_if_silent
};

/// What a whole PDU with a good checksum from anybody is.
foreign_frame foreign_of(std::uint8_t unit, bytes_view pdu);

std::vector<std::uint8_t> frame_of(line_framing how, std::uint8_t unit, bytes_view pdu);
std::size_t frame_size(line_framing how, std::size_t pdu_size);
/// Looks for the answer, its exception, or the request's echo, in what has arrived so far.
search find_answer(line_framing how, bytes_view bytes, const looked_for& what);
/// Looks for anybody's frames, when nothing is being waited for.
search find_frames(line_framing how, bytes_view bytes);

}  // namespace modbus

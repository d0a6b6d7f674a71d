// adapters/modbus/frame_search.cpp: one framing or the other, and what frames of others are.
// Not here: how either is searched.
#include "adapters/modbus/frame_search.hpp"

#include "adapters/modbus/ascii_frame.hpp"
#include "adapters/modbus/rtu_frame.hpp"

namespace modbus {

foreign_frame foreign_of(std::uint8_t unit, bytes_view pdu) {
    const std::uint8_t code = pdu[0];
    if ((code & exception_bit) != 0 && pdu.size() == 2)
        return {unit, frame_kind::exception, {static_cast<std::uint8_t>(code & ~exception_bit), 0, 0}};
    switch (code) {
        case 1:
        case 2:
        case 3:
        case 4:
        case function::write_and_read:
        case function::read_file:
            if (pdu.size() >= 2 && pdu[1] > 0 && pdu.size() == 2u + pdu[1]) return {unit, frame_kind::answer, {code, pdu[1], 0}};
            break;
        case function::write_coil:
        case function::write_register:
        case function::write_coils:
        case function::write_registers:
            if (pdu.size() == 5) return {unit, frame_kind::answer, {code, 0, digest_of(pdu.subspan(1))}};
            break;
        case function::mask_write:
            if (pdu.size() == 7) return {unit, frame_kind::answer, {code, 0, digest_of(pdu.subspan(1))}};
            break;
        case function::exception_status:
        case function::server_id:
        case function::diagnostics:
        case function::read_fifo:
        case function::encapsulated:
            if (pdu.size() > 1) return {unit, frame_kind::answer, {code, answer_shape::any, 0}};
            break;
        default:
            break;
    }
    return {unit, frame_kind::other, {code, 0, 0}};
}

std::vector<std::uint8_t> frame_of(line_framing how, std::uint8_t unit, bytes_view pdu) {
    return how == line_framing::rtu ? rtu_frame_of(unit, pdu) : ascii_frame_of(unit, pdu);
}

std::size_t frame_size(line_framing how, std::size_t pdu_size) {
    return how == line_framing::rtu ? pdu_size + 3 : 2 * pdu_size + 7;
}

search find_answer(line_framing how, bytes_view bytes, const looked_for& what) {
    return how == line_framing::rtu ? find_rtu_answer(bytes, what) : find_ascii_answer(bytes, what);
}

search find_frames(line_framing how, bytes_view bytes) {
    return how == line_framing::rtu ? find_rtu_frames(bytes) : find_ascii_frames(bytes);
}

}  // namespace modbus

// gateway/diagnosis/frame_words.hpp: what a traced frame says, in words: unit, function, registers, exceptions, and why bytes
// were no answer. Pure. Not here: the wire itself, which the adapters speak, and printing (command_trace.cpp).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "adapters/adapter.h"
#include "config/model.hpp"

namespace gateway {

/// How frames lie on the wire of a bus. `raw`: not Modbus, or we can't tell.
enum class frame_form : std::uint8_t { raw, rtu, ascii, mbap };

/// By the keys of the bus's adapter.
frame_form frame_form_of(const config::bus& bus);

/// Of one bus: an answer is explained by its request, which came before it.
class frame_words {
public:
    explicit frame_words(frame_form form) : form_(form) {}

    /// "unit 3: read 2 holding registers from 100". Several frames in one piece: with "; " between them.
    std::string of(tidegate_frame_direction direction, std::string_view bytes);

private:
    struct request {
        std::string frame;
        std::string pdu;
        std::uint8_t unit = 0;
    };
    std::string of_line(tidegate_frame_direction direction, std::string_view bytes);
    std::string of_discarded_line(std::string_view bytes);
    std::string of_mbap(tidegate_frame_direction direction, std::string_view bytes);
    std::string of_answer(std::uint8_t unit, std::string_view pdu, const request* to) const;
    std::string discarded(std::uint8_t unit, std::string_view pdu) const;

    frame_form form_;
    request last_;                              // on a line
    std::map<std::uint16_t, request> waiting_;  // by transaction number; bounded
};

/// "03 04 00 64"
std::string in_hex(std::string_view bytes);

}  // namespace gateway

// adapters/modbus/server_envelope.cpp: see server_envelope.hpp.
// Source: MODBUS over Serial Line V1.02: 2.5.1.2 and 6.2.2 for the CRC; 2.5.2 for ASCII: two digits a byte, upper case, and the
// LRC makes the sum of all bytes 0.
#include "adapters/modbus/server_envelope.hpp"

#include <cassert>
#include <numeric>
#include <string_view>

namespace modbus {
namespace {

constexpr std::string_view digits = "0123456789ABCDEF";
constexpr std::size_t mbap_size = 7;

std::uint16_t check_of(bytes_view bytes) {
    std::uint32_t value = 0xFFFF;
    for (const std::uint8_t byte : bytes) {
        value ^= byte;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1u) != 0 ? (value >> 1) ^ 0xA001u : value >> 1;
    }
    return static_cast<std::uint16_t>(value);
}

std::optional<std::uint8_t> byte_of(std::uint8_t high, std::uint8_t low) {
    const std::size_t first = digits.find(static_cast<char>(high)), second = digits.find(static_cast<char>(low));
    if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
    return static_cast<std::uint8_t>(first << 4 | second);
}

}  // namespace

bool rtu_check_fits(bytes_view frame) { return frame.size() >= 4 && check_of(frame) == 0; }

std::optional<std::vector<std::uint8_t>> ascii_content(bytes_view frame) {
    const std::size_t size = frame.size();
    if (size < 9 || size % 2 == 0 || frame[0] != ':' || frame[size - 2] != '\r' || frame[size - 1] != '\n') return std::nullopt;
    std::vector<std::uint8_t> content;
    for (std::size_t at = 1; at + 2 < size; at += 2) {
        const auto byte = byte_of(frame[at], frame[at + 1]);
        if (!byte) return std::nullopt;
        content.push_back(*byte);
    }
    if ((std::accumulate(content.begin(), content.end(), 0u) & 0xFFu) != 0) return std::nullopt;
    return content;
}

opened_frame open_frame(envelope how, bytes_view frame) {
    opened_frame opened;
    bytes_view pdu;
    std::vector<std::uint8_t> content;
    switch (how) {
        case envelope::rtu:
            assert(frame.size() >= 4);
            opened.unit = frame[0];
            pdu = frame.subspan(1, frame.size() - 3);
            break;
        case envelope::ascii:
            content = ascii_content(frame).value();
            opened.unit = content[0];
            pdu = bytes_view(content).subspan(1, content.size() - 2);
            break;
        case envelope::mbap:
            assert(frame.size() > mbap_size);
            opened.transaction = static_cast<std::uint16_t>(frame[0] << 8 | frame[1]);
            opened.unit = frame[6];
            pdu = frame.subspan(mbap_size);
    }
    opened.pdu.assign(pdu.begin(), pdu.end());
    return opened;
}

std::vector<std::uint8_t> close_frame(envelope how, std::uint16_t transaction, std::uint8_t unit, bytes_view pdu) {
    std::vector<std::uint8_t> frame;
    if (how == envelope::mbap) {
        const std::size_t length = pdu.size() + 1;
        frame = {static_cast<std::uint8_t>(transaction >> 8), static_cast<std::uint8_t>(transaction & 0xFFu), 0, 0,
                 static_cast<std::uint8_t>(length >> 8),      static_cast<std::uint8_t>(length & 0xFFu)};
    }
    frame.push_back(unit);
    frame.insert(frame.end(), pdu.begin(), pdu.end());
    if (how == envelope::rtu) {
        const std::uint16_t check = check_of(frame);
        frame.push_back(static_cast<std::uint8_t>(check & 0xFFu));
        frame.push_back(static_cast<std::uint8_t>(check >> 8));
    }
    if (how != envelope::ascii) return frame;
    frame.push_back(static_cast<std::uint8_t>(0u - std::accumulate(frame.begin(), frame.end(), 0u)));
    std::vector<std::uint8_t> text{':'};
    for (const std::uint8_t byte : frame) {
        text.push_back(static_cast<std::uint8_t>(digits[byte >> 4]));
        text.push_back(static_cast<std::uint8_t>(digits[byte & 15u]));
    }
    text.insert(text.end(), {'\r', '\n'});
    return text;
}

}  // namespace modbus

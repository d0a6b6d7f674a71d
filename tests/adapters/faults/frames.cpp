// tests/adapters/faults/frames.cpp: see frames.hpp.
// Sources: Modbus over Serial Line V1.02, 2.5.1 and 2.5.2, and Modbus Messaging on TCP/IP V1.0b, 3.1.
#include "tests/adapters/faults/frames.hpp"

#include <algorithm>

namespace faults {
namespace {

constexpr std::size_t mbap_size = 7;

/// Bit by bit, as the specification words it.
std::uint16_t checksum(const std::uint8_t* from, std::size_t count) {
    std::uint32_t value = 0xFFFF;
    for (std::size_t i = 0; i < count; ++i) {
        value ^= from[i];
        for (int bit = 0; bit < 8; ++bit) value = (value & 1u) != 0 ? (value >> 1) ^ 0xA001u : value >> 1;
    }
    return static_cast<std::uint16_t>(value);
}

std::uint8_t lrc(const bytes& of) {
    std::uint32_t sum = 0;
    for (const std::uint8_t byte : of) sum += byte;
    return static_cast<std::uint8_t>(0u - sum);
}

std::uint16_t word(const bytes& of, std::size_t at) { return static_cast<std::uint16_t>(of[at] << 8 | of[at + 1]); }

int nibble(std::uint8_t digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

/// What stands between ':' at `at` and CR LF, without the LRC; nothing if there is no such frame.
std::optional<bytes> ascii_content(const bytes& stream, std::size_t at, bool any_case) {
    bytes content;
    for (std::size_t i = at + 1;; i += 2) {
        if (i + 1 >= stream.size()) return std::nullopt;
        if (stream[i] == '\r') {
            if (stream[i + 1] != '\n') return std::nullopt;
            break;
        }
        const auto digit = [&](std::size_t where) {
            const std::uint8_t one = stream[where];
            return nibble(any_case && one >= 'a' && one <= 'f' ? static_cast<std::uint8_t>(one - 'a' + 'A') : one);
        };
        if (digit(i) < 0 || digit(i + 1) < 0) return std::nullopt;
        content.push_back(static_cast<std::uint8_t>(digit(i) << 4 | digit(i + 1)));
    }
    if (content.size() < 3 || lrc(content) != 0) return std::nullopt;
    content.pop_back();
    return content;
}

/// Unit and PDU.
std::optional<bytes> content_of(framing how, const bytes& frame) {
    switch (how) {
        case framing::rtu:
            if (frame.size() < 4 || checksum(frame.data(), frame.size()) != 0) return std::nullopt;
            return bytes(frame.begin(), frame.end() - 2);
        case framing::ascii:
            if (frame.empty() || frame[0] != ':') return std::nullopt;
            return ascii_content(frame, 0, false);
        case framing::mbap:
            if (frame.size() <= mbap_size || word(frame, 2) != 0 || word(frame, 4) != frame.size() - 6) return std::nullopt;
            return bytes(frame.begin() + 6, frame.end());
    }
    return std::nullopt;
}

bool has_rtu_forgery(const bytes& stream, const bytes& real, std::uint8_t unit, std::uint8_t function, forgery which) {
    for (std::size_t at = 0; at + 5 <= stream.size(); ++at) {
        if (stream[at] != unit || (stream[at + 1] & 0x7F) != function) continue;
        const std::size_t size = (stream[at + 1] & 0x80) != 0 ? 5 : 5u + stream[at + 2];
        if (at + size > stream.size() || checksum(stream.data() + at, size) != 0) continue;
        if (which == forgery::as_long && size != real.size()) continue;
        if (size != real.size() || !std::equal(real.begin(), real.end(), stream.begin() + static_cast<std::ptrdiff_t>(at)))
            return true;
    }
    return false;
}

bool has_ascii_forgery(const bytes& stream, const bytes& real, forgery which) {
    const auto content = ascii_content(real, 0, true);
    for (std::size_t at = 0; at < stream.size(); ++at) {
        if (stream[at] != ':') continue;
        const auto other = ascii_content(stream, at, true);
        if (other && other != content && (which == forgery::of_any_length || other->size() == content->size())) return true;
    }
    return false;
}

}  // namespace

std::optional<asked> read_request_in(framing how, const bytes& frame) {
    const auto content = content_of(how, frame);
    if (!content || content->size() != 6) return std::nullopt;
    asked found;
    found.unit = (*content)[0];
    found.function = (*content)[1];
    found.address = word(*content, 2);
    found.count = word(*content, 4);
    if (how == framing::mbap) found.transaction = word(frame, 0);
    const unsigned most = found.function <= 2 ? 2000 : 125;
    if (found.function < 1 || found.function > 4 || found.count < 1 || found.count > most) return std::nullopt;
    if (found.address + found.count > 0x10000) return std::nullopt;
    return found;
}

bytes framed(framing how, std::uint16_t transaction, std::uint8_t unit, const bytes& pdu) {
    bytes content{unit};
    content.insert(content.end(), pdu.begin(), pdu.end());
    if (how == framing::rtu) {
        const std::uint16_t check = checksum(content.data(), content.size());
        content.push_back(static_cast<std::uint8_t>(check & 0xFF));
        content.push_back(static_cast<std::uint8_t>(check >> 8));
        return content;
    }
    if (how == framing::ascii) {
        content.push_back(lrc(content));
        bytes made{':'};
        for (const std::uint8_t byte : content) {
            made.push_back(static_cast<std::uint8_t>("0123456789ABCDEF"[byte >> 4]));
            made.push_back(static_cast<std::uint8_t>("0123456789ABCDEF"[byte & 15]));
        }
        made.insert(made.end(), {'\r', '\n'});
        return made;
    }
    const std::size_t length = content.size();
    bytes made{static_cast<std::uint8_t>(transaction >> 8), static_cast<std::uint8_t>(transaction & 0xFF), 0, 0,
               static_cast<std::uint8_t>(length >> 8),      static_cast<std::uint8_t>(length & 0xFF)};
    made.insert(made.end(), content.begin(), content.end());
    return made;
}

bytes exception_pdu(std::uint8_t function, std::uint8_t code) { return {static_cast<std::uint8_t>(function | 0x80), code}; }

bytes data_pdu(std::uint8_t function, const std::vector<std::uint16_t>& values) {
    bytes pdu{function, 0};
    if (function <= 2) {
        pdu.resize(2 + (values.size() + 7) / 8);
        for (std::size_t i = 0; i < values.size(); ++i)
            pdu[2 + i / 8] = static_cast<std::uint8_t>(pdu[2 + i / 8] | (values[i] & 1u) << (i % 8));
    } else {
        for (const std::uint16_t value : values) {
            pdu.push_back(static_cast<std::uint8_t>(value >> 8));
            pdu.push_back(static_cast<std::uint8_t>(value & 0xFF));
        }
    }
    pdu[1] = static_cast<std::uint8_t>(pdu.size() - 2);
    return pdu;
}

bool has_forgery(framing how, const bytes& stream, const bytes& real, std::uint8_t unit, std::uint8_t function, forgery which) {
    if (how == framing::rtu) return has_rtu_forgery(stream, real, unit, function, which);
    return how == framing::ascii && has_ascii_forgery(stream, real, which);
}

std::string hex(const bytes& some) {
    std::string text;
    for (const std::uint8_t byte : some) {
        if (!text.empty()) text += ' ';
        text += "0123456789ABCDEF"[byte >> 4];
        text += "0123456789ABCDEF"[byte & 15];
    }
    return text;
}

}  // namespace faults

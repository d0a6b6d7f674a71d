// gateway/diagnosis/frame_words.cpp: see frame_words.hpp. Field by field after "MODBUS Application Protocol Specification" V1.1b3
// and "MODBUS over Serial Line" V1.02. Not here: what an adapter makes of an answer.
#include "gateway/diagnosis/frame_words.hpp"

#include <algorithm>
#include <optional>

namespace gateway {
namespace {

constexpr std::size_t rtu_least = 4, rtu_most = 256;
constexpr std::size_t mbap_header = 7;
constexpr std::size_t most_waiting = 64;
constexpr std::size_t most_shown = 8;  // registers in words; all of them are in the hex beside it

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
unsigned word_at(std::string_view bytes, std::size_t at) { return byte_at(bytes, at) * 256u + byte_at(bytes, at + 1); }

std::uint16_t crc_of(std::string_view bytes) {
    unsigned crc = 0xFFFF;
    for (const char each : bytes) {
        crc ^= static_cast<std::uint8_t>(each);
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1u) != 0 ? (crc >> 1) ^ 0xA001u : crc >> 1;
    }
    return static_cast<std::uint16_t>(crc);
}

bool has_good_crc(std::string_view frame) {
    if (frame.size() < rtu_least || frame.size() > rtu_most) return false;
    const std::uint16_t crc = crc_of(frame.substr(0, frame.size() - 2));
    return byte_at(frame, frame.size() - 2) == (crc & 0xFFu) && byte_at(frame, frame.size() - 1) == crc >> 8;
}

/// Unit, PDU and LRC of an ASCII frame. Nothing: it isn't one, or its LRC is wrong.
std::optional<std::string> bytes_of_ascii(std::string_view frame) {
    if (!frame.starts_with(':') || !frame.ends_with("\r\n") || frame.size() % 2 == 0) return std::nullopt;
    std::string bytes;
    unsigned sum = 0;
    for (std::size_t i = 1; i + 2 < frame.size(); i += 2) {
        unsigned value = 0;
        for (const char digit : frame.substr(i, 2)) {
            static constexpr std::string_view digits = "0123456789ABCDEF";
            const std::size_t at = digits.find(digit);
            if (at == std::string_view::npos) return std::nullopt;
            value = value * 16 + static_cast<unsigned>(at);
        }
        sum += value;
        bytes += static_cast<char>(value);
    }
    if (bytes.size() < 3 || (sum & 0xFFu) != 0) return std::nullopt;
    bytes.pop_back();
    return bytes;
}

const char* function_name(std::uint8_t function) {
    switch (function) {
        case 1:
            return "read coils";
        case 2:
            return "read discrete inputs";
        case 3:
            return "read holding registers";
        case 4:
            return "read input registers";
        case 5:
            return "write a coil";
        case 6:
            return "write a register";
        case 7:
            return "read exception status";
        case 8:
            return "diagnostics";
        case 15:
            return "write coils";
        case 16:
            return "write registers";
        case 17:
            return "report server id";
        case 20:
            return "read file record";
        case 21:
            return "write file record";
        case 22:
            return "mask write a register";
        case 23:
            return "write and read registers";
        case 24:
            return "read FIFO queue";
        case 43:
            return "read device identification";
        default:
            return nullptr;
    }
}

std::string function_words(std::uint8_t function) {
    const char* name = function_name(function);
    return name ? name : "function " + std::to_string(function);
}

const char* exception_name(std::uint8_t code) {
    static constexpr const char* names[] = {"illegal function",         "illegal data address",        "illegal data value",
                                            "device failure",           "acknowledged, not done yet",  "device busy",
                                            "negative acknowledgement", "memory parity error",         nullptr,
                                            "gateway path unavailable", "gateway target didn't answer"};
    return code >= 1 && code <= std::size(names) ? names[code - 1] : nullptr;
}

std::string words_of_registers(std::string_view bytes) {
    std::string words;
    char text[8];
    for (std::size_t i = 0; i + 1 < bytes.size() && i < 2 * most_shown; i += 2) {
        std::snprintf(text, sizeof text, " %04X", word_at(bytes, i));
        words += text;
    }
    return bytes.size() > 2 * most_shown ? words + " …" : words;
}

std::string request_words(std::string_view pdu) {
    if (pdu.empty()) return "nothing";
    const std::uint8_t function = byte_at(pdu, 0);
    std::string words = function_words(function);
    if (pdu.size() < 5) return words;
    const std::string first = std::to_string(word_at(pdu, 1)), second = std::to_string(word_at(pdu, 3));
    switch (function) {
        case 1:
        case 2:
        case 3:
        case 4:
            return words + " " + first + (second == "1" ? "" : ".." + std::to_string(word_at(pdu, 1) + word_at(pdu, 3) - 1));
        case 5:
            return words + ": " + first + (word_at(pdu, 3) == 0 ? " off" : " on");
        case 6:
            return words + ": " + first + " = " + second;
        case 15:
            return words + ": " + second + " from " + first;
        case 16:
            return words + ": " + first + " =" + words_of_registers(pdu.substr(std::min<std::size_t>(pdu.size(), 6)));
        case 22:
            return words + ": " + first;
        default:
            return words;
    }
}

std::string answer_words(std::string_view pdu) {
    if (pdu.empty()) return "nothing";
    const std::uint8_t function = byte_at(pdu, 0);
    if ((function & 0x80u) != 0) {
        const std::uint8_t code = pdu.size() > 1 ? byte_at(pdu, 1) : std::uint8_t{0};
        const char* name = exception_name(code);
        return "exception " + std::to_string(code) + (name ? std::string(": ") + name : "") + " (" +
               function_words(function & 0x7Fu) + ')';
    }
    const bool counted = (function >= 1 && function <= 4) || function == 23;
    if (counted && pdu.size() >= 2) {
        const std::string_view data = pdu.substr(2);
        if (function <= 2) return "bits in " + std::to_string(data.size()) + (data.size() == 1 ? " byte" : " bytes");
        return std::to_string(data.size() / 2) + (data.size() == 2 ? " register:" : " registers:") + words_of_registers(data);
    }
    if (function == 5 || function == 6 || function == 15 || function == 16 || function == 22)
        return "done: " + function_words(function);
    return function_words(function) + ": " + std::to_string(pdu.size() - 1) + " bytes";
}

std::string of_unit(std::uint8_t unit) { return unit == 0 ? "all units: " : "unit " + std::to_string(unit) + ": "; }

}  // namespace

std::string in_hex(std::string_view bytes) {
    std::string text;
    char two[4];
    for (const char each : bytes) {
        std::snprintf(two, sizeof two, "%02X", static_cast<unsigned>(static_cast<std::uint8_t>(each)));
        text += (text.empty() ? "" : " ") + std::string(two);
    }
    return text;
}

frame_form frame_form_of(const config::bus& bus) {
    if (bus.adapter != "modbus") return frame_form::raw;
    frame_form form = frame_form::mbap;
    for (const auto& each : bus.settings) {
        if (each.path == "serial.mode" && each.text == "ascii") return frame_form::ascii;
        if (each.path == "serial.port" || each.path.starts_with("rtu_over_")) form = frame_form::rtu;
        if (each.path.starts_with("ascii_over_")) form = frame_form::ascii;
    }
    return form;
}

std::string frame_words::of(tidegate_frame_direction direction, std::string_view bytes) {
    if (bytes.empty()) return "no bytes";
    switch (form_) {
        case frame_form::rtu:
        case frame_form::ascii:
            return of_line(direction, bytes);
        case frame_form::mbap:
            return of_mbap(direction, bytes);
        case frame_form::raw:
            break;
    }
    std::string text;  // what an instrument says is text more often than not
    for (const char each : bytes) text += each >= ' ' && each <= '~' ? each : '.';
    return '"' + text + '"';
}

std::string frame_words::of_line(tidegate_frame_direction direction, std::string_view bytes) {
    if (direction == TIDEGATE_FRAME_DISCARDED) return of_discarded_line(bytes);
    std::string content;
    if (form_ == frame_form::ascii)
        content = bytes_of_ascii(bytes).value_or("");
    else if (bytes.size() >= rtu_least)
        content = bytes.substr(0, bytes.size() - 2);
    if (content.size() < 2) return "not a whole frame";
    const std::uint8_t unit = byte_at(content, 0);
    if (direction == TIDEGATE_FRAME_RECEIVED) return of_answer(unit, std::string_view(content).substr(1), &last_);
    last_ = {std::string(bytes), content.substr(1), unit};
    return of_unit(unit) + request_words(last_.pdu);
}

/// Whole frames one after the other, and what of it is none.
std::string frame_words::of_discarded_line(std::string_view bytes) {
    std::string words;
    const auto add = [&](const std::string& more) { words += (words.empty() ? "" : "; ") + more; };
    while (!bytes.empty()) {
        if (!last_.frame.empty() && bytes.starts_with(last_.frame)) {
            add("the request's echo");
            bytes.remove_prefix(last_.frame.size());
            continue;
        }
        std::size_t size = 0;
        std::string content;
        if (form_ == frame_form::ascii) {
            const std::size_t end = bytes.find("\r\n");
            const auto found = end == std::string_view::npos ? std::nullopt : bytes_of_ascii(bytes.substr(0, end + 2));
            if (found) content = *found;
            if (found) size = end + 2;
        } else {
            for (std::size_t i = rtu_least; i <= std::min(bytes.size(), rtu_most) && size == 0; ++i)
                if (has_good_crc(bytes.substr(0, i))) size = i;
            if (size > 0) content = bytes.substr(0, size - 2);
        }
        if (size == 0) {
            const bool of_asked = bytes.size() >= rtu_least && form_ == frame_form::rtu && byte_at(bytes, 0) == last_.unit;
            const char* check = form_ == frame_form::rtu ? "CRC" : "LRC";
            add(std::to_string(bytes.size()) + (bytes.size() == 1 ? " byte: " : " bytes: ") +
                (of_asked ? std::string("a damaged or cut answer (") + check + " wrong), or noise"
                          : std::string("noise, or a damaged frame (no right ") + check + ")"));
            return words;
        }
        add(discarded(byte_at(content, 0), std::string_view(content).substr(1)));
        bytes.remove_prefix(size);
    }
    return words;
}

std::string frame_words::discarded(std::uint8_t unit, std::string_view pdu) const {
    if (unit != last_.unit) return of_unit(unit) + answer_words(pdu) + " (late, or another's: nobody asked this unit now)";
    return of_unit(unit) + answer_words(pdu) + " (late, or not what was asked)";
}

std::string frame_words::of_mbap(tidegate_frame_direction direction, std::string_view bytes) {
    if (bytes.size() <= mbap_header || word_at(bytes, 2) != 0)
        return std::to_string(bytes.size()) + (bytes.size() == 1 ? " byte" : " bytes") + " that are no whole Modbus TCP frame";
    const auto number = static_cast<std::uint16_t>(word_at(bytes, 0));
    const std::uint8_t unit = byte_at(bytes, 6);
    const std::string_view pdu = bytes.substr(mbap_header);
    const std::string mark = "#" + std::to_string(number) + ' ';
    if (direction == TIDEGATE_FRAME_SENT) {
        if (waiting_.size() >= most_waiting) waiting_.erase(waiting_.begin());
        waiting_[number] = {std::string(bytes), std::string(pdu), unit};
        return mark + of_unit(unit) + request_words(pdu);
    }
    const auto asked = waiting_.find(number);
    if (direction == TIDEGATE_FRAME_DISCARDED) {
        const char* why =
            asked == waiting_.end() ? " (late or foreign: nobody waits for this number)" : " (late, or not what was asked)";
        return mark + of_unit(unit) + answer_words(pdu) + why;
    }
    std::string words = mark + of_answer(unit, pdu, asked == waiting_.end() ? nullptr : &asked->second);
    if (asked != waiting_.end()) waiting_.erase(asked);
    return words;
}

std::string frame_words::of_answer(std::uint8_t unit, std::string_view pdu, const request* to) const {
    std::string words = of_unit(unit) + answer_words(pdu);
    // Where the registers are is in the request alone.
    if (to && !to->pdu.empty() && byte_at(to->pdu, 0) >= 1 && byte_at(to->pdu, 0) <= 4 && to->pdu.size() >= 5)
        words += " (from " + std::to_string(word_at(to->pdu, 1)) + ')';
    return words;
}

}  // namespace gateway

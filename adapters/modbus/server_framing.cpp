// adapters/modbus/server_framing.cpp: see server_framing.hpp.
// Not here: sockets, lines and time.
#include "adapters/modbus/server_framing.hpp"

#include <algorithm>
#include <cassert>

namespace modbus {
namespace {

constexpr std::uint8_t illegal_function = 1, illegal_address = 2, illegal_value = 3, target_failed = 11;
constexpr std::size_t frame_max = 256;

std::vector<std::uint8_t> exception_pdu(std::uint8_t function, std::uint8_t code) {
    return {static_cast<std::uint8_t>(function | 0x80), code};
}

std::uint16_t word_at(bytes_view bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

std::vector<std::uint8_t> data_pdu(const read_request& request, std::span<const std::uint16_t> values) {
    const std::size_t data_bytes = data_bytes_of(request);
    std::vector<std::uint8_t> pdu(2 + data_bytes);
    pdu[0] = static_cast<std::uint8_t>(request.from);
    pdu[1] = static_cast<std::uint8_t>(data_bytes);
    for (std::size_t index = 0; index < values.size(); ++index) {
        if (is_bits(request.from)) {
            if (values[index] != 0) pdu[2 + index / 8] = static_cast<std::uint8_t>(pdu[2 + index / 8] | 1u << (index % 8));
        } else {
            pdu[2 + 2 * index] = static_cast<std::uint8_t>(values[index] >> 8);
            pdu[3 + 2 * index] = static_cast<std::uint8_t>(values[index] & 0xFFu);
        }
    }
    return pdu;
}

/// How long the request that begins here is; 0: not to be told yet; nothing: by no function code we know.
std::optional<std::size_t> request_length(bytes_view bytes) {
    if (bytes.size() < 2) return 0;
    const std::uint8_t function = bytes[1];
    if (function >= 1 && function <= 6) return request_size;
    if (function != 15 && function != 16) return std::nullopt;
    return bytes.size() < 7 ? 0 : 9 + std::size_t{bytes[6]};
}

/// A whole frame at the front of `bytes`: its length, or 0 while it may yet become one.
std::optional<std::size_t> whole_request(bytes_view bytes) {
    const auto length = request_length(bytes);
    if (length && *length > 0) {
        if (bytes.size() < *length) return 0;
        return crc_fits(bytes.first(*length)) ? length : std::nullopt;
    }
    if (length) return 0;
    for (std::size_t size = 4; size <= std::min(bytes.size(), frame_max); ++size) {
        if (crc_fits(bytes.first(size))) return size;
    }
    return bytes.size() < frame_max ? std::optional<std::size_t>(0) : std::nullopt;
}

}  // namespace

std::vector<std::uint8_t> answer_pdu(register_source& values, std::uint8_t unit, bytes_view pdu) {
    assert(!pdu.empty());
    const std::uint8_t function = pdu[0];
    if (function < 1 || function > 4) return exception_pdu(function & 0x7F, illegal_function);
    if (pdu.size() != 5) return exception_pdu(function, illegal_value);
    const read_request request{unit, static_cast<table>(function), word_at(pdu, 1), word_at(pdu, 3)};
    const std::uint32_t count_max = is_bits(request.from) ? 2000 : 125;
    if (request.count == 0 || request.count > count_max) return exception_pdu(function, illegal_value);
    if (std::uint32_t{request.address} + request.count > 0x10000) return exception_pdu(function, illegal_address);
    std::vector<std::uint16_t> held(request.count);
    const std::uint8_t code = values.read(request, held);
    return code != 0 ? exception_pdu(function, code) : data_pdu(request, held);
}

std::vector<std::uint8_t> answer_rtu(served by, bytes_view frame) {
    if (!crc_fits(frame)) {
        ++by.counters.damaged;
        return {};
    }
    ++by.counters.requests;
    if (frame[0] == 0 || !by.values.has_unit(frame[0])) return {};  // 0: a broadcast, which nobody answers
    std::vector<std::uint8_t> answer = answer_pdu(by.values, frame[0], frame.subspan(1, frame.size() - 3));
    answer.insert(answer.begin(), frame[0]);
    append_crc(answer);
    ++by.counters.answers;
    return answer;
}

bool serve_mbap(served by, std::vector<std::uint8_t>& in, std::vector<std::uint8_t>& out) {
    constexpr std::size_t header_size = 7, before_unit = 6, length_max = 254;
    std::size_t done = 0;
    for (;;) {
        const bytes_view rest = bytes_view(in).subspan(done);
        if (rest.size() < header_size + 1) break;
        const std::size_t length = word_at(rest, 4);
        if (word_at(rest, 2) != 0 || length < 2 || length > length_max) {
            ++by.counters.damaged;
            return false;
        }
        if (rest.size() < before_unit + length) break;
        const std::uint8_t unit = rest[6];
        const bytes_view pdu = rest.subspan(header_size, length - 1);
        ++by.counters.requests;
        const std::vector<std::uint8_t> answer =
            by.values.has_unit(unit) ? answer_pdu(by.values, unit, pdu) : exception_pdu(pdu[0] & 0x7F, target_failed);
        const std::size_t answer_length = answer.size() + 1;
        out.insert(out.end(), {rest[0], rest[1], 0, 0, static_cast<std::uint8_t>(answer_length >> 8),
                               static_cast<std::uint8_t>(answer_length & 0xFFu), unit});
        out.insert(out.end(), answer.begin(), answer.end());
        ++by.counters.answers;
        done += before_unit + length;
    }
    in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(done));
    return true;
}

bool serve_rtu_stream(served by, std::vector<std::uint8_t>& in, std::vector<std::uint8_t>& out) {
    std::size_t done = 0;
    while (done < in.size()) {
        const bytes_view rest = bytes_view(in).subspan(done);
        const auto length = whole_request(rest);
        if (length == std::size_t{0}) break;
        if (length) {
            const std::vector<std::uint8_t> answer = answer_rtu(by, rest.first(*length));
            out.insert(out.end(), answer.begin(), answer.end());
        } else {
            ++by.counters.damaged;  // a byte that begins no request
        }
        done += length.value_or(1);
    }
    in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(done));
    return true;
}

}  // namespace modbus

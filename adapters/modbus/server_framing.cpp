// adapters/modbus/server_framing.cpp: see server_framing.hpp.
// Not here: sockets, lines and time.
#include "adapters/modbus/server_framing.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "adapters/modbus/server_pdu.hpp"

namespace modbus {
namespace {

constexpr std::uint8_t target_failed = 11;
constexpr std::size_t frame_max = 256;
constexpr std::size_t ascii_frame_max = 513;

std::uint16_t word_at(bytes_view bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

/// How long the request that begins here is; 0: not to be told yet; nothing: by no function code we know.
std::optional<std::size_t> request_length(bytes_view bytes) {
    if (bytes.size() < 2) return 0;
    const auto counted = [&](std::size_t at, std::size_t before) {
        return bytes.size() <= at ? std::size_t{0} : before + bytes[at];
    };
    switch (bytes[1]) {
        case 1:
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
        case 8:
            return 8;
        case 7:
        case 17:
            return 4;
        case 15:
        case 16:
            return counted(6, 9);
        case 20:
            return counted(2, 5);
        case 22:
            return 10;
        case 23:
            return counted(10, 13);
        case 24:
            return 6;
        case 43:
            return 7;
        default:
            return std::nullopt;
    }
}

/// A whole frame at the front of `bytes`: its length, or 0 while it may yet become one.
std::optional<std::size_t> whole_request(bytes_view bytes) {
    const auto length = request_length(bytes);
    if (length && *length > 0) {
        if (*length > frame_max) return std::nullopt;
        if (bytes.size() < *length) return 0;
        return rtu_check_fits(bytes.first(*length)) ? length : std::nullopt;
    }
    if (length) return 0;
    for (std::size_t size = 4; size <= std::min(bytes.size(), frame_max); ++size) {
        if (rtu_check_fits(bytes.first(size))) return size;
    }
    return bytes.size() < frame_max ? std::optional<std::size_t>(0) : std::nullopt;
}

bool is_whole(envelope how, bytes_view frame) {
    if (how == envelope::rtu) return rtu_check_fits(frame);
    if (how == envelope::ascii) return ascii_content(frame).has_value();
    return frame.size() > 7 && word_at(frame, 2) == 0 && word_at(frame, 4) == frame.size() - 6;
}

/// A broadcast on a line: everybody does it, nobody answers.
void carry_out_everywhere(register_source& values, bytes_view pdu) {
    constexpr std::array<std::uint8_t, 4> writes{5, 6, 15, 16};
    if (std::find(writes.begin(), writes.end(), pdu[0]) == writes.end()) return;
    for (std::uint8_t unit = 1; unit < 248; ++unit)
        if (values.has_unit(unit)) static_cast<void>(answer_pdu(values, unit, pdu));
}

void append(std::vector<departure>& to, std::vector<departure> more) {
    std::move(more.begin(), more.end(), std::back_inserter(to));
}

}  // namespace

std::vector<departure> answer_frame(envelope how, served by, bytes_view frame) {
    if (!is_whole(how, frame)) {
        ++by.counters.damaged;
        return {};
    }
    ++by.counters.requests;
    const opened_frame asked = open_frame(how, frame);
    const bool is_broadcast = how != envelope::mbap && asked.unit == 0;
    const bool is_here = by.values.has_unit(asked.unit);
    if (is_broadcast) {
        carry_out_everywhere(by.values, asked.pdu);
        return {};
    }
    if (!is_here && how != envelope::mbap) return {};
    const auto pdu = is_here ? answer_pdu(by.values, asked.unit, asked.pdu)
                             : std::vector<std::uint8_t>{static_cast<std::uint8_t>(asked.pdu[0] | 0x80), target_failed};
    auto leaves = by.values.departures(how, asked.unit, frame, close_frame(how, asked.transaction, asked.unit, pdu));
    if (!leaves.empty()) ++by.counters.answers;
    return leaves;
}

bool serve_mbap(served by, std::vector<std::uint8_t>& in, std::vector<departure>& out) {
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
        append(out, answer_frame(envelope::mbap, by, rest.first(before_unit + length)));
        done += before_unit + length;
    }
    in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(done));
    return true;
}

bool serve_rtu_stream(served by, std::vector<std::uint8_t>& in, std::vector<departure>& out) {
    std::size_t done = 0;
    while (done < in.size()) {
        const bytes_view rest = bytes_view(in).subspan(done);
        const auto length = whole_request(rest);
        if (length == std::size_t{0}) break;
        if (length) {
            append(out, answer_frame(envelope::rtu, by, rest.first(*length)));
        } else {
            ++by.counters.damaged;  // a byte that begins no request
        }
        done += length.value_or(1);
    }
    in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(done));
    return true;
}

bool serve_ascii_stream(served by, std::vector<std::uint8_t>& in, std::vector<departure>& out) {
    for (;;) {
        // ':' begins a frame anew wherever it stands; what is before it is nobody's.
        const auto end = std::find(in.begin(), in.end(), '\n');
        if (end == in.end()) break;
        const auto begin = std::find(std::make_reverse_iterator(end), in.rend(), ':');
        if (begin == in.rend()) {
            ++by.counters.damaged;
        } else {
            append(out, answer_frame(envelope::ascii, by, bytes_view(begin.base() - 1, end + 1)));
        }
        in.erase(in.begin(), end + 1);
    }
    if (in.size() > ascii_frame_max) in.erase(in.begin(), in.end() - static_cast<std::ptrdiff_t>(ascii_frame_max));
    return true;
}

}  // namespace modbus

// adapters/modbus/rtu_frame.cpp: see rtu_frame.hpp.
// Not here: time, and file descriptors.
#include "adapters/modbus/rtu_frame.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

namespace modbus {
namespace {

constexpr std::size_t frame_max = 256;
constexpr std::uint8_t exception_bit = 0x80;

constexpr std::array<std::uint16_t, 256> make_crc_table() {
    std::array<std::uint16_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1u) != 0 ? (value >> 1) ^ 0xA001u : value >> 1;
        table[byte] = static_cast<std::uint16_t>(value);
    }
    return table;
}
constexpr std::array<std::uint16_t, 256> crc_table = make_crc_table();

constexpr bool is_read(std::uint8_t function) { return function >= 1 && function <= 4; }
constexpr bool is_write_one(std::uint8_t function) { return function == 5 || function == 6; }
constexpr bool is_write_many(std::uint8_t function) { return function == 15 || function == 16; }

enum class fit : std::uint8_t { no, maybe, damaged, answer, exception };

/// How what begins at `bytes` compares with the answer looked for.
fit compare(bytes_view bytes, std::uint8_t unit, const answer_shape& shape) {
    if (bytes[0] != unit) return fit::no;
    if (bytes.size() < 2) return fit::maybe;
    if (bytes[1] == (shape.function | exception_bit)) {
        if (bytes.size() < exception_size) return fit::maybe;
        return crc_fits(bytes.first(exception_size)) ? fit::exception : fit::damaged;
    }
    if (bytes[1] != shape.function) return fit::no;
    if (bytes.size() < 3) return fit::maybe;
    if (bytes[2] != shape.data_bytes) return fit::no;
    if (bytes.size() < frame_size(shape)) return fit::maybe;
    return crc_fits(bytes.first(frame_size(shape))) ? fit::answer : fit::damaged;
}

struct candidate {
    std::size_t size;
    foreign_frame frame;
};

/// Everything that could begin here, by its function code; none: not the beginning of a frame we know. A size of 0: one more
/// byte will tell.
std::vector<candidate> candidates(bytes_view bytes) {
    if (bytes.size() < 3) return {{0, {}}};
    const std::uint8_t unit = bytes[0];
    const std::uint8_t function = bytes[1];
    const auto plain = static_cast<std::uint8_t>(function & ~exception_bit);
    if (function != plain) {
        if (!is_read(plain) && !is_write_one(plain) && !is_write_many(plain)) return {};
        return {{exception_size, {unit, frame_kind::exception, {plain, 0}}}};
    }
    std::vector<candidate> all;
    if (is_read(function)) {
        const std::size_t data = bytes[2];
        if (data > 0 && 5 + data <= frame_max) all.push_back({5 + data, {unit, frame_kind::answer, {function, data}}});
        all.push_back({request_size, {unit, frame_kind::other, {function, 0}}});
    } else if (is_write_one(function) || is_write_many(function)) {
        all.push_back({request_size, {unit, frame_kind::other, {function, 0}}});
        if (is_write_many(function)) {
            const std::size_t data = bytes.size() > 6 ? bytes[6] : 0;
            if (bytes.size() <= 6 || 9 + data <= frame_max) all.push_back({9 + data, {unit, frame_kind::other, {function, 0}}});
        }
    }
    return all;
}

struct foreign_look {
    std::optional<candidate> whole;
    bool maybe = false;
};

foreign_look look_for_foreign(bytes_view bytes) {
    foreign_look look;
    for (const candidate& one : candidates(bytes)) {
        if (one.size == 0 || one.size > bytes.size()) {
            look.maybe = true;
        } else if (crc_fits(bytes.first(one.size))) {
            look.whole = one;
            return look;
        }
    }
    return look;
}

struct target {
    std::uint8_t unit;
    answer_shape shape;
};

search scan(bytes_view bytes, const std::optional<target>& wanted) {
    search found;
    std::optional<std::size_t> open;  // the first offset that later bytes may yet make a frame of
    for (std::size_t offset = 0; offset < bytes.size();) {
        const bytes_view rest = bytes.subspan(offset);
        const fit how = wanted ? compare(rest, wanted->unit, wanted->shape) : fit::no;
        if (how == fit::answer || how == fit::exception) {
            found.result = how == fit::answer ? search_result::answer : search_result::exception;
            found.at = offset;
            found.size = how == fit::answer ? frame_size(wanted->shape) : exception_size;
            found.matched = found.size;
            return found;
        }
        if (how == fit::damaged) found.damaged = true;
        if (how == fit::maybe) {
            if (found.matched == 0) {
                found.at = offset;
                found.matched = rest.size();
                found.size = rest.size() > 1 && rest[1] != wanted->shape.function ? exception_size : frame_size(wanted->shape);
            }
            if (!open) open = offset;
        }
        // Within what may be our answer, what looks like another's frame is our data.
        if (found.matched == 0) {
            const foreign_look look = look_for_foreign(rest);
            if (look.whole) {
                found.foreign.push_back(look.whole->frame);
                offset += look.whole->size;
                open.reset();
                continue;
            }
            if (look.maybe && !open) open = offset;
        }
        ++offset;
    }
    found.settled = open.value_or(bytes.size());
    return found;
}

}  // namespace

std::uint16_t crc16(bytes_view bytes) {
    std::uint32_t value = 0xFFFF;
    for (const std::uint8_t byte : bytes) value = (value >> 8) ^ crc_table[(value ^ byte) & 0xFFu];
    return static_cast<std::uint16_t>(value);
}

bool crc_fits(bytes_view frame) { return frame.size() >= 4 && crc16(frame) == 0; }

void append_crc(std::vector<std::uint8_t>& frame) {
    const std::uint16_t crc = crc16(frame);
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFFu));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8));
}

std::array<std::uint8_t, request_size> encode_request(const read_request& request) {
    std::array<std::uint8_t, request_size> frame{request.unit,
                                                 static_cast<std::uint8_t>(request.from),
                                                 static_cast<std::uint8_t>(request.address >> 8),
                                                 static_cast<std::uint8_t>(request.address & 0xFFu),
                                                 static_cast<std::uint8_t>(request.count >> 8),
                                                 static_cast<std::uint8_t>(request.count & 0xFFu),
                                                 0,
                                                 0};
    const std::uint16_t crc = crc16(bytes_view(frame).first(6));
    frame[6] = static_cast<std::uint8_t>(crc & 0xFFu);
    frame[7] = static_cast<std::uint8_t>(crc >> 8);
    return frame;
}

answer_shape shape_of(const read_request& request) {
    const std::size_t count = request.count;
    return {static_cast<std::uint8_t>(request.from), is_bits(request.from) ? (count + 7) / 8 : count * 2};
}

std::vector<std::uint16_t> decode_data(const read_request& request, bytes_view data) {
    assert(data.size() == shape_of(request).data_bytes);
    std::vector<std::uint16_t> values(request.count);
    for (std::size_t index = 0; index < values.size(); ++index) {
        const std::uint32_t value = is_bits(request.from)
                                        ? (data[index / 8] >> (index % 8)) & 1u
                                        : static_cast<std::uint32_t>(data[2 * index] << 8) | data[2 * index + 1];
        values[index] = static_cast<std::uint16_t>(value);
    }
    return values;
}

search find_answer(bytes_view bytes, std::uint8_t unit, const answer_shape& shape) { return scan(bytes, target{unit, shape}); }

search find_frames(bytes_view bytes) { return scan(bytes, std::nullopt); }

}  // namespace modbus

// adapters/modbus/rtu_frame.cpp: see rtu_frame.hpp.
// Not here: time, and file descriptors.
#include "adapters/modbus/rtu_frame.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace modbus {
namespace {

constexpr std::size_t frame_max = 256;

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

using verdict = enum pdu_match::verdict;

constexpr bool is_read(std::uint8_t function) { return function >= 1 && function <= 4; }

enum class fit : std::uint8_t { no, begun, damaged, answer, exception, if_silent };

struct comparison {
    fit how = fit::no;
    std::size_t size = 0;  // of the whole frame, or so much at least
    bool head = false;     // unit, function and one byte more
};

/// How what begins at `bytes` compares with the answer looked for.
comparison compare(bytes_view bytes, const looked_for& what) {
    if (bytes[0] != what.unit) return {};
    const pdu_match got = match(what.form, bytes.subspan(1));
    const std::size_t size = got.size + 3;
    const bool head = bytes.size() >= 3;
    switch (got.verdict) {
        case verdict::no:
            break;
        case verdict::begun:
            return {fit::begun, size, head};
        case verdict::unknown:
            if (bytes.size() <= frame_max && crc_fits(bytes)) return {fit::if_silent, bytes.size(), head};
            return {bytes.size() < frame_max ? fit::begun : fit::damaged, bytes.size() + 1, head};
        case verdict::whole:
        case verdict::exception:
            if (bytes.size() < size) return {fit::begun, size, head};
            if (!crc_fits(bytes.first(size))) return {fit::damaged, size, head};
            return {got.verdict == verdict::whole ? fit::answer : fit::exception, size, head};
    }
    return {};
}

bool begins_with(bytes_view bytes, bytes_view front) {
    return bytes.size() >= front.size() && std::equal(front.begin(), front.end(), bytes.begin());
}

enum class echo_look : std::uint8_t { none, begun, whole };

/// Whether what begins at `bytes` is our own request, heard by an adapter that hears itself.
echo_look look_for_echo(bytes_view bytes, const looked_for& what, const comparison& compared) {
    const bytes_view own = what.request_frame;
    if (!begins_with(bytes, own)) {
        // An answer that repeats the beginning of its request might have its CRC where the request goes on, by a chance of 1 to
        // 65536: then the device's word is not taken for it.
        return bytes.size() < own.size() && begins_with(own, bytes) ? echo_look::begun : echo_look::none;
    }
    if (what.echo_expected) return echo_look::whole;
    if (what.form.may_equal_request()) return echo_look::none;
    // Before the end of what would be the answer, nobody can tell.
    return compared.how == fit::begun ? echo_look::none : echo_look::whole;
}

struct candidate {
    std::size_t size;
    frame_kind kind;
};

/// Everything that could begin here, by its function code; none: not the beginning of a frame we know. A size of 0: one more
/// byte will tell.
std::vector<candidate> candidates(bytes_view bytes) {
    if (bytes.size() < 3) return {{0, frame_kind::other}};
    const std::uint8_t code = bytes[1];
    const std::size_t counted = 5 + std::size_t{bytes[2]};
    switch (code & ~exception_bit) {
        case 1:
        case 2:
        case 3:
        case 4:
        case function::write_coil:
        case function::write_register:
        case function::exception_status:
        case function::diagnostics:
        case function::write_coils:
        case function::write_registers:
        case function::server_id:
        case function::read_file:
        case function::mask_write:
        case function::write_and_read:
        case function::read_fifo:
            break;
        default:
            return {};
    }
    if ((code & exception_bit) != 0) return {{exception_size, frame_kind::exception}};
    std::vector<candidate> all;
    if (is_read(code) || code == function::server_id || code == function::read_file || code == function::write_and_read) {
        if (bytes[2] > 0 && counted <= frame_max) all.push_back({counted, frame_kind::answer});
        if (is_read(code)) all.push_back({request_size, frame_kind::other});
    } else if (code == function::exception_status) {
        all.push_back({5, frame_kind::answer});
    } else if (code == function::mask_write) {
        all.push_back({10, frame_kind::answer});
    } else if (code == function::read_fifo) {
        if (bytes.size() < 4) return {{0, frame_kind::other}};
        const std::size_t size = 6 + (std::size_t{bytes[2]} << 8 | bytes[3]);
        if (size <= 70) all.push_back({size, frame_kind::answer});
    } else {
        all.push_back({request_size, frame_kind::answer});
        if (code == function::write_coils || code == function::write_registers) {
            const std::size_t data = bytes.size() > 6 ? bytes[6] : 0;
            if (bytes.size() <= 6 || 9 + data <= frame_max) all.push_back({9 + data, frame_kind::other});
        }
    }
    return all;
}

struct foreign_look {
    std::size_t size = 0;  // of a whole one; 0: none
    foreign_frame frame;
    bool maybe = false;
};

foreign_look look_for_foreign(bytes_view bytes) {
    foreign_look look;
    for (const candidate& one : candidates(bytes)) {
        if (one.size == 0 || one.size > bytes.size()) {
            look.maybe = true;
        } else if (crc_fits(bytes.first(one.size))) {
            look.size = one.size;
            look.frame = foreign_of(bytes[0], bytes.subspan(1, one.size - 3));
            if (one.kind == frame_kind::other) look.frame = {bytes[0], frame_kind::other, {bytes[1], 0, 0}};
            return look;
        }
    }
    return look;
}

std::vector<std::uint8_t> pdu_in(bytes_view frame) { return {frame.begin() + 1, frame.end() - 2}; }

/// Scans from the front; each step decides about one offset.
class scanner {
public:
    scanner(bytes_view bytes, const looked_for* wanted) : bytes_(bytes), wanted_(wanted) {}

    search run() {
        while (offset_ < bytes_.size())
            if (!step(bytes_.subspan(offset_))) return std::move(found_);
        found_.settled = open_.value_or(bytes_.size());
        return std::move(found_);
    }

private:
    /// False: the search is over.
    bool step(bytes_view rest) {
        if (wanted_ && !step_wanted(rest)) return false;
        // Within what may be our answer, what looks like another's frame is our data.
        if (found_.matched == 0) {
            const foreign_look look = look_for_foreign(rest);
            if (look.size > 0) {
                found_.foreign.push_back(look.frame);
                offset_ += look.size;
                open_.reset();
                return true;
            }
            if (look.maybe) keep();
        }
        ++offset_;
        return true;
    }

    bool step_wanted(bytes_view rest) {
        const comparison compared = compare(rest, *wanted_);
        const echo_look echo = look_for_echo(rest, *wanted_, compared);
        if (echo == echo_look::whole) return finish(search_result::echo, wanted_->request_frame.size());
        if (compared.how == fit::exception) return finish(search_result::exception, compared.size);
        if (compared.how == fit::answer && echo == echo_look::none) return finish(search_result::answer, compared.size);
        if (compared.how == fit::damaged && echo == echo_look::none) found_.damaged = true;
        if (compared.how == fit::begun || compared.how == fit::if_silent) note_begun(rest, compared);
        if (compared.how != fit::no && compared.how != fit::damaged) keep();
        if (echo == echo_look::begun) keep();
        return true;
    }

    bool finish(search_result what, std::size_t size) {
        found_.result = what;
        found_.at = offset_;
        found_.size = found_.matched = size;
        if (what != search_result::echo) found_.pdu = pdu_in(bytes_.subspan(offset_, size));
        return false;
    }

    void note_begun(bytes_view rest, const comparison& compared) {
        if (found_.matched > 0 && (found_.whole_if_silent || compared.how != fit::if_silent)) return;
        found_.at = offset_;
        found_.matched = rest.size();
        found_.size = compared.size;
        found_.begun = compared.head;
        if (compared.how != fit::if_silent) return;
        found_.whole_if_silent = true;
        found_.pdu = pdu_in(rest);
    }

    void keep() {
        if (!open_) open_ = offset_;
    }

    bytes_view bytes_;
    const looked_for* wanted_;
    search found_;
    std::size_t offset_ = 0;
    std::optional<std::size_t> open_;  // the first offset that later bytes may yet make a frame of
};

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

std::vector<std::uint8_t> rtu_frame_of(std::uint8_t unit, bytes_view pdu) {
    std::vector<std::uint8_t> frame;
    frame.reserve(pdu.size() + 3);
    frame.push_back(unit);
    frame.insert(frame.end(), pdu.begin(), pdu.end());
    append_crc(frame);
    return frame;
}

search find_rtu_answer(bytes_view bytes, const looked_for& what) { return scanner(bytes, &what).run(); }

search find_rtu_frames(bytes_view bytes) { return scanner(bytes, nullptr).run(); }

}  // namespace modbus

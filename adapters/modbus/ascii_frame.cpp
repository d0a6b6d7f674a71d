// adapters/modbus/ascii_frame.cpp: see ascii_frame.hpp.
// Not here: time, and channels.
#include "adapters/modbus/ascii_frame.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace modbus {
namespace {

constexpr std::size_t frame_max = 513;  // characters
/// Colon, unit, function and one byte more: from here on a beginning is taken for the answer.
constexpr std::size_t head_size = 7;

/// Small letters are not of the specification, but are of some devices.
std::optional<std::uint8_t> digit(std::uint8_t character) {
    if (character >= '0' && character <= '9') return static_cast<std::uint8_t>(character - '0');
    if (character >= 'A' && character <= 'F') return static_cast<std::uint8_t>(character - 'A' + 10);
    if (character >= 'a' && character <= 'f') return static_cast<std::uint8_t>(character - 'a' + 10);
    return std::nullopt;
}

/// A frame from its colon on.
struct sighting {
    enum class state : std::uint8_t { none, begun, whole };
    sighting::state state = sighting::state::none;
    std::size_t size = 0;             // whole: in characters; none: so many are of no use
    std::vector<std::uint8_t> bytes;  // decoded so far, the LRC included
};

sighting look_at(bytes_view from) {
    sighting seen;
    std::size_t at = 1;
    while (at + 1 < from.size()) {
        if (from[at] == '\r' && from[at + 1] == '\n') {
            seen.size = at + 2;
            seen.state = seen.bytes.size() >= 3 ? sighting::state::whole : sighting::state::none;
            return seen;
        }
        const auto high = digit(from[at]), low = digit(from[at + 1]);
        if (!high || !low || at + 2 > frame_max - 2) {
            // What stands in the way may itself be the colon of the next frame.
            seen.size = from[at] != ':' && high ? at + 1 : at;
            return seen;
        }
        seen.bytes.push_back(static_cast<std::uint8_t>(*high << 4 | *low));
        at += 2;
    }
    if (at < from.size() && from[at] != '\r' && !digit(from[at])) {
        seen.size = at;
        return seen;
    }
    seen.state = sighting::state::begun;
    return seen;
}

bool could_be_answer(bytes_view begun, const looked_for& what) {
    if (begun.empty()) return true;
    if (begun[0] != what.unit) return false;
    return match(what.form, begun.subspan(1)).verdict != pdu_match::verdict::no;
}

class scanner {
public:
    scanner(bytes_view bytes, const looked_for* wanted) : bytes_(bytes), wanted_(wanted) {}

    search run() {
        for (;;) {
            const auto colon = std::find(bytes_.begin() + static_cast<std::ptrdiff_t>(offset_), bytes_.end(), ':');
            offset_ = static_cast<std::size_t>(colon - bytes_.begin());
            found_.settled = offset_;
            if (offset_ == bytes_.size()) return std::move(found_);
            const sighting seen = look_at(bytes_.subspan(offset_));
            if (seen.state == sighting::state::begun) {
                note_begun(seen);
                return std::move(found_);
            }
            if (seen.state == sighting::state::whole && take(seen)) return std::move(found_);
            if (seen.state == sighting::state::none && wanted_ && seen.bytes.size() >= 2 && could_be_answer(seen.bytes, *wanted_))
                found_.damaged = true;
            offset_ += std::max<std::size_t>(seen.size, 1);
        }
    }

private:
    /// True: the search is over.
    bool take(const sighting& seen) {
        const bytes_view all(seen.bytes);
        const std::uint8_t unit = all[0];
        const bytes_view pdu = all.subspan(1, all.size() - 2);
        const bool good = lrc(all) == 0;
        const bool ours = wanted_ && unit == wanted_->unit;
        if (ours && is_echo(seen.size)) return finish(search_result::echo, seen.size, {});
        if (ours && !good) {
            const std::uint8_t plain = pdu.empty() ? 0 : pdu[0] & 0x7Fu;
            found_.damaged = found_.damaged || plain == wanted_->form.function();
        }
        if (!good || pdu.empty()) return false;
        if (ours && fault_of(wanted_->form, pdu).empty()) {
            const bool exception = (pdu[0] & exception_bit) != 0;
            return finish(exception ? search_result::exception : search_result::answer, seen.size, pdu);
        }
        found_.foreign.push_back(foreign_of(unit, pdu));
        return false;
    }

    bool is_echo(std::size_t size) const {
        const bytes_view own = wanted_->request_frame;
        const bytes_view frame = bytes_.subspan(offset_, size);
        if (!std::equal(frame.begin(), frame.end(), own.begin(), own.end())) return false;
        return wanted_->echo_expected || !wanted_->form.may_equal_request();
    }

    bool finish(search_result what, std::size_t size, bytes_view pdu) {
        found_.result = what;
        found_.at = offset_;
        found_.size = found_.matched = size;
        found_.pdu.assign(pdu.begin(), pdu.end());
        return true;
    }

    void note_begun(const sighting& seen) {
        if (!wanted_ || !could_be_answer(seen.bytes, *wanted_)) return;
        found_.at = offset_;
        found_.matched = bytes_.size() - offset_;
        found_.begun = found_.matched >= head_size;
        const std::size_t pdu =
            seen.bytes.empty() ? 2 : std::max<std::size_t>(match(wanted_->form, bytes_view(seen.bytes).subspan(1)).size, 2);
        found_.size = std::max(frame_size(line_framing::ascii, pdu), found_.matched + 1);
    }

    bytes_view bytes_;
    const looked_for* wanted_;
    search found_;
    std::size_t offset_ = 0;
};

}  // namespace

std::uint8_t lrc(bytes_view bytes) {
    std::uint32_t sum = 0;
    for (const std::uint8_t byte : bytes) sum += byte;
    return static_cast<std::uint8_t>(0u - sum);
}

std::vector<std::uint8_t> ascii_frame_of(std::uint8_t unit, bytes_view pdu) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::vector<std::uint8_t> frame{':'};
    frame.reserve(frame_size(line_framing::ascii, pdu.size()));
    std::uint32_t sum = 0;
    const auto put = [&](std::uint8_t byte) {
        frame.push_back(static_cast<std::uint8_t>(digits[byte >> 4]));
        frame.push_back(static_cast<std::uint8_t>(digits[byte & 0xFu]));
        sum += byte;
    };
    put(unit);
    for (const std::uint8_t byte : pdu) put(byte);
    put(static_cast<std::uint8_t>(0u - sum));
    frame.push_back('\r');
    frame.push_back('\n');
    return frame;
}

search find_ascii_answer(bytes_view bytes, const looked_for& what) { return scanner(bytes, &what).run(); }

search find_ascii_frames(bytes_view bytes) { return scanner(bytes, nullptr).run(); }

}  // namespace modbus

// adapters/serial/frame.cpp: see frame.hpp.
// Not here: check values (check.cpp).
#include "adapters/serial/frame.hpp"

#include <algorithm>
#include <bit>

namespace serial {
namespace {

// What a port hands over for a byte of wrong parity; no text has it.
constexpr char damaged_byte = '\0';

bool is_text(const framing& how) { return how.kind == framing_kind::line || how.kind == framing_kind::delimited; }

bool odd_number_of_ones(char byte) { return std::popcount(static_cast<unsigned char>(byte)) % 2 != 0; }

}  // namespace

char with_parity(char byte, eighth_bit how) {
    if (how != eighth_bit::even && how != eighth_bit::odd) return byte;
    const bool set = odd_number_of_ones(static_cast<char>(byte & 0x7F)) != (how == eighth_bit::odd);
    return static_cast<char>((byte & 0x7F) | (set ? 0x80 : 0));
}

char without_parity(char byte, eighth_bit how) {
    if (how == eighth_bit::data) return byte;
    const bool damaged = how != eighth_bit::ignored && odd_number_of_ones(byte) != (how == eighth_bit::odd);
    return damaged ? damaged_byte : static_cast<char>(byte & 0x7F);
}

void assembler::feed(std::string_view bytes, time_point now) {
    if (bytes.empty()) return;
    // A frame that the silence has ended is still to be taken: next() comes before feed().
    pass_silence(now);
    last_byte_ = now;
    silent_ = false;
    for (const char byte : bytes) buffer_ += without_parity(byte, how_.eighth);
}

void assembler::restart(bool midstream) {
    buffer_.clear();
    skipping_ = midstream && how_.start.empty() && (is_text(how_) || how_.kind == framing_kind::gap);
    silent_ = false;
}

std::string assembler::take_damage() {
    std::string text;
    if (damaged_ > 0) text = damage_;
    if (damaged_ > 1) text += ", " + std::to_string(damaged_) + " times";
    damaged_ = 0;
    return text;
}

void assembler::pass_over(const char* why) {
    damage_ = why;
    ++damaged_;
}

std::optional<time_point> assembler::wakes() const {
    if (how_.gap == nanoseconds(0) || silent_ || (buffer_.empty() && !skipping_)) return std::nullopt;
    return last_byte_ + how_.gap;
}

/// Whether the line has been silent for the gap. A frame that was broken off is dropped.
bool assembler::pass_silence(time_point now) {
    if (how_.gap == nanoseconds(0) || last_byte_ == time_point{} || now < last_byte_ + how_.gap) return false;
    silent_ = true;
    if (how_.kind == framing_kind::gap) return true;
    if (!buffer_.empty()) pass_over("a message broke off");
    buffer_.clear();
    skipping_ = false;
    return true;
}

std::optional<frame> assembler::next(time_point now) {
    if (how_.kind == framing_kind::gap && pass_silence(now) && skipping_) {
        skipping_ = false;
        buffer_.clear();
    }
    for (;;) {
        const cut where = find();
        buffer_.erase(0, where.skip);
        if (where.size > 0) {
            if (auto good = judge(where)) return good;
            continue;
        }
        if (pass_silence(now) && buffer_.empty()) return std::nullopt;
        if (buffer_.size() <= how_.most) return std::nullopt;
        pass_over("a message is too long");
        // Without a start to look for, the rest of it must pass.
        skipping_ = how_.start.empty();
        buffer_.erase(0, how_.start.empty() ? buffer_.size() : 1);
    }
}

assembler::cut assembler::find() const {
    if (is_text(how_)) return find_ended();
    if (how_.kind == framing_kind::gap) {
        // Of what came before the silence; feed() is told of it before the first byte after it.
        if (!silent_ || buffer_.empty() || buffer_.size() > how_.most) return {};
        return {0, buffer_.size(), buffer_.size()};
    }
    return find_counted();
}

/// Lines, and what stands between a start and an end.
assembler::cut assembler::find_ended() const {
    cut where;
    if (!how_.start.empty()) {
        where.skip = std::min(buffer_.find(how_.start), buffer_.size());
        // All noise, but for what may be the beginning of a start.
        if (where.skip == buffer_.size()) return {buffer_.size() - std::min(buffer_.size(), how_.start.size() - 1), 0, 0};
    }
    const std::size_t end = buffer_.find(how_.end, where.skip + how_.start.size());
    // One that begins before its end makes of the first a frame that broke off.
    if (!how_.start.empty()) {
        const std::size_t last =
            buffer_.rfind(how_.start, end == std::string::npos ? end : end - std::min(end, how_.start.size()));
        if (last != std::string::npos && last > where.skip && (end == std::string::npos || last + how_.start.size() <= end))
            where.skip = last;
    }
    if (end == std::string::npos) return {where.skip, 0, 0};
    std::size_t stop = end + how_.end.size();
    if (how_.kind == framing_kind::line) {
        where.size = stop - where.skip;
        where.content = end - where.skip;
        return where;
    }
    if (how_.trailer_is_line) {
        const std::size_t feed = buffer_.find('\n', stop);
        if (feed == std::string::npos) return {where.skip, 0, 0};
        stop = feed + 1;
    } else if (buffer_.size() < stop + how_.trailer) {
        return {where.skip, 0, 0};
    } else {
        stop += how_.trailer;
    }
    where.size = where.content = stop - where.skip;
    return where;
}

/// Frames whose length is known, or told in them.
assembler::cut assembler::find_counted() const {
    cut where;
    where.skip = std::min(buffer_.find(how_.start), buffer_.size());
    if (where.skip == buffer_.size() && !how_.start.empty())
        return {buffer_.size() - std::min(buffer_.size(), how_.start.size() - 1), 0, 0};
    const std::string_view rest = std::string_view(buffer_).substr(where.skip);
    std::int64_t size = static_cast<std::int64_t>(how_.length);
    if (how_.kind == framing_kind::length) {
        if (rest.size() < how_.length_at + how_.length_width) return {where.skip, 0, 0};
        std::uint32_t number = 0;
        for (std::size_t i = 0; i < how_.length_width; ++i) {
            const std::size_t at = how_.length_at + (how_.length_little ? how_.length_width - 1 - i : i);
            number = number << 8 | static_cast<unsigned char>(rest[at]);
        }
        size = how_.length_adjust + static_cast<std::int64_t>(number);
        const auto least = static_cast<std::int64_t>(how_.length_at + how_.length_width + how_.check.width());
        // A length that can't be is no frame's: judge() passes over its first byte.
        if (size < least || size > static_cast<std::int64_t>(how_.most)) return {where.skip, 1, 0};
    }
    if (rest.size() < static_cast<std::size_t>(size)) return {where.skip, 0, 0};
    where.size = where.content = static_cast<std::size_t>(size);
    return where;
}

/// Takes the frame that the buffer begins with. Nothing: it isn't good, and was passed over.
std::optional<frame> assembler::judge(const cut& where) {
    frame found{buffer_.substr(0, where.content), where.content};
    if (how_.kind == framing_kind::line && how_.end == "\n" && found.bytes.ends_with('\r')) found.bytes.pop_back();
    if (skipping_ && is_text(how_)) {
        // The rest of something.
        skipping_ = false;
        buffer_.erase(0, where.size);
        return std::nullopt;
    }
    if (how_.kind == framing_kind::line && found.bytes.empty()) {
        buffer_.erase(0, where.size);
        return std::nullopt;
    }
    const std::string_view text =
        std::string_view(found.bytes).substr(0, found.bytes.size() - std::min(found.bytes.size(), how_.trailer));
    const bool spoilt = is_text(how_) && text.find(damaged_byte) != std::string_view::npos;
    const checked checked = verify(how_.check, found.bytes);
    if (checked.verdict == verdict::good && how_.check.kind != check_kind::none) seen_check_ = true;
    const bool good = where.content > 0 && found.bytes.size() <= how_.most && !spoilt && checked.verdict != verdict::bad &&
                      !(checked.verdict == verdict::absent && seen_check_);
    if (good) {
        buffer_.erase(0, where.size);
        found.body = checked.body;
        return found;
    }
    pass_over(spoilt ? "a byte's parity is wrong" : where.content == 0 ? "a length can't be" : "a check value is wrong");
    // Its beginning may be noise that looks like one: the true one may lie within. Without a start there is nothing to look for.
    const bool search_within = !how_.start.empty() || how_.kind == framing_kind::fixed || how_.kind == framing_kind::length;
    buffer_.erase(0, search_within ? 1 : where.size);
    return std::nullopt;
}

}  // namespace serial

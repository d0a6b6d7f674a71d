// store/wal_scan.cpp: headers, salts, checksums.
#include "store/wal_scan.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "store/bytes.hpp"
#include "store/page_scan.hpp"
#include "store/retention.hpp"

namespace store {
namespace {

constexpr std::uint32_t magic_little = 0x377F0682;
constexpr std::uint32_t magic_big = 0x377F0683;
constexpr std::uint32_t version = 3007000;
constexpr std::uint64_t frame_size = frame_header_size + page_size;
// Behind the newest generation of frames lie those of older ones. So many of them end the search for more of the newest.
constexpr std::size_t look_ahead = 256;
constexpr std::size_t frames_at_once = 32;

struct checksum {
    std::uint32_t first = 0, second = 0;
    bool operator==(const checksum&) const = default;
};

checksum checksum_at(std::string_view from, std::size_t at) { return {read_32(from, at), read_32(from, at + 4)}; }

std::uint32_t word_at(std::string_view bytes, std::size_t at, bool big) {
    const std::uint32_t word = read_32(bytes, at);
    return big ? word : __builtin_bswap32(word);
}

checksum continued(checksum from, std::string_view bytes, bool big) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
        from.first += word_at(bytes, at, big) + from.second;
        from.second += word_at(bytes, at + 4, big) + from.first;
    }
    return from;
}

/// The generation of frames that a WAL is about.
struct generation {
    bool big = false;        // order of bytes in checksums
    std::string_view salts;  // 8 bytes
};

bool is_sound(std::string_view frame, const generation& of, checksum before) {
    if (frame.substr(8, 8) != of.salts || read_32(frame, 0) == 0) return false;
    checksum sum = continued(before, frame.substr(0, 8), of.big);
    sum = continued(sum, frame.substr(frame_header_size), of.big);
    return sum == checksum_at(frame, 16);
}

/// Watches for what proves that a frame which isn't sound was once synced.
class damage_watch {
public:
    /// `of_generation`: its salts are right, whatever else is.
    void see(std::string_view frame, bool sound, bool of_generation) {
        if (sound && !broken_) before_break_ = seen{read_32(frame, 0), read_32(frame, 4), 0};
        broken_ |= !sound;
        if (!broken_ || !of_generation) return;
        const seen now{read_32(frame, 0), read_32(frame, 4), sound ? crc32(frame.substr(frame_header_size)) : 0};
        // The last repetition (see below) is synced only as far as the sector goes that it fills up.
        const bool repeats = before_break_.commits != 0 && before_break_.page == now.page && before_break_.commits == now.commits;
        if (is_first_ && !sound && repeats) return;
        is_first_ = false;
        // SQLite repeats a transaction's last frame to fill up a sector.
        const bool may_repeat = last_commit_ && last_commit_->page == now.page && last_commit_->commits == now.commits &&
                                (last_commit_->content == now.content || last_commit_->content == 0 || now.content == 0);
        if (last_commit_ && !may_repeat) proven_ = true;
        if (now.commits != 0) last_commit_ = now;
    }
    bool proven() const { return proven_; }

private:
    struct seen {
        std::uint32_t page, commits, content;  // 0: unknown
    };
    bool broken_ = false;
    bool proven_ = false;
    bool is_first_ = true;  // of those since it broke
    seen before_break_{0, 0, 0};
    std::optional<seen> last_commit_;  // since it broke
};

bool is_header(std::string_view header) {
    const std::uint32_t magic = read_32(header, 0);
    if (magic != magic_little && magic != magic_big) return false;
    if (read_32(header, 4) != version || read_32(header, 8) != page_size) return false;
    return continued({}, header.substr(0, 24), magic == magic_big) == checksum_at(header, 24);
}

/// Goes through the frames of a file in larger pieces.
class frame_reader {
public:
    explicit frame_reader(raw_file& wal) : wal_(wal), buffer_(frames_at_once * frame_size, '\0') {}
    /// Valid until the next call; empty at the end.
    std::string_view next() {
        if (at_ == in_buffer_) {
            in_buffer_ = wal_.read(wal_header_size + read_ * frame_size, buffer_.data(), buffer_.size()) / frame_size;
            at_ = 0;
            read_ += in_buffer_;
        }
        if (at_ == in_buffer_) return {};
        return std::string_view(buffer_).substr(at_++ * frame_size, frame_size);
    }

private:
    raw_file& wal_;
    std::string buffer_;
    std::size_t at_ = 0, in_buffer_ = 0;
    std::uint64_t read_ = 0;
};

}  // namespace

std::uint64_t offset_of_frame(std::size_t index) { return wal_header_size + index * frame_size + frame_header_size; }

wal_scan scan_wal(raw_file& wal) {
    wal_scan found;
    std::string header(wal_header_size, '\0');
    if (wal.read(0, header.data(), header.size()) < header.size()) return found;
    found.header_is_sound = is_header(header);
    std::string salts = header.substr(16, 8);
    generation newest{found.header_is_sound && read_32(header, 0) == magic_big, salts};
    checksum before = checksum_at(header, 24);
    std::size_t committed = 0;  // frames up to the last commit
    std::size_t strange = 0;    // in a row
    damage_watch watch;
    frame_reader frames(wal);
    for (std::string_view frame = frames.next(); !frame.empty() && strange < look_ahead; frame = frames.next()) {
        if (found.frames.empty() && !found.header_is_sound) {
            salts = frame.substr(8, 8);
            newest.salts = salts;
        }
        const bool sound = is_sound(frame, newest, before);
        before = checksum_at(frame, 16);
        watch.see(frame, sound, frame.substr(8, 8) == newest.salts);
        strange = sound ? 0 : strange + 1;
        found.frames.push_back({read_32(frame, 0), sound});
        if (sound && read_32(frame, 4) != 0) committed = found.frames.size();
    }
    // Without a sound header the first frame can't be sound either; what is whole else decides (fault.cpp).
    found.damaged = watch.proven() && (found.header_is_sound || committed == 0);
    found.frames.resize(committed);
    return found;
}

}  // namespace store

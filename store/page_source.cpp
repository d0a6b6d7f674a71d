// store/page_source.cpp: the file under its WAL, and what SQLite notes of each page.
#include "store/page_source.hpp"

#include <algorithm>

#include "store/retention.hpp"

namespace store {
namespace {

// Of a file with auto_vacuum: page 2 and every 820th after it say of each page behind them what it is for, 5 bytes each.
constexpr std::uint32_t pages_of_map = page_size / 5;
constexpr std::size_t map_entry = 5;

std::uint32_t map_of(std::uint32_t page) { return (page - 2) / (pages_of_map + 1) * (pages_of_map + 1) + 2; }

}  // namespace

page_source::page_source(files& in, const std::string& path) : file_(in.open(path)), wal_(in.open(path + "-wal")) {
    if (wal_) {
        wal_scan scanned = scan_wal(*wal_);
        frames_ = std::move(scanned.frames);
        wal_is_damaged_ = scanned.damaged;
        wal_header_is_damaged_ = !scanned.header_is_sound;
        has_holes_ = wal_is_damaged_;
    }
    if (file_) pages_ = (file_->size() + page_size - 1) / page_size;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
        const std::uint32_t page = frames_[i].page;
        if (frames_[i].sound) {
            newest_[page] = {i, false};
            lost_.erase(page);
            pages_ = std::max<std::uint64_t>(pages_, page);
        } else if (const auto known = newest_.find(page); known != newest_.end()) {
            known->second.newer_is_lost = true;
        } else {
            lost_[page] = true;
        }
        has_holes_ |= !frames_[i].sound;
    }
    has_holes_ |= !is_complete();
}

bool page_source::is_complete() {
    std::string first;
    return read(1, first) && first.starts_with("SQLite format 3") && read_32(first, 28) <= pages_;
}

std::uint64_t page_source::size() const { return (file_ ? file_->size() : 0) + frames_.size() * page_size; }

bool page_source::is_stale(std::uint32_t page) const {
    const auto frame = newest_.find(page);
    return frame != newest_.end() ? frame->second.newer_is_lost : lost_.contains(page);
}

bool page_source::read(std::uint32_t page, std::string& to) {
    const auto frame = newest_.find(page);
    return frame != newest_.end() ? read_frame(frame->second.sound, to) : read_file(page, to);
}

bool page_source::read_file(std::uint32_t page, std::string& to) {
    to.resize(page_size);
    return file_ && page >= 1 && file_->read((page - std::uint64_t{1}) * page_size, to.data(), page_size) == page_size;
}

bool page_source::read_frame(std::size_t index, std::string& to) {
    to.resize(page_size);
    return wal_->read(offset_of_frame(index), to.data(), page_size) == page_size;
}

page_source::role page_source::role_of(std::uint32_t page) {
    const std::uint32_t map = map_of(page);
    if (map != map_page_) {
        map_page_ = map;
        if (!read(map, map_)) map_.clear();
    }
    const std::size_t at = map_entry * (page - map - std::size_t{1});
    if (at >= map_.size()) return role::unknown;
    switch (map_[at]) {
        case 1:  // root of a tree
        case 5:  // below another page of it
            return role::rows;
        case 2:
            return role::free;
        case 3:
        case 4:
            return role::overflow;
        default:
            return role::unknown;
    }
}

/// Leaves of a tree, and whatever looks like one: what SQLite notes of a page may be damaged, too.
void page_source::each(const std::function<void(std::string_view, image)>& use) {
    std::string page;
    for (std::uint32_t number = 3; number <= pages_; ++number) {
        if (number == map_of(number)) continue;
        const role is = role_of(number);
        if (!read(number, page)) {
            has_holes_ = true;
            continue;
        }
        const auto type = static_cast<std::uint8_t>(page[0]);
        if (type != table_leaf && is != role::rows) {
            has_holes_ |= is == role::unknown && type != 0;
            continue;
        }
        if (type == table_interior) continue;
        has_holes_ |= is == role::rows && type != table_leaf;
        use(page, is == role::free ? image::freed : is_stale(number) ? image::older : image::current);
    }
    for (std::size_t i = 0; i < frames_.size(); ++i) {
        const auto newest = newest_.find(frames_[i].page);
        const bool used = newest != newest_.end() && newest->second.sound == i;
        if (used || !read_frame(i, page) || static_cast<std::uint8_t>(page[0]) != table_leaf) continue;
        use(page, image::older);
    }
    for (const auto& [number, frame] : newest_)
        if (number > 2 && read_file(number, page) && static_cast<std::uint8_t>(page[0]) == table_leaf) use(page, image::older);
}

bool page_source::payload_of(const leaf_cell& cell, std::string& to) { return collect(cell, &page_source::read, to); }

bool page_source::payload_without_wal(const leaf_cell& cell, std::string& to) {
    return collect(cell, &page_source::read_file, to);
}

bool page_source::collect(const leaf_cell& cell, reading read_page, std::string& to) {
    to.assign(cell.local);
    std::string page;
    std::uint32_t next = cell.overflow;
    while (to.size() < cell.size) {
        if (next < 2 || next > pages_ || !(this->*read_page)(next, page)) return false;
        next = read_32(page, 0);
        to.append(page, 4, static_cast<std::size_t>(std::min<std::uint64_t>(page_size - 4, cell.size - to.size())));
    }
    return true;
}

bool page_source::wal_adds_nothing() {
    std::string in_frame;
    std::string in_file;
    for (const auto& [number, frame] : newest_)
        if (!read_frame(frame.sound, in_frame) || !read_file(number, in_file) || in_frame != in_file) return false;
    return true;
}

}  // namespace store

// store/page_source.hpp: every image of every page that a queue file and its WAL hold, each with how far it is to be believed.
// Not here: what is in a page (page_scan.hpp) and what is done with it (salvage.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/files.hpp"
#include "store/page_scan.hpp"
#include "store/wal_scan.hpp"

namespace store {

enum class image : std::uint8_t {
    current,  // as it was when the last commit was made, for all one can see
    older,    // a commit has changed the page since
    freed,    // nothing refers to the page any more
};

class page_source {
public:
    page_source(files& in, const std::string& path);

    /// All images that may hold rows, the current ones first.
    void each(const std::function<void(std::string_view page, image)>& use);
    /// The whole payload of a cell, from pages as they are now, or as the file alone has them. False: it can't be had.
    bool payload_of(const leaf_cell& cell, std::string& to);
    bool payload_without_wal(const leaf_cell& cell, std::string& to);

    /// No payload can be larger.
    std::uint64_t most() const { return (pages_ + frames_.size()) * 4096; }
    std::uint64_t size() const;
    /// A page that should hold rows doesn't look so, or a frame of the WAL isn't right.
    bool has_holes() const { return has_holes_; }
    bool wal_is_damaged() const { return wal_is_damaged_; }
    bool wal_header_is_damaged() const { return wal_header_is_damaged_; }
    bool has_wal() const { return wal_ && wal_->size() > 0; }
    bool wal_has_content() const { return !frames_.empty(); }
    /// As many pages as the first one says.
    bool is_complete();
    /// What the WAL holds is in the file already.
    bool wal_adds_nothing();

private:
    enum class role : std::uint8_t { unknown, rows, free, overflow };
    using reading = bool (page_source::*)(std::uint32_t, std::string&);
    bool read(std::uint32_t page, std::string& to);
    bool read_file(std::uint32_t page, std::string& to);
    bool read_frame(std::size_t index, std::string& to);
    bool collect(const leaf_cell& cell, reading read_page, std::string& to);
    role role_of(std::uint32_t page);
    bool is_stale(std::uint32_t page) const;

    std::unique_ptr<raw_file> file_;
    std::unique_ptr<raw_file> wal_;
    std::vector<wal_frame> frames_;
    struct newest_frame {
        std::size_t sound = 0;
        bool newer_is_lost = false;
    };
    std::unordered_map<std::uint32_t, newest_frame> newest_;
    std::unordered_map<std::uint32_t, bool> lost_;  // pages of which only unsound frames are there
    std::uint64_t pages_ = 0;
    bool wal_is_damaged_ = false;
    bool wal_header_is_damaged_ = false;
    bool has_holes_ = false;
    std::uint32_t map_page_ = 0;  // the page of roles that was read last
    std::string map_;
};

}  // namespace store

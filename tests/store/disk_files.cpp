// tests/store/disk_files.cpp: the disk's files by their names, as they are moved aside and read past SQLite.
// Not here: what SQLite does with them (disk.cpp).
#include "tests/store/disk.hpp"

namespace test {
namespace {

class content_file final : public store::raw_file {
public:
    explicit content_file(const std::string& content) : content_(content) {}
    std::uint64_t size() const override { return content_.size(); }
    std::size_t read(std::uint64_t offset, char* to, std::size_t size) override {
        return offset < content_.size() ? content_.copy(to, size, offset) : 0;
    }

private:
    const std::string& content_;
};

store::error no_power() { return {store::errc::io, "the power is gone"}; }

}  // namespace

std::unique_ptr<store::raw_file> disk::named_files::open(const std::string& path) {
    const auto found = disk_.nodes_.find(path);
    if (disk_.dead_ || found == disk_.nodes_.end() || !found->second.exists) return nullptr;
    return std::make_unique<content_file>(found->second.content);
}

store::result<void> disk::named_files::rename(const std::string& from, const std::string& to) {
    if (!disk_.may_change()) return no_power();
    if (!disk_.exists(from)) return store::error(store::errc::missing, from + ": is missing");
    if (!disk_.dying_ || disk_.random(2) == 0) {
        disk_.rename(from, to);
        disk_.renames_.push_back({from, to});
    }
    disk_.dead_ = disk_.dying_;
    if (disk_.dead_) return no_power();
    return {};
}

store::result<void> disk::named_files::remove(const std::string& path) {
    if (!disk_.exists(path)) return {};
    if (!disk_.may_change()) return no_power();
    disk_.nodes_.at(path).exists = false;
    disk_.dead_ = disk_.dying_;
    if (disk_.dead_) return no_power();
    return {};
}

store::result<void> disk::named_files::sync_folder(const std::string&) {
    if (!disk_.may_change()) return no_power();
    disk_.dead_ = disk_.dying_;
    if (disk_.dead_) return no_power();
    if (disk_.lies_about_syncs) return {};
    disk_.renames_.clear();
    for (auto& [name, file] : disk_.nodes_) file.durably_exists = file.exists;
    return {};
}

std::vector<std::string> disk::named_files::beginning_with(const std::string& path) {
    std::vector<std::string> found;
    for (const auto& [name, file] : disk_.nodes_)
        if (file.exists && name.starts_with(path)) found.push_back(name);
    return found;
}

}  // namespace test

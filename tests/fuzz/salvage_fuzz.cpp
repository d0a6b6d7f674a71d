// tests/fuzz/salvage_fuzz.cpp: any bytes as the pages of a queue file and as its WAL: reading them ends, within bounds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "store/page_source.hpp"
#include "store/segment.hpp"
#include "tests/fuzz/target.hpp"

namespace {

class bytes_as_file final : public store::raw_file {
public:
    explicit bytes_as_file(const std::string& bytes) : bytes_(bytes) {}
    std::uint64_t size() const override { return bytes_.size(); }
    std::size_t read(std::uint64_t offset, char* to, std::size_t size) override {
        return offset < bytes_.size() ? bytes_.copy(to, size, offset) : 0;
    }

private:
    const std::string& bytes_;
};

class two_files final : public store::files {
public:
    std::string file, wal;
    std::unique_ptr<store::raw_file> open(const std::string& path) override {
        return std::make_unique<bytes_as_file>(path.ends_with("-wal") ? wal : file);
    }
    store::result<void> rename(const std::string&, const std::string&) override { return {}; }
    store::result<void> remove(const std::string&) override { return {}; }
    store::result<void> sync_folder(const std::string&) override { return {}; }
    std::vector<std::string> beginning_with(const std::string&) override { return {}; }
};

void use(store::page_source& pages, const store::leaf_cell& cell) {
    const auto row = store::row_header_of(cell);
    std::string payload;
    if (!row || !pages.payload_of(cell, payload) || row->kind != store::row_kind::log || row->count < 1) return;
    store::segment_reader reading(1, std::min<std::int64_t>(row->count, 1 << 20), payload.substr(row->data_at));
    const store::dictionary no_texts;
    store::stored_message message;
    while (reading.position() <= reading.last() && reading.next(no_texts, message)) continue;
}

}  // namespace

/// The first byte says how many pages of the rest are the file; what follows is the WAL.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string all(reinterpret_cast<const char*>(data + 1), size - 1);
    two_files in;
    const std::size_t file = std::min<std::size_t>(all.size(), std::size_t{data[0]} * 4096);
    in.file = all.substr(0, file);
    in.wal = all.substr(file);
    store::page_source pages(in, "queue");
    pages.each([&](std::string_view page, store::image) {
        for (const auto& cell : store::scan_leaf(page, pages.most()).cells) use(pages, cell);
    });
    return 0;
}

// store/write_run.hpp: writes that follow one another in a file, kept until they are one.
// Not a file: whoever keeps a run decides when it must be written, and writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace store {

/// SQLite writes each frame of a WAL in two pieces, the 24 bytes of its header and the page, so a commit of 1000 messages makes
/// more than a hundred of them; and a checkpoint page by page, mostly one after another.
class write_run {
public:
    /// The most that SQLite's VFS for Unix can write in one call: of the size it takes the lower 17 bits.
    static constexpr std::size_t capacity = (128 << 10) - 1;

    /// Without memory it takes nothing.
    write_run();

    bool empty() const { return size_ == 0; }
    std::int64_t offset() const { return offset_; }
    std::string_view bytes() const { return {memory_.get(), size_}; }
    /// False: it isn't where the run ends, or there is no room; the run is as before. An empty run begins anywhere.
    bool take(std::string_view piece, std::int64_t at);
    void clear() { size_ = 0; }

private:
    std::unique_ptr<char[]> memory_;
    std::size_t room_ = 0;
    std::size_t size_ = 0;
    std::int64_t offset_ = 0;
};

}  // namespace store

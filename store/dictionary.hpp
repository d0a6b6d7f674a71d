// store/dictionary.hpp: short numbers for texts that come again and again: topics, and the boot's identifier.
// Only in memory; log.hpp keeps the table that it mirrors.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace store {

/// A text by its number, or, with number 0, the text itself.
struct text_reference {
    std::uint64_t id = 0;
    std::string_view text;
};

/// Bounded in entries and bytes: what doesn't fit any more is written out in full, which costs room but is never wrong.
/// A site has as many topics as points; only topics made of values would fill it.
class dictionary {
public:
    static constexpr std::size_t most_entries = 4096;
    static constexpr std::size_t most_bytes = 128 * 1024;
    static constexpr std::uint64_t highest_id = (std::uint64_t{1} << 31) - 1;

    /// From the table. Requires: `id` is new, and not above highest_id.
    void restore(std::uint64_t id, std::string text);
    /// This number is taken, but its text is lost: what refers to it can't be read.
    void reserve(std::uint64_t id);

    /// A number for a new text; nothing if it is full.
    std::optional<std::uint64_t> add(std::string_view text);
    std::optional<std::uint64_t> find(std::string_view text) const;
    const std::string* text(std::uint64_t id) const;

    /// Takes back all that was added since last_id() was `id`.
    void forget_after(std::uint64_t id);
    std::uint64_t last_id() const { return last_id_; }
    bool half_full() const { return texts_.size() > most_entries / 2 || bytes_ > most_bytes / 2; }

private:
    std::map<std::uint64_t, std::string> texts_;
    std::unordered_map<std::string_view, std::uint64_t> ids_;  // views into texts_
    std::size_t bytes_ = 0;
    std::uint64_t last_id_ = 0;
};

}  // namespace store

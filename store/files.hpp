// store/files.hpp: what moving a damaged queue file aside needs of a file system: names, renames, bytes as they are.
// Not for reading and writing a queue: that is SQLite's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/queue.hpp"

namespace store {

/// Open for reading, as it was when it was opened.
class raw_file {
public:
    virtual ~raw_file() = default;
    virtual std::uint64_t size() const = 0;
    /// How many bytes there are from `offset` on, at most `size`; what the device can't read is as if it weren't there.
    virtual std::size_t read(std::uint64_t offset, char* to, std::size_t size) = 0;
};

/// An interface so that tests can cut the power between two renames.
class files {
public:
    virtual ~files() = default;
    /// Nothing: there is no such file, or it can't be read.
    virtual std::unique_ptr<raw_file> open(const std::string& path) = 0;
    virtual result<void> rename(const std::string& from, const std::string& to) = 0;
    /// No error if there is no such file.
    virtual result<void> remove(const std::string& path) = 0;
    /// Makes the names in the folder of `path` durable.
    virtual result<void> sync_folder(const std::string& path) = 0;
    /// The files whose names begin with `path`, which may be none of them.
    virtual std::vector<std::string> beginning_with(const std::string& path) = 0;
};

files& system_files();

/// The device says that there is room for more than any one commit takes.
bool has_room_at(const std::string& path);

}  // namespace store

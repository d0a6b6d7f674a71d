// store/quarantine.hpp: a damaged queue file moves aside, and the one with what could be salvaged takes its place, so that a
// power cut at any moment leaves all that was there. Not here: what is in either (salvage.hpp).
//
//     <path>.salvage     the new file while it is written: worth nothing
//     <path>.new         the new file, complete and durable: <path> is to go, if it hasn't gone yet
//     <path>.corrupt-<n> the damaged file; -wal, -journal behind that name are what belonged to it. One set is kept, the last.
// Each name is durable before the next one changes. The WAL goes before the new file comes: SQLite would take it for its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/files.hpp"

namespace store {

class quarantine {
public:
    quarantine(files& in, std::string path) : files_(in), path_(std::move(path)) {}

    /// Completes what a power cut has interrupted. True: there was something.
    result<bool> resume();

    std::string workplace() const { return path_ + ".salvage"; }
    result<void> clear_workplace();
    /// What the damaged file will be called by swap().
    std::string next_name() { return aside(next_number()); }
    /// Requires: the workplace holds a file that is complete and durable.
    result<void> swap();

private:
    result<void> complete();
    std::uint64_t next_number();
    result<void> step(const std::string& from, const std::string& to);
    bool exists(const std::string& name) { return files_.open(name) != nullptr; }
    /// Of the files aside, ascending.
    std::vector<std::uint64_t> numbers();
    std::string aside(std::uint64_t number) const { return path_ + ".corrupt-" + std::to_string(number); }

    files& files_;
    const std::string path_;
};

}  // namespace store

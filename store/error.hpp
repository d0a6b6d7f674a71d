// store/error.hpp: what can go wrong with a queue file, as a value.
#pragma once

#include <boost/assert/source_location.hpp>
#include <cstdint>
#include <string>
#include <utility>

namespace store {

enum class errc : std::uint8_t {
    none,
    full,       // no space left on the device, or the file's own bound is reached
    io,         // the device failed
    damaged,    // not a database, or a checksum doesn't match
    foreign,    // another program's database
    read_only,  // file or file system can't be written
    in_use,     // another process writes to this file
    newer,      // written by a newer version of Tidegate
    missing,    // no such file or folder
};

/// A class with constructors, not an aggregate: boost::system::result needs it so (Boost 1.81).
class error {
public:
    error() = default;
    error(errc code, std::string detail) : code_(code), detail_(std::move(detail)) {}
    errc code() const { return code_; }
    const std::string& detail() const { return detail_; }  // a sentence for a person, with the path and the remedy

private:
    errc code_ = errc::none;
    std::string detail_;
};

[[noreturn]] void throw_exception_from_error(const error& what, const boost::source_location& where);

}  // namespace store

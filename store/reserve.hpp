// store/reserve.hpp: a file of blocks beside the queue that stand for nothing: given up when the device is full, they are the
// room in which to write what makes room. Decides nothing: when it goes and comes back is the business of full_disk.cpp.
#pragma once

#include <cstdint>
#include <string>

#include "store/queue.hpp"

namespace store {

/// `<path>.reserve`. Without it a full device could never be freed from within: in a WAL also a removal has to be written
/// before it is one.
class reserve {
public:
    reserve() = default;  // of no bytes: there is none to make
    /// `vfs` null: the system's.
    reserve(const std::string& path_of_queue, std::uint64_t bytes, const char* vfs);

    /// Makes it, or what is missing of it, durably. An error leaves none behind. errc::full: the device has not so much room,
    /// or not half as much again: then the file would be in the way again soon. Asking costs the device no write.
    result<void> make();
    void give_up();

private:
    result<void> fill();
    bool lacks_room() const;

    std::string path_;
    std::uint64_t bytes_ = 0;
    const char* vfs_ = nullptr;
    bool is_there_ = false;
};

}  // namespace store

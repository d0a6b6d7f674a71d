// store/write_run.cpp: pieces into one.
#include "store/write_run.hpp"

#include <cstring>
#include <new>

namespace store {

write_run::write_run() : memory_(new (std::nothrow) char[capacity]), room_(memory_ ? capacity : 0) {}

bool write_run::take(std::string_view piece, std::int64_t at) {
    if (piece.size() > room_ - size_) return false;
    if (empty()) offset_ = at;
    if (at != offset_ + static_cast<std::int64_t>(size_)) return false;
    std::memcpy(memory_.get() + size_, piece.data(), piece.size());
    size_ += piece.size();
    return true;
}

}  // namespace store

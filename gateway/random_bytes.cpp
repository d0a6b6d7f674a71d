// gateway/random_bytes.cpp: see random_bytes.hpp.
#include "gateway/random_bytes.hpp"

#include <random>

namespace gateway {

std::string random_bytes(std::size_t size) {
    std::random_device device;
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(device());
    return bytes;
}

}  // namespace gateway

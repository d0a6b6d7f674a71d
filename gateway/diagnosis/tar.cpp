// gateway/diagnosis/tar.cpp: see tar.hpp. After POSIX.1-2017, pax, "ustar Interchange Format".
#include "gateway/diagnosis/tar.hpp"

#include <array>
#include <cassert>
#include <cstdio>
#include <cstring>
#include <utility>

namespace gateway {
namespace {

constexpr std::size_t block = 512;

void pad(std::string& to) { to.append((block - to.size() % block) % block, '\0'); }

}  // namespace

void tar::add(std::string_view name, std::string_view content, std::int64_t seconds) {
    assert(!name.empty() && name.size() < 100 && name.front() != '/');
    std::array<char, block> head{};
    const auto octal = [&](std::size_t at, std::size_t digits, std::uint64_t value) {
        for (std::size_t digit = at + digits; digit-- > at; value /= 8) head[digit] = static_cast<char>('0' + value % 8);
    };
    std::memcpy(head.data(), name.data(), name.size());
    octal(100, 7, 0600);
    octal(108, 7, 0);  // owner and group: whoever unpacks it
    octal(116, 7, 0);
    octal(124, 11, content.size());
    octal(136, 11, static_cast<std::uint64_t>(seconds));
    head[156] = '0';
    std::memcpy(head.data() + 257,
                "ustar\0"
                "00",
                8);
    std::memset(head.data() + 148, ' ', 8);
    unsigned sum = 0;
    for (const char each : head) sum += static_cast<unsigned char>(each);
    octal(148, 6, sum);
    head[154] = '\0';
    bytes_.append(head.data(), head.size());
    bytes_ += content;
    pad(bytes_);
}

std::string tar::finish() {
    bytes_.append(2 * block, '\0');
    return std::move(bytes_);
}

}  // namespace gateway

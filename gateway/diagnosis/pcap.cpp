// gateway/diagnosis/pcap.cpp: see pcap.hpp. After "Link-layer header types" (tcpdump.org), RFC 791 and RFC 9293.
// Not here: what the frames say.
#include "gateway/diagnosis/pcap.hpp"

#include <bit>
#include <cassert>

namespace gateway {
namespace {

void add_host(std::string& to, std::uint32_t value) { to.append(reinterpret_cast<const char*>(&value), sizeof value); }
void add16(std::string& to, unsigned value) {
    to += static_cast<char>(value >> 8 & 0xFFu);
    to += static_cast<char>(value & 0xFFu);
}
void add32(std::string& to, std::uint32_t value) {
    add16(to, value >> 16);
    add16(to, value & 0xFFFFu);
}

constexpr std::uint32_t us = 0xC0000201, device = 0xC0000202;  // of the addresses for documentation (RFC 5737)
constexpr unsigned our_port = 50200, modbus_port = 502;

/// The Internet checksum of an even number of bytes, or of an odd one with a zero behind it.
std::uint32_t sum_of(std::string_view bytes, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
        sum += static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (i % 2 == 0 ? 8 : 0);
    return sum;
}
unsigned checksum(std::uint32_t sum) {
    while (sum >> 16 != 0) sum = (sum & 0xFFFFu) + (sum >> 16);
    return ~sum & 0xFFFFu;
}
void put16(std::string& to, std::size_t at, unsigned value) {
    to[at] = static_cast<char>(value >> 8 & 0xFFu);
    to[at + 1] = static_cast<char>(value & 0xFFu);
}

std::string in_rtac(std::int64_t microseconds, bool sent, std::string_view bytes) {
    constexpr char tx_end = 3, rx_end = 4;  // "the data was transmitted, received, until this time"
    std::string all;
    add32(all, static_cast<std::uint32_t>(microseconds / 1'000'000));
    add32(all, static_cast<std::uint32_t>(microseconds % 1'000'000));
    all += sent ? tx_end : rx_end;
    all += '\0';  // the UART's control lines, which we don't know
    add16(all, 0);
    return all.append(bytes);
}

}  // namespace

std::string pcap::header() const {
    std::string all;
    add_host(all, 0xA1B2C3D4);       // microseconds, in this machine's byte order
    add_host(all, 2u | (4u << 16));  // version 2.4, two 16-bit numbers
    if constexpr (std::endian::native == std::endian::big) put16(all, 4, 2), put16(all, 6, 4);
    add_host(all, 0);  // time zone: UTC
    add_host(all, 0);
    add_host(all, 65535);  // the longest packet
    add_host(all, static_cast<std::uint32_t>(type_));
    return all;
}

std::string pcap::packet(std::int64_t microseconds, tidegate_frame_direction direction, std::string_view bytes) {
    assert(bytes.size() <= 60000 && microseconds >= 0);
    const bool sent = direction == TIDEGATE_FRAME_SENT;
    const std::string content = type_ == link::ipv4 ? in_tcp(sent, bytes) : in_rtac(microseconds, sent, bytes);
    std::string all;
    add_host(all, static_cast<std::uint32_t>(microseconds / 1'000'000));
    add_host(all, static_cast<std::uint32_t>(microseconds % 1'000'000));
    add_host(all, static_cast<std::uint32_t>(content.size()));
    add_host(all, static_cast<std::uint32_t>(content.size()));
    return all + content;
}

std::string pcap::in_tcp(bool sent, std::string_view bytes) {
    const std::uint32_t from = sent ? us : device, to = sent ? device : us;
    std::uint32_t& ours = sent ? sent_ : received_;
    std::string ip;
    add16(ip, 0x4500);
    add16(ip, static_cast<unsigned>(40 + bytes.size()));
    add16(ip, ++number_);
    add16(ip, 0x4000);  // not to be fragmented
    add16(ip, 64u << 8 | 6u);
    add16(ip, 0);
    add32(ip, from);
    add32(ip, to);
    put16(ip, 10, checksum(sum_of(ip)));
    std::string tcp;
    add16(tcp, sent ? our_port : modbus_port);
    add16(tcp, sent ? modbus_port : our_port);
    add32(tcp, ours);
    add32(tcp, sent ? received_ : sent_);
    add16(tcp, 0x5018);  // 20 bytes of header; PSH, ACK
    add16(tcp, 65535);
    add32(tcp, 0);
    tcp.append(bytes);
    std::string pseudo;
    add32(pseudo, from);
    add32(pseudo, to);
    add16(pseudo, 6);
    add16(pseudo, static_cast<unsigned>(tcp.size()));
    put16(tcp, 16, checksum(sum_of(tcp, sum_of(pseudo))));
    ours += static_cast<std::uint32_t>(bytes.size());
    return ip + tcp;
}

}  // namespace gateway

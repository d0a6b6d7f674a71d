// gateway/diagnosis/pcap.hpp: traced frames as a pcap file, for Wireshark and tshark. Pure: bytes out.
// Not here: writing them anywhere.
//
// A serial line: LINKTYPE_RTAC_SERIAL (250), whose header of 12 bytes bears the direction; `-d rtacser.data,mbrtu` has its
// payload taken for Modbus RTU. LINKTYPE_USER0 would need a table in the reader's preferences, and knows no direction. Modbus
// TCP: LINKTYPE_IPV4 (228) with headers that are made up (192.0.2.1 is the gateway, 192.0.2.2:502 the device), so that it is
// decoded by itself, whichever port it really is, and through TLS, too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/adapter.h"

namespace gateway {

class pcap {
public:
    enum class link : std::uint32_t { rtac_serial = 250, ipv4 = 228 };
    explicit pcap(link type) : type_(type) {}

    std::string header() const;
    /// Requires: no more than 60000 bytes.
    std::string packet(std::int64_t microseconds, tidegate_frame_direction direction, std::string_view bytes);

private:
    std::string in_tcp(bool sent, std::string_view bytes);

    link type_;
    std::uint32_t sent_ = 1, received_ = 1;  // TCP sequence numbers
    std::uint16_t number_ = 0;               // of the IP packet
};

}  // namespace gateway

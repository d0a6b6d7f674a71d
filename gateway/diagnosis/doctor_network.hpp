// gateway/diagnosis/doctor_network.hpp: looking a host up and connecting to it, each within a time, without saying anything to
// it. Not here: whom to ask, and what it means (doctor_broker.cpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gateway {

struct network_try {
    std::string addresses;   // "192.0.2.1, 2001:db8::1"; empty: the name isn't known
    std::string name_fault;  // why not
    std::string connected;   // the address that answered
    std::string fault;       // why none did
    double name_ms = 0, connect_ms = 0;
};

/// Looks up, connects to one address after the other, and closes.
network_try try_host(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience);

}  // namespace gateway

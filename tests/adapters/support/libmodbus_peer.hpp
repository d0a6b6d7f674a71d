// tests/adapters/support/libmodbus_peer.hpp: libmodbus's server, asked with whole frames: what a test puts behind a datagram
// socket or TLS, which libmodbus itself doesn't speak. Not here: how frames come and go.
#pragma once

#include <modbus.h>

#include "tests/adapters/support/fake_device.hpp"

namespace modbus {

/// Registers 0 to 63 hold their own number and 0x100. Takes whole requests, one after the other.
class libmodbus_peer {
public:
    /// `rtu`: frames with a CRC, for unit 3; else with the MBAP header.
    explicit libmodbus_peer(bool rtu)
        : server_(rtu ? ::modbus_new_rtu("unused", 115200, 'N', 8, 1) : ::modbus_new_tcp("127.0.0.1", 0)),
          map_(::modbus_mapping_new(64, 64, 64, 64)) {
        REQUIRE(server_ != nullptr);
        REQUIRE(map_ != nullptr);
        if (rtu) REQUIRE(::modbus_set_slave(server_, 3) == 0);
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        ours_ = owned_descriptor(ends[0]);
        theirs_ = owned_descriptor(ends[1]);
        REQUIRE(::modbus_set_socket(server_, theirs_.get()) == 0);
        for (std::uint16_t i = 0; i < 64; ++i) map_->tab_registers[i] = static_cast<std::uint16_t>(0x100 + i);
    }
    ~libmodbus_peer() {
        ::modbus_mapping_free(map_);
        ::modbus_free(server_);
    }
    libmodbus_peer(const libmodbus_peer&) = delete;
    libmodbus_peer& operator=(const libmodbus_peer&) = delete;

    /// On any thread, hence without Catch's checks. Empty: it doesn't answer that.
    bytes answer_to(const bytes& request) {
        write_all(ours_.get(), request);
        std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> frame{};
        const int size = ::modbus_receive(server_, frame.data());
        if (size <= 0 || ::modbus_reply(server_, frame.data(), size, map_) <= 0) return {};
        bytes answer(MODBUS_TCP_MAX_ADU_LENGTH);
        const ssize_t count = ::recv(ours_.get(), answer.data(), answer.size(), MSG_DONTWAIT);
        answer.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return answer;
    }

private:
    owned_descriptor ours_, theirs_;
    modbus_t* server_;
    modbus_mapping_t* map_;
};

}  // namespace modbus

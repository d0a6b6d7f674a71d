// adapters/modbus/server_tls.cpp: says why a bus over TLS isn't simulated.
// Not here: a server's end of TLS. It would need a certificate and a key of the device, which no config of a gateway holds.
#include "adapters/modbus/server.hpp"

namespace modbus {
namespace {

class refused_server final : public server {
public:
    bool run(register_source&, const server_events& events) override {
        events.note(
            "a device behind TLS isn't simulated, as its certificate isn't ours: simulate it as tcp: { host: 127.0.0.1, port: … "
            "}, "
            "and, for TLS, put a program before it that has a certificate (stunnel, or socat OPENSSL-LISTEN)");
        return false;
    }
    void interrupt() override {}
    server_counts counts() const override { return {}; }
};

}  // namespace

std::unique_ptr<server> make_server(const tls_settings&) { return std::make_unique<refused_server>(); }

}  // namespace modbus

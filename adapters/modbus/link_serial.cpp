// adapters/modbus/link_serial.cpp: the link over a serial port.
// Not here: the port itself (link_port) and the exchange of frames (link_rtu).
#include "adapters/modbus/link_port.hpp"
#include "adapters/modbus/link_rtu.hpp"

namespace modbus {
namespace {

rtu_timing timing_of(const serial_settings& how) {
    rtu_timing timing;
    timing.character = character_time(how.line);
    timing.gap = frame_gap(how.line);
    timing.spacing = how.request_spacing;
    timing.timeout = how.timeout;
    return timing;
}

class serial_link final : public link {
public:
    explicit serial_link(const serial_settings& how) : how_(how), exchange_(timing_of(how), interrupted_) {}

    answer read(const read_request& request, nanoseconds timeout) override {
        if (interrupted_.raised()) return was_interrupted();
        if (!exchange_.attached()) {
            const std::string fault = port_.open(how_);
            if (!fault.empty()) return no_answer(answer_status::down, fault);
            exchange_.attach(port_.descriptor(), [this](bytes_view frame) { return port_.send(frame); });
        }
        answer result = exchange_.read(request, timeout);
        if (!exchange_.attached()) {
            port_.close();
            result.detail = how_.port + ": " + result.detail + " (unplugged?)";
        }
        return result;
    }

    void interrupt() override { interrupted_.raise(); }

private:
    serial_settings how_;
    interruption interrupted_;
    serial_port port_;
    rtu_exchange exchange_;
};

}  // namespace

std::unique_ptr<link> make_link(const serial_settings& how) { return std::make_unique<serial_link>(how); }

}  // namespace modbus

// adapters/modbus/link_rtu_over_tcp.cpp: the link to a serial server that passes RTU frames on as they are.
// Not here: the connection (link_connect) and the exchange of frames (link_rtu).
//
// The connection is kept after a time-out, since a server often admits one client only and is slow to notice that it left;
// late answers are told apart as on a serial line. After several time-outs in a row it is opened anew.
#include "adapters/modbus/link_connect.hpp"
#include "adapters/modbus/link_rtu.hpp"

#include <algorithm>

namespace modbus {
namespace {

constexpr unsigned silent_max = 3;

rtu_timing timing_of(const rtu_over_tcp_settings& how) {
    rtu_timing timing;
    timing.spacing = how.request_spacing;
    timing.timeout = how.timeout;
    timing.slack = std::max(how.timeout, nanoseconds(500'000'000));  // the network may cut an answer anywhere
    return timing;
}

class rtu_over_tcp_link final : public link {
public:
    explicit rtu_over_tcp_link(const rtu_over_tcp_settings& how)
        : how_(how), connection_(how.host, how.port), exchange_(timing_of(how), interrupted_) {}

    answer read(const read_request& request, nanoseconds timeout) override {
        if (silent_in_a_row_ >= silent_max) close();
        const bool reused = connection_.is_open();
        answer result = try_read(request, timeout);
        // A server may close an idle connection, which shows only when it is used.
        if (result.status == answer_status::down && reused) result = try_read(request, timeout);
        silent_in_a_row_ = result.status == answer_status::silent ? silent_in_a_row_ + 1 : 0;
        return result;
    }

    void interrupt() override { interrupted_.raise(); }

private:
    answer try_read(const read_request& request, nanoseconds timeout) {
        if (interrupted_.raised()) return was_interrupted();
        if (!connection_.is_open()) {
            const auto opened = connection_.open(how_.timeout, interrupted_);
            if (opened.interrupted) return was_interrupted();
            if (!opened.fault.empty()) return no_answer(answer_status::down, opened.fault);
            exchange_.attach(connection_.descriptor(),
                             [this](bytes_view frame) { return connection_.send(frame.data(), frame.size()); });
        }
        answer result = exchange_.read(request, timeout);
        if (!exchange_.attached()) {
            connection_.close();
            result.detail = connection_.name() + ": " + result.detail;
        }
        return result;
    }

    void close() {
        silent_in_a_row_ = 0;
        if (exchange_.attached()) exchange_.detach();
        connection_.close();
    }

    rtu_over_tcp_settings how_;
    interruption interrupted_;
    tcp_connection connection_;
    rtu_exchange exchange_;
    unsigned silent_in_a_row_ = 0;
};

}  // namespace

std::unique_ptr<link> make_link(const rtu_over_tcp_settings& how) { return std::make_unique<rtu_over_tcp_link>(how); }

}  // namespace modbus

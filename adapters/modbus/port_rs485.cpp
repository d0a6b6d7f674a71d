// adapters/modbus/port_rs485.cpp: see port_rs485.hpp.
// Not here: the port's other settings (link_port).
#include "adapters/modbus/port_rs485.hpp"

#include <linux/serial.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "adapters/modbus/link_answer.hpp"

namespace modbus {
namespace {

/// A driver that isn't done so long after it must be has lost the bytes, or never says.
constexpr nanoseconds patience{200'000'000};

std::uint32_t in_whole_milliseconds(nanoseconds time) { return static_cast<std::uint32_t>(time.count() / 1'000'000); }

/// Short, and never interrupted: a line left in the direction of sending silences all others.
void rest_until(time_point until) {
    const auto since_boot = std::chrono::nanoseconds(until.time_since_epoch()).count();
    const timespec when{static_cast<time_t>(since_boot / 1'000'000'000), static_cast<long>(since_boot % 1'000'000'000)};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr) == EINTR) {
    }
}

}  // namespace

std::string rs485_direction::set(int descriptor, const rs485_settings& how, const line_format& line) {
    how_ = how;
    character_ = character_time(line);
    ours_ = false;
    serial_rs485 wanted{};
    wanted.flags = SER_RS485_ENABLED | (how.rts_on_send ? SER_RS485_RTS_ON_SEND : SER_RS485_RTS_AFTER_SEND) |
                   (how.rx_during_tx ? SER_RS485_RX_DURING_TX : 0u);
    wanted.delay_rts_before_send = in_whole_milliseconds(how.delay_before);
    wanted.delay_rts_after_send = in_whole_milliseconds(how.delay_after);
    if (system_.control(descriptor, TIOCSRS485, &wanted) == 0) return by_driver(descriptor);
    const int error = errno;
    if (error == ENOTTY || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS) return by_us(descriptor);
    return "the port's driver refused RS-485: " + system_words(error);
}

/// Drivers change what they can't do, and say nothing.
std::string rs485_direction::by_driver(int descriptor) const {
    serial_rs485 actual{};
    if (system_.control(descriptor, TIOCGRS485, &actual) != 0) return "the port's driver doesn't tell how RS-485 is set";
    const auto has = [&](std::uint32_t flag) { return (actual.flags & flag) != 0; };
    if (!has(SER_RS485_ENABLED)) return "the port's driver did not switch RS-485 on";
    if (has(SER_RS485_RTS_ON_SEND) != how_.rts_on_send)
        return std::string("the port's driver can't have RTS ") + (how_.rts_on_send ? "high" : "low") +
               " while sending: set rts_on_send: " + (how_.rts_on_send ? "false" : "true") + " if the transceiver allows it";
    if (actual.delay_rts_before_send != in_whole_milliseconds(how_.delay_before))
        return "the port's driver makes the delay_before " + std::to_string(actual.delay_rts_before_send) + " ms: set it so";
    if (actual.delay_rts_after_send != in_whole_milliseconds(how_.delay_after))
        return "the port's driver makes the delay_after " + std::to_string(actual.delay_rts_after_send) + " ms: set it so";
    if (has(SER_RS485_RX_DURING_TX) != how_.rx_during_tx)
        return std::string("the port's driver leaves the receiver ") + (how_.rx_during_tx ? "off" : "on") +
               " while sending: set rx_during_tx: " + (how_.rx_during_tx ? "false" : "true");
    return "";
}

std::string rs485_direction::by_us(int descriptor) {
    unsigned int state = 0;
    if (system_.control(descriptor, TIOCSERGETLSR, &state) != 0)
        return "the port's driver can neither switch the direction of RS-485 nor say when it has sent: use an adapter that "
               "switches by itself, and leave rs485 out";
    if (!turn(descriptor, false)) return "the port has no RTS line to switch the direction by: " + system_words(errno);
    ours_ = true;
    note_ = "the direction of RS-485 is switched by RTS from here, as the port's driver can't";
    return "";
}

bool rs485_direction::turn(int descriptor, bool to_sending) const {
    int line = TIOCM_RTS;
    return system_.control(descriptor, to_sending == how_.rts_on_send ? TIOCMBIS : TIOCMBIC, &line) == 0;
}

bool rs485_direction::send(int descriptor, bytes_view bytes) const {
    if (!turn(descriptor, true)) return false;
    if (how_.delay_before > nanoseconds(0)) rest_until(now() + how_.delay_before);
    const time_point begun = now();
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    bool sent = written == static_cast<ssize_t>(bytes.size());
    int error = written < 0 ? errno : EAGAIN;
    if (written > 0 && !wait_until_sent(descriptor, begun + character_ * static_cast<std::int64_t>(written))) {
        sent = false;
        error = EIO;
    }
    if (how_.delay_after > nanoseconds(0)) rest_until(now() + how_.delay_after);
    if (!turn(descriptor, false)) {
        sent = false;
        error = errno;
    }
    if (!sent) errno = error;
    return sent;
}

/// Sleeps as long as the bytes must take, and from then on asks every quarter of a character.
bool rs485_direction::wait_until_sent(int descriptor, time_point computed) const {
    constexpr nanoseconds least_step{20'000};
    rest_until(computed);
    for (;;) {
        unsigned int state = 0;
        if (system_.control(descriptor, TIOCSERGETLSR, &state) != 0) return false;
        if ((state & TIOCSER_TEMT) != 0) return true;
        if (now() >= computed + patience) return false;
        rest_until(now() + std::max(character_ / 4, least_step));
    }
}

}  // namespace modbus

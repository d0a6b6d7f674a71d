// adapters/modbus/link_port.cpp: see link_port.hpp.
// Not here: reading from the port.
#include "adapters/modbus/link_port.hpp"

#include <fcntl.h>
#include <linux/serial.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <optional>

#include "adapters/modbus/link.hpp"
#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/port_present.hpp"

namespace modbus {
namespace {

struct rate {
    std::uint32_t baud;
    speed_t constant;
};
constexpr std::array rates{
    rate{50, B50},           rate{75, B75},           rate{110, B110},         rate{134, B134},         rate{150, B150},
    rate{200, B200},         rate{300, B300},         rate{600, B600},         rate{1200, B1200},       rate{1800, B1800},
    rate{2400, B2400},       rate{4800, B4800},       rate{9600, B9600},       rate{19200, B19200},     rate{38400, B38400},
    rate{57600, B57600},     rate{115200, B115200},   rate{230400, B230400},   rate{460800, B460800},   rate{500000, B500000},
    rate{576000, B576000},   rate{921600, B921600},   rate{1000000, B1000000}, rate{1152000, B1152000}, rate{1500000, B1500000},
    rate{2000000, B2000000}, rate{2500000, B2500000}, rate{3000000, B3000000}, rate{3500000, B3500000}, rate{4000000, B4000000}};

std::optional<speed_t> constant_of(std::uint32_t baud) {
    const auto found = std::find_if(rates.begin(), rates.end(), [&](const rate& one) { return one.baud == baud; });
    return found == rates.end() ? std::nullopt : std::optional(found->constant);
}

const char* parity_word(char parity) { return parity == 'N' ? "none" : parity == 'E' ? "even" : "odd"; }

bool is_pseudo_terminal(int descriptor) {
    constexpr unsigned first_slave_major = 136;  // to 143: Documentation/admin-guide/devices.txt of the kernel
    struct stat about {};
    return ::fstat(descriptor, &about) == 0 && S_ISCHR(about.st_mode) && major(about.st_rdev) >= first_slave_major &&
           major(about.st_rdev) < first_slave_major + 8;
}

std::string held_by(const port_user& who) {
    if (who.process == ::getpid()) return "in use by another bus of this gateway: put the devices of both under one bus";
    return "in use by " + in_words(who) + ": stop that program, or give it another port";
}

std::string why_not_opened(int error, const std::string& port, const port_system& system) {
    switch (error) {
        case EACCES:
            return "Permission denied: is this user in the group that owns the port (dialout)?";
        case EBUSY: {
            const port_user holder = other_user_of(port, system);
            if (holder.process != 0) return held_by(holder);
            return "held exclusively by another program (a second gateway, ModemManager, a terminal program?)";
        }
        case ENOENT:
        case ENXIO:
        case ENODEV: {
            const std::string present = ports_present(system);
            return "there is no such port: is the adapter plugged in? " +
                   (present.empty() ? "No other is, either" : "There are " + present);
        }
        default:
            return system_words(error);
    }
}

std::string parity_on_pseudo_terminal(const line_format& line) {
    return std::string("refused parity ") + parity_word(line.parity) +
           "; a pseudo-terminal can't do parity: use parity none with 2 stop bits";
}

std::string why_not_configured(int error, int descriptor, const line_format& line) {
    if (error == ENOTTY) return "not a serial port";
    if (error == EINVAL && line.parity != 'N' && is_pseudo_terminal(descriptor)) return parity_on_pseudo_terminal(line);
    return "refused " + std::to_string(line.baud) + " baud, parity " + parity_word(line.parity) + ", " +
           std::to_string(line.stop_bits) + " stop bits: " + system_words(error);
}

tcflag_t size_flag(const line_format& line) { return line.data_bits == 7 ? CS7 : CS8; }

/// What the driver made of the settings, where that isn't what was asked for.
std::string not_honoured(const termios& actual, const line_format& line, speed_t speed) {
    std::string list;
    const auto add = [&](bool honoured, const std::string& what) {
        if (honoured) return;
        if (!list.empty()) list += ", ";
        list += what;
    };
    add(::cfgetospeed(&actual) == speed, std::to_string(line.baud) + " baud");
    add((actual.c_cflag & CSIZE) == size_flag(line), std::to_string(line.data_bits) + " data bits");
    add(((actual.c_cflag & PARENB) != 0) == (line.parity != 'N') &&
            (line.parity == 'N' || ((actual.c_cflag & PARODD) != 0) == (line.parity == 'O')),
        std::string("parity ") + parity_word(line.parity));
    add(((actual.c_cflag & CSTOPB) != 0) == (line.stop_bits == 2), std::to_string(line.stop_bits) + " stop bits");
    return list.empty() ? "" : "the driver did not honour " + list;
}

/// Raw, and with VMIN 1: with 0, "nothing there" and "unplugged" would both read as 0.
termios raw_settings(termios settings, const line_format& line) {
    ::cfmakeraw(&settings);
    settings.c_iflag |= line.parity == 'N' ? 0 : INPCK;  // a character with wrong parity reads as 0, and the check sum catches it
    settings.c_cflag &= ~static_cast<tcflag_t>(CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS);
    settings.c_cflag |= CREAD | CLOCAL | size_flag(line);
    if (line.parity != 'N') settings.c_cflag |= PARENB;
    if (line.parity == 'O') settings.c_cflag |= PARODD;
    if (line.stop_bits == 2) settings.c_cflag |= CSTOPB;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    return settings;
}

std::string configure(int descriptor, const line_format& line) {
    const speed_t speed = *constant_of(line.baud);
    termios settings{};
    if (::tcgetattr(descriptor, &settings) != 0) return why_not_configured(errno, descriptor, line);
    settings = raw_settings(settings, line);
    if (::cfsetispeed(&settings, speed) != 0 || ::cfsetospeed(&settings, speed) != 0 ||
        ::tcsetattr(descriptor, TCSANOW, &settings) != 0) {
        return why_not_configured(errno, descriptor, line);
    }
    termios actual{};
    if (::tcgetattr(descriptor, &actual) != 0) return system_words(errno);
    const bool parity_lost = line.parity != 'N' && (actual.c_cflag & PARENB) == 0;
    if (parity_lost && is_pseudo_terminal(descriptor)) return parity_on_pseudo_terminal(line);
    return not_honoured(actual, line, speed);
}

}  // namespace

std::string fault_of(const line_format& line) {
    if (!constant_of(line.baud)) {
        return std::to_string(line.baud) +
               " baud is not a rate of this system's serial ports (9600, 19200, 38400, 57600, 115200, …)";
    }
    if (line.parity != 'N' && line.parity != 'E' && line.parity != 'O') return "parity is none, even or odd";
    if (line.data_bits != 7 && line.data_bits != 8) return "data bits are 8, or 7 for Modbus ASCII";
    if (line.stop_bits != 1 && line.stop_bits != 2) return "stop bits are 1 or 2";
    return "";
}

std::string serial_port::open(const serial_settings& how) {
    const std::string fault = try_open(how);
    if (fault.empty()) return "";
    close();
    return how.port + ": " + fault;
}

std::string serial_port::try_open(const serial_settings& how) {
    assert(!is_open());
    if (const std::string fault = fault_of(how.line); !fault.empty()) return fault;
    if (how.mode == serial_mode::rtu && how.line.data_bits != 8) return "Modbus RTU needs 8 data bits";
    descriptor_ = ::open(how.port.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor_ < 0) return why_not_opened(errno, how.port, system_);
    if (::isatty(descriptor_) == 0) return "not a serial port";
    // Locked before anything is set: another program's port must not have its settings changed under it.
    if (std::string fault = lock(how.port); !fault.empty()) return fault;
    if (std::string fault = configure(descriptor_, how.line); !fault.empty()) return fault;
    if (how.rs485) {
        if (std::string fault = direction_.set(descriptor_, *how.rs485, how.line); !fault.empty()) return fault;
        add_note(direction_.note());
    }
    if (how.low_latency) ask_for_low_latency();
    return "";
}

std::string serial_port::lock(const std::string& port) {
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        port_user holder = lock_holder(descriptor_, system_);
        if (holder.process == 0) holder = other_user_of(port, system_);
        return held_by(holder);
    }
    // Not on a pseudo-terminal, which may outlive a killed owner, and stay taken; and which its maker has open, too.
    if (is_pseudo_terminal(descriptor_)) return "";
    // A courtesy to programs that don't look at locks.
    [[maybe_unused]] const int exclusive = system_.control(descriptor_, TIOCEXCL, nullptr);
    // And those that had it open before: two that speak on one line make nonsense of each other's answers.
    const port_user other = other_user_of(port, system_);
    if (other.process != 0) add_note(in_words(other) + " has the port open, too, without a lock");
    return "";
}

/// USB adapters gather bytes for up to 16 ms unless told not to. Few drivers know this, and none need.
void serial_port::ask_for_low_latency() {
    constexpr int at_once = static_cast<int>(ASYNC_LOW_LATENCY);
    serial_struct about{};
    if (system_.control(descriptor_, TIOCGSERIAL, &about) != 0) return;
    if ((about.flags & at_once) != 0) return;
    about.flags |= at_once;
    const std::string words = "the port's driver doesn't pass bytes on at once (low_latency): answers may take 16 ms longer";
    if (system_.control(descriptor_, TIOCSSERIAL, &about) != 0) return add_note(words + ": " + system_words(errno));
    if (system_.control(descriptor_, TIOCGSERIAL, &about) != 0 || (about.flags & at_once) == 0) add_note(words);
}

void serial_port::add_note(const std::string& what) {
    if (!what.empty()) note_ += (note_.empty() ? "" : "; ") + what;
}

void serial_port::close() {
    note_.clear();
    if (!is_open()) return;
    if (!is_pseudo_terminal(descriptor_)) [[maybe_unused]]
        const int shared = system_.control(descriptor_, TIOCNXCL, nullptr);
    ::close(descriptor_);
    descriptor_ = -1;
}

bool serial_port::send(bytes_view bytes) const {
    if (direction_.is_ours()) return direction_.send(descriptor_, bytes);
    const ssize_t sent = ::write(descriptor_, bytes.data(), bytes.size());
    if (sent >= 0 && static_cast<std::size_t>(sent) < bytes.size()) errno = EAGAIN;
    return sent >= 0 && static_cast<std::size_t>(sent) == bytes.size();
}

ssize_t serial_port::receive(std::span<std::uint8_t> to) const { return ::read(descriptor_, to.data(), to.size()); }

}  // namespace modbus

// adapters/serial/port.cpp: the channel over a serial port: locked, set up, read and written.
// Not here: a TCP connection (tcp.cpp).
#include <fcntl.h>
#include <linux/serial.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "adapters/serial/channel.hpp"
#include "adapters/serial/wait.hpp"

namespace serial {
namespace {

struct rate {
    std::uint32_t baud;
    speed_t constant;
};
constexpr std::array rates{rate{300, B300},        rate{600, B600},       rate{1200, B1200},     rate{1800, B1800},
                           rate{2400, B2400},      rate{4800, B4800},     rate{9600, B9600},     rate{19200, B19200},
                           rate{38400, B38400},    rate{57600, B57600},   rate{115200, B115200}, rate{230400, B230400},
                           rate{460800, B460800},  rate{500000, B500000}, rate{576000, B576000}, rate{921600, B921600},
                           rate{1000000, B1000000}};

std::optional<speed_t> constant_of(std::uint32_t baud) {
    const auto found = std::find_if(rates.begin(), rates.end(), [&](const rate& one) { return one.baud == baud; });
    return found == rates.end() ? std::nullopt : std::optional(found->constant);
}

bool is_pseudo_terminal(int descriptor) {
    constexpr unsigned first_slave_major = 136;  // to 143: Documentation/admin-guide/devices.txt of the kernel
    struct stat about {};
    return ::fstat(descriptor, &about) == 0 && S_ISCHR(about.st_mode) && major(about.st_rdev) >= first_slave_major &&
           major(about.st_rdev) < first_slave_major + 8;
}

std::string why_not_opened(int error) {
    switch (error) {
        case EACCES:
            return "Permission denied: is this user in the group that owns the port (dialout)?";
        case EBUSY:
            return "held exclusively by another program (a second gateway, ModemManager, a terminal program?)";
        case ENOENT:
            return "there is no such port: is the adapter plugged in?";
        default:
            return system_words(error);
    }
}

/// USB adapters gather bytes for up to 16 ms unless told not to. Few drivers know this, and none need.
void ask_for_low_latency(int descriptor) {
    serial_struct about{};
    if (::ioctl(descriptor, TIOCGSERIAL, &about) != 0) return;
    about.flags |= ASYNC_LOW_LATENCY;
    [[maybe_unused]] const int set = ::ioctl(descriptor, TIOCSSERIAL, &about);
}

/// With a parity, a byte that fails it is read as NUL, which no text has.
termios settings_for(const line_format& line, speed_t speed) {
    termios to{};
    ::cfmakeraw(&to);
    to.c_cflag &= ~static_cast<tcflag_t>(CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS);
    to.c_cflag |= static_cast<tcflag_t>(CREAD | CLOCAL | (line.data_bits == 7 ? CS7 : CS8));
    if (line.parity != 'N') to.c_cflag |= PARENB;
    if (line.parity == 'O') to.c_cflag |= PARODD;
    if (line.stop_bits == 2) to.c_cflag |= CSTOPB;
    if (line.parity != 'N') to.c_iflag |= INPCK;
    to.c_cc[VMIN] = 1;  // with 0, "nothing there" and "unplugged" would both read as 0
    to.c_cc[VTIME] = 0;
    ::cfsetispeed(&to, speed);
    ::cfsetospeed(&to, speed);
    return to;
}

/// What the driver made of the settings, where that isn't what was asked for. A pseudo-terminal has no line, so no parity either.
std::string not_honoured(int descriptor, const termios& wanted, const line_format& line) {
    termios actual{};
    if (::tcgetattr(descriptor, &actual) != 0) return system_words(errno);
    if (::cfgetospeed(&actual) != ::cfgetospeed(&wanted))
        return "the driver did not honour " + std::to_string(line.baud) + " baud";
    if (is_pseudo_terminal(descriptor)) return "";
    constexpr tcflag_t form = CSIZE | PARENB | CSTOPB;
    const bool parity_kind = (wanted.c_cflag & PARENB) == 0 || (actual.c_cflag & PARODD) == (wanted.c_cflag & PARODD);
    if ((actual.c_cflag & form) == (wanted.c_cflag & form) && parity_kind) return "";
    return "the driver did not honour " + std::to_string(line.data_bits) + line.parity + std::to_string(line.stop_bits) +
           "; a port of 8 bits can read a line of 7: frame.eighth_bit";
}

class port_channel final : public channel {
public:
    explicit port_channel(const port_settings& where) : where_(where) {}
    ~port_channel() override { close(); }
    port_channel(const port_channel&) = delete;
    port_channel& operator=(const port_channel&) = delete;

    std::string open(nanoseconds) override {
        const std::string fault = try_open();
        if (fault.empty()) return "";
        close();
        return where_.port + ": " + fault;
    }

    void close() override {
        if (descriptor_ < 0) return;
        [[maybe_unused]] const int shared = ::ioctl(descriptor_, TIOCNXCL);
        ::close(descriptor_);
        descriptor_ = -1;
    }

    bool is_open() const override { return descriptor_ >= 0; }
    time_point now() const override { return std::chrono::steady_clock::now(); }

    heard read(std::string& to, time_point until) override {
        switch (wait_for(descriptor_, POLLIN, until, interrupted_)) {
            case woken::interrupted:
                return heard::interrupted;
            case woken::time:
                return heard::nothing;
            case woken::ready:
                break;
        }
        std::array<char, 4096> chunk;
        const ssize_t count = ::read(descriptor_, chunk.data(), chunk.size());
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return heard::nothing;
        if (count <= 0) return heard::lost;
        to.append(chunk.data(), static_cast<std::size_t>(count));
        return heard::bytes;
    }

    bool write(std::string_view bytes) override {
        const time_point until = now() + std::chrono::seconds(10);  // as long as 300 baud need for 300 bytes
        while (!bytes.empty()) {
            const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
            if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
            if (count > 0) continue;
            if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
            if (wait_for(descriptor_, POLLOUT, until, interrupted_) != woken::ready) return false;
        }
        return true;
    }

    void discard() override { [[maybe_unused]] const int done = ::tcflush(descriptor_, TCIFLUSH); }

    std::string set_baud(std::uint32_t baud) override {
        if (baud == baud_) return "";
        const auto speed = constant_of(baud);
        if (!speed) return std::to_string(baud) + " baud is no rate of this system's serial ports";
        line_format line = where_.line;
        line.baud = baud;
        const termios wanted = settings_for(line, *speed);
        // TCSADRAIN: what was written goes out at the old speed.
        if (::tcsetattr(descriptor_, TCSADRAIN, &wanted) != 0) return std::to_string(baud) + " baud: " + system_words(errno);
        baud_ = baud;
        return not_honoured(descriptor_, wanted, line);
    }

    bool forgets_when_closed() const override { return false; }
    std::string name() const override { return where_.port; }
    bool interrupted() const override { return interrupted_.raised(); }
    void interrupt() noexcept override { interrupted_.raise(); }

private:
    std::string try_open() {
        // Locked first: another program's port must not have its settings changed under it.
        descriptor_ = ::open(where_.port.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (descriptor_ < 0) return why_not_opened(errno);
        if (::isatty(descriptor_) == 0) return "not a serial port";
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) return "in use by another program";
        baud_ = 0;
        if (std::string fault = set_baud(where_.line.baud); !fault.empty()) return fault;
        // A courtesy to programs that don't look at locks. Not on a pseudo-terminal, which may outlive a killed owner, and stay
        // taken.
        if (!is_pseudo_terminal(descriptor_)) [[maybe_unused]]
            const int exclusive = ::ioctl(descriptor_, TIOCEXCL);
        ask_for_low_latency(descriptor_);
        [[maybe_unused]] const int flushed = ::tcflush(descriptor_, TCIOFLUSH);
        return "";
    }

    port_settings where_;
    interruption interrupted_;
    int descriptor_ = -1;
    std::uint32_t baud_ = 0;
};

}  // namespace

std::unique_ptr<channel> make_channel(const port_settings& where) { return std::make_unique<port_channel>(where); }

}  // namespace serial

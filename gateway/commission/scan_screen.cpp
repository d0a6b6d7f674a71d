// gateway/commission/scan_screen.cpp: one write a change, so that nothing flickers.
#include "gateway/commission/scan_screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace gateway {
namespace {

std::size_t columns() {
    winsize size{};
    constexpr std::size_t usual = 80;
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

}  // namespace

scan_screen::scan_screen(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

void scan_screen::show(const scan_progress& far, const std::string& what, std::size_t found) {
    if (quiet_) return;
    const auto tail = "  " + std::to_string(found) + " found";
    if (!terminal_) {
        const auto tenths = far.count() * 10 / std::max<std::size_t>(far.total(), 1);
        if (tenths <= tenths_said_) return;
        tenths_said_ = tenths;
        std::fprintf(stderr, "%zu %% done, %s left, %zu found\n", tenths * 10, clock_text(far.left()).c_str(), found);
        return;
    }
    using namespace std::chrono_literals;
    const auto now = std::chrono::steady_clock::now();
    if (drawn_ && now - last_ < 50ms) return;
    last_ = now;
    auto line = bar(far, 24) + tail + "  " + what;
    if (line.size() > columns() - 1) line.resize(columns() - 1);  // plain ASCII
    std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
    std::fflush(stderr);
    drawn_ = true;
}

void scan_screen::clear() {
    if (drawn_) std::fprintf(stderr, "\r\x1b[K");
    drawn_ = false;
}

void scan_screen::say(const std::string& line) {
    clear();
    if (!quiet_ || line.starts_with("error:")) std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace gateway

// gateway/command/command_watch.cpp: `tidegate watch`: the values of some devices, live.
// Not here: what a frame looks like (watch_table.hpp), where the values come from (watch_source.hpp).
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>

#include "config/units.hpp"
#include "gateway/commission/watch_source.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/stop_signal.hpp"

namespace gateway {
namespace {

using std::chrono::milliseconds;

std::int64_t unix_ms() {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string local_clock() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::localtime_r(&now, &parts);
    char text[16];
    std::ignore = std::strftime(text, sizeof text, "%H:%M:%S", &parts);
    return text;
}

/// The window as it is now: it may have been resized.
std::pair<std::size_t, std::size_t> window() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {80, 24};
    return {size.ws_col, size.ws_row};
}

/// The alternate screen, so that what was there before comes back. Each frame is one write, over the last one: nothing flickers.
class screen {
public:
    explicit screen(bool use) : used_(use) {
        if (used_) put("\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J");
    }
    ~screen() {
        if (used_) put("\x1b[?25h\x1b[?1049l");
    }
    screen(const screen&) = delete;
    screen& operator=(const screen&) = delete;

    void draw(const std::vector<std::string>& lines) {
        std::string all = "\x1b[H";
        for (std::size_t i = 0; i < lines.size(); ++i) all += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
        put(all + "\x1b[J");
    }

private:
    static void put(const std::string& bytes) {
        std::fwrite(bytes.data(), 1, bytes.size(), stdout);
        std::fflush(stdout);
    }
    bool used_;
};

int usage(const std::string& why) {
    std::fprintf(stderr, "error: %s\n", why.c_str());
    return 2;
}

std::string fault_of(const watch_options& how) {
    if (!how.config_path.empty())
        return how.unit.empty() && how.template_name.empty() ? "" : "--unit and --template go with a bus, not with -c";
    if (how.what.size() != 1) return "name a config with -c, or one bus with --unit and --template";
    if (how.unit.empty() || how.template_name.empty())
        return "of a bus that isn't in a config, --unit and --template must be named";
    return {};
}

bool show(const watch_options& how, const watch_source& from, watch_table& table, screen* on) {
    if (on != nullptr) {
        const auto [columns, rows] = window();
        on->draw(table.frame(local_clock() + "  " + from.title() + "  (Ctrl-C ends)", columns, rows));
        return true;
    }
    for (const auto& line : how.json ? table.json_news(format_timestamp(unix_ms())) : table.news(local_clock()))
        if (std::printf("%s\n", line.c_str()) < 0) return false;
    return std::fflush(stdout) == 0;
}

}  // namespace

int watch_command(const watch_options& how) {
    if (const auto fault = fault_of(how); !fault.empty()) return usage(fault);
    milliseconds every(1000);
    if (!how.every.empty()) {
        const auto time = config::parse_duration(how.every);
        if (!time.value || *time.value < milliseconds(1))
            return usage("--every: " + (time.value ? "it must be at least 1ms" : time.problem));
        every = std::chrono::duration_cast<milliseconds>(*time.value);
    }
    scan_stop stop;
    const stop_signal signals([&] { stop.stop(); });
    std::string why;
    std::unique_ptr<watch_source> source;
    if (!how.config_path.empty()) source = watch_service(how, why);
    if (!source && why.empty()) source = watch_bus(how, stop, why);
    if (!source) {
        std::fprintf(stderr, "error: %s\n", why.c_str());
        return 1;
    }
    const bool on_terminal = ::isatty(STDOUT_FILENO) == 1 && !how.json && !how.plain;
    watch_table table;
    bool written = true;
    {
        screen on(on_terminal);
        for (std::uint64_t round = 1; !signals.came() && written; ++round) {
            std::vector<watch_device> now;
            if (!source->refresh(now, why)) break;
            table.update(std::move(now));
            written = show(how, *source, table, on_terminal ? &on : nullptr);
            if (how.count > 0 && round >= how.count) break;
            if (!signals.sleep(every)) break;
        }
    }
    if (signals.came() || why.empty()) return written ? 0 : 1;
    std::fprintf(stderr, "error: %s\n", why.c_str());
    return 1;
}

}  // namespace gateway

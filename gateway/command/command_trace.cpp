// gateway/command/command_trace.cpp: `tidegate trace`: every frame on a bus, in words, as JSON or as pcap: from the running
// service, or, if none runs, by polling the bus as the service would. Not here: what frames say (frame_words.hpp) and the pcap
// format (pcap.hpp).
#include <sys/time.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <tuple>

#include "config/units.hpp"
#include "gateway/clock.hpp"
#include "gateway/command/diagnostics_options.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/diagnosis/frame_words.hpp"
#include "gateway/diagnosis/pcap.hpp"
#include "gateway/diagnosis/traces.hpp"
#include "gateway/service/control_client.hpp"
#include "gateway/service/health.hpp"
#include "gateway/site.hpp"

namespace gateway {
namespace {

volatile std::sig_atomic_t interrupted = 0;

std::string bytes_of(const std::string& hex) {
    std::string bytes;
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
    return bytes;
}

tidegate_frame_direction direction_of(const std::string& word) {
    if (word == "sent") return TIDEGATE_FRAME_SENT;
    return word == "received" ? TIDEGATE_FRAME_RECEIVED : TIDEGATE_FRAME_DISCARDED;
}

const std::string* text_in(const flat_object& of, const char* name) {
    const value* found = of.find(name);
    return found ? std::get_if<std::string>(found) : nullptr;
}

std::int64_t number_in(const flat_object& of, const char* name) {
    const value* found = of.find(name);
    const auto* number = found ? std::get_if<std::int64_t>(found) : nullptr;
    return number ? *number : 0;
}

/// Prints what comes, until there is enough of it.
class printer {
public:
    printer(const trace_options& how, const config::bus& bus, std::FILE* to)
        : how_(how),
          to_(to),
          words_(frame_form_of(bus)),
          pcap_(frame_form_of(bus) == frame_form::mbap ? pcap::link::ipv4 : pcap::link::rtac_serial) {}

    bool begin() { return how_.pcap.empty() || write(pcap_.header()); }

    /// False: that was the last, or it can't be written.
    bool take(const std::string& line) {
        const auto found = read_flat_object(line, 8);
        if (!found) return true;
        if (const auto lost = number_in(*found, "lost"); lost > 0) return tell_lost(lost, line);
        const std::string* const hex = text_in(*found, "hex");
        const std::string* const dir = text_in(*found, "dir");
        if (!hex || !dir) return true;
        ++taken_;
        const bool written = print(number_in(*found, "at_us"), direction_of(*dir), bytes_of(*hex), line);
        return written && (how_.count == 0 || taken_ < how_.count);
    }

    std::uint64_t taken() const { return taken_; }
    bool failed() const { return failed_; }

private:
    bool print(std::int64_t at_us, tidegate_frame_direction direction, const std::string& bytes, const std::string& line) {
        if (!how_.pcap.empty()) return write(pcap_.packet(at_us, direction, bytes));
        const std::string words = words_.of(direction, bytes);
        if (how_.json) return write(line.substr(0, line.size() - 1) + R"(,"words":)" + json_text(words) + "}\n");
        const std::time_t seconds = at_us / 1'000'000;
        std::tm parts{};
        localtime_r(&seconds, &parts);
        char when[32];
        std::snprintf(when, sizeof when, "%02d:%02d:%02d.%06d", parts.tm_hour, parts.tm_min, parts.tm_sec,
                      static_cast<int>(at_us % 1'000'000));
        const char* const mark = direction == TIDEGATE_FRAME_SENT ? ">" : direction == TIDEGATE_FRAME_RECEIVED ? "<" : "!";
        std::string since;
        if (direction != TIDEGATE_FRAME_SENT && sent_us_ > 0) {
            char text[32];
            std::snprintf(text, sizeof text, " +%.1f ms", static_cast<double>(at_us - sent_us_) / 1000);
            since = text;
        }
        if (direction == TIDEGATE_FRAME_SENT) sent_us_ = at_us;
        return write(std::string(when) + ' ' + mark + ' ' + words + since + "\n                  [" + in_hex(bytes) + "]\n");
    }

    bool tell_lost(std::int64_t lost, const std::string& line) {
        std::fprintf(stderr, "tidegate trace: %lld frames lost: this end reads too slowly, or the service is busy\n",
                     static_cast<long long>(lost));
        return !how_.json || write(line + '\n');
    }

    bool write(const std::string& bytes) {
        if (std::fwrite(bytes.data(), 1, bytes.size(), to_) == bytes.size() && std::fflush(to_) == 0) return true;
        failed_ = errno != EPIPE;  // who reads has had enough
        if (failed_)
            std::fprintf(stderr, "tidegate trace: %s: %s\n", how_.pcap.empty() ? "stdout" : how_.pcap.c_str(),
                         std::strerror(errno));
        return false;
    }

    const trace_options& how_;
    std::FILE* to_;
    frame_words words_;
    pcap pcap_;
    std::uint64_t taken_ = 0;
    std::int64_t sent_us_ = 0;
    bool failed_ = false;
};

struct close_file {
    void operator()(std::FILE* file) const {
        if (file != stdout) std::ignore = std::fclose(file);  // each packet was flushed, and its error told
    }
};

/// Ctrl-C and the end of the time: what blocks in the socket's read returns then.
void arm(std::chrono::nanoseconds time) {
    struct sigaction end {};
    end.sa_handler = [](int) { interrupted = 1; };
    for (const int signal : {SIGINT, SIGTERM, SIGALRM}) ::sigaction(signal, &end, nullptr);
    if (time.count() <= 0) return;
    itimerval after{};
    after.it_value.tv_sec = static_cast<time_t>(time.count() / 1'000'000'000);
    after.it_value.tv_usec = static_cast<suseconds_t>(time.count() / 1000 % 1'000'000);
    after.it_interval.tv_usec = 100'000;                      // again, lest it comes right before a call that blocks
    std::ignore = ::setitimer(ITIMER_REAL, &after, nullptr);  // its arguments are in order
}

int through_service(control_client& service, const std::string& bus, printer& to) {
    std::string why;
    std::string request = R"({"do":"trace","bus":)";
    append_json(request, value{bus});
    service.wait_while_it_lives();
    const bool asked = service.ask(
        request + '}', [&](const std::string& line) { return interrupted == 0 && to.take(line); }, why,
        [] { return interrupted != 0; });
    if (asked || interrupted != 0) return to.failed() ? 1 : 0;
    std::fprintf(stderr, "tidegate trace: %s\n", why.c_str());
    return 1;
}

/// The bus's own thread polls it, as the service would; what it reads goes nowhere.
int by_polling(const config::bus& bus, std::unique_ptr<adapter_bus> opened, std::chrono::nanoseconds time, printer& to) {
    if (!opened->can_trace()) {
        std::fprintf(stderr, "tidegate trace: the adapter '%s' can't be traced\n", bus.adapter.c_str());
        return 1;
    }
    boost::asio::io_context loop{1};
    boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
    signals.async_wait([&](const boost::system::error_code&, int) { loop.stop(); });
    boost::asio::steady_timer timer(loop);
    if (time.count() > 0) {
        timer.expires_after(time);
        timer.async_wait([&](const boost::system::error_code& error) {
            if (!error) loop.stop();
        });
    }
    bool enough = false;
    const auto take = [&](const std::vector<bus_event>& events) {
        const auto now = steady_now();
        const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(wall_now().time_since_epoch()).count();
        for (const auto& event : events) {
            if (const auto* device = std::get_if<device_event>(&event); device && !device->error.empty() && !enough)
                std::fprintf(stderr, "tidegate trace: %s: %s\n", bus.devices[device->device].name.c_str(), device->error.c_str());
            const auto* const traced = std::get_if<trace_event>(&event);
            for (std::size_t i = 0; traced && i < traced->frames.size() && !enough; ++i)
                enough = !to.take(trace_line(traced->frames[i], now, now_us));
        }
        if (enough) loop.stop();
    };
    bus_thread thread(0, bus, std::move(opened), loop, take, std::make_shared<pulse>());
    std::ignore = thread.trace(true);  // it can
    thread.start(steady_now());
    const auto work = boost::asio::make_work_guard(loop);
    loop.run();
    enough = true;  // what stop() hands over comes after the end
    thread.stop();
    return to.failed() ? 1 : 0;
}

std::string names_of(const config::file& config) {
    std::string names;
    for (const auto& bus : config.buses) names += (names.empty() ? "" : ", ") + bus.name;
    return names;
}

}  // namespace

int trace_command(const trace_options& typed) {
    std::chrono::nanoseconds time{0};
    if (!typed.for_time.empty()) {
        const auto parsed = config::parse_duration(typed.for_time);
        if (!parsed.value) {
            std::fprintf(stderr, "tidegate trace: --for: %s\n", parsed.problem.c_str());
            return 2;
        }
        time = *parsed.value;
    }
    std::string why;
    const auto site = load_site(typed.config_path, why);
    if (!site || !site->config) {
        if (site) print_diagnostics(*site);
        if (!site) std::fprintf(stderr, "error: %s\n", why.c_str());
        return 1;
    }
    const auto& buses = site->config->buses;
    std::size_t index = 0;
    while (index < buses.size() && buses[index].name != typed.bus) ++index;
    if (index == buses.size()) {
        std::fprintf(stderr, "tidegate trace: there is no bus '%s'; there is: %s\n", typed.bus.c_str(),
                     names_of(*site->config).c_str());
        return 1;
    }
    const bool to_stdout = typed.pcap.empty() || typed.pcap == "-";
    const std::unique_ptr<std::FILE, close_file> file(to_stdout ? stdout : std::fopen(typed.pcap.c_str(), "wbe"));
    if (!file) {
        std::fprintf(stderr, "tidegate trace: %s: %s\n", typed.pcap.c_str(), std::strerror(errno));
        return 1;
    }
    printer to(typed, buses[index], file.get());
    if (!to.begin()) return 1;
    const auto service = control_client::connect(*site->config, why);
    if (!service && !why.empty()) {
        std::fprintf(stderr, "tidegate trace: %s\n", why.c_str());
        return 1;
    }
    if (!service)
        std::fprintf(stderr, "tidegate trace: no service runs with this config; polling bus '%s' from here\n", typed.bus.c_str());
    if (service) arm(time);
    const int code =
        service ? through_service(*service, typed.bus, to) : by_polling(buses[index], std::move(site->buses[index]), time, to);
    if (to.taken() == 0 && code == 0) std::fprintf(stderr, "tidegate trace: no frame was seen\n");
    return code;
}

}  // namespace gateway

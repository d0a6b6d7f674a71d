// gateway/log.cpp: formats a line and writes it with one system call, so that lines never mix.
#include "gateway/log.hpp"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "gateway/clock.hpp"

namespace gateway {
namespace {

constexpr std::size_t longest_value = 500;  // bytes; words from a broker or a device must not fill a log

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    for (const char c : text)
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return true;
    return false;
}

void append_value(std::string& to, std::string_view text) {
    const bool cut = text.size() > longest_value;
    if (cut) text = text.substr(0, longest_value);
    if (!needs_quotes(text)) {
        to += text;
    } else {
        to += '"';
        for (const char c : text) {
            if (c == '"' || c == '\\') to += '\\';
            to += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) ? '?' : c;
        }
        to += '"';
    }
    if (cut) to += "...";
}

std::string_view name_of(level how) {
    switch (how) {
        case level::error:
            return "error";
        case level::warning:
            return "warning";
        case level::info:
            return "info";
        case level::debug:
            return "debug";
    }
    return "?";
}

/// journald says by device and inode which stream it reads (systemd.exec(5), JOURNAL_STREAM).
bool journald_reads_stderr() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat about {};
    if (stream == nullptr || fstat(STDERR_FILENO, &about) != 0) return false;
    const std::string here = std::to_string(about.st_dev) + ':' + std::to_string(about.st_ino);
    return here == stream;
}

/// What a person did, or is asked to look at, is always written: a command is in the audit and here.
bool may_repeat(std::string_view event) {
    constexpr std::array<std::string_view, 9> always = {"write",          "reload",         "reload_refused",
                                                        "restart_needed", "queue_reopened", "started",
                                                        "stopping",       "stopped",        "thread_hangs"};
    return std::find(always.begin(), always.end(), event) == always.end();
}

std::string time_of_day() {
    const std::int64_t now = stamp_now().wall_ms;
    const time_t seconds = static_cast<time_t>(now / 1000);
    tm local{};
    localtime_r(&seconds, &local);
    char text[32];
    const int length = std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03d ", local.tm_hour, local.tm_min, local.tm_sec,
                                     static_cast<int>(now % 1000));
    return {text, static_cast<std::size_t>(length)};
}

}  // namespace

field::field(std::string_view key, std::string_view text) : text_(key) {
    text_ += '=';
    append_value(text_, text);
}

field::field(std::string_view key, std::chrono::milliseconds time) : text_(key) {
    text_ += '=';
    const auto count = time.count();
    text_ += count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

log::log(level least, repeats how) : least_(least), journald_(journald_reads_stderr()) {
    if (how == repeats::limited) limits_ = std::make_shared<log_limits>();
}

void log::write(level how, std::string_view event, std::initializer_list<field> fields) const {
    if (how > least_) return;
    std::string line;
    if (!reader_ && journald_) line = '<' + std::to_string(static_cast<int>(how)) + '>';
    const std::size_t prefix = line.size();
    line += name_of(how);
    line += ' ';
    line += event;
    for (const field& f : fields) {
        line += ' ';
        line += f.text();
    }
    if (reader_) return reader_(line.substr(prefix));
    if (limits_ && may_repeat(event)) {
        std::vector<std::string_view> words;
        for (const field& f : fields) words.push_back(f.text());
        const auto before = limits_->take(log_limits::subject_of(event, words), line, steady_now());
        if (!before) return;
        if (*before > 0) line += " held_back=" + std::to_string(*before);
    }
    put(std::move(line));
}

void log::tell_held() const {
    if (!limits_) return;
    for (auto& [line, others] : limits_->due(steady_now())) put(line + " held_back=" + std::to_string(others) + " late=yes");
}

void log::put(std::string line) const {
    if (!journald_) line = time_of_day() + line;
    line += '\n';
    // A log that can't be written has nowhere to say so; the service goes on.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace gateway

// gateway/log.hpp: one line an event: `level event key=value …`. First occurrences and changes only; never payloads or secrets.
// Used from the loop thread and from main; the leaves and the bus threads return what happened instead of logging it.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/log_limits.hpp"

namespace gateway {

enum class level : std::uint8_t { error = 3, warning = 4, info = 6, debug = 7 };  // syslog's numbers

/// `key=value`; text with blanks is quoted, control characters are made visible.
class field {
public:
    field(std::string_view key, std::string_view text);
    field(std::string_view key, const char* text) : field(key, std::string_view(text)) {}
    field(std::string_view key, const std::string& text) : field(key, std::string_view(text)) {}
    template <std::integral T>
    field(std::string_view key, T number) : text_(std::string(key) + "=" + std::to_string(number)) {}
    field(std::string_view key, std::chrono::milliseconds time);
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

class log {
public:
    /// Writes to stderr: with journald's `<6>` prefix when journald reads it, else with the time of day.
    /// `limited`: what repeats without end is written now and then (log_limits.hpp); but for what a person did.
    enum class repeats : std::uint8_t { all, limited };
    explicit log(level least = level::info, repeats how = repeats::all);
    /// Hands each line to `reader` instead, without prefix, time and end of line. For tests.
    log(level least, std::function<void(const std::string&)> reader) : least_(least), reader_(std::move(reader)) {}

    void write(level how, std::string_view event, std::initializer_list<field> fields = {}) const;
    /// Writes what repeats have kept back for long enough. Now and then.
    void tell_held() const;
    /// For another thread: one that keeps nothing back.
    log unlimited() const {
        log other = *this;
        other.limits_.reset();
        return other;
    }
    void error(std::string_view event, std::initializer_list<field> fields = {}) const { write(level::error, event, fields); }
    void warning(std::string_view event, std::initializer_list<field> fields = {}) const { write(level::warning, event, fields); }
    void info(std::string_view event, std::initializer_list<field> fields = {}) const { write(level::info, event, fields); }
    void debug(std::string_view event, std::initializer_list<field> fields = {}) const { write(level::debug, event, fields); }

private:
    level least_;
    void put(std::string line) const;
    bool journald_ = false;
    std::shared_ptr<log_limits> limits_;
    std::function<void(const std::string&)> reader_;
};

}  // namespace gateway

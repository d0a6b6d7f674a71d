// gateway/commission/scan_plan.cpp: see scan_plan.hpp.
#include "gateway/commission/scan_plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace gateway {
namespace {

/// Factory settings of what is sold: 1 nearly always, then what makers chose.
constexpr std::array<std::uint8_t, 16> likely = {1, 2, 3, 4, 5, 10, 100, 126, 247, 6, 7, 8, 9, 11, 200, 255};

constexpr std::array<unsigned, 8> usual_bauds = {9600, 19200, 38400, 115200, 4800, 2400, 57600, 1200};

option_error wrong(std::string_view typed, const std::string& what) {
    return option_error::because("'" + std::string(typed) + "': " + what);
}

template <typename T>
std::optional<T> number_in(std::string_view text) {
    T number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::vector<std::string_view> split(std::string_view text, char by) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto at = text.find(by);
        out.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

std::size_t rank_of(std::uint8_t unit) {
    const auto found = std::find(likely.begin(), likely.end(), unit);
    return found == likely.end() ? likely.size() + unit : static_cast<std::size_t>(found - likely.begin());
}

std::size_t rank_of(const line_try& one) {
    static const std::vector<line_try> usual = {{9600, "none"},  {9600, "even"},   {19200, "even"}, {19200, "none"},
                                                {38400, "none"}, {115200, "none"}, {4800, "none"},  {2400, "none"}};
    const auto found = std::find(usual.begin(), usual.end(), one);
    if (found != usual.end()) return static_cast<std::size_t>(found - usual.begin());
    const auto baud = std::find(usual_bauds.begin(), usual_bauds.end(), one.baud) - usual_bauds.begin();
    return 10 + 3 * static_cast<std::size_t>(baud) + (one.parity == "none" ? 0 : one.parity == "even" ? 1 : 2);
}

/// "n", "None", "E", "odd"
std::optional<std::string> parity_in(std::string_view text) {
    for (const std::string_view word : {"none", "even", "odd"})
        if (text.size() == 1 ? (text[0] | 0x20) == word[0] : text == word) return std::string(word);
    return std::nullopt;
}

std::optional<std::uint32_t> ipv4_in(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 4) return std::nullopt;
    std::uint32_t out = 0;
    for (const auto part : parts) {
        const auto number = number_in<unsigned>(part);
        if (!number || *number > 255) return std::nullopt;
        out = out << 8 | *number;
    }
    return out;
}

std::string ipv4_text(std::uint32_t address) {
    return std::to_string(address >> 24) + '.' + std::to_string(address >> 16 & 255) + '.' + std::to_string(address >> 8 & 255) +
           '.' + std::to_string(address & 255);
}

constexpr const char* host_forms = "write tcp://10.0.0.5, tcp://10.0.0.0/28, tcp://10.0.0.10-20, or several with commas between";

/// The addresses that one part between commas means; an error's words in `fault`.
std::vector<std::string> hosts_in(std::string_view part, std::string& fault) {
    std::vector<std::string> out;
    std::string port = ":502";
    const auto colon = part.rfind(':');
    if (colon != std::string_view::npos && part.find(':') == colon) {
        const auto number = number_in<unsigned>(part.substr(colon + 1));
        if (!number || *number < 1 || *number > 65535) fault = "a port is 1 to 65535";
        port = std::string(part.substr(colon));
        part = part.substr(0, colon);
    }
    const auto slash = part.find('/');
    const auto dash = part.find('-');
    std::optional<std::uint32_t> first;
    std::uint32_t count = 1;
    if (slash != std::string_view::npos) {
        first = ipv4_in(part.substr(0, slash));
        const auto bits = number_in<unsigned>(part.substr(slash + 1));
        if (!first || !bits || *bits > 32 || *bits < 22) {
            fault = "a network is 10.0.0.0/22 (1024 addresses) or smaller";
            return out;
        }
        count = 1u << (32 - *bits);
        *first &= ~(count - 1);
        if (count > 2) ++*first, count -= 2;  // without the network itself and its broadcast
    } else if (dash != std::string_view::npos && ipv4_in(part.substr(0, dash))) {
        first = ipv4_in(part.substr(0, dash));
        const auto last = number_in<unsigned>(part.substr(dash + 1));
        if (!last || *last > 255 || *last < (*first & 255)) {
            fault = "a range is 10.0.0.10-20";
            return out;
        }
        count = *last - (*first & 255) + 1;
    }
    if (first) {
        for (std::uint32_t i = 0; i < count; ++i) out.push_back("tcp://" + ipv4_text(*first + i) + port);
    } else if (part.empty() || part.find_first_of("/?@ ") != std::string_view::npos) {
        fault = host_forms;
    } else {
        out.push_back("tcp://" + std::string(part) + port);
    }
    return out;
}

}  // namespace

option_result<std::vector<std::uint8_t>> units_of(std::string_view typed, bool on_a_line) {
    std::vector<std::uint8_t> out;
    for (const auto part : split(typed, ',')) {
        const auto dash = part.find('-');
        const auto first = number_in<unsigned>(part.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : number_in<unsigned>(part.substr(dash + 1));
        if (!first || !last || *first > *last || *last > 255) return wrong(typed, "units are written as 1-247 or 1,5,10-12");
        for (auto unit = *first; unit <= *last; ++unit) {
            if (unit == 0 && on_a_line) continue;
            if (std::find(out.begin(), out.end(), unit) == out.end()) out.push_back(static_cast<std::uint8_t>(unit));
        }
    }
    if (out.empty()) return wrong(typed, "on a line 0 is all devices at once, and none of them answers");
    std::sort(out.begin(), out.end(), [](auto a, auto b) { return rank_of(a) < rank_of(b); });
    return out;
}

std::size_t likely_count(const std::vector<std::uint8_t>& units) {
    return static_cast<std::size_t>(
        std::count_if(units.begin(), units.end(), [](std::uint8_t unit) { return rank_of(unit) < likely.size(); }));
}

std::string line_try::text() const {
    return std::to_string(baud) + " 8" + static_cast<char>(parity.empty() ? '?' : parity[0] - 'a' + 'A') + '1';
}

option_result<std::vector<line_try>> lines_of(std::string_view bauds, std::string_view parities) {
    std::vector<line_try> out;
    if (bauds.empty() && parities.empty()) {
        for (const unsigned baud : {9600u, 19200u, 38400u, 115200u, 4800u, 2400u}) out.push_back({baud, "none"});
        out.push_back({9600, "even"});
        out.push_back({19200, "even"});
    } else {
        std::vector<unsigned> speeds;
        std::vector<std::string> names;
        for (const auto part : split(bauds.empty() ? "9600,19200" : bauds, ',')) {
            const auto baud = number_in<unsigned>(part);
            if (!baud) return wrong(part, "is no speed; write --baud 9600,19200");
            speeds.push_back(*baud);
        }
        for (const auto part : split(parities.empty() ? "none,even" : parities, ',')) {
            const auto parity = parity_in(part);
            if (!parity) return wrong(part, "is no parity; write --parity N,E,O");
            names.push_back(*parity);
        }
        for (const auto baud : speeds)
            for (const auto& parity : names) out.push_back({baud, parity});
    }
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return rank_of(a) < rank_of(b); });
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

option_result<std::vector<std::string>> hosts_of(std::string_view typed) {
    const auto whole = typed;
    constexpr std::string_view scheme = "tcp://";
    if (!typed.starts_with(scheme)) return wrong(whole, host_forms);
    typed.remove_prefix(scheme.size());
    if (typed.find(':') != typed.rfind(':') && typed.find(',') == std::string_view::npos && typed.front() == '[')
        return std::vector<std::string>{std::string(whole)};  // one IPv6 address
    if (typed.find('?') != std::string_view::npos) {
        if (typed.find(',') != std::string_view::npos) return wrong(whole, "settings behind a '?' are of one host");
        return std::vector<std::string>{std::string(whole)};
    }
    std::vector<std::string> out;
    for (const auto part : split(typed, ',')) {
        std::string fault;
        for (auto& one : hosts_in(part, fault))
            if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(std::move(one));
        if (!fault.empty()) return wrong(part, fault);
        if (out.size() > most_hosts) return wrong(whole, "more than 1024 addresses; scan a part of them");
    }
    return out;
}

void scan_progress::done(std::chrono::nanoseconds took) {
    constexpr double newest = 0.1;
    const auto cost = static_cast<double>(took.count());
    mean_ = done_ == 0 ? cost : mean_ + newest * (cost - mean_);
    ++done_;
}

std::chrono::nanoseconds scan_progress::left() const {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(mean_ * static_cast<double>(total() - done_)));
}

std::string clock_text(std::chrono::nanoseconds time) {
    const auto seconds = (time.count() + 999'999'999) / 1'000'000'000;
    std::array<char, 32> text{};
    if (seconds >= 3600)
        std::snprintf(text.data(), text.size(), "%d:%02d:%02d", static_cast<int>(seconds / 3600),
                      static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
    else
        std::snprintf(text.data(), text.size(), "%d:%02d", static_cast<int>(seconds / 60), static_cast<int>(seconds % 60));
    return text.data();
}

std::string bar(const scan_progress& of, std::size_t width) {
    const auto total = std::max<std::size_t>(of.total(), 1);
    const auto full = of.count() * width / total;
    std::string out = "[" + std::string(full, '=');
    if (full < width) out += '>' + std::string(width - full - 1, ' ');
    const auto percent = std::to_string(of.count() * 100 / total);
    return out + "] " + std::string(3 - std::min<std::size_t>(3, percent.size()), ' ') + percent + " %  " +
           clock_text(of.left()) + " left";
}

}  // namespace gateway

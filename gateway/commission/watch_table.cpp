// gateway/commission/watch_table.cpp: see watch_table.hpp.
#include "gateway/commission/watch_table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "config/source.hpp"
#include "gateway/delivery/payload.hpp"

namespace gateway {
namespace {

constexpr unsigned frames_marked = 4;
constexpr std::size_t widest_name = 40;
constexpr std::size_t widest_value = 24;

bool is_harmful(std::uint32_t code) {
    if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return true;
    // Marks that turn or join what stands beside them, and breaks of lines.
    return (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xFEFF;
}

/// At most so many characters; a ~ stands for what is cut off.
std::string cut(const std::string& text, std::size_t characters) {
    if (config::count_characters(text) <= characters) return text;
    if (characters == 0) return {};
    const auto rest = config::without_first(text, characters - 1);
    return text.substr(0, text.size() - rest.size()) + '~';
}

std::string padded(const std::string& text, std::size_t width, bool right = false) {
    auto out = cut(text, width);
    const auto size = config::count_characters(out);
    const std::string blanks(width - size, ' ');
    return right ? blanks + out : out + blanks;
}

/// A text's value without its quotes, all else as JSON has it.
std::string value_text(const std::string& json) {
    if (json.size() < 2 || json.front() != '"') return json;
    return visible(json.substr(1, json.size() - 2));
}

std::string right_side(const watch_point& of) {
    if (!of.problem.empty()) return visible(of.problem);
    return of.json.empty() ? "not read yet" : "";
}

std::string device_line(const watch_device& of) {
    std::string out = visible(of.name) + "  " + of.state;
    if (of.request_ms >= 0) out += ", a request takes " + std::to_string(of.request_ms) + " ms";
    if (of.errors > 0) out += ", " + std::to_string(of.errors) + (of.errors == 1 ? " error" : " errors");
    if (!of.problem.empty()) out += ": " + visible(of.problem);
    return out;
}

}  // namespace

void watch_table::update(std::vector<watch_device> now) {
    marks_.resize(now.size());
    trouble_.assign(now.size(), false);
    for (std::size_t d = 0; d < now.size(); ++d) {
        trouble_[d] = !now[d].problem.empty() && (d >= devices_.size() || now[d].problem != devices_[d].problem);
        marks_[d].resize(now[d].points.size());
        for (std::size_t p = 0; p < now[d].points.size(); ++p) {
            const auto& point = now[d].points[p];
            const bool known = d < devices_.size() && p < devices_[d].points.size();
            const auto before = known ? devices_[d].points[p] : watch_point{};
            auto& now_marked = marks_[d][p];
            now_marked.changed = point.json != before.json && !point.json.empty();
            now_marked.is_new = (point.readings != before.readings && !point.json.empty()) || point.problem != before.problem;
            if (now_marked.changed && !before.json.empty())
                now_marked.shown = frames_marked;
            else if (now_marked.shown > 0)
                --now_marked.shown;
        }
    }
    devices_ = std::move(now);
}

std::vector<std::string> watch_table::frame(std::string_view title, std::size_t columns, std::size_t rows,
                                            std::size_t first) const {
    std::size_t name_width = 5;
    std::size_t value_width = 8;
    for (const auto& device : devices_)
        for (const auto& point : device.points) {
            name_width = std::max(name_width, config::count_characters(visible(point.name)));
            value_width = std::max(value_width, config::count_characters(value_text(point.json)));
        }
    name_width = std::min(name_width, widest_name);
    value_width = std::min(value_width, widest_value);
    std::vector<std::string> table;
    for (std::size_t d = 0; d < devices_.size(); ++d) {
        table.push_back(device_line(devices_[d]));
        for (std::size_t p = 0; p < devices_[d].points.size(); ++p) {
            const auto& point = devices_[d].points[p];
            auto line = std::string(marks_[d][p].shown > 0 ? "* " : "  ") + padded(visible(point.name), name_width) + "  " +
                        padded(value_text(point.json), value_width, true) + ' ' + padded(visible(point.unit), 6) + ' ' +
                        padded(point.json.empty() ? "" : age_text(point.age_ms), 7, true) + "  " + right_side(point);
            while (!line.empty() && line.back() == ' ') line.pop_back();
            table.push_back(std::move(line));
        }
    }
    std::vector<std::string> out;
    if (rows == 0) return out;
    out.push_back(cut(std::string(title), columns));
    first = std::min(first, table.empty() ? 0 : table.size() - 1);
    const auto room = rows - 1;
    const bool fits = table.size() - first <= room;
    const auto shown = fits ? table.size() - first : room > 0 ? room - 1 : 0;
    for (std::size_t i = 0; i < shown; ++i) out.push_back(cut(table[first + i], columns));
    if (!fits && room > 0)
        out.push_back(
            cut("… " + std::to_string(table.size() - first - shown) + " more lines: a larger window, or name a device", columns));
    return out;
}

std::vector<std::string> watch_table::news(std::string_view clock) const {
    std::vector<std::string> out;
    for (std::size_t d = 0; d < devices_.size(); ++d) {
        if (trouble_[d])
            out.push_back(std::string(clock) + ' ' + visible(devices_[d].name) + " error: " + visible(devices_[d].problem));
        for (std::size_t p = 0; p < devices_[d].points.size(); ++p) {
            if (!marks_[d][p].is_new) continue;
            const auto& point = devices_[d].points[p];
            const auto what = point.problem.empty()
                                  ? value_text(point.json) + (point.unit.empty() ? "" : ' ' + visible(point.unit))
                                  : "error: " + visible(point.problem);
            out.push_back(std::string(clock) + ' ' + visible(devices_[d].name) + ' ' + visible(point.name) + ' ' + what);
        }
    }
    return out;
}

std::vector<std::string> watch_table::json_news(std::string_view timestamp) const {
    std::vector<std::string> out;
    for (std::size_t d = 0; d < devices_.size(); ++d) {
        if (trouble_[d]) {
            std::string line = "{\"ts\":\"" + std::string(timestamp) + "\",\"device\":";
            append_json_string(line, devices_[d].name);
            line += ",\"error\":";
            append_json_string(line, devices_[d].problem);
            out.push_back(line + '}');
        }
        for (std::size_t p = 0; p < devices_[d].points.size(); ++p) {
            if (!marks_[d][p].is_new) continue;
            const auto& point = devices_[d].points[p];
            std::string line = "{\"ts\":\"" + std::string(timestamp) + "\",\"device\":";
            append_json_string(line, devices_[d].name);
            line += ",\"point\":";
            append_json_string(line, point.name);
            if (point.problem.empty()) {
                line += ",\"value\":" + point.json + ",\"unit\":";
                append_json_string(line, point.unit);
            } else {
                line += ",\"error\":";
                append_json_string(line, point.problem);
            }
            out.push_back(line + '}');
        }
    }
    return out;
}

std::string visible(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto one = config::first_character(text);
        std::array<char, 12> escaped{};
        if (!one.valid)
            std::snprintf(escaped.data(), escaped.size(), "\\x%02x",
                          static_cast<unsigned>(static_cast<unsigned char>(text.front())));
        else if (is_harmful(one.code))
            std::snprintf(escaped.data(), escaped.size(), one.code < 0x100 ? "\\x%02x" : "\\u%04x",
                          static_cast<unsigned>(one.code));
        out += escaped[0] != 0 ? std::string(escaped.data()) : std::string(text.substr(0, one.bytes));
        text.remove_prefix(one.valid ? one.bytes : 1);
    }
    return out;
}

std::string age_text(std::int64_t milliseconds) {
    if (milliseconds < 10'000) return std::to_string(milliseconds / 1000) + '.' + std::to_string(milliseconds / 100 % 10) + " s";
    if (milliseconds < 120'000) return std::to_string(milliseconds / 1000) + " s";
    if (milliseconds < 7'200'000) return std::to_string(milliseconds / 60'000) + " min";
    return std::to_string(milliseconds / 3'600'000) + " h";
}

}  // namespace gateway

// gateway/bus/adapter_wire.cpp: see adapter_wire.hpp.
#include "gateway/bus/adapter_wire.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <type_traits>
#include <utility>

namespace gateway {

// ---- Numbers and texts -------------------------------------------------------------------------------------------------

wire_writer& wire_writer::number(std::uint64_t what) {
    bytes_.append(reinterpret_cast<const char*>(&what), sizeof what);
    return *this;
}

wire_writer& wire_writer::real(double what) { return number(std::bit_cast<std::uint64_t>(what)); }

wire_writer& wire_writer::text(std::string_view what) {
    number(what.size());
    bytes_.append(what);
    return *this;
}

wire_writer& wire_writer::value(const gateway::value& what) {
    number(what.index());
    std::visit(
        [this](const auto& it) {
            using type = std::decay_t<decltype(it)>;
            if constexpr (std::is_same_v<type, std::string>) {
                text(it);
            } else if constexpr (std::is_floating_point_v<type>) {
                real(static_cast<double>(it));
            } else if constexpr (std::is_same_v<type, bool>) {
                number(it ? 1 : 0);
            } else if constexpr (std::is_integral_v<type>) {
                number(static_cast<std::uint64_t>(it));
            }
        },
        what);
    return *this;
}

wire_writer& wire_writer::settings(const std::vector<config::setting>& what) {
    number(what.size());
    for (const auto& each : what) text(each.path).text(each.text).signed_number(each.integer).real(each.number);
    return *this;
}

std::string_view wire_reader::take(std::uint64_t size) {
    if (size > rest_.size()) {
        bad_ = true;
        rest_ = {};
        return {};
    }
    const auto taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(taken.size());
    return taken;
}

std::uint64_t wire_reader::number() {
    std::uint64_t what = 0;
    const auto bytes = take(sizeof what);
    if (bytes.size() == sizeof what) std::memcpy(&what, bytes.data(), sizeof what);
    return what;
}

double wire_reader::real() { return std::bit_cast<double>(number()); }

std::string wire_reader::text() { return std::string(take(number())); }

std::size_t wire_reader::count() {
    const auto many = number();
    if (many <= rest_.size()) return static_cast<std::size_t>(many);
    bad_ = true;
    return 0;
}

std::size_t wire_reader::index() {
    const auto which = number();
    if (std::in_range<std::size_t>(which)) return static_cast<std::size_t>(which);
    bad_ = true;
    return 0;
}

gateway::value wire_reader::value() {
    switch (number()) {
        case 1:
            return number() != 0;
        case 2:
            return signed_number();
        case 3:
            return number();
        case 4:
            return static_cast<float>(real());
        case 5:
            return real();
        case 6:
            return text();
        default:
            return no_value{};
    }
}

std::vector<config::setting> wire_reader::settings() {
    std::vector<config::setting> all(count());
    for (auto& each : all) {
        each.path = text();
        each.text = text();
        each.integer = signed_number();
        each.number = real();
    }
    return all;
}

// ---- Frames ------------------------------------------------------------------------------------------------------------

std::string framed(wire_kind kind, std::string_view content) {
    assert(content.size() <= wire_frame_max);
    const auto size = static_cast<std::uint32_t>(content.size());
    std::string frame(reinterpret_cast<const char*>(&size), sizeof size);
    frame += static_cast<char>(kind);
    frame += content;
    return frame;
}

std::optional<wire_frame> take_frame(std::string& bytes, bool& bad) {
    if (bytes.size() < wire_header) return std::nullopt;
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data(), sizeof size);
    bad = size > wire_frame_max;
    if (bad || bytes.size() < wire_header + size) return std::nullopt;
    wire_frame frame{static_cast<wire_kind>(bytes[sizeof size]), bytes.substr(wire_header, size)};
    bytes.erase(0, wire_header + size);
    return frame;
}

// ---- What they hold ----------------------------------------------------------------------------------------------------

std::string to_wire(const config::vocabulary& words) {
    wire_writer to;
    to.text(words.adapter).number(words.keys.size());
    for (const auto& key : words.keys) {
        to.number(static_cast<std::uint64_t>(key.scope)).number(static_cast<std::uint64_t>(key.kind)).text(key.path);
        to.number(key.choices.size());
        for (const auto& choice : key.choices) to.text(choice);
        to.signed_number(key.least).signed_number(key.most).text(key.help);
    }
    return to.take();
}

config::vocabulary vocabulary_from(wire_reader& from) {
    config::vocabulary words;
    words.adapter = from.text();
    words.keys.resize(from.count());
    for (auto& key : words.keys) {
        key.scope = static_cast<config::scope>(from.number());
        key.kind = static_cast<config::value_kind>(from.number());
        key.path = from.text();
        key.choices.resize(from.count());
        for (auto& choice : key.choices) choice = from.text();
        key.least = from.signed_number();
        key.most = from.signed_number();
        key.help = from.text();
    }
    return words;
}

std::string to_wire(const config::bus& bus) {
    wire_writer to;
    to.text(bus.name).settings(bus.settings).number(bus.devices.size());
    for (const auto& device : bus.devices) {
        const auto is_read = [](const config::point& point) { return !point.compute; };
        to.text(device.name).settings(device.settings);
        to.number(static_cast<std::uint64_t>(std::count_if(device.points.begin(), device.points.end(), is_read)));
        for (const auto& point : device.points)
            if (is_read(point)) to.text(point.name).settings(point.settings).number(point.writable ? 1 : 0);
    }
    return to.take();
}

config::bus bus_from(wire_reader& from) {
    config::bus bus;
    bus.name = from.text();
    bus.settings = from.settings();
    bus.devices.resize(from.count());
    for (auto& device : bus.devices) {
        device.name = from.text();
        device.settings = from.settings();
        device.points.resize(from.count());
        for (auto& point : device.points) {
            point.name = from.text();
            point.settings = from.settings();
            if (from.number() != 0) point.writable = config::write_rules{};
        }
    }
    return bus;
}

std::string to_wire(const adapter_bus::poll_result& result) {
    wire_writer to;
    to.number(result.outcome).text(result.note).number(result.readings.size());
    for (const auto& reading : result.readings) to.number(reading.point).value(reading.value);
    to.number(result.failures.size());
    for (const auto& failure : result.failures) to.number(failure.point).text(failure.reason);
    to.number(result.learned.size());
    for (const auto& [device, text] : result.learned) to.number(device).text(text);
    to.number(result.exchanges.size());
    for (const auto& exchange : result.exchanges)
        to.number(exchange.device).number(exchange.result).number(exchange.exception).signed_number(exchange.turnaround);
    return to.take();
}

void poll_result_from(wire_reader& from, adapter_bus::poll_result& to) {
    to.outcome = static_cast<tidegate_outcome>(from.number());
    to.note = from.text();
    to.readings.resize(from.count());
    for (auto& reading : to.readings) {
        reading.point = static_cast<point_index>(from.number());
        reading.value = from.value();
    }
    to.failures.resize(from.count());
    for (auto& failure : to.failures) {
        failure.point = static_cast<point_index>(from.number());
        failure.reason = from.text();
    }
    to.learned.resize(from.count());
    for (auto& [device, text] : to.learned) {
        device = from.index();
        text = from.text();
    }
    to.exchanges.resize(from.count());
    for (auto& exchange : to.exchanges) {
        exchange.struct_size = sizeof exchange;
        exchange.device = static_cast<std::uint32_t>(from.number());
        exchange.result = static_cast<std::uint32_t>(from.number());
        exchange.exception = static_cast<std::uint32_t>(from.number());
        exchange.turnaround = from.signed_number();
    }
}

std::string to_wire(const adapter_bus::write_result& result) {
    return wire_writer().number(result.outcome).text(result.sent).number(result.exception).text(result.note).take();
}

adapter_bus::write_result write_result_from(wire_reader& from) {
    adapter_bus::write_result result;
    result.outcome = static_cast<tidegate_write_outcome>(from.number());
    result.sent = from.text();
    result.exception = static_cast<std::uint32_t>(from.number());
    result.note = from.text();
    return result;
}

std::string to_wire(const std::vector<adapter_bus::planned_request>& requests) {
    wire_writer to;
    to.number(requests.size());
    for (const auto& request : requests) {
        to.text(request.what).number(request.points.size());
        for (const auto point : request.points) to.number(point);
        to.number(request.registers).signed_number(request.bus_time.count());
    }
    return to.take();
}

std::vector<adapter_bus::planned_request> planned_requests_from(wire_reader& from) {
    std::vector<adapter_bus::planned_request> requests(from.count());
    for (auto& request : requests) {
        request.what = from.text();
        request.points.resize(from.count());
        for (auto& point : request.points) point = static_cast<point_index>(from.number());
        request.registers = from.index();
        request.bus_time = std::chrono::nanoseconds(from.signed_number());
    }
    return requests;
}

}  // namespace gateway

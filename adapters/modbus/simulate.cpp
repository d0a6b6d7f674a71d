// adapters/modbus/simulate.cpp: see the header.
// Not here: the wire.
#include "adapters/modbus/simulate.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace modbus {
namespace {

constexpr std::uint8_t illegal_address = 2;
constexpr std::int64_t second = 1'000'000'000;
constexpr std::size_t most_null_steps = 16;  // sentinels in a row that are passed over

bool is_counted(const point& which) {
    const bool has_number = is_integer(row_of(which.how.type).form) && !which.how.bit && which.how.flags.empty();
    return has_number && which.how.names.empty() && which.name.find("counter") != std::string::npos;
}

struct wave_range {
    std::int64_t low, high;
};
wave_range range_of(const encoding& how) {
    const type_row& type = row_of(how.type);
    if (type.form == number_form::floating || type.form == number_form::bcd) return {2000, 2400};
    const auto possible = raw_range_of(how);
    const unsigned bits = how.field ? how.field->width : type.bits;
    if (bits < 8) return {static_cast<std::int64_t>(possible.least), static_cast<std::int64_t>(possible.most)};
    if (possible.least < 0) {
        if (bits < 16) return {-10, 40};
        return bits <= 24 ? wave_range{-100, 300} : wave_range{-70'000, 70'000};
    }
    if (bits < 16) return {10, 90};
    return bits <= 24 ? wave_range{2000, 2400} : wave_range{123'000, 125'000};
}

std::int64_t triangle(wave_range range, std::size_t index, nanoseconds now) {
    const std::int64_t phase = (now.count() + static_cast<std::int64_t>(index) * 7 * second) % (60 * second);
    const std::int64_t up = phase < 30 * second ? phase : 60 * second - phase;
    return range.low + (range.high - range.low) * up / (30 * second);
}

/// The clock of a simulated device: it began to run with 2026, and no month is over soon.
std::string clock_text(const encoding& how, nanoseconds now) {
    const std::int64_t ms = now.count() / 1'000'000 % (28 * 86'400'000LL);
    const auto two = [](std::int64_t number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); };
    std::string text = "2026-01-" + two(1 + ms / 86'400'000);
    if (how.type == value_type::datetime3 || how.type == value_type::bcd_date) return text;
    text += 'T' + two(ms / 3'600'000 % 24) + ':' + two(ms / 60'000 % 60) + ':' + two(ms / 1000 % 60);
    if (how.type == value_type::datetime4 || how.type == value_type::cp56time2a || how.type == value_type::unix64_ms)
        text += '.' + two(ms % 1000 / 10) + std::to_string(ms % 10);
    return how.utc ? text + 'Z' : text;
}

/// The part of `text` that fits, without half a character at its end.
std::string_view cut_to(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0u) == 0x80u) --bytes;
    return text.substr(0, bytes);
}

/// The registers of an answer, and which of their bits are decided.
struct filled_registers {
    std::uint32_t begin;
    std::span<std::uint16_t> to;
    std::vector<std::uint16_t> taken;

    void put(std::uint32_t address, std::uint16_t bits, std::uint16_t owned) {
        if (address < begin || address >= begin + to.size()) return;
        const std::size_t at = address - begin;
        const auto free = static_cast<std::uint16_t>(owned & ~taken[at]);
        to[at] = static_cast<std::uint16_t>(to[at] | (bits & free));
        taken[at] = static_cast<std::uint16_t>(taken[at] | owned);
    }
};

}  // namespace

simulated_devices::simulated_devices(const bus_definition& definition, std::function<nanoseconds()> now)
    : definition_(definition), now_(std::move(now)) {
    for (std::size_t i = 0; i < definition.points.size(); ++i) {
        encoding raw = definition.points[i].how;
        raw.scale = scaling();
        raw.names.clear();
        raw.null_bits.clear();
        points_.push_back({i, std::move(raw), is_counted(definition.points[i]), 0});
        for (const auto& each : definition.points[i].factors) factors_.push_back({definition.points[i].device, &each});
    }
}

bool simulated_devices::has_unit(std::uint8_t unit) const {
    return std::any_of(definition_.devices.begin(), definition_.devices.end(), [&](const device& d) { return d.unit == unit; });
}

std::uint8_t simulated_devices::read(const read_request& request, std::span<std::uint16_t> to) {
    assert(to.size() == request.count);
    const std::uint32_t begin = request.address, end = begin + request.count;
    const nanoseconds now = now_();
    std::uint32_t first = 65536, last = 0;  // of the device's points in this table
    const auto touches = [&](std::uint32_t from, std::uint32_t until) {
        first = std::min(first, from);
        last = std::max(last, until);
        return from < end && begin < until;
    };
    std::vector<simulated_point*> touched;
    for (auto& each : points_) {
        const point& which = definition_.points[each.index];
        if (which.from != request.from || definition_.devices[which.device].unit != request.unit) continue;
        if (touches(which.address, std::uint32_t{which.address} + which.count)) touched.push_back(&each);
    }
    std::vector<const factor*> factors;
    for (const auto& [device, each] : factors_) {
        if (each->from != request.from || definition_.devices[device].unit != request.unit) continue;
        if (touches(each->address, std::uint32_t{each->address} + each->how.registers)) factors.push_back(each);
    }
    std::vector<const bus_definition::fixed_register*> fixed;
    for (const auto& each : definition_.fixed) {
        if (request.from != table::holding || definition_.devices[each.device].unit != request.unit) continue;
        if (touches(each.address, each.address + 1u)) fixed.push_back(&each);
    }
    if (begin < first || end > last) return illegal_address;

    std::fill(to.begin(), to.end(), std::uint16_t{0});
    filled_registers filled{begin, to, std::vector<std::uint16_t>(to.size())};
    for (const auto* each : fixed) filled.put(each->address, each->holds, 0xFFFF);
    for (const auto* each : factors)
        for (std::uint32_t i = 0; i < each->how.registers; ++i) filled.put(each->address + i, registers_of(*each)[i], 0xFFFF);
    for (auto* each : touched) {
        const point& which = definition_.points[each->index];
        if (each->counts && begin <= which.address && std::uint32_t{which.address} + which.count <= end) count(*each);
        const auto registers = registers_of(*each, now);
        const auto owned = owned_bits(each->raw);
        const auto addresses = own_addresses(which);
        for (std::size_t i = 0; i < registers.size(); ++i) filled.put(addresses[i], registers[i], owned[i]);
    }
    return 0;
}

std::vector<std::uint16_t> simulated_devices::registers_of(const factor& which) {
    encoding raw = which.how;
    raw.scale = scaling();
    const std::int64_t number = which.is_exponent ? -1 : 40;
    const bool floating = row_of(raw.type).form == number_form::floating;
    return encode(raw, floating ? value(static_cast<double>(number)) : value(number)).registers;
}

std::vector<std::uint16_t> simulated_devices::registers_of(const simulated_point& which, nanoseconds now) const {
    const auto& names = definition_.points[which.index].how.names;
    const auto& type = row_of(which.raw.type);
    const auto step = static_cast<std::size_t>(now.count() / (5 * second)) + which.index;
    if (which.counts) return registers_with(which, which.counter);
    if (type.form == number_form::text) return text_of(which, now);
    if (type.form == number_form::time) return encode(which.raw, clock_text(which.raw, now)).registers;
    if (type.form == number_form::bytes) return bytes_of(which, step);
    if (const auto& flags = which.raw.flags; !flags.empty())
        return encode(which.raw, flags[step % flags.size()].second).registers;
    if (!names.empty()) return registers_with(which, names[step % names.size()].first);
    if (which.raw.bit || type.form == number_form::boolean) return registers_with(which, step % 2 != 0 ? 1 : 0);
    wide_integer raw = triangle(range_of(which.raw), which.index, now);
    auto registers = registers_with(which, raw);
    for (std::size_t i = 0; i < most_null_steps && is_null(which, registers); ++i) registers = registers_with(which, ++raw);
    return registers;
}

std::vector<std::uint16_t> simulated_devices::registers_with(const simulated_point& which, wide_integer raw) const {
    const bool tenths = row_of(which.raw.type).form == number_form::floating;
    const auto whole = static_cast<std::int64_t>(raw);
    // A counter of 64 bits would take centuries to leave int64_t.
    auto made = encode(which.raw, tenths ? value(static_cast<double>(whole) / 10) : value(whole));
    assert(made.failure.empty());
    return std::move(made.registers);
}

void simulated_devices::count(simulated_point& which) const {
    auto range = raw_range_of(which.raw);
    if (const auto wrap = definition_.points[which.index].wrap; wrap > 0) range.most = wrap - 1;
    for (std::size_t i = 0; i < most_null_steps; ++i) {
        which.counter = which.counter == range.most ? range.least : which.counter + 1;
        if (!is_null(which, registers_with(which, which.counter))) return;
    }
}

bool simulated_devices::is_null(const simulated_point& which, const std::vector<std::uint16_t>& registers) const {
    const auto decoded = decode(definition_.points[which.index].how, registers);
    return decoded.failure.empty() && std::holds_alternative<no_value>(decoded.value);
}

std::vector<std::uint16_t> simulated_devices::bytes_of(const simulated_point& which, std::size_t step) {
    std::string digits(which.raw.registers * 4u, '0');
    for (std::size_t at = digits.size(); at > digits.size() - 4; --at, step /= 16) digits[at - 1] = "0123456789ABCDEF"[step % 16];
    return encode(which.raw, digits).registers;
}

std::vector<std::uint16_t> simulated_devices::text_of(const simulated_point& which, nanoseconds now) const {
    const point& of = definition_.points[which.index];
    const device& owner = definition_.devices[of.device];
    const std::size_t room = which.raw.registers * (which.raw.type == value_type::string ? 2u : 1u);
    const std::string number = ' ' + std::to_string(now.count() / (10 * second) % 100);
    const std::string_view ending = std::string_view(number).substr(number.size() > room ? number.size() - room : 0);
    // A name that the character set lacks gives way to the unit.
    for (const auto& name : {owner.name, "unit " + std::to_string(owner.unit)}) {
        auto made = encode(which.raw, std::string(cut_to(name, room - ending.size())) + std::string(ending));
        if (made.failure.empty()) return std::move(made.registers);
    }
    return std::vector<std::uint16_t>(which.raw.registers);
}

}  // namespace modbus

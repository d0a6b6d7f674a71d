// adapters/modbus/point_values.cpp: see the header.
// Not here: the wire.
#include "adapters/modbus/point_values.hpp"

#include <algorithm>
#include <cassert>

namespace modbus {
namespace {

constexpr nanoseconds fresh_for{60'000'000'000};
constexpr nanoseconds usable_for{300'000'000'000};

std::string name_of(const factor& each) { return each.is_exponent ? "scale register" : "ratio register"; }

std::string place_text(const factor& each) {
    return protocol_range(each.from, each.address, each.how.registers) + ", " +
           modicon_range(each.from, each.address, each.how.registers);
}

/// The number that the value is multiplied with. Nothing without a failure: the device has none.
struct factor_value {
    std::optional<decimal> number;
    std::string failure;
};
factor_value value_of(const factor& each, std::span<const std::uint16_t> registers) {
    if (is_null_pattern(each.how, registers)) return {};
    if (!is_integer(row_of(each.how.type).form)) {
        const auto read = decode(each.how, registers);
        const auto* number = std::get_if<float>(&read.value);
        if (!number) return {std::nullopt, read.failure};
        const auto exact = parse_decimal(written(*number));
        if (!exact || exact->digits == 0) return {std::nullopt, "it holds " + written(*number)};
        return {exact, {}};
    }
    const auto raw = static_cast<std::int64_t>(raw_number_of(each.how, registers).number);
    if (each.is_exponent) {
        if (raw > most_exponent_of_ten || raw < -most_exponent_of_ten)
            return {std::nullopt, "it holds " + std::to_string(raw) + ", and a power of ten goes from -10 to 10"};
        return {decimal{1, static_cast<int>(raw)}, {}};
    }
    if (raw == 0) return {std::nullopt, "it holds 0"};
    return {product(each.how.scale.scale(), {raw, 0}), {}};
}

/// Null: none of that place.
template <typename Places>
auto* find_in(Places& places, const point_values::place& where) {
    const auto found = std::find_if(places.begin(), places.end(), [&](const auto& known) { return known.where == where; });
    return found == places.end() ? nullptr : &*found;
}

}  // namespace

point_values::point_values(const bus_definition& definition) : definition_(definition) { points_moved(); }

void point_values::points_moved() {
    apart_.clear();
    for (auto& [point, each] : memory_) each.last = {};
    for (const auto& which : definition_.points)
        for (const auto& each : which.factors)
            if (each.apart && !find_in(apart_, place_of(which, each)))
                apart_.push_back({place_of(which, each), {}, nanoseconds(0), {}});
}

point_values::place point_values::place_of(const point& which, const factor& each) {
    return {which.device, each.from, each.address, each.how.registers};
}

std::vector<point_values::place> point_values::wanted(std::span<const std::uint32_t> points, nanoseconds now) const {
    std::vector<place> result;
    for (const auto index : points) {
        const point& which = definition_.points[index];
        for (const auto& each : which.factors) {
            if (!each.apart) continue;
            const auto* known = find_in(apart_, place_of(which, each));
            if (!known->registers.empty() && now - known->at < fresh_for) continue;
            if (std::find(result.begin(), result.end(), known->where) == result.end()) result.push_back(known->where);
        }
    }
    return result;
}

void point_values::told(const place& where, std::span<const std::uint16_t> registers, nanoseconds now) {
    auto* known = find_in(apart_, where);
    assert(known && registers.size() == where.count);
    known->registers.assign(registers.begin(), registers.end());
    known->at = now;
    known->failure.clear();
}

void point_values::not_told(const place& where, std::string why) {
    auto* known = find_in(apart_, where);
    assert(known);
    known->failure = std::move(why);
}

point_values::factored point_values::factors_of(const point& which, std::span<const std::uint16_t> reach, nanoseconds now) const {
    factored result{which.how.scale, {}};
    for (const auto& each : which.factors) {
        std::span<const std::uint16_t> registers;
        if (each.apart) {
            const auto* known = find_in(apart_, place_of(which, each));
            if (known->registers.empty() || now - known->at >= usable_for)
                return {std::nullopt,
                        "its " + name_of(each) + " couldn't be read: " + known->failure + " (" + place_text(each) + ')'};
            registers = known->registers;
        } else {
            registers = reach.subspan(each.address - which.address, each.how.registers);
        }
        const auto [number, failure] = value_of(each, registers);
        if (!failure.empty())
            return {std::nullopt, "its " + name_of(each) + " is of no use: " + failure + " (" + place_text(each) + ')'};
        if (!number) return {std::nullopt, {}};
        result.scale = result.scale->times(*number);
        if (!result.scale)
            return {std::nullopt, "its " + name_of(each) + " makes the value too large or too small (" + place_text(each) + ')'};
    }
    return result;
}

decoded point_values::read(std::uint32_t index, std::span<const std::uint16_t> reach, nanoseconds now) {
    const point& which = definition_.points[index];
    assert(reach.size() == which.count);
    if (which.own.empty() && which.factors.empty() && which.wrap == 0) return decode(which.how, reach);
    const auto registers = own_registers(which, reach);
    if (which.factors.empty() && which.wrap == 0) return decode(which.how, registers);
    memory& of = memory_[index];
    of.last = factors_of(which, reach, now);
    of.at = now;
    // A counter is followed even while its factors aren't known, or it would miss a wrap.
    encoding how = which.how;
    if (of.last.scale) how.scale = *of.last.scale;
    auto result = which.wrap == 0 ? decode(how, registers) : count_on(which, of, how, registers);
    if (!of.last.failure.empty()) return {no_value{}, of.last.failure};
    if (!of.last.scale) return {no_value{}, {}};
    return result;
}

/// A number that is smaller than the last one by more than half of the way round has wrapped; by less, the counter was set back.
decoded point_values::count_on(const point& which, memory& of, const encoding& how,
                               std::span<const std::uint16_t> registers) const {
    if (is_null_pattern(how, registers)) return {no_value{}, {}};
    const auto [number, failure] = raw_number_of(how, registers);
    if (!failure.empty()) return {no_value{}, failure};
    if (number >= which.wrap)
        return {no_value{}, "the counter shows " + std::to_string(static_cast<std::uint64_t>(number)) +
                                ", and is said to wrap at " + std::to_string(which.wrap)};
    const auto raw = static_cast<std::int64_t>(number);
    const bool fell = of.counted && raw < of.last_raw;
    if (!of.counted || (fell && of.last_raw - raw <= which.wrap / 2)) {
        of.total = static_cast<std::uint64_t>(raw);
    } else {
        of.total += static_cast<std::uint64_t>(raw - of.last_raw + (fell ? which.wrap : 0));
    }
    of.counted = true;
    of.last_raw = raw;
    return {value_of_raw(how, of.total), {}};
}

encoded point_values::encode(std::uint32_t index, const value& what, nanoseconds now) const {
    const point& which = definition_.points[index];
    encoding how = which.how;
    if (!which.factors.empty()) {
        const auto found = memory_.find(index);
        const memory of = found == memory_.end() ? memory{} : found->second;
        if (!of.last.scale || now - of.at >= usable_for)
            return {{},
                    of.last.failure.empty()
                        ? "the factor that its register tells isn't known: it hasn't been read, or isn't given"
                        : of.last.failure};
        how.scale = *of.last.scale;
    }
    return modbus::encode(how, what);
}

}  // namespace modbus

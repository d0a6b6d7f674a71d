// adapters/modbus/link_late.cpp: see link_late.hpp.
// Not here: clocks and file descriptors.
#include "adapters/modbus/link_late.hpp"

#include <algorithm>

namespace modbus {
namespace {

constexpr std::uint32_t address_end = 0x10000;

std::uint32_t count_max(table from) { return is_bits(from) ? 2000 : 125; }

/// A place to read beside one that is written; for other functions any will do, since an exception is an answer, too.
read_request read_beside(const transaction& request) {
    read_request read;
    read.unit = request.unit;
    const std::uint8_t code = request.pdu[0];
    if (code == function::write_coil || code == function::write_coils) read.from = table::coil;
    const bool has_place = code == function::write_coil || code == function::write_register || code == function::write_coils ||
                           code == function::write_registers || code == function::mask_write;
    if (has_place && request.pdu.size() >= 3) read.address = static_cast<std::uint16_t>(request.pdu[1] << 8 | request.pdu[2]);
    return read;
}

}  // namespace

void late_answers::owe(const transaction& request, time_point now) {
    const answer_shape shape = shape_of(request);
    debt& unit = units_[request.unit];
    const time_point until = now + memory;
    std::erase_if(unit.shapes, [&](const owed_shape& each) { return each.until <= now || each.shape == shape; });
    if (unit.shapes.size() == shapes_max) {
        unit.any_until = until;
    } else {
        unit.shapes.push_back({shape, until, as_read(request)});
    }
}

void late_answers::timed_out(const transaction& request, time_point now, time_point window_end) {
    owe(request, now);
    ++units_[request.unit].answers;
    units_[request.unit].window = window_end;
}

void late_answers::remains_owed(const transaction& request, time_point now) {
    if (units_[request.unit].answers > 0) owe(request, now);
}

bool late_answers::seen(const foreign_frame& frame) {
    debt& unit = units_[frame.unit];
    if (unit.answers == 0 || frame.kind == frame_kind::other) return false;
    const auto matches = [&](const owed_shape& each) {
        return frame.kind == frame_kind::exception ? each.shape.function == frame.shape.function
                                                   : each.shape.confusable(frame.shape);
    };
    if (unit.any_until == time_point{} && std::none_of(unit.shapes.begin(), unit.shapes.end(), matches)) return false;
    if (--unit.answers > 0) return false;
    unit = {};
    return true;
}

void late_answers::in_step(std::uint8_t unit) { units_[unit] = {}; }

void late_answers::answered(const read_request& request) {
    auto& known = answered_[request.unit];
    const answer_shape shape = shape_of(request);
    const bool has = std::any_of(known.begin(), known.end(), [&](const read_request& each) { return shape_of(each) == shape; });
    if (!has && known.size() < answered_max) known.push_back(request);
}

void late_answers::connection_renewed() {
    for (debt& unit : units_) {
        if (!unit.window) continue;
        unit.odd_until = *unit.window;
        unit.window.reset();
    }
}

std::optional<late_answers::time_point> late_answers::window_of(std::uint8_t unit) const { return units_[unit].window; }

bool late_answers::owes(std::uint8_t unit, const answer_shape& shape, time_point now) const {
    const debt& of = units_[unit];
    return now < of.any_until || std::any_of(of.shapes.begin(), of.shapes.end(), [&](const owed_shape& each) {
               return now < each.until && each.shape.confusable(shape);
           });
}

late_remedy late_answers::remedy_for(const transaction& request, time_point now) const {
    answer_shape shape = shape_of(request);
    if (!only_reads(request)) shape.data_bytes = answer_shape::any;
    if (now >= units_[request.unit].odd_until && !owes(request.unit, shape, now)) return late_remedy::none;
    return odd_read_for(request, now) ? late_remedy::odd_read : late_remedy::wait;
}

std::optional<read_request> late_answers::odd_read_for(const transaction& request, time_point now) const {
    const auto read = as_read(request);
    read_request odd = read ? *read : read_beside(request);
    const auto will_do = [&](const read_request& one) { return !owes(one.unit, shape_of(one), now); };
    const std::uint32_t step = is_bits(odd.from) ? 8 : 1;
    const std::uint32_t address = odd.address, begin = read ? odd.count : 0;
    // Fewer is always there, and the fewest take the least time.
    odd.count = static_cast<std::uint16_t>(step);
    if (begin > step && will_do(odd)) return odd;
    for (const read_request& known : answered_[request.unit])
        if (will_do(known)) return known;
    for (std::uint32_t count = 2 * step; count < begin; count += step) {
        odd.count = static_cast<std::uint16_t>(count);
        if (will_do(odd)) return odd;
    }
    // More may reach beyond what the device has, which it says with an exception: an answer, too.
    for (std::uint32_t count = begin + step; count <= count_max(odd.from); count += step) {
        odd.count = static_cast<std::uint16_t>(count);
        odd.address = static_cast<std::uint16_t>(std::min<std::uint32_t>(address, address_end - count));
        if (will_do(odd)) return odd;
    }
    return std::nullopt;
}

std::optional<read_request> late_answers::knock_for(const transaction& request, time_point now) const {
    const auto& owed = units_[request.unit].shapes;
    if (owed.size() < knocked_from) return std::nullopt;
    const answer_shape wanted = shape_of(request);
    const owed_shape* oldest = nullptr;
    for (const owed_shape& each : owed) {
        if (!each.read || each.until <= now || each.shape.confusable(wanted)) continue;
        if (oldest == nullptr || each.until < oldest->until) oldest = &each;
    }
    return oldest == nullptr ? std::nullopt : oldest->read;
}

}  // namespace modbus

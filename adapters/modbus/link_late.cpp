// adapters/modbus/link_late.cpp: see link_late.hpp.
// Not here: clocks and file descriptors.
#include "adapters/modbus/link_late.hpp"

#include <algorithm>

namespace modbus {
namespace {

constexpr std::uint32_t address_end = 0x10000;
constexpr std::chrono::minutes forgotten_after{1};
constexpr unsigned turns = 4;  // of three odd-shaped reads, and the request itself

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

void late_answers::owe(const transaction& request, time_point since) {
    const answer_shape shape = shape_of(request);
    auto& promises = units_[request.unit].promises;
    const auto same = std::find_if(promises.begin(), promises.end(), [&](const promise& one) { return one.shape == shape; });
    promise made{shape, 1, since};
    if (same != promises.end()) {
        made.times += since > same->since + forgotten_after ? 0 : same->times;
        promises.erase(same);
    }
    if (promises.size() == shapes_max) promises.erase(promises.begin());
    promises.push_back(made);
}

void late_answers::timed_out(const transaction& request, time_point window_end) {
    owe(request, window_end);
    units_[request.unit].window = window_end;
}

void late_answers::exception_came(const transaction& request) {
    const auto& promises = units_[request.unit].promises;
    if (!promises.empty()) owe(request, promises.back().since);
}

bool late_answers::seen(const foreign_frame& frame) {
    auto& promises = units_[frame.unit].promises;
    if (frame.kind == frame_kind::other) return false;
    const auto kept = std::find_if(promises.begin(), promises.end(), [&](const promise& one) {
        return frame.kind == frame_kind::exception ? one.shape.function == frame.shape.function : one.shape.confusable(frame.shape);
    });
    if (kept == promises.end()) return false;
    if (--kept->times == 0) promises.erase(kept);
    if (!promises.empty()) return false;
    units_[frame.unit] = {};
    return true;
}

void late_answers::in_step(std::uint8_t unit) { units_[unit] = {}; }

void late_answers::remedy_unanswered(std::uint8_t unit) { ++units_[unit].in_vain; }

std::optional<late_answers::time_point> late_answers::window_of(std::uint8_t unit) const { return units_[unit].window; }

unsigned late_answers::owed(std::uint8_t unit, time_point now) const {
    unsigned sum = 0;
    for (const promise& one : units_[unit].promises)
        if (now <= one.since + forgotten_after) sum += one.times;
    return sum;
}

unsigned late_answers::owed_like(const transaction& request, time_point now) const {
    const answer_shape shape = shape_of(request);
    unsigned sum = 0;
    for (const promise& one : units_[request.unit].promises)
        if (now <= one.since + forgotten_after && one.shape.confusable(shape)) sum += one.times;
    return sum;
}

bool late_answers::owes(std::uint8_t unit, const answer_shape& shape, time_point now) const {
    const auto& promises = units_[unit].promises;
    return std::any_of(promises.begin(), promises.end(), [&](const promise& one) {
        return now <= one.since + forgotten_after && one.shape.confusable(shape);
    });
}

late_remedy late_answers::remedy_for(const transaction& request, time_point now) const {
    const bool reads = only_reads(request);
    answer_shape shape = shape_of(request);
    if (!reads) shape.data_bytes = answer_shape::any;
    if (!owes(request.unit, shape, now)) return late_remedy::none;
    const bool plain_turn = units_[request.unit].in_vain % turns == turns - 1;
    if (!plain_turn && odd_read_for(request, now)) return late_remedy::odd_read;
    return reads ? late_remedy::count_out : late_remedy::listen_on;
}

std::optional<read_request> late_answers::odd_read_for(const transaction& request, time_point now) const {
    const auto read = as_read(request);
    read_request odd = read ? *read : read_beside(request);
    const std::uint32_t step = is_bits(odd.from) ? 8 : 1;
    const std::uint32_t address = odd.address, begin = read ? odd.count : 0;
    // Fewer is always there; more may reach beyond what the device has, which it says with an exception: an answer, too.
    for (std::uint32_t count = begin; count > step;) {
        count -= step;
        odd.count = static_cast<std::uint16_t>(count);
        if (!owes(odd.unit, shape_of(odd), now)) return odd;
    }
    for (std::uint32_t count = begin + step; count <= count_max(odd.from); count += step) {
        odd.count = static_cast<std::uint16_t>(count);
        odd.address = static_cast<std::uint16_t>(std::min<std::uint32_t>(address, address_end - count));
        if (!owes(odd.unit, shape_of(odd), now)) return odd;
    }
    return std::nullopt;
}

}  // namespace modbus

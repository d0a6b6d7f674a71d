// adapters/modbus/modbus_sources.cpp: polls points that lie in none of the four tables.
// Not here: what they are and how their values are read out (points_source.cpp).
#include <algorithm>
#include <string>
#include <utility>

#include "adapters/modbus/modbus.hpp"

namespace modbus {

using tidegate::outcome;

namespace {

using kind = enum special_source::kind;
/// A device has at most 256 objects, and each answer brings one at least; no sane one needs so many.
constexpr int most_pages = 32;

}  // namespace

outcome bus::poll_source(std::span<const tidegate_candidate> candidates, std::uint32_t flags, const tidegate::readings& to) {
    const point& first = definition_.points[candidates[0].point];
    const std::uint8_t unit = definition_.devices[first.device].unit;
    nanoseconds timeout{0};
    {
        const std::lock_guard lock(remembering_);
        if ((flags & TIDEGATE_PROBE) != 0)
            timeout = devices_[first.device].probe_timeout(table::holding, 1, usual_turnaround_here());
        else
            devices_[first.device].polled_in_full();
    }
    std::vector<identification_page::object> objects;
    const transaction what = transaction_of(*first.source, unit);
    const answer got =
        first.source->what == kind::identification ? walk_identification(what, timeout, objects) : link_->transact(what, timeout);
    switch (got.status) {
        case answer::status::interrupted:
            return outcome::interrupted;
        case answer::status::down:
            to.note(got.detail.empty() ? "the bus can't be reached" : got.detail);
            return outcome::bus_down;
        case answer::status::silent:
            to.note(got.detail.empty() ? "no answer in time" : got.detail);
            return outcome::device_silent;
        case answer::status::exception:
            if (!says_gateway(got.exception_code)) break;
            to.note(exception_text(got.exception_code));  // the gateway says this, not the device
            return outcome::device_down;
        case answer::status::ok:
            break;
    }
    {
        const std::lock_guard lock(remembering_);
        devices_[first.device].heard(got.turnaround);
    }
    for (const auto& candidate : candidates) {
        const point& which = definition_.points[candidate.point];
        const bool wanted = candidate.due_in <= 0 || &candidate == &candidates[0];
        if (wanted && which.source && same_request(*which.source, *first.source))
            report_source(candidate.point, got, objects, to);
    }
    return outcome::done;
}

/// Asks on while more follows. The last answer: ok, if all were.
answer bus::walk_identification(transaction what, nanoseconds timeout, std::vector<identification_page::object>& objects) {
    const std::uint8_t code = what.pdu[2];
    for (int page = 0; page < most_pages; ++page) {
        const std::uint8_t asked = what.pdu[3];
        answer got = link_->transact(what, timeout);
        if (got.status != answer::status::ok) return got;
        identification_page read = parse_identification(got.pdu);
        for (auto& object : read.objects) objects.push_back(std::move(object));
        // A device that sends one back would be asked for ever.
        if (!read.next || *read.next <= asked) return got;
        what = read_identification(what.unit, code, *read.next);
    }
    answer endless;
    endless.status = answer::status::silent;
    endless.detail = "the identification has no end";
    return endless;
}

void bus::report_source(std::uint32_t index, const answer& got, std::span<const identification_page::object> objects,
                        const tidegate::readings& to) const {
    const point& which = definition_.points[index];
    const std::string where = " (" + in_words(*which.source) + ')';
    if (got.status == answer::status::exception) return to.failure(index, exception_text(got.exception_code) + where);
    decoded read;
    if (which.source->what == kind::identification) {
        const auto found = std::find_if(objects.begin(), objects.end(),
                                        [&](const identification_page::object& one) { return one.id == which.source->object; });
        if (found == objects.end())
            return to.failure(index, "the device has no object " + std::to_string(which.source->object) + where);
        const std::vector<std::uint8_t> text(found->text.begin(), found->text.end());
        read = decode_source(which, text);
    } else {
        read = decode_source(which, payload_of(got.pdu));
    }
    if (read.failure.empty())
        to.value(index, tidegate::abi_value(read.value));
    else
        to.failure(index, read.failure + where);
}

void bus::plan_sources(std::span<const std::uint32_t> points, const tidegate::plan_listener& to) const {
    std::vector<std::uint32_t> rest;
    for (const auto index : points)
        if (definition_.points[index].source) rest.push_back(index);
    while (!rest.empty()) {
        const point& first = definition_.points[rest[0]];
        std::vector<std::uint32_t> in_it;
        std::erase_if(rest, [&](std::uint32_t index) {
            const bool same = same_request(*definition_.points[index].source, *first.source);
            if (same) in_it.push_back(index);
            return same;
        });
        to.request("unit " + std::to_string(definition_.devices[first.device].unit) + ", " + in_words(*first.source), in_it, 0,
                   0);
    }
}

}  // namespace modbus

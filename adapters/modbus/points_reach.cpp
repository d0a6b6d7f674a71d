// adapters/modbus/points_reach.cpp: what else a point needs to be read: further registers of its value, and factors; what one
// request covers. Not here: the value's own type and order (points_encoding.cpp), what comes of factors (point_values.cpp).
#include <algorithm>
#include <array>
#include <charconv>

#include "adapters/modbus/points.hpp"

namespace modbus {
namespace {

using tidegate::faults;
using tidegate::settings;

/// The registers from the first to the last that a request covers.
struct span_of_registers {
    std::uint32_t begin = 0, end = 0;

    std::uint32_t size() const { return end - begin; }
    span_of_registers with(std::uint32_t from, std::uint32_t to) const { return {std::min(begin, from), std::max(end, to)}; }
    std::uint32_t gap_to(std::uint32_t from, std::uint32_t to) const {
        return from > end ? from - end : to < begin ? begin - to : 0;
    }
};

bool fits(const span_of_registers& all, const span_of_registers& before, std::uint32_t from, std::uint32_t to,
          const device& owner) {
    return all.size() <= owner.max_read && (!owner.max_gap || before.gap_to(from, to) <= *owner.max_gap);
}

// ---- A value in several places -----------------------------------------------------------------------------------------

/// Nothing: a fault was reported.
std::optional<location> read_further(const settings& written, std::size_t index, std::string_view text, const device& owner,
                                     table from, faults& to) {
    if (written.find("register")) {
        std::string fault;
        const auto place = parse_modicon(text, fault);
        if (!place) to.point(index, "continued_at", fault);
        return place;
    }
    const bool hexadecimal = text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X";
    const std::string_view digits = text.substr(hexadecimal ? 2 : 0);
    std::uint32_t address = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address, hexadecimal ? 16 : 10);
    if (error == std::errc{} && end == digits.data() + digits.size() && address >= owner.base && address - owner.base <= 65535)
        return location{from, static_cast<std::uint16_t>(address - owner.base)};
    to.point(index, "continued_at",
             std::string(text) + " is no protocol address, as " + std::string(table_name(from)) + " is: write a number of " +
                 std::to_string(owner.base) + ".." + std::to_string(65535 + owner.base));
    return std::nullopt;
}

void read_continued(const settings& written, std::size_t index, const device& owner, point& of, faults& to) {
    std::vector<std::uint16_t> addresses{of.address};
    for (const auto& setting : written.all()) {
        if (std::string_view(setting.path) != "continued_at") continue;
        const auto place = read_further(written, index, setting.text, owner, of.from, to);
        if (!place) return;
        if (place->from != of.from)
            return to.point(index, "continued_at", "all registers of a value are of one table, input or holding");
        if (std::find(addresses.begin(), addresses.end(), place->address) != addresses.end())
            return to.point(index, "continued_at", "register " + std::string(setting.text) + " is part of the value already");
        addresses.push_back(place->address);
    }
    if (addresses.size() == 1) return;
    if (addresses.size() != of.how.registers)
        return to.point(index, "continued_at",
                        with_article(row_of(of.how.type)) + " has " + std::to_string(of.how.registers) +
                            (of.how.registers == 1 ? " register" : " registers") + ", and here are " +
                            std::to_string(addresses.size()) + " addresses: that of the first and one for each further register");
    auto sorted = addresses;
    std::sort(sorted.begin(), sorted.end());
    const std::uint32_t span = std::uint32_t{sorted.back()} - sorted.front() + 1;
    const bool has_hole =
        owner.max_gap && std::adjacent_find(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) {
                             return b - a - 1 > *owner.max_gap;
                         }) != sorted.end();
    if (span > owner.max_read || has_hole)
        return to.point(index, "continued_at",
                        "the registers lie too far apart for one request (" + std::to_string(span) +
                            " from the first to the last; " +
                            (has_hole ? "max_gap of device \"" + owner.name + "\" is " + std::to_string(*owner.max_gap)
                                      : "max_read of device \"" + owner.name + "\" is " + std::to_string(owner.max_read)) +
                            "): a value read in two would be wrong whenever it changes in between");
    of.address = sorted.front();
    of.count = static_cast<std::uint16_t>(span);
    for (const auto address : addresses) of.own.push_back(static_cast<std::uint16_t>(address - of.address));
}

// ---- Factors -----------------------------------------------------------------------------------------------------------

/// Nothing: none is given, or a fault was reported.
std::optional<factor> read_factor(const settings& written, const std::string& map, std::size_t index, const device& owner,
                                  faults& to) {
    if (!written.has_map(map)) return std::nullopt;
    constexpr std::array<std::string_view, 3> keys{"register", "holding", "input"};
    const auto before = to.count();
    const auto place = read_place(written, map + '.', keys, index, owner, to);
    if (!place && to.count() == before)
        to.point(index, map, map + " needs its address: register: 40108 (Modicon notation), or holding: 107, or input: 107");
    if (!place) return std::nullopt;
    if (is_bits(place->from)) {
        to.point(index, map + ".register", map + " is a register, not a " + std::string(table_name(place->from)));
        return std::nullopt;
    }
    factor result;
    result.from = place->from;
    result.address = place->address;
    const auto* type = written.find(map + ".type");
    const type_row* row = find_type(type ? type->text : "uint16");
    result.how.type = row->type;
    result.how.registers = row->registers;
    if (const auto* order = written.find(map + ".order")) {
        if (const auto parsed = parse_order(order->text, *row))
            result.how.order = *parsed;
        else
            to.point(index, map + ".order",
                     "order " + std::string(order->text) + " doesn't fit " + with_article(*row) + ": write one of " +
                         order_names(*row));
    }
    if (const auto* scale = written.find(map + ".scale")) {
        const auto number = parse_decimal(scale->text);
        const auto made = number ? scaling::make(*number, decimal{}) : std::nullopt;
        if (made)
            result.how.scale = *made;
        else
            to.point(
                index, map + ".scale",
                "scale must be a decimal number other than 0 of at most 18 digits, such as 0.1, not " + std::string(scale->text));
    }
    if (result.address + result.how.registers > 65536) to.point(index, map, map + " would run past the last address, 65535");
    return result;
}

void read_factors(const settings& written, std::size_t index, const device& owner, point& of, faults& to) {
    const auto form = row_of(of.how.type).form;
    const bool is_number =
        (is_integer(form) || form == number_form::floating) && !of.how.bit && of.how.flags.empty() && of.how.names.empty();
    for (const std::string map : {"scale_register", "ratio_register"}) {
        auto found = read_factor(written, map, index, owner, to);
        if (!found) continue;
        if (!is_number) {
            to.point(index, map, map + " is for numbers, not for texts, times, bits, flags or an enum");
            continue;
        }
        if (map == "scale_register") {
            found->is_exponent = true;
            found->how.type = value_type::int16;
            found->how.null_bits = {0x8000};
        }
        of.factors.push_back(std::move(*found));
    }
}

// ---- Counters ----------------------------------------------------------------------------------------------------------

void read_wrap(const settings& written, std::size_t index, point& of, faults& to) {
    const auto* wrap = written.find("wrap");
    if (!wrap) return;
    const auto& type = row_of(of.how.type);
    const bool counts =
        is_integer(type.form) && raw_range_of(type).least == 0 && !of.how.bit && of.how.flags.empty() && of.how.names.empty();
    if (!counts) return to.point(index, "wrap", "wrap is for counters: numbers without a sign, without bit, flags or enum");
    const auto most = raw_range_of(of.how).most;
    if (wrap->integer - 1 > most)
        return to.point(index, "wrap",
                        "wrap " + std::string(wrap->text) + " is never reached by " + with_article(type) + ", which goes to " +
                            std::to_string(static_cast<std::uint64_t>(most)));
    of.wrap = wrap->integer;
}

void check_request(std::size_t index, const device& owner, const point& of, faults& to) {
    const std::string needs = "needs " + std::to_string(of.count) + " registers";
    if (of.address + of.count > 65536)
        to.point(index, "",
                 "the value " + needs + " and would run past the last address, " + protocol_range(of.from, 65535, 1) + " (" +
                     modicon_range(of.from, 65535, 1) + ")");
    if (!is_bits(of.from) && of.count > owner.max_read)
        to.point(index, "",
                 "the value " + needs + " in one request, but max_read of device \"" + owner.name + "\" is " +
                     std::to_string(owner.max_read));
}

}  // namespace

std::optional<location> read_place(const settings& written, std::string_view prefix, std::span<const std::string_view> keys,
                                   std::size_t index, const device& owner, faults& to) {
    const std::string before(prefix);
    const tidegate_setting* found = nullptr;
    std::string_view name;
    for (const auto key : keys) {
        const auto* setting = written.find(before + std::string(key));
        if (!setting) continue;
        if (found) {
            to.point(index, setting->path,
                     "a point lies at one place: " + std::string(name) + " or " + std::string(key) + ", not both");
            return std::nullopt;
        }
        found = setting;
        name = key;
    }
    if (!found) return std::nullopt;
    if (name == "register") {
        std::string fault;
        const auto place = parse_modicon(found->text, fault);
        if (!place) to.point(index, found->path, fault);
        return place;
    }
    const std::int64_t least = owner.base;
    if (found->integer < least || found->integer > 65535 + least) {
        to.point(index, found->path,
                 std::string(name) + ' ' + found->text + " is out of range: protocol addresses are " + std::to_string(least) +
                     ".." + std::to_string(65535 + least) +
                     (least == 0 ? "" : ", as base of device \"" + owner.name + "\" is 1"));
        return std::nullopt;
    }
    const table from = name == "input"      ? table::input
                       : name == "coil"     ? table::coil
                       : name == "discrete" ? table::discrete
                                            : table::holding;
    return location{from, static_cast<std::uint16_t>(found->integer - least)};
}

/// The nearest first, as each may bring the next one near.
void reach_for_factors(const device& owner, point& of) {
    const auto addresses = own_addresses(of);
    span_of_registers reach{of.address, std::uint32_t{of.address} + of.count};
    std::vector<factor*> waiting;
    for (auto& each : of.factors) {
        each.apart = true;
        if (each.from == of.from) waiting.push_back(&each);
    }
    for (bool took = true; took;) {
        took = false;
        for (auto*& each : waiting) {
            if (!each) continue;
            const std::uint32_t from = each->address, until = from + each->how.registers;
            const auto all = reach.with(from, until);
            if (!fits(all, reach, from, until, owner)) continue;
            reach = all;
            each->apart = false;
            each = nullptr;
            took = true;
        }
    }
    if (reach.begin == of.address && reach.size() == of.count) return;
    of.address = static_cast<std::uint16_t>(reach.begin);
    of.count = static_cast<std::uint16_t>(reach.size());
    of.own.clear();
    for (const auto address : addresses) of.own.push_back(static_cast<std::uint16_t>(address - reach.begin));
}

void read_reach(const settings& written, std::size_t index, const device& owner, point& to, faults& faults) {
    const auto before = faults.count();
    if (!is_bits(to.from)) {
        read_continued(written, index, owner, to, faults);
        read_factors(written, index, owner, to, faults);
        read_wrap(written, index, to, faults);
    }
    if (faults.count() == before) check_request(index, owner, to, faults);
    if (faults.count() == before) reach_for_factors(owner, to);
}

std::vector<std::uint16_t> own_addresses(const point& which) {
    std::vector<std::uint16_t> addresses;
    if (which.own.empty())
        for (std::uint32_t i = 0; i < which.count; ++i) addresses.push_back(static_cast<std::uint16_t>(which.address + i));
    for (const auto offset : which.own) addresses.push_back(static_cast<std::uint16_t>(which.address + offset));
    return addresses;
}

std::optional<std::uint16_t> first_of_neighbours(const point& which) {
    const auto addresses = own_addresses(which);
    for (std::size_t i = 0; i < addresses.size(); ++i)
        if (addresses[i] != addresses[0] + i) return std::nullopt;
    return addresses[0];
}

std::vector<std::uint16_t> own_registers(const point& which, std::span<const std::uint16_t> reach) {
    if (which.own.empty()) return {reach.begin(), reach.end()};
    std::vector<std::uint16_t> registers;
    registers.reserve(which.own.size());
    for (const auto offset : which.own) registers.push_back(reach[offset]);
    return registers;
}

}  // namespace modbus

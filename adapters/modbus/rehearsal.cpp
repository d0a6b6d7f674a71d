// adapters/modbus/rehearsal.cpp: see rehearsal.hpp.
// Not here: the commands (rehearsal_command.cpp).
#include "adapters/modbus/rehearsal.hpp"

#include <algorithm>
#include <charconv>

namespace modbus {
namespace {

constexpr std::uint8_t illegal_address = 2, illegal_value = 3;

}  // namespace

std::optional<odds> parse_percentage(std::string_view text) {
    if (text.empty() || text.back() != '%') return std::nullopt;
    text.remove_suffix(1);
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    std::string_view part = point == std::string_view::npos ? "" : text.substr(point + 1);
    const auto digits = [](std::string_view some) {
        return std::all_of(some.begin(), some.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (whole.empty() || whole.size() > 3 || part.size() > 4 || !digits(whole) || !digits(part)) return std::nullopt;
    if (point != std::string_view::npos && part.empty()) return std::nullopt;
    odds result = 0;
    std::from_chars(whole.data(), whole.data() + whole.size(), result);
    for (std::size_t i = 0; i < 4; ++i) result = result * 10 + (i < part.size() ? static_cast<odds>(part[i] - '0') : 0u);
    return result <= always ? std::optional(result) : std::nullopt;
}

rehearsed_devices::rehearsed_devices(const bus_definition& definition, std::function<nanoseconds()> now)
    : definition_(definition), now_(now), values_(definition, std::move(now)), chance_(1) {
    for (const device& each : definition.devices) states_.push_back({each.simulated, std::nullopt});
}

/// splitmix64.
std::uint64_t rehearsed_devices::next() {
    std::uint64_t mixed = chance_ += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

bool rehearsed_devices::happens(odds chance) { return chance > 0 && below(always) < chance; }

std::optional<std::size_t> rehearsed_devices::device_of(std::uint8_t unit) const {
    for (std::size_t i = 0; i < definition_.devices.size(); ++i)
        if (definition_.devices[i].unit == unit) return i;
    return std::nullopt;
}

bool rehearsed_devices::is_silent(std::size_t device) const {
    const state& of = states_[device];
    const nanoseconds now = now_();
    if (of.silent_until && now < *of.silent_until) return true;
    return of.how.dead_after > nanoseconds(0) && begun_ && now - *begun_ >= of.how.dead_after;
}

bool rehearsed_devices::has_unit(std::uint8_t unit) const { return device_of(unit).has_value(); }

std::string rehearsed_devices::name_of(std::uint8_t unit) const {
    const auto device = device_of(unit);
    return device ? definition_.devices[*device].name : "";
}

bool rehearsed_devices::is_held(std::size_t device, table from, std::uint16_t address) const {
    return std::any_of(definition_.points.begin(), definition_.points.end(), [&](const point& one) {
        return one.device == device && one.from == from && one.address <= address &&
               address < std::uint32_t{one.address} + one.count;
    });
}

std::uint8_t rehearsed_devices::refusal_of(const state& of, const read_request& request) const {
    const std::size_t device = static_cast<std::size_t>(&of - states_.data());
    const std::uint32_t most = is_bits(request.from) ? of.how.max_read * 16u : of.how.max_read;
    if (most > 0 && request.count > most) return illegal_value;
    for (std::uint32_t i = 0; of.how.holes && i < request.count; ++i)
        if (!is_held(device, request.from, static_cast<std::uint16_t>(request.address + i))) return illegal_address;
    return 0;
}

std::uint8_t rehearsed_devices::read(const read_request& request, std::span<std::uint16_t> to) {
    const std::lock_guard lock(mutex_);
    const auto device = device_of(request.unit);
    if (!device) return illegal_address;
    const state& of = states_[*device];
    if (happens(of.how.chances[static_cast<std::size_t>(mishap::exception)])) return of.how.exception_code;
    if (const std::uint8_t code = refusal_of(of, request); code != 0) return code;
    if (const std::uint8_t code = values_.read(request, to); code != 0) return code;
    for (std::size_t i = 0; i < to.size(); ++i) {
        const auto found = written_.find({request.unit, request.from, static_cast<std::uint16_t>(request.address + i)});
        if (found != written_.end()) to[i] = found->second;
    }
    return 0;
}

std::uint8_t rehearsed_devices::write(const write_request& request) {
    const std::lock_guard lock(mutex_);
    const auto device = device_of(request.unit);
    if (!device) return illegal_address;
    const state& of = states_[*device];
    if (happens(of.how.chances[static_cast<std::size_t>(mishap::exception)])) return of.how.exception_code;
    for (std::size_t i = 0; i < request.values.size(); ++i) {
        const std::size_t address = request.address + i;
        if (address > 0xFFFF || !is_held(*device, request.to, static_cast<std::uint16_t>(address))) return illegal_address;
    }
    if (of.how.read_only) return illegal_address;
    if (of.how.ignore_writes) return 0;
    for (std::size_t i = 0; i < request.values.size(); ++i)
        written_[{request.unit, request.to, static_cast<std::uint16_t>(request.address + i)}] = request.values[i];
    return 0;
}

// ---- What happens to answers on their way --------------------------------------------------------------------------------

std::vector<departure> rehearsed_devices::departures(envelope how, std::uint8_t unit, bytes_view request,
                                                     std::vector<std::uint8_t> answer) {
    const std::lock_guard lock(mutex_);
    if (!begun_) begun_ = now_();
    const auto device = device_of(unit);
    if (!device) return {{nanoseconds(0), std::move(answer), false}};
    const state& of = states_[*device];
    const auto befalls = [&](mishap what) { return happens(of.how.chances[static_cast<std::size_t>(what)]); };
    if (is_silent(*device) || befalls(mishap::drop)) return {};
    nanoseconds after = of.how.turnaround;
    if (of.how.jitter > nanoseconds(0)) after += nanoseconds(below(static_cast<std::uint64_t>(of.how.jitter.count()) + 1));
    const nanoseconds usual_lateness = timeout_of(definition_.wire) * 3 / 2;
    if (befalls(mishap::late)) after += of.how.late_by > nanoseconds(0) ? of.how.late_by : usual_lateness;

    std::vector<departure> all;
    if (befalls(mishap::echo)) all.push_back({nanoseconds(0), {request.begin(), request.end()}, false});
    if (befalls(mishap::foreign)) all.push_back({after, foreign(how, unit, answer), false});
    mar(how, unit, of, answer);
    bool hangs_up = false;
    if (befalls(mishap::disconnect)) {
        answer.resize(below(answer.size() + 1));
        hangs_up = true;
    }
    all.push_back({after, std::move(answer), hangs_up});
    return all;
}

/// An answer like this one, but another unit's, and with other data.
std::vector<std::uint8_t> rehearsed_devices::foreign(envelope how, std::uint8_t unit, bytes_view answer) {
    opened_frame content = open_frame(how, answer);
    for (std::size_t i = 2; i < content.pdu.size(); ++i) content.pdu[i] ^= 0x55;
    const auto other = static_cast<std::uint8_t>(unit < 247 ? unit + 1 : 1);
    return close_frame(how, content.transaction, other, content.pdu);
}

void rehearsed_devices::mar(envelope how, std::uint8_t unit, const state& of, std::vector<std::uint8_t>& answer) {
    const auto befalls = [&](mishap what) { return happens(of.how.chances[static_cast<std::size_t>(what)]); };
    static_cast<void>(unit);
    if (befalls(mishap::garble)) {
        // What a CRC surely finds is up to three bits; what an LRC does, one. MBAP has no check but its header.
        const std::uint64_t bits = how == envelope::rtu ? 1 + below(std::uint64_t{3}) : 1;
        const std::size_t room = how == envelope::mbap ? std::min<std::size_t>(answer.size(), 8) : answer.size();
        for (std::uint64_t i = 0; i < bits; ++i)
            answer[below(room)] ^= static_cast<std::uint8_t>(1u << below(how == envelope::ascii ? 7 : 8));
    }
    if (befalls(mishap::truncate)) answer.resize(below(answer.size()));
    if (befalls(mishap::noise)) {
        std::vector<std::uint8_t> noise(1 + below(std::size_t{8}));
        for (auto& byte : noise) byte = static_cast<std::uint8_t>(next() & 0xFF);
        answer.insert(below(2) == 0 ? answer.begin() : answer.end(), noise.begin(), noise.end());
    }
}

}  // namespace modbus

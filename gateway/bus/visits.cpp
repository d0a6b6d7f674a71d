// gateway/bus/visits.cpp: see visits.hpp.
#include "gateway/bus/visits.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <utility>

#include "config/findings.hpp"
#include "config/read.hpp"
#include "gateway/bus/adapter_wire.hpp"
#include "gateway/bus/point_numbers.hpp"
#include "gateway/commission/bus_address.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/limits.hpp"
#include "gateway/write/write_news.hpp"
#include "mqtt/digest.hpp"

namespace gateway {
namespace {

const std::string* text_in(const flat_object& request, std::string_view name) {
    const value* found = request.find(name);
    return found ? std::get_if<std::string>(found) : nullptr;
}

std::optional<std::uint64_t> number_in(const flat_object& request, std::string_view name) {
    const value* found = request.find(name);
    const auto* number = found ? std::get_if<std::int64_t>(found) : nullptr;
    if (number == nullptr || *number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
}

bool is_true(const flat_object& request, std::string_view name) {
    const value* found = request.find(name);
    return found && *found == value{true};
}

std::optional<unsigned> unit_of(const config::device& device) {
    const auto* unit = find(device.settings, "unit");
    if (unit == nullptr || unit->integer < 0 || unit->integer > 255) return std::nullopt;
    return static_cast<unsigned>(unit->integer);
}

/// Two names of one port are one place: /dev/serial/by-id/… is a link to /dev/ttyUSB0.
std::string real_place(const std::string& place) {
    if (!place.starts_with('/')) return place;
    std::error_code gone;  // unplugged: then its name must do
    const auto real = std::filesystem::canonical(place, gone);
    return gone ? place : real.string();
}

/// The visitor waits no longer for anything than the service would: its polls wait meanwhile.
void bound_waits(std::vector<config::setting>& settings, config::scope scope, const config::vocabulary& words,
                 std::chrono::nanoseconds most) {
    for (auto& each : settings) {
        const auto known = std::find_if(words.keys.begin(), words.keys.end(),
                                        [&](const auto& key) { return key.scope == scope && key.path == each.path; });
        const bool is_time = known != words.keys.end() && known->kind == config::value_kind::duration;
        if (is_time) each.integer = std::min<std::int64_t>(each.integer, most.count());
    }
}

void bound_waits(config::bus& bus, const config::vocabulary& words, std::chrono::nanoseconds most) {
    if (find(bus.settings, "timeout") == nullptr) {
        set(bus.settings, "timeout", "");
        bus.settings.back().integer = most.count();
    }
    bound_waits(bus.settings, config::scope::bus, words, most);
    for (auto& device : bus.devices) bound_waits(device.settings, config::scope::device, words, most);
}

/// What a poll of another adapter sends is up to its config: it might be a command.
constexpr std::string_view only_reads_in_polls = "modbus";

bool sends_anything(const config::bus& bus) {
    for (const auto& device : bus.devices)
        for (const auto& point : device.points)
            if (find(point.settings, "raw") != nullptr) return true;
    return false;
}

std::string first_error(const std::vector<config::diagnostic>& found) {
    for (const auto& each : found)
        if (each.severity == config::severity::error) return each.message;
    return "it can't be used";
}

/// "holding 107"
std::string point_in_words(const config::point& point) {
    for (const char* const path : {"register", "holding", "input", "coil", "discrete"})
        if (const auto* found = find(point.settings, path)) return std::string(path) + ' ' + found->text;
    return point.name;
}

std::vector<std::uint32_t> numbers_in(const std::string& text, std::size_t most, bool& good) {
    std::vector<std::uint32_t> numbers;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end && numbers.size() < limits::visit_points) {
        std::uint32_t number = 0;
        const auto [next, error] = std::from_chars(at, end, number);
        if (error != std::errc() || number >= most || (next < end && *next != ' ')) break;
        numbers.push_back(number);
        at = next < end ? next + 1 : next;
    }
    good = at == end && !numbers.empty();
    return numbers;
}

}  // namespace

visits::visits(const config::file& config, std::vector<held_bus> held, std::shared_ptr<const adapter_host> adapters,
               const log& to, paths how)
    : config_(config), held_(std::move(held)), adapters_(std::move(adapters)), log_(to), paths_(std::move(how)) {}

void visits::serve_on(control_server& socket) {
    socket.on("visit", [this](const flat_object& request, const exchange& with) { come(request, with); });
    socket.on("visit_poll", [this](const flat_object& request, const exchange& with) { poll(request, with); });
    socket.on("visit_end", [this](const flat_object& request, const exchange& with) {
        std::size_t bus = 0;
        const visitor* who = visitor_of(request, with, bus);
        if (who == nullptr) return;
        leave(bus, who->number);
        with->succeed();
    });
    socket.on("visit_write", [this](const flat_object& request, const exchange& with) { write_to(request, with); });
}

// ---- Coming and going ------------------------------------------------------------------------------------------------------

void visits::come(const flat_object& request, const exchange& with) {
    if (stopped_) return with->fail("the service stops");
    const std::string* text = text_in(request, "bus");
    if (text == nullptr) return with->fail("\"bus\" is missing: the text of a config");
    auto read = config::read(*text, adapters_->vocabularies());
    if (!read.config || read.config->buses.size() != 1) return with->fail(first_error(read.diagnostics));
    config::bus& wanted = read.config->buses.front();
    const std::string place = real_place(place_of(wanted.settings));
    std::size_t bus = 0;
    while (bus < held_.size() && (held_[bus].place.empty() || real_place(held_[bus].place) != place)) ++bus;
    // TLS: it names files, which this process would open for somebody else. Such a device takes several connections.
    if (place.empty() || bus == held_.size() || place.starts_with("tls://")) {
        with->reply(R"({"holds":false})");
        return with->succeed();
    }
    if (const auto found = visitors_.find(bus); found != visitors_.end())
        return with->fail("somebody else (user " + std::to_string(found->second.user) + ") is visiting bus " +
                          config_.buses[bus].name + "; wait until he is done");
    const installed_adapter* adapter = adapters_->find(wanted.adapter);
    if (adapter == nullptr || wanted.adapter != config_.buses[bus].adapter || wanted.adapter != only_reads_in_polls)
        return with->fail("the service uses " + place + " with the adapter '" + config_.buses[bus].adapter +
                          "', which takes no visitors; stop the service for it");
    if (sends_anything(wanted)) return with->fail("'raw' could write, so a visitor can't have it; stop the service for it");

    visitor who;
    who.number = ++last_;
    who.user = with->peer_user();
    for (std::size_t d = 0; d < wanted.devices.size(); ++d) {
        const auto unit = unit_of(wanted.devices[d]);
        who.same_unit.push_back(held_[bus].on_a_line && unit && held_[bus].units.test(*unit));
        who.device.insert(who.device.end(), wanted.devices[d].points.size(), d);
    }
    if (who.device.size() > limits::visit_points)
        return with->fail("a visitor may have " + std::to_string(limits::visit_points) + " points at most");
    bound_waits(wanted, adapter->vocabulary(), held_[bus].wait);
    std::vector<config::diagnostic> faults;
    auto opened = adapter->open(wanted, faults);
    if (!opened) return with->fail(first_error(faults));
    who.asked = std::move(wanted);
    const std::uint64_t number = who.number;
    log_.info("visit", {{"bus", config_.buses[bus].name}, {"user", who.user}});
    visitors_.emplace(bus, std::move(who));
    paths_.welcome(bus, std::move(opened));
    with->on_gone([this, bus, number] { leave(bus, number); });
    with->reply(R"({"visit":)" + std::to_string(number) + R"(,"service":)" + json_text(config_.gateway_id) + R"(,"bus":)" +
                json_text(config_.buses[bus].name) + '}');
}

void visits::leave(std::size_t bus, std::uint64_t number) {
    const auto found = visitors_.find(bus);
    if (found == visitors_.end() || found->second.number != number) return;
    // A write that was cut off may have been carried out: it is kept as such.
    if (found->second.waits && !std::holds_alternative<no_value>(found->second.writes.wanted)) {
        adapter_bus::write_result cut;
        cut.outcome = TIDEGATE_WRITE_UNANSWERED;
        cut.note = "the visitor went away meanwhile";
        keep(found->second, bus, cut, std::chrono::nanoseconds(0), false);
    }
    paths_.see_off(bus);
    log_.info("visit_over", {{"bus", config_.buses[bus].name}, {"user", found->second.user}});
    visitors_.erase(found);
}

void visits::stop() {
    stopped_ = true;
    see_all_off("the service stops");
}

void visits::see_all_off(const std::string& why) {
    while (!visitors_.empty()) {
        const auto first = visitors_.begin();
        if (const auto waits = first->second.waits) waits->fail(why);
        leave(first->first, first->second.number);
    }
}

void visits::follow(std::vector<held_bus> held, std::shared_ptr<const adapter_host> adapters) {
    held_ = std::move(held);
    adapters_ = std::move(adapters);
}

// ---- Asking ----------------------------------------------------------------------------------------------------------------

/// Null: there is no such visit of this user, or it asks already; he has been told.
visits::visitor* visits::visitor_of(const flat_object& request, const exchange& with, std::size_t& bus) {
    const auto number = number_in(request, "visit");
    for (auto& [index, who] : visitors_) {
        if (!number || who.number != *number || who.user != with->peer_user()) continue;
        bus = index;
        if (!who.waits) return &who;
        with->fail("this visitor has asked already");
        return nullptr;
    }
    with->fail("the visit is over");
    return nullptr;
}

void visits::poll(const flat_object& request, const exchange& with) {
    std::size_t bus = 0;
    visitor* who = visitor_of(request, with, bus);
    if (who == nullptr) return;
    const std::string* points = text_in(request, "points");
    bool good = false;
    const auto numbers = numbers_in(points ? *points : "", who->device.size(), good);
    const std::size_t device = good ? who->device[numbers[0]] : 0;
    for (const auto number : numbers) good = good && who->device[number] == device;
    if (!good) return with->fail("\"points\" are numbers of one device's points, with blanks between");
    visit_order order;
    order.visit = who->number;
    for (const auto number : numbers) order.candidates.push_back({number, 0, 0, 0});
    order.probe = is_true(request, "probe");
    order.same_unit = who->same_unit[device];
    who->waits = with;
    who->writes = {};
    paths_.order(bus, std::move(order));
}

void visits::write_to(const flat_object& request, const exchange& with) {
    std::size_t bus = 0;
    visitor* who = visitor_of(request, with, bus);
    if (who == nullptr) return;
    const auto named = number_in(request, "point");
    const std::string* encoded = text_in(request, "value");
    const auto bytes = encoded ? mqtt::base64_decode(*encoded) : std::nullopt;
    wire_reader from(bytes ? std::string_view(*bytes) : std::string_view());
    value wanted = from.value();
    if (!named || *named >= who->device.size() || !bytes || from.bad() || std::holds_alternative<no_value>(wanted))
        return with->fail("\"point\" is the number of a point, \"value\" what it shall be");
    const auto point = static_cast<std::size_t>(*named);
    const bool check_only = is_true(request, "check_only");
    who->writes = check_only ? write{} : write{point, wanted};
    if (!check_only && !config_.writes) {
        adapter_bus::write_result none;
        none.note = "the service's config doesn't say 'writes: enabled'";
        keep(*who, bus, none, std::chrono::nanoseconds(0), true);
        return with->fail("the service '" + config_.gateway_id +
                          "' holds this bus and may not write: put 'writes: enabled' below 'gateway' in its config, or stop it "
                          "while you write");
    }
    visit_order order;
    order.visit = who->number;
    order.items.push_back({static_cast<point_index>(point), std::move(wanted)});
    order.check_only = check_only;
    order.same_unit = who->same_unit[who->device[point]];
    who->waits = with;
    paths_.order(bus, std::move(order));
}

void visits::on_visited(const visit_event& what) {
    const auto found = visitors_.find(what.bus);
    if (found == visitors_.end() || found->second.number != what.visit || !found->second.waits) return;
    visitor& who = found->second;
    const auto with = std::exchange(who.waits, nullptr);
    if (what.was_write && !std::holds_alternative<no_value>(who.writes.wanted))
        keep(who, what.bus, what.written, what.took, false);
    who.writes = {};
    const std::string result = what.was_write ? to_wire(what.written) : to_wire(what.polled);
    if (with->reply(R"({"result":")" + mqtt::base64_encode(result) + "\"}")) return with->succeed();
    with->fail("the answer is too long");
}

/// What was written, and what wasn't allowed: in the audit and the log, as a command's.
void visits::keep(const visitor& of, std::size_t bus, const adapter_bus::write_result& came, std::chrono::nanoseconds took,
                  bool refused) const {
    const std::size_t device_number = of.device[of.writes.point];
    std::size_t first = 0;
    for (std::size_t d = 0; d < device_number; ++d) first += of.asked.devices[d].points.size();
    const config::device& device = of.asked.devices[device_number];
    const auto unit = unit_of(device);
    write_news news;
    news.what.device = config_.buses[bus].name + (unit ? "/unit " + std::to_string(*unit) : '/' + device.name);
    news.what.point = point_in_words(device.points[of.writes.point - first]);
    news.what.values.emplace_back(news.what.point, of.writes.wanted);
    news.who = "user " + std::to_string(of.user) + " at the board";
    news.raw = came.sent;
    news.exception = came.exception;
    news.detail = came.note;
    news.at = paths_.now();
    news.ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    news.sent = !came.sent.empty();
    switch (came.outcome) {
        case TIDEGATE_WRITE_ACCEPTED:
        case TIDEGATE_WRITE_PENDING:
            news.stage = write_stage::accepted;
            break;
        case TIDEGATE_WRITE_REFUSED:
            news.reason = write_reason::device_refused;
            break;
        case TIDEGATE_WRITE_REJECTED:
            news.reason = refused ? write_reason::writes_off : write_reason::does_not_fit;
            break;
        default:
            news.stage = write_stage::sent;
            news.reason = write_reason::unanswered;
            break;
    }
    const bool good = news.stage == write_stage::accepted;
    log_.write(good ? level::info : level::warning, "write",
               {{"device", news.what.device},
                {"point", news.what.point},
                {"value", value_json(news.what).substr(0, 200)},
                {"who", news.who},
                {"stage", name_of(news.stage)},
                {"reason", news.reason == write_reason::none ? "" : std::string(name_of(news.reason))},
                {"detail", news.detail},
                {"ms", news.ms}});
    paths_.audit(audit_entry_of(news));
}

}  // namespace gateway

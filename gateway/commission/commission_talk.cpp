// gateway/commission/commission_talk.cpp: see commission_talk.hpp.
#include "gateway/commission/commission_talk.hpp"

#include <cstdio>
#include <utility>

#include "gateway/command/message_text.hpp"
#include "gateway/commission/bus_address.hpp"
#include "gateway/delivery/payload.hpp"

namespace gateway {

void complain(const std::string& what, const std::vector<std::string>& advice) {
    std::string text = "error: ";
    for (const char c : what) {
        text += c;
        if (c == '\n') text += "       ";
    }
    std::fprintf(stderr, "%s\n", text.c_str());
    for (const auto& line : advice) std::fprintf(stderr, "  %s\n", line.c_str());
}

std::unique_ptr<chosen_bus> choose(const commission_options& how) {
    std::string why;
    auto typed = how.bus;
    if (!how.timeout.empty()) typed.overlay.push_back("timeout=" + how.timeout);
    auto chosen = chosen_bus::find(typed, why);
    if (!chosen) complain(why);
    return chosen;
}

wanted_device device_of(const register_choice& typed, std::string name) {
    return {std::move(name), "unit: " + quoted_scalar(typed.unit), {}};
}

std::optional<register_place> place_on(const chosen_bus& bus, const commission_options& how, const std::string& keys) {
    const auto key = place_key(how.where);
    if (!key) {
        complain(key.error().message());
        return std::nullopt;
    }
    auto device = device_of(how.where, "device");
    device.points.push_back(*key + keys);
    std::string why;
    auto found = bus.places(device, why);
    if (!found.empty()) return std::move(found.front());
    complain(why);
    return std::nullopt;
}

std::unique_ptr<commission_bus> open(const chosen_bus& bus, const std::vector<wanted_device>& devices) {
    std::string why;
    auto opened = bus.open(devices, why);
    if (!opened)
        complain(why);
    else if (!opened->service().empty())
        std::fprintf(stderr, "%s is held by the service '%s', which asks in our place.\n", bus.place().c_str(),
                     opened->service().c_str());
    return opened;
}

std::string register_keys(const register_place& in, std::uint32_t address, const std::string& type) {
    return in.table + ": " + std::to_string(address) + (in.is_bits() ? "" : ", type: " + type);
}

std::string reason_in(const std::string& failure) {
    constexpr std::string_view for_a_service = ", asked again now and then";
    std::string text = failure;
    if (const std::size_t at = text.find(for_a_service); at != std::string::npos) text.erase(at, for_a_service.size());
    return text;
}

void complain_of_silence(const chosen_bus& bus, const commission_bus& asked, const commission_bus::answers& got,
                         const std::string& unit) {
    const std::string note = got.note.empty() ? "no answer" : got.note;
    if (got.outcome == TIDEGATE_DEVICE_SILENT)
        return complain("unit " + unit + " at " + bus.place() + ": " + note, advice_on_silence(bus.settings, unit));
    std::vector<std::string> advice;
    if (got.outcome == TIDEGATE_BUS_DOWN && !asked.doubt().empty()) advice.push_back(asked.doubt() + '.');
    if (got.outcome == TIDEGATE_BUS_DOWN && note.find("(tidegate)") != std::string::npos && asked.doubt().empty())
        advice.emplace_back("If that is a running service, name its config with -c FILE: then it asks in our place.");
    if (got.outcome == TIDEGATE_DEVICE_DOWN) advice = advice_on_exception(got.exception, {}, false);
    const bool named = note.find(bus.place()) != std::string::npos;
    complain(named ? note : bus.place() + ": " + note, advice);
}

std::string hex_word(const value& word) {
    std::uint64_t bits = 0;
    if (const auto* number = std::get_if<std::uint64_t>(&word)) bits = *number;
    if (const auto* number = std::get_if<std::int64_t>(&word)) bits = static_cast<std::uint64_t>(*number);
    char text[8];
    std::snprintf(text, sizeof text, "0x%04X", static_cast<unsigned>(bits & 0xFFFF));
    return text;
}

std::string text_of(const value& what) {
    if (!has_raw_text(what)) return json_of(what);
    std::string text;
    append_raw(text, what);
    return for_terminal(text);
}

std::string json_of(const value& what) {
    std::string json;
    append_json(json, what);
    return json;
}

}  // namespace gateway

// gateway/commission/register_place.cpp: see register_place.hpp.
#include "gateway/commission/register_place.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "gateway/commission/bus_address.hpp"

namespace gateway {
namespace {

std::string setting_or(const std::vector<config::setting>& settings, std::string_view path, const char* otherwise) {
    const auto* found = find(settings, path);
    return found ? found->text : otherwise;
}

std::string option(const std::string& table, std::uint32_t address) { return "--" + table + ' ' + std::to_string(address); }

/// The neighbour that is meant where documents count from 1, and the table that is often meant instead.
std::string other_places(const register_place& where) {
    std::string text;
    const auto is_modicon = [&](const char* table, std::uint32_t first) {
        return where.table == table && where.address > first && where.address < first + 10'000;
    };
    if (is_modicon("holding", 40'000) || is_modicon("input", 30'000) || is_modicon("discrete", 10'000))
        text += "in Modicon notation it is --register " + std::to_string(where.address) + ", which is " +
                option(where.table, where.address % 10'000 - 1) + "; ";
    if (where.address > 0) text += "if its documents count from 1, it is " + option(where.table, where.address - 1);
    const std::array<std::pair<const char*, const char*>, 4> others{std::pair{"holding", "input"}, std::pair{"input", "holding"},
                                                                    std::pair{"coil", "discrete"}, std::pair{"discrete", "coil"}};
    for (const auto& [table, other] : others)
        if (where.table == table) text += (text.empty() ? "it may be " : "; or it is ") + option(other, where.address);
    return text;
}

/// As other tools and documents write it ("64h", "h100", "holding:100") → as it is written here; empty: something else.
std::string number_meant(std::string_view typed) {
    constexpr std::string_view decimal = "0123456789";
    constexpr std::string_view hex = "0123456789abcdefABCDEF";
    if (typed.size() > 1 && decimal.find(typed[0]) != std::string_view::npos && (typed.back() | 0x20) == 'h' &&
        typed.find_first_not_of(hex) == typed.size() - 1)
        return "0x" + std::string(typed.substr(0, typed.size() - 1));
    const auto digits = typed.find_first_of(decimal);
    if (digits == 0 || digits == std::string_view::npos || typed.find_first_not_of(decimal, digits) != std::string_view::npos)
        return "";
    const bool is_sign = digits == 1 && (typed[0] == '-' || typed[0] == '+');
    return is_sign ? "" : std::string(typed.substr(digits));
}

}  // namespace

option_result<std::string> place_key(const register_choice& typed) {
    const std::array<std::pair<const char*, const std::string*>, 5> places{
        std::pair{"holding", &typed.holding}, std::pair{"input", &typed.input}, std::pair{"coil", &typed.coil},
        std::pair{"discrete", &typed.discrete}, std::pair{"register", &typed.modicon}};
    std::string key;
    for (const auto& [name, text] : places) {
        if (text->empty()) continue;
        if (!key.empty())
            return option_error::because("one place at a time: --holding, --input, --coil, --discrete or --register");
        if (const auto number = number_meant(*text); !number.empty() && text != &typed.modicon)
            return option_error::because("'" + *text + "' is no address; did you mean --" + name + ' ' + number + '?');
        key = std::string(name) + ": " + quoted_scalar(*text);
    }
    if (key.empty())
        return option_error::because(
            "where to read is missing: --holding, --input, --coil or --discrete with the address that counts from 0, or "
            "--register "
            "40108 in Modicon notation");
    return key;
}

std::string value_keys(const register_choice& typed) {
    std::string keys;
    const auto add = [&](const char* name, const std::string& text) {
        if (!text.empty()) keys += std::string(", ") + name + ": " + quoted_scalar(text);
    };
    add("type", typed.type);
    add("order", typed.order);
    add("scale", typed.scale);
    add("length", typed.length);
    return keys;
}

std::optional<register_place> planned_place(std::string_view what, std::size_t registers) {
    register_place place;
    const std::size_t comma = what.find(", ");
    if (comma == std::string_view::npos) return std::nullopt;
    place.words = what.substr(comma + 2);
    const std::size_t blank = place.words.find(' ');
    place.table = place.words.substr(0, blank);
    if (place.table != "holding" && place.table != "input" && !place.is_bits()) return std::nullopt;
    const char* const first = place.words.data() + blank + 1;
    if (std::from_chars(first, place.words.data() + place.words.size(), place.address).ec != std::errc()) return std::nullopt;
    place.registers = registers;
    return place;
}

std::vector<std::string> advice_on_silence(const std::vector<config::setting>& settings, const std::string& unit) {
    std::vector<std::string> lines;
    if (find(settings, "serial.port") != nullptr) {
        lines.push_back("Is " + unit + " the device's address? `tidegate scan` finds those that answer.");
        lines.push_back("Is the line's format the device's? Asked with " + setting_or(settings, "serial.baud", "9600") +
                        " baud, parity " + setting_or(settings, "serial.parity", "even") + ", stop bits " +
                        setting_or(settings, "serial.stop_bits", "1") + "; others: \"?baud=19200&parity=none\" behind the port.");
        lines.emplace_back(
            "Are A and B swapped? Makers name them differently: swapping does no harm. Is there power, and ground?");
        lines.push_back("Is the device slow? It was given " + setting_or(settings, "timeout", "500ms") + ": --timeout 2s.");
        return lines;
    }
    lines.push_back("Is " + unit +
                    " its unit? A device by itself often takes 1 or 255 alone; behind a gateway it is its address on the line.");
    if (find(settings, "rtu_over_tcp.host") != nullptr || find(settings, "rtu_over_udp.host") != nullptr ||
        find(settings, "ascii_over_tcp.host") != nullptr) {
        lines.emplace_back("Does the server pass RTU frames through, or does it speak Modbus TCP itself (tcp://)?");
        lines.emplace_back("Is the line's format (baud, parity) set in the server the device's? Are A and B swapped?");
    } else {
        lines.emplace_back("Is it a serial server that passes RTU frames through? Then the bus is rtu+tcp://host:port.");
        lines.emplace_back("Does another program hold its only connection?");
    }
    lines.push_back("Is it slow? It was given " + setting_or(settings, "timeout", "1s") + ": --timeout 5s.");
    return lines;
}

std::vector<std::string> advice_on_exception(std::uint32_t code, const register_place& where, bool writing) {
    switch (code) {
        case 1:
            return {writing ? "The device can't write that table, or not by this function."
                            : "The device doesn't have that table: " + other_places(where) + "."};
        case 2:
            return {(writing ? "It isn't there, or can't be written: " : "The device has nothing there: ") + other_places(where) +
                    "."};
        case 3:
            return {writing ? "The device doesn't take this value (its range?), or not so many registers at once."
                            : "The device doesn't give so many registers, or only whole values: try another --type or --count."};
        case 4:
            return {"The device itself failed: look at its display and state."};
        case 5:
        case 6:
            return {"The device is busy: try again in some seconds."};
        case 10:
        case 11:
            return {
                "The gateway says this, not the device: is the unit right, is it wired, are baud and parity set in the gateway?"};
        default:
            return {};
    }
}

}  // namespace gateway

// adapters/modbus/sunspec.cpp: see sunspec.hpp.
#include "adapters/modbus/sunspec.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

namespace modbus {
namespace {

constexpr std::array<std::uint16_t, 3> bases = {40000, 0, 50000};
constexpr std::size_t most_models = 200;  // a chain that is longer runs in a circle, or through something else
constexpr std::uint16_t end_of_chain = 0xFFFF;

std::optional<std::uint16_t> number_of(std::string_view text) {
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// One of the alternatives before the dot. False: `fault` says why not.
bool add_models(std::string_view word, std::vector<std::uint16_t>& to, std::string& fault) {
    if (const auto number = number_of(word)) {
        if (find_sunspec_model(*number) == nullptr) {
            fault = "SunSpec model " + std::string(word) + " isn't known; give its points as holding registers";
            return false;
        }
        to.push_back(*number);
        return true;
    }
    const auto family = sunspec_family(word);
    to.insert(to.end(), family.begin(), family.end());
    if (family.empty())
        fault = "\"" + std::string(word) + "\" is no SunSpec model: write its number, or one of " + sunspec_family_names();
    return !family.empty();
}

/// "module[2].DCW" → "module[].DCW" and 2.
bool take_instance(sunspec_name& name, std::string& fault) {
    const auto open = name.point.find('['), close = name.point.find(']');
    if (open == std::string::npos || close == std::string::npos || close < open) return true;
    const auto number = number_of(std::string_view(name.point).substr(open + 1, close - open - 1));
    if (!number || *number == 0) {
        fault = "the number of a repeating block counts from 1, as in module[1].DCW";
        return false;
    }
    name.instance = *number;
    name.point.erase(open + 1, close - open - 1);
    return true;
}

std::string point_fault(const sunspec_name& name) {
    const auto wanted = name.point;
    std::string close, known;
    for (const auto& each : find_sunspec_model(name.models.front())->points) {
        const bool same = std::equal(each.name.begin(), each.name.end(), wanted.begin(), wanted.end(), [](char a, char b) {
            const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
            return lower(a) == lower(b);
        });
        if (same) close = each.name;
        if (each.type != sunspec_type::sunssf) known += (known.empty() ? "" : ", ") + std::string(each.name);
    }
    return "SunSpec model " + std::to_string(name.models.front()) + " has no point \"" + wanted + '"' +
           (close.empty() ? ", but " + known : " (it is written " + close + ')');
}

}  // namespace

std::optional<sunspec_name> parse_sunspec_name(std::string_view written, std::string& fault) {
    const auto dot = written.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == written.size()) {
        fault = "write a model and a point of it, such as inverter.W, 103.W or 160.module[1].DCW";
        return std::nullopt;
    }
    sunspec_name name;
    std::string_view models = written.substr(0, dot);
    while (!models.empty()) {
        const auto end = std::min(models.find('|'), models.size());
        if (!add_models(models.substr(0, end), name.models, fault)) return std::nullopt;
        models.remove_prefix(std::min(end + 1, models.size()));
    }
    name.point = written.substr(dot + 1);
    if (!take_instance(name, fault)) return std::nullopt;
    const auto lacks = [&](std::uint16_t id) { return find_sunspec_point(*find_sunspec_model(id), name.point) == nullptr; };
    if (std::all_of(name.models.begin(), name.models.end(), lacks)) {
        fault = point_fault(name);
        return std::nullopt;
    }
    std::erase_if(name.models, lacks);
    return name;
}

// ---- The walk ----------------------------------------------------------------------------------------------------------

void sunspec_walk::answered(std::span<const std::uint16_t> registers) {
    assert(next_);
    const bool whole = registers.size() == next_->count;
    if (!found_) {
        constexpr std::uint16_t sun = 0x5375, spec = 0x6E53;
        found_ = whole && registers[0] == sun && registers[1] == spec;
        return found_ ? look_at(std::uint32_t{bases[base_]} + 2) : try_base();
    }
    const std::uint16_t id = whole ? registers[0] : end_of_chain;
    if (id == end_of_chain || id == 0) {
        if (places_.empty()) fault_ = "it says that it is a SunSpec device, and has no models";
        next_.reset();
        return;
    }
    places_.push_back({id, next_->address, registers[1]});
    look_at(std::uint32_t{next_->address} + 2 + registers[1]);
}

void sunspec_walk::try_base() {
    if (++base_ < bases.size()) {
        next_ = request{bases[base_], 2};
        return;
    }
    next_.reset();
    fault_ = "no SunSpec device: there is no \"SunS\" at holding register 40000, 0 or 50000";
}

void sunspec_walk::look_at(std::uint32_t address) {
    if (address + 2 <= 65536 && places_.size() < most_models)
        next_ = request{static_cast<std::uint16_t>(address), 2};
    else
        next_.reset();
}

// ---- Points ------------------------------------------------------------------------------------------------------------

namespace {

std::optional<sunspec_found> locate_in(const sunspec_name& name, const sunspec_place& place) {
    const auto& model = *find_sunspec_model(place.id);
    const auto* point = find_sunspec_point(model, name.point);
    if (point == nullptr) return std::nullopt;
    sunspec_found found{*point, 0, std::nullopt};
    const std::uint32_t shift = name.instance > 1 ? std::uint32_t{block_length(model)} * (name.instance - 1u) : 0;
    const std::uint32_t offset = point->offset + shift;
    if (offset + point->registers > std::uint32_t{place.length} + 2 || place.address + offset + point->registers > 65536)
        return std::nullopt;
    found.point.offset = static_cast<std::uint16_t>(offset);
    found.address = static_cast<std::uint16_t>(place.address + offset);
    if (point->factor.empty()) return found;
    const auto* factor = find_sunspec_point(model, point->factor);
    assert(factor != nullptr);
    if (factor->offset >= std::uint32_t{place.length} + 2) return std::nullopt;
    found.factor = static_cast<std::uint16_t>(place.address + factor->offset);
    return found;
}

}  // namespace

std::optional<sunspec_found> locate(const sunspec_name& name, std::span<const sunspec_place> places) {
    for (const auto id : name.models)
        for (const auto& place : places)
            if (place.id == id)
                if (auto found = locate_in(name, place)) return found;
    return std::nullopt;
}

std::string models_in_words(std::span<const sunspec_place> places) {
    std::string words = places.size() == 1 ? "model " : "models ";
    for (std::size_t i = 0; i < places.size(); ++i) words += (i == 0 ? "" : ", ") + std::to_string(places[i].id);
    return words;
}

}  // namespace modbus

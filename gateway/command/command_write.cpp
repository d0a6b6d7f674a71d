// gateway/command/command_write.cpp: `tidegate write`: shows what is there and what would be sent, asks, writes once, reads back.
// Not here: commands that come by MQTT (write_engine.hpp), and their rules: this is a person at the board.
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "gateway/commission/commission_talk.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/flat_json.hpp"

namespace gateway {
namespace {

/// The value, then its words, then nothing else.
struct target {
    wanted_device device;
    register_place place;
};

bool is_text_type(const std::string& type) { return type == "string" || type == "string8" || type == "bytes"; }

/// As typed: a number, true or false, else text; of a text type always text.
value value_of(const commission_options& how) {
    if (is_text_type(how.where.type)) return how.value;
    if (auto plain = read_json_value(how.value); plain && !std::holds_alternative<no_value>(*plain)) return *plain;
    return how.value;
}

std::optional<target> target_of(const chosen_bus& bus, const commission_options& how) {
    const auto place = place_on(bus, how, value_keys(how.where));
    if (!place) return std::nullopt;
    target made{device_of(how.where, "device"), *place};
    made.device.writable = true;
    made.device.points.push_back(*place_key(how.where) + value_keys(how.where));
    for (std::uint32_t word = 0; !place->is_bits() && word < place->registers; ++word)
        made.device.points.push_back(register_keys(*place, place->address + word, "uint16"));
    return made;
}

std::string shown(const commission_bus::answers& got) {
    if (!got.points[0].value) return "can't be read: " + reason_in(got.points[0].failure);
    std::string words;
    for (std::size_t word = 1; word < got.points.size(); ++word)
        if (got.points[word].value) words += (words.empty() ? "  (" : " ") + hex_word(*got.points[word].value);
    return text_of(*got.points[0].value) + words + (words.empty() ? "" : ")");
}

/// True: go ahead.
bool agreed(const commission_options& how) {
    if (how.yes) return true;
    if (::isatty(STDIN_FILENO) == 0) {
        complain("nobody is there to ask; nothing was written", {"With --yes it is written without asking."});
        return false;
    }
    std::fprintf(stderr, "Write it? [y/N] ");
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return true;
    std::fprintf(stderr, "Nothing was written.\n");
    return false;
}

std::vector<std::string> advice_on(const adapter_bus::write_result& came, const register_place& where) {
    if (came.exception != 0) return advice_on_exception(came.exception, where, true);
    if (came.outcome == TIDEGATE_WRITE_UNANSWERED && !came.sent.empty())
        return {"It may or may not have been carried out: read it before you write again."};
    return {};
}

/// Numbers that differ no more than the type's own rounding does.
bool same(const value& wanted, const value& read) {
    if (wanted == read) return true;
    const auto number = [](const value& what) -> std::optional<double> {
        if (const auto* n = std::get_if<std::int64_t>(&what)) return static_cast<double>(*n);
        if (const auto* n = std::get_if<std::uint64_t>(&what)) return static_cast<double>(*n);
        if (const auto* n = std::get_if<float>(&what)) return *n;
        if (const auto* n = std::get_if<double>(&what)) return *n;
        if (const auto* is = std::get_if<bool>(&what)) return *is ? 1 : 0;
        return std::nullopt;
    };
    const auto a = number(wanted), b = number(read);
    if (!a || !b) return false;
    return *a == *b || static_cast<float>(*a) == static_cast<float>(*b);
}

void print_json(const commission_options& how, const target& to, const commission_bus::answers& before,
                const adapter_bus::write_result& came, const std::optional<commission_bus::answers>& after, bool good) {
    std::string json =
        "{\"unit\":" + how.where.unit + ",\"place\":\"" + to.place.words + "\",\"ok\":" + (good ? "true" : "false");
    const auto add = [&](const char* name, const commission_bus::answers& what) {
        json += ",\"" + std::string(name) + "\":" + (what.points[0].value ? json_of(*what.points[0].value) : "null");
    };
    add("before", before);
    json += ",\"wanted\":" + json_of(value_of(how)) + ",\"sent\":";
    append_json_string(json, came.sent);
    if (after) add("after", *after);
    if (came.exception != 0) json += ",\"exception\":" + std::to_string(came.exception);
    if (!came.note.empty()) {
        json += ",\"note\":";
        append_json_string(json, came.note);
    }
    std::printf("%s}\n", json.c_str());
}

int carry_out(const commission_options& how, const target& to, commission_bus& bus, const commission_bus::answers& before) {
    const value wanted = value_of(how);
    const auto came = bus.write(0, 0, wanted);
    const bool taken = came.outcome == TIDEGATE_WRITE_ACCEPTED || came.outcome == TIDEGATE_WRITE_PENDING;
    std::optional<commission_bus::answers> after;
    if (taken && how.verify) after = bus.read(0);
    const bool reads = after && after->points[0].value;
    const bool good = taken && (!how.verify || (reads && same(wanted, *after->points[0].value)));
    if (how.json) print_json(how, to, before, came, after, good);
    if (!taken) {
        complain(came.note.empty() ? "it wasn't written" : came.note, advice_on(came, to.place));
        return exit_failed;
    }
    if (!how.json && after) std::printf("reads back:  %s\n", shown(*after).c_str());
    if (good && !how.json)
        std::printf("%s\n", how.verify ? "Written, and reads as it should." : "Written; the device acknowledged it.");
    if (!good)
        complain("the device took it, and reads otherwise", {"Some take a value only with a password or a commit before or after "
                                                             "(before_write, after_write in the config), or after a while."});
    return good ? exit_done : exit_failed;
}

}  // namespace

int write_command(const commission_options& how) {
    const auto bus = choose(how);
    if (!bus) return exit_usage;
    const auto to = target_of(*bus, how);
    if (!to) return exit_usage;
    const auto opened = open(*bus, {to->device});
    if (!opened) return exit_failed;
    const auto fits = opened->write(0, 0, value_of(how), true);
    if (fits.outcome != TIDEGATE_WRITE_ACCEPTED) {
        constexpr std::string_view ours = "point \"p0\": ";
        const std::string why = fits.note.starts_with(ours) ? fits.note.substr(ours.size()) : fits.note;
        complain(why.empty() ? "this can't be written" : why);
        return fits.outcome == TIDEGATE_WRITE_REJECTED ? exit_usage : exit_failed;
    }
    const auto before = opened->read(0);
    if (before.outcome == TIDEGATE_BUS_DOWN || before.outcome == TIDEGATE_DEVICE_SILENT ||
        before.outcome == TIDEGATE_DEVICE_DOWN) {
        complain_of_silence(*bus, *opened, before, how.where.unit);
        return exit_failed;
    }
    if (!how.json || !how.yes) {
        std::FILE* const out = how.json ? stderr : stdout;
        std::fprintf(out, "unit %s, %s\nthere now:   %s\nto be sent:  %s%s%s\n", how.where.unit.c_str(), to->place.words.c_str(),
                     shown(before).c_str(), text_of(value_of(how)).c_str(), fits.sent.empty() ? "" : "  ", fits.sent.c_str());
        std::fflush(out);
    }
    if (!agreed(how)) return exit_failed;
    return carry_out(how, *to, *opened, before);
}

}  // namespace gateway

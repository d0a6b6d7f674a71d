// gateway/command/command_read.cpp: `tidegate read`: registers or bits of a device, once or again and again, in both notations,
// as words and as values; or what the device says of itself. Not here: which type is the right one (command_guess.cpp).
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iterator>

#include "config/units.hpp"
#include "gateway/commission/commission_talk.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/stop_signal.hpp"

namespace gateway {
namespace {

/// One value, and the words that it is made of, by their numbers among the device's points.
struct row {
    register_place place;
    std::size_t value = 0;
    std::vector<std::size_t> words;
};

struct reading_plan {
    wanted_device device;
    std::vector<row> rows;
    bool typed = false;
};

constexpr std::size_t most_registers = 2000;

/// What was given of the value; without a type a register is its word.
std::string default_keys(const register_choice& typed) {
    const bool bits =
        !typed.coil.empty() || !typed.discrete.empty() || typed.modicon.starts_with('0') || typed.modicon.starts_with('1');
    return (typed.type.empty() && !bits ? ", type: uint16" : "") + value_keys(typed);
}

/// Values one after the other, each with its words.
bool plan_rows(const commission_options& how, const chosen_bus& bus, const register_place& first, reading_plan& to) {
    const std::size_t width = std::max<std::size_t>(first.registers, 1);
    if (how.count * width > most_registers || first.address + how.count * width > 65536) {
        complain("--count " + std::to_string(how.count) + " is too much: " + std::to_string(most_registers) +
                 " registers at once, the last of them at 65535");
        return false;
    }
    const auto keys = default_keys(how.where);
    to.typed = !how.where.type.empty();
    for (std::size_t i = 0; i < how.count; ++i) {
        row one;
        const auto address = static_cast<std::uint32_t>(first.address + i * width);
        one.value = to.device.points.size();
        to.device.points.push_back(first.table + ": " + std::to_string(address) + keys);
        for (std::uint32_t word = 0; to.typed && !first.is_bits() && word < width; ++word) {
            one.words.push_back(to.device.points.size());
            to.device.points.push_back(register_keys(first, address + word, "uint16"));
        }
        if (one.words.empty() && !first.is_bits()) one.words.push_back(one.value);
        to.rows.push_back(std::move(one));
    }
    std::string why;
    const auto places = bus.places(to.device, why);
    if (places.empty()) complain(why);
    for (auto& one : to.rows)
        if (!places.empty()) one.place = places[one.value];
    return !places.empty();
}

std::string words_of(const row& of, const commission_bus::answers& got) {
    std::string text;
    for (const std::size_t word : of.words) {
        if (!got.points[word].value) continue;
        text += (text.empty() ? "" : " ") + hex_word(*got.points[word].value);
    }
    return text;
}

std::string unsigned_and_signed(const value& word) {
    std::uint64_t bits = 0;
    if (const auto* number = std::get_if<std::uint64_t>(&word)) bits = *number;
    if (const auto* number = std::get_if<std::int64_t>(&word)) bits = static_cast<std::uint64_t>(*number);
    const auto natural = std::to_string(bits);
    return bits < 0x8000 ? natural : natural + "  (" + std::to_string(static_cast<std::int16_t>(bits)) + ')';
}

void print_row(const row& of, const reading_plan& plan, const commission_bus::answers& got) {
    const auto& answer = got.points[of.value];
    const std::string shown = !answer.value                      ? "–  " + reason_in(answer.failure)
                              : plan.typed || of.place.is_bits() ? text_of(*answer.value)
                                                                 : unsigned_and_signed(*answer.value);
    const std::string words = words_of(of, got);
    std::printf("%-32s  %s%s%s\n", of.place.words.c_str(), words.c_str(), words.empty() ? "" : "  ", shown.c_str());
}

void print_json(const row& of, const commission_options& how, const reading_plan& plan, const commission_bus::answers& got) {
    const auto& answer = got.points[of.value];
    std::string json = "{\"unit\":" + how.where.unit + ",\"table\":\"" + of.place.table +
                       "\",\"address\":" + std::to_string(of.place.address) + ",\"place\":\"" + of.place.words + '"';
    if (!of.words.empty()) {
        json += ",\"words\":[";
        bool any = false;
        for (const std::size_t word : of.words) {
            if (!got.points[word].value) continue;
            json += (any ? ",\"" : "\"") + hex_word(*got.points[word].value) + '"';
            any = true;
        }
        json += ']';
    }
    if (answer.value) {
        json += ",\"value\":" + json_of(*answer.value);
        if (!plan.typed && !of.place.is_bits())
            json += ",\"signed\":" + std::to_string(static_cast<std::int16_t>(std::stoul(json_of(*answer.value))));
    } else {
        json += ",\"error\":";
        append_json_string(json, reason_in(answer.failure));
    }
    std::printf("%s}\n", json.c_str());
}

void print_time() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    char text[16];
    if (localtime_r(&now, &parts) == nullptr || std::strftime(text, sizeof text, "%H:%M:%S", &parts) == 0) return;
    std::printf("%s\n", text);
}

/// Prints what came. False: nothing that was asked for did.
bool show(const commission_options& how, const reading_plan& plan, const chosen_bus& bus, const commission_bus& asked,
          const commission_bus::answers& got) {
    const bool any =
        std::any_of(plan.rows.begin(), plan.rows.end(), [&](const row& one) { return got.points[one.value].value.has_value(); });
    if (got.outcome == TIDEGATE_INTERRUPTED) return any;
    if (how.json)
        for (const auto& one : plan.rows) print_json(one, how, plan, got);
    if (!any && got.outcome != TIDEGATE_DONE) {
        complain_of_silence(bus, asked, got, how.where.unit);
        return false;
    }
    if (!how.json && !any && plan.rows.size() == 1) {
        complain("unit " + how.where.unit + ": " + reason_in(got.points[plan.rows[0].value].failure),
                 advice_on_exception(got.exception, plan.rows[0].place, false));
        return false;
    }
    if (!how.json)
        for (const auto& one : plan.rows) print_row(one, plan, got);
    if (!any && got.exception != 0)
        for (const auto& line : advice_on_exception(got.exception, plan.rows[0].place, false))
            std::fprintf(stderr, "  %s\n", line.c_str());
    return any;
}

// ---- Identification --------------------------------------------------------------------------------------------------------

constexpr const char* object_names[] = {"vendor", "product code", "revision", "URL", "product name", "model", "application"};

/// Function 43/14, then 17: what a device has of the two.
int identify(const commission_options& how, const chosen_bus& bus) {
    auto device = device_of(how.where, "device");
    constexpr std::size_t objects = std::size(object_names);
    for (std::size_t i = 0; i < objects; ++i) device.points.push_back("identification: " + std::to_string(i));
    device.points.emplace_back("server_id: true");
    const auto opened = open(bus, {device});
    if (!opened) return exit_failed;
    const auto said = opened->read_some(0, 0, objects);
    if (said.outcome == TIDEGATE_BUS_DOWN || said.outcome == TIDEGATE_DEVICE_DOWN) {
        complain_of_silence(bus, *opened, said, how.where.unit);
        return exit_failed;
    }
    const auto answer = opened->read_some(0, objects, 1);
    std::string json = "{\"unit\":" + how.where.unit;
    bool any = false;
    const auto show = [&](const char* name, const commission_bus::answer& one) {
        if (!one.value) return;
        any = true;
        json += ",\"" + std::string(name) + "\":" + json_of(*one.value);
        if (!how.json) std::printf("%-14s%s\n", name, text_of(*one.value).c_str());
    };
    for (std::size_t i = 0; i < said.points.size(); ++i) show(object_names[i], said.points[i]);
    show("server id", answer.points[0]);
    if (how.json) std::printf("%s}\n", json.c_str());
    if (any) return exit_done;
    if (said.outcome == TIDEGATE_DONE || answer.outcome == TIDEGATE_DONE)
        complain("unit " + how.where.unit + " is there, and doesn't say what it is: " + reason_in(said.points[0].failure) + "; " +
                 reason_in(answer.points[0].failure));
    else
        complain_of_silence(bus, *opened, said, how.where.unit);
    return exit_failed;
}

}  // namespace

int read_command(const commission_options& how) {
    const auto bus = choose(how);
    if (!bus) return exit_usage;
    std::chrono::nanoseconds every{0};
    if (!how.every.empty()) {
        const auto parsed = config::parse_duration(how.every);
        if (!parsed.value || parsed.value->count() == 0) {
            complain("--every " + how.every + (parsed.problem.empty() ? " is no time; write 1s" : ": " + parsed.problem));
            return exit_usage;
        }
        every = *parsed.value;
    }
    if (how.identify) return identify(how, *bus);
    const auto first = place_on(*bus, how, default_keys(how.where));
    if (!first) return exit_usage;
    reading_plan plan{device_of(how.where, "device"), {}, false};
    if (!plan_rows(how, *bus, *first, plan)) return exit_usage;
    const auto opened = open(*bus, {plan.device});
    if (!opened) return exit_failed;

    const stop_signal stop([&] { opened->interrupt(); });
    for (;;) {
        const auto got = opened->read(0);
        const bool good = show(how, plan, *bus, *opened, got);
        std::fflush(stdout);
        if (how.every.empty()) return good ? exit_done : exit_failed;
        if (got.outcome == TIDEGATE_BUS_DOWN && !opened->service().empty()) return exit_failed;  // it won't come back by itself
        if (stop.came() || !stop.sleep(every)) return exit_done;
        if (!how.json && plan.rows.size() > 1) print_time();
    }
}

}  // namespace gateway

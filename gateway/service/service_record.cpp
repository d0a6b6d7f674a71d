// gateway/service/service_record.cpp: see service_record.hpp.
#include "gateway/service/service_record.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "gateway/delivery/payload.hpp"
#include "gateway/delivery/timestamps.hpp"

namespace gateway {
namespace {

constexpr std::string_view memory_name = "service";
constexpr std::uint64_t most = 1'000'000'000;  // nobody counts further

/// The next word, up to a blank; it is taken from `text`.
std::string_view take_word(std::string_view& text) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
    const auto word = take_word(text);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return std::min(number, most);
}

/// "running 12 0 <boot>": the state, the starts, crashes in a row.
store::memory memory_of(std::string_view state, std::uint64_t crashes, const service_record& of) {
    return {std::string(memory_name),
            std::string(state) + ' ' + std::to_string(of.starts) + ' ' + std::to_string(crashes) + ' ' + of.boot};
}

}  // namespace

service_record record_of_start(const std::vector<store::memory>& remembered, const std::string& boot) {
    service_record now;
    now.boot = boot;
    const auto found =
        std::find_if(remembered.begin(), remembered.end(), [](const auto& each) { return each.name == memory_name; });
    if (found == remembered.end()) return now;
    std::string_view text = found->text;
    const auto state = take_word(text);
    const auto starts = take_number(text);
    const auto crashes = take_number(text);
    if (!starts || !crashes) return now;
    now.starts = std::min(*starts + 1, most);
    if (state == "stopped") {
        now.before = last_stop::orderly;
    } else {
        now.before = text == boot || boot.empty() ? last_stop::crash : last_stop::power_loss;
        now.crashes_in_a_row = std::min(*crashes + 1, most);
    }
    return now;
}

store::memory memory_of_running(const service_record& of) { return memory_of("running", of.crashes_in_a_row, of); }
store::memory memory_of_long_run(const service_record& of) { return memory_of("running", 0, of); }
store::memory memory_of_stop(const service_record& of) { return memory_of("stopped", 0, of); }

std::string status_of(const service_record& of, const store::stamp& started, std::string_view version) {
    std::string text = R"({"version":)";
    append_json(text, value{std::string(version)});
    text += ',';
    append_timestamp(text, "started", started);
    text += R"(,"starts":)" + std::to_string(of.starts) + R"(,"crashes_in_a_row":)" + std::to_string(of.crashes_in_a_row) +
            R"(,"last_stop":")" + std::string(name_of(of.before)) + "\"}";
    return text;
}

std::string_view name_of(last_stop how) {
    switch (how) {
        case last_stop::none:
            return "none";
        case last_stop::orderly:
            return "orderly";
        case last_stop::crash:
            return "crash";
        case last_stop::power_loss:
            return "power_loss";
    }
    return "";
}

}  // namespace gateway

// config/publish.cpp: one publish key at a time onto the rules that it overrides.
#include "config/publish.hpp"

#include "config/topic.hpp"
#include "config/units.hpp"

namespace config {
namespace {

constexpr double largest_percentage = 100;

std::chrono::milliseconds to_milliseconds(const value& from) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(from.integer));
}

void apply_topic(const value& from, publish_rules& to, findings& out) {
    if (const auto problem = check_template(from.text)) {
        const auto at = problem->size == 0 ? from.at : part_of(*from.source, problem->from, problem->size);
        return out.error(at, problem->message);
    }
    to.topic = from.text;
    to.topic_where = from.at.where;
}

void apply_deadband(const value& from, publish_rules& to, findings& out) {
    const bool percent = from.text.ends_with('%');
    const auto amount = parse_number(std::string_view(from.text).substr(0, from.text.size() - (percent ? 1 : 0)));
    if (!amount.value)
        return out.error(from.at, "'deadband': " + quoted(from.text) + " is not an amount; write it as '0.5' or '2%'");
    if (*amount.value < 0) return out.error(from.at, "'deadband': " + quoted(from.text) + " is negative");
    if (percent && *amount.value > largest_percentage)
        return out.error(from.at, "'deadband': " + quoted(from.text) + " is out of range; possible is 0% to 100%");
    to.band = {*amount.value, percent};
}

void apply_key(const value& from, publish_rules& to) {
    to.key = idempotency_key::none;
    if (from.text == "property") to.key = idempotency_key::property;
    if (from.text == "json") to.key = idempotency_key::json;
    to.key_where = from.at.where;
}

void check_intervals(const values& from, const publish_rules& rules, findings& out) {
    if (rules.max_interval.count() == 0 || rules.min_interval <= rules.max_interval) return;
    const auto* longest = from.find("max_interval");
    const auto* shortest = from.find("min_interval");
    if (longest == nullptr && shortest == nullptr) return;  // Said at the level that made it so.
    out.error(longest != nullptr ? longest->at : shortest->at, "'min_interval' (" + show_duration(rules.min_interval) +
                                                                   ") is longer than 'max_interval' (" +
                                                                   show_duration(rules.max_interval) + ")");
}

bool is_for_changes(const value& one) {
    const auto& path = one.key->path;
    return !one.key->of_adapter && (path == "deadband" || path == "min_interval" || path == "max_interval");
}

}  // namespace

void apply_publish(const values& from, publish_rules& to, findings& out) {
    if (const auto* topic = from.find("topic")) apply_topic(*topic, to, out);
    if (const auto* band = from.find("deadband")) apply_deadband(*band, to, out);
    if (const auto* format = from.find("format")) to.format = format->text == "raw" ? payload_format::raw : payload_format::json;
    if (const auto* qos = from.find("qos")) {
        to.qos = static_cast<int>(qos->integer);
        to.qos_where = qos->at.where;
    }
    if (const auto* retain = from.find("retain")) to.retain = retain->integer != 0;
    if (const auto* mode = from.find("mode"))
        to.mode = mode->text == "on_change" ? publish_mode::on_change : publish_mode::every_poll;
    if (const auto* shortest = from.find("min_interval")) to.min_interval = to_milliseconds(*shortest);
    if (const auto* longest = from.find("max_interval")) to.max_interval = to_milliseconds(*longest);
    if (const auto* expiry = from.find("expiry"))
        to.expiry = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(expiry->integer));
    if (const auto* key = from.find("idempotency_key")) apply_key(*key, to);
    check_intervals(from, to, out);
}

void warn_of_unused(const values& level, bool any_on_change, findings& out) {
    if (any_on_change) return;
    for (const auto& one : level.all)
        if (is_for_changes(one)) out.warning(one.key_at, quoted(one.key->path) + " has no effect without 'mode: on_change'");
}

}  // namespace config

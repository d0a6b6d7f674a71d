// adapters/process/lines.cpp: JSON by Boost.JSON, compiled here and nowhere else.
#include "adapters/process/lines.hpp"

#include <boost/json/src.hpp>
#include <type_traits>

namespace process {
namespace {

namespace json = boost::json;

json::array array_of(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

std::string line_of(const json::object& what) { return json::serialize(what) + '\n'; }

json::value json_of(const value& what) {
    return std::visit(
        [](const auto& it) -> json::value {
            using type = std::decay_t<decltype(it)>;
            if constexpr (std::is_same_v<type, no_value>)
                return nullptr;
            else
                return json::value(it);
        },
        what);
}

/// A reason or a name as it may be shown: bounded.
std::string phrase(const json::value& from, std::string_view otherwise) {
    constexpr std::size_t most = 500;
    if (!from.is_string()) return std::string(otherwise);
    return std::string(std::string_view(from.as_string()).substr(0, most));
}

std::optional<value> value_of(const json::value& from) {
    switch (from.kind()) {
        case json::kind::null:
            return no_value{};
        case json::kind::bool_:
            return from.as_bool();
        case json::kind::int64:
            return from.as_int64();
        case json::kind::uint64:
            return from.as_uint64();
        case json::kind::double_:
            return from.as_double();
        case json::kind::string:
            return std::string(from.as_string());
        default:
            return std::nullopt;
    }
}

spoken understand_values(std::uint64_t id, const json::object& line) {
    poll_answer result;
    if (const auto* values = line.if_contains("values")) {
        if (!values->is_object()) return nonsense{"\"values\" is no object"};
        for (const auto& each : values->get_object()) {
            auto one = value_of(each.value());
            if (one)
                result.values.emplace_back(each.key(), std::move(*one));
            else
                result.failures.emplace_back(each.key(), "the program gives a list or an object where a value belongs");
        }
    }
    if (const auto* failures = line.if_contains("failures")) {
        if (!failures->is_object()) return nonsense{"\"failures\" is no object"};
        for (const auto& each : failures->get_object())
            result.failures.emplace_back(each.key(), phrase(each.value(), "failed; the program doesn't say why"));
    }
    return answer{id, std::move(result)};
}

spoken understand_answer(std::uint64_t id, const json::object& line) {
    if (const auto* why = line.if_contains("silent"))
        return answer{id, poll_answer{poll_status::silent, phrase(*why, "no answer"), {}, {}}};
    if (const auto* why = line.if_contains("down"))
        return answer{id, poll_answer{poll_status::down, phrase(*why, "the bus can't be reached"), {}, {}}};
    if (line.contains("accepted")) return answer{id, write_answer{}};
    if (const auto* why = line.if_contains("rejected")) return answer{id, write_answer{write_status::rejected, phrase(*why, "")}};
    if (const auto* why = line.if_contains("refused")) return answer{id, write_answer{write_status::refused, phrase(*why, "")}};
    if (const auto* why = line.if_contains("unanswered"))
        return answer{id, write_answer{write_status::unanswered, phrase(*why, "")}};
    if (line.contains("values") || line.contains("failures")) return understand_values(id, line);
    return nonsense{
        "an answer has \"values\", \"failures\", \"silent\" or \"down\"; to a write \"accepted\", \"rejected\", \"refused\" or "
        "\"unanswered\""};
}

}  // namespace

std::string start_line(const bus_definition& of) {
    json::array devices;
    for (std::size_t d = 0; d < of.devices.size(); ++d) {
        json::array points;
        for (const auto& point : of.points)
            if (point.device == d)
                points.push_back({{"name", point.name}, {"address", point.address}, {"options", array_of(point.options)}});
        const auto& device = of.devices[d];
        devices.push_back(
            {{"name", device.name}, {"address", device.address}, {"options", array_of(device.options)}, {"points", points}});
    }
    return line_of({{"tidegate", 1}, {"start", {{"bus", of.name}, {"options", array_of(of.options)}, {"devices", devices}}}});
}

std::string poll_line(std::uint64_t id, const bus_definition& of, std::size_t device, std::span<const std::uint32_t> points,
                      bool probe) {
    json::array names;
    for (const auto point : points) names.emplace_back(of.points[point].name);
    return line_of({{"id", id}, {"poll", {{"device", of.devices[device].name}, {"points", names}, {"probe", probe}}}});
}

std::string write_line(std::uint64_t id, const bus_definition& of, std::size_t device,
                       std::span<const std::pair<std::uint32_t, value>> values) {
    json::object all;
    for (const auto& [point, what] : values) all[of.points[point].name] = json_of(what);
    return line_of({{"id", id}, {"write", {{"device", of.devices[device].name}, {"values", all}}}});
}

spoken understand(std::string_view text) {
    boost::system::error_code error;
    json::parse_options strict;
    strict.max_depth = 4;
    const json::value line = json::parse(text, error, {}, strict);
    if (error) return nonsense{"not JSON (" + error.message() + ')'};
    if (!line.is_object()) return nonsense{"not a JSON object"};
    const auto& object = line.get_object();
    if (object.contains("ready")) return ready{};
    if (const auto* why = object.if_contains("failed")) return ready{phrase(*why, "it doesn't say why")};
    const auto* id = object.if_contains("id");
    if (id == nullptr || !id->is_number()) return nonsense{"no \"id\" of the request that it answers"};
    boost::system::error_code out_of_range;
    const auto number = id->to_number<std::uint64_t>(out_of_range);
    if (out_of_range) return nonsense{"\"id\" is no request's"};
    return understand_answer(number, object);
}

}  // namespace process

// config/json_schema.cpp: a schema for each section; a bus's, device's and point's for each adapter, chosen by `adapter`.
#include "config/json_schema.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "config/grammar.hpp"
#include "config/json_schema_value.hpp"
#include "config/key_words.hpp"

namespace config {
namespace {

/// As topic.cpp's name_problem() has it.
constexpr const char* name_pattern = "^[^/+#{}$ ]([^/+#{}]{0,62}[^/+#{} ])?$";

std::string name_of(section where, const std::string& adapter) {
    static constexpr std::array<const char*, section_count> names = {
        "file", "gateway", "mqtt", "buffer", "publish", "bus", "device", "point", "template_file", "template", "http"};
    static_assert(names.back() != nullptr, "a section has no name");
    const std::string name = names[static_cast<std::size_t>(where)];
    const bool by_adapter = where == section::bus || where == section::device || where == section::point;
    return by_adapter && !adapter.empty() ? name + '-' + adapter : name;
}

std::string reference(section where, const std::string& adapter) {
    return json_pair("$ref", json_text("#/definitions/" + name_of(where, adapter)));
}

class section_writer {
public:
    section_writer(section where, const grammar& rules, const std::string& adapter)
        : where_(where), rules_(rules), adapter_(adapter) {}

    std::string write() { return map_of(""); }

private:
    std::string map_of(const std::string& inside);
    std::string value_of(const definition& key);
    std::string rules_beside(const std::string& inside) const;

    section where_;
    const grammar& rules_;
    const std::string& adapter_;
};

std::string section_writer::value_of(const definition& key) {
    section below{};
    if (!section_below(where_, key.path, below)) return json_value(key);
    const auto to = reference(below, adapter_);
    const auto help = json_pair("description", json_text(key.help));
    if (key.form != form::named) return json_object({help, json_pair("allOf", "[" + json_object({to}) + "]")});
    return json_object({help, json_pair("type", json_text("object")), json_pair("minProperties", "1"),
                        json_pair("propertyNames", json_object({json_pair("pattern", json_text(name_pattern)),
                                                                json_pair("patternErrorMessage", json_text("a name of at most 64 "
                                                                                                           "characters, without "
                                                                                                           "/ + # { }"))})),
                        json_pair("additionalProperties", json_object({to}))});
}

/// What the table says of several keys, and what the readers do (destination.cpp, buses.cpp, write.cpp).
std::string section_writer::rules_beside(const std::string& inside) const {
    if (where_ == section::mqtt && inside == "proxy.") return R"("required":["url"])";
    if (where_ == section::http && inside == "tls.") return R"("required":["cert"])";
    if (where_ == section::point && inside == "write.fail_safe.") return R"("required":["value","after"])";
    if (!inside.empty()) return {};
    if (where_ == section::mqtt) return R"("oneOf":[{"required":["url"]},{"required":["urls"]}])";
    if (where_ == section::device) return R"("dependencies":{"only":["template"],"except":["template"]})";
    return {};
}

std::string section_writer::map_of(const std::string& inside) {
    std::vector<std::string> properties;
    std::vector<std::string> required;
    std::vector<std::string> alternatives;
    std::vector<std::string> seen;
    for (const auto* key : rules_.keys(where_)) {
        if (!key->path.starts_with(inside) || key->form == form::unbuilt) continue;
        const auto rest = key->path.substr(inside.size());
        const auto name = rest.substr(0, rest.find('.'));
        if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
        seen.push_back(name);
        const auto* itself = rules_.find(where_, inside + name);
        const bool has_keys = rules_.is_map(where_, inside + name);
        auto value = has_keys ? map_of(inside + name + '.') : value_of(*itself);
        if (has_keys && itself != nullptr) value = with_description(value, itself->help);
        properties.push_back(json_pair(name, value));
        if (itself == nullptr || !itself->required) continue;
        if (itself->replaced_by.empty())
            required.push_back(json_text(name));
        else
            alternatives = {json_object({json_pair("required", "[" + json_text(name) + "]")}),
                            json_object({json_pair("required", "[" + json_text(itself->replaced_by) + "]")})};
    }
    std::vector<std::string> parts = {json_pair("type", json_text("object")), json_pair("additionalProperties", "false"),
                                      json_pair("properties", json_object(properties))};
    if (!inside.empty()) parts.push_back(json_pair("minProperties", "1"));
    if (!required.empty()) parts.push_back(json_pair("required", json_array(required)));
    if (!alternatives.empty()) parts.push_back(json_pair("anyOf", json_array(alternatives)));
    if (const auto beside = rules_beside(inside); !beside.empty()) parts.push_back(beside);
    return json_object(parts);
}

/// Until `adapter` is there, an editor offers it and what all buses have; then the adapter's keys, and says which are none.
std::string bus_of_any(std::span<const vocabulary> vocabularies) {
    std::vector<std::string> names;
    std::vector<std::string> branches;
    for (const auto& one : vocabularies) {
        names.push_back(json_text(one.adapter));
        branches.push_back(json_object(
            {json_pair("if", R"({"required":["adapter"],"properties":{"adapter":{"const":)" + json_text(one.adapter) + "}}}"),
             json_pair("then", json_object({reference(section::bus, one.adapter)}))}));
    }
    std::string help;
    for (const auto& one : schema())
        if (one.section == section::bus && one.path == "adapter") help = one.help;
    const auto adapter = json_object({json_pair("description", json_text(help)), json_pair("enum", json_array(names))});
    return json_object({json_pair("type", json_text("object")), json_pair("required", R"(["adapter","devices"])"),
                        json_pair("properties", json_object({json_pair("adapter", adapter)})),
                        json_pair("allOf", json_array(branches))});
}

/// A template's device, by what its header says of the adapter; one that extends another may leave it out.
std::string template_of_any(std::span<const vocabulary> vocabularies, const std::string& plain) {
    std::vector<std::string> branches;
    for (const auto& one : vocabularies) {
        const auto condition = R"({"required":["template"],"properties":{"template":{"required":["adapter"],"properties":)"
                               R"({"adapter":{"const":)" +
                               json_text(one.adapter) + "}}}}}";
        branches.push_back(json_object(
            {json_pair("if", condition),
             json_pair("then", R"({"properties":{"device":)" + json_object({reference(section::device, one.adapter)}) + "}}")}));
    }
    return plain.substr(0, plain.size() - 1) + "," + json_pair("allOf", json_array(branches)) + "}";
}

}  // namespace

std::string json_schema(schema_of what, std::span<const vocabulary> vocabularies) {
    const grammar own(nullptr);
    const std::string none;
    std::vector<std::string> definitions;
    const auto define = [&](section where, const grammar& rules, const std::string& adapter, bool loose = false) {
        auto body = section_writer(where, rules, adapter).write();
        if (loose) body = without_need(body);
        definitions.push_back(json_pair(name_of(where, adapter), body));
    };
    const bool of_template = what == schema_of::template_file;
    for (const auto where :
         {section::gateway, section::mqtt, section::buffer, section::publish, section::http, section::template_header})
        if ((where == section::template_header) == of_template || where == section::publish) define(where, own, none);
    for (const auto& one : vocabularies) {
        const grammar rules(&one);
        if (!of_template) define(section::bus, rules, one.adapter);
        define(section::device, rules, one.adapter, of_template);
        define(section::point, rules, one.adapter);
    }
    if (!of_template) definitions.push_back(json_pair("bus", bus_of_any(vocabularies)));
    if (of_template) definitions.push_back(json_pair("device", R"({"type":"object"})"));
    auto root = section_writer(of_template ? section::template_file : section::file, own, none).write();
    if (of_template) root = template_of_any(vocabularies, root);
    const auto title = of_template ? "Tidegate: a device template" : "Tidegate: the config file";
    const auto start = json_pair("$schema", json_text("http://json-schema.org/draft-07/schema#")) + "," +
                       json_pair("title", json_text(title)) + ",";
    return indented("{" + start + root.substr(1, root.size() - 2) + "," + json_pair("definitions", json_object(definitions)) +
                    "}");
}

}  // namespace config

// gateway/commission/register_output.cpp: one line a point, as the templates that come with Tidegate have it.
#include "gateway/commission/register_output.hpp"

#include <algorithm>

#include "config/source.hpp"
#include "gateway/delivery/payload.hpp"

namespace gateway {
namespace {

bool is_plain(const std::string& text) {
    const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '/'; };
    const bool word =
        !text.empty() && std::all_of(text.begin(), text.end(), fits) && std::isalpha(static_cast<unsigned char>(text[0]));
    return word && text != "null" && text != "true" && text != "false" && text != "n" && text != "y" && text != "no" &&
           text != "yes";
}

/// JSON's strings are YAML's, too.
std::string scalar(const std::string& text) {
    if (is_plain(text)) return text;
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string one_line(const std::string& text) {
    std::string out;
    for (std::string_view rest = text; !rest.empty();) {
        const auto c = config::first_character(rest);
        const bool hidden = c.code < 0x20 || (c.code >= 0x7F && c.code < 0xA0) || c.code == 0x2028 || c.code == 0x2029;
        out += hidden ? " " : rest.substr(0, c.bytes);
        rest.remove_prefix(c.bytes);
    }
    return out;
}

std::string point_text(const register_point& one, notation how) {
    std::string out = scalar(one.name) + ": { ";
    const bool modicon = how == notation::modicon && one.table != register_table::coil;
    // Of coils Modicon's number is the one that counts from 1.
    const auto number = how == notation::modicon && one.table == register_table::coil ? one.number - 1 : one.number;
    out += (modicon ? "register" : name_of(one.table)) + std::string(": ") + std::to_string(number);
    if (!one.type.empty()) out += ", type: " + one.type;
    if (one.bit) out += ", bit: " + std::to_string(*one.bit);
    if (one.type == "string") out += ", length: " + std::to_string(one.registers);
    if (!one.order.empty()) out += ", order: " + one.order;
    if (!one.scale.empty()) out += ", scale: " + one.scale;
    if (!one.offset.empty()) out += ", offset: " + one.offset;
    if (!one.unit.empty()) out += ", unit: " + scalar(one.unit);
    out += " }";
    std::string comment = one.writable ? "RW" : "";
    if (!one.comment.empty()) comment += (comment.empty() ? "" : "; ") + one_line(one.comment);
    return comment.empty() ? out : out + "  # " + comment;
}

std::string about(const register_list& list, const import_words& words) {
    static constexpr const char* from[] = {"from 0, as the protocol does", "from 1", "as Modicon's numbers"};
    std::string out =
        "# From " + one_line(words.source) + ", by 'tidegate import'. Compare some points with the maker's document.\n";
    out += std::string("# Addresses are read ") + from[static_cast<std::size_t>(list.notation)] +
           (list.sure ? ": " : ", a guess: ") + list.why_notation + ".\n";
    for (const auto& note : list.notes) out += "# Assumed: " + one_line(note) + ".\n";
    return out;
}

void add_points(written_points& to, const register_list& list, const std::string& indent) {
    to.first_line = static_cast<std::size_t>(std::count(to.text.begin(), to.text.end(), '\n')) + 1;
    for (const auto& one : list.points) to.text += indent + point_text(one, list.notation) + '\n';
}

std::string base_line(const register_list& list, const std::string& indent) {
    return list.notation == notation::from_1 ? indent + "base: 1\n" : "";
}

}  // namespace

written_points template_of(const register_list& list, const import_words& words) {
    written_points out;
    out.text = about(list, words) + "template:\n  description: " + scalar(words.description) +
               "\n  adapter: modbus\n  sources:\n    - " + scalar(words.source) + "\ndevice:\n  every: 10s\n" +
               base_line(list, "  ") + "  points:\n";
    add_points(out, list, "    ");
    return out;
}

written_points config_of(const register_list& list, const import_words& words) {
    written_points out;
    out.text = about(list, words) +
               "gateway: { id: gateway1 }          # a name of its own\n"
               "mqtt:\n"
               "  url: mqtt://127.0.0.1           # the broker\n"
               "buses:\n"
               "  bus1:\n"
               "    adapter: modbus\n"
               "    " +
               words.bus_keys +
               "\n"
               "    devices:\n"
               "      " +
               scalar(words.device) + ":\n        unit: " + std::to_string(words.unit) + "\n        every: 10s\n" +
               base_line(list, "        ") + "        points:\n";
    add_points(out, list, "          ");
    return out;
}

}  // namespace gateway

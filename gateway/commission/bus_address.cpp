// gateway/commission/bus_address.cpp: see bus_address.hpp.
#include "gateway/commission/bus_address.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "config/findings.hpp"
#include "config/suggest.hpp"

namespace gateway {
namespace {

/// A scheme, the map of the config file that it stands for, and the port that it needs not name.
struct way {
    std::string_view scheme;
    std::string_view map;
    std::string_view port;  // empty: it must be named
};
constexpr std::array ways{
    way{"tcp", "tcp", "502"},
    way{"tls", "tls", "802"},
    way{"udp", "udp", "502"},
    way{"rtu+tcp", "rtu_over_tcp", ""},
    way{"ascii+tcp", "ascii_over_tcp", ""},
    way{"rtu+udp", "rtu_over_udp", ""},
    way{"rtu", "serial", ""},
    way{"ascii", "serial", ""},
};
constexpr const char* forms =
    "write tcp://10.0.0.5, rtu:///dev/ttyUSB0?baud=19200&parity=even, rtu+tcp://10.0.0.5:4001, tls://10.0.0.5, or with -c FILE "
    "the name of one of its buses";

const way* way_of(std::string_view scheme) {
    const auto* found = std::find_if(ways.begin(), ways.end(), [&](const way& one) { return one.scheme == scheme; });
    return found == ways.end() ? nullptr : found;
}

option_error wrong(std::string_view typed, const std::string& what) {
    return option_error::because(config::quoted(typed) + ": " + what);
}

bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct host_and_port {
    std::string_view host, port;
    std::string fault = {};
};
host_and_port split(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return {{}, {}, "the ']' behind the IPv6 address is missing"};
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && !rest.starts_with(':')) return {{}, {}, "after the ']' only a :port can follow"};
        return {text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1), rest == ":" ? "the port is missing" : ""};
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return {text, {}};
    if (text.find(':', colon + 1) != std::string_view::npos)
        return {{}, {}, "an IPv6 address is written in brackets, [" + std::string(text) + "]"};
    return {text.substr(0, colon), text.substr(colon + 1), colon + 1 == text.size() ? "the port is missing" : ""};
}

/// What was meant by something without a scheme.
option_error without_scheme(std::string_view typed) {
    const auto parts = split(typed);
    const bool is_host = parts.fault.empty() && typed.find('.') != std::string_view::npos;
    if (is_host || (parts.fault.empty() && is_number(parts.port))) {
        const std::string text(typed);
        return wrong(typed, "the protocol is missing; did you mean tcp://" + text +
                                (parts.port.empty() || parts.port == "502"
                                     ? ""
                                     : ", or for a serial server that passes RTU through rtu+tcp://" + text) +
                                "?");
    }
    if (typed.starts_with("tty") || typed.starts_with("dev/"))
        return wrong(typed, "did you mean /dev/" + std::string(typed.substr(typed.starts_with("dev/") ? 4 : 0)) + "?");
    return wrong(typed, std::string("is no bus; ") + forms);
}

const config::adapter_key* bus_key(const config::vocabulary& words, const std::string& path) {
    for (const auto& each : words.keys)
        if (each.scope == config::scope::bus && each.path == path) return &each;
    return nullptr;
}

/// baud=19200&timeout=2s
std::string take_parameters(std::string_view text, const std::string& map, const config::vocabulary& words,
                            std::vector<config::setting>& to) {
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
        const std::size_t equals = one.find('=');
        if (equals == std::string_view::npos || equals == 0 || equals + 1 == one.size())
            return config::quoted(one) + " is no setting; write NAME=VALUE, and '&' between two";
        const std::string name(one.substr(0, equals));
        const std::string in_map = map + '.' + name;
        const auto* known = bus_key(words, in_map);
        if (known == nullptr) known = bus_key(words, name);
        if (known == nullptr) {
            std::vector<std::string> names;
            for (const auto& each : words.keys)
                if (each.scope == config::scope::bus)
                    names.push_back(each.path.starts_with(map + '.') ? each.path.substr(map.size() + 1) : each.path);
            return "there is no setting " + config::quoted(name) + " of this bus" + config::did_you_mean(name, names);
        }
        if (find(to, known->path) != nullptr) return "the setting " + config::quoted(name) + " is there twice";
        set(to, known->path, one.substr(equals + 1));
    }
    return "";
}

option_result<bus_address> address_of(std::string_view typed, const way& over, std::string_view rest,
                                      const config::vocabulary& words) {
    bus_address made{"modbus", {}};
    const std::string map(over.map);
    const std::size_t question = rest.find('?');
    const std::string_view place = rest.substr(0, question);
    if (over.map == "serial") {
        if (!place.starts_with('/'))
            return wrong(typed, "a port is a path; write " + std::string(over.scheme) + ":///dev/" +
                                    (place.empty() ? "ttyUSB0" : std::string(place.substr(place.rfind('/') + 1))));
        set(made.settings, "serial.port", place);
        if (over.scheme == "ascii") set(made.settings, "serial.mode", "ascii");
    } else {
        const bool has_path = place.find('/') != std::string_view::npos;
        const auto parts = split(has_path ? place.substr(0, place.find('/')) : place);
        if (!parts.fault.empty()) return wrong(typed, parts.fault);
        if (has_path) return wrong(typed, "nothing can follow the host but its port and '?'; settings go behind the '?'");
        if (parts.host.empty()) return wrong(typed, "the host is missing");
        if (!parts.port.empty() && !is_number(parts.port)) return wrong(typed, config::quoted(parts.port) + " is no port");
        if (parts.port.empty() && over.port.empty())
            return wrong(typed, "the port is missing, and serial servers have no usual one; write " + std::string(over.scheme) +
                                    "://" + std::string(place) + ":PORT");
        set(made.settings, map + ".host", parts.host);
        set(made.settings, map + ".port", parts.port.empty() ? over.port : parts.port);
    }
    if (question != std::string_view::npos)
        if (const auto fault = take_parameters(rest.substr(question + 1), map, words, made.settings); !fault.empty())
            return wrong(typed, fault);
    return made;
}

void append_leaf(std::string& to, const std::vector<config::setting>& all, std::size_t from, std::size_t end,
                 config::value_kind kind) {
    if (kind == config::value_kind::text_by_number) {
        for (std::size_t i = from; i < end; ++i)
            to += (i == from ? "{ " : ", ") + std::to_string(all[i].integer) + ": " + quoted_scalar(all[i].text);
        to += " }";
        return;
    }
    const bool list = end - from > 1;
    for (std::size_t i = from; i < end; ++i) to += (i > from ? ", " : list ? "[" : "") + quoted_scalar(all[i].text);
    if (list) to += ']';
}

/// Of those whose path begins with `inside`.
std::string flow_of(const std::vector<config::setting>& all, const std::string& inside, config::scope scope,
                    const config::vocabulary& words) {
    std::string text;
    std::vector<std::string> done;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!all[i].path.starts_with(inside)) continue;
        const std::string rest = all[i].path.substr(inside.size());
        const std::string name = rest.substr(0, rest.find('.'));
        if (std::find(done.begin(), done.end(), name) != done.end()) continue;
        done.push_back(name);
        text += (text.empty() ? "" : ", ") + name + ": ";
        if (name != rest) {
            text += "{ " + flow_of(all, inside + name + '.', scope, words) + " }";
            continue;
        }
        std::size_t end = i;
        while (end < all.size() && all[end].path == all[i].path) ++end;
        const auto known = std::find_if(words.keys.begin(), words.keys.end(),
                                        [&](const auto& key) { return key.scope == scope && key.path == all[i].path; });
        append_leaf(text, all, i, end, known == words.keys.end() ? config::value_kind::text : known->kind);
    }
    return text;
}

}  // namespace

option_result<bus_address> bus_address_of(std::string_view typed, const config::vocabulary& words) {
    if (typed.starts_with('/')) return address_of(typed, *way_of("rtu"), typed, words);
    const std::size_t end = typed.find("://");
    if (end == std::string_view::npos) return without_scheme(typed);
    const std::string scheme(typed.substr(0, end));
    if (const auto* over = way_of(scheme)) return address_of(typed, *over, typed.substr(end + 3), words);
    std::vector<std::string> schemes;
    for (const auto& one : ways) schemes.emplace_back(one.scheme);
    return wrong(typed, "the protocols are tcp, tls, udp, rtu, ascii, rtu+tcp, ascii+tcp and rtu+udp" +
                            config::did_you_mean(scheme, schemes));
}

std::string place_of(const std::vector<config::setting>& settings) {
    if (const auto* port = find(settings, "serial.port")) return port->text;
    for (const auto& over : ways) {
        const auto* host = find(settings, std::string(over.map) + ".host");
        if (host == nullptr) continue;
        const auto* port = find(settings, std::string(over.map) + ".port");
        const bool v6 = host->text.find(':') != std::string::npos;
        return std::string(over.scheme) + "://" + (v6 ? '[' + host->text + ']' : host->text) + ':' +
               (port ? port->text : std::string(over.port));
    }
    return "";
}

void set(std::vector<config::setting>& settings, std::string_view path, std::string_view text) {
    std::erase_if(settings, [&](const config::setting& one) { return one.path == path; });
    config::setting made;
    made.path = path;
    made.text = text;
    settings.push_back(std::move(made));
}

const config::setting* find(const std::vector<config::setting>& settings, std::string_view path) {
    const auto found = std::find_if(settings.begin(), settings.end(), [&](const auto& one) { return one.path == path; });
    return found == settings.end() ? nullptr : &*found;
}

std::string flow_text(const std::vector<config::setting>& settings, config::scope scope, const config::vocabulary& words) {
    return flow_of(settings, "", scope, words);
}

std::string quoted_scalar(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
            quoted += c;
            continue;
        }
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
        quoted += escaped;
    }
    return quoted + '"';
}

}  // namespace gateway

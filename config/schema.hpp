// config/schema.hpp: the keys of the config file as data: where each stands, how its value is written, and what it is for.
// Not here: an adapter's keys (vocabulary.hpp); they join in grammar.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace config {

/// A map of the file with keys of its own; two of them are those of a template's file.
enum class section : std::uint8_t {
    file,
    gateway,
    mqtt,
    buffer,
    publish,
    bus,
    device,
    point,
    template_file,
    template_header,
    http
};
constexpr std::size_t section_count = 11;

/// How a value is written. `named`: a map from names to the next section; `text_by_name`: a map from names to text; `deadband`:
/// `0.5` or `2%`; `topic`: with {placeholders}; `secret`: `@env:NAME`, `@file:/path` or `@cred:NAME`; `map`: keys inside, which
/// are a section, or stand in the table as `map.key`.
enum class form : std::uint8_t {
    text,
    choice,
    integer,
    number,
    boolean,
    duration,
    size,
    number_list,
    text_list,
    text_by_number,
    text_by_name,
    deadband,
    topic,
    secret,
    url,
    url_list,
    map,
    named,
    unbuilt
};

struct definition {
    config::section section = section::file;
    config::form form = form::text;
    std::string path = {};                  // in its section; dots for a map inside
    std::vector<std::string> choices = {};  // all that are built
    std::int64_t least = 0;                 // integer, duration (ns), size (bytes); least == most == 0: no limit
    std::int64_t most = 0;                  // of text: bytes, if not 0
    std::int64_t step = 0;                  // duration: a multiple of this
    bool zero_allowed = false;              // beside `least`
    bool required = false;
    std::string replaced_by = {};  // required, unless this key is there
    std::string fallback = {};     // as it would be written
    std::string help = {};
    std::string unbuilt = {};                       // form::unbuilt: what this version does instead
    std::vector<std::string> unbuilt_choices = {};  // designed, not built yet
    std::string unbuilt_list = {};                  // form::map: what to say of a list, which is designed, not built yet
    bool empty_allowed = false;                     // text
    std::vector<std::string> synonyms = {};         // what other programs call it; a hint, never accepted
    bool of_adapter = false;
};

/// In the order in which a file is written.
std::span<const definition> schema();

}  // namespace config

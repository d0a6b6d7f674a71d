// config/vocabulary.hpp: the keys that an adapter adds to the config file, as data, so that its part is read as strictly as the
// rest. Not here: the keys of the file itself (schema.hpp); what an adapter makes of a setting.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace config {

enum class scope : std::uint8_t { bus, device, point };

/// How a value is written. `number_list`, `text_list`: one or several; `text_by_number`: a map of integers to text;
/// `unbuilt`: designed, not built yet, and refused with just these words.
enum class value_kind : std::uint8_t {
    text,
    choice,
    integer,
    number,
    boolean,
    duration,
    number_list,
    text_by_number,
    unbuilt,
    text_list
};

struct adapter_key {
    config::scope scope = scope::point;
    value_kind kind = value_kind::text;
    std::string path;  // "register", "serial.port"
    std::vector<std::string> choices;
    std::int64_t least = 0;  // integer; duration in ns. least == most == 0: no limit
    std::int64_t most = 0;
    std::string help;
};

struct vocabulary {
    std::string adapter;
    std::vector<adapter_key> keys;
};

}  // namespace config

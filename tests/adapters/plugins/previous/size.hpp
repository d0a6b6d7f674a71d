// tests/adapters/plugins/previous/size.hpp: the sizes of the interface's structs in its first version, for a test that has both.
// Not here: the structs; the two headers can't be in one file.
#pragma once

#include <cstddef>

struct previous_adapter_size_table {
    std::size_t readings, adapter, poll, candidate, value, setting, key, bus_config, planned_request;
};
extern const previous_adapter_size_table previous_adapter_sizes;

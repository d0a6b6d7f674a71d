// tests/adapters/plugins/previous/size.cpp: see size.hpp.
// Not here: today's header.
#include "tests/adapters/plugins/previous/size.hpp"

#include "tests/adapters/plugins/previous/adapter.h"

const previous_adapter_size_table previous_adapter_sizes{
    sizeof(tidegate_readings),  sizeof(tidegate_adapter),    sizeof(tidegate_poll),
    sizeof(tidegate_candidate), sizeof(tidegate_value),      sizeof(tidegate_setting),
    sizeof(tidegate_key),       sizeof(tidegate_bus_config), sizeof(tidegate_planned_request)};

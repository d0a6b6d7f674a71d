// tests/adapters/interface_test.cpp: what adapter.h promises of its versions, seen from an adapter: an older host ends its
// structs earlier. Not here: older adapters in this host (tests/gateway/bus/adapter_process_test.cpp).
#include <catch2/catch.hpp>
#include <cstddef>
#include <memory>

#include "adapters/adapter.hpp"
#include "tests/adapters/plugins/previous/size.hpp"

TEST_CASE("adapter.h: its first version's structs are where they were; what came since stands behind them",
          "[adapter_interface]") {
    CHECK(offsetof(tidegate_readings, learned) == previous_adapter_sizes.readings);
    CHECK(offsetof(tidegate_adapter, write) == previous_adapter_sizes.adapter);
    CHECK(sizeof(tidegate_poll) == previous_adapter_sizes.poll);
    CHECK(sizeof(tidegate_candidate) == previous_adapter_sizes.candidate);
    CHECK(sizeof(tidegate_value) == previous_adapter_sizes.value);
    CHECK(sizeof(tidegate_setting) == previous_adapter_sizes.setting);
    CHECK(sizeof(tidegate_key) == previous_adapter_sizes.key);
    CHECK(offsetof(tidegate_bus_config, writable) == previous_adapter_sizes.bus_config);
    CHECK(sizeof(tidegate_planned_request) == previous_adapter_sizes.planned_request);
}

TEST_CASE("adapter.hpp: an older host isn't told what it doesn't know", "[adapter_interface]") {
    struct older_host {
        int notes = 0;
    } host;
    tidegate_readings readings{};
    readings.struct_size = static_cast<std::uint32_t>(previous_adapter_sizes.readings);
    readings.context = &host;
    readings.note = [](void* self, const char*) { ++static_cast<older_host*>(self)->notes; };
    // Whatever lies behind the older struct in memory is not a function.
    readings.learned = reinterpret_cast<void (*)(void*, std::uint32_t, const char*)>(std::uintptr_t{1});
    const tidegate::readings to(readings);
    to.learned(0, "holes");
    to.note("alive");
    CHECK(host.notes == 1);
}

TEST_CASE("adapter.hpp: a host that doesn't tell what is writable isn't asked", "[adapter_interface]") {
    const std::uint8_t writable[] = {0, 1};
    tidegate_bus_config config{};
    config.struct_size = sizeof config;
    CHECK_FALSE(tidegate::is_writable(config, 1));
    config.writable = writable;
    CHECK(tidegate::is_writable(config, 1));
    CHECK_FALSE(tidegate::is_writable(config, 0));
    config.struct_size = static_cast<std::uint32_t>(previous_adapter_sizes.bus_config);
    CHECK_FALSE(tidegate::is_writable(config, 1));
}

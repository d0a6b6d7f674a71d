// adapters/serial/serial_entry.cpp: the one symbol that the shared object exports, and the wiring behind it.
// Not here: anything that could be tested without a wire.
#include <variant>

#include "adapters/serial/keys.hpp"
#include "adapters/serial/serial.hpp"

namespace serial {
namespace {

std::unique_ptr<tidegate::bus> make(const tidegate_bus_config& config, tidegate::faults& to) {
    auto definition = read_definition(config, to);
    if (to.count() > 0) return nullptr;
    auto wire = std::visit([](const auto& how) { return make_channel(how); }, definition.wire);
    const auto serving = [](const wire_settings& where) {
        return std::visit([](const auto& how) { return make_server(how); }, where);
    };
    return std::make_unique<bus>(std::move(definition), std::move(wire), serving);
}

}  // namespace
}  // namespace serial

extern "C" __attribute__((visibility("default"))) const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi) {
    static const tidegate_adapter adapter =
        tidegate::describe<serial::make>("serial", TIDEGATE_VERSION, serial::config_keys(), tidegate::serves::yes);
    return host_abi == TIDEGATE_ADAPTER_ABI ? &adapter : nullptr;
}

// adapters/modbus/modbus_entry.cpp: the one symbol that the shared object exports, and the wiring behind it.
// Not here: anything that could be tested without a wire.
#include <cassert>
#include <variant>

#include "adapters/modbus/keys.hpp"
#include "adapters/modbus/modbus.hpp"

namespace modbus {
namespace {

/// A way that nothing can be simulated over isn't read from a config either.
template <typename Settings>
std::unique_ptr<server> server_for(const Settings& where) {
    if constexpr (requires { make_server(where); }) return make_server(where);
    assert(false);
    return nullptr;
}

std::unique_ptr<tidegate::bus> make(const tidegate_bus_config& config, tidegate::faults& to) {
    auto definition = read_definition(config, to);
    if (to.count() > 0) return nullptr;
    auto wire = make_link(definition.wire);
    const auto serving = [](const wire_settings& where) {
        return std::visit([](const auto& how) { return server_for(how); }, where);
    };
    return std::make_unique<bus>(std::move(definition), std::move(wire), serving);
}

}  // namespace
}  // namespace modbus

extern "C" __attribute__((visibility("default"))) const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi) {
    static const tidegate_adapter adapter =
        tidegate::describe<modbus::make>("modbus", TIDEGATE_VERSION, modbus::config_keys(), tidegate::serves::yes);
    return host_abi == TIDEGATE_ADAPTER_ABI ? &adapter : nullptr;
}

// gateway/bus/adapter_loaded.hpp: an adapter loaded into this process: dlopen, the version handshake, and its buses.
// Not here: which adapters there are (adapter_host.hpp), and those that run in a process of their own (adapter_process.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/bus/adapter_bus.hpp"

namespace gateway {

class loaded_adapter final : public installed_adapter {
public:
    /// Null, with `why`: not an adapter, or one of another version.
    static std::unique_ptr<loaded_adapter> load(const std::filesystem::path& object, std::string& why);
    ~loaded_adapter() override;
    loaded_adapter(const loaded_adapter&) = delete;
    loaded_adapter& operator=(const loaded_adapter&) = delete;

    const std::string& name() const override { return name_; }
    config::vocabulary vocabulary() const override;
    std::unique_ptr<adapter_bus> open(const config::bus& config, std::vector<config::diagnostic>& faults) const override;

    /// As tidegate_faults.report.
    using fault_sink = std::function<void(std::uint32_t scope, std::size_t index, std::string_view path, std::string message)>;
    /// As open(), for whoever has no positions. Null after at least one fault.
    std::unique_ptr<adapter_bus> open(const config::bus& config, const fault_sink& to) const;

private:
    loaded_adapter(void* handle, const tidegate_adapter& table);
    void* handle_;
    const tidegate_adapter& table_;
    std::string name_;
};

}  // namespace gateway

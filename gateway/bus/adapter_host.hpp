// gateway/bus/adapter_host.hpp: finds the adapters that are installed (shared objects).
// Not here: what an adapter is like in use (adapter_bus.hpp).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "config/vocabulary.hpp"
#include "gateway/bus/adapter_bus.hpp"
#include "gateway/bus/adapter_process.hpp"

namespace gateway {

/// Where adapters run that don't come with Tidegate. `own_processes`: a crash or a hang costs their bus some seconds, and
/// nothing else. `this_process`: what serves simulated devices has nothing to protect.
enum class foreign_adapters : std::uint8_t { own_processes, this_process };

/// The adapters that are installed. Must outlive every adapter_bus made from it.
class adapter_host {
public:
    /// Looks at every shared object in the folders (TIDEGATE_ADAPTERS, beside the program, the installed folder). An object
    /// that can't be used is passed over; why is said in problems(). The first of two with the same name wins.
    /// `program`: what runs adapters in processes of their own; empty: this program.
    explicit adapter_host(foreign_adapters where = foreign_adapters::own_processes, std::string program = {},
                          const adapter_patience& patience = {});
    ~adapter_host();
    adapter_host(const adapter_host&) = delete;
    adapter_host& operator=(const adapter_host&) = delete;

    const installed_adapter* find(std::string_view name) const;
    std::vector<config::vocabulary> vocabularies() const;
    const std::vector<std::string>& problems() const { return problems_; }

    /// Unloads what this config doesn't use.
    void keep_only(const config::file& used);

private:
    void look_at(const std::filesystem::path& object, foreign_adapters where, const std::string& program,
                 const adapter_patience& patience);
    std::vector<std::unique_ptr<installed_adapter>> adapters_;
    std::vector<std::string> problems_;
};

}  // namespace gateway

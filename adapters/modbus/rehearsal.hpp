// adapters/modbus/rehearsal.hpp: the devices of a bus as they are on a bad day: simulated values, and what a line does to them.
// Not here: the values by themselves (simulate.hpp), sockets and ptys (server_*.cpp). Deterministic: time is told, chance seeded.
//
// Any thread may give a command while another serves.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "adapters/modbus/rehearsal_settings.hpp"
#include "adapters/modbus/simulate.hpp"

namespace modbus {

class rehearsed_devices final : public register_source {
public:
    /// `definition` outlives this.
    rehearsed_devices(const bus_definition& definition, std::function<nanoseconds()> now);

    bool has_unit(std::uint8_t unit) const override;
    std::uint8_t read(const read_request& request, std::span<std::uint16_t> to) override;
    std::uint8_t write(const write_request& request) override;
    std::string name_of(std::uint8_t unit) const override;
    std::vector<departure> departures(envelope how, std::uint8_t unit, bytes_view request,
                                      std::vector<std::uint8_t> answer) override;

    enum class heed : std::uint8_t { done, wrong, not_mine };
    /// A line as a person types it; `said`: what came of it. The words: docs/simulate.md.
    heed command(std::string_view line, std::string& said);

private:
    struct state {
        rehearsal_settings how;
        std::optional<nanoseconds> silent_until;  // of `now`
    };
    using place = std::tuple<std::uint8_t, table, std::uint16_t>;

    std::optional<std::size_t> device_of(std::uint8_t unit) const;
    bool is_silent(std::size_t device) const;
    bool happens(odds chance);
    std::uint64_t next();
    template <std::integral T>
    T below(T end) {
        return static_cast<T>(next() % static_cast<std::uint64_t>(end));
    }
    std::uint8_t refusal_of(const state& of, const read_request& request) const;
    bool is_held(std::size_t device, table from, std::uint16_t address) const;
    void mar(envelope how, std::uint8_t unit, const state& of, std::vector<std::uint8_t>& answer);
    std::vector<std::uint8_t> foreign(envelope how, std::uint8_t unit, bytes_view answer);

    heed fault(const std::vector<std::string>& words, std::string& said);
    heed set(const std::vector<std::string>& words, std::string& said);
    heed clear(const std::vector<std::string>& words, std::string& said);
    std::string change(state& of, const std::vector<std::string>& words);
    std::vector<std::size_t> devices_named(std::string_view name) const;

    const bus_definition& definition_;
    const std::function<nanoseconds()> now_;
    mutable std::mutex mutex_;
    simulated_devices values_;
    std::vector<state> states_;               // by device
    std::map<place, std::uint16_t> written_;  // what writes and `set` have put there
    std::optional<nanoseconds> begun_;        // when the first request came
    std::uint64_t chance_;
};

}  // namespace modbus

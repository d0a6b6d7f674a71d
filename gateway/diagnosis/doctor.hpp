// gateway/diagnosis/doctor.hpp: what `tidegate doctor` finds out, a check at a time, and what each needs to know of the others.
// Not here: the order of the checks and how they are shown (command_doctor.cpp).
//
// Nothing of it disturbs a running service: its ports aren't opened, its queue file is only read, its session isn't touched.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/site.hpp"

namespace gateway {

enum class verdict : std::uint8_t { ok, warning, failed };

struct finding {
    std::string check;  // "serial meters"
    gateway::verdict verdict = verdict::ok;
    std::string found;   // a line
    std::string remedy;  // a line that can be typed, or done; empty: there is nothing to do
};

using findings = std::vector<finding>;

/// No check takes longer.
constexpr std::chrono::seconds longest_check{10};

/// A certificate's end, by Unix time: "12 days left". Within `renew_before` of it a warning is due.
std::string days_left(std::int64_t valid_to, std::int64_t now);
constexpr std::int64_t renew_before = 21 * 86'400;  // seconds

/// Who opens files and ports: the service, or else who calls.
struct acting_user {
    std::string name;
    bool is_service = false;  // by the unit; false: whoever calls
    bool is_caller = true;
    unsigned uid = 0;
    std::vector<unsigned> groups;
    /// By owner, groups and mode alone.
    bool may(const std::string& path, bool write, bool search = false) const;
};

/// What systemd says of the unit; empty values where it says nothing.
struct unit_facts {
    bool systemd = false;
    std::map<std::string, std::string> properties;
    std::string get(const std::string& name) const;
    bool installed() const { return get("LoadState") == "loaded"; }
    bool active() const { return get("ActiveState") == "active"; }
};
unit_facts ask_systemd();
constexpr const char* unit_name = "tidegate.service";

/// What all checks start from.
struct patient {
    std::string config_path;
    const gateway::site* where = nullptr;  // null: the file can't be read
    const config::file* config = nullptr;  // null: it is wrong
    bool service_runs = false;             // it answers on its control socket, or systemd says so
    unit_facts unit;
    acting_user user;
};

acting_user who_acts(const unit_facts& unit);

void check_user(const patient& of, findings& to);
void check_serial_ports(const patient& of, findings& to);
void check_state(const patient& of, findings& to);
void check_queue(const patient& of, findings& to);
void check_clock(const patient& of, findings& to);
void check_http(const patient& of, findings& to);
void check_secrets(const patient& of, findings& to);
void check_broker(const patient& of, findings& to);
void check_network_devices(const patient& of, findings& to);
void check_unit(const patient& of, findings& to);
void check_machine(const patient& of, findings& to);

/// The first setting of this path; null: it isn't written.
const config::setting* setting_of(const config::bus& bus, std::string_view path);

}  // namespace gateway

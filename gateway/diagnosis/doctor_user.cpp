// gateway/diagnosis/doctor_user.cpp: who runs the service, and what that user may; and what systemd says of its unit.
// Not here: the ports and folders themselves (doctor_serial.cpp, doctor_state.cpp).
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "gateway/diagnosis/doctor.hpp"
#include "gateway/diagnosis/tool_output.hpp"

namespace gateway {
namespace {

void add_groups_of(const std::string& user, gid_t first, acting_user& to) {
    int count = 64;
    std::vector<gid_t> groups(64);
    if (::getgrouplist(user.c_str(), first, groups.data(), &count) < 0) count = 64;
    to.groups.assign(groups.begin(), groups.begin() + std::min(count, 64));
}

void add_group_named(const std::string& name, acting_user& to) {
    if (const group* found = ::getgrnam(name.c_str())) to.groups.push_back(found->gr_gid);
}

acting_user caller() {
    acting_user who;
    who.uid = ::geteuid();
    const passwd* found = ::getpwuid(who.uid);
    who.name = found ? found->pw_name : std::to_string(who.uid);
    std::vector<gid_t> groups(64);
    const int count = ::getgroups(64, groups.data());
    groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    who.groups.assign(groups.begin(), groups.end());
    who.groups.push_back(::getegid());
    return who;
}

}  // namespace

std::string unit_facts::get(const std::string& name) const {
    const auto found = properties.find(name);
    return found == properties.end() ? std::string() : found->second;
}

unit_facts ask_systemd() {
    unit_facts facts;
    struct stat folder {};
    facts.systemd = ::stat("/run/systemd/system", &folder) == 0;
    if (!facts.systemd) return facts;
    const auto said = run_tool({"systemctl", "show", unit_name, "-p",
                                "LoadState,ActiveState,SubState,UnitFileState,NRestarts,WatchdogUSec,User,Group,"
                                "SupplementaryGroups,DynamicUser,MainPID,Result,FragmentPath,ExecMainStartTimestamp"},
                               std::chrono::seconds(5), 64u << 10);
    std::istringstream lines(said.text);
    for (std::string line; std::getline(lines, line);) {
        const auto equals = line.find('=');
        if (equals != std::string::npos) facts.properties[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return facts;
}

acting_user who_acts(const unit_facts& unit) {
    const acting_user us = caller();
    if (!unit.installed()) return us;
    acting_user who;
    who.is_service = true;
    who.name = unit.get("User");
    if (who.name.empty()) who.name = unit.get("DynamicUser") == "yes" ? "tidegate" : "root";
    const passwd* found = ::getpwnam(who.name.c_str());
    // One that is made at the start has no number yet: what it may do is up to its groups.
    who.uid = found ? found->pw_uid : static_cast<unsigned>(-1);
    if (found) add_groups_of(who.name, found->pw_gid, who);
    if (const auto named = unit.get("Group"); !named.empty()) add_group_named(named, who);
    std::istringstream more(unit.get("SupplementaryGroups"));
    for (std::string name; more >> name;) add_group_named(name, who);
    who.is_caller = who.uid == us.uid;
    return who;
}

bool acting_user::may(const std::string& path, bool write, bool search) const {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) return false;
    if (uid == 0) return true;
    const mode_t wanted = S_IROTH | (write ? mode_t{S_IWOTH} : mode_t{0}) | (search ? mode_t{S_IXOTH} : mode_t{0});
    int shift = 0;
    if (std::find(groups.begin(), groups.end(), file.st_gid) != groups.end()) shift = 3;
    if (file.st_uid == uid) shift = 6;
    return ((file.st_mode >> shift) & wanted) == wanted;
}

void check_user(const patient& of, findings& to) {
    const acting_user& who = of.user;
    finding found{"user", verdict::ok, {}, {}};
    const std::string whose =
        who.is_service ? "the service runs as " + who.name : "no service is installed: checked as " + who.name + ", who calls";
    const group* dialout = ::getgrnam("dialout");
    const bool in_dialout =
        who.uid == 0 || (dialout && std::find(who.groups.begin(), who.groups.end(), dialout->gr_gid) != who.groups.end());
    const bool needs_ports = of.config && std::any_of(of.config->buses.begin(), of.config->buses.end(),
                                                      [](const auto& bus) { return setting_of(bus, "serial.port") != nullptr; });
    found.found = whose + (in_dialout ? who.uid == 0 ? ", who may use every serial port" : ", in the group dialout"
                                      : ", not in the group dialout");
    if (!in_dialout && needs_ports) {
        found.verdict = verdict::warning;  // a port may belong to another group: the port's own check judges
        found.remedy = who.is_service ? "sudo usermod -aG dialout " + who.name + " && sudo systemctl restart tidegate"
                                      : "sudo usermod -aG dialout " + who.name + ", then log in again";
    }
    if (who.is_service && !who.is_caller) found.found += "; you are another user: files and ports are judged for " + who.name;
    to.push_back(std::move(found));
}

void check_unit(const patient& of, findings& to) {
    const unit_facts& unit = of.unit;
    finding found{"service", verdict::ok, {}, {}};
    if (!unit.systemd) {
        found.found = "no systemd here";
        return to.push_back(std::move(found));
    }
    if (!unit.installed()) {
        found.verdict = verdict::warning;
        found.found = std::string("there is no ") + unit_name;
        found.remedy = "install the package, or run 'tidegate run -c FILE' in a terminal";
        return to.push_back(std::move(found));
    }
    const std::string enabled = unit.get("UnitFileState"), restarts = unit.get("NRestarts"), watchdog = unit.get("WatchdogUSec");
    found.found = unit.get("ActiveState") + " (" + unit.get("SubState") + "), " + enabled + ", restarted " +
                  (restarts.empty() ? "0" : restarts) + " times, watchdog " +
                  (watchdog.empty() || watchdog == "0" || watchdog == "infinity" ? "off" : watchdog);
    if (unit.get("ActiveState") == "failed" || unit.get("ActiveState") == "activating") {
        found.verdict = verdict::failed;
        found.found += ", result " + unit.get("Result");
        found.remedy = "sudo journalctl -u tidegate -n 50 --no-pager";
    } else if (!unit.active()) {
        found.verdict = verdict::warning;
        found.remedy = "sudo systemctl start tidegate";
    } else if (enabled != "enabled" && enabled != "static") {
        found.verdict = verdict::warning;
        found.remedy = "sudo systemctl enable tidegate, so that it starts with the board";
    } else if (std::atoi(restarts.c_str()) > 0) {
        found.verdict = verdict::warning;
        found.remedy = "sudo journalctl -u tidegate -p warning -n 50 --no-pager, for why it was restarted";
    }
    to.push_back(std::move(found));
}

}  // namespace gateway

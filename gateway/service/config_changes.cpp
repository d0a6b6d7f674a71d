// gateway/service/config_changes.cpp: see config_changes.hpp.
#include "gateway/service/config_changes.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>
#include <string_view>

#include "gateway/service/config_digest.hpp"

namespace gateway {
namespace {

template <typename Digest>
std::map<std::string_view, std::string> digests_of_devices(const config::file& of, Digest digest) {
    std::map<std::string_view, std::string> found;
    for (const auto& bus : of.buses)
        for (const auto& device : bus.devices) found.emplace(device.name, digest(device));
    return found;
}

/// Of devices that are in both.
template <typename Digest>
std::vector<std::string> changed_devices(const config::file& now, const config::file& next, Digest digest) {
    const auto before = digests_of_devices(now, digest);
    std::vector<std::string> changed;
    for (const auto& [name, text] : digests_of_devices(next, digest))
        if (const auto old = before.find(name); old != before.end() && old->second != text) changed.emplace_back(name);
    return changed;
}

void compare_buses(const config::file& now, const config::file& next, config_changes& to) {
    std::map<std::string_view, std::size_t> names;
    for (std::size_t bus = 0; bus < next.buses.size(); ++bus) names.emplace(next.buses[bus].name, bus);
    for (const auto& bus : now.buses) {
        assert(!bus.digest.empty());
        const auto found = names.find(bus.name);
        to.buses.emplace_back();
        if (found == names.end()) {
            to.removed.push_back(bus.name);
            continue;
        }
        if (next.buses[found->second].digest == bus.digest) {
            to.buses.back() = found->second;
        } else {
            to.restarted.push_back(bus.name);
        }
        names.erase(found);
    }
    for (const auto& bus : next.buses)
        if (names.contains(bus.name)) to.added.push_back(bus.name);
}

/// 'one', 'other' and 3 more
std::string list_of(const std::vector<std::string>& names) {
    constexpr std::size_t shown = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), shown); ++i) text += (i == 0 ? "'" : ", '") + names[i] + '\'';
    return names.size() > shown ? text + " and " + std::to_string(names.size() - shown) + " more" : text;
}

std::string plural(const std::vector<std::string>& names, std::string_view one, std::string_view several) {
    return std::string(names.size() == 1 ? one : several) + ' ' + list_of(names);
}

}  // namespace

bool config_changes::is_nothing() const {
    return restarted.empty() && added.empty() && removed.empty() && publishing.empty() && writing.empty() && !commands &&
           !clock && !mqtt && !buffer && !http;
}

config_changes compare(const config::file& now, const config::file& next) {
    const auto& [gateway_id, clock, writes, command_timeout, mqtt, buffer, buses, http] = now;
    config_changes found;
    if (gateway_id != next.gateway_id) found.for_restart.push_back("gateway.id");
    if (buffer.path != next.buffer.path) found.for_restart.push_back("buffer.path");
    config::file in_force;  // what of `next` can be taken over
    in_force.gateway_id = next.gateway_id;
    in_force.mqtt = next.mqtt;
    in_force.buffer = next.buffer;
    keep_what_needs_restart(now, in_force);
    found.clock = clock != next.clock;
    found.commands = writes != next.writes || command_timeout != next.command_timeout;
    found.mqtt = digest_of(mqtt) != digest_of(in_force.mqtt);
    found.buffer = digest_of(buffer) != digest_of(in_force.buffer);
    found.http = http != next.http || (next.http && writes != next.writes);
    found.http_ends = http && !next.http;
    compare_buses(now, next, found);
    found.publishing = changed_devices(now, next, digest_of_publishing);
    found.writing = changed_devices(now, next, digest_of_writing);
    return found;
}

void keep_what_needs_restart(const config::file& now, config::file& next) {
    // The client's id follows the gateway's where it isn't given.
    if (next.mqtt.client_id == next.gateway_id && now.mqtt.client_id == now.gateway_id) next.mqtt.client_id = now.mqtt.client_id;
    next.gateway_id = now.gateway_id;
    next.buffer.path = now.buffer.path;
}

std::vector<std::string> in_words(const config_changes& what) {
    std::vector<std::string> said;
    if (!what.restarted.empty()) said.push_back(plural(what.restarted, "bus", "buses") + " restarted");
    if (!what.added.empty()) said.push_back(plural(what.added, "bus", "buses") + " started");
    if (!what.removed.empty()) said.push_back(plural(what.removed, "bus", "buses") + " stopped");
    if (!what.publishing.empty()) said.push_back("publish rules of " + plural(what.publishing, "device", "devices") + " changed");
    if (!what.writing.empty()) said.push_back("write rules of " + plural(what.writing, "device", "devices") + " changed");
    if (what.commands) said.push_back("gateway.writes or gateway.command_timeout changed");
    if (what.clock) said.push_back("gateway.clock changed");
    if (what.buffer) said.push_back("buffer changed: the queue is closed and opened again");
    if (what.http)
        said.push_back(what.http_ends ? "http is gone: there is no status page and no metrics any more"
                                      : "http changed: its clients come back to another server");
    if (what.mqtt) said.push_back("mqtt changed: the connection is made anew");
    for (const auto& key : what.for_restart)
        said.push_back(key + " was changed in the file, and stays as it is until the service is restarted");
    if (said.empty()) said.push_back("nothing that matters to the service has changed");
    return said;
}

std::vector<std::string> statuses_gone(const config::file& now, const config::file& next) {
    const auto topics_of = [&](const config::file& of) {
        std::set<std::string> topics;
        for (const auto& bus : of.buses) {
            topics.insert("tidegate/" + now.gateway_id + "/bus/" + bus.name + "/status");
            for (const auto& device : bus.devices)
                topics.insert("tidegate/" + now.gateway_id + "/device/" + device.name + "/status");
        }
        return topics;
    };
    const auto stay = topics_of(next);
    std::vector<std::string> gone;
    for (const auto& topic : topics_of(now))
        if (!stay.contains(topic)) gone.push_back(topic);
    return gone;
}

}  // namespace gateway

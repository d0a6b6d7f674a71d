// gateway/service/config_digest.cpp: see config_digest.hpp. Each struct's members are all named where it is added, so that one
// that is new in the model can't be forgotten here: it doesn't compile.
#include "gateway/service/config_digest.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gateway {
namespace {

/// FNV-1a, 64 bits, over texts with their ends: not against malice, only to see a change.
class digest {
public:
    digest& add(std::string_view text) {
        for (const char each : text) step(static_cast<unsigned char>(each));
        step(0);
        return *this;
    }
    template <typename T>
    requires std::integral<T> || std::is_enum_v<T> digest& add(T number) {
        return add(std::string_view(std::to_string(static_cast<std::int64_t>(number))));
    }
    digest& add(double number) {
        char text[32];
        std::snprintf(text, sizeof text, "%.17g", number);
        return add(std::string_view(text));
    }
    template <typename Rep, typename Period>
    digest& add(std::chrono::duration<Rep, Period> time) {
        return add(time.count());
    }
    template <typename T>
    digest& add(const std::optional<T>& what) {
        return what ? add("+").add(*what) : add("-");
    }
    template <typename T>
    digest& add(const config::rare<T>& what) {
        return what ? add("+").add(*what) : add("-");
    }
    digest& add(const std::vector<config::setting>& settings) {
        for (const auto& each : settings) add(each.path).add(each.text);
        return add("");
    }
    template <typename T>
    digest& add(const std::vector<T>& all) {
        for (const auto& each : all) add(each);
        return add("");
    }

    digest& add(const config::secret_reference& what) {
        const auto& [from, name, where] = what;
        return add(from).add(name);
    }
    digest& add(const config::server& what) {
        const auto& [host, port, scheme, path] = what;
        return add(host).add(port).add(scheme).add(path);
    }
    digest& add(const config::named_file& what) {
        const auto& [path, where] = what;
        return add(path);
    }
    digest& add(const config::tls& what) {
        const auto& [ca, crl, certificate, key, key_password, alpn, server_name, verify] = what;
        return add(ca).add(crl).add(certificate).add(key).add(key_password).add(alpn).add(server_name).add(verify);
    }
    digest& add(const config::proxy& what) {
        const auto& [host, port, username, password, where] = what;
        return add(host).add(port).add(username).add(password);
    }
    digest& add(const config::header& what) {
        const auto& [name, text, secret, where] = what;
        return add(name).add(text).add(secret);
    }
    digest& add(const config::destination& what) {
        const auto& [name, servers, version, client_id, username, password, tls, proxy, headers, keepalive, session_expiry,
                     on_session_loss, max_qos, max_in_flight, receive_maximum, topic_aliases, will_delay, redirects, login,
                     status_topics, poison_after, where] = what;
        add(name).add(servers).add(version).add(client_id).add(username).add(password).add(tls).add(proxy).add(headers);
        add(keepalive).add(session_expiry).add(on_session_loss).add(max_qos).add(max_in_flight).add(receive_maximum);
        return add(topic_aliases).add(will_delay).add(redirects).add(login).add(status_topics).add(poison_after);
    }
    digest& add(const config::buffer& what) {
        const auto& [path, max_bytes, max_age, policy, durability, commit_every, where] = what;
        return add(path).add(max_bytes).add(max_age).add(policy).add(durability).add(commit_every);
    }
    digest& add(const config::publish_rules& what) {
        const auto& [topic, format, qos, retain, mode, band, min_interval, max_interval, expiry, key, topic_where, key_where,
                     qos_where] = what;
        add(topic).add(format).add(qos).add(retain).add(mode).add(band.amount).add(band.percent);
        return add(min_interval).add(max_interval).add(expiry).add(key);
    }
    digest& add(const config::interlock& what) {
        const auto& [point, how, value, where] = what;
        return add(point).add(how).add(value);
    }
    digest& add(const config::fail_safe& what) {
        const auto& [value, after] = what;
        return add(value).add(after);
    }
    digest& add(const config::write_rules& what) {
        const auto& [least, most, step, max_change, allowed, every, ttl, verify, verify_delay, verify_timeout, tolerance, only_if,
                     fail_safe, dangerous, where] = what;
        add(least).add(most).add(step).add(max_change).add(allowed).add(every).add(ttl).add(verify).add(verify_delay);
        return add(verify_timeout).add(tolerance).add(only_if).add(fail_safe).add(dangerous);
    }
    digest& add(const config::plausibility& what) {
        const auto& [least, most, max_step, monotonic, round] = what;
        return add(least).add(most).add(max_step).add(monotonic).add(round);
    }
    digest& add(const config::computation& what) {
        const auto& [formula, inputs, where] = what;
        add(formula);
        for (const auto& [device, point] : inputs) add(device).add(point);
        return add("");
    }

    std::string text() const {
        char hex[17];
        std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(state_));
        return hex;
    }

private:
    void step(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001b3u; }
    std::uint64_t state_ = 0xcbf29ce484222325u;
};

/// What its adapter is told: kept in queue files, so it stays as it is.
std::string digest_for_adapter(const config::bus& bus, const config::device& device) {
    digest all;
    all.add(bus.adapter).add(bus.settings).add(device.settings);
    for (const auto& point : device.points) all.add(point.name).add(point.settings);
    return all.text();
}

/// All that a bus's thread and its adapter go by. What is done with the readings, and who may write, is for others.
std::string digest_for_thread(const config::bus& bus) {
    const auto& [name, adapter, settings, devices, where, adapter_where, longest_timeout, own] = bus;
    digest all;
    all.add(name).add(adapter).add(settings);
    for (const auto& device : devices) {
        const auto& [device_name, device_settings, points, device_where, template_name, template_where, device_digest] = device;
        all.add(device_name).add(device_settings);
        for (const auto& point : points) {
            const auto& [point_name, every, unit, publish, writable, plausible, compute, point_settings, point_where, priority] =
                point;
            all.add(point_name).add(every).add(plausible).add(compute).add(point_settings).add(priority);
            all.add(writable.has_value());
        }
        all.add("");
    }
    return all.text();
}

std::chrono::nanoseconds longest_timeout_of(const config::bus& bus) {
    std::chrono::nanoseconds longest{0};
    const auto look = [&](const std::vector<config::setting>& settings) {
        for (const auto& each : settings)
            if (std::string_view(each.path).ends_with("timeout"))
                longest = std::max(longest, std::chrono::nanoseconds(each.integer));
    };
    look(bus.settings);
    for (const auto& device : bus.devices) look(device.settings);
    return longest;
}

}  // namespace

void note_digests(config::file& of) {
    for (auto& bus : of.buses) {
        for (auto& device : bus.devices) device.digest = digest_for_adapter(bus, device);
        bus.longest_timeout = longest_timeout_of(bus);
        bus.digest = digest_for_thread(bus);
    }
}

std::string digest_of(const config::destination& what) { return digest().add(what).text(); }
std::string digest_of(const config::buffer& what) { return digest().add(what).text(); }

std::string digest_of_publishing(const config::device& what) {
    digest all;
    for (const auto& point : what.points) all.add(point.name).add(*point.publish);
    return all.text();
}

std::string digest_of_writing(const config::device& what) {
    digest all;
    for (const auto& point : what.points) all.add(point.name).add(point.writable);
    return all.text();
}

}  // namespace gateway

// gateway/diagnosis/doctor_http.cpp: whether the status page can be served where the config says: the address, the port, and the
// certificate with its key. Not here: the token and the key as secrets (doctor_secrets.cpp).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <tuple>

#include "gateway/clock.hpp"
#include "gateway/diagnosis/doctor.hpp"
#include "gateway/diagnosis/doctor_network.hpp"
#include "gateway/http/http_tls.hpp"

namespace gateway {
namespace {

int first_free_port() {
    int first = 1024;
    std::ifstream said("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    said >> first;
    return first;
}

/// As the server would; 0, or why it couldn't.
int try_to_listen(const config::http& at) {
    sockaddr_storage where{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(where);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(where);
    socklen_t size = sizeof v4;
    if (::inet_pton(AF_INET, at.host.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(at.port);
    } else if (::inet_pton(AF_INET6, at.host.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(at.port);
        size = sizeof v6;
    } else {
        return EADDRNOTAVAIL;
    }
    const int socket = ::socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return errno;
    const int on = 1;
    std::ignore = ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // else bind says so
    const bool good = ::bind(socket, reinterpret_cast<const sockaddr*>(&where), size) == 0 && ::listen(socket, 1) == 0;
    const int why = good ? 0 : errno;
    ::close(socket);
    return why;
}

/// Nobody else can have it, so the service is asked, by a connection that says nothing.
void look_at_server(const config::http& at, finding& to) {
    if (at.port == 0) {
        to.found = "the service has chosen the port: its log says which (http_served)";
        return;
    }
    const bool all = at.host == "0.0.0.0" || at.host == "::";
    const auto tried = try_host(all ? (at.host == "::" ? "::1" : "127.0.0.1") : at.host, at.port, longest_check / 2);
    if (!tried.connected.empty()) {
        to.found += ": the service listens";
        return;
    }
    to.verdict = verdict::failed;
    to.found += ": the service runs, but nobody listens: " + tried.fault;
    to.remedy = "sudo journalctl -u tidegate | grep http_ | tail -n 3, for why; sudo tidegate reload, if the file is newer";
}

void look_at_port(const patient& of, const config::http& at, finding& to) {
    const std::string port = std::to_string(at.port);
    const int why = try_to_listen(at);
    const bool needs_right = at.port != 0 && at.port < first_free_port() && of.user.uid != 0;
    if (why == 0 && !needs_right) {
        to.found += ": free";
        return;
    }
    to.verdict = verdict::failed;
    if (why == EADDRINUSE) {
        to.found += ": another program listens there";
        to.remedy = "sudo ss -ltnp 'sport = :" + port + "', for who it is; or another port in http.listen";
    } else if (why == EADDRNOTAVAIL) {
        to.found += ": no network interface of this machine has that address now";
        to.remedy = "ip -brief address, for those that there are; the service tries again until it comes up";
    } else if (why == EACCES || why == EPERM || needs_right) {
        to.found += ": " + of.user.name + " may not use ports below " + std::to_string(first_free_port());
        to.remedy = "a port from 1024 on in http.listen, such as 8377; a proxy can serve it at " + port;
    } else {
        to.found += std::string(": ") + std::strerror(why);
        to.remedy = "another address or port in http.listen";
    }
}

/// What only the service's user may read is judged by its mode alone.
void look_at_certificate(const patient& of, const config::http& at, findings& to) {
    const std::string& key = at.key.path.empty() ? at.certificate.path : at.key.path;
    finding found{"http certificate", verdict::ok, at.certificate.path, {}};
    std::string why;
    for (const auto& path : {at.certificate.path, key})
        if (::access(path.c_str(), F_OK) == 0 && !of.user.may(path, false)) why = of.user.name + " may not read " + path;
    const bool forbidden = !why.empty();
    if (!forbidden && ::access(key.c_str(), R_OK) != 0 && errno == EACCES) {
        found.verdict = verdict::warning;
        found.found += ": you may not read its key, so whether they fit isn't known";
        found.remedy = "sudo tidegate doctor -c " + of.config_path;
    } else if (const auto loaded = forbidden ? nullptr : http_tls::load(at.certificate.path, at.key.path, why); !loaded) {
        found.verdict = verdict::failed;
        found.found = why;
        found.remedy = forbidden ? "sudo chgrp " + of.user.name + ' ' + key + " && sudo chmod g+r " + key
                                 : "openssl x509 -noout -subject -in " + at.certificate.path + "; openssl pkey -noout -in " +
                                       key + ": both must work, and belong together";
    } else {
        const std::int64_t now = stamp_now().wall_ms / 1000;
        found.found += " and its key fit, " + days_left(loaded->valid_to(), now);
        if (loaded->valid_to() - now < renew_before) {
            found.verdict = verdict::warning;
            found.remedy = "have it renewed, then sudo tidegate reload";
        }
    }
    to.push_back(std::move(found));
}

}  // namespace

void check_http(const patient& of, findings& to) {
    if (!of.config || !of.config->http) return;
    const config::http& at = *of.config->http;
    finding found{"http", verdict::ok, at.host + ", port " + std::to_string(at.port), {}};
    of.service_runs ? look_at_server(at, found) : look_at_port(of, at, found);
    to.push_back(std::move(found));
    if (!at.certificate.path.empty()) look_at_certificate(of, at, to);
}

}  // namespace gateway

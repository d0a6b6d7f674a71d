// mqtt/tls_files.cpp: reads the files of TLS's settings.
// Not here: a cache; certificates are renewed while the service runs, and a connection is rare.
#include "mqtt/tls_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "mqtt/digest.hpp"
#include "mqtt/tls_engine.hpp"

namespace mqtt {
namespace {

namespace fs = std::filesystem;

// Debian's bundle of all authorities has 220 KB, and its folder 300 files.
constexpr std::size_t largest_file = 4 * 1024 * 1024;
constexpr std::size_t largest_folder = 16 * 1024 * 1024;
constexpr std::size_t most_files = 1024;
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

/// "" or the reason. A size at the limit is an error: nothing is taken by half.
std::string read_bounded(const std::string& path, std::string& bytes) {
    std::error_code error;
    const auto status = fs::status(path, error);  // of what a link leads to
    if (status.type() == fs::file_type::not_found) return std::strerror(ENOENT);
    if (error) return error.message();
    if (!fs::is_regular_file(status)) return "it isn't a file";
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::strerror(errno);
    std::array<char, 16384> some;
    do {
        in.read(some.data(), some.size());
        bytes.append(some.data(), static_cast<std::size_t>(in.gcount()));
    } while (in && bytes.size() < largest_file);
    if (in.bad()) return std::strerror(errno);
    if (bytes.size() >= largest_file) return "it has 4 MiB or more, which no file of certificates has";
    return {};
}

std::string read_one(const char* setting, const std::string& path, tls_file& into, const char* remedy = "") {
    into.path = path;
    const auto error = read_bounded(path, into.bytes);
    return error.empty() ? "" : std::string(setting) + path + " can't be read: " + error + remedy;
}

/// Files that can't be read or aren't certificates are passed over, as a folder of the system may hold some.
std::string read_folder(const std::string& path, std::vector<tls_file>& into) {
    std::error_code error;
    std::vector<std::string> paths;
    for (fs::directory_iterator it(path, error), end; !error && it != end && paths.size() <= most_files; it.increment(error))
        paths.push_back(it->path());
    if (error) return "ca_folder " + path + " can't be read: " + error.message();
    if (paths.size() > most_files) return "ca_folder " + path + " holds more than 1024 files: name a ca_file instead";
    std::sort(paths.begin(), paths.end());  // for the same order on every machine
    std::size_t size = 0;
    for (const auto& one : paths) {
        tls_file file{one, {}};
        if (!read_bounded(one, file.bytes).empty()) continue;
        size += file.bytes.size();
        if (size > largest_folder) return "ca_folder " + path + " holds more than 16 MiB: name a ca_file instead";
        into.push_back(std::move(file));
    }
    return {};
}

std::string read_authorities(const tls_settings& how, tls_files& into) {
    if (how.ca_file.empty() && how.ca_folder.empty()) {
        into.authorities_place = system_authorities;
        return read_one("", system_authorities, into.authorities.emplace_back(),
                        "; install the package ca-certificates, or set ca_file");
    }
    if (!how.ca_file.empty()) {
        into.authorities_place = "ca_file " + how.ca_file;
        if (auto error = read_one("ca_file ", how.ca_file, into.authorities.emplace_back()); !error.empty()) return error;
    }
    if (how.ca_folder.empty()) return {};
    if (!into.authorities_place.empty()) into.authorities_place += " and ";
    into.authorities_place += "ca_folder " + how.ca_folder;
    return read_folder(how.ca_folder, into.authorities);
}

}  // namespace

std::string read_tls_files(const tls_settings& how, tls_files& into) {
    if (how.certificate_file.empty() && !how.key_file.empty()) return "key_file is set without a certificate_file: set both";
    if (how.verify_chain == tls_check::on) {
        if (auto error = read_authorities(how, into); !error.empty()) return error;
        if (!how.crl_file.empty())
            if (auto error = read_one("crl_file ", how.crl_file, into.revocations.emplace()); !error.empty()) return error;
    }
    if (how.certificate_file.empty()) return {};
    if (auto error = read_one("certificate_file ", how.certificate_file, into.certificate.emplace()); !error.empty())
        return error;
    if (how.key_file.empty()) {
        into.key = into.certificate;
        return {};
    }
    return read_one("key_file ", how.key_file, into.key.emplace());
}

std::string content_of_files(const tls_settings& how) {
    tls_files files;
    if (!read_tls_files(how, files).empty()) return {};
    std::string digests;
    for (const auto& each : files.authorities) digests += sha256(each.bytes);
    for (const auto* each : {&files.revocations, &files.certificate, &files.key}) {
        digests += *each ? sha256((*each)->bytes) : "-";
    }
    return sha256(digests);
}

std::string fault_in_files(const tls_settings& how) {
    tls_files files;
    if (auto fault = read_tls_files(how, files); !fault.empty()) return fault;
    return tls_engine(std::move(files), how, "localhost").error();
}

}  // namespace mqtt

// adapters/modbus/channel_tls_files.cpp: see channel_tls_files.hpp.
// Not here: a cache; a connection is rare.
#include "adapters/modbus/channel_tls_files.hpp"

#include <mbedtls/platform_util.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "adapters/modbus/link_answer.hpp"

namespace modbus {
namespace {

constexpr std::size_t largest_file = 4 * 1024 * 1024;  // Debian's bundle of all authorities has 220 KB
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

/// Bytes that are wiped when they go.
struct file_bytes {
    std::string bytes;
    file_bytes() = default;
    file_bytes(const file_bytes&) = delete;
    file_bytes& operator=(const file_bytes&) = delete;
    ~file_bytes() { mbedtls_platform_zeroize(bytes.data(), bytes.size()); }

    /// Empty, or the reason. Reserved at once, so that growing leaves no copies behind.
    std::string read(const std::string& path) {
        struct stat about {};
        if (::stat(path.c_str(), &about) != 0) return system_words(errno);
        if (!S_ISREG(about.st_mode)) return "it isn't a file";
        if (about.st_size >= static_cast<off_t>(largest_file)) return "it has 4 MiB or more, which no file of certificates has";
        std::ifstream in(path, std::ios::binary);
        if (!in) return system_words(errno);
        bytes.resize(static_cast<std::size_t>(about.st_size));
        in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        if (in.bad()) return system_words(errno);
        bytes.resize(static_cast<std::size_t>(in.gcount()));
        return "";
    }

    const unsigned char* data() const { return raw(bytes); }
    /// What mbedTLS takes for a size: PEM is text, and counts its end.
    std::size_t size() const { return bytes.find("-----BEGIN ") == std::string::npos ? bytes.size() : bytes.size() + 1; }
};

std::string unreadable(const std::string& key, const std::string& path, const std::string& why) {
    return key + " " + path + " can't be read: " + why;
}

std::string key_words(int error, const std::string& path) {
    if (error == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
        return "key " + path +
               " is encrypted, and there is nobody to ask for its password: write it without one (\"openssl pkey " +
               "-in … -out …\"), readable for the service alone";
    return "key " + path + " holds no private key (PEM or DER) that can be used: " + library_words(error);
}

}  // namespace

std::string tls_files::read(const tls_settings& how, random_source& random) {
    if (how.verify != tls_verify::none)
        if (std::string fault = read_authorities(how.ca_file); !fault.empty()) return fault;
    return how.certificate_file.empty() ? "" : read_own(how, random);
}

/// One in a bundle that mbedTLS can't read (an uncommon curve) takes nothing from the others.
std::string tls_files::read_authorities(const std::string& path) {
    const std::string from = path.empty() ? system_authorities : path;
    authorities_place = path.empty() ? from : "ca " + path;
    file_bytes file;
    if (const std::string why = file.read(from); !why.empty())
        return path.empty() ? from + " can't be read: " + why + "; install the package ca-certificates, or set ca"
                            : unreadable("ca", path, why);
    mbedtls_x509_crt_parse(authorities.get(), file.data(), file.size());
    if (authorities->version == 0) return authorities_place + " holds no certificate (PEM or DER)";
    return "";
}

std::string tls_files::read_own(const tls_settings& how, random_source& random) {
    file_bytes certificate;
    if (const std::string why = certificate.read(how.certificate_file); !why.empty())
        return unreadable("cert", how.certificate_file, why);
    const int parsed = mbedtls_x509_crt_parse(own.get(), certificate.data(), certificate.size());
    if (parsed > 0) return "cert " + how.certificate_file + " is damaged: not all of its certificates can be read";
    if (parsed < 0 || own->version == 0) return "cert " + how.certificate_file + " holds no certificate (PEM or DER)";

    const std::string& key_path = how.key_file.empty() ? how.certificate_file : how.key_file;
    file_bytes secret;
    if (const std::string why = secret.read(key_path); !why.empty()) return unreadable("key", key_path, why);
    if (const int error = parse_secret_key(key.get(), secret.data(), secret.size(), random); error != 0)
        return key_words(error, key_path);
    if (check_pair(&own->pk, key.get(), random) != 0)
        return "key " + key_path + " isn't the key of the first certificate in cert " + how.certificate_file +
               ": name the two that belong together";
    has_own = true;
    return "";
}

}  // namespace modbus

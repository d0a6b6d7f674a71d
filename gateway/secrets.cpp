// gateway/secrets.cpp: environment variables, files and systemd credentials.
#include "gateway/secrets.hpp"

#include <cstdlib>
#include <stdexcept>

#include "gateway/text_file.hpp"

namespace gateway {
namespace {

constexpr std::size_t largest_secret = 64u << 10;  // bytes

/// A reload fetches on the loop, which mustn't wait for whoever writes into a pipe.
boost::system::result<std::string, secret_error> read_file(const std::string& path) {
    std::string text, why;
    if (!read_regular(path, largest_secret, text, why))
        return secret_error::because("can't read the secret file " + path + ": " + why);
    if (text.ends_with('\n')) text.pop_back();
    if (text.empty()) return secret_error::because("the secret file " + path + " is empty");
    return text;
}

}  // namespace

void throw_exception_from_error(const secret_error& what, const boost::source_location&) {
    throw std::runtime_error(what.message());
}

boost::system::result<std::string, secret_error> fetch(const config::secret_reference& reference) {
    switch (reference.from) {
        case config::secret_reference::source::environment: {
            const char* value = std::getenv(reference.name.c_str());
            if (value == nullptr)
                return secret_error::because("the environment variable " + reference.name +
                                             " is not set; set it, or refer to a file with @file:/path");
            return std::string(value);
        }
        case config::secret_reference::source::file:
            return read_file(reference.name);
        case config::secret_reference::source::credential: {
            const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
            if (folder == nullptr)
                return secret_error::because("there are no systemd credentials here; @cred:" + reference.name +
                                             " needs LoadCredential=" + reference.name + ":/path in the service's unit");
            return read_file(std::string(folder) + '/' + reference.name);
        }
    }
    return secret_error::because("unknown kind of secret");
}

}  // namespace gateway

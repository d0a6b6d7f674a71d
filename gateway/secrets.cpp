// gateway/secrets.cpp: environment variables, files and systemd credentials.
#include "gateway/secrets.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace gateway {
namespace {

constexpr std::size_t largest_secret = 64u << 10;  // bytes

struct close_file {
    void operator()(std::FILE* file) const { std::ignore = std::fclose(file); }  // it was only read
};

boost::system::result<std::string, secret_error> read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, close_file> file(std::fopen(path.c_str(), "rbe"));
    if (!file) return secret_error::because("can't read the secret file " + path + ": " + std::strerror(errno));
    std::string text(largest_secret + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) return secret_error::because("can't read the secret file " + path);
    if (text.size() > largest_secret) return secret_error::because("the secret file " + path + " is larger than 64 KiB");
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

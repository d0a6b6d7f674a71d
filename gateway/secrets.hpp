// gateway/secrets.hpp: fetches what a secret reference in the config points to. The secret itself is never logged or printed.
#pragma once

#include <boost/system/result.hpp>
#include <string>

#include "config/model.hpp"

namespace gateway {

class secret_error {
public:
    secret_error() = default;
    /// A factory, since a constructor from text would make `result<std::string, secret_error>` ambiguous.
    static secret_error because(std::string message) {
        secret_error error;
        error.message_ = std::move(message);
        return error;
    }
    const std::string& message() const { return message_; }  // says what is missing and the remedy

private:
    std::string message_;
};
[[noreturn]] void throw_exception_from_error(const secret_error& what, const boost::source_location& where);

/// `@env:` an environment variable; `@file:` a file's content; `@cred:` a systemd credential (LoadCredential=). One newline
/// at the end is not part of the secret.
boost::system::result<std::string, secret_error> fetch(const config::secret_reference& reference);

}  // namespace gateway

// mqtt/scram.hpp: the authentication method SCRAM-SHA-256 (RFC 5802, RFC 7677): both sides prove that they know the password,
// and neither shows it.
// Not here: its way in MQTT's packets (session_authenticate.cpp).
#pragma once

#include <string>
#include <string_view>

#include "mqtt/authenticator.hpp"

namespace mqtt {

/// No channel binding ("n,,"). A name or password outside ASCII is taken as its UTF-8 stands, not prepared by SASLprep: type
/// it as it was registered.
class scram_sha_256 final : public authenticator {
public:
    /// `nonce`: fresh randomness for each exchange, of 18 bytes or more; any bytes.
    scram_sha_256(std::string username, std::string password, std::string_view nonce);

    std::string_view method() const override { return "SCRAM-SHA-256"; }
    std::string first() override;
    step answer(std::string_view data) override;
    std::string finish(std::string_view data) override;

    /// What a broker may ask for: fewer iterations would make the password cheap to guess (RFC 7677, 4), more would keep this
    /// thread busy for seconds on a small board.
    static constexpr unsigned fewest_iterations = 4096;
    static constexpr unsigned most_iterations = 600'000;

private:
    const std::string username_;
    const std::string password_;
    const std::string nonce_;  // printable
    std::string first_bare_;
    std::string expected_signature_;  // of the broker's last message; empty: it isn't its turn yet
};

}  // namespace mqtt

// gateway/delivery/scram_login.cpp: an exchange for each connection, each with fresh randomness.
// Not here: the exchange (mqtt/scram.hpp).
#include "gateway/delivery/scram_login.hpp"

#include <cassert>
#include <memory>
#include <string>

#include "gateway/random_bytes.hpp"
#include "mqtt/scram.hpp"

namespace gateway {
void use_scram(mqtt::options& how) {
    assert(!how.username.empty() && how.password);
    how.authentication = [name = how.username, password = *how.password] {
        return std::make_unique<mqtt::scram_sha_256>(name, password, random_bytes(24));
    };
    how.username.clear();
    how.password.reset();
}

}  // namespace gateway

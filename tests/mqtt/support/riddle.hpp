// tests/mqtt/support/riddle.hpp: an authentication method for tests: it answers every question but "wrong", and trusts "proof".
// Not here: a method that proves anything.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mqtt/authenticator.hpp"
#include "tests/mqtt/support/driver.hpp"

namespace mqtt_test {

class riddle final : public mqtt::authenticator {
public:
    std::string_view method() const override { return "RIDDLE"; }
    std::string first() override { return "first"; }
    step answer(std::string_view data) override {
        if (data == "wrong") return {"", "that is no question"};
        if (data == "\xff") return {"", "\xff is no question"};
        return {"answer to " + std::string(data), ""};
    }
    std::string finish(std::string_view data) override { return data == "proof" ? "" : "no proof"; }
};

inline mqtt::options riddle_options() {
    mqtt::options how = plain_options(mqtt::version::v5);
    how.authentication = [] { return std::make_unique<riddle>(); };
    return how;
}

/// The broker's AUTH within an exchange.
inline mqtt::auth question(std::string_view data) {
    mqtt::auth a;
    a.reason = mqtt::reason::continue_authentication;
    a.properties.authentication_method = "RIDDLE";
    a.properties.authentication_data = std::string(data);
    return a;
}

}  // namespace mqtt_test

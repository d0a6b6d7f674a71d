// tests/mqtt/scram_session_test.cpp: SCRAM-SHA-256 in MQTT's packets, against a broker's side written from RFC 5802 (3).
// Not here: the messages themselves (scram_test.cpp).
#include <catch2/catch.hpp>
#include <string>

#include "mqtt/digest.hpp"
#include "mqtt/scram.hpp"
#include "tests/mqtt/support/driver.hpp"

using namespace mqtt;
using namespace mqtt_test;

namespace {

const std::string salt = "sixteen bytes...";

/// Knows the password; says what it would of each message of the client's.
struct scram_broker {
    std::string password;
    std::string client_first;
    std::string server_first;

    std::string challenge(const std::string& first) {
        client_first = first.substr(3);  // without "n,,"
        server_first = client_first.substr(client_first.find("r=")) + "BROKER,s=" + base64_encode(salt) + ",i=4096";
        return server_first;
    }
    /// The last word, or nothing: the proof is wrong.
    std::optional<std::string> judge(const std::string& final) const {
        const auto proof_at = final.find(",p=");
        const std::string all = client_first + ',' + server_first + ',' + final.substr(0, proof_at);
        const std::string salted = pbkdf2_sha256(password, salt, 4096);
        const std::string client_key = hmac_sha256(salted, "Client Key");
        std::string proof = *base64_decode(final.substr(proof_at + 3));
        const std::string signature = hmac_sha256(sha256(client_key), all);
        for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
        if (proof != client_key) return std::nullopt;
        return "v=" + base64_encode(hmac_sha256(hmac_sha256(salted, "Server Key"), all));
    }
};

property_set properties_with(std::string data) {
    property_set all;
    all.authentication_method = "SCRAM-SHA-256";
    all.authentication_data = std::move(data);
    return all;
}

std::string data_of(const packet& what) {
    if (const auto* const first = std::get_if<connect>(&what)) return first->properties.authentication_data.value();
    return std::get<auth>(what).properties.authentication_data.value();
}

std::string next_data(driver& d) {
    const std::string bytes(d.session().unsent());
    const auto packets = d.cut(bytes);
    REQUIRE(packets.size() == 1);
    d.session().sent(bytes.size(), d.now());
    return data_of(packets[0]);
}

options with_scram(const std::string& password) {
    options how = plain_options(version::v5);
    how.session_expiry = std::chrono::seconds{0};  // one connection is enough
    how.authentication = [password] { return std::make_unique<scram_sha_256>("plant7", password, "a nonce of some bytes"); };
    return how;
}

}  // namespace

TEST_CASE("session: logs in by SCRAM-SHA-256, at CONNECT and again on the living connection", "[mqtt][session][scram]") {
    driver d(with_scram("pencil"));
    scram_broker broker{"pencil", "", ""};
    d.start();
    d.opened();
    d.broker(auth{reason::continue_authentication, properties_with(broker.challenge(next_data(d)))});
    const auto last = broker.judge(next_data(d));
    REQUIRE(last);
    d.effects();
    SECTION("both know the password") {
        d.broker(connack{false, reason::success, properties_with(*last)});
        CHECK(d.session().is_online());
        d.durable();
        d.effects();
        d.session().reauthenticate(d.now());
        d.broker(auth{reason::continue_authentication, properties_with(broker.challenge(next_data(d)))});
        const auto again = broker.judge(next_data(d));
        REQUIRE(again);
        d.broker(auth{reason::success, properties_with(*again)});
        CHECK(d.effects() == lines{"reauthenticated"});
    }
    SECTION("a broker that only pretends to know it is left") {
        d.broker(connack{false, reason::success, properties_with("v=" + base64_encode(std::string(32, 'x')))});
        CHECK_FALSE(d.session().is_online());
        CHECK(d.effects() == lines{"close"});
        d.closed();
        CHECK(d.effects() == lines{"offline: the broker failed the authentication: it doesn't know the password"});
    }
}

TEST_CASE("session: with a wrong password the broker sees a wrong proof, and nothing of the password", "[mqtt][session][scram]") {
    driver d(with_scram("pencil"));
    scram_broker broker{"eraser", "", ""};
    d.start();
    d.opened();
    const std::string first = next_data(d);
    d.broker(auth{reason::continue_authentication, properties_with(broker.challenge(first))});
    const std::string final = next_data(d);
    CHECK_FALSE(broker.judge(final));
    CHECK((first + final).find("pencil") == std::string::npos);
    d.effects();
    d.broker(connack{false, reason::not_authorized, {}});
    d.closed();
    CHECK(d.effects().back() == "offline: the broker refused the connection: not authorized");
}

// tests/mqtt/tls_key_test.cpp: keys that OpenSSL 3 has encrypted, and what only looks like one.
// Not here: the messages (tls_files_test.cpp).
#include "mqtt/tls_key.hpp"

#include <catch2/catch.hpp>

#include "mqtt/digest.hpp"
#include "tests/mqtt/support/certificates.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

std::string der_of(const std::string& pem) {
    const auto begin = pem.find("-----\n") + 6;
    auto text = pem.substr(begin, pem.find("-----END") - begin);
    std::erase(text, '\n');
    return base64_decode(text).value();
}

std::string pem_of(const std::string& der) {
    return "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64_encode(der) + "\n-----END ENCRYPTED PRIVATE KEY-----\n";
}

}  // namespace

TEST_CASE("tls key: the same key comes out of each form", "[mqtt][tls]") {
    const auto by_256 = open_key(modern_key, "open sesame");
    const auto by_128 = open_key(modern_key_128, "open sesame");
    REQUIRE(by_256);
    REQUIRE(by_128);
    CHECK(by_256->bytes.size() == 138);  // a SEQUENCE of that size, with its header
    CHECK(by_256->bytes.substr(0, 3) == "\x30\x81\x87");
    CHECK((by_128->bytes == by_256->bytes));
    SECTION("also from the midst of a file, with other line ends") {
        std::string text = "Bag Attributes\r\n" + std::string(modern_key) + "-----BEGIN CERTIFICATE-----\n";
        for (std::size_t at = text.find("\nMI"); at != std::string::npos; at = text.find('\n', at + 2)) text.insert(at, "\r");
        CHECK((open_key(text, "open sesame")->bytes == by_256->bytes));
    }
}

TEST_CASE("tls key: a wrong password opens nothing", "[mqtt][tls]") {
    for (const auto* password : {"", "Open sesame", "open sesame "}) {
        const auto opened = open_key(modern_key, password);
        REQUIRE(opened);
        CHECK(opened->bytes.empty());
    }
}

TEST_CASE("tls key: other kinds of keys are left alone", "[mqtt][tls]") {
    CHECK_FALSE(open_key(scrypt_key, "open sesame"));
    CHECK_FALSE(open_key(traditional_key, "open sesame"));
    CHECK_FALSE(open_key("", ""));
    CHECK_FALSE(open_key(der_of(modern_key), "open sesame"));
    CHECK_FALSE(open_key("-----BEGIN ENCRYPTED PRIVATE KEY-----", ""));
    CHECK_FALSE(open_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\n*\n-----END", ""));
}

TEST_CASE("tls key: one cut or changed at any byte is no key, and does no harm", "[mqtt][tls]") {
    const auto whole = der_of(modern_key);
    const auto right = open_key(modern_key, "open sesame")->bytes;
    int same = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(open_key(pem_of(whole.substr(0, at)), "open sesame"));
        auto changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 0x41);
        if (const auto opened = open_key(pem_of(changed), "open sesame")) same += opened->bytes == right ? 1 : 0;
    }
    CHECK(same == 2);  // the digest's parameters, which say nothing
    SECTION("nor is one that would take for ever") {
        auto slow = whole;
        const auto at = slow.find(std::string("\x02\x02\x08\x00", 4));
        REQUIRE(at != std::string::npos);
        slow.replace(at, 4, "\x02\x02\x88\x00", 4);  // below zero
        CHECK_FALSE(open_key(pem_of(slow), "open sesame"));
    }
}

// tests/mqtt/tls_name_test.cpp: which names in certificates are those of a host.
// Not here: whole certificates (tls_refusal_test.cpp).
#include "mqtt/tls_name.hpp"

#include <catch2/catch.hpp>

using namespace mqtt;

TEST_CASE("tls name: a name is that of the host, in either case, with or without its last dot", "[mqtt][tls]") {
    CHECK(is_name_of("broker.example", "broker.example"));
    CHECK(is_name_of("Broker.EXAMPLE", "bROKER.example"));
    CHECK(is_name_of("broker.example.", "broker.example"));
    CHECK(is_name_of("broker.example", "broker.example."));
    CHECK(is_name_of("plant7", "plant7"));
    CHECK_FALSE(is_name_of("broker.example", "broker.example.org"));
    CHECK_FALSE(is_name_of("example", "broker.example"));
    CHECK_FALSE(is_name_of("broker.example", "xbroker.example"));
    CHECK_FALSE(is_name_of("", ""));
    CHECK_FALSE(is_name_of("", "."));
    CHECK_FALSE(is_name_of(std::string_view("broker.example\0.evil", 20), "broker.example"));
}

TEST_CASE("tls name: a star is one whole label, the leftmost", "[mqtt][tls]") {
    CHECK(is_name_of("*.plant.example", "b.plant.example"));
    CHECK(is_name_of("*.Plant.example", "B.pLANT.example."));
    CHECK_FALSE(is_name_of("*.plant.example", "plant.example"));
    CHECK_FALSE(is_name_of("*.plant.example", "a.b.plant.example"));
    CHECK_FALSE(is_name_of("*.plant.example", ".plant.example"));
    CHECK_FALSE(is_name_of("*.example", "broker.example"));  // all of a top-level domain
    CHECK_FALSE(is_name_of("*", "broker"));
    CHECK_FALSE(is_name_of("*.", "broker."));
    CHECK_FALSE(is_name_of("b*.plant.example", "broker.plant.example"));
    CHECK_FALSE(is_name_of("*b.plant.example", "ab.plant.example"));
    CHECK_FALSE(is_name_of("a.*.example", "a.b.example"));
    CHECK_FALSE(is_name_of("*.*.example", "a.b.example"));
}

TEST_CASE("tls name: an address is known as one, and written as one", "[mqtt][tls]") {
    CHECK(address_bytes("10.0.0.5") == std::string("\x0a\x00\x00\x05", 4));
    CHECK(address_bytes("::1") == std::string(15, '\0') + '\1');
    CHECK(address_bytes("::1%eth0") == std::string(15, '\0') + '\1');
    for (const auto* host : {"broker.example", "", "10.0.0", "10.0.0.256", "10.0.0.5.", "1.2.3.4.5", "::g", "%eth0"}) {
        CAPTURE(host);
        CHECK_FALSE(address_bytes(host).has_value());
    }
    CHECK(address_text(std::string("\x0a\x00\x00\x05", 4)) == "10.0.0.5");
    CHECK(address_text(std::string(15, '\0') + '\1') == "::1");
    CHECK(address_text("") == "");
    CHECK(address_text("12345") == "");
}

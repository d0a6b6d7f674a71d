// tests/mqtt/scram_test.cpp: SCRAM-SHA-256 against the example of RFC 7677 (3), and brokers that lie.
// Not here: its packets (session_authenticate_test.cpp).
#include "mqtt/scram.hpp"

#include <catch2/catch.hpp>

#include "mqtt/digest.hpp"

using namespace mqtt;

namespace {

// The RFC's nonces are text; ours is base64 of random bytes. This one's bytes give just the RFC's text.
const std::string rfc_nonce = "rOprNGfwEbeRWgbNEkqO";
const std::string rfc_answer = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

scram_sha_256 rfc_exchange() { return {"user", "pencil", *base64_decode(rfc_nonce)}; }

}  // namespace

TEST_CASE("scram: the example of RFC 7677", "[mqtt][scram]") {
    auto exchange = rfc_exchange();
    CHECK(exchange.method() == "SCRAM-SHA-256");
    CHECK(exchange.first() == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    const auto step = exchange.answer(rfc_answer);
    CHECK(step.error.empty());
    CHECK(step.data ==
          "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    SECTION("the broker proves that it knows the password, too") {
        CHECK(exchange.finish("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == "");
    }
    SECTION("one that doesn't is refused") {
        CHECK(exchange.finish("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == "it doesn't know the password");
    }
    SECTION("so is one that proves nothing") {
        const auto nothing = GENERATE("", "v=", "v=x", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4", "x=1");
        CHECK(exchange.finish(nothing) == "it doesn't know the password");
    }
    SECTION("its own error is told") { CHECK(exchange.finish("e=invalid-proof") == "it says invalid-proof"); }
    SECTION("a second question isn't answered: it could be put with another salt") {
        CHECK(exchange.answer(rfc_answer).error == "it asks a second time");
    }
    SECTION("the same object begins anew") {
        exchange.first();
        CHECK(exchange.finish("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") ==
              "it accepts us without having asked for a proof");
    }
}

TEST_CASE("scram: what a broker must not ask", "[mqtt][scram]") {
    auto exchange = rfc_exchange();
    exchange.first();
    const auto [answer, error] = GENERATE(table<std::string, std::string>({
        {"", "its message is not SCRAM's"},
        {"r=rOprNGfwEbeRWgbNEkqO1,s=W22ZaJ0SNY7soEsUEjb6gQ==", "its message is not SCRAM's"},
        {"s=W22ZaJ0SNY7soEsUEjb6gQ==,r=rOprNGfwEbeRWgbNEkqO1,i=4096", "its message is not SCRAM's"},
        {"m=1,r=rOprNGfwEbeRWgbNEkqO1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "its message is not SCRAM's"},
        {"r=rOprNGfwEbeRWgbNEkqO1,s=W22Z*,i=4096", "its message is not SCRAM's"},
        {"r=rOprNGfwEbeRWgbNEkqO1,s=,i=4096", "its message is not SCRAM's"},
        {"r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=", "its message is not SCRAM's"},
        {"r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=-1", "its message is not SCRAM's"},
        {"r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=99999999999", "its message is not SCRAM's"},
        {"r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=4096", "its nonce doesn't continue ours"},
        {"r=another,s=W22Z,i=4096", "its nonce doesn't continue ours"},
        {"r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=4095", "it asks for so few iterations that the password could be guessed"},
        {"r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=600001", "it asks for more than 600000 iterations"},
        {"r=rOprNGfwEbeRWgbNEkqO1,s=W22Z,i=4096," + std::string(5000, 'x'), "its message is too long"},
    }));
    CAPTURE(answer);
    const auto step = exchange.answer(answer);
    CHECK(step.error == error);
    CHECK(step.data.empty());
}

TEST_CASE("scram: a name's commas and equal signs are escaped", "[mqtt][scram]") {
    scram_sha_256 exchange("a=b,c", "x", "nonce");
    CHECK(exchange.first() == "n,,n=a=3Db=2Cc,r=" + base64_encode("nonce"));
}

TEST_CASE("scram: an acceptance before any question is refused", "[mqtt][scram]") {
    auto exchange = rfc_exchange();
    exchange.first();
    CHECK(exchange.finish("") == "it accepts us without having asked for a proof");
}

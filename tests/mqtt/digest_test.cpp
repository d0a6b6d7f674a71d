// tests/mqtt/digest_test.cpp: the digests against the examples of the documents that define them.
#include "mqtt/digest.hpp"

#include <catch2/catch.hpp>

using namespace mqtt;

namespace {

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        text += digits[static_cast<unsigned char>(byte) >> 4];
        text += digits[static_cast<unsigned char>(byte) & 15];
    }
    return text;
}

std::string bytes_of(const std::string& text) { return base64_decode(text).value(); }

}  // namespace

TEST_CASE("digest: SHA-1 and SHA-256 as FIPS 180 shows them", "[mqtt][digest]") {
    CHECK(hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("digest: the key of RFC 6455's opening handshake is accepted as it shows", "[mqtt][digest]") {
    CHECK(base64_encode(sha1("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("digest: HMAC-SHA-256 as RFC 4231 shows it", "[mqtt][digest]") {
    CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    // A key longer than a block.
    CHECK(hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(hmac_sha256("", "").size() == sha256_size);
}

TEST_CASE("digest: PBKDF2 as RFC 7914 shows it, and as SCRAM's example needs it", "[mqtt][digest]") {
    CHECK(hex(pbkdf2_sha256("passwd", "salt", 1)) == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    CHECK(hex(pbkdf2_sha256("Password", "NaCl", 80000)) == "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");

    // RFC 7677 3: the client's proof and the server's signature.
    const std::string message =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const auto salted = pbkdf2_sha256("pencil", bytes_of("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
    const auto client_key = hmac_sha256(salted, "Client Key");
    auto proof = hmac_sha256(sha256(client_key), message);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
    CHECK(base64_encode(proof) == "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    CHECK(base64_encode(hmac_sha256(hmac_sha256(salted, "Server Key"), message)) ==
          "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_CASE("digest: base64 as RFC 4648 shows it, both ways", "[mqtt][digest]") {
    const auto [bytes, text] = GENERATE(table<std::string, std::string>({{"", ""},
                                                                         {"f", "Zg=="},
                                                                         {"fo", "Zm8="},
                                                                         {"foo", "Zm9v"},
                                                                         {"foob", "Zm9vYg=="},
                                                                         {"fooba", "Zm9vYmE="},
                                                                         {"foobar", "Zm9vYmFy"},
                                                                         {std::string("\0\xff\xfe", 3), "AP/+"},
                                                                         {std::string("\xfb\xf0", 2), "+/A="}}));
    CHECK(base64_encode(bytes) == text);
    CHECK(base64_decode(text) == bytes);
}

TEST_CASE("digest: base64 that could have been written otherwise is refused", "[mqtt][digest]") {
    // Short, without padding, with too much or misplaced padding, with lost bits, with a foreign letter or a line break.
    const auto* text = GENERATE("Z", "Zg", "Zg=", "Zg===", "====", "Z===", "=Zg=", "Zg==Zg==", "Zm8=Zm9v", "Zh==", "Zm9=", "Zm9-",
                                "Zm9v\n", "Zm9v\n\n\n\n", " Zm9", "Zm 9", "Z=8=", "Zg=v");
    CAPTURE(text);
    CHECK_FALSE(base64_decode(text).has_value());
}

TEST_CASE("digest: bytes are equal when all of them are", "[mqtt][digest]") {
    CHECK(equal_in_constant_time("", ""));
    CHECK(equal_in_constant_time("abc", "abc"));
    CHECK_FALSE(equal_in_constant_time("abc", "abd"));
    CHECK_FALSE(equal_in_constant_time("abc", "bbc"));
    CHECK_FALSE(equal_in_constant_time("abc", "ab"));
    CHECK_FALSE(equal_in_constant_time(std::string("a\0b", 3), std::string("a\0c", 3)));
}

// tests/mqtt/tls_refusal_test.cpp: whom the engine refuses, in which words, and that nothing of the application is sent.
// Not here: files that can't be read (tls_files_test.cpp).
#include <catch2/catch.hpp>
#include <regex>

#include "mqtt/transport.hpp"
#include "tests/mqtt/support/tls_world.hpp"

using namespace mqtt;
using namespace mqtt::test;
using Catch::StartsWith;

namespace {

/// What the clock says differs from run to run.
std::string without_clock(const std::string& words) {
    static const std::regex clock("\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2} UTC\\)");
    return std::regex_replace(words, clock, "NOW)");
}

struct attempt {
    std::string error;   // of our engine
    std::string server;  // what the server found
};

/// Tries to send at every chance there is.
attempt connect(const server_settings& how, const tls_files& files, const std::string& host = "broker.example",
                const tls_settings& settings = {}) {
    tls_server server(how);
    tls_engine client(files, settings, host);
    std::string all;
    for (int turn = 0; turn < 8; ++turn) {
        if (!client.is_open()) CHECK(client.write("secret") == 0);
        const auto bytes = client.take_bytes();
        all += bytes;
        server.feed(bytes);
        if (const auto answer = server.take_bytes(); !answer.empty() && client.error().empty()) client.feed(bytes_of(answer));
    }
    CHECK(server.received().empty());
    CHECK(all.find("secret") == std::string::npos);
    if (!client.error().empty()) {
        CHECK_FALSE(client.is_open());
        CHECK(client.write("secret") == 0);
        CHECK(client.take_bytes().empty());
    }
    return {without_clock(client.error()), server.error()};
}

attempt connect(const identity& who, const tls_files& files, const std::string& host = "broker.example",
                const tls_settings& settings = {}) {
    std::string error;
    std::string found;
    for (const auto version : tls_versions()) {
        const auto [words, server] = connect(plant().server_of(who, version), files, host, settings);
        if (version == tls_version::v1_2) error = words;
        CHECK(words == error);  // in both versions the same
        // In TLS 1.3 mbedTLS's client sends its alert in the clear, which its server can't read, though others can.
        if (version == tls_version::v1_2) found = server;
    }
    return {error, found};
}

identity by_plant(const wish& what) { return make_identity(what, &plant().authority); }

constexpr const char* alert_seen = "SSL - A fatal alert message was received from our peer";
constexpr const char* is_that_of =
    "; it is that of CN=broker.example, issued by CN=Plant CA, valid from 2020-01-01 to 2099-01-01";

}  // namespace

TEST_CASE("tls refusal: wrong host name", "[mqtt][tls]") {
    const auto [error, server] = connect(plant().broker, plant().files(), "other.example");
    CHECK(error ==
          std::string("the server's certificate is refused: it isn't for other.example") + is_that_of + ", for broker.example");
    CHECK(server == alert_seen);
}

TEST_CASE("tls refusal: the certificate's names are listed, but not without end", "[mqtt][tls]") {
    std::vector<std::string> names = {"10.0.0.5", "2001:db8::5"};
    for (int i = 0; i < 8; ++i) names.push_back("b" + std::to_string(i) + ".example");
    CHECK(connect(by_plant({.names = names}), plant().files(), "other.example").error ==
          std::string("the server's certificate is refused: it isn't for other.example") + is_that_of +
              ", for 10.0.0.5, 2001:db8::5, b0.example, b1.example, b2.example, b3.example, b4.example, b5.example and 2 more");
}

TEST_CASE("tls refusal: expired", "[mqtt][tls]") {
    const auto [error, server] = connect(by_plant({.from = "20010101000000", .to = "20020304050607"}), plant().files());
    CHECK(
        error ==
        "the server's certificate is refused: it expired on 2002-03-04 05:06 UTC (this machine's clock says NOW); it is that of "
        "CN=broker.example, issued by CN=Plant CA, valid from 2001-01-01 to 2002-03-04, for broker.example");
    CHECK(server == alert_seen);
}

TEST_CASE("tls refusal: not yet valid", "[mqtt][tls]") {
    const auto [error, server] = connect(by_plant({.from = "20980203040506"}), plant().files());
    CHECK(
        error ==
        "the server's certificate is refused: it isn't valid before 2098-02-03 04:05 UTC (is this machine's clock right? It says "
        "NOW); it is that of CN=broker.example, issued by CN=Plant CA, valid from 2098-02-03 to 2099-01-01, for broker.example");
    CHECK(server == alert_seen);
}

TEST_CASE("tls refusal: an authority that has expired", "[mqtt][tls]") {
    const auto old =
        make_identity({.subject = "CN=Old CA", .names = {}, .what_for = purpose::any, .to = "20020304050607", .authority = true});
    CHECK_THAT(
        connect(make_identity({}, &old), plant().trusting(old.certificate)).error,
        StartsWith("the certificate of an authority above the server's is refused: it expired on 2002-03-04 05:06 UTC (this "
                   "machine's clock says NOW); it is that of CN=Old CA, issued by CN=Old CA"));
}

TEST_CASE("tls refusal: revoked", "[mqtt][tls]") {
    const auto files = [](const std::string& list) { return plant().with_revocations(plant().files(), list); };
    const auto& authority = plant().authority;
    SECTION("by the list") {
        const auto [error, server] = connect(plant().broker, files(make_revocations(authority, {7, 1})));
        CHECK(error == std::string("the server's certificate is refused: it is revoked by crl_file /crl.pem") + is_that_of +
                           ", for broker.example");
        CHECK(server == alert_seen);
    }
    SECTION("others are") { CHECK(connect(plant().broker, files(make_revocations(authority, {7, 2}))).error == ""); }
    SECTION("nobody is") { CHECK(connect(plant().broker, files(make_revocations(authority, {}))).error == ""); }
    SECTION("a list out of date proves nothing") {
        CHECK(connect(plant().broker, files(make_revocations(authority, {}, "20200201000000Z"))).error ==
              std::string("the server's certificate is refused: crl_file /crl.pem is out of date: fetch the issuer's newest") +
                  is_that_of + ", for broker.example");
    }
    SECTION("nor does one from the future") {
        CHECK(connect(plant().broker, files(make_revocations(authority, {}, "20990101000000Z", "20980101000000Z"))).error ==
              std::string(
                  "the server's certificate is refused: crl_file /crl.pem isn't valid yet (is this machine's clock right? It "
                  "says NOW)") +
                  is_that_of + ", for broker.example");
    }
    SECTION("nor one by another authority") {
        CHECK(connect(plant().broker, files(make_revocations(make_authority("CN=Other CA"), {1}))).error ==
              std::string("the server's certificate is refused: crl_file /crl.pem has no list by the certificate's issuer") +
                  is_that_of + ", for broker.example");
    }
    SECTION("nor one that somebody else signed in its name") {
        CHECK(connect(plant().broker, files(make_revocations(make_authority(), {}))).error ==
              std::string("the server's certificate is refused: crl_file /crl.pem is signed by somebody else than its issuer") +
                  is_that_of + ", for broker.example");
    }
}

TEST_CASE("tls refusal: self-signed", "[mqtt][tls]") {
    const auto lonely = make_identity({});
    const auto [error, server] = connect(lonely, plant().files());
    CHECK(error ==
          "the server's certificate is refused: it is self-signed, and isn't itself among those trusted (ca_file /ca.pem); it is "
          "that of CN=broker.example, issued by CN=broker.example, valid from 2020-01-01 to 2099-01-01, for broker.example");
    CHECK(server == alert_seen);
    SECTION("it may be trusted itself") { CHECK(connect(lonely, plant().trusting(lonely.certificate)).error == ""); }
    SECTION("but then still has to be for the host") {
        CHECK_THAT(connect(lonely, plant().trusting(lonely.certificate), "other.example").error,
                   StartsWith("the server's certificate is refused: it isn't for other.example; "));
    }
}

TEST_CASE("tls refusal: an authority that nobody here knows", "[mqtt][tls]") {
    const auto other = make_authority("CN=Other CA");
    const std::string unknown =
        "the server's certificate is refused: its issuer CN=Other CA isn't among the authorities trusted (ca_file /ca.pem), or "
        "the "
        "server leaves out a certificate between the two; it is that of CN=broker.example, issued by CN=Other CA, valid from "
        "2020-01-01 to 2099-01-01, for broker.example";
    const auto stranger = make_identity({}, &other);
    CHECK(connect(stranger, plant().files()).error == unknown);
    SECTION("also when it is sent along") {
        auto with_chain = stranger;
        with_chain.certificate += other.certificate;
        CHECK(connect(with_chain, plant().files()).error ==
              "the certificate of an authority above the server's is refused: it is self-signed, and isn't itself among those "
              "trusted (ca_file /ca.pem); it is that of CN=Other CA, issued by CN=Other CA, valid from 2020-01-01 to 2099-01-01");
    }
    SECTION("with the name of one that is known") {
        const auto impostor = make_authority();
        CHECK_THAT(connect(make_identity({}, &impostor), plant().files()).error,
                   StartsWith("the server's certificate is refused: its issuer CN=Plant CA isn't among the authorities trusted"));
    }
    SECTION("all that is wrong is told at once") {
        const auto wrong = make_identity({.what_for = purpose::client, .to = "20210304050607"}, &other);
        CHECK_THAT(
            connect(wrong, plant().files(), "other.example").error,
            StartsWith("the server's certificate is refused: it expired on 2021-03-04 05:06 UTC (this machine's clock says "
                       "NOW), and its issuer CN=Other CA isn't among the authorities trusted (ca_file /ca.pem), or the server "
                       "leaves out a certificate between the two, and its purpose is not TLS server but TLS Web Client "
                       "Authentication, and it isn't for other.example; it is that of "));
    }
}

TEST_CASE("tls refusal: a certificate between the server's and the authority", "[mqtt][tls]") {
    const auto middle =
        make_identity({.subject = "CN=Middle CA", .names = {}, .what_for = purpose::any, .authority = true}, &plant().authority);
    auto broker = make_identity({}, &middle);
    SECTION("left out") {
        CHECK_THAT(
            connect(broker, plant().files()).error,
            StartsWith("the server's certificate is refused: its issuer CN=Middle CA isn't among the authorities trusted"));
    }
    broker.certificate += middle.certificate;
    SECTION("sent along") { CHECK(connect(broker, plant().files()).error == ""); }
    SECTION("that is none of an authority") {
        const auto no_authority = by_plant({.subject = "CN=Middle CA", .what_for = purpose::any});
        auto forged = make_identity({}, &no_authority);
        forged.certificate += no_authority.certificate;
        CHECK_THAT(
            connect(forged, plant().files()).error,
            StartsWith("the server's certificate is refused: its issuer CN=Middle CA isn't among the authorities trusted"));
    }
}

TEST_CASE("tls refusal: wrong purpose", "[mqtt][tls]") {
    SECTION("a client's certificate") {
        const auto [error, server] = connect(by_plant({.what_for = purpose::client}), plant().files());
        CHECK(error == std::string("the server's certificate is refused: its purpose is not TLS server but TLS Web Client "
                                   "Authentication") +
                           is_that_of + ", for broker.example");
        CHECK(server == alert_seen);
    }
    SECTION("a key for signing certificates only") {
        CHECK(connect(by_plant({.signs_only_others = true}), plant().files()).error ==
              std::string("the server's certificate is refused: its key usage doesn't allow a TLS server") + is_that_of +
                  ", for broker.example");
    }
    SECTION("one without any stated purpose will do") {
        CHECK(connect(by_plant({.what_for = purpose::any}), plant().files()).error == "");
    }
}

TEST_CASE("tls refusal: weak certificates", "[mqtt][tls]") {
    SECTION("signed with SHA-1") {
        CHECK(connect(by_plant({.by_sha1 = true}), plant().files()).error ==
              std::string("the server's certificate is refused: it is signed with a digest too weak (SHA-1 or older)") +
                  is_that_of + ", for broker.example");
    }
    SECTION("RSA of 1024 bits") {
        CHECK(
            connect(by_plant({.key = key_kind::rsa_1024}), plant().files()).error ==
            std::string("the server's certificate is refused: its signer's key, or its own, is too weak (its own is RSA of 1024 "
                        "bits; RSA needs 2048)") +
                is_that_of + ", for broker.example");
    }
    SECTION("RSA of 2048 bits will do") { CHECK(connect(by_plant({.key = key_kind::rsa_2048}), plant().files()).error == ""); }
}

TEST_CASE("tls refusal: a weak key exchange", "[mqtt][tls]") {
    SECTION("signed with SHA-1") {
        auto how = plant().server();
        how.signs_by_sha1 = true;
        CHECK(connect(how, plant().files()).error ==
              "the server refused the connection (TLS alert handshake_failure): it finds no cipher or key exchange that both "
              "allow");
    }
    SECTION("by a short prime") {
        auto how = plant().server_of(by_plant({.key = key_kind::rsa_2048}));
        how.has_short_dh_prime = true;
        const auto [error, server] = connect(how, plant().files());
        CHECK_THAT(error, StartsWith("the TLS handshake failed: SSL - "));
        CHECK(server == alert_seen);
    }
}

TEST_CASE("tls refusal: the server's name may be told, and then it counts instead of the host", "[mqtt][tls]") {
    CHECK(connect(plant().broker, plant().files(), "10.0.0.5", {.server_name = "broker.example"}).error == "");
    CHECK_THAT(connect(plant().broker, plant().files(), "broker.example", {.server_name = "other.example"}).error,
               StartsWith("the server's certificate is refused: it isn't for other.example; "));
}

TEST_CASE("tls refusal: an address must be in the certificate as an address", "[mqtt][tls]") {
    const auto broker = by_plant({.names = {"10.0.0.5", "2001:db8::5", "*.0.0.6"}});
    CHECK(connect(broker, plant().files(), "10.0.0.5").error == "");
    CHECK(connect(broker, plant().files(), "2001:DB8:0::5").error == "");
    CHECK(connect(broker, plant().files(), "10.0.0.6").error != "");
    CHECK(connect(broker, plant().files(), "2001:db8::6").error != "");
    SECTION("the common name counts if there is no other name, for addresses, too") {
        const auto old = by_plant({.subject = "CN=10.0.0.5", .names = {}});
        CHECK(connect(old, plant().files(), "10.0.0.5").error == "");
        CHECK(connect(old, plant().files(), "10.0.0.6").error != "");
    }
}

TEST_CASE("tls refusal: the common name counts only if there is no other name", "[mqtt][tls]") {
    CHECK(connect(by_plant({.names = {}}), plant().files()).error == "");
    CHECK(connect(by_plant({.names = {"10.0.0.5"}}), plant().files()).error != "");
    CHECK(connect(by_plant({.names = {"other.example"}}), plant().files()).error != "");
    CHECK(connect(by_plant({.subject = "CN=*.example.org", .names = {}}), plant().files(), "a.example.org").error == "");
}

TEST_CASE("tls refusal: what is switched off isn't checked, and nothing else", "[mqtt][tls]") {
    const tls_settings no_host{.verify_host = tls_check::off};
    const tls_settings no_chain{.verify_chain = tls_check::off};
    const tls_settings nothing{.verify_chain = tls_check::off, .verify_host = tls_check::off};
    const auto lonely = make_identity({.what_for = purpose::client, .to = "20210304050607"});
    SECTION("the host") {
        CHECK(connect(plant().broker, plant().files(), "other.example", no_host).error == "");
        CHECK(connect(lonely, plant().files(), "broker.example", no_host).error != "");
    }
    SECTION("the chain") {
        CHECK(connect(lonely, {}, "broker.example", no_chain).error == "");
        CHECK(connect(lonely, {}, "other.example", no_chain).error ==
              "the server's certificate is refused: it isn't for other.example; it is that of CN=broker.example, issued by "
              "CN=broker.example, valid from 2020-01-01 to 2021-03-04, for broker.example");
    }
    SECTION("both") { CHECK(connect(lonely, {}, "other.example", nothing).error == ""); }
}

TEST_CASE("tls refusal: text of the certificate can't break a line of a log", "[mqtt][tls]") {
    const auto odd = by_plant({.names = {"a\nb\x1b[2J\xff"}});
    const auto error = connect(odd, plant().files()).error;
    CHECK_THAT(error, Catch::EndsWith(", for a?b?[2J?"));
}

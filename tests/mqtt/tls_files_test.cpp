// tests/mqtt/tls_files_test.cpp: the files of TLS's settings: what is read, and what is said when they are wrong.
// Not here: what is done with their contents in a handshake (tls_refusal_test.cpp).
#include "mqtt/tls_files.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "mqtt/digest.hpp"
#include "mqtt/tls_credentials.hpp"
#include "tests/mqtt/support/tls_world.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace mqtt;
using namespace mqtt::test;
namespace fs = std::filesystem;

namespace {

class folder : public support::temporary_folder {
public:
    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(file(name), std::ios::binary) << bytes;
        return file(name);
    }
};

/// What a connection with these settings says before it sends a byte; "" when it would begin.
std::string error_of(const tls_settings& how) {
    tls_files files;
    if (auto error = read_tls_files(how, files); !error.empty()) return error;
    return tls_engine(std::move(files), how, "broker.example").error();
}

/// Whether the plant's broker is believed.
bool believes(const tls_settings& how) {
    tls_files files;
    REQUIRE(read_tls_files(how, files) == "");
    tls_server server(plant().server());
    tls_engine client(std::move(files), how, "broker.example");
    exchange(client, server);
    return client.is_open();
}

const std::string& authority() { return plant().authority.certificate; }

std::string der_of(const std::string& pem) {
    const auto begin = pem.find("-----\n") + 6;
    std::string text = pem.substr(begin, pem.find("-----END") - begin);
    std::erase(text, '\n');
    return base64_decode(text).value();
}

}  // namespace

TEST_CASE("tls files: authorities are read from a file, in either form, and whatever else it holds", "[mqtt][tls]") {
    const folder in;
    CHECK(believes({.ca_file = in.write("ca.pem", authority())}));
    CHECK(believes({.ca_file = in.write("ca.der", der_of(authority()))}));
    CHECK(believes({.ca_file = in.write("more.pem", "some text\n" + make_authority("CN=Other CA").certificate + authority())}));
    CHECK_FALSE(believes({.ca_file = in.write("other.pem", make_authority("CN=Other CA").certificate)}));
    SECTION("one that can't be read takes nothing from the others") {
        auto odd = make_authority("CN=Odd CA").certificate;
        odd.replace(100, 8, "AAAAAAAA");
        CHECK(believes({.ca_file = in.write("odd.pem", odd + authority())}));
    }
}

TEST_CASE("tls files: authorities are read from a folder, whatever else is in it", "[mqtt][tls]") {
    const folder in;
    fs::create_directory(in.file("ca"));
    in.write("ca/README", "These are our authorities.\n");
    in.write("ca/other.pem", make_authority("CN=Other CA").certificate);
    fs::create_directory(in.file("ca/more"));
    fs::create_symlink("nowhere", in.file("ca/0a0b0c0d.0"));
    CHECK_FALSE(believes({.ca_folder = in.file("ca")}));
    in.write("plant.pem", authority());
    fs::create_symlink("../plant.pem", in.file("ca/1a0b0c0d.0"));
    CHECK(believes({.ca_folder = in.file("ca")}));
    CHECK(believes({.ca_file = in.file("ca/other.pem"), .ca_folder = in.file("ca")}));
}

TEST_CASE("tls files: a file that isn't there, or is no file, or far too large, is told by name", "[mqtt][tls]") {
    const folder in;
    const auto nowhere = in.file("nowhere");
    CHECK(error_of({.ca_file = nowhere}) == "ca_file " + nowhere + " can't be read: No such file or directory");
    CHECK(error_of({.ca_folder = nowhere}) == "ca_folder " + nowhere + " can't be read: No such file or directory");
    const auto ca_file = in.write("ca.pem", authority());
    CHECK(error_of({.ca_file = ca_file, .crl_file = nowhere}) ==
          "crl_file " + nowhere + " can't be read: No such file or directory");
    CHECK(error_of({.ca_file = ca_file, .certificate_file = nowhere}) ==
          "certificate_file " + nowhere + " can't be read: No such file or directory");
    const auto own = in.write("own.pem", plant().gateway.certificate);
    CHECK(error_of({.ca_file = ca_file, .certificate_file = own, .key_file = nowhere}) ==
          "key_file " + nowhere + " can't be read: No such file or directory");
    CHECK(error_of({.ca_file = ca_file, .key_file = own}) == "key_file is set without a certificate_file: set both");
    const auto place = in.path().string();
    CHECK(error_of({.ca_file = place}) == "ca_file " + place + " can't be read: it isn't a file");
    CHECK(error_of({.ca_file = "/dev/zero"}) == "ca_file /dev/zero can't be read: it isn't a file");
    const auto large = in.write("large.pem", authority());
    fs::resize_file(large, 4 * 1024 * 1024);
    CHECK(error_of({.ca_file = large}) ==
          "ca_file " + large + " can't be read: it has 4 MiB or more, which no file of certificates has");
}

TEST_CASE("tls files: a folder far too large isn't read", "[mqtt][tls]") {
    const folder in;
    SECTION("in files") {
        for (int i = 0; i < 1025; ++i) in.write(std::to_string(i), "");
        CHECK(error_of({.ca_folder = in.path().string()}) ==
              "ca_folder " + in.path().string() + " holds more than 1024 files: name a ca_file instead");
    }
    SECTION("in bytes") {
        for (int i = 0; i < 5; ++i) fs::resize_file(in.write(std::to_string(i), ""), 4 * 1024 * 1024 - 1);
        CHECK(error_of({.ca_folder = in.path().string()}) ==
              "ca_folder " + in.path().string() + " holds more than 16 MiB: name a ca_file instead");
    }
}

TEST_CASE("tls files: a file that holds something else is told by name", "[mqtt][tls]") {
    const folder in;
    const auto text = in.write("text", GENERATE("", "Hello\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    const auto ca_file = in.write("ca.pem", authority());
    CHECK(error_of({.ca_file = text}) == "ca_file " + text + " holds no certificate (PEM or DER)");
    CHECK_THAT(error_of({.ca_file = ca_file, .crl_file = text}),
               Catch::StartsWith("crl_file " + text + " holds no list of revoked certificates (PEM or DER): "));
    CHECK_THAT(error_of({.ca_file = ca_file, .certificate_file = text}), Catch::StartsWith("certificate_file " + text + " "));
    const auto own = in.write("own.pem", plant().gateway.certificate);
    CHECK_THAT(error_of({.ca_file = ca_file, .certificate_file = own, .key_file = text}),
               Catch::StartsWith("key_file " + text + " holds no private key (PEM or DER): "));
    CHECK_THAT(error_of({.ca_file = ca_file, .certificate_file = own}),  // without a key in it
               Catch::StartsWith("key_file " + own + " holds no private key (PEM or DER): "));
    fs::create_directory(in.file("empty"));
    CHECK(error_of({.ca_folder = in.file("empty")}) == "ca_folder " + in.file("empty") + " holds no certificate (PEM or DER)");
}

TEST_CASE("tls files: the client's own chain must be whole, and the key must be its", "[mqtt][tls]") {
    const folder in;
    const auto ca_file = in.write("ca.pem", authority());
    const auto key = in.write("own.key", plant().gateway.key);
    const auto other_key = in.write("other.key", plant().broker.key);
    const auto own = in.write("own.pem", plant().gateway.certificate);
    CHECK(error_of({.ca_file = ca_file, .certificate_file = own, .key_file = key}) == "");
    CHECK(error_of({.ca_file = ca_file, .certificate_file = own, .key_file = other_key}) ==
          "key_file " + other_key + " isn't the key of the first certificate in certificate_file " + own +
              ": name the two that belong together");
    auto damaged = authority();
    damaged.replace(100, 8, "AAAAAAAA");
    const auto chain = in.write("chain.pem", plant().gateway.certificate + damaged);
    CHECK(error_of({.ca_file = ca_file, .certificate_file = chain, .key_file = key}) ==
          "certificate_file " + chain + " is damaged: not all of its certificates can be read");
}

TEST_CASE("tls files: an encrypted key needs its password", "[mqtt][tls]") {
    const folder in;
    const auto who = make_identity_for({.subject = "CN=gateway 7", .names = {}, .what_for = purpose::client}, traditional_key,
                                       "open sesame", nullptr);
    tls_settings how{.ca_file = in.write("ca.pem", authority()), .certificate_file = in.write("own.pem", who.certificate)};
    SECTION("in each of OpenSSL's usual forms") {
        how.key_file = in.write("own.key", GENERATE(traditional_key, modern_key, modern_key_128));
        how.key_password = "open sesame";
        CHECK(error_of(how) == "");
        how.key_password = "wrong";
        CHECK(error_of(how) == "key_password isn't the password of key_file " + how.key_file);
        how.key_password = "";
        CHECK(error_of(how) == "key_file " + how.key_file + " is encrypted: set key_password");
    }
    SECTION("for an uncommon one there is a remedy") {
        how.key_file = in.write("own.key", scrypt_key);
        how.key_password = "open sesame";
        const auto error = error_of(how);
        CHECK_THAT(error, Catch::StartsWith("key_file " + how.key_file + " is of a kind that can't be read here: "));
        CHECK_THAT(error, Catch::EndsWith("\"openssl pkcs8 -topk8 -v2 aes-256-cbc\" writes one that can"));
    }
}

TEST_CASE("tls files: nothing of the key stays behind in what was read", "[mqtt][tls]") {
    auto files = plant().with_own(plant().files(), plant().gateway);
    files.certificate->bytes += plant().gateway.key;
    random_numbers random;
    REQUIRE(random.seed() == 0);
    tls_credentials credentials;
    REQUIRE(parse(files, "", random, credentials) == "");
    CHECK(files.key->bytes.find_first_not_of('\0') == std::string::npos);
    CHECK(files.certificate->bytes.find_first_not_of('\0') == std::string::npos);
}

TEST_CASE("tls files: without any setting, whom the system trusts; without a check, nobody is read", "[mqtt][tls]") {
    tls_files files;
    const auto error = read_tls_files({}, files);
    CHECK(files.authorities_place == "/etc/ssl/certs/ca-certificates.crt");
    REQUIRE(files.authorities.size() == 1);
    CHECK(files.authorities[0].path == "/etc/ssl/certs/ca-certificates.crt");
    if (!fs::exists(files.authorities_place)) {
        CHECK(error ==
              "/etc/ssl/certs/ca-certificates.crt can't be read: No such file or directory; install the package ca-certificates, "
              "or "
              "set ca_file");
    } else {
        CHECK(error == "");
        CHECK(tls_engine(std::move(files), {}, "broker.example").error() == "");
    }
    tls_files none;
    CHECK(read_tls_files({.ca_file = "/nowhere", .crl_file = "/nowhere", .verify_chain = tls_check::off}, none) == "");
    CHECK(none.authorities.empty());
}

TEST_CASE("tls files: that they are renewed is seen, and that they then don't work", "[mqtt][tls]") {
    const folder in;
    const auto other = make_authority("CN=Other CA");
    const tls_settings how{.ca_file = in.write("ca.pem", authority()),
                           .crl_file = {},
                           .certificate_file = in.write("own.pem", plant().gateway.certificate),
                           .key_file = in.write("own.key", plant().gateway.key)};
    const auto first = content_of_files(how);
    CHECK(first.size() == sha256_size);
    CHECK(content_of_files(how) == first);
    CHECK(fault_in_files(how) == "");
    for (const auto* name : {"ca.pem", "own.pem", "own.key"}) {
        INFO(name);
        std::ifstream file(in.file(name));
        const std::string before{std::istreambuf_iterator<char>(file), {}};
        in.write(name, before + "\n");
        CHECK(content_of_files(how) != first);
        in.write(name, before);
        CHECK(content_of_files(how) == first);
    }
    in.write("own.key", other.key);
    CHECK(fault_in_files(how).find("isn't the key of the first certificate") != std::string::npos);
    fs::remove(in.file("own.key"));
    CHECK(content_of_files(how) == "");
    CHECK(fault_in_files(how).find("can't be read") != std::string::npos);
}

// tests/gateway/diagnosis/masking_test.cpp: no secret gets through, wherever it stands and however it is written; and what is
// none stays. Not here: the bundle as a whole (bundle_test.py).
#include "gateway/diagnosis/masking.hpp"

#include <catch2/catch.hpp>

#include "gateway/diagnosis/secret_places.hpp"
#include "gateway/diagnosis/tar.hpp"
#include "mqtt/digest.hpp"

using namespace gateway;

namespace {

std::string masked(std::string_view text) {
    std::vector<std::string> secrets;
    return masked_yaml(text, secrets);
}

}  // namespace

TEST_CASE("masking: a known secret is found in every writing", "[gateway][masking]") {
    const std::string secret = "s3cr+t/p\"ass w0rd";
    scrubber all;
    all.add(secret);
    for (const std::string before : {"", "u", "us", "user:"})
        for (const std::string behind : {"", "x", "xy"}) {
            const std::string encoded = mqtt::base64_encode(before + secret + behind);
            const std::string left = all.clean(encoded);
            CAPTURE(encoded, left);
            // What is left of it is the ends, of which no more than one character of the secret's could be told.
            CHECK(left.find(masked_as) != std::string::npos);
            CHECK(left.size() < encoded.size() / 2 + 8);
        }
    CHECK(all.clean("a " + secret + " b " + secret) == "a *** b ***");
    CHECK(all.clean("733363722b742f702261737320773072 64").find("7333") == 0);  // cut in two it isn't known
    CHECK(all.clean("x733363722b742f70226173732077307264y") == "x***y");
    CHECK(all.clean("x733363722B742F70226173732077307264y") == "x***y");
    CHECK(all.clean("73 33 63 72 2b 74 2f 70 22 61 73 73 20 77 30 72 64") == "***");
    CHECK(all.clean("?p=s3cr%2Bt%2Fp%22ass%20w0rd&") == "?p=***&");
    CHECK(all.clean("?p=s3cr%2bt%2fp%22ass%20w0rd&") == "?p=***&");
    CHECK(all.clean(R"({"p":"s3cr+t/p\"ass w0rd"})") == R"({"p":"***"})");
    scrubber lines;
    lines.add("-----BEGIN KEY-----\nMIIBVwIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END");
    CHECK(lines.clean("line hkiG9w0BAQEFAASC line") == "line *** line");
    scrubber shortest;
    shortest.add("abc");
    CHECK(shortest.clean("abc") == "abc");  // would be found everywhere
}

TEST_CASE("masking: a config shows no value where secrets stand", "[gateway][masking]") {
    CHECK(masked("mqtt: { url: 'mqtt://u:hunter2@h:1', password: hunter2, username: bob } # hunter2\n") ==
          "mqtt:\n  url: \"mqtt://***@h:1\"  # line 1\n  password: ***  # line 1\n  username: bob  # line 1\n");
    CHECK(masked("password: '@file:/etc/p'\ntoken: '@env:T'\nkey_password: \"@cred:k\"\n") ==
          "password: \"@file:/etc/p\"  # line 1\ntoken: \"@env:T\"  # line 2\nkey_password: \"@cred:k\"  # line 3\n");
    CHECK(masked("websocket:\n  headers:\n    X-Any: hunter2\n") == "websocket:\n  headers:\n    X-Any: ***  # line 3\n");
    CHECK(masked("mqttPassword: |\n  hunter2\n  more\n") == "mqttPassword: ***  # line 1\n");
    CHECK(masked("secrets:\n  - one: hunter2\n    two: [ hunter2, '@env:X' ]\n").find("hunter2") == std::string::npos);
    CHECK(masked("url: wss://h/path?token=hunter2&x=1\n") == "url: \"wss://h/path?***\"  # line 1\n");
    CHECK(masked("tls: { key: \"-----BEGIN PRIVATE KEY----- hunter2\" }\n") == "tls:\n  key: ***  # line 1\n");
    CHECK(masked("before_write: '06 00 10 12 34'\n") == "before_write: ***  # line 1\n");
    CHECK(masked("script: [ { send: 'P1(12345678)' } ]\n") == "script:\n  -\n    send: \"P1(***)\"  # line 1\n");
    CHECK(masked("a: 1\nb: yes\nc:\nd: 'two words'\n") ==
          "a: 1  # line 1\nb: yes  # line 2\nc:   # line 3\nd: \"two words\"  # line 4\n");
    CHECK(masked("mqtt: { password: hunter2\n").find("hunter2") == std::string::npos);  // isn't YAML to its end
    CHECK(masked("# hunter2\n").find("hunter2") == std::string::npos);
}

TEST_CASE("masking: what was masked is known from then on", "[gateway][masking]") {
    std::vector<std::string> secrets;
    std::ignore = masked_yaml(
        "headers: { Authorization: 'Bearer hunter2' }\nurl: 'mqtt://bob:sesame@h'\npath: 'ws://h/?k=v123'\n", secrets);
    for (const std::string each : {"Bearer hunter2", "hunter2", "bob:sesame", "sesame", "v123"}) {
        CAPTURE(each);
        CHECK(std::find(secrets.begin(), secrets.end(), each) != secrets.end());
    }
}

TEST_CASE("masking: units, audit entries, log lines, states", "[gateway][masking]") {
    std::vector<std::string> secrets;
    CHECK(masked_unit("# /lib/systemd/x.service\n# hunter2\n[Service]\nEnvironment=\"P=hunter2\"\nEnvironment=A=b \\\n  "
                      "C=hunter2\nSetCredential=x:hunter2\n"
                      "LoadCredential=x:/etc/x\nUser=tidegate\n",
                      secrets) ==
          "# "
          "/lib/systemd/x.service\n#\n[Service]\nEnvironment=***\nEnvironment=***\n***\nSetCredential=***\nLoadCredential=x:/etc/"
          "x\nUser=tidegate\n");
    CHECK(std::find(secrets.begin(), secrets.end(), "hunter2") != secrets.end());
    CHECK(
        masked_audit(
            R"({"ts":"t","device":"d","point":"p","id":"hunter2","old":"hunter2","value":"hunter2","detail":"hunter2","stage":"sent","ok":true})") ==
        R"({"ts":"t","device":"d","point":"p","stage":"sent","ok":true})");
    CHECK(masked_audit("hunter2") == "{}");
    CHECK(masked_log("10:00 info write point=p value=\"hunter2 \\\" x\" stage=sent old=7\nb detail=x\n") ==
          "10:00 info write point=p value=*** stage=sent old=***\nb detail=***\n");
    CHECK(without_values(R"({"a":{"value":21.5,"x":1},"b":{"value":"hunter2\"","y":2},"value":null})") ==
          R"({"a":{"value":"***","x":1},"b":{"value":"***","y":2},"value":"***"})");
}

TEST_CASE("secret places: wherever they stand, but not in comments", "[gateway][masking]") {
    const auto found = secret_places(
        "# @env:NOT\nmqtt: { password: \"@file:/etc/a b\", token: @env:TOKEN }\n  x: '@cred:c'\n  y: @file:/etc/plain # "
        "@env:AFTER\n  z: a@env:b\n  w: '@file:relative'\n");
    std::vector<std::string> names;
    for (const auto& each : found) names.push_back(std::to_string(each.where.line) + ' ' + each.name);
    // What stands behind a value in a comment costs a look at it, and no more.
    CHECK(names == std::vector<std::string>{"2 /etc/a b", "2 TOKEN", "3 c", "4 /etc/plain", "4 AFTER", "5 b"});
}

TEST_CASE("tar: two files, each at a multiple of 512, with a right sum", "[gateway][masking]") {
    tar archive;
    archive.add("a/one.txt", "hello", 1);
    archive.add("a/two.txt", std::string(600, 'x'), 2);
    const std::string bytes = archive.finish();
    CHECK(bytes.size() == 512 + 512 + 512 + 1024 + 1024);
    CHECK(bytes.substr(0, 9) == "a/one.txt");
    CHECK(bytes.substr(257, 6) == std::string("ustar\0", 6));
    CHECK(bytes.substr(124, 11) == "00000000005");
    CHECK(bytes.substr(512, 5) == "hello");
    CHECK(bytes.substr(1024, 9) == "a/two.txt");
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(bytes[i]);
    CHECK(std::stoul(bytes.substr(148, 6), nullptr, 8) == sum);
}

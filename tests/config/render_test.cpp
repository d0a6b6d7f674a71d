// tests/config/render_test.cpp: how a diagnostic looks on a terminal.
#include <catch2/catch.hpp>

#include "config/mask.hpp"
#include "config/read.hpp"

using namespace config;

namespace {

std::string show(position where, std::size_t width, std::string_view text) {
    return render({severity::error, where, width, "m"}, "f", text);
}

}  // namespace

TEST_CASE("render: place, message, line, caret", "[config][render]") {
    CHECK(show({2, 3}, 3, "a\nb cde f\n") == "f:2:3: error: m\n    b cde f\n      ^~~\n");
    CHECK(render({severity::warning, {1, 1}, 1, "m"}, "f", "a") == "f:1:1: warning: m\n    a\n    ^\n");
}

TEST_CASE("render: columns are characters, tabs stay", "[config][render]") {
    CHECK(show({1, 4}, 1, "\xC2\xB0\xE2\x82\xAC\xF0\x9F\x98\x80x") ==
          "f:1:4: error: m\n    \xC2\xB0\xE2\x82\xAC\xF0\x9F\x98\x80x\n       ^\n");
    CHECK(show({1, 3}, 1, "\t\tx") == "f:1:3: error: m\n    \t\tx\n    \t\t^\n");
    CHECK(show({1, 2}, 1,
               "\xEF\xBB\xBF"
               "ab") == "f:1:2: error: m\n    ab\n     ^\n");
}

TEST_CASE("render: a place behind the line, an empty line, a line that isn't there", "[config][render]") {
    CHECK(show({1, 4}, 1, "abc\n") == "f:1:4: error: m\n    abc\n       ^\n");
    CHECK(show({2, 1}, 1, "a\n\nb") == "f:2:1: error: m\n    \n    ^\n");
    CHECK(show({9, 1}, 1, "a") == "f:9:1: error: m\n");
    CHECK(show({0, 0}, 0, "a") == "f:0:0: error: m\n");
    CHECK(show({1, 1}, 1, "") == "f:1:1: error: m\n    \n    ^\n");
}

TEST_CASE("render: what a terminal would obey is replaced", "[config][render]") {
    const std::string hole = "\xEF\xBF\xBD";
    CHECK(show({1, 2}, 1, "\x1b[2Jx\xC2\x9Bq\xE2\x80\xAEr\xFF") ==
          "f:1:2: error: m\n    " + hole + "[2Jx" + hole + "q" + hole + "r" + hole + "\n     ^\n");
}

TEST_CASE("render: of a long line the part around the column is shown", "[config][render]") {
    std::string line(1000, 'a');
    line[500] = 'X';
    const auto shown = show({1, 501}, 1, line);
    CHECK(shown == "f:1:501: error: m\n    ..." + std::string(40, 'a') + "X" + std::string(79, 'a') + "...\n" +
                       std::string(4 + 3 + 40, ' ') + "^\n");
    const auto end = show({1, 1001}, 1, line);
    CHECK(end == "f:1:1001: error: m\n    ..." + std::string(40, 'a') + "\n" + std::string(4 + 3 + 40, ' ') + "^\n");
    const auto begin = show({1, 1}, 2000, line);
    CHECK(begin == "f:1:1: error: m\n    " + std::string(120, 'a') + "...\n    ^" + std::string(119, '~') + "\n");
}

TEST_CASE("render: secrets are covered, references are not", "[config][render]") {
    CHECK(mask_secrets("  password: hunter2") == "  password: *******");
    CHECK(mask_secrets("{ url: x, password: \"h\xC3\xBCnter\", qos: 1 }") == "{ url: x, password: \"******\", qos: 1 }");
    CHECK(mask_secrets("{ pasword: hunter2, qos: 1 }") == "{ pasword: *****************");
    CHECK(mask_secrets("\"password\" : 'x'") == "\"password\" : '*'");
    CHECK(mask_secrets("password: \"@env:PW\"  # here") == "password: \"@env:PW\"  # here");
    CHECK(mask_secrets("password:") == "password:");
    CHECK(mask_secrets("url: mqtt://me:hunter2@host # x") == "url: mqtt://**********@host # x");
    CHECK(mask_secrets("urls: [mqtt://a@b, mqtt://c]") == "urls: [mqtt://*@b, mqtt://c]");
    CHECK(mask_secrets("url: \"wss://b/x?token=1\" # x?") == "url: \"wss://b/x?*******\" # x?");
    CHECK(mask_secrets("  X-Api-Key: hunter2") == "  X-Api-Key: *******");
    CHECK(mask_secrets("{ Authorization: \"Bearer x\", X-Site: a }") == "{ Authorization: \"********\", X-Site: a }");
    CHECK(mask_secrets("key: /etc/key.pem, idempotency_key: json") == "key: /etc/key.pem, idempotency_key: json");
    CHECK(mask_secrets("parity: even, port: x") == "parity: even, port: x");
}

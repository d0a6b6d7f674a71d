// tests/mqtt/http_answer_test.cpp: heads of HTTP answers, well-formed and not, whole and in pieces.
// Not here: what a WebSocket server or a proxy has to answer (websocket_handshake_test.cpp, proxy_test.cpp).
#include "mqtt/http_answer.hpp"

#include <catch2/catch.hpp>

using namespace mqtt;

namespace {

struct reading {
    http_answer_reader reader;
    std::size_t taken = 0;
};

/// In pieces of `piece` bytes, as long as the reader wants any.
reading read(std::string_view text, std::size_t piece) {
    reading result;
    while (result.taken < text.size() && !result.reader.is_whole() && result.reader.error().empty())
        result.taken += result.reader.feed(text.substr(result.taken, piece));
    return result;
}

std::string error_of(std::string_view text) {
    const auto result = read(text, text.size());
    CHECK(result.reader.error() == read(text, 1).reader.error());
    CHECK_FALSE((result.reader.is_whole() && !result.reader.error().empty()));
    return std::string(result.reader.error());
}

}  // namespace

TEST_CASE("http answer: status, phrase and fields are read, and nothing behind the head is taken", "[mqtt][http]") {
    const std::string head = "HTTP/1.1 200 All is well\r\nName:value\r\nX-Two: \t a  b \t\r\nEmpty:\r\nname: again\r\n\r\n";
    const auto piece = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{1000});
    const auto result = read(head + "\r\nbody", piece);
    REQUIRE(result.reader.is_whole());
    CHECK(result.taken == head.size());
    const auto& answer = result.reader.answer();
    CHECK(answer.status == 200);
    CHECK(answer.phrase == "All is well");
    CHECK(answer.fields == std::vector<http_field>{{"name", "value"}, {"x-two", "a  b"}, {"empty", ""}, {"name", "again"}});
    CHECK(answer.field("name") == "value, again");
    CHECK(answer.field("empty") == "");
    CHECK(answer.field("none") == std::nullopt);
    CHECK(status_words(answer) == "200 All is well");
}

TEST_CASE("http answer: a line feed may end a line, and the phrase may be missing", "[mqtt][http]") {
    for (const auto* head : {"HTTP/1.0 407\n\n", "HTTP/1.1 407 \r\n\r\n", "HTTP/1.1 407\r\n\n"}) {
        const auto result = read(head, 1000);
        CHECK(result.reader.is_whole());
        CHECK(status_words(result.reader.answer()) == "407");
    }
}

TEST_CASE("http answer: interim answers are passed over, but 101 is none", "[mqtt][http]") {
    const auto result = read("HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 No\r\n\r\n", 1);
    REQUIRE(result.reader.is_whole());
    CHECK(result.reader.answer().status == 404);
    CHECK(result.reader.answer().fields.empty());
    CHECK(read("HTTP/1.1 101 Yes\r\n\r\n", 1).reader.answer().status == 101);
    CHECK(read("HTTP/1.1 101 Yes\r\n\r\n", 1).reader.is_whole());
}

TEST_CASE("http answer: cut at any byte it is neither whole nor wrong", "[mqtt][http]") {
    const std::string head = "HTTP/1.1 200 OK\r\nName: value\r\n\r\n";
    for (std::size_t size = 0; size < head.size(); ++size) {
        const auto result = read(head.substr(0, size), 1000);
        CHECK_FALSE(result.reader.is_whole());
        CHECK(result.reader.error() == "");
        CHECK(result.taken == size);
    }
}

TEST_CASE("http answer: what is none is refused as soon as it shows", "[mqtt][http]") {
    CHECK(error_of("X") == "the answer is not HTTP");
    CHECK(error_of("HTTP/2") == "the answer is not HTTP");
    CHECK(error_of("\x20\x02") == "the answer is not HTTP");
    CHECK(error_of("\n") == "the answer is not HTTP");
    CHECK(error_of("HTTP\n") == "the answer is not HTTP");
    CHECK(error_of("\x15\x03\x03") == "the answer is not HTTP but TLS");
    for (const auto* line :
         {"HTTP/1.1", "HTTP/1.", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 2x0 OK", "HTTP/1.1 099 OK",
          "HTTP/1.1  200 OK", "HTTP/1.11 200 OK", "HTTP/1.1 200 O\x01K", "HTTP/1.1 200 O\rK"})
        CHECK(error_of(std::string(line) + "\r\n") == "the status line of the answer is malformed");
    for (const auto* line : {"name", "na me: x", "name : x", ": x", " folded: x", "name: a\rb", "name: a\x7f", "n\xc3\xb6: x"})
        CHECK(error_of("HTTP/1.1 200 OK\r\n" + std::string(line) + "\r\n") == "a header field of the answer is malformed");
    CHECK(error_of(std::string("HTTP/1.1 200 OK\r\nname: a\0b\r\n", 28)) == "a header field of the answer is malformed");
}

TEST_CASE("http answer: the head has a largest size, interim answers included", "[mqtt][http]") {
    const std::string begin = "HTTP/1.1 200 OK\r\nName: ";
    const std::string end = "\r\n\r\n";
    const auto sized = [&](std::size_t size) { return begin + std::string(size - begin.size() - end.size(), 'x') + end; };
    CHECK(read(sized(http_answer_reader::largest_head), 4096).reader.is_whole());
    CHECK(error_of(sized(http_answer_reader::largest_head + 1)) == "the head of the answer is too long");
    CHECK(error_of("HTTP/1.1 100 Continue\r\n\r\n" + sized(http_answer_reader::largest_head)) ==
          "the head of the answer is too long");
    std::string many = "HTTP/1.1 200 OK\r\n";
    while (many.size() <= http_answer_reader::largest_head) many += "a:b\r\n";
    CHECK(error_of(many) == "the head of the answer is too long");
}

TEST_CASE("http answer: a peer's words are made printable and short", "[mqtt][http]") {
    CHECK(printable("all ~ fine") == "all ~ fine");
    CHECK(printable("a\tb\x1b[31m\xc3\xa4\x7f") == "a?b?[31m???");
    CHECK(printable(std::string(120, 'x')) == std::string(120, 'x'));
    CHECK(printable(std::string(121, 'x')) == std::string(120, 'x') + "...");
}

TEST_CASE("http answer: tokens of a list are found in whatever case", "[mqtt][http]") {
    CHECK(has_token("Upgrade", "upgrade"));
    CHECK(has_token("keep-alive,\tUPGRADE ", "upgrade"));
    CHECK_FALSE(has_token("upgrades, up grade,", "upgrade"));
    CHECK_FALSE(has_token("", "upgrade"));
}

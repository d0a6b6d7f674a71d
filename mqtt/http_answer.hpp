// mqtt/http_answer.hpp: the head of an HTTP/1 answer (RFC 9112), read as it comes and bounded.
// Not here: bodies, and what a WebSocket server or a proxy has to answer (websocket_handshake.hpp, proxy.hpp).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt {

struct http_field {
    std::string name;
    std::string value;
    bool operator==(const http_field&) const = default;
};

struct http_answer {
    int status = 0;
    std::string phrase;
    std::vector<http_field> fields;  // names in lower case

    /// `name` in lower case. Several fields of a name are one list (RFC 9110, 5.2); none is nothing.
    std::optional<std::string> field(std::string_view name) const;
};

/// Reads one answer. Interim answers (1xx but 101) before it are passed over.
class http_answer_reader {
public:
    static constexpr std::size_t largest_head = 16 * 1024;  // interim answers included

    /// Takes bytes up to the end of the head, and tells how many. Requires: neither whole nor failed.
    std::size_t feed(std::string_view bytes);
    bool is_whole() const { return whole_; }
    const http_answer& answer() const { return answer_; }
    /// Why it is no HTTP answer; "": nothing is wrong so far.
    std::string_view error() const { return error_; }

private:
    void end_line();
    void read_status(std::string_view line);
    void read_field(std::string_view line);
    void end_head();

    http_answer answer_;
    std::string line_;
    std::size_t taken_ = 0;
    bool whole_ = false;
    const char* error_ = "";
};

/// "404 Not Found".
std::string status_words(const http_answer& answer);
/// What a peer wrote, fit for a log: of bounded length, other than printable ASCII replaced.
std::string printable(std::string_view text);
std::string lower_case(std::string_view text);
/// Whether a comma-separated list has this member, in whatever case.
bool has_token(std::string_view list, std::string_view token);
/// Whether it can be a field's name, and a field's value, in a request (RFC 9110, 5.1 and 5.5).
bool is_field_name(std::string_view name);
bool is_field_value(std::string_view value);

}  // namespace mqtt

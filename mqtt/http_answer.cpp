// mqtt/http_answer.cpp: reads the head of an HTTP answer line by line.
// Not here: what the answer means to who asked.
#include "mqtt/http_answer.hpp"

#include <algorithm>
#include <cassert>

namespace mqtt {
namespace {

constexpr std::string_view protocol = "HTTP/1.";
constexpr std::size_t longest_quote = 120;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::optional<std::string> http_answer::field(std::string_view name) const {
    std::optional<std::string> result;
    for (const auto& one : fields) {
        if (one.name != name) continue;
        result = result ? *result + ", " + one.value : one.value;
    }
    return result;
}

std::size_t http_answer_reader::feed(std::string_view bytes) {
    assert(!whole_ && error_[0] == '\0');
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        if (++taken_ > largest_head) error_ = "the head of the answer is too long";
        // A server of another protocol may never send an end of line.
        const bool is_status = answer_.status == 0;
        if (is_status && line_.size() < protocol.size() && bytes[at] != protocol[line_.size()])
            error_ = taken_ == 1 && bytes[at] == '\x15' ? "the answer is not HTTP but TLS" : "the answer is not HTTP";
        if (error_[0] != '\0') return at;
        if (bytes[at] != '\n') {
            line_ += bytes[at];
            continue;
        }
        end_line();
        if (whole_ || error_[0] != '\0') return at + 1;
    }
    return bytes.size();
}

/// A line feed alone ends a line, too (RFC 9112, 2.2).
void http_answer_reader::end_line() {
    std::string_view line = line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (answer_.status == 0) {
        read_status(line);
    } else if (line.empty()) {
        end_head();
    } else {
        read_field(line);
    }
    line_.clear();
}

/// "HTTP/1.1 404 Not Found"; the phrase may be missing, and the blank before it.
void http_answer_reader::read_status(std::string_view line) {
    const auto rest = line.substr(protocol.size());
    const bool is_well_formed = rest.size() >= 5 && is_digit(rest[0]) && rest[1] == ' ' && rest[2] >= '1' && rest[2] <= '9' &&
                                is_digit(rest[3]) && is_digit(rest[4]) && (rest.size() == 5 || rest[5] == ' ');
    if (!is_well_formed || !is_field_value(rest)) {
        error_ = "the status line of the answer is malformed";
        return;
    }
    answer_.status = (rest[2] - '0') * 100 + (rest[3] - '0') * 10 + (rest[4] - '0');
    answer_.phrase = trimmed(rest.substr(5));
}

/// A line that begins with a blank would go on with the one before it; that has long been forbidden (RFC 9112, 5.2).
void http_answer_reader::read_field(std::string_view line) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_field_name(name) || !is_field_value(line.substr(colon + 1))) {
        error_ = "a header field of the answer is malformed";
        return;
    }
    answer_.fields.push_back({lower_case(name), std::string(trimmed(line.substr(colon + 1)))});
}

void http_answer_reader::end_head() {
    const bool is_interim = answer_.status < 200 && answer_.status != 101;
    if (is_interim) {
        answer_ = {};
    } else {
        whole_ = true;
    }
}

std::string status_words(const http_answer& answer) {
    const auto phrase = printable(answer.phrase);
    return std::to_string(answer.status) + (phrase.empty() ? "" : " " + phrase);
}

std::string printable(std::string_view text) {
    std::string result(text.substr(0, longest_quote));
    for (char& c : result)
        if (c < ' ' || c > '~') c = '?';
    return text.size() > longest_quote ? result + "..." : result;
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

bool has_token(std::string_view list, std::string_view token) {
    for (std::size_t at = 0; at <= list.size();) {
        const auto end = std::min(list.find(',', at), list.size());
        if (lower_case(trimmed(list.substr(at, end - at))) == lower_case(token)) return true;
        at = end + 1;
    }
    return false;
}

bool is_field_name(std::string_view name) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    const auto is_allowed = [&](char c) { return is_letter(c) || is_digit(c) || others.find(c) != std::string_view::npos; };
    return !name.empty() && std::all_of(name.begin(), name.end(), is_allowed);
}

bool is_field_value(std::string_view value) {
    const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; };
    return std::none_of(value.begin(), value.end(), is_control);
}

}  // namespace mqtt
